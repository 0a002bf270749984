"""Shift registers for the lines of all edges, and the drivers of CLK."""

from hardware.generator.circuit import Circuit
from hardware.generator.nets import bit_nets, read_lines, set_lines
from hardware.generator.passives import capacitor, resistor
from twinohm.model.board import Board

LETTERS = "ABCDEFGH"
# More than a line needs that ends it: pots sit all along it, and this makes its edges slow and smooth.
CLOCK_OHM = "220"
GATES = (1, 2, 3, 4)  # of a 74AHCT125; each drives the CLK of a quarter of the edges


def add_registers(circuit: Circuit, board: Board) -> None:
    """Add shift registers, and the drivers of CLK for all pots."""
    if board.shift_out is None or board.shift_in is None:
        resistor(circuit, "r_clk", "/controller", ("CLK_IN", "CLK"), CLOCK_OHM)
        return
    sheet = "/registers"
    _chain_out(circuit, board)
    _chain_in(circuit, board)
    capacitor(circuit, "c_registers", sheet, "+3V3", "10u")
    supply = {"VCC": "+5V", "GND": "GND"} | {f"~{{{gate}OE}}": "GND" for gate in GATES}
    pins = {f"{gate}A": "CLK_IN" for gate in GATES} | {f"{gate}Y": f"{sheet}/CLK_{gate}" for gate in GATES}
    circuit.add("clock_buffer", "74AHCT125", sheet, supply | pins)
    capacitor(circuit, "c_clock_buffer", sheet, "+5V")
    for gate in GATES:
        resistor(circuit, f"r_clk{gate}", sheet, (f"{sheet}/CLK_{gate}", f"CLK{gate}"), CLOCK_OHM)
    pins = {f"{gate}A": "GND" for gate in GATES} | {"1A": "SWITCH_ON", "1Y": "SWITCH_ON_5V"}
    if board.dac.ldac:
        pins |= {"2A": "LDAC_SET", "2Y": "LDAC_BUFFER"}
        resistor(circuit, "r_ldac", sheet, ("LDAC_BUFFER", "LDAC_5V"), "100")
    circuit.add("level_buffer", "74AHCT125", sheet, supply | pins)
    capacitor(circuit, "c_level_buffer", sheet, "+5V")


def _chain_out(circuit: Circuit, board: Board) -> None:
    """Add the 74HC595s. Bit 0 is sent first and ends at QH of the last chip."""
    chain = board.shift_out
    assert chain is not None
    nets = bit_nets(board, set_lines)
    for chip in range(chain.chips):
        base = 8 * (chain.chips - 1 - chip)
        pins = {f"Q{LETTERS[7 - i]}": nets[base + i] for i in range(8) if base + i in nets}
        pins |= {"SRCLK": "OUT_CLOCK", "RCLK": "OUT_LATCH", "~{OE}": "~{OUT_ENABLE}", "~{SRCLR}": "+3V3"}
        pins |= {"VCC": "+3V3", "GND": "GND", "SER": f"OUT_CHAIN{chip}" if chip else "OUT_DATA"}
        if chip < chain.chips - 1:
            pins["QH'"] = f"OUT_CHAIN{chip + 1}"
        circuit.add(f"out{chip}", "74HC595", "/registers", pins)
        capacitor(circuit, f"c_out{chip}", "/registers", "+3V3")


def _chain_in(circuit: Circuit, board: Board) -> None:
    """Add the 74HC165s. Bit 0 arrives first: it is H of the last chip."""
    chain = board.shift_in
    assert chain is not None
    nets = bit_nets(board, read_lines)
    for chip in range(chain.chips):
        base = 8 * (chain.chips - 1 - chip)
        pins = {LETTERS[7 - i]: nets.get(base + i, "GND") for i in range(8)}
        last = chip == chain.chips - 1
        pins |= {"CLK": "IN_CLOCK", "SH/~{LD}": "IN_LOAD", "CLK_INH": "GND", "VCC": "+3V3", "GND": "GND"}
        pins |= {"SER": f"IN_CHAIN{chip}" if chip else "GND", "QH": "IN_DATA" if last else f"IN_CHAIN{chip + 1}"}
        circuit.add(f"in{chip}", "74HC165", "/registers", pins)
        capacitor(circuit, f"c_in{chip}", "/registers", "+3V3")
