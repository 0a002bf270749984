"""Tables of the command line: whole in a terminal of 80 columns, and of any width in a pipe."""

import fcntl
import json
import os
import re
import shutil
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from tests.command_line import COMMAND, run_process
from twinohm.cli.show import _column_widths

pytestmark = pytest.mark.slow

RUNS = Path(__file__).parents[1] / "data" / "runs"


def in_terminal(*arguments: str, cwd: Path, columns: int = 80) -> str:
    """Return what `twinohm ARGUMENTS` prints on stdout if that is a terminal, without colours."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=cwd, stdin=its, stdout=its, stderr=subprocess.DEVNULL, env=variables
    ) as command:
        os.close(its)
        shown = b""
        while part := _read(ours):
            shown += part
    os.close(ours)
    assert command.returncode == 0
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode()).replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the command has closed it
        return b""


def words(text: str) -> list[str]:
    return sorted(re.sub(r"[─,]", " ", text).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    for name, task in (("format2-iris", "iris"), ("format3-allostery", "regression"), ("format1-torn", "allostery")):
        shutil.copytree(RUNS / name, folder / "runs" / f"20261127-113259-{task}-lab16")
    (folder / "mine.csv").write_text("speed,load,power\n" + "".join(f"{k},{k % 5},{k + k % 5}\n" for k in range(30)))
    return folder


TABLES = {
    "runs": ["runs"],
    "compare": ["compare", *(f"runs/20261127-113259-{name}-lab16" for name in ("iris", "regression"))],
    "boards": ["boards"],
    "tasks": ["tasks"],
    "ports": ["ports"],
    "data": ["data", "mine.csv"],
}


@pytest.mark.parametrize("command", TABLES)
def test_a_table_fits_80_columns_and_has_every_word_that_it_has_in_a_pipe(command: str, folder: Path) -> None:
    shown = in_terminal(*TABLES[command], cwd=folder)
    table = [line for line in shown.splitlines() if not re.match(r"\w+: ", line)]  # those lines are prose
    assert [line for line in table if len(line) > 80] == []
    assert "…" not in shown
    assert words(shown) == words(run_process(*TABLES[command], cwd=folder).stdout)


def test_the_table_of_runs_is_a_table_in_80_columns(folder: Path) -> None:
    head, _, rows = in_terminal("runs", cwd=folder).partition("─")
    assert words(head) == words("run profile seed eta ticks mV rms orders right")
    assert [row.split()[0] for row in rows.splitlines()[1:] if row[:1] != " "] == [
        f"20261127-113259-{task}-lab16" for task in ("allostery", "iris", "regression")
    ]


def test_a_table_too_wide_for_its_terminal_is_a_list_of_paragraphs(folder: Path) -> None:
    lines = in_terminal("runs", cwd=folder, columns=40).splitlines()
    assert "20261127-113259-iris-lab16" in lines
    assert max(map(len, lines)) <= 40
    text = " ".join(line.strip() for line in lines)
    assert "profile lab, seed 0, eta" in text and "right" in text


def test_a_table_in_a_pipe_has_one_line_a_row(folder: Path) -> None:
    _, _, *rows = run_process("tasks", cwd=folder).stdout.splitlines()
    names = [json.loads(line)["task"] for line in run_process("tasks", "--json", cwd=folder).stdout.splitlines()]
    assert [row.split()[0] for row in rows] == names


@pytest.mark.parametrize(("room", "widths"), [(None, [3, 11]), (16, [3, 11]), (10, [3, 5]), (9, None)])
def test_columns_are_narrowed_to_their_longest_word(room: int | None, widths: list[int] | None) -> None:
    assert _column_widths(["a", "b"], [["one", "three words"], ["two", "x"]], room) == widths
