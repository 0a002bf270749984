"""Random faults between host and board: does every tick of a run happen once, and is every one in the log?

A scenario is a run through a proxy (proxy.py) with a few faults drawn from a seed. The host is a process of its own. If
it ends before the run does, killed or with an error, the run is resumed in another. The profile is ideal, so the log
must equal that of an undisturbed run, tick for tick. The side channel must report those ticks in that order; it may
jump back only where the log records a restore.
"""

import multiprocessing
import random
import shutil
import threading
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

import serial

from tests.chaos.proxy import KINDS, WAYS, Fault, FaultProxy
from twinohm.errors import RunError, TwinOhmError
from twinohm.json_records import json_form
from twinohm.link.timeouts import Timeouts
from twinohm.model.levers import Levers
from twinohm.protocol.side_channel import TrueTick
from twinohm.runlog.events import Resumed
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import RunPlan, plan_run
from twinohm.runlog.resume import plan_resume, resume
from twinohm.runlog.runner import run
from twinohm.runlog.tick_record import TickRecord
from twinohm.tasks import find_task

URL = "sim://lab16?profile=ideal"
HASTE = Timeouts(resend_s=0.15, tries=5, enter_s=4.0, reopen_s=15.0, losses=8)
PROCESSES = 6  # of hosts, at most, until a run has reached its end
DEADLINE_S = 90.0  # of one host: longer is a hang
MOST = 5  # faults of one scenario

CASES: dict[str, tuple[str, int, Levers, bool]] = {  # task, ticks, levers, whether the best taps are restored
    "allostery": ("allostery", 200, Levers(), False),
    "allostery, p = 0.5": ("allostery", 200, Levers(p=0.5), True),
    "allostery, p by error": ("allostery", 150, Levers(error_full_V=0.5, readings=3), False),
    "regression": ("regression", 40, Levers(), True),
    "iris": ("iris", 75, Levers(), False),
}


@dataclass
class Outcome:
    """What came of one scenario. `lost`, `repeated` and `wrong` count ticks, `failed` says what else should not be."""

    number: int
    case: str
    faults: Sequence[str] = ()
    reconnects: int = 0
    resumed: int = 0
    undone: int = 0
    lost: int = 0
    repeated: int = 0
    wrong: int = 0
    failed: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.repeated or self.wrong or self.failed)


def scenarios(count: int, seed: int, first: int = 0, jobs: int = 1) -> Iterator[Outcome]:
    """Outcomes of scenarios first .. first + count - 1 of a seed, as they are done."""
    numbers = range(first, first + count)
    for number in numbers[: len(CASES)]:
        _reference(_case(seed, number))
    try:
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(lambda number: scenario(number, seed), numbers)
    finally:
        while not _idle.empty():
            _idle.get().close()


def table(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """A row for each kind of fault: scenarios in which it happened, and how those ended; all at the end."""
    rows = []
    for kind in (*KINDS, "all"):
        some = [one for one in outcomes if kind in one.faults or kind == "all"]
        rows.append(
            {
                "fault": kind,
                "scenarios": len(some),
                "faults": sum(len(one.faults) if kind == "all" else Counter(one.faults)[kind] for one in some),
                "reconnects": sum(one.reconnects for one in some),
                "resumed": sum(one.resumed for one in some),
                "ticks undone": sum(one.undone for one in some),
                "lost": sum(one.lost for one in some),
                "repeated": sum(one.repeated for one in some),
                "wrong": sum(one.wrong for one in some),
                "failed": sum(bool(one.failed) for one in some),
            }
        )
    return rows


def scenario(number: int, seed: int) -> Outcome:
    """Run one scenario to its end and compare."""
    case = _case(seed, number)
    records, true_V, passed = _reference(case)
    outcome = Outcome(number, case)
    host = _Host()
    proxy = FaultProxy(_board(), _faults(seed, number, passed), f"{seed} {number}", host.kill)
    with TemporaryDirectory() as out:
        try:
            for process in range(PROCESSES):
                word, text = host.run(case, proxy.port, Path(out))
                if word == "done":
                    break
                if word == "failed":
                    outcome.failed = text
                    break
                outcome.resumed += process + 1 < PROCESSES
                outcome.errors += [text] if word == "error" else []
            else:
                outcome.failed = f"no end after {PROCESSES} hosts: {outcome.errors[-1:]}"
        finally:
            proxy.close()
            _idle.put(proxy.board)
        outcome.faults = proxy.done
        if not outcome.failed:
            _compare(outcome, RunFolder(next(Path(out).iterdir())), records, true_V, proxy.true_ticks)
    return outcome


# -- what is run -------------------------------------------------------------------------------------------------------


def _case(seed: int, number: int) -> str:
    names = list(CASES)
    return names[(seed + number) % len(names)]


def _plan(case: str, port: str) -> RunPlan:
    task, ticks, levers, best = CASES[case]
    return plan_run(find_task(task), "lab16", port, ticks=ticks, levers=levers, restore_best=best)


def _faults(seed: int, number: int, passed: dict[str, int]) -> list[Fault]:
    draw = random.Random(f"{seed} {number}")
    faults = []
    for _ in range(draw.randint(1, MOST)):
        way = draw.choice(WAYS)
        size = min(draw.choice((1, 2, 3, 8, 40, 300)), passed[way] // 8)
        faults.append(Fault(draw.choice(KINDS), way, draw.randrange(passed[way]), size))
    return faults


@cache
def _reference(case: str) -> tuple[list[TickRecord], list[Any], dict[str, int]]:
    """Records of an undisturbed run, true node voltages of its ticks, and the bytes that pass a proxy in one."""
    with TemporaryDirectory() as out:
        records = [_bare(record) for record in run(_plan(case, URL), Path(out)).ticks()]
    with TemporaryDirectory() as out:
        proxy = FaultProxy(_board(), [], "", lambda: None)
        try:
            run(_plan(case, proxy.port), Path(out))
        finally:
            proxy.close()
            _idle.put(proxy.board)
    true_V = [tick.free_V for tick in proxy.true_ticks]
    if len(true_V) != len(records):
        raise RunError(f"{case}: undisturbed, the side channel has {len(true_V)} ticks of {len(records)}; report this")
    return records, true_V, proxy.passed


def _bare(record: TickRecord) -> TickRecord:
    """Return a tick without board time, which a reset starts anew, and without true values, which a proxy hides."""
    unknown = {name: None for name in json_form(record) if name.startswith("true_")}
    return replace(record, t_us=0, **unknown)


_idle: SimpleQueue[Any] = SimpleQueue()  # boards of scenarios that are done: a new one takes a second to start


def _board() -> Any:
    try:
        return _idle.get_nowait()
    except Empty:
        return serial.serial_for_url(URL, timeout=0.05)


# -- hosts -------------------------------------------------------------------------------------------------------------


class _Host:
    """At most one process that runs or resumes a run."""

    def __init__(self) -> None:
        self._process: Any = None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def run(self, case: str, port: str, out: Path) -> tuple[str, str]:
        """Start or resume the run in `out`. Returns done, error (typed, with its text), killed, or failed."""
        context = _context()
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_host, args=(case, port, out, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._process.join(DEADLINE_S)
        if self._process.is_alive():
            self.kill()
            self._process.join()
            return "failed", f"a host hung for {DEADLINE_S:g} s"
        try:
            word, text = ours.recv() if ours.poll() else ("killed", "")
        except (EOFError, OSError):
            return "killed", ""
        return word, text


_starting = threading.Lock()


def _context() -> Any:
    """Return a start method: fork from a process that has imported everything where the system can, else spawn."""
    with _starting:
        if "forkserver" not in multiprocessing.get_all_start_methods():
            return multiprocessing.get_context("spawn")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.chaos.scenarios"])
        return context


def _host(case: str, port: str, out: Path, tell: Connection) -> None:
    try:
        _run_or_resume(case, port, out)
        tell.send(("done", ""))
    except TwinOhmError as error:
        tell.send(("error", f"{type(error).__name__}: {error}"))
    except BaseException:
        tell.send(("failed", traceback.format_exc()))


def _run_or_resume(case: str, port: str, out: Path) -> None:
    for path in out.iterdir():
        if (path / "run.json").exists() and RunFolder(path).description().task_fields is not None:
            folder = RunFolder(path)
            resume(folder, plan_resume(folder), timeouts=HASTE)
            return
        shutil.rmtree(path)  # killed before run.json was whole, and so before the first tick
    run(_plan(case, port), out, timeouts=HASTE)


# -- what happened -----------------------------------------------------------------------------------------------------


def _compare(
    outcome: Outcome, folder: RunFolder, records: list[TickRecord], true_V: list[Any], seen: list[TrueTick]
) -> None:
    """Count in `outcome` what differs from the undisturbed run."""
    logged = [_bare(record) for record in folder.ticks()]
    resumes = [event.tick for event in folder.events_of(Resumed)]
    numbers = Counter(record.tick for record in logged)
    outcome.reconnects = len(resumes)
    outcome.lost = sum(record.tick not in numbers for record in records)
    outcome.repeated = sum(count - 1 for count in numbers.values())
    outcome.wrong = sum(a != b for a, b in zip(logged, records, strict=False)) + max(0, len(logged) - len(records))
    ends = _walks(true_V, resumes, [tick.free_V for tick in seen])
    if not ends:
        outcome.failed = "the board made ticks that the log does not have and no restore undid"
    outcome.undone = len(seen) - len(true_V)


def _walks(true_V: Sequence[Any], resumes: Sequence[int], seen: Sequence[Any]) -> bool:
    """Whether `seen` goes through `true_V` from first to last, jumping back to the ticks of `resumes` in their order.

    Two ticks may have the same voltages, so all ways to read it are followed. A tick that was broken off between its
    comparators and its clock shows as one with other voltages, those of the homing that follows: only before a jump.
    """
    places = {(0, 0, False)}  # next tick, resumes that have been used, whether the next can only be a jump
    for volts in seen:
        then = {(here, used, True) for here, used, broken in places if not broken and used < len(resumes)}
        for here, used, broken in places:
            jumps = [(resumes[k], k + 1) for k in range(used, len(resumes))]
            for at, left in jumps if broken else [(here, used), *jumps]:
                if at <= here and at < len(true_V) and true_V[at] == volts:
                    then.add((at + 1, left, False))
        places = then
    return any(here == len(true_V) and not broken for here, _, broken in places)
