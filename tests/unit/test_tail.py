"""A program that follows a run sees each record once, as soon as its line is whole."""

from pathlib import Path

import pytest

from tests.run_records import tick
from twinohm.runlog.log_lines import to_line
from twinohm.runlog.tail import Tail

TICKS = [tick(i) for i in range(6)]
LINES = [to_line(one) for one in TICKS]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "ticks.jsonl"


def test_a_log_that_is_not_there_yet_has_no_records(log: Path) -> None:
    tail = Tail(log)
    assert tail.read() == []
    log.write_bytes(LINES[0])
    assert tail.read() == TICKS[:1]


def test_records_are_read_once(log: Path) -> None:
    log.write_bytes(LINES[0] + LINES[1])
    tail = Tail(log)
    assert tail.read() == TICKS[:2]
    assert tail.read() == []
    with open(log, "ab") as file:
        file.write(LINES[2])
    assert tail.read() == TICKS[2:3]


def test_a_line_is_read_once_it_is_whole(log: Path) -> None:
    log.write_bytes(LINES[0] + LINES[1][:9])
    tail = Tail(log)
    assert tail.read() == TICKS[:1]
    with open(log, "ab") as file:
        file.write(LINES[1][9:])
    assert tail.read() == TICKS[1:2]


def test_a_line_that_is_no_record_is_ignored(log: Path) -> None:
    log.write_bytes(LINES[0] + b"{\n" + b'{"tick":"x"}\n' + LINES[1])
    assert Tail(log).read() == TICKS[:2]


@pytest.mark.parametrize("cut", [1, 9])
def test_a_long_log_is_read_from_the_first_whole_line_of_its_end(cut: int, log: Path) -> None:
    log.write_bytes(b"".join(LINES))
    size = len(LINES[4]) + len(LINES[5])
    assert Tail(log, most=size + cut).read() == TICKS[4:]
    assert Tail(log, most=sum(map(len, LINES))).read() == TICKS
