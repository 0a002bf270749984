"""Check a run folder: every line of its log, its checksums, and whether summary.json is what the log gives."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from twinohm.errors import RunError, RunFileError
from twinohm.inputs import RECORD_BYTES, read_input
from twinohm.json_records import shorten
from twinohm.runlog.events import Ended
from twinohm.runlog.examples_file import NAME
from twinohm.runlog.folder import SUMMARY, RunFolder
from twinohm.runlog.log_reader import LOG, Problem
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.run_hmac import CHANGED, OF_ANOTHER
from twinohm.runlog.scores import orders
from twinohm.runlog.summary import Summary
from twinohm.runlog.tick_record import TickRecord

IGNORED = ("format", "run_dir", "seconds")  # keys of summary.json in which a copy of a run may differ

COMPLETE = 3  # log format from which on a summary has every score of its log
_NUMBER = re.compile(r"[-+]?\d[\d.]*(e[-+]?\d+)?")
ROUNDING_S = 0.01  # of sums of rounded seconds


@dataclass(frozen=True)
class Check:
    """What a check found. `torn`: why the last line of the log is ignored, None if it is not."""

    log_format: int
    ticks: int
    lines: int
    problems: tuple[Problem, ...]
    torn: str | None
    foreign: str | None  # why run.json is somebody else's, None if it is not known to be
    remark: str | None  # what is no fault, but good to know


def check_run(folder: RunFolder) -> Check:
    """Check a run folder. Raises RunFileError if run.json cannot be read: the log means nothing without it."""
    run, foreign = folder.own_description()
    problems: list[Problem] = []
    if foreign == CHANGED:
        problems.append(Problem("run.json", foreign))
    if wrong := run.mistake():
        problems.append(Problem("run.json", wrong))
    reader = folder.reader(problems.append)
    ended, ends, ticks = False, list[Ended](), 0
    for record in folder.read_log(reader):
        if ended := isinstance(record, Ended):
            ends.append(record)
        ticks += isinstance(record, TickRecord)
    if reader.empty:  # a run whose board failed before the first tick has its end there
        what = "is empty" if folder.log.exists() else "is missing"
        begin = "if the run was stopped before its first tick, `twinohm resume` begins it"
        if run.ticks is None:
            begin = "its program was stopped before it was written"
        problems.append(Problem(LOG, f"{what if reader.torn is None else reader.torn}: no tick is logged; {begin}"))
    if reader.unproven is not None:
        problems.append(Problem(LOG, reader.unproven))
    try:
        folder.examples()
    except RunFileError as error:
        problems.append(Problem(NAME, str(error).removeprefix(f"{folder.path / NAME}: ")))
    remark: str | None = None
    if not problems:
        problems, remark = _check_summary(folder, ends, ended)
    return Check(
        run.log_format,
        ticks,
        reader.lines,
        tuple(problems),
        reader.torn,
        foreign if foreign == OF_ANOTHER else None,
        remark,
    )


def shown_once(problems: Iterable[Problem]) -> Iterator[str]:
    """Yield a line for each problem; the same one at other lines of the log, one after the other, is counted."""
    for _, group in groupby(problems, key=lambda problem: (problem.file, _NUMBER.sub("", problem.text))):
        first, *others = group
        last = f", to line {others[-1].line}" if others and others[-1].line is not None else ""
        yield f"{first}; and {len(others)} more of its kind{last}" if others else str(first)


def _check_summary(folder: RunFolder, ends: Sequence[Ended], ended: bool) -> tuple[list[Problem], str | None]:
    """Compare summary.json with the log. Return what is wrong, and a remark if the file is older than the log.

    It may be older while a run goes on, and after its process was killed, also between the last of `ends` and the file:
    then it is what an earlier process of the run wrote. `ended`: whether nothing comes after the last end.
    """
    name = SUMMARY
    try:
        written = folder.summary()
        given = log_summary(folder) if written is not None else None
    except RunError as error:
        return [Problem(name, str(error).removeprefix(f"{folder.path / name}: "))], None
    if written is None or given is None:
        return [], None
    raw = json.loads(read_input(folder.path / name, RECORD_BYTES))
    strange = [
        Problem(name, f"{key} = {shorten(json.dumps(value))}: is no score of a run")
        for key, value in _beyond(raw, written.record())
    ]
    wrong, newer = _differences(written, given, folder.description().log_format)
    missing = [
        Problem(name, f"{key} is missing: the log gives {shorten(json.dumps(value))}")
        for key, value in _beyond(given.record(), raw)
        if key not in IGNORED and folder.description().log_format >= COMPLETE
    ]
    if not wrong:
        return [*strange, *missing], None
    going_on = not ended and not newer and written.ticks <= given.ticks
    earlier = ends[:-1] if ended else ends
    if going_on or any(
        not _differences(written, log_summary(folder, number), folder.description().log_format)[0]
        for number, end in enumerate(earlier, 1)
        if end.tick == written.ticks
    ):
        remark = f"it has the scores of {written.ticks} of {given.ticks} ticks: it is older than the log"
        writes = "writes" if ended and ends[-1].why == "done" else "goes on and writes"
        return strange, f"{name}: {remark}; `{folder.resume_command}` {writes} it anew"
    return [*strange, *(Problem(name, text) for text in wrong), *missing], None


def _beyond(ours: Any, theirs: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the keys of tables in `ours` that `theirs` does not have, as `power.mean_W`, and their values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from _beyond(value, theirs[key], f"{at}{key}.")
            elif value is not None:
                yield f"{at}{key}", value
    elif isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from _beyond(one, other, f"{at.removesuffix('.')}[{number}].")


def _differences(written: Summary, given: Summary, log_format: int) -> tuple[list[str], bool]:
    """Return how summary.json differs from what a log gives, and whether it has seconds that the log lacks."""
    newer = written.seconds > given.seconds + ROUNDING_S and log_format > 1
    seconds = newer or (log_format > 2 and written.seconds < given.seconds - ROUNDING_S)
    ours, theirs = given.record(), written.record()
    old = written.step_V is None and given.step_V is not None
    compared = _limit_orders(theirs, given.step_V or 0) if old else theirs
    wrong = {
        key: f"{key} = {value}: the log gives {ours.get(key)}"
        for key, value in theirs.items()
        if key not in IGNORED and value is not None and not _equal(ours.get(key), compared[key])
    }
    if seconds:
        missing = "; one is missing" if newer else ""
        wrong["seconds"] = f"seconds = {written.seconds}: events `end` of the log have {given.seconds}{missing}"
    return [wrong[key] for key in theirs if key in wrong], newer


def _limit_orders(form: dict[str, Any], step_V: float) -> dict[str, Any]:
    """Return scores of a version whose orders had no limit as they are with it."""
    limited = dict(form)
    for key, value in form.items():
        if key == "phases":
            limited[key] = [_limit_orders(phase, step_V) for phase in value]
        elif "orders" in key and isinstance(value, float):
            first_V2 = form["true_mse_first" if key.startswith("true") else "mse_first"]
            limited[key] = min(value, orders(first_V2, 0, step_V))
    return limited


def _equal(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-15)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(key in ours and _equal(ours[key], value) for key, value in theirs.items())  # ours may have new keys
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(_equal, ours, theirs))
    return bool(ours == theirs)
