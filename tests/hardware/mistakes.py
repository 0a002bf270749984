"""Netlists with one mistake each, named as a person would tell them."""

from collections.abc import Callable
from dataclasses import replace

from hardware.generator.circuit import Circuit
from hardware.netcheck import Netlist

Mistake = Callable[[Netlist, Circuit], None]
Pin = tuple[str, str]  # key of a part, name of its pin


def place(circuit: Circuit, pin: Pin) -> tuple[str, str]:
    part = circuit.part(pin[0])
    return part.ref, part.kind.number(pin[1])


def swap(first: Pin, second: Pin) -> Mistake:
    def change(netlist: Netlist, circuit: Circuit) -> None:
        a, b = place(circuit, first), place(circuit, second)
        assert netlist.pins[a] != netlist.pins[b]
        netlist.pins[a], netlist.pins[b] = netlist.pins[b], netlist.pins[a]

    return change


def move(pin: Pin, net: str) -> Mistake:
    def change(netlist: Netlist, circuit: Circuit) -> None:
        assert net in netlist.pins.values() and netlist.pins[place(circuit, pin)] != net
        netlist.pins[place(circuit, pin)] = net

    return change


def cut(pin: Pin) -> Mistake:
    def change(netlist: Netlist, circuit: Circuit) -> None:
        del netlist.pins[place(circuit, pin)]

    return change


def join(first: str, second: str) -> Mistake:
    def change(netlist: Netlist, circuit: Circuit) -> None:
        assert {first, second} <= set(netlist.pins.values())
        netlist.pins = {pin: first if net == second else net for pin, net in netlist.pins.items()}

    return change


def other_value(key: str, value: str = "", mpn: str = "") -> Mistake:
    def change(netlist: Netlist, circuit: Circuit) -> None:
        ref = circuit.part(key).ref
        old = netlist.components[ref]
        netlist.components[ref] = replace(old, value=value or old.value, mpn=mpn or old.mpn)

    return change


def left_out(key: str) -> Mistake:
    def change(netlist: Netlist, circuit: Circuit) -> None:
        ref = circuit.part(key).ref
        del netlist.components[ref]
        netlist.pins = {pin: net for pin, net in netlist.pins.items() if pin[0] != ref}

    return change


def a_for_b(key: str) -> Mistake:
    """R falls where the tap rises."""

    def change(netlist: Netlist, circuit: Circuit) -> None:
        netlist.pins[place(circuit, (key, "A"))] = netlist.pins.pop(place(circuit, (key, "B")))

    return change


def q_for_not_q(key: str) -> Mistake:
    """XOR instead of XNOR."""

    def change(netlist: Netlist, circuit: Circuit) -> None:
        netlist.pins[place(circuit, (key, "1Q"))] = netlist.pins.pop(place(circuit, (key, "1~{Q}")))

    return change


def cell_mistakes(edge: str, other: str) -> dict[str, Mistake]:
    """Of the edge cell `edge`; `other` is another edge."""
    comparator = f"{edge}/comparator"
    return {
        "inputs of CMP swapped": swap((comparator, "+1"), (comparator, "-1")),
        "inputs of SGN swapped": swap((comparator, "+2"), (comparator, "-2")),
        "outputs CMP and SGN swapped": swap((comparator, "out1"), (comparator, "out2")),
        "averagers crossed": swap((f"{edge}/plus_b", "1"), (f"{edge}/minus_b", "1")),
        "averager of 1k": other_value(f"{edge}/plus_a", "1k 0.1%"),
        "series resistor of 10k": other_value(f"{edge}/series_free", "10k 0.1%"),
        "pot by A instead of B": a_for_b(f"{edge}/pot_free"),
        "pot short": move((f"{edge}/pot_free", "B"), f"/edges/{edge}/W_free"),
        "pot between the networks": swap((f"{edge}/pot_free", "B"), (f"{other}/pot_clamped", "B")),
        "jumper bypassed": move((f"{edge}/pot_clamped", "W"), f"/edges/{edge}/R_clamped"),
        "U/D of another edge": move((f"{edge}/pot_clamped", "U/~{D}"), f"UD.{other}"),
        "/CS of another edge": move((f"{edge}/pot_free", "~{CS}"), f"~{{CS}}.{other}"),
        "clock left open": cut((f"{edge}/pot_free", "CLK")),
        "no pull-up at CMP": left_out(f"{edge}/pull_CMP"),
        "pull-up of SGN to 5 V": move((f"{edge}/pull_SGN", "1"), "+5V"),
        "comparator from 5 V": move((comparator, "V+"), "+5V"),
        "PLUS and MINUS touch": join(f"/edges/{edge}/PLUS", f"/edges/{edge}/MINUS"),
    }


BOTH: dict[str, Mistake] = {
    "LDAC high": move(("dac0", "~{LDAC}"), "+5V"),
    "DAC channels swapped": swap(("dac0", "VOUTA"), ("dac0", "VOUTB")),
    "DAC of another address": other_value("dac0", mpn="MCP4728A4T-E/UN"),
    "SDA and SCL swapped at the DAC": swap(("dac0", "SDA"), ("dac0", "SCL")),
    "DAC on the 3.3 V bus": move(("dac0", "SDA"), "SDA"),
    "shifter without bias": other_value("r_vref2", "2k"),
    "driver's feedback from another driver": swap(("driver0", "-1"), ("driver0", "-2")),
    "driver as comparator": swap(("driver0", "+1"), ("driver0", "-1")),
    "regulator turned round": swap(("regulator", "IN"), ("regulator", "OUT")),
    "polarity diode turned round": swap(("polarity", "A"), ("polarity", "K")),
    "no diode to the Pico": join("+5V", "VSYS"),
    "clock without pull-down": left_out("pull_GP2"),
    "5 V and 3.3 V touch": join("+5V", "+3V3"),
}
DIVIDER: dict[str, Mistake] = {
    **BOTH,
    **cell_mistakes("TOP-MID", "MID-BOT"),
    "ADC divider upside down": swap(("r_top_MID.free", "1"), ("r_bottom_MID.free", "2")),
    "ADC at the clamped node": move(("r_top_MID.free", "1"), "MID.clamped"),
    "ADC on another pin": swap(("pico", "GP26"), ("pico", "GP11")),
    "/CS without pull-up": left_out("pull_GP3"),
    "averager at the node itself": move(("TOP-MID/plus_b", "1"), "MID.free"),
}
PAPERS_GRAPH: dict[str, Mistake] = {
    **BOTH,
    **cell_mistakes("A-B", "E-H"),
    "chain of the inputs taken from /QH": move(("in1", "SER"), "GND"),
    "clock of the inputs on one chip": move(("in0", "CLK"), "OUT_CLOCK"),
    "outputs always on": move(("out0", "~{OE}"), "GND"),
    "address strap of a switch chip": move(("switches1", "A0"), "GND"),
    "switch chip's strap floats": cut(("switches1", "A1")),
    "switches without reset": move(("switches2", "~{RESET}"), "+5V"),
    "free and clamped switch swapped": swap(("switches0", "D1"), ("switches0", "D2")),
    "switch of another driver": move(("switches0", "S3"), "A.driver"),
    "buffer of another node": swap(("buffer0", "+1"), ("buffer0", "+2")),
    "ADC inputs swapped": swap(("adc", "VIN0"), ("adc", "VIN15")),
    "ADC logic from 5 V": move(("adc", "VDRIVE"), "+5V"),
    "ADC without reference": move(("adc", "REFIN"), "+5V"),
    "DIN and DOUT swapped": swap(("adc", "DIN"), ("adc", "DOUT")),
    "Pico's ADC pins swapped": swap(("pico", "GP27"), ("pico", "GP28")),
    "/CS without pull-up": left_out("A-B/pull_cs"),
    "switches not pulled down": left_out("pull_GP3"),
    "clock buffer switched off": move(("clock_buffer", "~{1OE}"), "+5V"),
}
LAB16: dict[str, Mistake] = {
    **PAPERS_GRAPH,
    "two bits of U/D swapped": swap(("out3", "QH"), ("out3", "QG")),
    "chain of the outputs open": cut(("out2", "SER")),
    "outputs' chips in another order": swap(("out1", "SER"), ("out2", "SER")),
    "two bits of CMP swapped": swap(("in3", "H"), ("in3", "G")),
}
NO_MISTAKE = "outputs CMP and SGN swapped"  # where a gate takes both
EDGE16: dict[str, Mistake] = {
    **{name: mistake for name, mistake in PAPERS_GRAPH.items() if name != NO_MISTAKE},
    "two bits of /CS swapped": swap(("out1", "QH"), ("out1", "QG")),
    "chain of the outputs open": cut(("out1", "SER")),
    "two bits of the directions read swapped": swap(("in1", "H"), ("in1", "G")),
    "directions of the two halves swapped": swap(("in0", "H"), ("in1", "H")),
    "U/D from Q": q_for_not_q("flip_flops0"),
    "U/D of two flip-flops swapped": swap(("flip_flops0", "1~{Q}"), ("flip_flops0", "2~{Q}")),
    "U/D straight from the gate": swap(("flip_flops3", "1~{Q}"), ("flip_flops3", "1D")),
    "D of two flip-flops swapped": swap(("flip_flops2", "1D"), ("flip_flops2", "2D")),
    "preset and clear swapped at a flip-flop": swap(("flip_flops1", "2~{PRE}"), ("flip_flops1", "2~{CLR}")),
    "preset and clear swapped at the Pico": swap(("pico", "GP7"), ("pico", "GP8")),
    "clear never": move(("flip_flops7", "2~{PRE}"), "+3V3"),
    "latched by the pots' clock": move(("flip_flops4", "1CLK"), "CLK1"),
    "latch of one flip-flop at the preset line": move(("flip_flops4", "2CLK"), "~{PRESET}"),
    "latch without pull-down": left_out("pull_GP6"),
    "preset without pull-up": left_out("pull_GP7"),
    "a gate takes SGN of another edge": swap(("xor0", "1B"), ("xor0", "2B")),
    "a gate takes CMP twice": move(("xor1", "3B"), "CMP.C-F"),
    "gates' outputs swapped": swap(("xor2", "1Y"), ("xor2", "2Y")),
    "two gates' outputs touch": join("/directions/XOR.A-B", "/directions/XOR.A-E"),
    "gates from 5 V": move(("xor3", "VCC"), "+5V"),
    "flip-flops from 5 V": move(("flip_flops5", "VCC"), "+5V"),
}
MISTAKES = {"divider": DIVIDER, "lab16": LAB16, "edge16": EDGE16}
