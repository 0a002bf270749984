"""From a board of boards.toml to part models on nets, all meeting in one Analog."""

from collections.abc import Callable, Sequence

import numpy as np

from twinohm.model.board import Board
from twinohm.model.profile import Profile
from twinohm.sim.adc_curve import AdcCurve
from twinohm.sim.analog import CLAMPED, FREE, Analog
from twinohm.sim.parts.ad5220 import AD5220
from twinohm.sim.parts.ad7490 import AD7490
from twinohm.sim.parts.adg715 import ADG715
from twinohm.sim.parts.fixture import Bench, Net
from twinohm.sim.parts.hc74 import EdgeFlipFlops
from twinohm.sim.parts.hc165 import HC165
from twinohm.sim.parts.hc595 import HC595
from twinohm.sim.parts.mcp4728 import MCP4728
from twinohm.sim.parts.rp2040 import AnalogPin

NETWORKS = {"free": FREE, "clamped": CLAMPED}


def wire(board: Board, profile: Profile, bench: Bench, seed: int) -> Analog:
    """Put the models of every part of `board` on `bench`. The processor's pins are the nets "GPn", all floating."""
    analog = Analog(board, profile, bench, seed)
    for pin, pull in board.pulls.items():
        bench.net(pin, 1 if pull == "up" else 0)
    _pots(board, bench, analog)
    _comparators(board, bench, analog)
    _dacs(board, bench, analog)
    _switches(board, bench, analog)
    _adcs(board, profile, bench, analog, seed)
    return analog


def _chain_outputs(board: Board, bench: Bench) -> dict[int, Net]:
    """Nets of the 74HC595 chain by bit; /CS lines have pull-ups."""
    chain = board.shift_out
    if chain is None:
        return {}
    selects = {bit for bit in board.pots.cs if isinstance(bit, int)}
    nets = {bit: bench.net(f"shift_out.{bit}", int(bit in selects)) for bit in range(8 * chain.chips)}
    clock, data, latch, enable = (bench.net(pin) for pin in (chain.clock, chain.data, chain.latch, chain.enable))
    HC595(bench, clock, data, latch, enable, [nets[bit] for bit in range(8 * chain.chips)])
    return nets


def _pots(board: Board, bench: Bench, analog: Analog) -> None:
    chain = _chain_outputs(board, bench)

    def line(at: int | str) -> Net:
        return chain[at] if isinstance(at, int) else bench.net(at)

    def moved(network: int, edge: int) -> Callable[[int], None]:
        return lambda tap: analog.set_tap(network, edge, tap)

    clk = bench.net(board.pots.clk)
    directions = [line(at) for at in board.pots.updown or ()] or [bench.net(f"updown.{name}") for name in board.edges]
    for edge, (updown, cs) in enumerate(zip(directions, board.pots.cs, strict=True)):
        for name, network in NETWORKS.items():
            part = f"AD5220 {board.edges[edge]}.{name}"
            pot = AD5220(bench, part, clk, updown, line(cs), moved(network, edge))
            analog.pots[network, edge] = pot


def _comparators(board: Board, bench: Bench, analog: Analog) -> None:
    comparators = board.comparators
    if comparators is None:
        _flip_flops(board, bench, analog)
        return

    def output(i: int) -> Callable[[], int]:
        return lambda: analog.compare()[i]

    inputs: list[Net | None] = [None] * (8 * board.shift_in.chips if board.shift_in else 0)
    for i, at in enumerate([*comparators.cmp, *comparators.sgn]):
        if isinstance(at, int):
            inputs[at] = net = bench.net(f"shift_in.{at}")
        else:
            net = bench.net(at)
        net.source = output(i)
    if board.shift_in:
        chain = board.shift_in
        HC165(bench, bench.net(chain.load), bench.net(chain.clock), bench.net(chain.data), inputs)


def _flip_flops(board: Board, bench: Bench, analog: Analog) -> None:
    parts, chain = board.flip_flops, board.shift_in
    assert parts is not None and parts.readback is not None and chain is not None
    directions = [bench.net(f"updown.{name}") for name in board.edges]
    latch, preset, clear = (bench.net(pin) for pin in (parts.latch, parts.preset, parts.clear))
    EdgeFlipFlops(bench, latch, preset, clear, analog.compare, directions)
    inputs: list[Net | None] = [None] * (8 * chain.chips)
    for net, at in zip(directions, parts.readback, strict=True):
        if isinstance(at, int):
            inputs[at] = net
    HC165(bench, bench.net(chain.load), bench.net(chain.clock), bench.net(chain.data), inputs)


def _bus(pin: str) -> int:
    return int(pin[2:]) >> 1 & 1  # RP2040: GP4 and 5 are I2C0, GP6 and 7 I2C1, and so on


def _dacs(board: Board, bench: Bench, analog: Analog) -> None:
    bus = _bus(board.i2c.sda)
    for chip, address in enumerate(board.dac.addresses):
        nodes = [board.node_index(name) if name else -1 for name in board.dac.channels[4 * chip : 4 * chip + 4]]

        def output(channel: int, volts: float, nodes: Sequence[int] = nodes) -> None:
            if channel < len(nodes) and nodes[channel] >= 0:
                analog.set_driver(nodes[channel], volts)

        bench.i2c[bus, address] = MCP4728(bench, f"MCP4728 at 0x{address:02x}", output)


def _switches(board: Board, bench: Bench, analog: Analog) -> None:
    switches = board.switches
    if switches is None:
        return
    where = {bit: (FREE, node) for node, bit in enumerate(switches.free)}
    where |= {bit: (CLAMPED, node) for node, bit in enumerate(switches.clamped)}
    for chip, address in enumerate(switches.addresses):

        def switched(switch: int, closed: int, first: int = 8 * chip) -> None:
            if first + switch in where:
                analog.set_switch(*where[first + switch], closed)

        name = f"ADG715 at 0x{address:02x}"
        bench.i2c[_bus(board.i2c.sda), address] = ADG715(bench, name, bench.net(switches.reset), switched)


def _adcs(board: Board, profile: Profile, bench: Bench, analog: Analog, seed: int) -> None:
    random = np.random.default_rng([seed, 1])
    for adc in board.adc:
        curve = AdcCurve(adc.part, adc.full_scale_V, profile.adc_faults, random)
        nodes = [channel.split(".") for channel in adc.channels]

        def sample(
            channel: int,
            nodes: list[list[str]] = nodes,
            curve: AdcCurve = curve,
            part: str = adc.part,
            top: float = adc.full_scale_V,
        ) -> int:
            if channel >= len(nodes):
                bench.violate(part, f"channel {channel} is not connected")
                return 0
            name, network = nodes[channel]
            volts = analog.node(NETWORKS[network], board.node_index(name), part)
            if not 0 <= volts <= top:
                bench.violate(part, f"{volts:.3f} V at {name}.{network}; its range is 0..{top} V")
            return curve.count(volts)

        if adc.part == "AD7490":
            assert adc.sck is not None and adc.cs is not None
            bench.spi[int(adc.sck[2:]) >> 3 & 1] = AD7490(bench, bench.net(adc.cs), sample)
        elif adc.mux is not None:
            bench.adc[adc.pins[0]] = AnalogPin(sample, 0, [bench.net(pin) for pin in adc.mux.select])
        else:
            for channel, pin in enumerate(adc.pins):
                bench.adc[pin] = AnalogPin(sample, channel)
