"""What differs between the chips stands in drivers/rp2040/ and drivers/rp2350/ alone; any other chip is refused."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from twinohm.paths import firmware_dir

DRIVERS = firmware_dir() / "twinohm_fw" / "drivers"
CHIPS = ("rp2040", "rp2350")
ADDRESS = re.compile(r"\b0x(?:4[0-9a-f]|50|d0)[0-9a-f_]{6,7}\b", re.IGNORECASE)  # peripherals, PIO, SIO


def platform_on(machine: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import drivers/platform.py as MicroPython on a chip does. machine: sys.implementation._machine."""
    here = vars(sys.implementation) | {"name": "micropython", "_machine": machine}
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(**here))
    monkeypatch.setattr(sys, "platform", "rp2")
    package = ModuleType("on_chip")
    package.__path__ = [str(DRIVERS)]
    monkeypatch.setitem(sys.modules, "on_chip", package)
    for name in [f"on_chip.{chip}{part}" for chip in CHIPS for part in ("", ".registers")]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    spec = importlib.util.spec_from_file_location("on_chip.platform", DRIVERS / "platform.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
        for name in [name for name in sys.modules if name.startswith("on_chip.")]:
            del sys.modules[name]
    return module


@pytest.mark.parametrize(
    ("machine", "chip"),
    [
        ("Raspberry Pi Pico with RP2040", "rp2040"),
        ("Raspberry Pi Pico W with RP2040", "rp2040"),
        ("Raspberry Pi Pico2 with RP2350", "rp2350"),
        ("Raspberry Pi Pico 2 W with RP2350", "rp2350"),
    ],
)
def test_a_chip_gets_its_own_registers(machine: str, chip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = platform_on(machine, monkeypatch)
    assert platform.registers.__name__ == f"on_chip.{chip}.registers" and platform.FAST


@pytest.mark.parametrize("machine", ["Raspberry Pi Pico2 with RP2350-RISCV", "ESP32 module with ESP32", ""])
def test_another_chip_is_refused_by_name(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotImplementedError, match=f"^chip {machine or 'rp2'}$"):
        platform_on(machine, monkeypatch)


def names_in(path: Path) -> list[str]:
    return re.findall(r"^([A-Z]\w+) = ", path.read_text(), re.MULTILINE)


def test_both_chips_have_the_same_names() -> None:
    first, second = (names_in(DRIVERS / chip / "registers.py") for chip in CHIPS)
    assert first == second and len(first) >= 14


def test_no_address_of_a_register_stands_elsewhere() -> None:
    found = {path for path in firmware_dir().rglob("*.py") if ADDRESS.search(path.read_text())}
    assert found == {DRIVERS / chip / "registers.py" for chip in CHIPS}
