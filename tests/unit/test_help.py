"""Help texts: whole sentences that a terminal of 80 columns shows whole."""

import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from twinohm.cli.commands import ENTRIES, twinohm_command


def all_commands(
    command: click.Command = twinohm_command, path: str = "twinohm"
) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, one in command.commands.items() if isinstance(command, click.Group) else ():
        yield from all_commands(one, f"{path} {name}")


COMMANDS = dict(all_commands())
GROUPS = {path: command for path, command in COMMANDS.items() if isinstance(command, click.Group)}


@pytest.mark.parametrize("path", GROUPS)
def test_a_list_of_commands_has_whole_sentences(path: str) -> None:
    group = GROUPS[path]
    text = group.get_help(click.Context(group, info_name=path, terminal_width=80))
    _, _, listed = text.partition("Commands:\n")
    lines = [line.split(maxsplit=1) for line in listed.splitlines()]
    assert {name for name, *_ in lines} == set(group.commands)
    for name, *summary in lines:
        assert re.fullmatch(r"[A-Z].*[^.]\.", *summary), f"{name}: {summary}"


@pytest.mark.parametrize("name", ENTRIES)
def test_a_command_is_where_the_list_says_and_begins_with_its_summary(name: str) -> None:
    command = twinohm_command.commands[name]
    assert command.name == name and (command.help or "").startswith(ENTRIES[name].summary)


def test_the_list_of_commands_imports_no_command() -> None:
    code = (
        "import sys\nfrom twinohm.cli.commands import twinohm_command\n"
        "twinohm_command(['--help'], standalone_mode=False)\n"
        "sys.exit(', '.join({'twinohm.cli.run', 'numpy', 'pydantic', 'rich'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and "allostery" in done.stdout


@pytest.mark.parametrize("path", COMMANDS)
def test_help_begins_with_a_sentence_and_fits_80_columns(path: str) -> None:
    command = COMMANDS[path]
    first = (command.help or "").strip().partition("\n\n")[0]
    assert re.fullmatch(r"[A-Z][^\n]*[^.]\.", first)
    text = command.get_help(click.Context(command, info_name=path, terminal_width=80))
    assert [line for line in text.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_says_what_it_does_in_a_sentence(path: str) -> None:
    for option in COMMANDS[path].params:
        if isinstance(option, click.Option) and not option.hidden:
            sentence, _, _ = (option.help or "").partition("  [default:")
            assert re.fullmatch(r"[A-Z].*[^.]\.", sentence), f"{option.opts[0]}: {option.help}"
