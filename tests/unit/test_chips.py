"""Which chip a board has, and what the host runs on it before any firmware."""

import sys
from types import SimpleNamespace

import pytest

from twinohm.link.connection import START
from twinohm.link.request_channel import OTHER_CHIP, OTHER_PYTHON
from twinohm.model.chips import RP2040, RP2350, Chip, chip_named, chip_of_drive


@pytest.mark.parametrize(
    ("machine", "chip"),
    [
        ("Raspberry Pi Pico with RP2040", RP2040),
        ("Raspberry Pi Pico W with RP2040", RP2040),
        ("Raspberry Pi Pico2 with RP2350", RP2350),
        ("Raspberry Pi Pico 2 W with RP2350", RP2350),
        ("Raspberry Pi Pico2 with RP2350-RISCV", None),
        ("Generic ESP32 module with ESP32", None),
        ("", None),
    ],
)
def test_a_chip_has_its_name_in_what_micropython_says(machine: str, chip: Chip | None) -> None:
    assert chip_named(machine) == chip


@pytest.mark.parametrize(
    ("info", "chip"),
    [
        ("UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n", RP2040),
        ("UF2 Bootloader v1.0\nModel: Raspberry Pi RP2350\nBoard-ID: RP2350\n", RP2350),
        ("UF2 Bootloader v3.15\nModel: Gemma M0\nBoard-ID: SAMD21E18A-Gemma-v0\n", None),
        ("Model: Raspberry Pi RP2350\n", None),
    ],
)
def test_a_drive_has_its_chip_in_its_board_id(info: str, chip: Chip | None) -> None:
    assert chip_of_drive(info) == chip


@pytest.mark.parametrize(
    ("name", "machine", "refusal"),
    [
        ("micropython", "Raspberry Pi Pico with RP2040", None),
        ("micropython", "Raspberry Pi Pico2 with RP2350", None),
        ("cpython", "", None),
        ("micropython", "Raspberry Pi Pico2 with RP2350-RISCV", OTHER_CHIP + "Raspberry Pi Pico2 with RP2350-RISCV"),
        ("micropython", "Generic ESP32 module with ESP32", OTHER_CHIP + "Generic ESP32 module with ESP32"),
        ("circuitpython", "Raspberry Pi Pico with rp2040", OTHER_PYTHON + "circuitpython"),
    ],
)
def test_serving_starts_on_the_firmwares_chips_alone(
    name: str, machine: str, refusal: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is raised begins as the host looks for it. `twinohm_fw` is not here: where nothing is refused, it is."""
    implementation = vars(sys.implementation) | {"name": name} | ({"_machine": machine} if machine else {})
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(**implementation))
    with pytest.raises((NotImplementedError, ModuleNotFoundError)) as raised:
        exec(START, {})
    if refusal is None:
        assert isinstance(raised.value, ModuleNotFoundError) and "twinohm_fw" in str(raised.value)
    else:
        assert f"NotImplementedError: {raised.value}" == refusal
