"""Faults written into a virtual port: ?fault=high:CMP.E-H breaks the board at power-on,
?at=300:fault=dead:pot.E-H.free at tick 300; both may come more than once.

    missing:0x61            moved:0x61=0x63             an I2C part that is not there, or has another's address
    missing:0x61@2                                      the part at 0x61 behind channel 2 of the multiplexer
    silent:0x61                                         an I2C part that misses one transfer
    stuck:SDA               stuck:SDA=30                SDA low until SCL has nine clocks; for 30 ms
    stretched:SCL=30                                    SCL low for 30 ms
    reset:RUN                                           pin RUN pulled low and released, the pots keep their supply
    stopped:PIO                                         the state machines stop (emu)
    high:CMP.E-H            low:UD.E-H                  a line that is stuck: CMP, SGN, UD, CS of an edge
    high:IN.12              low:IN.12                   an input of the 74HC165 chain, by its bit
    high:XOR.E-H            open:LATCH.E-H              an edge's gate; the clock of its flip-flop (edge16)
    dead:pot.E-H.free       twice:pot.E-H.free          a pot that never steps, or steps twice at each clock
    shorted:pot.E-H.free    open:pot.E-H.free           its ends joined; its joint open
    missing:diode.C>A.free  reversed:diode.C>A.free     a diode that is not there, or the wrong way round
    mismatched:diode.C>A.free=20                        its saturation current by a factor
    open:driver.E           open:adc.E.free             a joint: of a node's driver, of an ADC channel
    open:switch.E.free      closed:switch.E.free        a switch that never closes, or never opens
    swapped:UD.E-H,UD.A-B   swapped:driver.A,driver.B   swapped:adc.A.free,adc.B.free
    swapped:XOR.E-H,XOR.A-B swapped:IN.11,IN.0          crossed before the flip-flops; at the 74HC165 (edge16)
    offset:adc.E.free=0.1   offset:adc.ADS7953=0.1      of a channel or a chip, task volts
    scaled:0x61=1.05                                    all voltages of a DAC chip by a factor: its reference
    noisy:supply=0.03                                   common to all readings, task volts rms

Those of SDA, SCL and RUN occur in an I2C byte: the next one, or stuck:SDA.12 in the twelfth after it. A part whose byte
RUN has cut off holds SDA low too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from twinohm.errors import UsageError
from twinohm.model.adc_curve import ERRORS as ADC_ERRORS
from twinohm.model.board import Board
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.i2c_places import channel_at, parse_place, place_of, place_text
from twinohm.model.networks import NETWORKS, network_index
from twinohm.model.number_text import DIGITS, parse_number
from twinohm.model.wires import ADDRESSES, MUX_ADDRESSES
from twinohm.sim.fault_effects import ACTIONS, Place
from twinohm.sim.twin_networks import TwinNetworks

EXAMPLES = {
    "missing": "missing:0x61 or missing:diode.C>A.free",
    "silent": "silent:0x61",
    "stuck": "stuck:SDA, stuck:SDA=30 or stuck:SDA.12",
    "stretched": "stretched:SCL=30",
    "reset": "reset:RUN or reset:RUN.12",
    "stopped": "stopped:PIO",
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
    "scaled": "scaled:0x61=1.05",
    "noisy": "noisy:supply=0.03",
    "reversed": "reversed:diode.C>A.free",
    "mismatched": "mismatched:diode.C>A.free=20",
}

PASSING = ("silent", "stuck", "stretched", "reset", "stopped")  # faults after which the board is sound again
MOST_MS = 60_000.0  # that a line is held; the board gives up long before
MOST_BYTES = 100_000  # of the bus after a tick; a tick has about a hundred
BUS_KINDS = ("SDA", "SCL", "RUN")
MOST_SCALE = 1.2  # of a DAC; more is no fault of a reference


@dataclass(frozen=True)
class Limits:
    """Of the number of a fault: least and greatest, and the number that would be no fault."""

    least: float
    most: float
    none: float
    unit: str

    def check(self, value: float) -> None:
        """Raise ValueError for a number outside, or for that of no fault."""
        if value == self.none or not self.least <= value <= self.most:
            one = "more than 0" if self.least == self.none else f"at least {self.least:.3g}"
            but = "" if self.least == self.none else f", but not {self.none:g}"
            raise ValueError(f"{value:g} is no such fault: {one} and at most {self.most:g}{self.unit}{but}")


MOST_FACTOR = 1e4  # of a diode's saturation current

LIMITS = {  # of the faults that have a number
    "noisy": Limits(0.0, TASK_SPAN_V, 0.0, " V"),
    "mismatched": Limits(1 / MOST_FACTOR, MOST_FACTOR, 1.0, ""),
    "offset": Limits(-TASK_SPAN_V, TASK_SPAN_V, 0.0, " V"),
    "scaled": Limits(1 / MOST_SCALE, MOST_SCALE, 1.0, ""),
    "stuck": Limits(0.0, MOST_MS, 0.0, " ms"),
    "stretched": Limits(0.0, MOST_MS, 0.0, " ms"),
}


@dataclass(frozen=True)
class Fault:
    """A fault that occurs before tick `tick`."""

    tick: int
    text: str
    verb: str
    places: tuple[Place, ...]
    value: float | None = None

    @property
    def passes(self) -> bool:
        """Whether the board is sound again afterwards."""
        return self.verb in PASSING

    def apply(self, twins: TwinNetworks) -> None:
        """Make the fault happen on a virtual board."""
        ACTIONS[self.verb, self.places[0].kind](twins, *self.places, *(() if self.value is None else (self.value,)))


def parse_fault(text: str, board: Board, tick: int = 0) -> Fault:
    """Return the fault of `high:CMP.E-H` and the like. Raises UsageError saying what is wrong, with an example."""
    verb, _, where = text.partition(":")
    verbs = list(dict.fromkeys(verb for verb, _ in ACTIONS))
    if verb not in verbs:
        raise UsageError(f"fault = {text!r}: no fault {verb!r}; use {', '.join(verbs)}, for example {EXAMPLES['high']}")
    where, equals, number = where.partition("=")
    names = where.split(",")
    try:
        places = [_parse_place(name, board) for name in names]
        if verb == "moved":
            places.append(_parse_place(number, board, taken=False))
            number = equals = ""
        value = parse_number(number) if equals else None
        if value is not None and verb in LIMITS:
            LIMITS[verb].check(value)
    except ValueError as error:
        raise UsageError(f"fault = {text!r}: {error}; write for example {EXAMPLES[verb]}") from None
    kinds = {place.kind for place in places}
    wanted = 2 if verb in ("swapped", "moved") else 1
    several = len({place.at for place in places}) == len(places) == wanted
    fits = len(kinds) == 1 and several and (verb, places[0].kind) in ACTIONS
    if not fits or (value is not None and verb not in LIMITS):
        raise UsageError(f"fault = {text!r}: {verb} cannot be {where}; write for example {EXAMPLES[verb]}")
    if verb == "scaled" and places[0].index not in board.dac.places:
        raise UsageError(f"fault = {text!r}: no DAC is at {places[0].name}; write for example {EXAMPLES[verb]}")
    if places[0].kind in BUS_KINDS and places[0].index > MOST_BYTES:
        raise UsageError(f"fault = {text!r}: byte 0 to {MOST_BYTES} after the tick; write for example {EXAMPLES[verb]}")
    return Fault(tick, text, verb, tuple(places), value)


def _parse_place(name: str, board: Board, taken: bool = True) -> Place:
    """Return the place of a name such as "pot.E-H.free". `taken`: whether an I2C address must have a part.

    Raises ValueError or UsageError for a place that the board does not have.
    """
    kind, _, rest = name.partition(".")
    if (place := parse_place(name)) is not None:
        if taken and place not in board.i2c_places:
            raise ValueError(f"nothing is at {name}; parts are at {', '.join(map(place_text, board.i2c_places))}")
        return Place("i2c", name, place)
    if kind in ("CMP", "SGN", "UD", "CS"):
        return Place(kind, name, board.edge_index(rest))
    if kind in ("XOR", "LATCH") and board.flip_flops:
        return Place(kind, name, board.edge_index(rest))
    if kind == "driver":
        return Place(kind, name, board.node_index(rest))
    if kind == "IN" and rest in map(str, _chain_bits(board)):
        return Place(kind, name, int(rest))
    what, _, network = rest.partition(".")
    if kind == "adc" and not network and what in board.adc_names:
        return Place("chip", what)
    if kind == "adc" and any(rest in adc.channels for adc in board.adc):
        return Place(kind, name, board.node_index(what), network_index(network))
    if kind == "pot" and network in NETWORKS:
        return Place(kind, name, board.edge_index(what), network_index(network))
    ends = [diode.ends for diode in board.diodes]
    if kind == "diode" and what in ends and network in NETWORKS:
        return Place(kind, name, ends.index(what), network_index(network))
    if kind == "switch" and network in NETWORKS and board.switches:
        return Place(kind, name, board.node_index(what), network_index(network))
    if kind in BUS_KINDS and (not rest or DIGITS.fullmatch(rest)):
        return Place(kind, name, int(rest or 0))
    if name in ("supply", "PIO"):
        return Place(name, name)
    raise ValueError(f"board {board.name} has no {name!r}")


def _chain_bits(board: Board) -> list[int]:
    """Return the bits of the 74HC165 chain that comparators or flip-flops are on."""
    lines = (*board.comparators.cmp, *board.comparators.sgn) if board.comparators else ()
    read = (board.flip_flops.readback or ()) if board.flip_flops else ()
    return sorted(line for line in (*lines, *read) if isinstance(line, int))


def every_fault(board: Board) -> Iterator[str]:
    """Yield every single lasting fault on every instance that it can occur on."""
    addresses = {board.dac.part: ADDRESSES["dac"], "TCA9548A": MUX_ADDRESSES}
    addresses |= {board.switches.part: ADDRESSES["switches"]} if board.switches else {}
    for place, part in board.i2c_places.items():
        yield f"missing:{place_text(place)}"
        for to in (place_of(address, channel_at(place)) for address in addresses[part]):
            if to != place:
                yield f"moved:{place_text(place)}={place_text(to)}"
    for line in ("CMP", "SGN", "UD", "CS"):
        yield from (f"{level}:{line}.{edge}" for edge in board.edges for level in ("high", "low"))
    yield from (f"{level}:IN.{bit}" for bit in _chain_bits(board) for level in ("high", "low"))
    pots = [f"pot.{edge}.{network}" for edge in board.edges for network in NETWORKS]
    yield from (f"{verb}:{pot}" for verb in ("dead", "twice", "shorted", "open") for pot in pots)
    diodes = dict.fromkeys(f"diode.{one.ends}.{name}" for one in board.diodes for name in NETWORKS)
    yield from (f"{verb}:{diode}" for verb in ("missing", "reversed", "mismatched") for diode in diodes)
    yield from (f"swapped:UD.{a},UD.{b}" for a, b in combinations(board.edges, 2))
    if board.flip_flops:
        yield from (f"{level}:XOR.{edge}" for edge in board.edges for level in ("high", "low"))
        yield from (f"open:LATCH.{edge}" for edge in board.edges)
        yield from (f"swapped:XOR.{a},XOR.{b}" for a, b in combinations(board.edges, 2))
        yield from (f"swapped:IN.{a},IN.{b}" for a, b in combinations(_chain_bits(board), 2))
    driven = [name for name in board.dac.channels if name]
    yield from (f"open:driver.{node}" for node in driven)
    yield from (f"swapped:driver.{a},driver.{b}" for a, b in combinations(driven, 2))
    if board.switches:
        switches = [f"switch.{node}.{network}" for node in board.nodes for network in NETWORKS]
        yield from (f"{verb}:{switch}" for verb in ("open", "closed") for switch in switches)
    for adc, chip in zip(board.adc, board.adc_names, strict=True):
        yield f"offset:adc.{chip}"
        yield from (f"{verb}:adc.{channel}" for verb in ("open", "offset") for channel in adc.channels)
        yield from (f"swapped:adc.{a},adc.{b}" for a, b in combinations(adc.channels, 2))
    if board.standard in ADC_ERRORS:  # else no ADC sees whether DACs agree
        yield from (f"scaled:{place_text(place)}" for place in board.dac.places)
    yield "noisy:supply"
