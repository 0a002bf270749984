"""Netlists with one mistake each, and the words with which the checker must name the part and the pin."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hardware.generator.circuit import Circuit
from twinohm.model.netlist import Netlist, Pin

Change = Callable[[Netlist, Circuit], Netlist]
Spot = tuple[str, str]  # key of a part, and name of its pin
Words = tuple[str | Spot | tuple[str], ...]  # a spot is "U4 (MCP4728) pin 3" in the words, (key,) is "U4 (MCP4728)"


@dataclass(frozen=True)
class Mistake:
    """`change` makes the mistake; each of `named` must be the beginning of a finding."""

    change: Change
    named: tuple[Words, ...]

    def words(self, circuit: Circuit) -> list[str]:
        return ["".join(shown(circuit, word) for word in words) for words in self.named]


def shown(circuit: Circuit, word: str | Spot | tuple[str]) -> str:
    if isinstance(word, str):
        return word
    part = circuit.part(word[0])
    name = f"{part.ref} ({part.kind.name})"
    return name if len(word) == 1 else f"{name} pin {part.kind.number(word[1])}"


# -- changes ---------------------------------------------------------------------------------------------------------


def pin_of(circuit: Circuit, spot: Spot) -> Pin:
    part = circuit.part(spot[0])
    return part.ref, part.kind.number(spot[1])


def swap(first: Spot, second: Spot) -> Change:
    def change(netlist: Netlist, circuit: Circuit) -> Netlist:
        a, b = pin_of(circuit, first), pin_of(circuit, second)
        assert netlist.net(*a) != netlist.net(*b)
        return replace(netlist, pins={**netlist.pins, a: netlist.net(*b), b: netlist.net(*a)})

    return change


def move(spot: Spot, net: str) -> Change:
    def change(netlist: Netlist, circuit: Circuit) -> Netlist:
        pin = pin_of(circuit, spot)
        assert net in netlist.nets and netlist.net(*pin) != net
        return replace(netlist, pins={**netlist.pins, pin: net})

    return change


def move_to_pin(spot: Spot, other: str) -> Change:
    """The wire goes to another pin of the same part."""

    def change(netlist: Netlist, circuit: Circuit) -> Netlist:
        old, new = pin_of(circuit, spot), pin_of(circuit, (spot[0], other))
        assert new not in netlist.pins
        return without_pins(replace(netlist, pins={**netlist.pins, new: netlist.pins[old]}), {old})

    return change


def cut(spot: Spot) -> Change:
    def change(netlist: Netlist, circuit: Circuit) -> Netlist:
        return without_pins(netlist, {pin_of(circuit, spot)})

    return change


def without_pins(netlist: Netlist, pins: set[Pin]) -> Netlist:
    assert pins <= netlist.pins.keys()
    return replace(netlist, pins={pin: net for pin, net in netlist.pins.items() if pin not in pins})


def join(first: str, second: str) -> Change:
    def change(netlist: Netlist, circuit: Circuit) -> Netlist:
        assert {first, second} <= netlist.nets.keys()
        pins = {pin: first if net == second else net for pin, net in netlist.pins.items()}
        return replace(netlist, pins=pins)

    return change


def other_value(key: str, value: str = "", mpn: str = "", part: str = "") -> Change:
    def change(netlist: Netlist, circuit: Circuit) -> Netlist:
        ref = circuit.part(key).ref
        old = netlist.components[ref]
        new = replace(old, value=value or old.value, mpn=mpn or old.mpn, part=part or old.part)
        return replace(netlist, components={**netlist.components, ref: new})

    return change


def left_out(*keys: str) -> Change:
    def change(netlist: Netlist, circuit: Circuit) -> Netlist:
        refs = {circuit.part(key).ref for key in keys}
        components = {ref: part for ref, part in netlist.components.items() if ref not in refs}
        pins = {pin: net for pin, net in netlist.pins.items() if pin[0] not in refs}
        return Netlist(components, pins)

    return change


# -- mistakes --------------------------------------------------------------------------------------------------------


def margin(key: str, unit: int, edge: str) -> Words:
    """Of comparator `unit` of the edge cell: 1 is CMP, 2 is SGN."""
    number = {1: "3 and 2", 2: "5 and 6"}[unit]
    return ((key,), f" pins {number}, {('CMP', 'SGN')[unit - 1]} of edge {edge}: ")


def current(edge: str, network: str) -> Words:
    return ((f"{edge}/pot_{network}",), f" pins 5 to 6, edge {edge}: ")


def cell_mistakes(edge: str, other: str) -> dict[str, Mistake]:
    """Of the edge cell `edge`; `other` is another edge."""
    comparator = f"{edge}/comparator"
    free, clamped = f"{edge}/pot_free", f"{edge}/pot_clamped"
    cmp, sgn = margin(comparator, 1, edge), margin(comparator, 2, edge)
    not_two = " reach 1 pots"
    return {
        "inputs of CMP swapped": Mistake(swap((comparator, "+1"), (comparator, "-1")), (cmp,)),
        "inputs of SGN swapped": Mistake(swap((comparator, "+2"), (comparator, "-2")), (sgn,)),
        "outputs CMP and SGN swapped": Mistake(
            swap((comparator, "out1"), (comparator, "out2")),
            (
                ((comparator,), f" pins 5 and 6, CMP of edge {edge}: "),
                ((comparator,), f" pins 3 and 2, SGN of edge {edge}: "),
            ),
        ),
        "averagers crossed": Mistake(swap((f"{edge}/plus_b", "1"), (f"{edge}/minus_b", "1")), (cmp,)),
        "averager of 1k": Mistake(other_value(f"{edge}/plus_a", "1k 0.1%"), (cmp,)),
        "pot by A instead of B": Mistake(move_to_pin((free, "B"), "A"), (current(edge, "free"),)),
        "pot short": Mistake(
            move((free, "B"), f"/edges/{edge}/W_free"), (((free, "B"), " is on "), current(edge, "free"))
        ),
        "pot between the networks": Mistake(
            swap((free, "B"), (f"{other}/pot_clamped", "B")), (current(edge, "free"), current(other, "clamped"))
        ),
        "jumper bypassed": Mistake(
            move((clamped, "W"), f"/edges/{edge}/R_clamped"), (((clamped, "W"), " (wiper), series resistor of "),)
        ),
        "series resistor and jumper exchanged": Mistake(
            other_value(f"{edge}/jumper_free", part="R_precise", value="1k 0.1%"),
            (((free, "W"), " (wiper), jumper of "),),
        ),
        "U/D of another edge": Mistake(
            move((clamped, "U/~{D}"), f"UD.{other}"),
            (
                (f"edge {edge}: its U/D UD.{edge} and /CS ~{{CS}}.{edge}{not_two}",),
                ((clamped,), " pins 2 and 7 (U/D and /CS) are on the lines of 0 edges"),
            ),
        ),
        "/CS of another edge": Mistake(
            move((free, "~{CS}"), f"~{{CS}}.{other}"),
            (
                (f"edge {edge}: its U/D UD.{edge} and /CS ~{{CS}}.{edge}{not_two}",),
                ((free,), " pins 2 and 7 (U/D and /CS) are on the lines of 0 edges"),
            ),
        ),
        "clock left open": Mistake(cut((free, "CLK")), (((free, "CLK"), " is on open "),)),
        "no pull-up at CMP": Mistake(
            left_out(f"{edge}/pull_CMP"), ((f"edge {edge} CMP: no resistor from CMP.{edge} to +3V3",),)
        ),
        "pull-up of SGN to 5 V": Mistake(
            move((f"{edge}/pull_SGN", "1"), "+5V"), ((f"edge {edge} SGN: no resistor from SGN.{edge} to +3V3",),)
        ),
        "pull-up of CMP of 330 ohm": Mistake(
            other_value(f"{edge}/pull_CMP", "330"),
            (
                (
                    (f"{edge}/pull_CMP",),
                    f" pins 1 and 2, 330 from CMP.{edge} to +3V3: edge {edge} CMP is a resistor of ",
                ),
            ),
        ),
        "comparator from 5 V": Mistake(
            move((comparator, "V+"), "+5V"), (((comparator, "V+"), " is on +5V, not on +9V"),)
        ),
        "PLUS and MINUS touch": Mistake(join(f"/edges/{edge}/PLUS", f"/edges/{edge}/MINUS"), (cmp,)),
        "capacitor of the pot between two supplies": Mistake(
            move((f"{edge}/c_pot_free", "2"), "+3V3"),
            (((f"{edge}/c_pot_free",), " pins 1 and 2, 100n from +5V to +3V3: nothing asks for it"),),
        ),
    }


BOTH = {
    "LDAC high": Mistake(
        move(("dac0", "~{LDAC}"), "+5V"),
        ((("dac0", "~{LDAC}"), " (/LDAC) must idle down: no resistor from +5V to GND"),),
    ),
    "DAC of another address": Mistake(
        other_value("dac0", mpn="MCP4728A4T-E/UN"),
        ((("dac0",), " has the address 0x64, which the firmware does not use"), ("no MCP4728 has the address 0x60",)),
    ),
    "SDA and SCL swapped at the DAC": Mistake(
        swap(("dac0", "SDA"), ("dac0", "SCL")),
        (
            (("dac0", "SDA"), " is on SCL_5V, not on SDA_5V"),
            (("dac0", "SCL"), " is on SDA_5V, not on SCL_5V"),
        ),
    ),
    "DAC on the 3.3 V bus": Mistake(
        move(("dac0", "SDA"), "SDA"), ((("dac0", "SDA"), " is on SDA, not on SDA_5V (SDA at 5 V, as "),)
    ),
    "no pull-up at SDA": Mistake(left_out("r_SDA"), (("I2C SDA: no resistor from SDA to +3V3",),)),
    "no pull-up at SCL of 5 V": Mistake(left_out("r_SCL_5V"), (("I2C SCL at 5 V: no resistor from SCL_5V to +5V",),)),
    "shifter without bias": Mistake(
        other_value("r_vref2", "2k"),
        ((("r_vref2",), " pins 1 and 2, 2k from /drive/VREF2 to +5V: bias of VREF2 and EN"),),
    ),
    "driver's feedback from another driver": Mistake(
        swap(("driver0", "-1"), ("driver0", "-2")),
        ((("driver0", "-1"), " is on "), (("driver0", "-2"), " is on ")),
    ),
    "driver as comparator": Mistake(
        swap(("driver0", "+1"), ("driver0", "-1")),
        ((("driver0", "+1"), " is on "), ("0 amplifiers TLV9064, not 1, have their + input on /drive/DAC.")),
    ),
    "driver's input open": Mistake(cut(("driver0", "+2")), ((("driver0", "+2"), " is on open "),)),
    "regulator turned round": Mistake(
        swap(("regulator", "IN"), ("regulator", "OUT")),
        ((("dac0", "VDD"), " is on +5V, not on +9V"), ("no diode Schottky from +9V to VSYS",)),
    ),
    "no regulator": Mistake(left_out("regulator"), (("the netlist has 0 regulators L7805, not 1",),)),
    "no Pico": Mistake(left_out("pico"), (("the netlist has 0 Picos, not 1",),)),
    "polarity diode turned round": Mistake(
        swap(("polarity", "A"), ("polarity", "K")),
        (
            ("no diode Schottky from /power/FUSED to +9V",),
            (("polarity",), " leads from +9V (pin 2) to /power/FUSED (pin 1), where no diode belongs"),
        ),
    ),
    "no diode to the Pico": Mistake(
        join("+5V", "VSYS"), ((("regulator", "OUT"), " is on +5V, which is VSYS (", ("pico", "VSYS"), "), not 5 V"),)
    ),
    "jack turned round": Mistake(
        swap(("jack", "+"), ("jack", "GND")), ((("jack", "GND"), " is on /power/JACK, not on GND"),)
    ),
    "lamp turned round": Mistake(
        swap(("led", "A"), ("led", "K")),
        (
            (("led", "A"), " is on GND, which is ground"),
            (("led",), " leads from GND (pin 2) to /power/LED (pin 1), where no diode belongs"),
        ),
    ),
    "clock without pull-down": Mistake(
        left_out("pull_GP2"), (("GP2 must idle down: no resistor from CLK_IN to GND",),)
    ),
    "5 V and 3.3 V touch": Mistake(
        join("+5V", "+3V3"), ((("regulator", "OUT"), " is on +5V, which is 3.3 V (", ("pico", "3V3"), "), not 5 V"),)
    ),
}


def swapped_margins(edge: str, other: str, line: str) -> tuple[Words, ...]:
    """The comparators of two edges change places."""
    unit = {"CMP": 1, "SGN": 2}[line]
    return margin(f"{other}/comparator", unit, edge), margin(f"{edge}/comparator", unit, other)


def wrong_level(chip: str, output: str, edge: str, when: str) -> Words:
    """U/D of an edge after something happened to the lines of the flip-flops."""
    return ((chip, output), f", U/D UD.{edge} of edge {edge}, is ", when)


DIVIDER = {
    **BOTH,
    **cell_mistakes("TOP-MID", "MID-BOT"),
    "CMP moves its edge the wrong way": Mistake(
        swap(("TOP-MID/comparator", "+1"), ("TOP-MID/comparator", "-1")),
        (
            (
                *(("TOP-MID/comparator",), " pins 3 and 2 and "),
                *(("TOP-MID/comparator",), " pins 5 and 6 would move edge TOP-MID the wrong way"),
            ),
        ),
    ),
    "DAC channels swapped": Mistake(
        swap(("dac0", "VOUTA"), ("dac0", "VOUTB")),
        ((("header", "1"), ", TOP.clamped, on TOP.clamped: "), (("header", "3"), ", MID.clamped, on MID.clamped: ")),
    ),
    "series resistor of 10k": Mistake(
        other_value("TOP-MID/series_free", "10k 0.1%"), ((("header", "2"), ", MID.free, on MID.free: "),)
    ),
    "ADC divider upside down": Mistake(
        swap(("r_top_MID.free", "1"), ("r_bottom_MID.free", "2")),
        (("the Pico's GP26, ADC channel MID.free, on ADC.MID.free: ",),),
    ),
    "ADC at the clamped node": Mistake(
        move(("r_top_MID.free", "1"), "MID.clamped"), (("the Pico's GP26, ADC channel MID.free, on ADC.MID.free: ",),)
    ),
    "ADC on another pin": Mistake(
        swap(("pico", "GP26"), ("pico", "GP11")),
        (
            ("filter of ADC MID.free: no capacitor from SGN.MID-BOT to GND",),
            ("edge MID-BOT: 0 comparators on its SGN line ADC.MID.free, not 1",),
        ),
    ),
    "no capacitors at the pots": Mistake(
        left_out("TOP-MID/c_pot_free", "TOP-MID/c_pot_clamped", "MID-BOT/c_pot_free", "MID-BOT/c_pot_clamped"),
        (("3 capacitors of 47n to 470n from +5V to ground for 7 supply pins",),),
    ),
    "/CS without pull-up": Mistake(
        left_out("pull_GP3"), (("GP3 must idle up: no resistor from ~{CS}.TOP-MID to +3V3",),)
    ),
    "averager at the node itself": Mistake(
        move(("TOP-MID/plus_b", "1"), "MID.free"), (current("TOP-MID", "free"), current("MID-BOT", "free"))
    ),
}
PAPERS_GRAPH = {
    **BOTH,
    **cell_mistakes("A-B", "E-H"),
    "DAC channels swapped": Mistake(
        swap(("dac0", "VOUTA"), ("dac0", "VOUTB")),
        (
            (("header_free", "1"), ", A.free, on /switches/SOCKET.A.free: "),
            (("header_free", "2"), ", B.free, on /switches/SOCKET.B.free: "),
        ),
    ),
    "series resistor of 10k": Mistake(other_value("A-B/series_free", "10k 0.1%"), (current("A-B", "free"),)),
    "clock of the inputs on one chip": Mistake(
        move(("in0", "CLK"), "OUT_CLOCK"), ((("in0", "CLK"), " is on OUT_CLOCK, not on IN_CLOCK"),)
    ),
    "chain of the inputs ends in a signal": Mistake(
        move(("in0", "SER"), "OUT_CLOCK"), ((("in0", "SER"), " is on OUT_CLOCK, not on GND"),)
    ),
    "outputs always on": Mistake(
        move(("out0", "~{OE}"), "GND"), ((("out0", "~{OE}"), " is on GND, not on ~{OUT_ENABLE}"),)
    ),
    "address strap of a switch chip": Mistake(
        move(("switches1", "A0"), "GND"),
        (
            (("switches1",), " has the address 0x48, and so has ", "U10"),
            ("no ADG715 has the switches 8, 9, 10, 11, 12, 13, 14, 15",),
        ),
    ),
    "switch chip's strap floats": Mistake(cut(("switches1", "A1")), ((("switches1", "A1"), " is on open "),)),
    "switches without reset": Mistake(
        move(("switches2", "~{RESET}"), "+5V"),
        ((("switches2", "~{RESET}"), " is on +5V, not on SWITCH_ON_5V"),),
    ),
    "free and clamped switch swapped": Mistake(
        swap(("switches0", "D1"), ("switches0", "D2")),
        (
            (("header_free", "1"), ", A.free, on /switches/SOCKET.A.free: "),
            (("header_clamped", "1"), ", A.clamped, on /switches/SOCKET.A.clamped: "),
        ),
    ),
    "switch of another driver": Mistake(
        move(("switches0", "S3"), "A.driver"), ((("header_free", "2"), ", B.free, on /switches/SOCKET.B.free: "),)
    ),
    "buffer of another node": Mistake(
        swap(("buffer0", "+1"), ("buffer0", "+2")),
        (
            (("adc", "CH0"), ", ADC channel A.free, on A.free.sense: "),
            (("adc", "CH1"), ", ADC channel B.free, on B.free.sense: "),
        ),
    ),
    "two buffers on one net": Mistake(
        join("A.free.sense", "B.free.sense"),
        ((("buffer0", "out1"), " and ", ("buffer0", "out2"), " both drive A.free.sense"),),
    ),
    "buffer on a supply": Mistake(join("+5V", "A.free.sense"), ((("buffer0", "out1"), " drives the supply +5V"),)),
    "ADC inputs swapped": Mistake(
        swap(("adc", "CH0"), ("adc", "CH15")),
        (
            (("adc", "CH0"), ", ADC channel A.free, on "),
            (("adc", "CH15"), ", ADC channel G.clamped, on A.free.sense: "),
        ),
    ),
    "ADC logic from 5 V": Mistake(move(("adc", "+VBD"), "+5V"), ((("adc", "+VBD"), " is on +5V, not on +3V3"),)),
    "ADC without reference": Mistake(
        move(("adc", "REFP"), "+5V"), ((("adc", "REFP"), " is on +5V, not on /sense/VREF (the 2.5 V reference"),)
    ),
    "SDI and SDO swapped": Mistake(
        swap(("adc", "SDI"), ("adc", "SDO")),
        (
            (("adc", "SDI"), " is on ADC_DOUT, not on ADC_DIN"),
            (("adc", "SDO"), " is on ADC_DIN, not on ADC_DOUT"),
        ),
    ),
    "multiplexer not joined to the converter": Mistake(
        move(("adc", "AINP"), "GND"),
        ((("adc", "AINP"), " is on GND, not on /sense/MXO"),),
    ),
    "multiplexer's output loaded": Mistake(
        join("/sense/MXO", "/sense/GPIO0"),
        ((("adc", "GPIO0"), " is on /sense/MXO, which is link of the ADC"),),
    ),
    "ADC's unused input floats": Mistake(
        left_out("r_adc2"), ((("adc", "GPIO2"), " must not float: no resistor from /sense/GPIO2 to GND"),)
    ),
    "no ADC": Mistake(left_out("adc"), (("the netlist has 0 chips ADS7953, not 1",),)),
    "Pico's ADC pins swapped": Mistake(
        swap(("pico", "GP27"), ("pico", "GP28")),
        (
            ("the Pico's GP27, ADC channel H.clamped, on ADC.I.clamped: ",),
            ("the Pico's GP28, ADC channel I.clamped, on ADC.H.clamped: ",),
        ),
    ),
    "/CS without pull-up": Mistake(
        left_out("A-B/pull_cs"), (("/CS of edge A-B must idle up: no resistor from ~{CS}.A-B to +3V3",),)
    ),
    "switches not pulled down": Mistake(
        left_out("pull_GP3"), (("GP3 must idle down: no resistor from SWITCH_ON to GND",),)
    ),
    "clock buffer switched off": Mistake(
        move(("clock_buffer", "~{1OE}"), "+5V"), ((("clock_buffer", "~{1OE}"), " is on +5V, not on GND"),)
    ),
    "spare clock buffer's input open": Mistake(
        cut(("clock_buffer", "4A")), ((("clock_buffer", "4A"), " is on open "),)
    ),
}
LAB16 = {
    **PAPERS_GRAPH,
    "chain of the inputs taken from /QH": Mistake(
        move(("in1", "SER"), "GND"), (("0 chips 74HC165, not 1, have pin 9 on GND (chip 3 of their chain)",),)
    ),
    "two bits of U/D swapped": Mistake(
        swap(("out3", "QH"), ("out3", "QG")),
        (
            ("edge A-B: its U/D UD.A-E and /CS ~{CS}.A-B reach 0 pots, not 2",),
            (("A-E/pot_clamped",), " pins 2 and 7 (U/D and /CS) are on the lines of 0 edges"),
        ),
    ),
    "chain of the outputs open": Mistake(
        cut(("out2", "SER")), (("0 chips 74HC595, not 1, have pin 14 on OUT_CHAIN2 (chip 2 of their chain)",),)
    ),
    "outputs' chips in another order": Mistake(
        swap(("out1", "SER"), ("out2", "SER")),
        (("0 chips 74HC595, not 1, have pin 14 on open U23.9 (chip 3 of their chain)",),),
    ),
    "two bits of CMP swapped": Mistake(swap(("in3", "H"), ("in3", "G")), swapped_margins("A-B", "A-E", "CMP")),
}
NO_MISTAKE = "outputs CMP and SGN swapped"  # where a gate takes both
EDGE16 = {
    **{name: mistake for name, mistake in PAPERS_GRAPH.items() if name != NO_MISTAKE},
    "chain of the inputs taken from /QH": Mistake(
        move(("in1", "SER"), "GND"), (("0 chips 74HC165, not 1, have pin 9 on GND (chip 1 of their chain)",),)
    ),
    "two bits of /CS swapped": Mistake(
        swap(("out1", "QH"), ("out1", "QG")),
        (
            ("edge A-B: its U/D UD.A-B and /CS ~{CS}.A-E reach 0 pots, not 2",),
            (("A-E/pot_free",), " pins 2 and 7 (U/D and /CS) are on the lines of 0 edges"),
        ),
    ),
    "chain of the outputs open": Mistake(
        cut(("out1", "SER")), (("0 chips 74HC595, not 1, have pin 14 on OUT_CHAIN1 (chip 1 of their chain)",),)
    ),
    "two bits of the directions read swapped": Mistake(
        swap(("in1", "H"), ("in1", "G")), (("edge A-B: its U/D UD.A-E and /CS ~{CS}.A-B reach 0 pots, not 2",),)
    ),
    "directions of the two halves swapped": Mistake(
        swap(("in0", "H"), ("in1", "H")), (("edge C-F: its U/D UD.A-B and /CS ~{CS}.C-F reach 0 pots, not 2",),)
    ),
    "U/D from Q": Mistake(
        move_to_pin(("flip_flops0", "1~{Q}"), "1Q"),
        (("edge A-B: 0 flip-flops with /Q and 0 gates lead to its U/D UD.A-B ",),),
    ),
    "U/D of two flip-flops swapped": Mistake(
        swap(("flip_flops0", "1~{Q}"), ("flip_flops0", "2~{Q}")), swapped_margins("A-B", "A-E", "SGN")
    ),
    "U/D straight from the gate": Mistake(
        swap(("flip_flops3", "1~{Q}"), ("flip_flops3", "1D")),
        (
            ("edge C-D: 0 flip-flops with /Q and 0 gates lead to its U/D UD.C-D ",),
            (("xor1", "3Y"), " and ", ("flip_flops3", "1~{Q}"), " both drive /directions/XOR.C-D"),
        ),
    ),
    "D of two flip-flops swapped": Mistake(
        swap(("flip_flops2", "1D"), ("flip_flops2", "2D")), swapped_margins("A-I", "B-E", "SGN")
    ),
    "preset and clear swapped at a flip-flop": Mistake(
        swap(("flip_flops1", "2~{PRE}"), ("flip_flops1", "2~{CLR}")),
        (wrong_level("flip_flops1", "2~{Q}", "A-H", "low after /PRESET low, not high"),),
    ),
    "preset and clear swapped at the Pico": Mistake(
        swap(("pico", "GP7"), ("pico", "GP8")),
        (
            wrong_level("flip_flops0", "1~{Q}", "A-B", "low after /PRESET low, not high"),
            wrong_level("flip_flops7", "2~{Q}", "H-I", "high after /CLEAR low, not low"),
        ),
    ),
    "clear never": Mistake(
        move(("flip_flops7", "2~{PRE}"), "+3V3"),
        (wrong_level("flip_flops7", "2~{Q}", "H-I", "high after /CLEAR low, not low"),),
    ),
    "latched by the pots' clock": Mistake(
        move(("flip_flops4", "1CLK"), "CLK1"),
        (wrong_level("flip_flops4", "1~{Q}", "C-F", "low after LATCH rising, not high"),),
    ),
    "latch of one flip-flop at the preset line": Mistake(
        move(("flip_flops4", "2CLK"), "~{PRESET}"),
        (wrong_level("flip_flops4", "2~{Q}", "D-F", "low after LATCH rising, not high"),),
    ),
    "latch without pull-down": Mistake(
        left_out("pull_GP6"), (("GP6 must idle down: no resistor from LATCH_IN to GND",),)
    ),
    "preset without pull-up": Mistake(
        left_out("pull_GP7"), (("GP7 must idle up: no resistor from ~{PRESET_IN} to +3V3",),)
    ),
    "a gate takes SGN of another edge": Mistake(
        swap(("xor0", "1B"), ("xor0", "2B")), swapped_margins("A-B", "A-E", "SGN")
    ),
    "a gate takes CMP twice": Mistake(
        move(("xor1", "3B"), "CMP.C-F"),
        (wrong_level("flip_flops3", "1~{Q}", "C-D", "low after LATCH rising, not high"),),
    ),
    "gates' outputs swapped": Mistake(swap(("xor2", "1Y"), ("xor2", "2Y")), swapped_margins("C-F", "D-F", "SGN")),
    "two gates' outputs touch": Mistake(
        join("/directions/XOR.A-B", "/directions/XOR.A-E"),
        ((("xor0", "1Y"), " and ", ("xor0", "2Y"), " both drive /directions/XOR.A-B"),),
    ),
    "gates from 5 V": Mistake(move(("xor3", "VCC"), "+5V"), ((("xor3", "VCC"), " is on +5V, not on +3V3"),)),
    "flip-flops from 5 V": Mistake(
        move(("flip_flops5", "VCC"), "+5V"), ((("flip_flops5", "VCC"), " is on +5V, not on +3V3"),)
    ),
}
MISTAKES = {"divider": DIVIDER, "lab16": LAB16, "edge16": EDGE16}
