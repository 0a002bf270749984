"""twinohm place: search nodes for a task's inputs and outputs."""

from pathlib import Path

import click

from twinohm import api_studies as api
from twinohm.cli.data_options import data_options
from twinohm.cli.number_types import Whole
from twinohm.cli.path_type import FilePath
from twinohm.cli.port_option import Changes, set_option
from twinohm.cli.run import anyway_option, boards_option, json_option, scheduler_option
from twinohm.cli.show import load_shown, print_rows, remark
from twinohm.data_frames import rows_of
from twinohm.tasks.data_options import DataOptions


@click.command()
@click.argument("task")
@click.option("--board", default="lab16", show_default=True, help="Board of boards.toml.")
@click.option("--profile", default="lab", show_default=True, help="Imperfections: ideal, lab or quiet.")
@click.option("--limit", type=Whole(min=1), help="Number of placements to try.  [default: all, or 2000]")
@click.option(
    "--diodes",
    type=Whole(min=1),
    help="Number of diodes to place as well, in each network.  [default: the task's, where they are]",
)
@click.option("--part", help="Part of those diodes: 1N4148, BAT42 or LED.  [default: 1N4148]")
@click.option("--first-seed", default=50_000, show_default=True, type=Whole(min=0), help="First hardware seed.")
@click.option("--out", type=FilePath(), help="Output file.  [default: place-TASK-BOARD.jsonl]")
@scheduler_option
@data_options
@anyway_option
@set_option
@boards_option
@json_option
def place(
    task: str,
    board: str,
    profile: str,
    limit: int | None,
    diodes: int | None,
    part: str | None,
    first_seed: int,
    out: Path | None,
    scheduler: str | None,
    data: DataOptions,
    anyway: bool,
    changes: Changes,
    boards: Path | None,
    as_json: bool,
) -> None:
    """Search placements for TASK, and diodes with --diodes.

    They are ranked by the lower quartile of plateau orders over hardware seeds. The command trains by the paper's
    plain rule, with the ensemble engine, and evaluates the best placements on fresh seeds. The same
    command continues a search that was stopped.
    """
    found = api.place(
        load_shown(task, data),
        board=board,
        profile=profile,
        limit=limit,
        diodes=diodes,
        part=part,
        first_seed=first_seed,
        out=out,
        scheduler=scheduler,
        anyway=anyway,
        set=changes,
        boards=boards,
        note=remark,
    )
    print_rows(rows_of(found), as_json)
