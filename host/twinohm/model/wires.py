"""Pins, chain bits, buses and addresses of a board: each exists, and nothing is used twice."""

from collections.abc import Iterator

from twinohm.model.board import Board
from twinohm.model.board_tables import AD7490, Line, Lines, Table
from twinohm.model.mistakes import KeyPath, Mistake, path_text
from twinohm.model.pins import I2C_PINS, PINS, SPI_PINS, BusPins, Pin

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
SAFE_LEVELS: dict[KeyPath, str] = {  # with these the board is safe without a working processor
    ("pots", "clk"): "down",
    ("pots", "cs"): "up",
    ("switches", "reset"): "down",
    ("shift_out", "enable"): "up",
    ("flip_flops", "preset"): "up",
    ("flip_flops", "clear"): "up",
}
ADDRESSES = {  # that a part can be set to, by table
    "dac": range(0x60, 0x68),
    "switches": range(0x48, 0x4C),
}


def check_wires(board: Board) -> None:
    """Check the lines of a board. Raises Mistake for the first thing that is wrong."""
    _check_chains(board)
    _check_pins(board)
    _check_buses(board)
    _check_addresses(board)


def edge_lines(board: Board) -> Iterator[tuple[KeyPath, Lines]]:
    """Yield every list of lines that has one for each edge, and where it stands."""
    for table, key in EDGE_KEYS:
        lines = getattr(getattr(board, table), key, None)
        if lines:
            yield (table, key), lines


def _check_chains(board: Board) -> None:
    first: dict[str, Line] = {}
    users: dict[tuple[str, int], KeyPath] = {}
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
                raise Mistake(at, f"{path_text(user)} uses this bit of {name} already; give one of them another bit")
    for name in dict.fromkeys(CHAIN.values()):
        if getattr(board, name) is not None and name not in {chain for chain, _ in users}:
            raise Mistake((name,), "no line is a bit of this chain; remove the table")


def _pins(board: Board) -> Iterator[tuple[KeyPath, Pin]]:
    """Yield every use of a pin, and where it stands."""
    for table, keys in PIN_KEYS.items():
        for key in keys:
            yield from _pins_at((table, key), getattr(getattr(board, table), key, None))
    for i, adc in enumerate(board.adc):
        if isinstance(adc, AD7490):
            for key in (*SPI_PINS.roles, "cs"):
                yield from _pins_at(("adc", i, key), getattr(adc, key))
        else:
            yield from _pins_at(("adc", i, "pins"), adc.pins)
            if adc.mux is not None:
                yield from _pins_at(("adc", i, "mux", "select"), adc.mux.select)


def _pins_at(at: KeyPath, value: Line | Lines | None) -> Iterator[tuple[KeyPath, Pin]]:
    if isinstance(value, Pin):
        yield at, value
    elif isinstance(value, tuple):
        yield from (((*at, i), line) for i, line in enumerate(value) if isinstance(line, Pin))


def _check_pins(board: Board) -> None:
    users: dict[str, KeyPath] = {}
    for at, pin in _pins(board):
        if (user := users.setdefault(pin, at)) != at:
            used = {pin for _, pin in _pins(board)}
            free = ", ".join(pin for pin in PINS if pin not in used) or "none"
            raise Mistake(at, f"{path_text(user)} uses this pin already; move one of them (free pins: {free})")
    for pin in board.pulls:
        if pin not in users:
            raise Mistake(("pulls", pin), "nothing is on this pin; remove the pull, or correct the pin")
    for at, pin in _pins(board):
        if (safe := SAFE_LEVELS.get(at[:2])) and board.pulls.get(pin) != safe:
            text = f'must idle {safe} while the Pico\'s pins float; write {pin} = "{safe}"'
            raise Mistake(("pulls", pin), f"{path_text(at)} {text}")


def _check_buses(board: Board) -> None:
    _check_bus(I2C_PINS, ("i2c",), board.i2c)
    users: dict[int, KeyPath] = {}
    for i, adc in enumerate(board.adc):
        if isinstance(adc, AD7490):
            bus = _check_bus(SPI_PINS, ("adc", i), adc)
            if (user := users.setdefault(bus, ("adc", i))) != ("adc", i):
                raise Mistake(("adc", i, "sck"), f"{path_text(user)} has SPI{bus}; use pins of SPI{1 - bus}")


def _check_bus(kind: BusPins, at: KeyPath, table: Table) -> int:
    """Return which of the two buses the pins of `table` are on. Raises Mistake for a pin that is on neither."""
    pins: dict[str, Pin] = {key: getattr(table, key) for key in kind.roles}
    wanted = kind.bus(next(iter(pins.values())))
    for key, pin in pins.items():
        if not kind.has_role(pin, key) or kind.bus(pin) != wanted:
            fits = [one for one in PINS if kind.has_role(one, key)]
            if kind.has_role(pin, key):
                fits = [one for one in fits if kind.bus(one) == wanted]
            text = f"not {key.upper()} of the Pico's {kind.name}{wanted}; use {', '.join(fits)}"
            raise Mistake((*at, key), text)
    return wanted


def _check_addresses(board: Board) -> None:
    users: dict[int, KeyPath] = {}
    for table, possible in ADDRESSES.items():
        chips = getattr(board, table)
        for i, address in enumerate(chips.addresses if chips else ()):
            at: KeyPath = (table, "addresses", i)
            if address not in possible:
                raise Mistake(at, f"no {chips.part} has this address; use {possible[0]:#x}..{possible[-1]:#x}")
            if (user := users.setdefault(address, at)) != at:
                raise Mistake(at, f"{path_text(user)} has this address already; give one of the chips another")
