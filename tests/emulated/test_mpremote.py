"""mpremote as it comes from PyPI, against `twinohm emulate lab16 --pty`; by the faster emulator, if it is there."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import has_rp2040js, run_by_rp2040js
from twinohm.firmware.uf2 import Uf2
from twinohm.sim.chip_flash import write_flash

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")


@pytest.fixture(scope="module")
def device(new_flash: Callable[[str], Path], request: pytest.FixtureRequest) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        if has_rp2040js():
            run_by_rp2040js(patch, request.getfixturevalue("rp2040js"))
        with emulated("tests.rp2040js" if has_rp2040js() else "twinohm.cli", new_flash("lab16")) as found:
            yield found


@contextmanager
def emulated(program: str, flash: Path) -> Iterator[str]:
    command = [sys.executable, "-m", program, "emulate", "lab16", "--pty", "--flash", str(flash)]
    board = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert board.stdout is not None
    line = board.stdout.readline()
    assert line.startswith("lab16 is at /dev/"), line
    yield line.split()[3].rstrip(";")
    board.send_signal(signal.SIGINT)
    assert board.wait(20) == 0


def mpremote(device: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", device, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.replace("\r\n", "\n")


def test_exec(device: str) -> None:
    assert mpremote(device, "exec", "print(6 * 7)") == "42\n"
    assert mpremote(device, "exec", "from twinohm_fw import learner; print(learner.taps)") == f"{[64] * 16}\n"


def test_fs(device: str, tmp_path: Path) -> None:
    data = hashlib.sha256(b"noise").digest() * 150
    (tmp_path / "there").write_bytes(data)
    mpremote(device, "fs", "cp", str(tmp_path / "there"), ":data.bin")
    assert "4800 data.bin" in mpremote(device, "fs", "ls")
    mpremote(device, "fs", "cp", ":data.bin", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == data
    mpremote(device, "fs", "rm", ":data.bin")
    listing = mpremote(device, "fs", "ls")
    assert "data.bin" not in listing and "main.py" in listing and "twinohm_fw/" in listing


def test_run(device: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import sys\nprint('ran on', sys.platform)\n")
    assert mpremote(device, "run", str(tmp_path / "script.py")) == "ran on rp2\n"


def test_mount(device: str, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("WORD = 'from the host'\n")
    assert "from the host" in mpremote(device, "mount", str(tmp_path), "exec", "import helper; print(helper.WORD)")


def test_soft_reset_forgets_and_keeps_the_taps(device: str) -> None:
    learnt = "from twinohm_fw import learner; learner.home(); learner.restore([70] * 16); x = 1"
    mpremote(device, "exec", learnt)
    told = mpremote(
        device, "resume", "exec", "print(x)", "soft-reset", "exec", "print('x' in globals())", "exec",
        "from twinohm_fw import learner; print(learner.taps)",
    )  # fmt: skip
    assert told == f"1\nFalse\n{[70] * 16}\n"


def test_reset(uf2: Uf2, tmp_path: Path) -> None:
    write_flash(tmp_path / "flash", uf2, {"main.py": b"STARTED = True\n"})
    with emulated("twinohm.cli", tmp_path / "flash") as device:  # the other emulator cannot reset the chip
        mpremote(device, "reset")
        time.sleep(3)  # mpremote leaves 100 ms before the reset; the next one's Ctrl-C would end them
        code = "import machine; print(STARTED, machine.reset_cause() == machine.WDT_RESET)"
        assert mpremote(device, "resume", "exec", code) == "True True\n"
