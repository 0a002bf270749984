"""What resistors and capacitors may be, for each use: the range of the value, and what says so. And order codes."""

import re
from dataclasses import dataclass
from functools import cache

from hardware.netcheck import pinouts
from twinohm.model.netlist import Component

MULTIPLES = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "": 1.0, "k": 1e3, "M": 1e6}


@dataclass(frozen=True)
class Use:
    """What a part with two ends is there for: kinds of part, smallest and largest value as written, and the reason."""

    noun: str
    parts: tuple[str, ...]
    low: str
    high: str
    source: str

    @property
    def range(self) -> str:
        """Return "47n to 470n"."""
        return f"{self.low} to {self.high}"


@cache
def number(value: str) -> float:
    """Return the number of a value as the netlist writes it: 4700 of "4k7", 1e-7 of "100n", 10000 of "10k 0.1%".

    Raises ValueError if it is none.
    """
    words = value.split()
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([pnukM]?)(\d*)", words[0]) if words else None
    if match is None or not all(re.fullmatch(r"[\d.]+%", word) for word in words[1:]):  # "10 uF" is not 10 farad
        raise ValueError(f"no value: {value!r}")
    digits, letter, rest = match.groups()
    return float(f"{digits}.{rest}" if rest else digits) * MULTIPLES[letter]


def is_value(part: Component) -> bool:
    """Return whether a part has a value: a resistor or a capacitor."""
    return part.part in (*pinouts.TWO_ENDS, "C")


def is_readable(part: Component) -> bool:
    """Return whether a part that needs a value has one that is a number above 0."""
    try:
        return not is_value(part) or number(part.value) > 0
    except ValueError:
        return False


def in_range(part: Component, use: Use) -> bool:
    """Return whether the value of a part fits a use. A precise resistor has to say 0.1 %."""
    if not is_value(part):
        return True
    if not is_readable(part):
        return False
    value = number(part.value)
    if part.part == "R_precise" and not part.value.endswith(" 0.1%"):
        return False
    return number(use.low) * 0.999 <= value <= number(use.high) * 1.001


# RP2040 data sheet, pin electrical characteristics: pads pull down with 50 kohm at least while they are reset, and
# read 2.0 V as high; AD5220 Rev. 0 reads 2.4 V as high. So 3.3 V x 50k / (50k + R) >= 2.4 V: R is 18 kohm at most.
PULL = Use("resistor", ("R",), "2k2", "18k", "RP2040: a pad in reset pulls down with 50 kohm; AD5220: 2.4 V is high")
# X9C104: a pot stores its tap if /CS rises while CLK is high. CLK falls at once, /CS rises some microseconds later.
STRONG_PULL = Use("resistor", ("R",), "470", "4k7", "CLK is low before /CS has risen, at every reset")
SELECT_DELAY = Use("capacitor", ("C",), "330p", "4n7", "with the pull-up of 10 kohm /CS rises within 3 to 50 us")
# 4 mA through an LM393A's output at 0.4 V: 820 ohm and more; the RP2040's 50 kohm must leave 2.0 V: 32 kohm at most.
COMPARATOR_PULL = Use("resistor", ("R",), "820", "22k", "LM393A sinks 4 mA at 0.4 V; a line of 15 pF rises in 0.33 us")
# Both sides of the shifter add up: (3.3 - 0.4 + 5 - 0.4) V / R <= 3 mA (MCP4728, DS22187E: V_OL at 3 mA).
BUS_PULL = Use("resistor", ("R",), "2k4", "8k2", "MCP4728 sinks 3 mA at 0.4 V; I2C rises in 300 ns at 40 pF")
BIAS = Use("resistor", ("R",), "150k", "270k", "PCA9306: 200 kohm to the higher supply")
BIAS_FILTER = Use("capacitor", ("C",), "47p", "470p", "PCA9306, design procedure: 100 pF on VREF2")
LAMP = Use("resistor", ("R",), "220", "4k7", "LED: 0.6 to 14 mA at 5 V")
CLOCK_SERIES = Use(
    "resistor",
    ("R",),
    "100",
    "330",
    "pots all along a line: an edge turns back by 106 mV at 100 ohm, takes 51 ns at 330",
)  # python -m hardware.figures clock
DAMPING = Use("resistor", ("R",), "22", "220", "damps the edges of a line of 50 to 100 ohm")
SOCKET = Use(
    "resistor", ("R",), "47", "470", "an op amp does not ring with a probe's 100 pF, and a node changes by 5 mV"
)
SERIES = Use("resistor", ("R_precise",), "1k", "1k", "boards.toml: series_ohm")
AVERAGER = Use(
    "resistor", ("R_precise",), "4k7", "10k", "LM393A: a bias of 250 nA is 1.3 mV at most; an op amp drives five"
)
ADC_DIVIDER = Use("resistor", ("R_precise",), "4k7", "47k", "RP2040: 100 kohm at an ADC input")
ADC_SERIES = Use("resistor", ("R",), "470", "6k8", "4 mA at most into a Pico without power; a filter of 6 kohm at most")
ADC_FILTER = Use("capacitor", ("C",), "330p", "1n5", "settles to 12 bit within settle_us behind the divider's 6.4 kohm")
REFERENCE = Use("capacitor", ("C",), "4u7", "22u", "ADS79xx, SLAS605C 8.3.1: 10 uF between REFP and REFM")
DECOUPLING = Use("capacitor", ("C",), "47n", "470n", "data sheets: 100 nF at every chip; L78: 330 nF or more in")
BULK = Use("capacitor", ("C",), "4u7", "47u", "one of 10 uF for each group of chips")
JUMPER = Use(pinouts.JUMPER, (pinouts.JUMPER,), "", "", "")
FUSE = Use("fuse", ("Fuse",), "", "", "")

# Order codes, as far as a code says what the circuit depends on, and the package, which FOOTPRINTS has. "{ohm}" is the
# resistance of a pot in kohm.
CODES = {
    "AD5220": r"AD5220BRZ?{ohm}",
    "LM393A": r"LM393AD[RT]",
    "TLV9064": r"TLV9064IDR?",
    "MCP4728": r"MCP4728(A[0-7])?T?-E/UN",
    "ADG715": r"ADG715BRUZ?.*",
    "ADS7953": r"ADS7953S?B?DBT.*",
    "REF3025": r"REF3025AIDBZ[RT]?",
    "74HC165": r"(SN)?74HC165PW.*",
    "74HC595": r"(SN)?74HC595PW.*",
    "74HC86": r"(SN)?74HC86PW.*",
    "74HC74": r"(SN)?74HC74PW.*",
    "74AHCT125": r"(SN)?74AHCT125PW.*",
    "PCA9306": r"PCA9306D,118",
    "Pico": r"SC09(15|16|17|18)",
    "L7805": r"L7805A[BC]V.*",  # 4.8 to 5.2 V; without the A 4.75 to 5.25 V, and the ADS7953 takes 5.25 V at most
    "Schottky": r"1N581[789].*",
    "Rectifier": r"1N400[1-7].*",
    "TVS": r"SMAJ1[3-6]A.*",  # passes the jack's 12 V, and holds below the L7805's 35 V
    "Fuse": r"MF-RHT050.*",
    "Jack": r"PJ-002A.*",
    "X9C104": r"X9C104P.*",
    "LM393P": r"LM393A?P",
    "MCP6004": r"MCP6004-I/P",
    "MCP4728_bus": r"Adafruit 4470",
    "R_precise_leaded": r"metal film 0\.1% (\w+)",
    "R_precise": r"RG2012P-(\d\d)(\d)-B-T5",
}

_SMALL, _LEADED = r"_0805_2012Metric", r"_Axial_DIN0207_.*_P7\.62mm_Horizontal"
# Footprints in KiCad's libraries that take the package of the order codes above.
FOOTPRINTS = {
    **dict.fromkeys(("AD5220", "LM393A", "PCA9306"), r"Package_SO:SOIC-8_3\.9x4\.9mm_P1\.27mm"),
    "TLV9064": r"Package_SO:SOIC-14_3\.9x8\.7mm_P1\.27mm",
    **dict.fromkeys(("74HC165", "74HC595"), r"Package_SO:TSSOP-16_4\.4x5mm_P0\.65mm"),
    **dict.fromkeys(("74HC86", "74HC74", "74AHCT125"), r"Package_SO:TSSOP-14_4\.4x5mm_P0\.65mm"),
    "MCP4728": r"Package_SO:MSOP-10_3x3mm_P0\.5mm",
    "ADG715": r"Package_SO:TSSOP-24_4\.4x7\.8mm_P0\.65mm",
    "ADS7953": r"Package_SO:TSSOP-38_4\.4x9\.7mm_P0\.5mm",
    "REF3025": r"Package_TO_SOT_SMD:SOT-23",
    "L7805": r"Package_TO_SOT_THT:TO-220-3_(Vertical|Horizontal_Tab(Down|Up))",
    **dict.fromkeys(("X9C104", "LM393P"), r"Package_DIP:DIP-8_W7\.62mm(_Socket|_LongPads)?"),
    "MCP6004": r"Package_DIP:DIP-14_W7\.62mm(_Socket|_LongPads)?",
    "Pico": r"Module:RaspberryPi_Pico_Common_THT",
    **dict.fromkeys(("Schottky", "Rectifier"), r"Diode_THT:D_DO-41_SOD81_.*"),
    "TVS": r"Diode_SMD:D_SMA",
    "LED": r"LED_THT:LED_D3\.0mm.*",
    "Fuse": r"Fuse:Fuse_Bourns_MF-RHT050",
    "Jack": r"Connector_BarrelJack:BarrelJack_Horizontal",
    **{f"Header{n}": rf"Connector_PinHeader_2\.54mm:PinHeader_1x0{n}_P2\.54mm_.*" for n in (2, 4, 5, 7)},
    **dict.fromkeys(("MCP4728_bus", "MCP4728_outputs"), r"Connector_PinSocket_2\.54mm:PinSocket_1x06_P2\.54mm_.*"),
    "Socket10": r"Connector_PinSocket_2\.54mm:PinSocket_1x10_P2\.54mm_.*",
    "TestPoint": r"TestPoint:.*",
    **dict.fromkeys(("R", "R_precise"), f"Resistor_SMD:R{_SMALL}"),
    "C": f"Capacitor_SMD:C{_SMALL}",
    **dict.fromkeys(("R_leaded", "R_precise_leaded"), f"Resistor_THT:R{_LEADED}"),
    "C_leaded": r"Capacitor_THT:C_Disc_.*_P5\.00mm",
}


def check_footprint(part: Component) -> str | None:
    """Return what is wrong with the footprint of a part, or None. A part without a file has no footprint to check."""
    wanted = FOOTPRINTS.get(part.part)
    if wanted is None or part.footprint is None or re.fullmatch(wanted, part.footprint):
        return None
    code = f" with the order code {part.mpn!r}" if part.mpn else ""
    return f"{part.ref} ({part.part}) has the footprint {part.footprint!r}, which does not take this part{code}"


def check_code(part: Component, pot_ohm: float) -> str | None:
    """Return what is wrong with the order code of a part, or None."""
    pattern = CODES.get(part.part)
    if pattern is None:
        return None
    match = re.fullmatch(pattern.format(ohm=round(pot_ohm / 1e3)) if "{ohm}" in pattern else pattern, part.mpn)
    if match is None:
        return f"{part.ref} ({part.part}) has the order code {part.mpn!r}, which is not this part"
    if part.part == "R_precise_leaded" and part.value.split()[:1] != [match[1]]:
        return f"{part.ref} (R_precise_leaded) is {part.value}, and its order code says {match[1]}"
    if part.part == "R_precise":
        ohm = int(match[1]) * 10 ** int(match[2])
        if not is_value(part) or part.value.split()[:1] != [_short(ohm)]:
            return f"{part.ref} (R_precise) is {part.value}, and its order code {part.mpn!r} means {_short(ohm)}"
    return None


def _short(ohm: int) -> str:
    """Return 10000 as "10k"."""
    return f"{ohm // 1000}k" if ohm % 1000 == 0 else str(ohm)
