"""Pins of the Raspberry Pi Pico as a value type, and which of them its buses can use.

They are the same on the Pico W, Pico 2 and Pico 2 W. The radio has GP23, GP24, GP25 and GP29 (pico-sdk 2.1.1, pico_w.h
and pico2_w.h).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


class Pin(str):
    """A pin by its text, such as "GP4"."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> Self:
        """Return the pin that a text names. Raises ValueError for anything else."""
        if isinstance(value, str) and value in PINS:
            return cls(value)
        raise ValueError("not a pin of the Pico; use GP0..GP22 or GP26..GP28")

    @classmethod
    def parse_adc(cls, value: object) -> Self:
        """Return the pin that a text names, if the ADC can measure there. Raises ValueError for anything else."""
        if isinstance(value, str) and value in ADC_PINS:
            return cls(value)
        raise ValueError("not an ADC pin of the Pico; use GP26, GP27 or GP28")

    @property
    def number(self) -> int:
        """The number in the pin's name: 4 for GP4."""
        return int(self[2:])


PINS = tuple(Pin(f"GP{number}") for number in (*range(23), 26, 27, 28))
ADC_PINS = PINS[-3:]


@dataclass(frozen=True)
class BusPins:
    """Pins of a kind of bus (RP2040 datasheet 1.4.3; RP2350 datasheet 9.4): roles repeat every `period` pins.

    `pins_per_bus` pins in a row belong to one bus, 0 and 1 in turn.
    """

    name: str
    roles: Mapping[str, int]  # by key of boards.toml
    period: int
    pins_per_bus: int

    def bus(self, pin: Pin) -> int:
        """Return which of the two buses a pin belongs to."""
        return pin.number // self.pins_per_bus % 2

    def has_role(self, pin: Pin, role: str) -> bool:
        """Whether a pin can have a role, on either bus."""
        return pin.number % self.period == self.roles[role]


I2C_PINS = BusPins("I2C", {"sda": 0, "scl": 1}, period=2, pins_per_bus=2)
SPI_PINS = BusPins("SPI", {"sck": 2, "mosi": 3, "miso": 0}, period=4, pins_per_bus=8)
