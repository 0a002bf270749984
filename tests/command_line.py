"""The command line: in a process of its own, or, where that makes no difference, faster in this one."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

COMMAND = [sys.executable, "-m", "twinohm.cli"]
Done = subprocess.CompletedProcess[str]


def run_process(*arguments: str, cwd: Path, stdin: str = "", **environment: str) -> Done:
    """Run `twinohm ARGUMENTS` in the folder `cwd`; `environment` are more variables of it."""
    command, more = [*COMMAND, *arguments], os.environ | environment
    return subprocess.run(command, cwd=cwd, env=more, input=stdin, capture_output=True, text=True, timeout=120)


def run_here(*arguments: str, cwd: Path) -> Done:
    """Run `twinohm ARGUMENTS` in this process, which saves a second of imports."""
    from twinohm.cli import main

    out, err = io.StringIO(), io.StringIO()
    with patch.object(sys, "argv", ["twinohm", *arguments]), chdir(cwd), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(["twinohm", *arguments], code, out.getvalue(), err.getvalue())


@contextmanager
def tcp_board(name: str, *options: str) -> Iterator[str]:
    """Yield the port socket://... of a virtual board in a process of its own; Ctrl-C ends it."""
    with subprocess.Popen([*COMMAND, "sim", name, "--tcp", "0", *options], stdout=subprocess.PIPE, text=True) as board:
        assert board.stdout is not None
        try:
            yield next(word.rstrip(";") for word in board.stdout.readline().split() if word.startswith("socket://"))
        finally:
            board.send_signal(signal.SIGINT)
            try:
                board.wait(10)
            except subprocess.TimeoutExpired:
                board.kill()
                raise


@contextmanager
def pty_board(name: str) -> Iterator[str]:
    """Yield the serial device of a virtual board in a process of its own, as `twinohm sim --pty` serves it."""
    with subprocess.Popen([*COMMAND, "sim", name, "--pty"], stdout=subprocess.PIPE, text=True) as board:
        assert board.stdout is not None
        try:
            yield next(word.rstrip(";") for word in board.stdout.readline().split() if word.startswith("/dev/"))
        finally:
            board.send_signal(signal.SIGINT)
            board.wait(10)
