"""Pins, chain bits, buses and addresses of a board: each exists, and nothing is used twice."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from twinohm.model.board_tables import AD7490, PINS, Line, Lines
from twinohm.model.mistakes import Mistake, Path, shown

if TYPE_CHECKING:
    from twinohm.model.board import Board

PIN_KEYS = {
    "pots": ("clk", "updown", "cs"),
    "comparators": ("cmp", "sgn"),
    "flip_flops": ("latch", "preset", "clear", "readback"),
    "shift_in": ("load", "clock", "data"),
    "shift_out": ("clock", "data", "latch", "enable"),
    "i2c": ("sda", "scl"),
    "switches": ("reset",),
}
EDGE_KEYS = (
    ("pots", "updown"),
    ("pots", "cs"),
    ("comparators", "cmp"),
    ("comparators", "sgn"),
    ("flip_flops", "readback"),
)
CHAIN = {"pots": "shift_out", "comparators": "shift_in", "flip_flops": "shift_in"}
SAFE_LEVELS: dict[Path, str] = {  # with these the board is safe without a working processor
    ("pots", "clk"): "down",
    ("pots", "cs"): "up",
    ("switches", "reset"): "down",
    ("shift_out", "enable"): "up",
    ("flip_flops", "preset"): "up",
    ("flip_flops", "clear"): "up",
}
ADDRESSES = {"dac": range(0x60, 0x68), "switches": range(0x48, 0x4C)}

# RP2040 datasheet, table 2: pin numbers repeat the roles of a bus, and buses 0 and 1 take turns.
I2C_ROLES, I2C_PERIOD, I2C_TURN = {"sda": 0, "scl": 1}, 2, 2
SPI_ROLES, SPI_PERIOD, SPI_TURN = {"sck": 2, "mosi": 3, "miso": 0}, 4, 8


def check_wires(board: "Board") -> None:
    """Raises Mistake."""
    _check_chains(board)
    _check_pins(board)
    _check_buses(board)
    _check_addresses(board)


def edge_lines(board: "Board") -> Iterator[tuple[Path, Lines]]:
    """Every list of lines that has one for each edge."""
    for table, key in EDGE_KEYS:
        lines = getattr(getattr(board, table), key, None)
        if lines:
            yield (table, key), lines


def _check_chains(board: "Board") -> None:
    first: dict[str, Line] = {}
    users: dict[tuple[str, int], Path] = {}
    for key, lines in edge_lines(board):
        table = str(key[0])
        name = CHAIN[table]
        chain = getattr(board, name)
        for i, line in enumerate(lines):
            at = (*key, i)
            if isinstance(line, str) != isinstance(first.setdefault(table, line), str):
                raise Mistake(at, f"pins and bits in one table; make all lines of {table} pins, or all bits")
            if isinstance(line, str):
                continue
            if chain is None:
                raise Mistake(at, f"a chain bit, and there is no table {name}; add it, or give a pin")
            if line >= 8 * chain.chips:
                raise Mistake(at, f"{name} has bits 0..{8 * chain.chips - 1}; use one of them, or add chips")
            if (user := users.setdefault((name, line), at)) != at:
                raise Mistake(at, f"{shown(user)} uses this bit of {name} already; give one of them another bit")
    for name in dict.fromkeys(CHAIN.values()):
        if getattr(board, name) is not None and name not in {chain for chain, _ in users}:
            raise Mistake((name,), "no line is a bit of this chain; remove the table")


def _pins(board: "Board") -> Iterator[tuple[Path, str]]:
    """Every use of a pin."""
    for table, keys in PIN_KEYS.items():
        for key in keys:
            yield from _pins_at((table, key), getattr(getattr(board, table), key, None))
    for i, adc in enumerate(board.adc):
        if isinstance(adc, AD7490):
            for key in (*SPI_ROLES, "cs"):
                yield from _pins_at(("adc", i, key), getattr(adc, key))
        else:
            yield from _pins_at(("adc", i, "pins"), adc.pins)
            if adc.mux is not None:
                yield from _pins_at(("adc", i, "mux", "select"), adc.mux.select)


def _pins_at(at: Path, value: Line | Lines | None) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, tuple):
        yield from (((*at, i), line) for i, line in enumerate(value) if isinstance(line, str))


def _check_pins(board: "Board") -> None:
    users: dict[str, Path] = {}
    for at, pin in _pins(board):
        if (user := users.setdefault(pin, at)) != at:
            used = {pin for _, pin in _pins(board)}
            free = ", ".join(pin for pin in PINS if pin not in used) or "none"
            raise Mistake(at, f"{shown(user)} uses this pin already; move one of them (free pins: {free})")
    for pin in board.pulls:
        if pin not in users:
            raise Mistake(("pulls", pin), "nothing is on this pin; remove the pull, or correct the pin")
    for at, pin in _pins(board):
        if (safe := SAFE_LEVELS.get(at[:2])) and board.pulls.get(pin) != safe:
            text = f'must idle {safe} while the Pico\'s pins float; write {pin} = "{safe}"'
            raise Mistake(("pulls", pin), f"{shown(at)} {text}")


def _check_buses(board: "Board") -> None:
    i2c = {key: getattr(board.i2c, key) for key in I2C_ROLES}
    _check_bus("I2C", ("i2c",), i2c, I2C_ROLES, I2C_PERIOD, I2C_TURN)
    users: dict[int, Path] = {}
    for i, adc in enumerate(board.adc):
        if isinstance(adc, AD7490):
            spi = {key: getattr(adc, key) for key in SPI_ROLES}
            bus = _check_bus("SPI", ("adc", i), spi, SPI_ROLES, SPI_PERIOD, SPI_TURN)
            if (user := users.setdefault(bus, ("adc", i))) != ("adc", i):
                raise Mistake(("adc", i, "sck"), f"{shown(user)} has SPI{bus}; use pins of SPI{1 - bus}")


def _check_bus(bus: str, at: Path, pins: dict[str, str], roles: dict[str, int], period: int, turn: int) -> int:
    """Returns which of the two buses it is."""
    numbers = {key: int(pin.removeprefix("GP")) for key, pin in pins.items()}
    wanted = next(iter(numbers.values())) // turn % 2
    for key, number in numbers.items():
        if number % period != roles[key] or number // turn % 2 != wanted:
            fits = [n for n in (int(pin.removeprefix("GP")) for pin in PINS) if n % period == roles[key]]
            if number % period == roles[key]:
                fits = [n for n in fits if n // turn % 2 == wanted]
            pins_that_fit = ", ".join(f"GP{n}" for n in fits)
            raise Mistake((*at, key), f"not {key.upper()} of the Pico's {bus}{wanted}; use {pins_that_fit}")
    return wanted


def _check_addresses(board: "Board") -> None:
    users: dict[int, Path] = {}
    for table, possible in ADDRESSES.items():
        chips = getattr(board, table)
        for i, address in enumerate(chips.addresses if chips else ()):
            at: Path = (table, "addresses", i)
            if address not in possible:
                raise Mistake(at, f"no {chips.part} has this address; use {possible[0]:#x}..{possible[-1]:#x}")
            if (user := users.setdefault(address, at)) != at:
                raise Mistake(at, f"{shown(user)} has this address already; give one of the chips another")
