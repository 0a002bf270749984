"""Edges that find their own direction: XOR and D flip-flop for each, four lines of the Pico for all.

XNOR without an XNOR gate: D is CMP xor SGN, and U/D is /Q. So the line that sets every U/D is on the chip's /CLR, and
the line that clears it on /PRE. The edge cell is the same as on a board whose firmware decides.
"""

from hardware.generator.circuit import Circuit
from hardware.generator.passives import capacitor, resistor
from twinohm.model.board import Board

SHEET = "/directions"
CONTROL = {  # key of boards.toml: net at the Pico, net behind a resistor that damps the edge
    "latch": ("LATCH_IN", "LATCH"),
    "preset": ("~{PRESET_IN}", "~{PRESET}"),
    "clear": ("~{CLEAR_IN}", "~{CLEAR}"),
}


def directions(circuit: Circuit, board: Board) -> None:
    """Add a 74HC86 for four edges and a 74HC74 for two, at 3.3 V: a pot reads 2.4 V as high (AD5220 Rev. 0, V_IH)."""
    for key, ends in CONTROL.items():
        resistor(circuit, f"r_{key}", SHEET, ends, "33")
    power = {"VCC": "+3V3", "GND": "GND"}
    for chip in range(-(-board.n_edges // 4)):
        pins = dict(power)
        for gate, edge in enumerate(board.edges[4 * chip : 4 * chip + 4], 1):
            pins |= {f"{gate}A": f"CMP.{edge}", f"{gate}B": f"SGN.{edge}", f"{gate}Y": f"{SHEET}/XOR.{edge}"}
        circuit.add(f"xor{chip}", "74HC86", SHEET, pins)
        capacitor(circuit, f"c_xor{chip}", SHEET, "+3V3")
    for chip in range(-(-board.n_edges // 2)):
        pins = dict(power)
        for half, edge in enumerate(board.edges[2 * chip : 2 * chip + 2], 1):
            pins |= {f"{half}D": f"{SHEET}/XOR.{edge}", f"{half}CLK": "LATCH", f"{half}~{{Q}}": f"UD.{edge}"}
            pins |= {f"{half}~{{CLR}}": "~{PRESET}", f"{half}~{{PRE}}": "~{CLEAR}"}
        circuit.add(f"flip_flops{chip}", "74HC74", SHEET, pins)
        capacitor(circuit, f"c_flip_flops{chip}", SHEET, "+3V3")
