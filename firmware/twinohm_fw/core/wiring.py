"""Make the drivers of a board from its configuration, which the host makes from boards.toml."""

from ..drivers.adg715 import ADG715
from ..drivers.hc165 import HC165
from ..drivers.hc595 import HC595
from ..drivers.i2c_bus import I2CBus
from ..drivers.mcp4728 import MCP4728Bank
from ..drivers.pin_lines import InputPins, OutputPins
from ..drivers.shift_chain import order
from ..drivers.updown_pots import UpDownPots


def pots(config, n_bytes, settling):
    """Return the pots, their U/D and /CS on pins or on 74HC595 (words: U/D bytes, then /CS bytes)."""
    words = bytearray(2 * n_bytes)
    if config["flip_flops"]:
        from ..drivers.edge_latches import LatchedLines

        bits = order(_places(config["cs"], 8 * n_bytes), config["shift_out"]["chips"])
        return UpDownPots(config, LatchedLines(config, bits, words), settling)
    places = _places(config["updown"], 0) + _places(config["cs"], 8 * n_bytes)
    if "bits" in config["cs"]:
        lines = HC595(config["shift_out"], order(places, config["shift_out"]["chips"]), words)
    else:
        lines = OutputPins(places, words, 8 * n_bytes)
    if config["pot"]["deselect"] == "cs_high":
        return UpDownPots(config, lines, settling)
    from ..drivers.storing_pots import SelectLines, StoringPots

    return StoringPots(config, SelectLines(lines, config["clk"]), settling)


def comparators(config, n_bytes):
    """Return the reader of CMP and SGN of every edge, on pins or on 74HC165 (words: CMP bytes, then SGN bytes)."""
    if config["flip_flops"]:
        from ..drivers.edge_latches import LatchedDirections

        bits = order(_places(config["flip_flops"]["readback"], 0), config["shift_in"]["chips"])
        return LatchedDirections(config, bits, n_bytes)
    words = bytearray(2 * n_bytes)
    places = _places(config["cmp"], 0) + _places(config["sgn"], 8 * n_bytes)
    if "bits" in config["cmp"]:
        return HC165(config["shift_in"], order(places, config["shift_in"]["chips"]), words)
    return InputPins(places, words)


def i2c_parts(config, settling):
    """Return (dacs, switches)."""
    lines = config["i2c"]
    bus = I2CBus(lines["sda"], lines["scl"], lines["hz"], lines.get("mux", 0))
    switches = config["switches"]
    dacs = MCP4728Bank(bus, config["dac"]["addresses"], settling)
    return dacs, [ADG715(bus, address) for address in switches["addresses"]] if switches else []


def adcs(config):
    """Return (drivers, free, clamped): the last two by node, (driver, channel, gain, offset) or None.

    A code is (count * gain + offset) >> 12; an offset of 2048 rounds.
    """
    drivers = []
    where = [[None] * len(config["nodes"]), [None] * len(config["nodes"])]
    for part in config["adc"]:
        if part["part"] == "ADS7953":
            from ..drivers.ads7953 import ADS7953 as driver
        elif part["part"] == "AD7490":
            from ..drivers.ad7490 import AD7490 as driver
        elif part.get("mux"):
            from ..drivers.internal_adc import MuxedADC as driver
        else:
            from ..drivers.internal_adc import InternalADC as driver
        adc = driver(part)
        drivers.append(adc)
        for channel, (node, network) in enumerate(part["channels"]):
            where[network][node] = (adc, channel, part["gain"], 2048)
    return drivers, where[0], where[1]


def _places(lines, first):
    """Return (bit in words, pin or chain bit) pairs of a list in the order of edges."""
    return [(first + i, at) for i, at in enumerate(lines.get("bits") or lines["pins"])]
