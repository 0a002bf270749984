"""The Pico, what holds its lines while its pins float, and its 3.3 V."""

from hardware.generator.circuit import Circuit
from hardware.generator.nets import line_nets
from hardware.generator.passives import capacitor, resistor, test_point
from twinohm.model.board import Board


def add_controller(circuit: Circuit, board: Board, supplies: dict[str, str]) -> None:
    """Add the Pico; `supplies` are the nets of its pins VBUS and VSYS."""
    sheet = "/controller"
    pins = {str(line): net for line, net in line_nets(board).items()}
    pins |= supplies | {"3V3": "+3V3", "AGND": "GND"}
    pins |= dict.fromkeys(("3", "8", "13", "18", "23", "28", "38"), "GND")
    circuit.add("pico", "Pico", sheet, pins)
    for pin, level in board.pulls.items():
        ends = ("+3V3", pins[pin]) if level == "up" else (pins[pin], "GND")
        strong = pin == board.pots.clk and board.pots.chip.stores  # CLK is low before any /CS has risen, at every reset
        resistor(circuit, f"pull_{pin}", sheet, ends, "1k" if strong else "10k")
    capacitor(circuit, "c_3v3", sheet, "+3V3", "10u")
    capacitor(circuit, "c_3v3_fast", sheet, "+3V3")
    for net in ("CLK_IN", "SDA", "SCL"):
        test_point(circuit, net, sheet, net)
