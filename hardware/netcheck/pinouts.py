"""Functions of the pins of each part, by pin number, from its data sheet.

hardware/parts.toml has the pins that the generator uses: this list is a second opinion, so neither imports the other.
"""

from twinohm.model.netlist import Component, Netlist
from twinohm.model.pot_parts import POT_PARTS

# Pins that are on a supply: 5 is +5 V, 9 the comparators' 9 to 12 V, 3 the Pico's 3.3 V, 0 ground.
SUPPLIES: dict[str, dict[str, int]] = {
    "AD5220": {"8": 5, "4": 0},  # AD5220 Rev. 0, pin description
    "LM393A": {"8": 9, "4": 0},  # SLCS005, pin functions
    "TLV9064": {"4": 5, "11": 0},  # SBOS839, pin functions
    "MCP4728": {"1": 5, "10": 0},  # DS22187E, table 3-1
    "ADG715": {"2": 5, "21": 0, "4": 0},  # Rev. E, pin function descriptions
    "AD7490": {"16": 5, "21": 3, "14": 0, "17": 0, "24": 0},  # Rev. D, table 4; VDRIVE sets the logic levels
    "REF3025": {"1": 5, "3": 0},  # SBVS032
    "74HC165": {"16": 3, "8": 0, "15": 0},  # SCLS116; CLK INH low
    "74HC595": {"16": 3, "8": 0, "10": 3},  # SCLS041; /SRCLR high
    "74HC86": {"14": 3, "7": 0},  # SCLS100, pin functions
    "74HC74": {"14": 3, "7": 0},  # SCLS094, pin functions
    "74AHCT125": {"14": 5, "7": 0, "1": 0, "4": 0, "10": 0, "13": 0},  # SCLS264; /OE low
    "PCA9306": {"1": 0, "2": 3},  # PCA9306, pin description
    "Pico": {"3": 0, "8": 0, "13": 0, "18": 0, "23": 0, "28": 0, "33": 0, "38": 0, "36": 3},  # Pico data sheet, 2.1
    "L7805": {"1": 9, "2": 0, "3": 5},  # L78
}
DECOUPLED = (  # one capacitor or more for each of these chips, and for each pot
    "LM393A", "TLV9064", "MCP4728", "ADG715", "AD7490", "74HC165", "74HC595", "74AHCT125",
    "74HC86", "74HC74",
)  # fmt: skip

TWO_ENDS = ("R", "R_precise")
JUMPER = "Header2"
POT = {"clk": "1", "updown": "2", "a": "3", "w": "5", "b": "6", "cs": "7"}  # AD5220 Rev. 0, pin description
AMPLIFIERS = (("3", "2", "1"), ("5", "6", "7"), ("10", "9", "8"), ("12", "13", "14"))  # TLV9064: +, -, output
COMPARATORS = (("3", "2", "1"), ("5", "6", "7"))  # LM393A: +, -, output
DAC = {"scl": "2", "sda": "3", "ldac": "4"}  # MCP4728; /LDAC low: outputs follow each write
LDAC_HEADER_SET = "4"  # of Header4: the line that sets a DAC's address; 1 to 3 are /LDAC of the DACs
DAC_OUTPUTS = ("6", "7", "8", "9")  # MCP4728: VOUTA..VOUTD
SWITCH_PINS = (  # ADG715: S1, D1 .. S8, D8
    ("5", "6"), ("7", "8"), ("9", "10"), ("11", "12"), ("14", "13"), ("16", "15"), ("18", "17"), ("20", "19"),
)  # fmt: skip
SWITCH = {"scl": "1", "sda": "3", "reset": "23", "a0": "24", "a1": "22"}
ADC = {"sck": "22", "mosi": "19", "miso": "23", "cs": "18", "reference": "15"}  # AD7490
ADC_INPUTS = ("13", "12", "11", "10", "9", "8", "7", "6", "5", "3", "2", "1", "28", "27", "26", "25")  # VIN0..VIN15
REFERENCE_OUT = "2"  # REF3025
SHIFT_IN = {"load": "1", "clock": "2", "serial": "10", "out": "9"}  # 74HC165
SHIFT_IN_INPUTS = ("11", "12", "13", "14", "3", "4", "5", "6")  # A..H; H leaves first
SHIFT_OUT = {"serial": "14", "clock": "11", "latch": "12", "enable": "13", "out": "9"}  # 74HC595
SHIFT_OUT_OUTPUTS = ("15", "1", "2", "3", "4", "5", "6", "7")  # QA..QH; the first bit goes furthest
BUFFERS = (("2", "3"), ("5", "6"), ("9", "8"), ("12", "11"))  # 74AHCT125: A, Y
XOR_GATES = (("1", "2", "3"), ("4", "5", "6"), ("9", "10", "8"), ("12", "13", "11"))  # 74HC86: A, B, Y
FLIP_FLOPS = (  # 74HC74; rising CLK stores D, /PRE low sets Q, /CLR low clears it
    {"d": "2", "clk": "3", "pre": "4", "clr": "1", "q": "5", "not_q": "6"},
    {"d": "12", "clk": "11", "pre": "10", "clr": "13", "q": "9", "not_q": "8"},
)
SHIFTER = (("3", "6"), ("4", "5"))  # PCA9306: SCL1, SCL2; SDA1, SDA2
SHIFTER_BIAS = ("7", "8")  # PCA9306: VREF2 and EN, joined, 200 kohm to the higher supply
PICO = {  # GPn by pin number
    **{f"GP{n}": str(pin) for n, pin in enumerate((1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20))},
    **{f"GP{n}": str(pin) for n, pin in zip(range(16, 23), (21, 22, 24, 25, 26, 27, 29), strict=True)},
    "GP26": "31", "GP27": "32", "GP28": "34",
}  # fmt: skip
PICO_ADC = ("GP26", "GP27", "GP28")
PICO_SUPPLY = {"vbus": "40", "vsys": "39", "3v3": "36", "gnd": "3"}
JACK = {"plus": "1", "ground": "2"}
DIODE = {"cathode": "1", "anode": "2"}


def pots(netlist: Netlist) -> list[Component]:
    """Return the digital potentiometers: all parts of the part table have the pins of the AD5220."""
    return netlist.parts(*POT_PARTS)


def supplies(part: str) -> dict[str, int]:
    """Return the rail of every supply pin of a part."""
    return SUPPLIES.get("AD5220" if part in POT_PARTS else part, {})


MULTIPLES = {"k": 1e3, "M": 1e6}


def ohms(value: str) -> float:
    """Return the ohms of a value as the netlist writes it: 4700 of "4k7", 10000 of "10k 0.1%".

    Raises ValueError if it is not a number.
    """
    digits = value.split()[0]
    for letter, multiple in MULTIPLES.items():
        if letter in digits:
            return float(digits.replace(letter, ".")) * multiple
    return float(digits)
