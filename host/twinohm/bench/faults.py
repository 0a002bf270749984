"""Faults written into a virtual port: ?fault=high:CMP.E-H breaks the board at power-on,
?at=300:fault=dead:pot.E-H.free at tick 300; both may come more than once.

    missing:0x61            moved:0x61=0x63             an I2C part that is not there, or has another's address
    high:CMP.E-H            low:UD.E-H                  a line that is stuck: CMP, SGN, UD, CS of an edge
    high:IN.12              low:IN.12                   an input of the 74HC165 chain, by its bit
    dead:pot.E-H.free       twice:pot.E-H.free          a pot that never steps, or steps twice at each clock
    shorted:pot.E-H.free    open:pot.E-H.free           its ends joined; its joint open
    open:driver.E           open:adc.E.free             a joint: of a node's driver, of an ADC channel
    open:switch.E.free      closed:switch.E.free        a switch that never closes, or never opens
    swapped:UD.E-H,UD.A-B   swapped:driver.A,driver.B   swapped:adc.A.free,adc.B.free
    offset:adc.E.free=0.1   offset:adc.AD7490=0.1       of a channel or a chip, task volts
    noisy:supply=0.03                                   common to all readings, task volts rms
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from twinohm.bench.analog import CLAMPED, FREE, Analog
from twinohm.boards import Board
from twinohm.errors import UsageError

NETWORKS = {"free": FREE, "clamped": CLAMPED}
OFFSET_V, NOISE_V = 0.1, 0.03  # where the text names none
GHOST = "AD7490"  # its open input keeps the charge of the channel converted before


@dataclass(frozen=True)
class Place:
    """`kind` of part or line; `index` is an edge, a node, a chain bit or an I2C address."""

    kind: str
    name: str
    index: int = 0
    network: int = FREE

    @property
    def at(self) -> tuple[int, int]:
        return self.network, self.index


@dataclass(frozen=True)
class Fault:
    """Something that breaks before tick `tick`."""

    tick: int
    text: str
    verb: str
    places: tuple[Place, ...]
    value: float | None = None

    def happen(self, analog: Analog) -> None:
        ACTIONS[self.verb, self.places[0].kind](analog, *self.places, *(() if self.value is None else (self.value,)))


def parse_fault(text: str, board: Board, tick: int = 0) -> Fault:
    """`high:CMP.E-H` and the like. Raises UsageError saying what is wrong and what would be right."""
    verb, _, where = text.partition(":")
    verbs = list(dict.fromkeys(verb for verb, _ in ACTIONS))
    if verb not in verbs:
        raise UsageError(f"fault = {text!r}: no fault {verb!r}; use {', '.join(verbs)}, for example {EXAMPLES['high']}")
    where, equals, number = where.partition("=")
    names = where.split(",")
    try:
        places = [_place(name, board) for name in names]
        if verb == "moved":
            places.append(_place(number, board, taken=False))
            number = equals = ""
        value = float(number) if equals else None
    except ValueError as error:
        raise UsageError(f"fault = {text!r}: {error}; write for example {EXAMPLES[verb]}") from None
    kinds = {place.kind for place in places}
    wanted = 2 if verb in ("swapped", "moved") else 1
    several = len({place.at for place in places}) == len(places) == wanted
    fits = len(kinds) == 1 and several and (verb, places[0].kind) in ACTIONS
    if not fits or (value is not None and verb not in ("noisy", "offset")) or not np.isfinite(value or 0):
        raise UsageError(f"fault = {text!r}: {verb} cannot be {where}; write for example {EXAMPLES[verb]}")
    return Fault(tick, text, verb, tuple(places), value)


def _place(name: str, board: Board, taken: bool = True) -> Place:
    """Raises ValueError or UsageError for a place that the board does not have."""
    chips = [*board.dac.addresses, *(board.switches.addresses if board.switches else ())]
    kind, _, rest = name.partition(".")
    if name.startswith("0x"):
        address = int(name, 16)
        if taken and address not in chips:
            raise ValueError(f"nothing is at {name}; parts are at {', '.join(f'0x{at:02x}' for at in chips)}")
        return Place("i2c", name, address)
    if kind in ("CMP", "SGN", "UD", "CS"):
        return Place(kind, name, board.edge_index(rest))
    if kind == "driver":
        return Place(kind, name, board.node_index(rest))
    if kind == "IN" and rest.isdecimal() and int(rest) in _inputs(board):
        return Place(kind, name, int(rest))
    what, _, network = rest.partition(".")
    if kind == "adc" and not network and any(adc.part == what for adc in board.adc):
        return Place("chip", what)
    if kind == "adc" and any(rest in adc.channels for adc in board.adc):
        return Place(kind, name, board.node_index(what), NETWORKS[network])
    if kind == "pot" and network in NETWORKS:
        return Place(kind, name, board.edge_index(what), NETWORKS[network])
    if kind == "switch" and network in NETWORKS and board.switches:
        return Place(kind, name, board.node_index(what), NETWORKS[network])
    if name == "supply":
        return Place(name, name)
    raise ValueError(f"board {board.name} has no {name!r}")


def _inputs(board: Board) -> list[int]:
    """Bits of the 74HC165 chain that comparators are on."""
    lines = (*board.comparators.cmp, *board.comparators.sgn) if board.comparators else ()
    return sorted(line for line in lines if isinstance(line, int))


def every_fault(board: Board) -> Iterator[str]:
    """Every single fault on every instance that it can occur on."""
    chips = {"dac": board.dac.addresses, "switches": board.switches.addresses if board.switches else ()}
    spare = {"dac": range(0x60, 0x68), "switches": range(0x48, 0x4C)}
    for table, addresses in chips.items():
        for address in addresses:
            yield f"missing:0x{address:02x}"
            yield from (f"moved:0x{address:02x}=0x{to:02x}" for to in spare[table] if to != address)
    for line in ("CMP", "SGN", "UD", "CS"):
        yield from (f"{level}:{line}.{edge}" for edge in board.edges for level in ("high", "low"))
    yield from (f"{level}:IN.{bit}" for bit in _inputs(board) for level in ("high", "low"))
    pots = [f"pot.{edge}.{network}" for edge in board.edges for network in NETWORKS]
    yield from (f"{verb}:{pot}" for verb in ("dead", "twice", "shorted", "open") for pot in pots)
    if board.pots.updown:  # elsewhere this line does not leave its edge
        yield from (f"swapped:UD.{a},UD.{b}" for a, b in combinations(board.edges, 2))
    driven = [name for name in board.dac.channels if name]
    yield from (f"open:driver.{node}" for node in driven)
    yield from (f"swapped:driver.{a},driver.{b}" for a, b in combinations(driven, 2))
    if board.switches:
        switches = [f"switch.{node}.{network}" for node in board.nodes for network in NETWORKS]
        yield from (f"{verb}:{switch}" for verb in ("open", "closed") for switch in switches)
    for adc in board.adc:
        yield f"offset:adc.{adc.part}"
        yield from (f"{verb}:adc.{channel}" for verb in ("open", "offset") for channel in adc.channels)
        yield from (f"swapped:adc.{a},adc.{b}" for a, b in combinations(adc.channels, 2))
    yield "noisy:supply"


# -- what each does ----------------------------------------------------------------------------------------------------


def _missing(analog: Analog, part: Place) -> None:
    bus = analog.bench.i2c
    for key in [key for key in bus if key[1] == part.index]:
        del bus[key]


def _moved(analog: Analog, part: Place, to: Place) -> None:
    bus = analog.bench.i2c
    for key in [key for key in bus if key[1] == part.index]:
        device, there = bus.pop(key), (key[0], to.index)
        bus[there] = _Both(bus[there], device) if there in bus else device


class _Both:
    """Two parts at one address: both hear all; on reading a 0 of either wins."""

    def __init__(self, one: Any, other: Any) -> None:
        self._parts = (one, other)

    def start(self, read: bool) -> bool:
        return sum(bool(part.start(read)) for part in self._parts) > 0

    def write(self, byte: int) -> bool:
        return sum(bool(part.write(byte)) for part in self._parts) > 0

    def read(self) -> int:
        one, other = (part.read() for part in self._parts)
        return int(one & other)

    def stop(self) -> None:
        for part in self._parts:
            part.stop()


def _stuck(level: int) -> Callable[[Analog, Place], None]:
    """A line of an edge, or an input of the 74HC165 chain."""

    def stick(analog: Analog, place: Place) -> None:
        pots, edge = analog.board.pots, place.index
        if place.kind in ("CMP", "SGN"):
            analog.stuck[edge + (analog.board.n_edges if place.kind == "SGN" else 0)] = level
        elif place.kind == "IN":
            analog.bench.net(f"shift_in.{edge}").source = lambda: level
        elif place.kind == "UD":
            _hold(_net(analog, pots.updown[edge]) if pots.updown else analog.pots[FREE, edge]._updown, level)
        else:
            _hold(_net(analog, pots.cs[edge]), level)

    return stick


def _net(analog: Analog, line: int | str) -> Any:
    return analog.bench.net(f"shift_out.{line}" if isinstance(line, int) else line)


def _hold(net: Any, level: int) -> None:
    net.set(level)
    _replace(net, "set", lambda original: lambda wanted: None)


def _swapped_lines(analog: Analog, one: Place, other: Place) -> None:
    for network in NETWORKS.values():
        a, b = (analog.pots[network, place.index] for place in (one, other))
        a._updown, b._updown = b._updown, a._updown


def _dead(analog: Analog, pot: Place) -> None:
    analog.pots[pot.at]._moved = lambda tap: None


def _twice(analog: Analog, pot: Place) -> None:
    analog.bench.net(analog.board.pots.clk).listeners.append(analog.pots[pot.at]._clock)


def _shorted(analog: Analog, pot: Place) -> None:
    analog.set_ohms(*pot.at, 0.0, 0.0)


def _open_pot(analog: Analog, pot: Place) -> None:
    analog.set_present(pot.index, False, (pot.network,))


def _open_driver(analog: Analog, driver: Place) -> None:
    for network in NETWORKS.values():
        _stick_switch(analog, network, driver.index, 0)


def _switch(closed: int) -> Callable[[Analog, Place], None]:
    return lambda analog, switch: _stick_switch(analog, *switch.at, closed)


def _stick_switch(analog: Analog, network: int, node: int, closed: int) -> None:
    def stuck(original: Any) -> Any:
        return lambda at, name, wanted: original(at, name, closed if (at, name) == (network, node) else wanted)

    if analog.board.switches is not None:
        analog.set_switch(network, node, closed)
    else:
        analog.unsolder(network, node)
    _replace(analog, "set_switch", stuck)


def _swapped_drivers(analog: Analog, one: Place, other: Place) -> None:
    a, b = one.index, other.index
    there = {a: b, b: a}
    _replace(analog, "set_driver", lambda original: lambda node, volts: original(there.get(node, node), volts))


def _open_adc(analog: Analog, channel: Place) -> None:
    last = [0.0]

    def floating(original: Any) -> Any:
        def node(network: int, node: int, reader: str) -> float:
            if (network, node) != channel.at:
                last[0] = original(network, node, reader)
                return last[0]
            return last[0] if reader == GHOST else 0.0

        return node

    _replace(analog, "node", floating)


def _swapped_adc(analog: Analog, one: Place, other: Place) -> None:
    there = {one.at: other.at, other.at: one.at}

    def swapped(original: Any) -> Any:
        return lambda network, node, reader: original(*there.get((network, node), (network, node)), reader)

    _replace(analog, "node", swapped)


def _offset(analog: Analog, place: Place, task_V: float = OFFSET_V) -> None:
    volts = analog.board.physical(task_V) - analog.board.physical(0.0)

    def off(original: Any) -> Any:
        def node(network: int, node: int, reader: str) -> float:
            hit = reader == place.name if place.kind == "chip" else (network, node) == place.at
            return float(original(network, node, reader)) + (volts if hit else 0.0)

        return node

    _replace(analog, "node", off)


def _noisy(analog: Analog, supply: Place, task_V: float = NOISE_V) -> None:
    volts = analog.board.physical(task_V) - analog.board.physical(0.0)
    random = np.random.default_rng(0)

    def noisy(original: Any) -> Any:
        return lambda *where: max(0.0, original(*where) + volts * random.standard_normal())

    _replace(analog, "node", noisy)
    analog.add_noise(volts)


def _replace(thing: object, name: str, changed: Callable[[Any], Any]) -> None:
    """A method of one object by what `changed` makes of it."""
    setattr(thing, name, changed(getattr(thing, name)))


ACTIONS: dict[tuple[str, str], Callable[..., None]] = {
    ("missing", "i2c"): _missing,
    ("moved", "i2c"): _moved,
    **{("high", kind): _stuck(1) for kind in ("CMP", "SGN", "UD", "CS", "IN")},
    **{("low", kind): _stuck(0) for kind in ("CMP", "SGN", "UD", "CS", "IN")},
    ("dead", "pot"): _dead,
    ("twice", "pot"): _twice,
    ("shorted", "pot"): _shorted,
    ("open", "pot"): _open_pot,
    ("open", "driver"): _open_driver,
    ("open", "adc"): _open_adc,
    ("open", "switch"): _switch(0),
    ("closed", "switch"): _switch(1),
    ("swapped", "UD"): _swapped_lines,
    ("swapped", "driver"): _swapped_drivers,
    ("swapped", "adc"): _swapped_adc,
    ("offset", "adc"): _offset,
    ("offset", "chip"): _offset,
    ("noisy", "supply"): _noisy,
}
EXAMPLES = {
    "missing": "missing:0x61",
    "moved": "moved:0x61=0x63",
    "high": "high:CMP.E-H",
    "low": "low:UD.E-H",
    "dead": "dead:pot.E-H.free",
    "twice": "twice:pot.E-H.free",
    "shorted": "shorted:pot.E-H.free",
    "open": "open:pot.E-H.free, open:driver.E, open:adc.E.free or open:switch.E.free",
    "closed": "closed:switch.E.free",
    "swapped": "swapped:UD.E-H,UD.A-B, swapped:driver.A,driver.B or swapped:adc.A.free,adc.B.free",
    "offset": "offset:adc.E.free=0.1",
    "noisy": "noisy:supply=0.03",
}
