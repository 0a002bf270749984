"""A Pico in BOOTSEL, with a folder standing in for its drive."""

import json
from pathlib import Path

import pytest

from twinohm.cli.flash import _with_micropython
from twinohm.errors import BoardNotFound, LinkError, UsageError
from twinohm.flash import bootsel
from twinohm.link import ports
from twinohm.link.ports import PortInfo
from twinohm.resources import firmware_dir


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    (folder / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n")
    return folder


@pytest.fixture
def uf2(tmp_path: Path) -> Path:
    block = bytearray(512)
    for at, word in ((0, 0x0A324655), (4, 0x9E5D5157), (8, 0x2000), (12, 0x10000000), (16, 256)):
        block[at : at + 4] = word.to_bytes(4, "little")
    block[28:32] = 0xE48BFF56.to_bytes(4, "little")
    block[508:] = 0x0AB16F30.to_bytes(4, "little")
    path = tmp_path / "micropython.uf2"
    path.write_bytes(bytes(block) * 100)
    return path


def test_micropython_is_copied_to_a_pico_that_waits_for_it(
    drive: Path, uf2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> list[PortInfo]:
        old = PortInfo("/dev/ttyACM0", "another Pico", "A", True)
        return [old, PortInfo("/dev/ttyACM1", "Pico", "B", True)] if (drive / uf2.name).exists() else [old]

    monkeypatch.setattr(ports, "serial_ports", found)
    monkeypatch.setattr(bootsel, "serial_ports", found)
    assert _with_micropython("auto", str(uf2), drive) == "/dev/ttyACM1"
    assert (drive / uf2.name).read_bytes() == uf2.read_bytes()


def test_a_folder_that_is_no_drive_is_refused(tmp_path: Path, uf2: Path) -> None:
    with pytest.raises(UsageError, match="no INFO_UF2.TXT of RPI-RP2"):
        _with_micropython("auto", str(uf2), tmp_path)


def test_several_picos_have_to_be_told_apart(drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootsel, "drives", lambda: [drive, drive.parent])
    with pytest.raises(UsageError, match="2 Picos wait"):
        bootsel.find_drive()


def test_a_drive_that_goes_too_early_is_told(drive: Path, uf2: Path) -> None:
    def gone(done: int, total: int) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(LinkError, match="after 16384 of 51200 bytes"):
        bootsel.copy(uf2, drive, gone)


def test_no_pico_and_no_port_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "serial_ports", list)
    monkeypatch.setattr(bootsel, "drives", list)
    with pytest.raises(BoardNotFound, match="hold BOOTSEL"):
        _with_micropython("auto", None, None)
    monkeypatch.setattr(bootsel, "serial_ports", list)
    with pytest.raises(BoardNotFound, match="no serial port of MicroPython"):
        bootsel.wait_for_port(set(), timeout_s=0.3)
    with pytest.raises(BoardNotFound, match="name its folder with --drive"):
        bootsel.wait_for_drive(None, timeout_s=0.3)


def test_package_json_lists_the_firmware() -> None:
    """What `mpremote mip install` takes; the board's configuration is added by `twinohm flash`."""
    package = json.loads((firmware_dir() / "package.json").read_text())
    listed = {path for path, source in package["urls"] if path == source}
    there = {path.relative_to(firmware_dir()).as_posix() for path in firmware_dir().rglob("*.py")}
    assert listed == there
