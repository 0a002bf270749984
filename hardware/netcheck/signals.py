"""Digital lines: I2C, the chains of shift registers, and what the firmware's lines reach."""

from collections.abc import Mapping

from hardware.netcheck import pinouts
from hardware.netcheck.tracer import Tracer
from hardware.netcheck.wiring import AdcInput, Comparator
from twinohm.model.board import Board
from twinohm.model.board_tables import SpiAdc

DAC_ADDRESS = 0x60  # of an MCP4728 whose order code says A0: DS22187E, section 5.3
SWITCH_ADDRESS = 0x48  # of an ADG715 with both straps low: Rev. E, serial bus address
ADC_RANGE_V = 5.0  # of an ADS7953 in range 2: twice its 2.5 V reference
PICO_ADC_RANGE_V = 3.3
SHIFTER_BIAS_OHM = 200e3  # from VREF2 and EN of a PCA9306 to its higher supply: its data sheet, section 9


def check_bus(tracer: Tracer, board: Board, rails: dict[int, str]) -> None:
    """I2C: both sides pulled up, the level shifter biased, every chip on the 5 V side."""
    netlist = tracer.netlist
    for wire in ("sda", "scl"):
        start = tracer.pin(getattr(board.i2c, wire))
        far = {start} if board.through_hole else tracer.reach(start) - {start}
        tracer.expect_pull(start, rails[3], f"I2C {wire.upper()}")
        for net in sorted(far - {start}):
            tracer.expect_pull(net, rails[5], f"I2C {wire.upper()} at 5 V")
        for part, pins in (("MCP4728", pinouts.DAC), ("ADG715", pinouts.SWITCH)):
            for chip in netlist.parts(part):
                tracer.expect(chip.ref, pins[wire], far, f"{wire.upper()} at 5 V")
    for shifter in netlist.parts("PCA9306"):
        bias = {netlist.net(shifter.ref, pin) for pin in pinouts.SHIFTER_BIAS}
        fed = any(
            {netlist.net(part.ref, "1"), netlist.net(part.ref, "2")} == bias | {rails[5]} and len(bias) == 1
            for part in netlist.parts("R")
            if pinouts.ohms(part.value) == SHIFTER_BIAS_OHM
        )
        if not fed:
            numbers = " and ".join(pinouts.SHIFTER_BIAS)
            text = f"{shifter.ref} (PCA9306) pins {numbers} (VREF2 and EN) are not joined, with 200k to {rails[5]}"
            tracer.findings.append(text)


def trace_chains(tracer: Tracer, board: Board) -> tuple[dict[int, str], dict[int, str]]:
    """Return the net of every bit of the output chain and of the input chain."""
    outputs: dict[int, str] = {}
    inputs: dict[int, str] = {}
    if board.shift_out:
        pins = {key: getattr(board.shift_out, key) for key in ("data", "clock", "latch", "enable")}
        outputs = tracer.trace_outputs(pins, board.shift_out.chips)
    if board.shift_in:
        pins = {key: getattr(board.shift_in, key) for key in ("data", "clock", "load")}
        inputs = tracer.trace_inputs(pins, board.shift_in.chips)
    return outputs, inputs


def updown_nets(tracer: Tracer, board: Board, outputs: dict[int, str], inputs: dict[int, str]) -> list[str]:
    """Return the net of U/D of every edge: the firmware sets it, or reads back what a flip-flop sets."""
    if board.pots.updown:
        return [tracer.line_net(line, outputs) for line in board.pots.updown]
    assert board.flip_flops is not None and board.flip_flops.readback is not None
    return [tracer.line_net(line, inputs) for line in board.flip_flops.readback]


def comparator_nets(tracer: Tracer, board: Board, inputs: dict[int, str]) -> list[tuple[str, str]]:
    """Return the nets of CMP and SGN of every edge, where the firmware reads them."""
    assert board.comparators is not None
    pairs = zip(board.comparators.cmp, board.comparators.sgn, strict=True)
    return [(tracer.line_net(cmp, inputs), tracer.line_net(sgn, inputs)) for cmp, sgn in pairs]


def find_pots(tracer: Tracer, board: Board, outputs: dict[int, str], updown: list[str]) -> list[list[str]]:
    """Return the references of the pots of every edge: those on its U/D and its /CS. All must be on CLK."""
    netlist = tracer.netlist
    clock = tracer.reach(tracer.pin(board.pots.clk))
    found: list[list[str]] = []
    for edge, net, line in zip(board.edges, updown, board.pots.cs, strict=True):
        select_net = tracer.line_net(line, outputs)
        up, select = tracer.reach(net), tracer.reach(select_net)
        pair = [
            part.ref
            for part in pinouts.pots(netlist)
            if netlist.net(part.ref, pinouts.POT["updown"]) in up and netlist.net(part.ref, pinouts.POT["cs"]) in select
        ]
        if len(pair) != 2:
            named = f" ({', '.join(pair)})" if pair else ""
            text = f"edge {edge}: its U/D {net} and /CS {select_net} reach {len(pair)} pots{named}, not 2"
            tracer.findings.append(text)
        for ref in pair:
            tracer.expect(ref, pinouts.POT["clk"], clock, f"CLK ({board.pots.clk})")
        found.append(pair)
    used = [ref for pair in found for ref in pair]
    pins = f"pins {pinouts.POT['updown']} and {pinouts.POT['cs']}"
    for part in pinouts.pots(netlist):
        if (count := used.count(part.ref)) != 1:
            text = f"{part.ref} ({part.part}) {pins} (U/D and /CS) are on the lines of {count} edges, not 1"
            tracer.findings.append(text)
    return found


def find_comparators(
    tracer: Tracer, board: Board, rails: dict[int, str], outputs: list[tuple[str, str]]
) -> dict[str, list[Comparator]]:
    """Return the comparators on the CMP and on the SGN net of every edge. `outputs` are these nets."""
    netlist = tracer.netlist
    by_output: dict[str, list[Comparator]] = {}
    for chip in netlist.parts("LM393A"):
        for plus, minus, out in pinouts.COMPARATORS:
            name = f"{chip.ref} (LM393A) pins {plus} and {minus}"
            comparator = Comparator(name, netlist.net(chip.ref, plus), netlist.net(chip.ref, minus))
            by_output.setdefault(netlist.net(chip.ref, out), []).append(comparator)
    found: dict[str, list[Comparator]] = {"cmp": [], "sgn": []}
    for which, name in enumerate(found):
        for edge, nets in zip(board.edges, outputs, strict=True):
            net = nets[which]
            here = by_output.get(net, [])
            if len(here) != 1:
                tracer.findings.append(f"edge {edge}: {len(here)} comparators on its {name.upper()} line {net}, not 1")
            found[name].append(here[0] if here else Comparator("no comparator", "none", "none"))
            tracer.expect_pull(net, rails[3], f"edge {edge} {name.upper()}")
    return found


def find_drivers(tracer: Tracer, board: Board) -> dict[str, str]:
    """Return the net of the DAC output of every node. The address of a chip is in its order code."""
    chips: dict[int, str] = {}
    for chip in tracer.netlist.parts("MCP4728"):
        option = chip.mpn.removeprefix("MCP4728").split("T")[0] or "A0"
        address = DAC_ADDRESS + int(option.removeprefix("A"))
        _expect_address(tracer, chip.ref, address, board.dac.addresses, chips.get(address))
        chips[address] = chip.ref
    if missing := sorted(set(board.dac.addresses) - chips.keys()):
        tracer.findings.append(f"no MCP4728 has the address {', '.join(f'0x{address:02x}' for address in missing)}")
        return {}
    return {
        node: tracer.netlist.net(chips[board.dac.addresses[i // 4]], pinouts.DAC_OUTPUTS[i % 4])
        for i, node in enumerate(board.dac.channels)
        if node
    }


def find_switches(tracer: Tracer, board: Board, rails: dict[int, str]) -> dict[int, tuple[str, int]]:
    """Return (reference, index 0..7) of every switch number. The straps of a chip give its address."""
    if board.switches is None:
        return {}
    netlist = tracer.netlist
    found: dict[int, tuple[str, int]] = {}
    reset = tracer.reach(tracer.pin(board.switches.reset))
    levels = {rails[0]: 0, rails[5]: 1}
    for chip in netlist.parts("ADG715"):
        what = f"the Pico's {board.switches.reset} (/RESET)"
        tracer.expect(chip.ref, pinouts.SWITCH["reset"], reset, what)
        straps = {}
        for name in ("a1", "a0"):
            pin = pinouts.SWITCH[name]
            straps[name] = levels.get(netlist.net(chip.ref, pin))
            tracer.expect(chip.ref, pin, set(levels), f"{rails[0]} or {rails[5]} (address strap {name.upper()})")
        if straps["a1"] is None or straps["a0"] is None:
            continue
        address = SWITCH_ADDRESS | straps["a1"] << 1 | straps["a0"]
        used = board.switches.addresses
        first = 8 * used.index(address) if address in used else -8
        _expect_address(tracer, chip.ref, address, used, found[first][0] if first in found else None)
        if first >= 0:
            found |= {first + i: (chip.ref, i) for i in range(8)}
    missing = sorted({*board.switches.free, *board.switches.clamped} - found.keys())
    if missing:
        tracer.findings.append(f"no ADG715 has the switches {', '.join(map(str, missing))}")
    return found


def _expect_address(tracer: Tracer, ref: str, address: int, used: tuple[int, ...], other: str | None) -> None:
    """Add a finding if the firmware does not use the address of an I2C chip, or if the chip `other` has it too."""
    name = f"{ref} ({tracer.netlist.components[ref].part}) has the address 0x{address:02x}"
    if address not in used:
        tracer.findings.append(f"{name}, which the firmware does not use")
    if other:
        tracer.findings.append(f"{name}, and so has {other}")


def find_adc_inputs(tracer: Tracer, board: Board, rails: dict[int, str]) -> dict[str, AdcInput]:
    """Return the pin of every ADC channel."""
    netlist = tracer.netlist
    found: dict[str, AdcInput] = {}
    for adc in board.adc:
        if not isinstance(adc, SpiAdc):
            for pin, channel in zip(adc.pins, adc.channels, strict=True):
                found[channel] = AdcInput(f"the Pico's {pin}", tracer.pin(pin), adc.full_scale_V / PICO_ADC_RANGE_V)
            continue
        chips = netlist.parts(adc.part)
        if adc.part not in pinouts.SUPPLIES or len(chips) != 1:
            tracer.findings.append(f"the netlist has {len(chips)} chips {adc.part}, not 1")
            continue
        ref = chips[0].ref
        for key in ("sck", "mosi", "miso", "cs"):
            line = getattr(adc, key)
            tracer.expect(ref, pinouts.ADC[key], tracer.reach(tracer.pin(line)), f"the Pico's {line} ({key})")
        reference = {netlist.net(part.ref, pinouts.REFERENCE_OUT) for part in netlist.parts("REF3025")}
        tracer.expect(ref, pinouts.ADC["reference"], reference, "the 2.5 V reference")
        _check_adc(tracer, ref, rails)
        for number, channel in zip(pinouts.ADC_INPUTS, adc.channels, strict=False):
            net = netlist.net(ref, number)
            found[channel] = AdcInput(tracer.name(ref, number), net, adc.full_scale_V / ADC_RANGE_V)
    return found


def check_ldac(tracer: Tracer, board: Board, rails: dict[int, str]) -> None:
    """Every /LDAC is pulled low, and reachable: at a test point, or at a header beside the line that sets it."""
    netlist = tracer.netlist
    for chip in netlist.parts("MCP4728"):
        net, name = netlist.net(chip.ref, pinouts.DAC["ldac"]), tracer.name(chip.ref, pinouts.DAC["ldac"])
        tracer.expect_pull(net, rails[0], f"{name} (/LDAC) must idle down")
        others = [netlist.components[ref].part for ref, pin in netlist.nets.get(net, ()) if ref != chip.ref]
        if sorted(others) not in (["R", "TestPoint"], ["Header4", "R"]):
            found = ", ".join(sorted(others)) or "nothing"
            tracer.findings.append(
                f"{name} (/LDAC) is on {net} with {found}, not with a pull-down and one point to reach it"
            )
    if board.dac.ldac:
        reach = tracer.reach(tracer.pin(board.dac.ldac))
        for header in netlist.parts("Header4"):
            tracer.expect(header.ref, pinouts.LDAC_HEADER_SET, reach, f"the Pico's {board.dac.ldac} (ldac)")


def check_test_points(tracer: Tracer) -> None:
    """Every test point is on the net that it is named after."""
    for point in tracer.netlist.parts("TestPoint"):
        net = tracer.netlist.net(point.ref, "1")
        if net.rsplit("/", 1)[-1] != point.value:
            tracer.findings.append(f"{tracer.name(point.ref, '1')} is on {net}, not on {point.value}")


def _check_adc(tracer: Tracer, ref: str, rails: dict[int, str]) -> None:
    """The multiplexer feeds the converter and nothing else; no unused input floats."""
    netlist = tracer.netlist
    link = [netlist.net(ref, pin) for pin in pinouts.ADC_LINK]
    if len(set(link)) > 1 or len(netlist.nets.get(link[0], ())) != len(link):
        pins = " and ".join(pinouts.ADC_LINK)
        part = netlist.components[ref].part
        tracer.findings.append(f"{ref} ({part}) pins {pins} (MXO and AINP) are not joined, and with nothing else")
    for pin in pinouts.ADC_UNUSED:
        tracer.expect_pull(netlist.net(ref, pin), rails[0], f"{tracer.name(ref, pin)} must not float")


def check_pulls(tracer: Tracer, board: Board, rails: dict[int, str], outputs: Mapping[int, str]) -> None:
    """Resistors that keep the board safe while the Pico's pins and the chips' outputs float."""
    for pin, level in board.pulls.items():
        tracer.expect_pull(tracer.pin(pin), rails[3] if level == "up" else rails[0], f"{pin} must idle {level}")
    for edge, line in zip(board.edges, board.pots.cs, strict=True):
        if isinstance(line, int):
            tracer.expect_pull(tracer.line_net(line, outputs), rails[3], f"/CS of edge {edge} must idle up")
    for edge, line in zip(board.edges, board.pots.updown or (), strict=False):
        tracer.expect_pull(tracer.line_net(line, outputs), rails[0], f"U/D of edge {edge} must not float")
