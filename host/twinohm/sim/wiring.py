"""Build the part models of a board on the nets of a fixture, around one TwinNetworks."""

from collections.abc import Callable, Sequence
from typing import Any

from twinohm.model.adc_curve import AdcCurve
from twinohm.model.board import Board
from twinohm.model.board_tables import SpiAdc
from twinohm.model.components import ExchangedPot, draw_adc_curves
from twinohm.model.i2c_places import address_at, channel_at, place_of, place_text
from twinohm.model.networks import CLAMPED, FREE, NETWORKS, channel_name, parse_channel
from twinohm.model.pins import I2C_PINS, SPI_PINS
from twinohm.model.profile import Profile
from twinohm.sim.parts.ad7490 import AD7490
from twinohm.sim.parts.adg715 import ADG715
from twinohm.sim.parts.ads7953 import ADS7953
from twinohm.sim.parts.fixture import Fixture, Net
from twinohm.sim.parts.hc74 import EdgeFlipFlops
from twinohm.sim.parts.hc165 import HC165
from twinohm.sim.parts.hc595 import HC595
from twinohm.sim.parts.i2c_lines import I2CLines
from twinohm.sim.parts.i2c_shared import move_part, parts_at
from twinohm.sim.parts.mcp4728 import MCP4728
from twinohm.sim.parts.pot import Storage, UpDownPot
from twinohm.sim.parts.rp2040 import AnalogPin
from twinohm.sim.parts.spi_bus import SPIBus
from twinohm.sim.parts.tca9548a import TCA9548A
from twinohm.sim.twin_networks import TwinNetworks

SPI_ADCS: dict[str, Any] = {"ADS7953": ADS7953, "AD7490": AD7490}


def wire(
    board: Board,
    profile: Profile,
    fixture: Fixture,
    seed: int,
    pots: Sequence[ExchangedPot] = (),
    ldac: int | None = None,
) -> TwinNetworks:
    """Put the models of every part of `board` on `fixture`. The processor's pins are the nets "GPn", all floating.

    ldac: place of the DAC whose /LDAC has a wire to the board's line `dac.ldac`; those of all others stay low.
    """
    twins = TwinNetworks(board, profile, fixture, seed, pots)
    for pin, pull in board.pulls.items():
        fixture.net(pin, 1 if pull == "up" else 0)
    _wire_pots(board, fixture, twins)
    _wire_comparators(board, fixture, twins)
    _wire_dacs(board, fixture, twins, ldac)
    _wire_switches(board, fixture, twins)
    _wire_adcs(board, profile, fixture, twins, seed)
    return twins


def _wire_shift_out(board: Board, fixture: Fixture) -> dict[int, Net]:
    """Return the nets of the 74HC595 chain by bit, none without a chain; /CS lines have pull-ups."""
    chain = board.shift_out
    if chain is None:
        return {}
    selects = {bit for bit in board.pots.cs if isinstance(bit, int)}
    nets = {bit: fixture.net(f"shift_out.{bit}", int(bit in selects)) for bit in range(8 * chain.chips)}
    clock, data, latch, enable = (fixture.net(pin) for pin in (chain.clock, chain.data, chain.latch, chain.enable))
    HC595(fixture, clock, data, latch, enable, [nets[bit] for bit in range(8 * chain.chips)])
    return nets


def _wire_pots(board: Board, fixture: Fixture, twins: TwinNetworks) -> None:
    chain = _wire_shift_out(board, fixture)

    def line(at: int | str) -> Net:
        return chain[at] if isinstance(at, int) else fixture.net(at)

    def moved(network: int, edge: int) -> Callable[[int], None]:
        return lambda tap: twins.set_tap(network, edge, tap)

    chip = board.pots.chip
    storage = Storage(chip.setup_ns, 1000 * chip.store_us) if chip.stores else None
    clk = fixture.net(board.pots.clk)
    directions = [line(at) for at in board.pots.updown or ()] or [fixture.net(f"updown.{name}") for name in board.edges]
    for edge, (updown, cs) in enumerate(zip(directions, board.pots.cs, strict=True)):
        for network, name in enumerate(NETWORKS):
            twins.pots[network, edge] = UpDownPot(
                fixture,
                f"{board.pots.part} {board.edges[edge]}.{name}",
                clk,
                updown,
                line(cs),
                moved(network, edge),
                tap=int(twins.taps[network, edge]),
                top_tap=board.pots.top_tap,
                step_level=int(chip.step_edge == "rising"),
                storage=storage,
            )


def _wire_comparators(board: Board, fixture: Fixture, twins: TwinNetworks) -> None:
    comparators = board.comparators
    if comparators is None:
        _wire_flip_flops(board, fixture, twins)
        return

    def output(i: int) -> Callable[[], int]:
        return lambda: twins.compare()[i]

    inputs: list[Net | None] = [None] * (8 * board.shift_in.chips if board.shift_in else 0)
    for i, at in enumerate([*comparators.cmp, *comparators.sgn]):
        if isinstance(at, int):
            inputs[at] = net = fixture.net(f"shift_in.{at}")
        else:
            net = fixture.net(at)
        net.source = output(i)
    if board.shift_in:
        chain = board.shift_in
        HC165(fixture, fixture.net(chain.load), fixture.net(chain.clock), fixture.net(chain.data), inputs)


def _wire_flip_flops(board: Board, fixture: Fixture, twins: TwinNetworks) -> None:
    parts, chain = board.flip_flops, board.shift_in
    assert parts is not None and parts.readback is not None and chain is not None
    directions = [fixture.net(f"updown.{name}") for name in board.edges]
    latch, preset, clear = (fixture.net(pin) for pin in (parts.latch, parts.preset, parts.clear))
    EdgeFlipFlops(fixture, latch, preset, clear, twins.compare, directions)
    inputs: list[Net | None] = [None] * (8 * chain.chips)
    for net, at in zip(directions, parts.readback, strict=True):
        if isinstance(at, int):
            inputs[at] = net
    HC165(fixture, fixture.net(chain.load), fixture.net(chain.clock), fixture.net(chain.data), inputs)


def _wire_dacs(board: Board, fixture: Fixture, twins: TwinNetworks, ldac: int | None) -> None:
    bus = I2C_PINS.bus(board.i2c.sda)
    sda, scl = (fixture.net(pin, 1) for pin in (board.i2c.sda, board.i2c.scl))
    fixture.i2c_lines[bus] = lines = I2CLines(fixture, bus, sda, scl)
    if board.i2c.mux is not None:
        mux = TCA9548A()
        fixture.i2c_muxes[bus] = fixture.i2c[bus, board.i2c.mux.address] = mux

    def readdress(part: MCP4728, address: int) -> None:
        key = next(key for key in fixture.i2c if part in parts_at(fixture.i2c, key))
        move_part(fixture.i2c, part, key, (bus, place_of(address, channel_at(key[1]))))

    for place in board.dac.places:
        nodes = [board.node_index(name) if name else -1 for name in board.dac.nodes_of(place)]

        def volts(channel: int, count: int, nodes: Sequence[int] = nodes) -> float:
            return float(twins.dacs.volts(nodes[channel], count)) if channel < len(nodes) else 0.0

        def output(channel: int, volts: float, nodes: Sequence[int] = nodes) -> None:
            if channel < len(nodes) and nodes[channel] >= 0:
                twins.set_driver(nodes[channel], volts)

        name, address = f"MCP4728 at {place_text(place)}", address_at(place)
        net = fixture.net(str(board.dac.ldac) if place == ldac else f"LDAC of {name}")
        part = MCP4728(fixture, name, volts, output, address, net, lines.bits, readdress)
        fixture.i2c[bus, place] = part
        twins.dac_chips.append(part)


def _wire_switches(board: Board, fixture: Fixture, twins: TwinNetworks) -> None:
    switches = board.switches
    if switches is None:
        return
    where = {bit: (FREE, node) for node, bit in enumerate(switches.free)}
    where |= {bit: (CLAMPED, node) for node, bit in enumerate(switches.clamped)}
    for chip, place in enumerate(switches.places):

        def switched(switch: int, closed: int, first: int = 8 * chip) -> None:
            if first + switch in where:
                twins.set_switch(*where[first + switch], closed)

        name = f"ADG715 at {place_text(place)}"
        fixture.i2c[I2C_PINS.bus(board.i2c.sda), place] = ADG715(fixture, name, fixture.net(switches.reset), switched)


def _wire_adcs(board: Board, profile: Profile, fixture: Fixture, twins: TwinNetworks, seed: int) -> None:
    twins.adcs = draw_adc_curves(board, profile, seed)
    for adc, curve, name in zip(board.adc, twins.adcs, board.adc_names, strict=True):
        nodes = [parse_channel(channel) for channel in adc.channels]

        def sample(
            channel: int,
            nodes: list[tuple[str, int]] = nodes,
            curve: AdcCurve = curve,
            part: str = name,
            top: float = adc.full_scale_V,
        ) -> int:
            if channel >= len(nodes):
                fixture.violate(part, f"channel {channel} is not connected")
                return 0
            node, network = nodes[channel]
            volts = twins.node(network, board.node_index(node), part)
            if not 0 <= volts <= top:
                fixture.violate(part, f"{volts:.3f} V at {channel_name(node, network)}; its range is 0..{top} V")
            return curve.count(volts)

        if isinstance(adc, SpiAdc):
            bus = fixture.spi.setdefault(SPI_PINS.bus(adc.sck), SPIBus(fixture))
            bus.parts.append(SPI_ADCS[adc.part](fixture, fixture.net(adc.cs), sample, name))
        elif adc.mux is not None:
            fixture.adc[adc.pins[0]] = AnalogPin(sample, 0, [fixture.net(pin) for pin in adc.mux.select])
        else:
            for channel, pin in enumerate(adc.pins):
                fixture.adc[pin] = AnalogPin(sample, channel)
