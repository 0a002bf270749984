"""What each fault of sim/faults.py does to a virtual board."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from twinohm.model.i2c_places import address_at
from twinohm.model.networks import CLAMPED, FREE
from twinohm.model.random_streams import SUPPLY_NOISE
from twinohm.sim.parts.fixture import Fixture, Net
from twinohm.sim.parts.hc74 import EdgeFlipFlops
from twinohm.sim.parts.hc165 import HC165
from twinohm.sim.parts.i2c_shared import move_part
from twinohm.sim.parts.mcp4728 import MCP4728
from twinohm.sim.twin_networks import TwinNetworks

OFFSET_V, NOISE_V = 0.1, 0.03  # task volts, where the text of a fault gives no value
SCALE = 1.06  # of a DAC's voltages, likewise; its data sheet allows 1.033
STALL_MS = 30.0
CLOCKS = 9  # for which a part holds SDA at most: the rest of its byte and the acknowledge
FACTOR = 20.0  # of a diode's saturation current, likewise
NO_DIODE_A = 1e-100  # saturation current
GHOSTS = ("ADS7953", "AD7490")  # their open input keeps the charge of the channel converted before


@dataclass(frozen=True)
class Place:
    """Where a fault is. `kind` of part or line; `index` of an edge or node, a chain bit, or an I2C place."""

    kind: str
    name: str
    index: int = 0
    network: int = FREE

    @property
    def at(self) -> tuple[int, int]:
        """Network and index."""
        return self.network, self.index


def _remove_part(twins: TwinNetworks, part: Place) -> None:
    bus = twins.fixture.i2c
    for key in [key for key in bus if key[1] == part.index]:
        del bus[key]


def _silence_part(twins: TwinNetworks, part: Place) -> None:
    bus = twins.fixture.i2c
    for key in [key for key in bus if key[1] == part.index]:
        bus[key] = _SilentOnce(bus, key)


class _SilentOnce:
    """A part that does not acknowledge its address, once; then it is itself again."""

    def __init__(self, bus: dict[Any, Any], key: Any) -> None:
        self._bus, self._key, self._part = bus, key, bus[key]

    def start(self, read: bool) -> bool:
        self._bus[self._key] = self._part
        return False


def _scale_dac(twins: TwinNetworks, chip: Place, factor: float = SCALE) -> None:
    nodes = [twins.board.node_index(name) for name in twins.board.dac.nodes_of(chip.index) if name]
    gain = twins.instruments.dacs.gain.copy()
    gain[nodes] *= factor
    twins.instruments.dacs = replace(twins.instruments.dacs, gain=gain)
    twins.refresh_dacs()


def _at_byte(act: Callable[..., None]) -> Callable[..., None]:
    """Return an action that calls `act` with the bus's lines, and the fault's value, in the byte that a place names."""

    def at_byte(twins: TwinNetworks, place: Place, *value: float) -> None:
        (lines,) = twins.fixture.i2c_lines.values()
        lines.act_at_byte(place.index, lambda: act(twins.fixture, lines, *value))

    return at_byte


def _hold_sda(fixture: Fixture, lines: Any, ms: float | None = None) -> None:
    if ms is None:
        lines.hold_sda_for_clocks(CLOCKS)
    else:
        lines.hold_sda(round(ms * 1e6))


def _stretch_scl(fixture: Fixture, lines: Any, ms: float = STALL_MS) -> None:
    lines.stretch_scl(round(ms * 1e6))


def _pull_run(fixture: Fixture, lines: Any) -> None:
    lines.hold_sda_for_clocks(CLOCKS)
    fixture.pull_run()


def _stop_state_machines(twins: TwinNetworks, _: Place) -> None:
    twins.fixture.stop_state_machines()


def _move_part(twins: TwinNetworks, part: Place, to: Place) -> None:
    bus = twins.fixture.i2c
    for key in [key for key in bus if key[1] == part.index]:
        device = bus[key]
        move_part(bus, device, key, (key[0], to.index))
        if isinstance(device, MCP4728):
            device.address = address_at(to.index)


def _stick_line(level: int) -> Callable[[TwinNetworks, Place], None]:
    """Return an action that sticks a line of an edge, or an input of the 74HC165 chain, at `level`."""

    def stick(twins: TwinNetworks, place: Place) -> None:
        pots, edge = twins.board.pots, place.index
        if place.kind in ("CMP", "SGN"):
            twins.stuck[edge + (twins.board.n_edges if place.kind == "SGN" else 0)] = level
        elif place.kind == "IN":
            _chain_inputs(twins)[edge] = Net(twins.fixture, place.name, level)
        elif place.kind == "XOR":
            _stick_gate(twins, edge, level)
        elif place.kind == "UD":
            _hold_net(_find_net(twins, pots.updown[edge]) if pots.updown else twins.pots[FREE, edge]._updown, level)
        else:
            _hold_net(_find_net(twins, pots.cs[edge]), level)

    return stick


def _find_net(twins: TwinNetworks, line: int | str) -> Any:
    return twins.fixture.net(f"shift_out.{line}" if isinstance(line, int) else line)


def _hold_net(net: Any, level: int) -> None:
    net.set(level)
    _replace(net, "set", lambda original: lambda wanted: None)


def _swap_lines(twins: TwinNetworks, one: Place, other: Place) -> None:
    for network in (FREE, CLAMPED):
        a, b = (twins.pots[network, place.index] for place in (one, other))
        a._updown, b._updown = b._updown, a._updown


def _find_part(twins: TwinNetworks, pin: str, model: type) -> Any:
    """Return the part of a kind that listens to a pin."""
    ends = [getattr(listener, "__self__", None) for listener in twins.fixture.net(pin).listeners]
    return next(part for part in ends if isinstance(part, model))


def _chain_inputs(twins: TwinNetworks) -> Any:
    """Return the nets at the inputs of the 74HC165 chain, by bit."""
    assert twins.board.shift_in is not None
    return _find_part(twins, twins.board.shift_in.load, HC165)._inputs


def _swap_inputs(twins: TwinNetworks, one: Place, other: Place) -> None:
    nets, a, b = _chain_inputs(twins), one.index, other.index
    nets[a], nets[b] = nets[b], nets[a]


def _change_decisions(twins: TwinNetworks, change: Callable[[list[int]], None]) -> None:
    """Have `change` alter the levels that the flip-flops decide by: CMP of each edge, then SGN of each."""

    def changed(original: Any) -> Any:
        def compare() -> list[int]:
            high = list(original())
            change(high)
            return high

        return compare

    assert twins.board.flip_flops is not None
    _replace(_find_part(twins, twins.board.flip_flops.latch, EdgeFlipFlops), "_compare", changed)


def _stick_gate(twins: TwinNetworks, edge: int, level: int) -> None:
    def stick(high: list[int]) -> None:
        high[edge] = level ^ high[twins.board.n_edges + edge]

    _change_decisions(twins, stick)


def _swap_gates(twins: TwinNetworks, one: Place, other: Place) -> None:
    def swap(high: list[int]) -> None:
        for first in (0, twins.board.n_edges):
            a, b = first + one.index, first + other.index
            high[a], high[b] = high[b], high[a]

    _change_decisions(twins, swap)


def _open_latch(twins: TwinNetworks, latch: Place) -> None:
    """Make a flip-flop keep its direction: XNOR of that and 1."""
    edge, n_edges = latch.index, twins.board.n_edges
    direction = twins.fixture.net(f"updown.{twins.board.edges[edge]}")

    def keep(high: list[int]) -> None:
        high[edge], high[n_edges + edge] = direction.level, 1

    _change_decisions(twins, keep)


def _stop_pot(twins: TwinNetworks, pot: Place) -> None:
    twins.pots[pot.at]._moved = lambda tap: None


def _step_twice(twins: TwinNetworks, pot: Place) -> None:
    twins.fixture.net(twins.board.pots.clk).listeners.append(twins.pots[pot.at]._clock)


def _short_pot(twins: TwinNetworks, pot: Place) -> None:
    twins.set_ohms(*pot.at, 0.0, 0.0)


def _open_pot(twins: TwinNetworks, pot: Place) -> None:
    twins.set_present(pot.index, False, (pot.network,))


def _pull_diode(twins: TwinNetworks, diode: Place) -> None:
    twins.exchange_diode(diode.network, diode.index, NO_DIODE_A)


def _turn_diode(twins: TwinNetworks, diode: Place) -> None:
    _change_diode(twins, diode, 1.0, turned=True)


def _change_diode(twins: TwinNetworks, diode: Place, factor: float = FACTOR, turned: bool = False) -> None:
    saturation_A = float(twins.diodes.saturation_A[diode.at])
    twins.exchange_diode(diode.network, diode.index, factor * saturation_A, turned)


def _open_driver(twins: TwinNetworks, driver: Place) -> None:
    for network in (FREE, CLAMPED):
        _stick_switch(twins, network, driver.index, 0)


def _stick_switch_at(closed: int) -> Callable[[TwinNetworks, Place], None]:
    return lambda twins, switch: _stick_switch(twins, *switch.at, closed)


def _stick_switch(twins: TwinNetworks, network: int, node: int, closed: int) -> None:
    def stuck(original: Any) -> Any:
        return lambda at, name, wanted: original(at, name, closed if (at, name) == (network, node) else wanted)

    if twins.board.switches is not None:
        twins.set_switch(network, node, closed)
    else:
        twins.unsolder(network, node)
    _replace(twins, "set_switch", stuck)


def _swap_drivers(twins: TwinNetworks, one: Place, other: Place) -> None:
    a, b = one.index, other.index
    there = {a: b, b: a}
    _replace(twins, "set_driver", lambda original: lambda node, volts: original(there.get(node, node), volts))


def _open_adc(twins: TwinNetworks, channel: Place) -> None:
    last: dict[str, float] = {}  # by reader

    def floating(original: Any) -> Any:
        def node(network: int, node: int, reader: str) -> float:
            if (network, node) != channel.at:
                last[reader] = float(original(network, node, reader))
                return last[reader]
            return last.get(reader, 0.0) if reader.startswith(GHOSTS) else 0.0

        return node

    _replace(twins, "node", floating)


def _swap_adc(twins: TwinNetworks, one: Place, other: Place) -> None:
    there = {one.at: other.at, other.at: one.at}

    def swapped(original: Any) -> Any:
        return lambda network, node, reader: original(*there.get((network, node), (network, node)), reader)

    _replace(twins, "node", swapped)


def _add_offset(twins: TwinNetworks, place: Place, task_V: float = OFFSET_V) -> None:
    volts = twins.board.physical_span(task_V)

    def off(original: Any) -> Any:
        def node(network: int, node: int, reader: str) -> float:
            hit = reader == place.name if place.kind == "chip" else (network, node) == place.at
            return float(original(network, node, reader)) + (volts if hit else 0.0)

        return node

    _replace(twins, "node", off)


def _add_noise(twins: TwinNetworks, supply: Place, task_V: float = NOISE_V) -> None:
    volts = twins.board.physical_span(task_V)
    random = SUPPLY_NOISE.generator(0)

    def noisy(original: Any) -> Any:
        return lambda *where: max(0.0, original(*where) + volts * random.standard_normal())

    _replace(twins, "node", noisy)
    twins.add_noise(volts)


def _replace(thing: object, name: str, changed: Callable[[Any], Any]) -> None:
    """Replace a method of one object by what `changed` makes of it."""
    setattr(thing, name, changed(getattr(thing, name)))


ACTIONS: dict[tuple[str, str], Callable[..., None]] = {
    ("missing", "i2c"): _remove_part,
    ("silent", "i2c"): _silence_part,
    ("stuck", "SDA"): _at_byte(_hold_sda),
    ("stretched", "SCL"): _at_byte(_stretch_scl),
    ("reset", "RUN"): _at_byte(_pull_run),
    ("stopped", "PIO"): _stop_state_machines,
    ("moved", "i2c"): _move_part,
    ("scaled", "i2c"): _scale_dac,
    **{("high", kind): _stick_line(1) for kind in ("CMP", "SGN", "UD", "CS", "IN", "XOR")},
    **{("low", kind): _stick_line(0) for kind in ("CMP", "SGN", "UD", "CS", "IN", "XOR")},
    ("dead", "pot"): _stop_pot,
    ("twice", "pot"): _step_twice,
    ("shorted", "pot"): _short_pot,
    ("open", "pot"): _open_pot,
    ("missing", "diode"): _pull_diode,
    ("reversed", "diode"): _turn_diode,
    ("mismatched", "diode"): _change_diode,
    ("open", "driver"): _open_driver,
    ("open", "adc"): _open_adc,
    ("open", "switch"): _stick_switch_at(0),
    ("open", "LATCH"): _open_latch,
    ("closed", "switch"): _stick_switch_at(1),
    ("swapped", "UD"): _swap_lines,
    ("swapped", "XOR"): _swap_gates,
    ("swapped", "IN"): _swap_inputs,
    ("swapped", "driver"): _swap_drivers,
    ("swapped", "adc"): _swap_adc,
    ("offset", "adc"): _add_offset,
    ("offset", "chip"): _add_offset,
    ("noisy", "supply"): _add_noise,
}
