"""twinohm place: search nodes for a task's inputs and outputs."""

from pathlib import Path

import click

from twinohm.cli.number_types import Whole
from twinohm.cli.port_option import Changes, set_option
from twinohm.cli.run import anyway_option, boards_option, json_option
from twinohm.cli.show import bars, load_shown, print_rows
from twinohm.cli.streams import say
from twinohm.model.board_file import load_board


@click.command()
@click.argument("task")
@click.option("--board", "board_name", default="lab16", show_default=True, help="Board of boards.toml.")
@click.option("--profile", default="lab", show_default=True, help="Imperfections: ideal, lab or quiet.")
@click.option("--limit", type=Whole(min=1), help="Number of placements to try.  [default: all, or 2000 with classes]")
@click.option("--first-seed", default=50_000, show_default=True, type=Whole(min=0), help="First hardware seed.")
@click.option("--out", type=click.Path(path_type=Path), help="Output file.  [default: place-TASK-BOARD.jsonl]")
@anyway_option
@set_option
@boards_option
@json_option
def place(
    task: str,
    board_name: str,
    profile: str,
    limit: int | None,
    first_seed: int,
    out: Path | None,
    anyway: bool,
    changes: Changes,
    boards: Path | None,
    as_json: bool,
) -> None:
    """Search placements for TASK.

    They are ranked by the lower quartile of plateau orders over hardware seeds. The command trains by the paper's
    plain rule, with the ensemble engine on all cores, and evaluates the best placements on fresh seeds. The same
    command continues a search that was stopped.
    """
    from twinohm.model.profile import profile_from
    from twinohm.studies import placement_search as search
    from twinohm.tasks.forecast import forecast

    numbers = profile_from(profile, dict(changes))
    numbers.refuse_drift()
    found = load_shown(task)
    board = load_board(board_name, boards)
    board.require_ready()
    search.check_searchable(found, board, limit)
    for remark in forecast(found, board).require_possible(anyway):
        say(f"twinohm: {remark}", err=True)
    if limit is None:
        limit = 100_000 if not found.asks_the_board else 2000
    placements = search.candidates(found, board, limit)
    path = out or Path(f"place-{found.name}-{board.name}.jsonl")
    wanted = search.Search(found, board, numbers)
    notebook = search.Notebook(path, wanted.key)
    if notebook.others:
        say(
            f"{path}: {notebook.others} of its results are not used: "
            "they are of another task, board, profile or version",
            err=True,
        )
    with bars() as progress:
        ranked = search.place(wanted, placements, notebook, progress, first_seed)
    print_rows(search.rows(ranked), as_json)
