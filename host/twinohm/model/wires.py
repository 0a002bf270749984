"""Pins, chain bits, buses and addresses of a board: each exists, and nothing is used twice."""

from collections.abc import Iterator

from twinohm.model.board import Board
from twinohm.model.board_tables import Dac, Line, Lines, SpiAdc, Switches, Table
from twinohm.model.i2c_places import address_at, channel_at
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
    "dac": ("ldac",),
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
    ("dac", "ldac"): "down",
}
ADDRESSES = {  # that a part can be set to, by table
    "dac": range(0x60, 0x68),
    "switches": range(0x48, 0x4C),
}
MUX_ADDRESSES = range(0x70, 0x78)  # TCA9548A, SCPS207F 8.5.2: 1110 A2 A1 A0
MUX_CHANNELS = 8
MUX_MOST_HZ = 400_000  # likewise 6.6


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
        if isinstance(adc, SpiAdc):
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
        if (user := users.setdefault(pin, at)) != at and not _share_bus(board, user, at):
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


def _share_bus(board: Board, one: KeyPath, other: KeyPath) -> bool:
    """Whether two places in the table are one line of an SPI bus, at two of the ADCs on it."""
    return one[0] == other[0] == "adc" and one[2:] == other[2:] and other[2] in SPI_PINS.roles


def _check_buses(board: Board) -> None:
    _check_bus(I2C_PINS, ("i2c",), board.i2c)
    firsts: dict[int, tuple[int, SpiAdc]] = {}
    for i, adc in enumerate(board.adc):
        if isinstance(adc, SpiAdc):
            bus = _check_bus(SPI_PINS, ("adc", i), adc)
            first, there = firsts.setdefault(bus, (i, adc))
            for key in (*SPI_PINS.roles, "hz"):
                if (shared := getattr(there, key)) != getattr(adc, key):
                    value = f'"{shared}"' if isinstance(shared, str) else str(shared)
                    text = f"{path_text(('adc', first))} has SPI{bus} with {key} = {value}; give both the same"
                    raise Mistake(("adc", i, key), f"{text}, or use pins of SPI{1 - bus}")


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
    mux = board.i2c.mux
    if mux is not None and mux.address not in MUX_ADDRESSES:
        text = f"no {mux.part} has this address; use {MUX_ADDRESSES[0]:#x}..{MUX_ADDRESSES[-1]:#x}"
        raise Mistake(("i2c", "mux", "address"), text)
    if mux is not None and board.i2c.hz > MUX_MOST_HZ:
        raise Mistake(("i2c", "hz"), f"too fast for the {mux.part}; give at most {MUX_MOST_HZ}")
    users: dict[int, KeyPath] = {}
    for table, possible in ADDRESSES.items():
        chips: Dac | Switches | None = getattr(board, table)
        if chips is None:
            continue
        _check_behind(board, table, chips)
        for i, address in enumerate(chips.addresses):
            at: KeyPath = (table, "addresses", i)
            if address not in possible:
                raise Mistake(at, f"no {chips.part} has this address; use {possible[0]:#x}..{possible[-1]:#x}")
            if (user := users.setdefault(chips.places[i], at)) != at:
                raise Mistake(at, f"{path_text(user)} has this address already; give one of the chips another")
    for place, at in users.items():
        if channel_at(place) is not None and (user := users.get(address_at(place), at)) != at:
            text = f"{path_text(user)} has this address on the bus itself, where every channel of i2c.mux sees it"
            raise Mistake(at, f"{text}; give one of the chips another")
    if mux is not None and all(channel_at(place) is None for place in users):
        raise Mistake(("i2c", "mux"), "no chip is behind it; remove it, or give dac or switches the key behind")


def _check_behind(board: Board, table: str, chips: Dac | Switches) -> None:
    if not chips.behind:
        return
    at: KeyPath = (table, "behind")
    if board.i2c.mux is None:
        raise Mistake(at, "there is no multiplexer; add i2c.mux, or remove this key")
    if len(chips.behind) != len(chips.addresses):
        raise Mistake(at, f"{len(chips.behind)} given for {len(chips.addresses)} chips; give one for each")
    for i, channel in enumerate(chips.behind):
        if not 0 <= channel < MUX_CHANNELS:
            raise Mistake((*at, i), f"a {board.i2c.mux.part} has channels 0..{MUX_CHANNELS - 1}; use one of them")
