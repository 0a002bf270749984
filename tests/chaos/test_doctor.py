"""`twinohm doctor`: what it says of each step, on devices, TCP ports and virtual boards, with its exit code.

The chip is that of tests/fake_chip.py, which runs the host's code on a file system in memory.
"""

import errno
import json
import os
import sys
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.test_remedies import HURRY, deny, tcp_server
from tests.command_line import Done, pty_board, run_here, tcp_board
from tests.fake_board import FakePort
from tests.fake_chip import FakeChip, RawPrompt
from tests.held_device import client_of, held_device
from twinohm.diagnostics import doctor
from twinohm.errors import UsageError
from twinohm.firmware.manifest import MANIFEST, NEW
from twinohm.firmware.sources import firmware_files, firmware_hash
from twinohm.install import bootsel
from twinohm.link import open_errors, transports
from twinohm.link.transports import PortInfo
from twinohm.model.board_file import load_board
from twinohm.model.calibration import (
    FORMAT,
    Calibration,
    calibration_folder,
    calibration_key,
    nominal_corrections,
    save_calibration,
)
from twinohm.paths import boards_file
from twinohm.remedies import Symptom

pytestmark = pytest.mark.skipif(os.name == "nt", reason="devices, groups and drives of Linux")
BOARD = load_board("divider")
STEPS = list(doctor.STEPS)
ID = FakeChip.unique_id.hex()


@pytest.fixture(autouse=True)
def _computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No board is plugged in, no drive is there, no calibration is kept."""
    monkeypatch.setenv("TWINOHM_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(bootsel, "LABELS", tmp_path / "by-label")
    monkeypatch.setattr(bootsel, "USB", tmp_path / "usb")
    monkeypatch.setattr("psutil.disk_partitions", list)
    plug_in(monkeypatch)


def plug_in(monkeypatch: pytest.MonkeyPatch, *devices: str) -> None:
    """Let these be the serial devices with MicroPython."""
    found = [PortInfo(device, "Pico", None, True) for device in devices]
    for module in (transports, doctor, bootsel):
        monkeypatch.setattr(module, "serial_ports", lambda: found)


@pytest.fixture
def chip() -> FakeChip:
    """Return a chip with this host's firmware for the divider."""
    return FakeChip(firmware_files(BOARD, compiled=False))


def calibration() -> Calibration:
    return Calibration(
        board=BOARD.name,
        id=ID,
        made="2026-11-01T10:00:00+01:00",
        adc=nominal_corrections(BOARD),
        rms_V=(0.02, 0.001),
        cmp_V={},
        sgn_V={},
        noise_V=None,
        key=calibration_key(BOARD, ID),
        dac={},
        format=FORMAT,
    )


Findings = dict[str, dict[str, str]]


def examined(where: str, tmp_path: Path, *options: str) -> tuple[Done, Findings]:
    """Return what the command did, and its findings by step."""
    done = run_here("doctor", "--port", where, "--json", *options, cwd=tmp_path)
    assert not done.stderr and done.stdout.count("\n") == 1
    said = json.loads(done.stdout)
    found = {finding["step"]: finding for finding in said["findings"]}
    wrong = [step for step, finding in found.items() if finding["state"] == "wrong"]
    assert list(found) == STEPS and said["port"] == where.partition("?token=")[0]
    assert said["well"] == (not wrong) and done.returncode == bool(wrong)
    assert [step for step, finding in found.items() if finding["remedy"]] == wrong, found
    return done, found


def examined_chip(chip: FakeChip, tmp_path: Path, *options: str) -> Findings:
    """Return the findings on a chip at a TCP port. Nothing was written there, and nothing of the firmware ran."""
    prompt = RawPrompt(chip)
    with tcp_server(prompt.receive) as where:
        _, found = examined(where, tmp_path, *options)
    assert not chip.changes and not any("twinohm_fw import" in code or "learner" in code for code in prompt.ran)
    return found


def wrong_alone(found: Findings, *steps: str) -> None:
    assert [step for step, finding in found.items() if finding["state"] == "wrong"] == list(steps)


def has(finding: dict[str, str], symptom: Symptom, text: str, remedy: str = "") -> None:
    """Check that a finding is of a symptom, and its words."""
    assert finding["text"] == text
    assert finding["remedy"] == remedy if remedy else finding["remedy"].startswith(symptom.remedy.partition("{")[0])


# -- a board that is well --------------------------------------------------------------------------------------------


def test_a_board_that_is_well(chip: FakeChip, tmp_path: Path) -> None:
    save_calibration(calibration())
    found = examined_chip(chip, tmp_path)
    wrong_alone(found)
    assert {step: finding["text"] for step, finding in found.items() if step in STEPS[3:]} == {
        "MicroPython": "MicroPython 1.25",
        "chip": "Raspberry Pi Pico with RP2040",
        "start files": "TwinOhm's boot.py and main.py",
        "firmware": f"{firmware_hash()} for divider, as this host has it",
        "settling": "nodes settle within 110 us in every placement; the board waits for it",
        "calibration": f"2026-11-01T10:00:00+01:00 (key {calibration_key(BOARD, ID)[:8]}) fits board and tables; each "
        "run measures whether it still holds",
    }
    assert [found[step]["state"] for step in STEPS[:3]] == ["left out", "ok", "left out"]


@contextmanager
def pty_chip(chip: FakeChip) -> Iterator[str]:
    """Yield the name of a serial device with a chip behind it, which is to be left at its usual prompt."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    prompt = RawPrompt(chip)

    def serve() -> None:
        while b"\0" not in (data := os.read(ours, 4096)):
            os.write(ours, prompt.receive(data))

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield os.ttyname(theirs)
    os.write(theirs, b"\0")
    thread.join(10)
    assert prompt.ran and not prompt.is_raw
    for end in (ours, theirs):
        os.close(end)


@pytest.mark.parametrize("named", [True, False])
def test_a_device_that_is_well(named: bool, chip: FakeChip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_calibration(calibration())
    with pty_chip(chip) as device:
        plug_in(monkeypatch, device)
        _, found = examined(device if named else "auto", tmp_path)
    wrong_alone(found)
    assert [finding["state"] for finding in found.values()] == ["ok"] * 9
    assert [found[step]["text"] for step in STEPS[:3]] == [
        f"you may open {device}",
        f"{device} is held by no other program",
        f"the board is at {device}, so not in BOOTSEL",
    ]


def test_a_finding_is_a_line_in_a_pipe_and_is_folded_in_a_terminal(
    chip: FakeChip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    with tcp_server(RawPrompt(chip).receive) as where:
        done = run_here("doctor", "--port", where, cwd=tmp_path)
        monkeypatch.setenv("COLUMNS", "60")
        narrow = run_here("doctor", "--port", where, cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines if not line.startswith(" ")] == STEPS
    assert lines[-2:] == [
        "calibration  wrong     no calibration is kept for this board",
        f"                       -> `twinohm calibrate --port {where}` makes one",
    ]
    assert max(map(len, lines)) > 60 >= max(map(len, narrow.stdout.splitlines()))
    assert narrow.stdout.split() == done.stdout.split() and narrow.returncode == done.returncode == 1


# -- virtual boards --------------------------------------------------------------------------------------------------


def test_a_virtual_board_has_no_device_and_no_files(tmp_path: Path) -> None:
    done, found = examined("sim://divider?seed=3", tmp_path)
    assert done.returncode == 0
    assert {step: finding["state"] for step, finding in found.items()} == dict.fromkeys(STEPS, "left out") | {
        "port": "ok",
        "settling": "ok",
    }
    assert found["calibration"]["text"] == "none is kept, and runs on virtual boards use none by default"


def test_a_virtual_board_has_the_tables_of_a_file_of_yours(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(boards_file().read_text().replace("settle_us = 110", "settle_us = 111"))
    _, found = examined("sim://divider", tmp_path, "--boards", str(mine))
    assert found["settling"]["text"].startswith("nodes settle within 111 us ")


def test_a_virtual_board_at_a_tcp_port_is_known_by_its_python(tmp_path: Path) -> None:
    with tcp_board("divider") as where:
        done, found = examined(where, tmp_path)
        refused = run_here("flash", "--port", where, "--board", "divider", cwd=tmp_path)
    assert "a virtual board, CPython 3." in found["MicroPython"]["text"] and done.returncode == 1
    wrong_alone(found, "calibration")
    assert found["settling"]["state"] == "ok"
    assert "cpython runs there, the firmware needs MicroPython; nothing was written; a virtual board" in refused.stderr
    assert refused.returncode == Symptom.OTHER_PYTHON.kind.exit_code == 1


# -- the computer ----------------------------------------------------------------------------------------------------


def test_a_device_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path / "ttyACM0"
    device.touch()
    device.chmod(0o660)
    deny(monkeypatch, device, errno.EACCES)
    monkeypatch.setattr("grp.getgrgid", lambda number: SimpleNamespace(gr_name="plugdev", gr_mem=[]))
    monkeypatch.setattr(open_errors.getpass, "getuser", lambda: "me")
    plug_in(monkeypatch, str(device))
    _, found = examined("auto", tmp_path)
    wrong_alone(found, "permission")
    assert found["port"]["text"] == "you may not open it"
    assert found["permission"]["text"] == f"{device}: permission denied, only group plugdev may open it"
    assert found["permission"]["remedy"] == "`sudo usermod -aG plugdev $USER`, then log out and in again"
    assert found["MicroPython"]["text"] == "the port is not open"
    refused = run_here("flash", "--port", str(device), cwd=tmp_path)
    assert f"twinohm: {device}: permission denied, only group plugdev may open it; `sudo" in refused.stderr


@pytest.mark.parametrize("command", ["doctor", "flash"])
def test_a_program_that_has_the_device_without_locking_it_is_named(command: str, tmp_path: Path) -> None:
    with held_device(lock=False) as (device, other):
        done = run_here(command, "--port", device, cwd=tmp_path)
    said = " ".join((done.stdout + done.stderr).split())
    assert f"held by python (process {other})" in said or f"held by python3 (process {other.pid})" in said
    assert "end it, or wait until it is done" in said and done.returncode == Symptom.HELD.kind.exit_code == 1


def test_the_process_that_serves_a_pseudo_terminal_is_no_holder_and_a_client_of_it_is(tmp_path: Path) -> None:
    with pty_board("divider") as device:
        assert run_here("calibrate", "--port", device, cwd=tmp_path).returncode == 0
        done = run_here("doctor", "--port", device, cwd=tmp_path)
        assert done.returncode == 0 and f"{device} is held by no other program" in " ".join(done.stdout.split()), done
        with client_of(device) as other:
            assert f"(process {other})" in str(open_errors.port_holder(device))


def test_a_board_that_is_open_here_is_held(chip: FakeChip, tmp_path: Path) -> None:
    with tcp_server(RawPrompt(chip).receive) as where:
        lock = transports.hold_port(where)
        assert lock is not None
        _, found = examined(where, tmp_path)
        lock.release()
    wrong_alone(found, "port")
    assert "held by" in found["port"]["text"] and f"process {os.getpid()}" in found["port"]["text"]
    assert found["port"]["remedy"] == Symptom.HELD_HERE.remedy


def test_several_boards_are_not_chosen_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [str(tmp_path / name) for name in ("ttyACM0", "ttyACM1")]
    for device in devices:
        Path(device).touch()
    plug_in(monkeypatch, *devices)
    _, found = examined("auto", tmp_path)
    wrong_alone(found, "port")
    assert found["permission"]["text"] == f"you may open {', '.join(devices)}"
    has(found["port"], Symptom.NOT_ONE, "port auto: 2 boards with MicroPython")


def test_without_a_board_each_step_says_why_it_is_left_out(tmp_path: Path) -> None:
    _, found = examined("auto", tmp_path)
    wrong_alone(found, "BOOTSEL")
    has(found["BOOTSEL"], Symptom.NO_PICO, "port auto: no Pico, neither with MicroPython nor in BOOTSEL")
    assert [found[step]["text"] for step in STEPS if step != "BOOTSEL"] == [
        *["no board with MicroPython is plugged in"] * 2,
        "the port is not open",
        *["no MicroPython answers"] * 5,
    ]


@pytest.mark.parametrize(
    "where",
    ["/dev/null", "lab16", "sim://divider?at=3:remove=A-B", "nosuch://x", "sim://nosuch", "sim://lab16?nosuch=1"],
)
def test_a_port_that_is_none_is_a_wrong_argument(where: str, tmp_path: Path) -> None:
    done = run_here("doctor", "--port", where, cwd=tmp_path)
    assert done.stderr.startswith("twinohm: ") and done.returncode == 2


def test_a_wrong_boards_file_is_a_wrong_argument(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("nodes = ")
    done = run_here("doctor", "--port", "/dev/nosuch", "--boards", "mine.toml", cwd=tmp_path)
    assert "mine.toml" in done.stderr and not done.stdout and done.returncode == 2


# -- BOOTSEL ---------------------------------------------------------------------------------------------------------


def usb(product: str) -> None:
    """Plug in a USB device with these ids, and an interface, which has none."""
    folder = bootsel.USB / "1-2"
    folder.mkdir(parents=True)
    (bootsel.USB / "1-2:1.0").mkdir()
    (folder / "idVendor").write_text("2e8a\n")
    (folder / "idProduct").write_text(f"{product}\n")


def label(name: str) -> None:
    bootsel.LABELS.mkdir()
    (bootsel.LABELS / name).touch()


def test_a_pico_in_bootsel_whose_drive_is_not_mounted(tmp_path: Path) -> None:
    usb("0003")
    label("RPI-RP2")
    _, found = examined("auto", tmp_path)
    wrong_alone(found, "BOOTSEL")
    device = bootsel.LABELS / "RPI-RP2"
    remedy = f"open it in the file manager or with `udisksctl mount -b {device}`, then repeat"
    text = f"{device}: a Pico is in BOOTSEL, but its drive is not mounted"
    has(found["BOOTSEL"], Symptom.NOT_MOUNTED, text, remedy)


@pytest.mark.parametrize("command", ["doctor", "flash"])
def test_a_pico_in_bootsel_that_became_no_drive(command: str, tmp_path: Path) -> None:
    usb("0003")
    done = run_here(command, "--port", "auto", cwd=tmp_path)
    said = " ".join((done.stdout + done.stderr).split())
    assert "USB 2e8a:0003: a Pico is in BOOTSEL, but this computer shows no drive of it" in said
    assert Symptom.NO_DISK.remedy in said and done.returncode == Symptom.NO_DISK.kind.exit_code == 1


def test_an_rp2350_in_bootsel_is_named(tmp_path: Path) -> None:
    usb("000f")
    _, found = examined("auto", tmp_path)
    wrong_alone(found, "BOOTSEL")
    has(found["BOOTSEL"], Symptom.NO_DISK, f"USB 2e8a:000f: {Symptom.NO_DISK.seen}")


@pytest.mark.parametrize("where", ["auto", "/dev/ttyACM_nosuch"])
def test_a_pico_in_bootsel_runs_no_program(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / bootsel.INFO).write_text("Board-ID: RPI-RP2\n")
    monkeypatch.setattr("psutil.disk_partitions", lambda: [SimpleNamespace(mountpoint=str(tmp_path))])
    _, found = examined(where, tmp_path)
    has(found["BOOTSEL"], Symptom.IN_BOOTSEL, f"{tmp_path}: a Pico is in BOOTSEL, where it runs no program")


def test_no_board_is_wrong_also_without_psutil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    _, found = examined("auto", tmp_path)
    assert found["BOOTSEL"]["state"] == "wrong" and found["BOOTSEL"]["remedy"] == Symptom.NO_PICO.remedy


# -- MicroPython and chip --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("described", "step", "symptom", "text"),
    [
        (
            {"version": (1, 22, 2)},
            "MicroPython",
            Symptom.OLD_MICROPYTHON,
            "it runs MicroPython 1.22, the firmware needs 1.23 or newer; nothing was written",
        ),
        (
            {"name": "circuitpython", "version": (9, 2, 1)},
            "MicroPython",
            Symptom.OTHER_PYTHON,
            "circuitpython runs there, the firmware needs MicroPython; nothing was written",
        ),
        (
            {"machine": "Generic board with SAMD51"},
            "chip",
            Symptom.OTHER_CHIP,
            "the board has a chip on which the firmware would write wrong registers (Generic board with SAMD51)",
        ),
        (
            {"machine": "Raspberry Pi Pico2 with RP2350-RISCV"},
            "chip",
            Symptom.RISC_V,
            "MicroPython uses the RISC-V cores there (Raspberry Pi Pico2 with RP2350-RISCV), for which the firmware "
            "has no machine code",
        ),
    ],
)
def test_a_python_or_chip_that_the_firmware_does_not_fit(
    described: dict[str, Any], step: str, symptom: Symptom, text: str, chip: FakeChip, tmp_path: Path
) -> None:
    vars(chip).update(described)
    save_calibration(calibration())
    found = examined_chip(chip, tmp_path)
    wrong_alone(found, step)
    has(found[step], symptom, text)


def test_what_is_no_micropython_ends_the_examination(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "Timeouts", lambda: HURRY)
    with tcp_server(lambda data: b"temp=23.5\r\n") as where:
        _, found = examined(where, tmp_path)
    wrong_alone(found, "MicroPython")
    assert "no MicroPython prompt within 0.15 s, it sent b'temp=23.5" in found["MicroPython"]["text"]
    assert [found[step]["text"] for step in STEPS[4:]] == ["no MicroPython answers"] * 5


@pytest.mark.parametrize("number", [0, 2, 4, 5])
def test_a_board_that_answers_something_else_is_to_be_reset(number: int, chip: FakeChip, tmp_path: Path) -> None:
    """The answer to one piece of code is text that is none; what follows it is examined or left out."""
    prompt = RawPrompt(chip)

    def talk(data: bytes) -> bytes:
        ran = len(prompt.ran)
        answer = prompt.receive(data)
        return b"OK(((\x04\x04>" if len(prompt.ran) > ran == number else answer

    with tcp_server(talk) as where:
        _, found = examined(where, tmp_path)
    wrong = [finding for finding in found.values() if finding["state"] == "wrong"]
    assert wrong and wrong[0]["remedy"] in {Symptom.ODD_ANSWER.remedy, Symptom.CHANGED_FILES.remedy}
    assert not chip.changes


# -- files -----------------------------------------------------------------------------------------------------------


def damaged(chip: FakeChip, case: str) -> None:
    files, compiled = chip.files, "twinohm_fw/core/twin.mpy"
    if case == "foreign main.py":
        files["main.py"] = b"print('mine')"
        files["main.py.bak"] = b"print('older')"
    elif case == "no firmware":
        chip.files = {"main.py": b"print('mine')", "boot.py": b"", "data.csv": b"1"}
    elif case == "cut off":
        files["twinohm.todo"] = b"boot.py"
    elif case == "other firmware":
        source = files["twinohm_board.py"].replace(firmware_hash().encode(), b"0123456789abcdef")
        files["twinohm_board.py"] = source
    elif case == "changed":
        files["twinohm_fw/core/twin.py"] += b"#"
        del files["twinohm_update.py"]
    elif case == "many changed":
        for name in [name for name in files if name.startswith("twinohm_fw/selftest/")]:
            del files[name]
    elif case == "foreign .mpy":
        del files["twinohm_fw/core/twin.py"]
        files[compiled] = b"M\x06"
    elif case == "bus device":
        files["adafruit_bus_device/i2c_device.py"] = b""
    elif case == "no configuration":
        del files["twinohm_board.py"]
    elif case == "odd configuration":
        files["twinohm_board.py"] = b"BOARD = {'board': 7}"


@pytest.mark.parametrize(
    ("case", "steps", "symptom", "text", "remedy"),
    [
        (
            "foreign main.py",
            ("start files",),
            Symptom.FOREIGN_START,
            "the board starts main.py of yours, and not TwinOhm's",
            "`twinohm flash` installs TwinOhm's, and keeps yours as main.py.bak2",
        ),
        (
            "no firmware",
            ("firmware", "start files"),
            Symptom.NO_FIRMWARE,
            "MicroPython runs there without the firmware of TwinOhm (no folder twinohm_fw)",
            "",
        ),
        (
            "cut off",
            ("firmware",),
            Symptom.CUT_OFF,
            "an installation was interrupted (twinohm.todo is there)",
            "",
        ),
        (
            "other firmware",
            ("firmware",),
            Symptom.OTHER_FIRMWARE,
            f"it has firmware 0123456789abcdef, this host has {firmware_hash()}",
            "",
        ),
        (
            "changed",
            ("firmware",),
            Symptom.CHANGED_FILES,
            "files of its firmware are missing or changed: twinohm_fw/core/twin.py, twinohm_update.py",
            "",
        ),
        (
            "many changed",
            ("firmware",),
            Symptom.CHANGED_FILES,
            "files of its firmware are missing or changed: twinohm_fw/selftest/__init__.py, "
            "twinohm_fw/selftest/board_under_test.py, twinohm_fw/selftest/bridge_equations.py and 10 more",
            "",
        ),
        (
            "foreign .mpy",
            ("firmware",),
            Symptom.CHANGED_FILES,
            "files of its firmware are missing or changed: twinohm_fw/core/twin.mpy",
            "",
        ),
        (
            "bus device",
            ("firmware",),
            Symptom.CHANGED_FILES,
            "files of its firmware are missing or changed: adafruit_bus_device/i2c_device.py",
            "",
        ),
        (
            "no configuration",
            ("firmware",),
            Symptom.NO_FIRMWARE,
            "MicroPython runs there without the firmware of TwinOhm (ImportError: no module named 'twinohm_board')",
            "",
        ),
        (
            "odd configuration",
            ("firmware",),
            Symptom.CHANGED_FILES,
            "files of its firmware are missing or changed: twinohm_board",
            "",
        ),
    ],
)
def test_files_that_are_not_those_of_this_version(
    case: str, steps: tuple[str, ...], symptom: Symptom, text: str, remedy: str, chip: FakeChip, tmp_path: Path
) -> None:
    save_calibration(calibration())
    damaged(chip, case)
    found = examined_chip(chip, tmp_path)
    wrong_alone(found, *sorted(steps, key=STEPS.index))
    has(found[steps[0]], symptom, text, remedy)


def test_a_program_of_yours_on_a_board_without_twinohm(tmp_path: Path) -> None:
    found = examined_chip(FakeChip({"main.py": b"print('mine')"}), tmp_path)
    wrong_alone(found, "start files", "firmware")
    assert found["settling"]["text"] == found["calibration"]["text"] == "it is not known which board this is"


def test_files_that_mpremote_installed_are_known_by_their_sources(chip: FakeChip, tmp_path: Path) -> None:
    """They have no list, and adafruit_bus_device is as its release has it."""
    save_calibration(calibration())
    del chip.files[MANIFEST]
    chip.files["adafruit_bus_device/i2c_device.py"] += b"# release\n"
    wrong_alone(examined_chip(chip, tmp_path))
    chip.files[MANIFEST + NEW] = b""
    found = examined_chip(chip, tmp_path)
    wrong_alone(found, "firmware")
    has(found["firmware"], Symptom.CUT_OFF, "an installation was interrupted (twinohm.files.new is there)")


# -- tables and calibration ------------------------------------------------------------------------------------------


def test_a_board_of_other_tables(chip: FakeChip, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(boards_file().read_text().replace("settle_us = 110", "settle_us = 111"))
    found = examined_chip(chip, tmp_path, "--boards", str(mine))
    wrong_alone(found, "firmware", "settling", "calibration")
    has(found["firmware"], Symptom.OTHER_TABLES, Symptom.OTHER_TABLES.seen.format(board="divider"))
    has(found["settling"], Symptom.SHORT_WAIT, "it waits 110 us for its nodes to settle, those of divider need 111 us")


def test_an_emulated_chip_is_compared_with_the_board_of_its_port(
    chip: FakeChip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port's URL may name a boards.toml of its own."""
    prompt: Any = RawPrompt(chip)
    port = FakePort(prompt)
    port.board, port.unique_id = BOARD.model_copy(update={"settle_us": 111}), ID
    monkeypatch.setattr(doctor, "open_port", lambda where: port)
    _, found = examined("socket://fake:1", tmp_path)
    wrong_alone(found, "firmware", "settling", "calibration")
    has(found["firmware"], Symptom.OTHER_TABLES, Symptom.OTHER_TABLES.seen.format(board="divider"))


def test_a_board_that_boards_toml_does_not_have(chip: FakeChip, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(boards_file().read_text().replace("[divider", "[other"))
    found = examined_chip(chip, tmp_path, "--boards", str(mine))
    wrong_alone(found, "firmware")
    has(found["firmware"], Symptom.OTHER_TABLES, Symptom.OTHER_TABLES.seen.format(board="divider"))
    assert found["settling"]["text"] == found["calibration"]["text"] == "it is not known which board this is"


def keep_damaged() -> None:
    save_calibration(calibration())
    (file,) = calibration_folder().iterdir()
    file.write_text(file.read_text().replace("0.001", "0.002"))


@pytest.mark.parametrize(
    ("keep", "symptom", "text"),
    [
        (lambda: None, Symptom.NOT_CALIBRATED, "no calibration is kept for this board"),
        (
            lambda: save_calibration(replace(calibration(), key="0" * 64)),
            Symptom.MISFIT,
            "the calibration of 2026-11-01T10:00:00+01:00 does not fit and is not used: the tables of divider in "
            "boards.toml are not those that it was measured with",
        ),
        (
            lambda: save_calibration(replace(calibration(), key=None)),
            Symptom.MISFIT,
            "the calibration of 2026-11-01T10:00:00+01:00 does not fit and is not used: it has no key of what it was "
            "measured on: an earlier version of TwinOhm made it",
        ),
        (keep_damaged, Symptom.BAD_CALIBRATION, "its checksum does not fit, so it was changed"),
    ],
)
def test_a_calibration_that_no_run_would_use(
    keep: Callable[[], object], symptom: Symptom, text: str, chip: FakeChip, tmp_path: Path
) -> None:
    keep()
    found = examined_chip(chip, tmp_path)
    wrong_alone(found, "calibration")
    text = f"{next(calibration_folder().iterdir())}: {text}" if symptom.kind is UsageError else text
    has(found["calibration"], symptom, text)
