"""All checks of one board. A finding names part, pin and net; an empty list means that the netlist is right."""

import numpy as np

from hardware.netcheck import devices
from hardware.netcheck.directions import Directions
from hardware.netcheck.equations import State
from hardware.netcheck.lines import Lines
from hardware.netcheck.netlist import Netlist
from hardware.netcheck.rule import Wiring, check_rule
from twinohm.model.board import Board
from twinohm.model.board_tables import AD7490, ADC_PINS


def check(netlist: Netlist, board: Board, states: int = 6, seed: int = 0) -> list[str]:
    """Findings. `states` random states of taps, roles and voltages are compared with the learning rule."""
    findings: list[str] = []
    lines = Lines(netlist, findings)
    rails = _supplies(lines)
    _same_kinds(netlist, findings)
    _bus(lines, board, rails)
    outputs, inputs = _chains(lines, board, rails)
    updown = _updown(lines, board, outputs, inputs)
    directions = Directions(lines, board, set(rails.values()), updown) if board.flip_flops else None
    compared = directions.cmp_and_sgn() if directions else _comparator_lines(lines, board, inputs)
    wiring = Wiring(_pots(lines, board, rails, outputs, updown), _comparators(lines, board, rails, compared))
    wiring.directions = directions
    wiring.drivers = _dacs(lines, board)
    wiring.switches = _switches(lines, board, rails)
    wiring.adc = _adcs(lines, board, rails)
    _pulls(lines, board, rails, outputs)
    _followers(lines, rails)
    _jumpers(lines)
    if not findings:
        fixed = {rails[0]: 0.0, rails[3]: 3.3, rails[5]: 5.0, rails[9]: 9.0}
        random = np.random.default_rng(seed)
        if directions:
            directions.check_home()
            directions.check_truth()
        for turn in range(states):
            check_rule(netlist, board, wiring, State(sources=dict(fixed)), random, findings, turn)
            if findings:
                break
    return findings


def _supplies(lines: Lines) -> dict[int, str]:
    """Net of each supply, found by who makes it: regulator, Pico."""
    netlist, findings = lines.netlist, lines.findings
    regulators = list(netlist.of("L7805"))
    if len(regulators) != 1:
        findings.append(f"{len(regulators)} regulators")
        return {0: "no GND", 3: "no 3.3 V", 5: "no 5 V", 9: "no 9 V"}
    regulator = regulators[0].ref
    rails = {0: lines.ground(), 3: lines.supply("3v3"), 5: netlist.net(regulator, "3"), 9: netlist.net(regulator, "1")}
    if len(set(rails.values())) < 4:
        findings.append(f"supplies are joined: {rails}")
    for part in netlist.components.values():
        for pin, rail in devices.SUPPLIES.get(part.part, {}).items():
            lines.expect(part.ref, pin, {rails[rail]}, rails[rail])
    _entry(lines, rails)
    _capacitors(lines, rails)
    _lamp(lines, rails)
    return rails


def _capacitors(lines: Lines, rails: dict[int, str]) -> None:
    """Each from a known net to ground, and at least one for every chip on its supply."""
    netlist = lines.netlist
    known = {*rails.values(), lines.supply("vsys")} - {rails[0]}
    known |= {lines.pin(pin) for pin in ADC_PINS}
    known |= {netlist.net(part.ref, devices.REFERENCE_OUT) for part in netlist.of("REF3025")}
    known |= {netlist.net(part.ref, devices.SHIFTER_BIAS[0]) for part in netlist.of("PCA9306")}
    hot = []
    for part in netlist.of("C"):
        ends = {netlist.net(part.ref, "1"), netlist.net(part.ref, "2")}
        hot += sorted(ends - {rails[0]})
        if rails[0] not in ends or not ends - {rails[0]} <= known or len(ends) < 2:
            lines.findings.append(f"{part.ref} (C) is across {' and '.join(sorted(ends))}")
    for rail in (3, 5, 9):
        chips = sum(rail in devices.SUPPLIES[part.part].values() for part in netlist.of(*devices.DECOUPLED))
        if hot.count(rails[rail]) < chips:
            count = hot.count(rails[rail])
            lines.findings.append(f"{count} capacitors from {rails[rail]} to ground for {chips} chips")


def _lamp(lines: Lines, rails: dict[int, str]) -> None:
    netlist = lines.netlist
    for lamp in netlist.of("LED"):
        lines.expect(lamp.ref, devices.DIODE["cathode"], {rails[0]}, rails[0])
        lines.pulled(netlist.net(lamp.ref, devices.DIODE["anode"]), rails[5], "5 V lamp")


def _entry(lines: Lines, rails: dict[int, str]) -> None:
    """Jack, fuse, reverse polarity; 5 V to the Pico and from USB through diodes."""
    netlist, findings = lines.netlist, lines.findings
    for jack in netlist.of("Jack"):
        lines.expect(jack.ref, devices.JACK["ground"], {rails[0]}, rails[0])
        fused = {netlist.net(jack.ref, devices.JACK["plus"])}
        for fuse in netlist.of("Fuse"):
            fused ^= {netlist.net(fuse.ref, "1"), netlist.net(fuse.ref, "2")}
        apart = [*rails.values(), lines.supply("vsys"), lines.supply("vbus"), netlist.net(jack.ref, "1"), *fused]
        twice = sorted({net for net in apart if apart.count(net) > 1})
        findings += [f"{net} should be apart from the other supplies" for net in twice]
    ways = {
        (netlist.net(part.ref, devices.DIODE["anode"]), netlist.net(part.ref, devices.DIODE["cathode"]))
        for part in netlist.of("Schottky")
    }
    wanted = {(rails[5], lines.supply("vsys")), (lines.supply("vbus"), rails[5])}
    wanted |= {(net, rails[9]) for net in fused}
    findings += [f"no diode from {a} to {b}" for a, b in sorted(wanted - ways)]
    findings += [f"a diode from {a} to {b}" for a, b in sorted(ways - wanted)]


def _same_kinds(netlist: Netlist, findings: list[str]) -> None:
    """Only parts that are known here."""
    known = {*devices.SUPPLIES, *devices.TWO_ENDS, devices.JUMPER, "C", "LED", "Schottky", "Fuse", "Jack"}
    known |= {"Header5", "Header10"}
    for part in netlist.components.values():
        if part.part not in known:
            findings.append(f"{part.ref}: nothing is known of {part.part}")


def _bus(lines: Lines, board: Board, rails: dict[int, str]) -> None:
    """I2C: both sides pulled up, the shifter biased, and every chip on it."""
    netlist = lines.netlist
    for wire in ("sda", "scl"):
        start = lines.pin(getattr(board.i2c, wire))
        nets = lines.reach(start, set(rails.values()))
        lines.pulled(start, rails[3], f"I2C {wire}")
        for net in sorted(nets - {start}):
            lines.pulled(net, rails[5], f"I2C {wire} at 5 V")
        far = nets - {start}
        for chip in netlist.of("MCP4728"):
            lines.expect(chip.ref, devices.DAC[wire], far, f"{wire} at 5 V")  # type: ignore[arg-type]
        for chip in netlist.of("ADG715"):
            lines.expect(chip.ref, devices.SWITCH[wire], far, f"{wire} at 5 V")
    for shifter in netlist.of("PCA9306"):
        bias = {netlist.net(shifter.ref, pin) for pin in devices.SHIFTER_BIAS}
        fed = any(
            {netlist.net(part.ref, "1"), netlist.net(part.ref, "2")} == bias | {rails[5]} and len(bias) == 1
            for part in netlist.of("R")
            if devices.ohms(part.value) == 200e3
        )
        if not fed:
            lines.findings.append(f"{shifter.ref} (PCA9306) VREF2 and EN are not joined, with 200k to {rails[5]}")


def _chains(lines: Lines, board: Board, rails: dict[int, str]) -> tuple[dict[int, str], dict[int, str]]:
    supply = set(rails.values())
    outputs: dict[int, str] = {}
    inputs: dict[int, str] = {}
    if board.shift_out:
        pins = {key: getattr(board.shift_out, key) for key in ("data", "clock", "latch", "enable")}
        outputs = lines.chain_out(pins, board.shift_out.chips, supply)
    if board.shift_in:
        pins = {key: getattr(board.shift_in, key) for key in ("data", "clock", "load")}
        inputs = lines.chain_in(pins, board.shift_in.chips, supply)
    return outputs, inputs


def _updown(lines: Lines, board: Board, outputs: dict[int, str], inputs: dict[int, str]) -> list[str]:
    """Net of U/D of every edge: the firmware gives it, or reads back what a flip-flop gives."""
    if board.pots.updown:
        return [lines.line(line, outputs) for line in board.pots.updown]
    assert board.flip_flops is not None and board.flip_flops.readback is not None
    return [lines.line(line, inputs) for line in board.flip_flops.readback]


def _pots(
    lines: Lines, board: Board, rails: dict[int, str], bits: dict[int, str], directions: list[str]
) -> list[list[str]]:
    """The two pots of every edge: those that its U/D and /CS reach. All are on CLK."""
    netlist, supply = lines.netlist, set(rails.values())
    clock = lines.reach(lines.pin(board.pots.clk), supply)
    found: list[list[str]] = []
    for edge, updown, cs in zip(board.edges, directions, board.pots.cs, strict=True):
        up, select = (lines.reach(net, supply) for net in (updown, lines.line(cs, bits)))
        pair = [
            part.ref
            for part in netlist.of("AD5220")
            if netlist.net(part.ref, devices.POT["updown"]) in up and netlist.net(part.ref, devices.POT["cs"]) in select
        ]
        if len(pair) != 2:
            lines.findings.append(f"edge {edge}: its U/D and /CS reach {len(pair)} pots, not 2 ({', '.join(pair)})")
        for ref in pair:
            lines.expect(ref, devices.POT["clk"], clock, f"CLK ({board.pots.clk})")
        found.append(pair)
    used = [ref for pair in found for ref in pair]
    for part in netlist.of("AD5220"):
        if used.count(part.ref) != 1:
            lines.findings.append(f"{part.ref} belongs to {used.count(part.ref)} edges")
    return found


def _comparator_lines(lines: Lines, board: Board, bits: dict[int, str]) -> list[tuple[str, str]]:
    """Nets of CMP and SGN of every edge, where the firmware reads them."""
    assert board.comparators is not None
    pairs = zip(board.comparators.cmp, board.comparators.sgn, strict=True)
    return [(lines.line(cmp, bits), lines.line(sgn, bits)) for cmp, sgn in pairs]


def directions_of(netlist: Netlist, board: Board, findings: list[str]) -> Directions:
    """Gates and flip-flops of a board that has them."""
    lines = Lines(netlist, findings)
    rails = _supplies(lines)
    return Directions(lines, board, set(rails.values()), _updown(lines, board, *_chains(lines, board, rails)))


def _comparators(
    lines: Lines, board: Board, rails: dict[int, str], compared: list[tuple[str, str]]
) -> dict[str, list[tuple[str, str]]]:
    """Input nets (+, -) of the comparator on each CMP and SGN net."""
    netlist = lines.netlist
    found: dict[str, list[tuple[str, str]]] = {}
    outputs: dict[str, list[tuple[str, str]]] = {}
    for chip in netlist.of("LM393A"):
        for plus, minus, out in devices.COMPARATORS:
            pair = (netlist.net(chip.ref, plus), netlist.net(chip.ref, minus))
            outputs.setdefault(netlist.net(chip.ref, out), []).append(pair)
    for which, name in enumerate(("cmp", "sgn")):
        found[name] = []
        for edge, nets in zip(board.edges, compared, strict=True):
            net = nets[which]
            here = outputs.get(net, [])
            if len(here) != 1:
                lines.findings.append(f"edge {edge}: {len(here)} comparators on its {name.upper()} line {net}")
            found[name].append(here[0] if here else ("none", "none"))
            lines.pulled(net, rails[3], f"edge {edge} {name.upper()}")
    return found


def _dacs(lines: Lines, board: Board) -> dict[str, str]:
    """Net of the DAC channel of every node. A chip's address is in its order code."""
    chips = {}
    for chip in lines.netlist.of("MCP4728"):
        option = chip.mpn.removeprefix("MCP4728").split("T")[0] or "A0"
        chips[0x60 + int(option.removeprefix("A"))] = chip.ref
    if sorted(chips) != sorted(board.dac.addresses):
        shown = ", ".join(f"0x{address:02x}" for address in sorted(chips))
        lines.findings.append(f"MCP4728s have the addresses {shown or 'none'}, the firmware uses {board.dac.addresses}")
        return {}
    drivers = {}
    for i, node in enumerate(board.dac.channels):
        if node:
            drivers[node] = lines.netlist.net(chips[board.dac.addresses[i // 4]], devices.DAC["outputs"][i % 4])
    return drivers


def _switches(lines: Lines, board: Board, rails: dict[int, str]) -> dict[int, tuple[str, int]]:
    """(reference, index) of every switch number; straps give the addresses."""
    if board.switches is None:
        return {}
    netlist = lines.netlist
    found: dict[int, tuple[str, int]] = {}
    reset = lines.reach(lines.pin(board.switches.reset), set(rails.values()))
    levels = {rails[0]: 0, rails[5]: 1}
    for chip in netlist.of("ADG715"):
        lines.expect(chip.ref, devices.SWITCH["reset"], reset, f"the Pico's {board.switches.reset} (/RESET)")
        straps = [levels.get(netlist.net(chip.ref, devices.SWITCH[pin])) for pin in ("a1", "a0")]
        if None in straps:
            lines.findings.append(f"{chip.ref} (ADG715) has a floating address strap")
            continue
        address = 0x48 | (straps[0] or 0) << 1 | (straps[1] or 0)
        if address not in board.switches.addresses:
            lines.findings.append(f"{chip.ref} (ADG715) has address 0x{address:02x}, which the firmware does not use")
            continue
        first = 8 * board.switches.addresses.index(address)
        if first in found:
            lines.findings.append(f"{chip.ref} (ADG715) has address 0x{address:02x}, and so has {found[first][0]}")
        found |= {first + i: (chip.ref, i) for i in range(8)}
    for number in (*board.switches.free, *board.switches.clamped):
        if number not in found:
            lines.findings.append(f"no chip has switch {number}")
    return found


def _adcs(lines: Lines, board: Board, rails: dict[int, str]) -> dict[str, tuple[str, float]]:
    """Net and scale (volts at the node for a volt at the pin) of every ADC channel."""
    netlist = lines.netlist
    found: dict[str, tuple[str, float]] = {}
    supply = set(rails.values())
    for adc in board.adc:
        if not isinstance(adc, AD7490):
            for pin, channel in zip(adc.pins, adc.channels, strict=True):
                found[channel] = (lines.pin(pin), adc.full_scale_V / 3.3)
            continue
        chips = list(netlist.of("AD7490"))
        if len(chips) != 1:
            lines.findings.append(f"{len(chips)} chips of AD7490")
            continue
        for pin in ("sck", "mosi", "miso", "cs"):
            nets = lines.reach(lines.pin(getattr(adc, pin)), supply)
            lines.expect(chips[0].ref, devices.ADC[pin], nets, f"the Pico's {getattr(adc, pin)} ({pin})")
        reference = {netlist.net(part.ref, devices.REFERENCE_OUT) for part in netlist.of("REF3025")}
        lines.expect(chips[0].ref, devices.ADC["reference"], reference, "the 2.5 V reference")
        for pin, channel in zip(devices.ADC_INPUTS, adc.channels, strict=False):
            found[channel] = (netlist.net(chips[0].ref, pin), adc.full_scale_V / 5.0)
    return found


def _pulls(lines: Lines, board: Board, rails: dict[int, str], bits: dict[int, str]) -> None:
    """What keeps the board safe while the Pico's pins float."""
    for pin, level in board.pulls.items():
        lines.pulled(lines.pin(pin), rails[3] if level == "up" else rails[0], f"{pin} must idle {level}")
    for edge, line in zip(board.edges, board.pots.cs, strict=True):
        if isinstance(line, int):
            lines.pulled(lines.line(line, bits), rails[3], f"/CS of edge {edge} must idle up")


def _followers(lines: Lines, rails: dict[int, str]) -> None:
    """Every amplifier is fed back to its inverting input, and nothing else drives its output."""
    netlist = lines.netlist
    outputs = []
    for chip in netlist.of("TLV9064"):
        for plus, minus, out in devices.AMPLIFIERS:
            outputs.append(netlist.net(chip.ref, out))
            if netlist.net(chip.ref, minus) != outputs[-1]:
                lines.findings.append(f"{chip.ref} (TLV9064) pin {minus} is not on its output {outputs[-1]}")
            if (chip.ref, plus) not in netlist.pins:
                lines.findings.append(f"{chip.ref} (TLV9064) pin {plus} floats")
            if netlist.net(chip.ref, plus) == outputs[-1]:
                lines.findings.append(f"{chip.ref} (TLV9064) pin {plus} is on its own output")
    for net in sorted({net for net in outputs if outputs.count(net) > 1 or net in rails.values()}):
        lines.findings.append(f"two sources on {net}")
    for chip in netlist.of("74AHCT125"):
        for pin, _ in devices.BUFFERS:
            if (chip.ref, pin) not in netlist.pins:
                lines.findings.append(f"{chip.ref} (74AHCT125) pin {pin} floats")


def _jumpers(lines: Lines) -> None:
    """Pulling the header of a pot takes it out: wiper, header and series resistor are a chain without branches."""
    netlist = lines.netlist
    for pot in netlist.of("AD5220"):
        chain = [pot.part]
        at = (pot.ref, devices.POT["w"])
        for _ in range(2):
            others = [pin for pin in netlist.on(netlist.net(*at)) if pin != at]
            if len(others) != 1:
                break
            chain.append(netlist.components[others[0][0]].part)
            at = (others[0][0], "2" if others[0][1] == "1" else "1")
        if chain != [pot.part, devices.JUMPER, "R_precise"]:
            lines.findings.append(f"{pot.ref} (AD5220) wiper goes through {' and '.join(chain[1:]) or 'nothing'}")
