"""twinohm doctor: what is between a user and a board, and what to do about what is wrong."""

import os
import shutil
import sys
import textwrap
from pathlib import Path

import click

from twinohm.cli.port_option import port_option, refuse_script
from twinohm.cli.run import boards_option, json_option
from twinohm.cli.show import print_json
from twinohm.cli.streams import say

NO_TERMINAL = 10_000  # columns: a finding is one line of a file or pipe


@click.command()
@port_option(default="auto")
@boards_option
@json_option
def doctor(port: str, boards: Path | None, as_json: bool) -> None:
    """Examine a board and its port, and say what to do.

    From the permission on the device to the calibration, in this order: each step is ok, wrong, with a remedy, or left
    out, with a reason. Nothing is driven and nothing is written; a program that runs on the board is stopped. Exit
    code 1 if something is wrong.
    """
    from twinohm.diagnostics.doctor import STEPS, WRONG, examine

    refuse_script(port, boards, "an examination makes no tick")
    findings = []
    in_pipe = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    columns = NO_TERMINAL if in_pipe else shutil.get_terminal_size().columns
    width = max(map(len, STEPS))
    for finding in examine(port, boards):
        findings.append(finding)
        if not as_json:
            say(_lines(f"{finding.step:{width}}  {finding.state:8}  ", finding.text, finding.remedy, columns))
    well = all(finding.state != WRONG for finding in findings)
    if as_json:
        print_json({"port": port, "well": well, "findings": [finding.record() for finding in findings]})
    if not well:
        sys.exit(1)


def _lines(head: str, text: str, remedy: str, columns: int) -> str:
    """Return a finding in lines of so many columns: a text, and its remedy in a line of its own."""
    space = " " * len(head)
    lines = textwrap.wrap(text, columns, initial_indent=head, subsequent_indent=space)
    lines += textwrap.wrap(remedy, columns, initial_indent=space + "-> ", subsequent_indent=space + "   ")
    return "\n".join(lines)
