"""twinohm sweep: any grid of parameters on many virtual boards."""

from pathlib import Path
from typing import Any

import click

from twinohm import api_studies as api
from twinohm.cli.data_options import data_options
from twinohm.cli.number_types import Whole
from twinohm.cli.path_type import FilePath
from twinohm.cli.port_option import Changes, set_option
from twinohm.cli.run import anyway_option, boards_option, json_option, scheduler_option
from twinohm.cli.show import load_shown, print_rows, remark
from twinohm.data_frames import rows_of
from twinohm.runlog.intervals import interval_text
from twinohm.studies.sweep_grid import known_parameters
from twinohm.tasks.data_options import DataOptions

COLUMNS = (
    "true_orders_plateau",
    "true_rms_plateau_V",
    "true_orders_held",
    "true_orders_best",
    "true_orders_chance",
    "true_accuracy",
)


@click.command(epilog=f"Parameters: {known_parameters()}.")
@click.argument("task")
@click.option("--vary", multiple=True, help="Values of a parameter: NAME=V,V,.. or NAME=FROM:TO:NUMBER[:log].")
@click.option("--seeds", default=64, show_default=True, type=Whole(min=1), help="Hardware seeds per point.")
@click.option("--first-seed", default=0, show_default=True, type=Whole(min=0), help="First hardware seed.")
@click.option("--board", default="lab16", show_default=True, help="Board of boards.toml.")
@click.option("--profile", help="Imperfections: ideal, lab or quiet, unless varied.  [default: lab]")
@click.option("--preset", help="Levers and eta, unless varied.  [default: paper]")
@click.option("--out", type=FilePath(), help="Output file.  [default: sweep-TASK-BOARD.parquet]")
@scheduler_option
@data_options
@anyway_option
@set_option
@click.option("--discard", is_flag=True, help="Remove rows of the file that are not in this sweep.")
@boards_option
@json_option
def sweep(
    task: str,
    vary: tuple[str, ...],
    seeds: int,
    first_seed: int,
    board: str,
    profile: str | None,
    preset: str | None,
    out: Path | None,
    scheduler: str | None,
    data: DataOptions,
    anyway: bool,
    changes: Changes,
    discard: bool,
    boards: Path | None,
    as_json: bool,
) -> None:
    """Run TASK at every point of a grid of parameters.

    Every point runs on many hardware seeds, by the ensemble engine on all cores or on a Dask cluster. True scores go
    into one Parquet file. The last --vary changes fastest. The same command continues a sweep that was stopped; more
    values or seeds add rows to the file.

    \b
    twinohm sweep allostery --vary eta=0.1,0.5,1 --vary noise_V=0.0005:0.01:5:log
    """
    rows = api.sweep(
        load_shown(task, data),
        vary,
        seeds=seeds,
        first_seed=first_seed,
        board=board,
        profile=profile,
        preset=preset,
        out=out,
        scheduler=scheduler,
        anyway=anyway,
        set=changes,
        discard=discard,
        boards=boards,
        note=remark,
    )
    nested = [_nested(row) for row in rows_of(rows)]
    print_rows(nested if as_json else [_cells(row) for row in nested], as_json)


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with quartiles and interval of each score in one value, None for a score that a point lacks."""
    scores = {name.removesuffix("_q25") for name in row if name.endswith("_q25")}
    nested: dict[str, Any] = {}
    for name, value in row.items():
        if name in scores:
            interval = None if row[f"{name}_low"] is None else [row[f"{name}_low"], row[f"{name}_high"]]
            quartiles = {"q25": row[f"{name}_q25"], "median": value, "q75": row[f"{name}_q75"], "interval": interval}
            nested[name] = None if value is None else quartiles
        elif not any(name == f"{score}_{end}" for score in scores for end in ("q25", "q75", "low", "high")):
            nested[name] = value
    return nested


def _cells(row: dict[str, Any]) -> dict[str, object]:
    """Return a row of the printed table: "median [95 % interval]" of the most important scores."""
    cells: dict[str, object] = {}
    for name, value in row.items():
        if not name.startswith("true_"):
            cells[name] = value
        elif name in COLUMNS:
            if isinstance(value, dict):
                cells[name] = f"{value['median']:.3g}{interval_text(value['interval'])}"
            else:
                cells[name] = ""
    return cells
