"""The parts that a finding of the self-test puts under suspicion, by reference and pin, and what to check.

A board without hardware files gets the part's name and its pin or bit instead.
"""

from twinohm.diagnostics.fault_name import FaultName, Suspects
from twinohm.model.board import Board
from twinohm.model.board_tables import SpiAdc
from twinohm.model.i2c_places import parse_place, place_text
from twinohm.model.netlist import Netlist, load_netlist

INPUTS = {"ADS7953": "CH", "AD7490": "VIN", "RP2040": "VIN"}  # RP2040: inputs of its multiplexer
CHECKS = {
    "missing:i2c": "check its supply, SDA and SCL, and its address: another part may have the same",
    "missing:diode": "plug it in, or check the socket and its 100 ohm",
    "reversed:diode": "turn it round: the ring marks the cathode",
    "mismatched:diode": "exchange one of both: they are of different parts",
    "moved:i2c": "set its address pins, or the address bits of its EEPROM",
    "silent:chip": "check its supply and the SPI lines",
    "noisy:supply": "check the 5 V regulator and its capacitors, and the plug",
    "high:CMP": "check the pull-up, the solder joints of the output and of both inputs",
    "high:UD": "check for a bridge to the supply, then exchange the chip that drives it",
    "low:UD": "check for a bridge to ground, then exchange the chip that drives it",
    "high:IN": "the pots follow, so check the joint of this input, then exchange the register",
    "high:XOR": "check the gate's output, D of the flip-flop and supply of both",
    "open:LATCH": "check the joint of LATCH at this flip-flop",
    "odd:CMP": "check whether its inputs are crossed",
    "dead:pot": "check the joints of CLK, U/D, /CS and supply of this pot, then exchange it",
    "twice:pot": "check CLK at this pot for ringing: series resistor, ground",
    "odd:pot": "check the joints of CLK, U/D and /CS of this pot",
    "shorted:pot": "check for a solder bridge between its ends",
    "open:pot": "check its jumper and series resistor, and the joints of W and B",
    "open:driver": "check the joints of DAC output and amplifier",
    "swapped:driver": "these nets are crossed between DAC and switches",
    "open:switch": "check the joints of this switch, then exchange the chip",
    "closed:switch": "check for a bridge between both sides of this switch, then exchange the chip",
    "open:adc": "check the joint of this input, and its buffer",
    "swapped:adc": "these nets are crossed between buffers and ADC",
    "offset:adc": "check the buffer of this input and the joint of its feedback",
    "offset:chip": "check its reference and supply",
    "scaled:i2c": "check its supply and what its outputs drive, then exchange it",
    "swapped:UD": "these nets are crossed between the registers and the pots",
    "swapped:XOR": "these nets are crossed between gates and flip-flops, or U/D is right behind the flip-flops",
    "swapped:IN": "these nets are crossed at the register; the pots have them right",
}
CHECKS |= dict.fromkeys(("low:CMP", "high:SGN", "low:SGN"), CHECKS["high:CMP"])
CHECKS["odd:SGN"] = CHECKS["odd:CMP"]
CHECKS["high:CS"], CHECKS["low:CS"] = CHECKS["high:UD"], CHECKS["low:UD"]
CHECKS["low:IN"], CHECKS["low:XOR"] = CHECKS["high:IN"], CHECKS["high:XOR"]


def advise(finding: Suspects) -> str:
    """Return what to check about a finding."""
    return "; or ".join(dict.fromkeys(CHECKS[f"{fault.verb}:{fault.place_kind}"] for fault in finding))


def find_parts(board: Board, finding: Suspects) -> list[str]:
    """Return the suspected parts, the likeliest first."""
    net = load_netlist(board.name)
    found = []
    for fault in finding:
        for place in fault.places:
            here = (by_reference(board, net, place) if net else []) or by_name(board, place)
            chip_alone = fault.place_kind == "pot" and fault.verb not in ("open", "shorted")
            found += here[:1] if chip_alone else here
    return list(dict.fromkeys(found))


def by_reference(board: Board, net: Netlist, place: str) -> list[str]:
    """Return references and pins on the nets of a place; none if the board has no such nets."""
    kind, _, name = place.partition(".")
    what, _, network = name.partition(".")
    if FaultName("", (place,)).place_kind in ("i2c", "chip"):
        if board.through_hole and kind.startswith("0x"):
            return net.describe_pins("SDA", ("MCP4728_bus",))
        return net.describe_by_value(place) or net.describe_parts("Pico" if name == "RP2040" else name)
    if kind in ("CMP", "SGN"):
        return net.describe_pins(place, ("LM393A", "LM393P", "74HC165", "74HC86"))
    if kind in ("UD", "CS"):
        return net.describe_pins(place if kind == "UD" else f"~{{CS}}.{name}", ("74HC595", "74HC74", board.pots.part))
    if kind == "XOR":
        return net.describe_pins(f"/directions/{place}", ("74HC86", "74HC74"))
    if kind == "LATCH":
        return [chip.partition(" pin")[0] for chip in net.describe_pins(f"UD.{name}", ("74HC74",))]
    if kind == "IN":
        return net.describe_pins(f"UD.{_read_back(board, int(name))}", ("74HC165",))
    if kind == "driver":
        return net.describe_pins(f"/drive/DAC.{name}", ("MCP4728", "MCP4728_outputs", "TLV9064", "MCP6004"))
    if kind == "switch":
        return net.describe_pins(name, ("ADG715",))
    if kind == "adc":
        pins = net.describe_pins(f"ADC.{name}", ("Pico",)) + net.describe_pins(
            f"{name}.sense", ("ADS7953", "TLV9064", "MCP6004")
        )
        return pins[:2]
    if kind == "pot":
        return net.describe_pins(f"/edges/{what}/W_{network}", (board.pots.part, "Header2")) + net.describe_pins(
            f"/edges/{what}/R_{network}", ("R_precise", "R_precise_leaded")
        )
    return []


def by_name(board: Board, place: str) -> list[str]:
    """Return the part's name, and its pin or bit."""
    kind, _, name = place.partition(".")
    what, _, network = name.partition(".")
    if kind.startswith("0x"):
        return [f"{board.i2c_places.get(parse_place(kind) or 0, 'I2C part')} at {kind}"]
    if kind in ("CMP", "SGN") and board.comparators:
        lines = board.comparators.cmp if kind == "CMP" else board.comparators.sgn
        return [f"{board.comparators.part} of edge {name}, {_line(lines[board.edge_index(name)], 'shift_in')}"]
    if kind in ("UD", "XOR", "LATCH") and board.flip_flops:
        return [f"{board.flip_flops.part} of edge {name}"]
    if kind == "IN":
        return [_line(int(name), "shift_in")]
    if kind in ("UD", "CS"):
        lines = (board.pots.updown or ()) if kind == "UD" else board.pots.cs
        line = _line(lines[board.edge_index(name)], "shift_out")
        return [f"{'U/D' if kind == 'UD' else '/CS'} of edge {name}, {line}"]
    if kind == "driver":
        at, channel = board.dac.output_of(name)
        return [f"{board.dac.part} at {place_text(at)}, output {'ABCD'[channel]}"]
    if kind == "diode":
        part = next((one.part for one in board.diodes if one.ends == what), "diode")
        return [f"{part} {what} of the {network} network" if network else f"{part} {what} of both networks"]
    if kind == "switch" and board.switches:
        number = getattr(board.switches, network)[board.node_index(what)]
        return [f"{board.switches.part} at {place_text(board.switches.places[number // 8])}, S{number % 8 + 1}"]
    if kind == "adc":
        for adc, chip in zip(board.adc, board.adc_names, strict=True):
            if name in adc.channels:
                at = adc.channels.index(name)
                pin = f"{INPUTS[adc.part]}{at}" if isinstance(adc, SpiAdc) or adc.mux else adc.pins[at]
                return [f"{chip} {pin}"]
        return [name]
    return [f"{board.pots.part} {name}"] if kind == "pot" else [place]


def _read_back(board: Board, bit: int) -> str:
    """Return the edge whose direction is read back at a bit."""
    assert board.flip_flops and board.flip_flops.readback
    return board.edges[board.flip_flops.readback.index(bit)]


def _line(line: int | str, chain: str) -> str:
    return line if isinstance(line, str) else f"bit {line} of {chain}"
