"""Functions of the pins of each part, by pin number.

hardware/parts.toml has the pins that the generator uses: this is a second opinion, so neither reads the other. The
numbers come from hardware/sources/, by the name that KiCad's library gives a pin, or another board where KiCad has no
such part; which name does what is here.
"""

from functools import cache

from hardware.sources.reader import Source, load_sources
from twinohm.model.netlist import Component, Netlist
from twinohm.model.pot_parts import POT_PARTS

OPINION = {"AD5220": "flicker", "ADS7953": "bms", "Jack": "fritzing"}  # for other parts "kicad"


@cache
def _source(part: str) -> Source:
    """Return the source of a part that this check goes by."""
    file = f"{part}.{OPINION.get(part, 'kicad')}.toml"
    for source in _all_sources().get(part, ()):
        if source.file == file:
            return source
    raise ValueError(f"hardware/sources/{file} is missing; netcheck takes the pins of the {part} from it: restore it")


@cache
def _all_sources() -> dict[str, list[Source]]:
    return load_sources()


def _pins(part: str, name: str) -> tuple[str, ...]:
    """Return the numbers of all pins of that name, in order."""
    source = _source(part)
    if not (numbers := source.numbers(name)):
        raise ValueError(f'hardware/sources/{source.file} has no pin "{name}", which netcheck looks for: restore it')
    return tuple(numbers)


def _pin(part: str, name: str) -> str:
    """Return the number of the one pin of that name."""
    numbers = _pins(part, name)
    if len(numbers) > 1:
        text = f'hardware/sources/{_source(part).file} has {len(numbers)} pins "{name}", netcheck looks for one'
        raise ValueError(text)
    return numbers[0]


def _row(part: str, *names: str) -> tuple[str, ...]:
    return tuple(_pin(part, name) for name in names)


# Pins that are on a supply: 5 is +5 V, 9 the comparators' 9 to 12 V, 3 the Pico's 3.3 V, 0 ground.
_RAILS: dict[str, dict[int, tuple[str, ...]]] = {
    "AD5220": {5: ("VDD+",), 0: ("GND",)},
    "LM393A": {9: ("V+",), 0: ("V-",)},
    "TLV9064": {5: ("V+",), 0: ("V-",)},
    "MCP4728": {5: ("VDD",), 0: ("VSS",)},
    "ADG715": {5: ("VDD",), 0: ("VSS", "GND")},
    "ADS7953": {5: ("+VA",), 3: ("+VBD",), 0: ("AGND", "BDGND", "REFM", "AINM")},  # +VBD sets the logic levels
    "REF3025": {5: ("IN",), 0: ("GND",)},
    "74HC165": {3: ("VCC",), 0: ("GND", "/CE")},  # /CE low lets the clock in
    "74HC595": {3: ("VCC", "/SRCLR"), 0: ("GND",)},  # /SRCLR high
    "74HC86": {3: ("VCC",), 0: ("GND",)},
    "74HC74": {3: ("VCC",), 0: ("GND",)},
    "74AHCT125": {5: ("VCC",), 0: ("GND", *(f"input inverted{gate}" for gate in range(1, 5)))},  # /OE low
    "PCA9306": {0: ("GND",), 3: ("VREF1",)},
    "Pico": {0: ("GND", "AGND"), 3: ("3V3",)},
    "L7805": {9: ("IN",), 0: ("GND",), 5: ("OUT",)},
}
SUPPLIES: dict[str, dict[str, int]] = {
    part: {pin: rail for rail, names in rails.items() for name in names for pin in _pins(part, name)}
    for part, rails in _RAILS.items()
}
TWO_ENDS = ("R", "R_precise")
JUMPER = "Header2"
POT = {
    key: _pin("AD5220", name)
    for key, name in (("clk", "CLK"), ("updown", "U/~{D}"), ("a", "A1"), ("w", "W1"), ("b", "B1"), ("cs", "/CS"))
}
AMPLIFIERS = tuple(_row("TLV9064", f"+{n}", f"-{n}", f"output{n}") for n in range(1, 5))
COMPARATORS = tuple(_row("LM393A", f"+{n}", f"-{n}", f"open_collector{n}") for n in (1, 2))
DAC = {  # /LDAC low: outputs follow each write
    key: _pin("MCP4728", name) for key, name in (("scl", "SCL"), ("sda", "SDA"), ("ldac", "/LDAC"))
}
LDAC_HEADER = ("1", "2", "3")  # of Header4: /LDAC of each DAC
LDAC_HEADER_SET = "4"  # of Header4: the line that sets a DAC's address; 1 to 3 are /LDAC of the DACs
DAC_OUTPUTS = _row("MCP4728", "VOUTA", "VOUTB", "VOUTC", "VOUTD")
SWITCH_PINS = tuple(_row("ADG715", f"S{n}", f"D{n}") for n in range(1, 9))
SWITCH = {
    key: _pin("ADG715", name)
    for key, name in (("scl", "SCL"), ("sda", "SDA"), ("reset", "/RESET"), ("a0", "A0"), ("a1", "A1"))
}
ADC = {
    key: _pin("ADS7953", name)
    for key, name in (("sck", "SCLK"), ("mosi", "SDI"), ("miso", "SDO"), ("cs", "/CS"), ("reference", "REFP"))
}
ADC_INPUTS = _row("ADS7953", *(f"CH{n}" for n in range(16)))
ADC_LINK = _row("ADS7953", "MXO", "AINP")  # the multiplexer's output, and the converter's input
ADC_UNUSED = _row("ADS7953", *(f"GPIO{n}" for n in range(4)))
REFERENCE_OUT = _pin("REF3025", "OUT")
SHIFT_IN = {
    key: _pin("74HC165", name) for key, name in (("load", "/PL"), ("clock", "CP"), ("serial", "DS"), ("out", "Q7"))
}
SHIFT_IN_INPUTS = _row("74HC165", *(f"D{n}" for n in range(8)))  # D7 leaves first
SHIFT_OUT = {
    key: _pin("74HC595", name)
    for key, name in (("serial", "SER"), ("clock", "SRCLK"), ("latch", "RCLK"), ("enable", "/OE"), ("out", "QH'"))
}
SHIFT_OUT_OUTPUTS = _row("74HC595", *(f"Q{letter}" for letter in "ABCDEFGH"))  # the first bit goes furthest
BUFFERS = tuple((_pin("74AHCT125", f"input{n}"), _pin("74AHCT125", f"tri_state{n}")) for n in range(1, 5))
XOR_GATES = tuple((*_pins("74HC86", f"input{n}"), _pin("74HC86", f"output{n}")) for n in range(1, 5))  # A, B, Y
FLIP_FLOPS = tuple(  # rising CLK stores D, /PRE low sets Q, /CLR low clears it: KiCad's C, /S and /R
    {
        key: _pin("74HC74", f"{name}{half}")
        for key, name in (("d", "D"), ("clk", "C"), ("pre", "~{S}"), ("clr", "~{R}"), ("q", "Q"), ("not_q", "~{Q}"))
    }
    for half in (1, 2)
)
SHIFTER = (_row("PCA9306", "SCL1", "SCL2"), _row("PCA9306", "SDA1", "SDA2"))
SHIFTER_BIAS = _row("PCA9306", "VREF2", "EN")  # joined, 200 kohm to the higher supply
PICO_ADC = ("GP26", "GP27", "GP28")
PICO = {  # GPn by pin number
    **{f"GP{n}": _pin("Pico", f"GPIO{n}") for n in range(23)},
    **{name: _pin("Pico", f"GPIO{26 + n}_ADC{n}") for n, name in enumerate(PICO_ADC)},
}
PICO_SUPPLY = {
    "vbus": _pin("Pico", "VBUS"), "vsys": _pin("Pico", "VSYS"), "3v3": _pin("Pico", "3V3"),
    "gnd": _pins("Pico", "GND")[0],
}  # fmt: skip
JACK = {"plus": _pin("Jack", "PWR"), "ground": _pin("Jack", "GND")}
DIODES = {
    part: {"cathode": _pin(part, cathode), "anode": _pin(part, anode)}
    for part, cathode, anode in (
        ("Schottky", "K", "A"),
        ("Rectifier", "K", "A"),
        ("TVS", "A1", "A2"),
        ("LED", "K", "A"),
    )
}


def pots(netlist: Netlist) -> list[Component]:
    """Return the digital potentiometers: all parts of the part table have the pins of the AD5220."""
    return netlist.parts(*POT_PARTS)


def supplies(part: str) -> dict[str, int]:
    """Return the rail of every supply pin of a part."""
    return SUPPLIES.get("AD5220" if part in POT_PARTS else part, {})
