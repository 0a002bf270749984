"""Ctrl-C, SIGTERM, SIGHUP and SIGKILL: every command ends within a second, and no process of it is left."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import COMMAND, run_here
from tests.stopwatch import Stopwatch
from tests.tiers import in_tiers
from twinohm.benchmarks import virtual_board
from twinohm.processes import SIGNALS, _signals_held
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.runner import Progress, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes through /proc")

LONGEST_S = 3.0  # the aim is 1 s; waits for a core do not count (stopwatch.py)
COMMANDS = {  # how each begins to work, and what a user reads who stopped it
    "reproduce": (["reproduce", "regression"], "stopped; no result was finished; the same command begins again"),
    "rules": (["rules", "sign"], "stopped; no result was finished; the same command begins again"),
    "place": (["place", "allostery"], "stopped; finished results are in its file; the same command goes on"),
    "sweep": (
        ["sweep", "allostery", "--vary", "eta=0.1:4:40", "--seeds", "256"],
        "; the same command goes on",
    ),
    "selftest": (["selftest", "--faults"], "nothing was kept; the same command begins again"),
    "bench sim": (["bench", "--ticks", "200000"], "stopped; nothing was kept; the same command begins again"),
    "bench ensemble": (["bench", "ensemble"], "stopped; nothing was kept; the same command begins again"),
    "bench scaling": (["bench", "scaling"], "stopped; nothing was kept; the same command begins again"),
    "exec": (["exec", "while True: pass"], "the same command runs the code again"),
    "calibrate": (["calibrate", "--port", "sim://lab16?clock=wall"], "the calibration that was there stays"),
    "run": (["run", "allostery", "--ticks", "100000"], "`twinohm resume"),
}
QUICK = ("place",)
ALONE = ("bench ensemble", "bench scaling")  # in one process
ALL = in_tiers(COMMANDS, lambda name: name not in QUICK)


class Started:
    """A command in a session of its own, with all processes that it has started."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        self.mark = f"TWINOHM_TEST={folder}"
        more = {"TWINOHM_TEST": str(folder), "TMPDIR": str(folder), "HOME": str(folder)}
        more["NUMBA_CACHE_DIR"] = os.environ.get("NUMBA_CACHE_DIR") or str(Path.home() / ".cache/twinohm/compiled")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            arguments, cwd=folder, env=os.environ | more, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def processes(self) -> list[int]:
        """Return the ids of all processes that it has started and that still run, its own among them."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass  # it has ended, or is not ours
        return found

    def wait_for(self, number: int) -> None:
        """Wait until it has so many processes, and a little longer."""
        end = time.monotonic() + 30
        while len(self.processes()) < number and self.process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.05)
        time.sleep(0.2)

    def end_with(self, *signals: signal.Signals, pause_s: float = 0.1) -> tuple[float, str]:
        """Send signals as a terminal does; return how long it lived on (free_s), s, and what it wrote on stderr."""
        watch = Stopwatch()
        for number in signals:
            if number in (signal.SIGINT, signal.SIGHUP):
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)
            if number is not signals[-1]:
                time.sleep(pause_s)
        stderr = self.process.communicate(timeout=30)[1]
        lived_s = watch.free_s()
        while self.processes() and watch.total_s() < 10:
            time.sleep(0.02)
        return lived_s, stderr


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Started]]:
    """Yield a list; whatever is put there is ended after the test."""
    all_of_them: list[Started] = []
    yield all_of_them
    for one in all_of_them:
        for process in one.processes():
            os.kill(process, signal.SIGKILL)
        one.process.communicate()


def start(name: str, folder: Path, started: list[Started]) -> Started:
    one = Started([*COMMAND, *COMMANDS[name][0]], folder)
    started.append(one)
    one.wait_for(1 if name in ALONE else 2)
    time.sleep(4.0 if name in ALONE else 0.0)  # it has begun to compute
    return one


@pytest.mark.parametrize("name", ALL)
def test_ctrl_c_ends_a_command_within_a_second(name: str, tmp_path: Path, started: list[Started]) -> None:
    one = start(name, tmp_path, started)
    lived_s, stderr = one.end_with(signal.SIGINT)
    assert one.process.returncode == 1 and lived_s < LONGEST_S
    assert COMMANDS[name][1] in stderr.splitlines()[-1] and "Traceback" not in stderr
    assert one.processes() == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("tmp", "twinohm"))] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_second_ctrl_c_leaves_nothing_behind(name: str, tmp_path: Path, started: list[Started]) -> None:
    one = start(name, tmp_path, started)
    lived_s, stderr = one.end_with(signal.SIGINT, signal.SIGINT)
    assert one.process.returncode == 1 and lived_s < LONGEST_S and "Traceback" not in stderr
    assert one.processes() == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("tmp", "twinohm"))] == []


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=lambda by: by.name)
@pytest.mark.parametrize("name", ["reproduce", "place", "sweep", "selftest", "run"])
def test_workers_and_boards_end_with_their_command(
    name: str, by: signal.Signals, tmp_path: Path, started: list[Started]
) -> None:
    one = start(name, tmp_path, started)
    one.wait_for(2 if name == "run" else 4)  # its workers have begun, or its board has
    lived_s, stderr = one.end_with(by)
    assert lived_s < LONGEST_S and one.processes() == [] and "Traceback" not in stderr and "leaked" not in stderr


WORK = """
import sys
import threading
from timeit import timeit  # of a module that a worker can import, unlike this script
from twinohm.processes import Workers, start_child

if __name__ == "__main__":
    board = start_child([sys.executable, "-c", "import sys; sys.stdin.read()"])
    with Workers(1) as workers:
        print("begun", workers.submit(abs, -1).result(), flush=True)
        workers.submit(timeit, "pass", number=10**12).result()
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT], ids=lambda by: by.name)
def test_workers_and_children_end_with_their_parent(by: signal.Signals, tmp_path: Path, started: list[Started]) -> None:
    (tmp_path / "work.py").write_text(WORK)
    one = Started([sys.executable, "work.py"], tmp_path)
    started.append(one)
    assert one.process.stdout is not None and one.process.stdout.readline() == "begun 1\n"
    assert len(one.processes()) >= 3
    _, stderr = one.end_with(by)
    assert one.processes() == [] and "leaked" not in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["work.py"]


def check_ctrl_c(code: str, words: str, folder: Path, started: list[Started]) -> None:
    """Run a program, interrupt it once it has printed 1, and check that it ends at once with `words`."""
    one = Started([sys.executable, "-c", code], folder)
    started.append(one)
    assert one.process.stdout is not None and one.process.stdout.readline() == "1\n"
    lived_s, stderr = one.end_with(signal.SIGINT)
    assert (one.process.returncode, stderr) == (1, f"twinohm: stopped; {words}\n") and lived_s < LONGEST_S


def slow_import(module: str, wait: str) -> str:
    """Return code after which the import of a module prints 1 and waits."""
    return (
        "import sys, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}:\n"
        "            print(1, flush=True)\n"
        f"            {wait}\n"
        "sys.meta_path.insert(0, Slow())\n"
    )


def test_ctrl_c_while_the_command_line_is_imported(tmp_path: Path, started: list[Started]) -> None:
    """A package that is imported turns the exception into an ImportError, as some do."""
    wait = "try: time.sleep(60)\n            except BaseException: raise ImportError"
    code = f"import twinohm.cli as cli\n{slow_import('twinohm.cli.commands', wait)}cli.main()"
    check_ctrl_c(code, "nothing was begun", tmp_path, started)


def test_ctrl_c_before_the_command_line_is_imported(tmp_path: Path, started: list[Started]) -> None:
    code = f"import twinohm_command\n{slow_import('twinohm.version', 'time.sleep(60)')}twinohm_command.main()"
    check_ctrl_c(code, "nothing was begun", tmp_path, started)


def test_an_interrupt_while_a_run_folder_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "runs").mkdir()
    monkeypatch.setattr("twinohm.files.os.replace", interrupt)
    done = run_here("run", "divider", "--board", "divider", "--ticks", "20", cwd=tmp_path)
    assert done.returncode == 1 and list((tmp_path / "runs").iterdir()) == []


def test_a_run_in_a_folder_that_is_removed_gets_no_hint_to_resume_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def stopped(plan: RunPlan, out: Path, progress: Progress) -> None:
        def interrupt(done: int, error_V2: float) -> None:
            progress(done, error_V2)
            raise KeyboardInterrupt

        run(plan, out, interrupt)

    monkeypatch.setattr(virtual_board, "run", stopped)
    monkeypatch.setattr(virtual_board, "_solve_us", lambda: 1.0)
    assert run_here("bench", "--ticks", "200", cwd=tmp_path).returncode == 1
    assert capfd.readouterr().err == "twinohm: stopped; nothing was kept; the same command begins again\n"


def test_a_library_that_drops_the_interrupt_does_not_stop_it(tmp_path: Path, started: list[Started]) -> None:
    code = (
        "import sys, time, twinohm.cli as cli\n"
        "def hang(interrupts):\n"
        "    interrupts.how_to_go_on = 'it hangs'\n"
        "    while True:\n"
        "        try: print(1, flush=True); time.sleep(60)\n"
        "        except KeyboardInterrupt: pass\n"
        "cli._run = hang\ncli.main()"
    )
    check_ctrl_c(code, "it hangs", tmp_path, started)


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_waits_until_a_worker_has_started(number: signal.Signals) -> None:
    """Another thread may receive it, and Python then calls the main thread's handler wherever that thread is."""
    done = []

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    ready = threading.Event()
    threading.Thread(target=ready.wait, daemon=True).start()  # it can receive signals
    before = signal.signal(number, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            with _signals_held():
                os.kill(os.getpid(), number)
                time.sleep(0.05)
                done.append(True)
            done.append(False)
    finally:
        ready.set()
        signal.signal(number, before)
    assert done == [True]
