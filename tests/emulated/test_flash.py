"""Installing firmware on a chip: what is skipped, what is replaced, and what a cut leaves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import twinohm
from tests.command_line import run_here
from tests.conftest import Url
from tests.tcp_port import port_that
from twinohm.errors import LinkLost
from twinohm.firmware.manifest import add_manifest
from twinohm.firmware.sources import firmware_files, firmware_hash
from twinohm.firmware.uf2 import Uf2
from twinohm.install.installer import install, transport
from twinohm.model.board_file import load_board
from twinohm.paths import firmware_dir
from twinohm.sim.chip_flash import write_flash

EXTRA = "twinohm_fw/extra.py"


def nothing(done: int, total: int) -> None:
    pass


def said(url: str, code: str) -> str:
    with twinohm.open(url) as machine:
        assert machine.hello.firmware == firmware_hash()
        return machine.exec(code).strip()


@pytest.fixture
def files() -> dict[str, bytes]:
    return {**firmware_files(load_board("divider")), EXTRA: b"# new\n" * 300, "main.py": b"", "twinohm_board.mpy": b""}


def test_doctor_examines_a_chip_and_names_what_was_changed(emu_fast: Url, tmp_path: Path) -> None:
    def examined() -> tuple[int, dict[str, tuple[str, str]]]:
        done = run_here("doctor", "--port", url, "--json", cwd=tmp_path)
        findings = json.loads(done.stdout)["findings"]
        return done.returncode, {each["step"]: (each["state"], each["text"]) for each in findings}

    url = emu_fast("divider")
    code, found = examined()
    assert code == 0
    assert found["MicroPython"] == ("ok", "MicroPython 1.25")
    assert found["chip"] == ("ok", "Raspberry Pi Pico with RP2040")
    assert found["start files"] == ("ok", "TwinOhm's boot.py and main.py")
    assert found["firmware"] == ("ok", f"{firmware_hash()} for divider, as this host has it")
    with transport(url) as board:
        board.exec("import os\nos.remove('twinohm_fw/core/twin.mpy')")
        board.fs_writefile("main.py", b"print('mine')")
    code, found = examined()
    assert code == 1
    assert found["start files"] == ("wrong", "the board starts main.py of yours, and not TwinOhm's")
    changed = "files of its firmware are missing or changed: twinohm_fw/core/twin.mpy"
    assert found["firmware"] == ("wrong", changed)


def test_what_is_there_is_skipped_and_what_is_stale_goes(emu_fast: Url) -> None:
    """Files of the flat layout of November 2026 and other forms of our modules go, files of the user stay.

    Where such a file is the user's own, a copy stays.
    """
    url = emu_fast("divider")
    files = firmware_files(load_board("divider"))
    stale = ("twinohm_fw/ad5220.mpy", "twinohm_fw/prompt.py", "twinohm_fw/twin.py")
    own = ("notes.txt", "twinohm_fw/mine.py", "adafruit_bus_device/mine.py")
    with transport(url) as board:
        first = install(board, files, nothing)
        for name in (*stale, *own):
            board.fs_writefile(name, b"raise SystemExit")
        second = install(board, files, nothing)
        copies = [board.fs_readfile(name + ".bak") for name in stale]
        names = {entry.name for entry in board.fs_listdir("")}
        left = {entry.name for entry in board.fs_listdir("twinohm_fw")}
    assert (first.written, first.removed, first.unchanged) == ((), (), len(files))
    assert (second.written, second.removed) == ((), stale)
    assert second.kept == {name: name + ".bak" for name in stale} and copies == [b"raise SystemExit"] * 3
    assert "notes.txt" in names and "twinohm.todo" not in names and {"drivers", "mine.py"} <= left


def test_a_cut_while_files_are_written_leaves_the_old_firmware(emu_fast: Url, files: dict[str, bytes]) -> None:
    url = emu_fast("divider")

    def unplugged(done: int, total: int) -> None:
        if done > 200:
            raise OSError("unplugged")

    with pytest.raises(OSError, match="unplugged"), transport(url) as board:
        install(board, files, unplugged)
    assert said(url, "import os; print('extra.py' in os.listdir('twinohm_fw'))") == "False"


def test_a_cut_while_files_are_renamed_is_ended_by_the_next_boot(emu: Url) -> None:
    url = emu("divider")
    with transport(url) as board:
        board.fs_writefile("twinohm_fw/one.py.new", b"ONE = 1\n")
        board.fs_writefile("twinohm_fw/gone.py", b"")
        # `two` was renamed already, `missing` removed.
        board.fs_writefile("twinohm.todo", b"twinohm_fw/two.py\ntwinohm_fw/one.py\n-twinohm_fw/gone.py\n-missing.py")
    code = "import os; from twinohm_fw.one import ONE; print(ONE, 'gone.py' in os.listdir('twinohm_fw'), os.listdir())"
    answer = said(url, code)
    assert answer.startswith("1 False") and "twinohm.todo" not in answer


FLAT = add_manifest(
    {  # the modules that matter here of the flat layout of November 2026
        "main.py": b"import twinohm_update\ntwinohm_update.finish()\n",
        "twinohm_update.py": (firmware_dir() / "twinohm_update.py").read_bytes(),
        "twinohm_fw/__init__.py": b"",
        "twinohm_fw/selftest.py": b"LAYOUT = 'flat'\n",
        "twinohm_fw/learn.py": b"",
    }
)


@pytest.mark.slow
def test_a_flat_firmware_works_until_a_new_one_has_taken_its_place(emu_fast: Url, uf2: Uf2, tmp_path: Path) -> None:
    """Its selftest.py is not hidden by the package of that name, wherever the installation is cut."""
    write_flash(tmp_path / "divider.flash", uf2, FLAT)
    url = emu_fast("divider")
    files = firmware_files(load_board("divider"))
    flat = "from twinohm_fw.selftest import LAYOUT; print(LAYOUT)"

    def unplugged(done: int, total: int) -> None:
        if done == total:
            raise OSError("unplugged")

    def unplugged_before_renaming(code: str) -> bytes:
        ran.append(code)
        if ran.count("finish()") == 2:  # the first ends an earlier installation
            raise OSError("unplugged")
        return run(code)

    with pytest.raises(OSError, match="unplugged"), transport(url) as board:
        install(board, files, unplugged)
    with pytest.raises(OSError, match="unplugged"), transport(url) as board:
        assert board.exec(flat).strip() == b"flat"
        run: Callable[[str], bytes] = board.exec
        ran: list[str] = []
        board.exec = unplugged_before_renaming
        install(board, files, nothing)
    code = "import os; learner.selftest(); print(sorted(os.listdir('twinohm_fw')), os.listdir())"
    answer = said(url, code)
    assert "no fault found" in answer
    assert not any(old in answer for old in (".new", "selftest.", "learn.py", "twinohm.todo", "twinohm_update.py"))


def test_a_file_that_comes_out_wrong_is_not_used(emu_fast: Url, files: dict[str, bytes]) -> None:
    with (
        pytest.raises(Exception, match=r"twinohm_fw/extra\.py came out wrong"),
        transport(emu_fast("divider")) as board,
    ):
        write: Any = board.fs_writefile
        board.fs_writefile = lambda name, data, **more: write(name, data[:-1], **more)
        install(board, {EXTRA: files[EXTRA]}, nothing)


def test_a_port_that_falls_silent() -> None:
    with port_that(lambda client: None) as url, pytest.raises(LinkLost, match="flash again"), transport(url):
        pass


@pytest.mark.slow
def test_flash_from_bare_micropython(emu_fast: Url, tmp_path: Path, uf2: Uf2) -> None:
    """The whole command, on a chip that holds MicroPython and its user's program; then the run meets the same chip."""
    write_flash(tmp_path / "divider.flash", uf2, {"main.py": b"print('my robot')\n"})
    url = emu_fast("divider")
    done = run_here("flash", "--board", "divider", "--port", url, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["written"]) == set(firmware_files(load_board("divider")))
    assert "main.py is not TwinOhm's: kept as main.py.bak" in done.stderr
    assert said(url, "print(learner.name, open('main.py.bak').read())") == "divider print('my robot')"
