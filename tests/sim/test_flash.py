"""A Pico in BOOTSEL, with a folder standing in for its drive."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from types import SimpleNamespace

import pytest

from tests.uf2_file import block_for_e10, uf2_file
from twinohm.api_flash import Consent, with_micropython
from twinohm.errors import BoardNotFound, LinkError, UsageError
from twinohm.firmware import uf2 as uf2_files
from twinohm.firmware.uf2 import read_uf2
from twinohm.install import bootsel
from twinohm.link import transports
from twinohm.link.transports import PortInfo
from twinohm.model.chips import RP2040, RP2350, Chip
from twinohm.paths import firmware_dir


def silent(what: str, done: int, of: int) -> None:
    """Show no progress."""


INFO = {
    RP2040: "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n",
    RP2350: "UF2 Bootloader v1.0\nModel: Raspberry Pi RP2350\nBoard-ID: RP2350\n",
}


def mount(folder: Path, chip: Chip = RP2040) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "INFO_UF2.TXT").write_text(INFO[chip])


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    folder = tmp_path / "RPI-RP2"
    mount(folder)
    return folder


@pytest.fixture
def uf2(tmp_path: Path) -> Path:
    path = tmp_path / "micropython.uf2"
    path.write_bytes(uf2_file(100))
    return path


def test_micropython_is_copied_to_a_pico_that_waits_for_it(
    drive: Path, uf2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> list[PortInfo]:
        old = PortInfo("/dev/ttyACM0", "another Pico", "A", True)
        return [old, PortInfo("/dev/ttyACM1", "Pico", "B", True)] if (drive / uf2.name).exists() else [old]

    monkeypatch.setattr(transports, "serial_ports", found)
    monkeypatch.setattr(bootsel, "serial_ports", found)
    assert with_micropython("auto", str(uf2), drive, Consent(needed=True), silent) == "/dev/ttyACM1"
    assert (drive / uf2.name).read_bytes() == uf2.read_bytes()


@pytest.mark.parametrize("given", [True, False], ids=["--uf2", "cache"])
def test_a_pico_2_that_waits_gets_the_micropython_of_its_chip(
    given: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive, path = tmp_path / "RP2350", tmp_path / "pico2" / "firmware.uf2"
    mount(drive, RP2350)
    path.parent.mkdir()
    path.write_bytes(block_for_e10() + uf2_file(9, RP2350))
    monkeypatch.setattr(uf2_files, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(transports, "serial_ports", list)
    ports = [PortInfo("/dev/ttyACM0", "Pico 2", "A", True)]
    monkeypatch.setattr(bootsel, "serial_ports", lambda: ports if (drive / path.name).exists() else [])
    assert with_micropython("auto", str(path) if given else None, drive, Consent(needed=True), silent) == "/dev/ttyACM0"
    assert (drive / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("theirs", "ours"), [(RP2040, RP2350), (RP2350, RP2040)], ids=["RP2040", "RP2350"])
def test_a_uf2_of_another_chip_reaches_no_pico_that_runs_micropython(
    theirs: Chip, ours: Chip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "other.uf2"
    path.write_bytes(uf2_file(3, theirs))

    @contextmanager
    def transport(port: str) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(chip=ours)  # there is nothing else to call

    monkeypatch.setattr("twinohm.install.installer.transport", transport)
    monkeypatch.setattr("twinohm.diagnostics.doctor.require_installable", lambda port: None)
    monkeypatch.setattr(transports, "serial_ports", list)
    monkeypatch.setattr(bootsel, "drives", list)
    with pytest.raises(UsageError, match=f"for an {theirs.name}, the Pico at /dev/ttyACM0 has an {ours.name}"):
        with_micropython("/dev/ttyACM0", str(path), None, Consent(needed=False), silent)


@pytest.mark.parametrize("mount_point", [True, False])
def test_a_pico_with_micropython_is_brought_into_bootsel_and_its_drive_awaited(
    mount_point: bool, tmp_path: Path, uf2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder named with --drive is empty, or not there, until the operating system has mounted the Pico on it."""
    drive = tmp_path / "media" / "RPI-RP2"
    (drive if mount_point else drive.parent).mkdir(parents=True)
    done = []

    @contextmanager
    def transport(port: str) -> Iterator[SimpleNamespace]:
        def run(code: str) -> None:
            done.append((port, code))
            Timer(0.5, mount, [drive]).start()

        there = [SimpleNamespace(name="twinohm_fw")]
        yield SimpleNamespace(chip=RP2040, exec_raw_no_follow=run, fs_listdir=lambda src: there)

    pico = [PortInfo("/dev/ttyACM0", "Pico", "A", True)]
    monkeypatch.setattr("twinohm.install.installer.transport", transport)
    monkeypatch.setattr("twinohm.diagnostics.doctor.require_installable", lambda port: None)
    monkeypatch.setattr(transports, "serial_ports", lambda: pico)
    monkeypatch.setattr(bootsel, "serial_ports", lambda: pico if (drive / uf2.name).exists() else [])
    assert with_micropython("auto", str(uf2), drive, Consent(needed=True), silent) == "/dev/ttyACM0"
    assert done == [("/dev/ttyACM0", "import machine\nmachine.bootloader()")]
    assert (drive / uf2.name).read_bytes() == uf2.read_bytes()


def test_the_drive_of_another_chip_that_comes_gets_nothing(
    tmp_path: Path, uf2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Pico is brought into BOOTSEL, and a Pico 2 is there first."""
    drive = tmp_path / "media"

    @contextmanager
    def transport(port: str) -> Iterator[SimpleNamespace]:
        there = [SimpleNamespace(name="twinohm_fw")]
        yield SimpleNamespace(
            chip=RP2040, exec_raw_no_follow=lambda code: mount(drive, RP2350), fs_listdir=lambda src: there
        )

    monkeypatch.setattr("twinohm.install.installer.transport", transport)
    monkeypatch.setattr("twinohm.diagnostics.doctor.require_installable", lambda port: None)
    monkeypatch.setattr(transports, "serial_ports", lambda: [PortInfo("/dev/ttyACM0", "Pico", "A", True)])
    with pytest.raises(UsageError, match=f"for an RP2040, the Pico at {drive} has an RP2350"):
        with_micropython("/dev/ttyACM0", str(uf2), drive, Consent(needed=False), silent)
    assert [path.name for path in drive.iterdir()] == [bootsel.INFO]


def test_a_file_that_is_cut_off_reaches_no_drive(drive: Path, uf2: Path) -> None:
    uf2.write_bytes(uf2.read_bytes()[: 512 * 60])
    with pytest.raises(UsageError, match=r"block 0 is one of 100 blocks, the file has 60; it is cut off"):
        with_micropython("auto", str(uf2), drive, Consent(needed=False), silent)
    assert [path.name for path in drive.iterdir()] == [bootsel.INFO]


def test_a_folder_that_is_no_drive_is_refused(tmp_path: Path, uf2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any Pico is touched, where the folder holds something else or nothing says that a Pico will come to it."""
    monkeypatch.setattr(transports, "serial_ports", lambda: [PortInfo("/dev/ttyACM0", "Pico", "A", True)])
    for other in (tmp_path, uf2):
        with pytest.raises(UsageError, match="no INFO_UF2.TXT of RPI-RP2"):
            with_micropython("auto", str(uf2), other, Consent(needed=True), silent)
    with pytest.raises(UsageError, match="uf2= brings one"):
        with_micropython("auto", None, tmp_path / "absent", Consent(needed=True), silent)
    with pytest.raises(BoardNotFound, match=r"absent: no drive of a Pico within 0\.3 s; mount it and repeat"):
        bootsel.wait_for_drive(tmp_path / "absent", timeout_s=0.3)


def test_several_picos_in_bootsel_are_refused(drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootsel, "drives", lambda: [drive, drive.parent])
    with pytest.raises(UsageError, match="2 Picos wait"):
        bootsel.find_drive()


def test_a_drive_that_vanishes_too_early_is_an_error(drive: Path, uf2: Path) -> None:
    def gone(done: int, total: int) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(LinkError, match="after 16384 of 51200 bytes"):
        bootsel.copy(read_uf2(str(uf2)), drive, gone)


def test_no_pico_and_no_port_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "serial_ports", list)
    monkeypatch.setattr(bootsel, "drives", lambda *_: [])
    for asked in (None, "any.uf2"):
        with pytest.raises(BoardNotFound, match="hold BOOTSEL"):
            with_micropython("auto", asked, None, Consent(needed=True), silent)
    monkeypatch.setattr(bootsel, "serial_ports", list)
    with pytest.raises(BoardNotFound, match="no serial port of MicroPython"):
        bootsel.wait_for_port(set(), timeout_s=0.3)
    with pytest.raises(BoardNotFound, match="name its folder with drive="):
        bootsel.wait_for_drive(None, timeout_s=0.3)


def test_package_json_lists_the_firmware() -> None:
    """What `mpremote mip install` takes; the board's configuration is added by `twinohm flash`."""
    package = json.loads((firmware_dir() / "package.json").read_text())
    urls = dict(package["urls"])
    assert urls.pop("twinohm.todo") == "retired.todo"  # the next boot removes the files of earlier layouts
    listed = {path for path, source in urls.items() if path == source}
    there = {path.relative_to(firmware_dir()).as_posix() for path in firmware_dir().rglob("*.py")}
    assert listed == there


def test_package_json_takes_files_of_other_makers_in_the_version_of_the_lock_file() -> None:
    """mip puts the version of our package, or the newest one, in place of the version of a `github:` address."""
    package = json.loads((firmware_dir() / "package.json").read_text())
    others = [source for _, source in package["urls"] if ":" in source] + [name for name, _ in package.get("deps", [])]
    lock = (Path(__file__).parents[2] / "requirements.txt").read_text()
    (version,) = re.findall(r"^adafruit-circuitpython-busdevice==(\S+)", lock, re.MULTILINE)
    folder = f"https://raw.githubusercontent.com/adafruit/Adafruit_CircuitPython_BusDevice/{version}/"
    assert len(others) == 2 and all(source.startswith(folder) for source in others)


def test_no_retired_file_is_still_installed() -> None:
    retired = (firmware_dir() / "retired.todo").read_text().split()
    assert "-twinohm_fw/ad5220.py" in retired and "-twinohm_fw/ad5220.mpy" in retired
    there = {path.relative_to(firmware_dir()).as_posix() for path in firmware_dir().rglob("*.py")}
    assert not there & {line.removeprefix("-").replace(".mpy", ".py") for line in retired}
