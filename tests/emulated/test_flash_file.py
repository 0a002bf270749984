"""The file that is the chip's flash: made with firmware, kept over power, one board's alone, checked."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import twinohm
from tests.conftest import Url
from twinohm.errors import BoardBusy, UsageError
from twinohm.firmware.uf2 import Uf2
from twinohm.link.port_stream import PortStream
from twinohm.link.repl import RawRepl
from twinohm.link.transports import open_port
from twinohm.sim import chip_flash
from twinohm.sim.settings import SimSettings


def test_what_the_chip_writes_is_there_after_power_has_gone(emu: Url) -> None:
    url = emu("lab16")
    port = open_port(url)
    repl = RawRepl(PortStream(port))
    repl.enter()
    repl.exec("with open('notes', 'w') as file: file.write('x' * 5000)", 60)
    os.kill(port.process_id, signal.SIGKILL)
    port.close()
    with twinohm.open(url) as machine:
        assert machine.exec("print(open('notes').read() == 'x' * 5000)") == "True\n"


def test_one_flash_is_one_chip(emu: Url) -> None:
    url = emu("lab16")
    with twinohm.open(url), pytest.raises(BoardBusy, match=r"busy.*process.*flash=FILE"):
        twinohm.open(url)
    twinohm.open(url).close()


def test_a_chip_may_hold_micropython_alone(emu: Url, tmp_path: Path) -> None:
    url = f"emu://lab16?flash={tmp_path / 'bare'}&holds=micropython"
    port = open_port(url)
    port.write(b"import os; os.listdir()\r")
    data = b""
    while b"[]" not in data:
        data += port.read(1)
        assert len(data) < 1000
    port.close()


def test_the_caches_flash_is_made_anew_when_something_changed(
    uf2: Uf2, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(chip_flash, "cache_dir", lambda: tmp_path)
    url = f"emu://lab16?uf2={uf2.path}"
    first = chip_flash.chip_flash(SimSettings.parse(url))
    time_made = first.stat().st_mtime_ns
    assert chip_flash.chip_flash(SimSettings.parse(url)) == first and first.stat().st_mtime_ns == time_made
    changed = {"main.py": b"print('other')"}
    monkeypatch.setattr(chip_flash, "firmware_files", lambda board, compiled=True: changed)
    second = chip_flash.chip_flash(SimSettings.parse(url))
    assert second != first and not first.exists() and b"print('other')" in second.read_bytes()


def test_a_file_that_is_no_flash_is_refused(uf2: Uf2, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"123")
    with pytest.raises(UsageError, match="short has 3 bytes: the flash of a Pico has 2097152"):
        twinohm.open(f"emu://lab16?flash={tmp_path / 'short'}")


def test_a_uf2_beyond_micropythons_part_is_refused(uf2: Uf2, tmp_path: Path) -> None:
    block = bytearray(uf2.data[:512])
    block[12:16] = (0x10000000 + chip_flash.FILES_AT).to_bytes(4, "little")
    with pytest.raises(UsageError, match="0x100a0000, beyond"):
        chip_flash.write_flash(tmp_path / "flash", Uf2(tmp_path / "far.uf2", bytes(block)), {})


def test_the_process_says_which_file_it_lacks(tmp_path: Path, new_flash: Callable[[str], Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twinohm.sim.emulated_board", "emu://lab16", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert done.returncode != 0 and "none" in done.stderr.splitlines()[-1]
