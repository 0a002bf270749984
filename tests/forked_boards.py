"""Virtual boards that start in a tenth of the time: forked from a process that has imported everything already.

A process of its own for each board, with the same pipes and the same program as twinohm.processes.start_child() gives
it; programs that the tests start in a process of their own start their boards without this.
"""

import os
import subprocess
import sys
import traceback
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

from twinohm.processes import script_hidden, start_child
from twinohm.sim import virtual_board

PROGRAM = virtual_board.__name__
CONTEXT: Any = get_context("forkserver") if sys.platform == "linux" else None


class Forked:
    """What a port uses of subprocess.Popen."""

    def __init__(self, process: BaseProcess, stdin: int, stdout: int, stderr: int) -> None:
        self._process = process
        self.stdin = open(stdin, "wb", buffering=0)
        self.stdout, self.stderr = (open(fd, "rb", buffering=0) for fd in (stdout, stderr))
        self.pid = process.pid

    def wait(self, timeout_s: float | None = None) -> None:
        self._process.join(timeout_s)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(PROGRAM, timeout_s or 0.0)

    def kill(self) -> None:
        self._process.kill()


def start(command: Sequence[str]) -> Any:
    """Do as start_child(): fork a virtual board, start any other program."""
    _, *options, program, url = command
    if CONTEXT is None or options != ["-P", "-m"] or program != PROGRAM:
        return start_child(command)
    CONTEXT.set_forkserver_preload([__name__])
    ends = [os.pipe() for _ in range(3)]
    (its_stdin, stdin), (stdout, its_stdout), (stderr, its_stderr) = ends
    theirs = its_stdin, its_stdout, its_stderr
    with script_hidden():
        arguments = url, *map(_Passed, theirs), dict(os.environ), Path.cwd()
        process = CONTEXT.Process(target=_run, args=arguments, daemon=True)
        process.start()
    for fd in theirs:
        os.close(fd)
    return Forked(process, stdin, stdout, stderr)


class _Passed:
    """A file descriptor that a process which is being started gets a copy of."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __reduce__(self) -> tuple[Any, tuple[Any]]:
        return _detached, (DupFd(self.fd),)


def _detached(passed: Any) -> int:
    fd: int = passed.detach()
    return fd


def _run(url: str, stdin: int, stdout: int, stderr: int, environment: dict[str, str], folder: Path) -> None:
    os.setsid()
    for fd, number in ((stdin, 0), (stdout, 1), (stderr, 2)):
        os.dup2(fd, number)
        os.close(fd)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [PROGRAM, url]
    try:
        virtual_board.main()
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)
