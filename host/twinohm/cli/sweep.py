"""twinohm sweep: any grid of parameters on many virtual boards."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from twinohm.cli.number_types import Whole
from twinohm.cli.port_option import Changes, set_option
from twinohm.cli.run import anyway_option, boards_option, json_option
from twinohm.cli.show import bars, load_shown, print_rows
from twinohm.cli.streams import say
from twinohm.model.board_file import load_board
from twinohm.model.profile import profile_from
from twinohm.studies.intervals import interval_text
from twinohm.studies.sweep_grid import grid, grid_remarks, known_parameters, parse_axes

if TYPE_CHECKING:
    from twinohm.studies.sweep import SummaryRow

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
@click.option("--board", "board_name", default="lab16", show_default=True, help="Board of boards.toml.")
@click.option("--profile", help="Imperfections: ideal, lab or quiet, unless varied.  [default: lab]")
@click.option("--preset", help="Levers and eta, unless varied.  [default: paper]")
@click.option("--out", type=click.Path(path_type=Path), help="Output file.  [default: sweep-TASK-BOARD.parquet]")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Address of a Dask scheduler; waits for its workers.  [default: all cores here]",
)
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
    board_name: str,
    profile: str | None,
    preset: str | None,
    out: Path | None,
    scheduler: str | None,
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
    found = load_shown(task)
    board = load_board(board_name, boards)
    profile_from(profile or "lab", dict(changes))
    fixed = [f"{name}={value}" for name, value in (("preset", preset), ("profile", profile), *changes) if value]
    points = grid(found, board, parse_axes((*fixed, *vary)))
    for remark in grid_remarks(points, anyway):
        say(f"twinohm: {remark}", err=True)
    numbers = range(first_seed, first_seed + seeds)
    path = out or Path(f"sweep-{found.name}-{board.name}.parquet")

    from twinohm.studies import sweep as engine

    finished = engine.Finished(path)
    finished.only(points, numbers, discard)
    with bars("rows") as progress:
        try:
            engine.sweep(points, numbers, finished, scheduler, partial(progress, "sweep"))
        except KeyboardInterrupt as stopped:
            kept = f"finished rows are in {finished.lines}" if finished.lines.exists() else "no row was finished"
            stopped.add_note(f"{kept}; the same command goes on")
            raise
    say(
        f"{path}: {len(points)} points on {seeds} hardware seeds from {first_seed} on; true scores; "
        f"ours, not the paper's: {found.ours}",
        err=True,
    )
    rows = engine.summary(points, numbers, finished)
    print_rows(rows if as_json else [_cells(row) for row in rows], as_json)


def _cells(row: "SummaryRow") -> dict[str, object]:
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
