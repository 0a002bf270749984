"""The run folder: what was appended is what is read, whatever happened to the disk in between."""

import errno
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.run_records import description, tick
from twinohm.cli.run import report
from twinohm.errors import RunError, TwinOhmError, UsageError
from twinohm.model.board_file import load_board
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_lines import Checksum, parse_line
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.summary import Summary
from twinohm.runlog.tick_record import TickRecord

NOON = datetime(2026, 3, 1, 12, 0, 0)


TICKS = [tick(i, bits=False) for i in range(4)]
SUMMARY = Summary(
    task="allostery",
    board="lab16",
    port="sim://lab16",
    profile="lab",
    seed=0,
    ticks=1,
    mse_first=1.0,
    mse_best=0.5,
    mse_plateau=0.5,
    orders_best=0.3,
    orders_plateau=0.3,
    rms_plateau_V=0.7,
    accuracy=None,
    taps=(64, 64, 64, 64),
    placement=Placement(("A",), ("B",)),
    run_dir="runs/x",
    seconds=0.5,
    violations=0,
)


def new(root: Path) -> RunFolder:
    return RunFolder.create(root, description(board="lab16"), NOON)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RunFolder]:
    with new(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a log of TICKS."""
    with new(tmp_path_factory.mktemp("log")) as folder:
        folder.append(TICKS)
        return (folder.path / "ticks.jsonl").read_bytes()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], list[TickRecord]]:
    """Reads bytes as if they were a log."""
    folder = new(tmp_path_factory.mktemp("log"))

    def read(log: bytes) -> list[TickRecord]:
        (folder.path / "ticks.jsonl").write_bytes(log)
        return list(folder.ticks())

    return read


def test_folder_is_named_by_time_task_and_board(tmp_path: Path) -> None:
    names = [new(tmp_path / "runs").path.name for _ in range(3)]
    assert names == ["20260301-120000-allostery-lab16" + end for end in ("", "-2", "-3")]


def test_name_of_a_task_cannot_leave_the_root(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, description(task="../my task", board="lab16"), NOON)
    assert folder.path == tmp_path / "20260301-120000-.._my_task-lab16"


def test_new_folder_can_be_opened_at_once(folder: RunFolder) -> None:
    again = RunFolder(folder.path)
    assert again.description().task == "allostery"
    assert again.summary() is None
    assert list(again.ticks()) == []


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    root.touch()
    with pytest.raises(UsageError, match=r"runs: is no folder"):
        new(root)


def test_a_folder_without_run_json_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(RunError, match=r"run\.json is missing"):
            RunFolder(path)


def test_run_and_summary_come_back(tmp_path: Path) -> None:
    run = description(profile=None, command=("twinohm", "run", "allostery", "--place", "Ä"), levers=Levers(p=0.5))
    with RunFolder.create(tmp_path, run) as folder:
        folder.write_summary(SUMMARY)
    assert folder.description() == run
    assert folder.summary() == SUMMARY
    assert sorted(path.name for path in folder.path.iterdir()) == ["run.json", "summary.json"]


def test_failed_write_leaves_the_old_file(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_summary(SUMMARY)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"summary\.json.*No space left"):
        folder.write_summary(replace(SUMMARY, ticks=2))
    assert folder.summary() == SUMMARY
    assert not list(folder.path.glob("*.part"))


def test_numbers_that_json_cannot_hold_are_refused(folder: RunFolder) -> None:
    folder.append(TICKS[:1])
    with pytest.raises(RunError, match="tick cannot be logged"):
        folder.append([TICKS[1], replace(TICKS[2], error_V2=float("nan"))])
    with pytest.raises(RunError, match=r"summary\.json"):
        folder.write_summary(replace(SUMMARY, orders_best=float("inf")))
    assert list(folder.ticks()) == TICKS[:1]


@pytest.mark.parametrize("text", ["", "{", "[]", "\0\0", '{"a": NaN}', "[" * 100_000])
def test_damaged_json_is_named(folder: RunFolder, text: str) -> None:
    for name, read in (("summary.json", folder.summary), ("run.json", folder.description)):
        (folder.path / name).write_text(text)
        with pytest.raises(RunError, match=name):
            read()


def test_ticks_come_back_in_order_and_are_on_the_disk_at_once(folder: RunFolder) -> None:
    folder.append(TICKS[:3])
    folder.append([])
    folder.append(iter(TICKS[3:]))
    assert list(RunFolder(folder.path).ticks()) == TICKS
    lines = (folder.path / "ticks.jsonl").read_text().splitlines()
    found = [parse_line(line.encode()) for line in lines]
    assert [record for record in found if isinstance(record, TickRecord)] == TICKS
    assert [(record.tick, record.lines) for record in found if isinstance(record, Checksum)] == [(3, 4), (4, 1)]
    assert json.loads(lines[1])["taps"] == list(TICKS[0].taps) and json.loads(lines[1])["cmp"] is None
    assert " " not in lines[1]


def test_the_first_line_has_the_digest_of_run_json(folder: RunFolder) -> None:
    folder.append(TICKS[:1])
    folder.append(TICKS[1:2])
    described = json.loads((folder.path / "run.json").read_bytes())
    canonical = {key: value for key, value in described.items() if key not in ("hmac", "hmac_key")}
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    first, *others = [json.loads(line) for line in folder.log.read_bytes().splitlines()]
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert first == {"event": "begin", "tick": 0, "format": 3, "run_sha256": digest}
    assert not any(line.get("event") == "begin" for line in others)


def test_log_cut_at_any_byte_reads_to_its_last_whole_record(log: bytes, reader: Callable[[bytes], Any]) -> None:
    for size in range(len(log) + 1):
        assert reader(log[:size]) == TICKS[: max(0, log[:size].count(b"\n") - 1)]


@given(cut=st.integers(0, 10_000), tail=st.binary(max_size=30).map(lambda tail: tail.replace(b"\n", b"?")))
def test_one_torn_last_line_of_any_content_is_ignored(
    log: bytes, reader: Callable[[bytes], Any], cut: int, tail: bytes
) -> None:
    whole = log[: cut % (len(log) + 1)]
    whole = whole[: whole.rfind(b"\n") + 1]
    assert reader(whole + tail) == TICKS[: max(0, whole.count(b"\n") - 1)]


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\0" * 10 + b"\n", b'{"tick":4,"up\0\0\0\0', b"{}\n", b"\n", b"7\n"])
def test_a_tail_that_a_file_system_leaves_is_ignored(log: bytes, reader: Callable[[bytes], Any], tail: bytes) -> None:
    assert reader(log + tail) == TICKS


@pytest.mark.parametrize("tail", [b"\0" * 100, b'{"tick":4,"desir', b"{}\n"])
def test_next_writer_cuts_the_torn_line_off(tmp_path: Path, tail: bytes) -> None:
    with new(tmp_path) as first:
        first.append(TICKS[:2])
    with open(first.path / "ticks.jsonl", "ab") as file:
        file.write(tail)
    with RunFolder(first.path) as second:
        second.append(TICKS[2:3])
        second.append(TICKS[3:])
        assert list(second.ticks()) == TICKS


def test_a_log_whose_first_line_is_torn_is_begun_again(tmp_path: Path, log: bytes) -> None:
    first, second = log.splitlines(keepends=True)[:2]
    for size in (0, 1, len(first) - 1, len(first), len(first) + 9, len(first + second)):
        folder = new(tmp_path)
        folder.log.write_bytes(log[:size])
        with folder:
            folder.append(TICKS[len(list(folder.ticks())) :])
        assert list(folder.ticks()) == TICKS
        assert folder.log.read_bytes().startswith(first) and folder.log.read_bytes().count(b'"begin"') == 1


@pytest.mark.parametrize("line", [b"", b"\0", b"{", b"7", b"{}", b'{"tick":NaN}', b"\xff\xfe", b"[" * 100_000])
def test_bad_line_in_the_middle_is_named(folder: RunFolder, log: bytes, line: bytes) -> None:
    lines = log.splitlines()
    (folder.path / "ticks.jsonl").write_bytes(b"\n".join([*lines[:3], line, *lines[3:]]) + b"\n")
    ticks = folder.ticks()
    assert [next(ticks), next(ticks)] == TICKS[:2]
    with pytest.raises(RunError, match=r"ticks\.jsonl, line 4: "):
        next(ticks)
    with pytest.raises(RunError, match=r"ticks\.jsonl, line 4: "):
        folder.append(TICKS)


@given(place=st.integers(0, 10_000), junk=st.binary(min_size=1, max_size=8))
def test_bytes_corrupted_anywhere_give_records_or_a_run_error(
    log: bytes, reader: Callable[[bytes], Any], place: int, junk: bytes
) -> None:
    place %= len(log)
    damaged = log[:place] + junk + log[place + len(junk) :]
    try:
        records = reader(damaged)
    except RunError as error:
        assert "ticks.jsonl, line " in str(error)
    else:
        assert all(isinstance(record.tick, int) for record in records)


class FullDisk:
    """A log file on a disk that takes `room` more bytes."""

    def __init__(self, path: Path, room: int) -> None:
        self.file = open(path, "r+b", buffering=0)
        self.room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, data: bytes) -> int:
        return self.file.write(data[: self.room])


def test_full_disk_takes_all_of_a_batch_or_nothing(folder: RunFolder) -> None:
    folder.append(TICKS[:2])
    folder.close()
    folder._log = FullDisk(folder.path / "ticks.jsonl", room=500)  # type: ignore[assignment]
    with pytest.raises(RunError, match="free the disk"):
        folder.append(TICKS[2:])
    assert list(folder.ticks()) == TICKS[:2]
    folder.append(TICKS[2:])  # there is room again
    assert list(folder.ticks()) == TICKS


def test_text_of_a_run_is_not_evaluated(folder: RunFolder) -> None:
    folder.append(TICKS[:1])
    with open(folder.path / "ticks.jsonl", "ab") as file:
        file.write(b"__import__('os').abort()\n" + b'{"tick":1}\n')
    with pytest.raises(RunError, match="line 4"):
        list(folder.ticks())


def test_errors_are_the_projects_own() -> None:
    assert issubclass(RunError, TwinOhmError)


def test_a_phase_that_starts_good_is_in_mV_and_one_that_learns_in_orders(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.append([tick(number, phase="whole") for number in range(72)])
    folder.append([tick(number, phase="without E-H") for number in range(72, 76)])
    report(log_summary(folder))
    shown = capsys.readouterr().out
    assert "  whole: plateau 1.32 orders (218.8 mV rms), held 1.53 (172.5 mV), best 1.90 (112.5 mV; by chance " in shown
    assert "without E-H: plateau 62.5 mV rms, from 100.0 mV rms; 50 % of edges at an end\n" in shown


def test_an_error_below_a_step_of_the_converters_is_no_number(
    folder: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.append([tick(number) for number in range(82)])
    summary = log_summary(folder)
    assert summary.true_mse_best == 0 and summary.step_V == load_board("divider").count_V
    assert summary.true_orders_best == pytest.approx(math.log10(1 / summary.step_V**2))
    report(replace(summary, restored_error_V2=1e-9))
    (true, measured, restored, edges, _) = capsys.readouterr().out.splitlines()
    step, limit = f"< {1000 * summary.step_V:.2f} mV", f"> {summary.true_orders_best:.2f}"
    scores = f"plateau 1.90 orders (112.5 mV rms), held 2.50 (56.5 mV), best {limit} ({step}; by chance 3.81)"
    assert true == f"true:      {scores}"
    assert measured.endswith(f"best {limit} ({step}; by chance 3.81)")
    assert edges == "edges:     50 % ended within one tap of an end of their range"
    assert restored == f"restored:  {step} rms at the best taps, set again by the supervisor"
