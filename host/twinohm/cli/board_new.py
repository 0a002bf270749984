"""twinohm board new: a table of boards.toml for a graph."""

import shlex
from pathlib import Path

import click

from twinohm import api_boards
from twinohm.cli.path_type import FilePath
from twinohm.cli.run import json_option
from twinohm.cli.show import print_json
from twinohm.cli.streams import say


@click.group()
def board() -> None:
    """Make boards of your own."""


@board.command()
@click.option(
    "--graph",
    required=True,
    metavar="GRAPH",
    help="Graph: paper, lattice:5x5, ring:12, random:16,40,seed=1, or a FILE .graphml, .gml or .csv (lines A,B).",
)
@click.option("--name", default="own", show_default=True, help="Name of the board.")
@click.option("--out", type=FilePath(), help="Boards file to write it to, or to add it to.")
@json_option
def new(graph: str, name: str, out: Path | None, as_json: bool) -> None:
    """Print the table of a board for a graph, with pins, addresses and chips.

    Any node can have any role. `twinohm run TASK --boards FILE --board NAME` runs it.
    """
    made = api_boards.new_board(graph, name, out)
    if made.renamed:
        say(f"nodes have other names on the board: {made.renaming}", err=True)
    say(f"{name}: {made.summary}", err=True)
    if out is not None:
        task = api_boards.first_task(made.board)
        runs = f"; `twinohm run {task} --boards {shlex.quote(str(out))} --board {name}` runs it" if task else ""
        say(f"added to {out}{runs}", err=True)
    if as_json:
        print_json(made.record())
    elif out is None:
        for line in made.text.splitlines():
            say(line)
