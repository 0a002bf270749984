"""A program that follows a run sees each record once, as soon as its line is whole."""

from pathlib import Path

import pytest

from tests.run_records import description, tick
from twinohm.errors import RunFileError
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_lines import to_line
from twinohm.runlog.tail import Tail

TICKS = [tick(i) for i in range(6)]
LINES = [to_line(one) for one in TICKS]  # of a log of format 2


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, description(log_format=2))


@pytest.fixture
def log(folder: RunFolder) -> Path:
    return folder.log


def test_a_log_that_is_not_there_yet_has_no_records(folder: RunFolder, log: Path) -> None:
    tail = Tail(folder)
    assert tail.read() == []
    log.write_bytes(LINES[0])
    assert tail.read() == TICKS[:1]


def test_records_are_read_once(folder: RunFolder, log: Path) -> None:
    log.write_bytes(LINES[0] + LINES[1])
    tail = Tail(folder)
    assert tail.read() == TICKS[:2]
    assert tail.read() == []
    with open(log, "ab") as file:
        file.write(LINES[2])
    assert tail.read() == TICKS[2:3]


def test_a_line_is_read_once_it_is_whole(folder: RunFolder, log: Path) -> None:
    log.write_bytes(LINES[0] + LINES[1][:9])
    tail = Tail(folder)
    assert tail.read() == TICKS[:1]
    with open(log, "ab") as file:
        file.write(LINES[1][9:])
    assert tail.read() == TICKS[1:2]


@pytest.mark.parametrize(
    ("line", "words"),
    [(b"{\n", "line 2: not JSON"), (b'{"tick":"x"}\n', "line 2: tick = "), (LINES[2], "tick 1 is missing")],
)
def test_a_line_that_does_not_fit_is_an_error(line: bytes, words: str, folder: RunFolder, log: Path) -> None:
    log.write_bytes(LINES[0])
    tail = Tail(folder)
    assert tail.read() == TICKS[:1]
    with open(log, "ab") as file:
        file.write(line + LINES[3])
    with pytest.raises(RunFileError, match=words):
        tail.read()


@pytest.mark.parametrize("cut", [1, 9])
def test_a_long_log_is_read_from_the_first_whole_line_of_its_end(cut: int, folder: RunFolder, log: Path) -> None:
    log.write_bytes(b"".join(LINES))
    size = len(LINES[4]) + len(LINES[5])
    assert Tail(folder, most=size + cut).read() == TICKS[4:]
    assert Tail(folder, most=sum(map(len, LINES))).read() == TICKS


def test_the_first_line_of_a_long_log_says_of_which_run_it_is(tmp_path: Path) -> None:
    folder, other = (RunFolder.create(tmp_path, description(seed=seed)) for seed in (1, 2))
    with folder:
        folder.append(TICKS[:3])
        folder.append(TICKS[3:])
    assert Tail(folder, most=len(LINES[5])).read() == []
    assert Tail(folder, most=sum(map(len, LINES[3:]))).read() == TICKS[4:]
    other.log.write_bytes(folder.log.read_bytes())
    with pytest.raises(
        RunFileError, match=r"ticks\.jsonl, line 1: run\.json is not the one that this log was written "
    ):
        Tail(other, most=sum(map(len, LINES[3:]))).read()
