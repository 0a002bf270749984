"""twinohm pulls: whether susceptibility says which edges hurt when they are pulled."""

from pathlib import Path
from typing import Any

import click

from twinohm import api_studies as api
from twinohm.cli.number_types import Whole
from twinohm.cli.port_option import Changes, set_option
from twinohm.cli.run import boards_option, json_option
from twinohm.cli.show import load_shown, print_rows
from twinohm.data_frames import rows_of
from twinohm.runlog.intervals import interval_text
from twinohm.tasks.data_options import DataOptions


@click.command()
@click.argument("task", default="damage")
@click.option("--seeds", default=64, show_default=True, type=Whole(min=1), help="Number of hardware seeds.")
@click.option("--first-seed", default=0, show_default=True, type=Whole(min=0), help="First hardware seed.")
@click.option("--board", default="lab16", show_default=True, help="Board of boards.toml.")
@click.option("--profile", default="lab", show_default=True, help="Imperfections: ideal, lab or quiet.")
@click.option("--placement", help="Nodes, inputs first: B,D,I,F,G,H.  [default: the task's]")
@set_option
@boards_option
@json_option
def pulls(
    task: str,
    seeds: int,
    first_seed: int,
    board: str,
    profile: str,
    placement: str | None,
    changes: Changes,
    boards: Path | None,
    as_json: bool,
) -> None:
    """Measure whether susceptibility says which edges hurt.

    Many virtual boards learn TASK by the paper's plain rule, with the ensemble engine. On each, every edge is pulled
    alone. Prints how well susceptibility, power and conductance rank the edges by the rise of the error: Spearman's
    rank correlation, and the share of boards whose worst edge is among the first three, with 95 % intervals.
    """
    found = api.pulls(
        load_shown(task, DataOptions()),
        seeds=seeds,
        first_seed=first_seed,
        board=board,
        profile=profile,
        placement=placement,
        set=changes,
        boards=boards,
    )
    rows = rows_of(found)
    print_rows(rows if as_json else [_cells(row) for row in rows], as_json)


def _cells(row: dict[str, Any]) -> dict[str, object]:
    """Return a row of the printed table, "value [95 % interval]"."""
    cells: dict[str, object] = {name: row[name] for name in ("predictor", "boards", "edges")}
    for name, head in (("correlation", "rank correlation"), ("first", "worst among first 3")):
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        cells[head] = f"{row[name]:.3g}{interval_text(None if low is None else (low, high))}"
    return cells
