"""`flash` never loses a file that TwinOhm did not install: not on a board, not in a folder, wherever power is cut."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.test_remedies import tcp_server
from tests.command_line import Done, run_here
from tests.fake_chip import FakeChip, PowerCut, RawPrompt
from twinohm import api_flash
from twinohm.firmware import sources
from twinohm.firmware.manifest import MANIFEST, add_manifest
from twinohm.firmware.sources import firmware_files
from twinohm.firmware.uf2 import Uf2
from twinohm.install import bootsel
from twinohm.install.installer import install
from twinohm.link import transports
from twinohm.link.transports import PortInfo
from twinohm.model.board_file import load_board
from twinohm.model.chips import RP2040, RP2350, Chip
from twinohm.paths import firmware_dir

UPDATE = (firmware_dir() / "twinohm_update.py").read_bytes()
MAIN = b"import twinohm_update\ntwinohm_update.finish()\n"
OLD = add_manifest(
    {"main.py": MAIN, "twinohm_update.py": UPDATE, "twinohm_fw/ad5220.py": b"old", "twinohm_fw/a.py": b"1"}
)
NEW = add_manifest(
    {
        "boot.py": MAIN + b"# 2\n",
        "main.py": b"# 2\n",
        "twinohm_update.py": UPDATE,
        "twinohm_fw/a.py": b"2",
        "twinohm_fw/core/b.py": b"b",
        "adafruit_bus_device/i2c_device.py": b"theirs",
    }
)
USERS = {
    "main.py": b"print('my robot')\n",
    "boot.py": b"# my start\n",
    "main.py.bak": b"my own copy\n",
    "main.py.new": b"my draft\n",
    "adafruit_bus_device/i2c_device.py": b"# my own driver\n",
    "adafruit_bus_device/i2c_device.mpy": b"compiled by me",
    "twinohm_fw/mine.py": b"mine",
    "robot/main.py": b"more",
}
BOARDS: dict[str, dict[str, bytes]] = {
    "nothing": {},
    "the user's files": USERS,
    "an older TwinOhm": OLD,
    "an older TwinOhm, changed by its user": {**OLD, "main.py": MAIN + b"led.on()\n", "twinohm_fw/ad5220.py": b"mine"},
    "a TwinOhm without list": {name: data for name, data in OLD.items() if name != MANIFEST},
}


def nothing(done: int, total: int) -> None:
    pass


def users(files: dict[str, bytes]) -> list[bytes]:
    """Return the contents of a board that TwinOhm has not installed."""
    installed = set(OLD.values()) if MANIFEST in files else set()
    return [data for data in files.values() if data not in installed]


@pytest.mark.parametrize("name", BOARDS)
def test_wherever_power_is_cut_no_file_of_the_user_is_lost(name: str) -> None:
    """Before each single change of the flash: then the same is installed again, with or without a boot between."""
    whole = FakeChip(BOARDS[name])
    done = install(whole, NEW, nothing)
    assert done.written[0] == MANIFEST and whole.changes > 10
    for boots in (False, True):
        for cut_at in range(whole.changes):
            chip = FakeChip(BOARDS[name])
            chip.cut_at = cut_at
            with pytest.raises(PowerCut):
                install(chip, NEW, nothing)
            assert set(users(BOARDS[name])) <= set(chip.files.values()), cut_at
            chip.cut_at = None
            if boots and any(b"twinohm_update" in chip.files.get(name, b"") for name in ("boot.py", "main.py")):
                chip.exec(chip.files["twinohm_update.py"].decode())
                chip.exec("finish()")
            install(chip, NEW, nothing)
            assert chip.files == whole.files, cut_at
    assert set(users(BOARDS[name])) <= set(whole.files.values())
    assert {path: whole.files[path] for path in NEW} == NEW
    mine = users(BOARDS[name])
    assert not any(path.endswith(".new") and data not in mine for path, data in whole.files.items())


def test_what_is_kept_and_under_which_name() -> None:
    chip = FakeChip(USERS)
    said: dict[str, str] = {}
    done = install(chip, NEW, nothing, said.__setitem__)
    assert (
        done.kept
        == said
        == {
            "boot.py": "boot.py.bak",
            "main.py": "main.py.bak2",  # main.py.bak is the user's too
            "main.py.new": "main.py.new.bak",
            "adafruit_bus_device/i2c_device.py": "adafruit_bus_device/i2c_device.py.bak",
            "adafruit_bus_device/i2c_device.mpy": "adafruit_bus_device/i2c_device.mpy.bak",
        }
    )
    assert all(chip.files[backup] == USERS[name] for name, backup in said.items())
    untouched = ("main.py.bak", "twinohm_fw/mine.py", "robot/main.py")
    assert all(chip.files[name] == USERS[name] for name in untouched)


def test_what_twinohm_installed_itself_is_replaced_without_copies() -> None:
    chip = FakeChip(OLD)
    assert install(chip, NEW, nothing).kept == {}
    assert chip.files == NEW
    chip.files["main.py"] += b"led.on()\n"
    assert install(chip, NEW, nothing).kept == {"main.py": "main.py.bak"}
    assert install(chip, NEW, nothing).written == ()


def test_an_installation_that_was_cut_while_renaming_is_ended_before_another_begins() -> None:
    """Otherwise a boot could rename what the other has only half written."""
    whole = FakeChip(OLD)
    install(whole, NEW, nothing)
    chip = FakeChip(OLD)
    chip.cut_at = whole.changes - 2
    with pytest.raises(PowerCut):
        install(chip, NEW, nothing)
    assert "twinohm.todo" in chip.files
    chip.cut_at = None
    other = add_manifest({**NEW, "twinohm_fw/a.py": b"3" * 50} | {MANIFEST: b""})
    del other[MANIFEST]
    other = add_manifest(other)
    seen = []

    def look(done: int, total: int) -> None:
        seen.append("twinohm.todo" in chip.files)

    install(chip, other, look)
    assert seen and not any(seen) and {path: chip.files[path] for path in other} == other


# -- the command -------------------------------------------------------------------------------------------------------

DIVIDER = ["flash", "--board", "divider", "--source"]


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], FakeChip]:
    """Return a function that plugs a Pico with these files in, as the only one."""

    def plug(files: dict[str, bytes]) -> FakeChip:
        chip = FakeChip(files)

        @contextmanager
        def transport(port: str) -> Iterator[FakeChip]:
            yield chip

        found = [PortInfo("/dev/ttyACM7", "Pico", "A", True)]
        monkeypatch.setattr(transports, "serial_ports", lambda: found)
        monkeypatch.setattr(bootsel, "drives", list)
        monkeypatch.setattr("twinohm.install.installer.transport", transport)
        monkeypatch.setattr("twinohm.diagnostics.doctor.require_installable", lambda port: None)
        monkeypatch.setattr(api_flash, "running_firmware", lambda port, board: "0123")
        return chip

    return plug


Plug = Callable[[dict[str, bytes]], FakeChip]


def flash(*options: str, cwd: Path) -> Done:
    done = run_here(*DIVIDER, *options, cwd=cwd)
    assert "Traceback" not in done.stderr
    return done


def test_auto_asks_before_it_takes_a_board_without_twinohm(plugged: Plug, tmp_path: Path) -> None:
    """Here is no terminal to ask at. The user's program, which was stopped to look at the board, is started again."""
    chip = plugged(USERS)
    del chip.files["twinohm_fw/mine.py"]
    chip.folders.discard("twinohm_fw")
    before = dict(chip.files)
    done = flash(cwd=tmp_path)
    assert done.returncode == 2
    assert "port auto: /dev/ttyACM7 has no TwinOhm; name it with --port /dev/ttyACM7, or give --yes" in done.stderr
    assert chip.files == before and chip.restarts == 1


@pytest.mark.parametrize("options", [["--yes"], ["--port", "/dev/ttyACM7"]], ids=["yes", "named"])
def test_a_board_that_is_named_is_taken_and_what_is_kept_is_said(
    options: list[str], plugged: Plug, tmp_path: Path
) -> None:
    chip = plugged({"main.py": USERS["main.py"], "boot.py": USERS["boot.py"]})
    done = flash(*options, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "main.py is not TwinOhm's: kept as main.py.bak" in done.stderr
    assert json.loads(done.stdout)["kept"] == {name: name + ".bak" for name in ("boot.py", "main.py")}
    assert (chip.files["main.py.bak"], chip.files["boot.py.bak"]) == (USERS["main.py"], USERS["boot.py"])
    again = flash(cwd=tmp_path)  # auto knows it now
    assert again.returncode == 0 and "0 files written" in again.stderr and "kept" not in again.stderr


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("y\n", 0)])
def test_the_answer_at_a_terminal_decides(
    answer: str, code: int, plugged: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip = plugged({"main.py": USERS["main.py"]})
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    done = flash(cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert "/dev/ttyACM7 has no TwinOhm. Install TwinOhm there? [y/N]" in done.stdout + done.stderr
    assert ("nothing was installed; name the board" in done.stderr) == (code == 1)
    assert ("main.py.bak" in chip.files) == (code == 0)


class Terminal:
    """Standard input of a person."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def isatty(self) -> bool:
        return True

    def readline(self, *_: Any) -> str:
        return self._answer


def test_a_pico_in_bootsel_that_auto_finds_is_asked_for(
    plugged: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugged({})
    drive = tmp_path / "RPI-RP2"
    drive.mkdir()
    (drive / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\n")
    monkeypatch.setattr(bootsel, "drives", lambda: [drive])
    monkeypatch.setattr("twinohm.firmware.uf2.read_uf2", lambda source, chip: Uf2(tmp_path / "any.uf2", b""))
    done = flash(cwd=tmp_path)
    assert done.returncode == 2 and f"name it with --drive {drive}, or give --yes" in done.stderr
    assert not (drive / "any.uf2").exists()


# -- --to --------------------------------------------------------------------------------------------------------------


def test_a_folder_of_the_user_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "adafruit_bus_device").mkdir(parents=True)
    for name in ("main.py", "boot.py", "adafruit_bus_device/i2c_device.py"):
        (folder / name).write_bytes(USERS[name])
    done = flash("--to", "project", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "project/main.py is not TwinOhm's: kept as project/main.py.bak" in done.stderr
    driver = "project/adafruit_bus_device/i2c_device.py"
    assert json.loads(done.stdout)["kept"] == {
        **{f"project/{name}": f"project/{name}.bak" for name in ("boot.py", "main.py")},
        driver: driver + ".bak",
    }
    for name in ("main.py", "boot.py"):
        assert (folder / (name + ".bak")).read_bytes() == USERS[name]
    files = firmware_files(load_board("divider"), compiled=False, chip=None)
    assert {name: (folder / name).read_bytes() for name in files} == files
    assert not list(folder.rglob("*.new")) and not list(folder.rglob("*.part"))
    again = flash("--to", "project", cwd=tmp_path)
    assert again.returncode == 0 and "kept" not in again.stderr
    (folder / "main.py").write_text("changed by its user")
    assert "kept as project/main.py.bak2" in flash("--to", "project", cwd=tmp_path).stderr


@pytest.mark.parametrize(("chip", "core"), [(RP2040, "armv6m"), (RP2350, "armv7emsp")], ids=["RP2040", "RP2350"])
def test_a_board_gets_the_registers_and_the_machine_code_of_its_chip(
    chip: Chip, core: str, plugged: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, compiled = plugged({}), set()
    board.chip, board.machine = chip, f"Raspberry Pi Pico with {chip.name}"
    run = subprocess.run

    def noted(command: list[str], **options: Any) -> Any:
        compiled.add(command[1])
        return run(command, **options)

    monkeypatch.setattr(sources.subprocess, "run", noted)
    done = run_here("flash", "--board", "divider", "--port", "/dev/ttyACM7", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    there = {name.split("/")[2] for name in board.files if name.startswith("twinohm_fw/drivers/rp2")}
    assert there == {chip.name.lower()} and compiled == {f"-march={core}"}


@pytest.mark.slow
def test_a_board_that_says_it_is_a_pico_2_is_flashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All the way from the board's own words, through mpremote, to the files that it has then."""
    board = FakeChip({})
    board.machine = "Raspberry Pi Pico 2 W with RP2350"
    monkeypatch.setattr(api_flash, "running_firmware", lambda port, board: "0123")
    with tcp_server(RawPrompt(board).receive) as where:
        done = run_here("flash", "--board", "divider", "--port", where, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert board.files == firmware_files(load_board("divider"), chip=RP2350)


def test_a_folder_has_the_registers_of_every_chip(tmp_path: Path) -> None:
    flash("--to", "files", cwd=tmp_path)
    found = (tmp_path / "files" / "twinohm_fw" / "drivers").glob("*/registers.py")
    assert {path.parent.name for path in found} == {"rp2040", "rp2350"}


def test_a_folder_of_an_older_twinohm_is_brought_up_to_date_without_copies(tmp_path: Path) -> None:
    for name, data in OLD.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    done = flash("--to", ".", cwd=tmp_path)
    assert done.returncode == 0 and "kept" not in done.stderr and not list(tmp_path.rglob("*.bak"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for to in ("file", "file/under"):
        done = flash("--to", to, cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.startswith(f"twinohm: --to {to}: ")
    assert (tmp_path / "file").read_text() == ""
