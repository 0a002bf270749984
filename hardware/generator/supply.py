"""Supply from 9 to 12 V or from USB, and the lamp that shows 5 V."""

from hardware.generator.circuit import Circuit
from hardware.generator.passives import capacitor, resistor, test_point


def add_supply(circuit: Circuit) -> None:
    """Add jack, fuse, regulator and diodes, so that USB alone powers the logic, and the lamp."""
    sheet = "/power"
    circuit.add("jack", "Jack", sheet, {"+": "/power/JACK", "GND": "GND"})
    circuit.add("fuse", "Fuse", sheet, {"1": "/power/JACK", "2": "/power/FUSED"})
    circuit.add("surge", "TVS", sheet, {"K": "/power/FUSED", "A": "GND"})
    circuit.add("polarity", "Schottky", sheet, {"A": "/power/FUSED", "K": "+9V"})
    circuit.add("regulator", "L7805", sheet, {"IN": "+9V", "GND": "GND", "OUT": "+5V"})
    # Without it 5 V could stand above the regulator's input.
    circuit.add("discharge", "Rectifier", sheet, {"A": "+5V", "K": "+9V"})
    circuit.add("to_pico", "Schottky", sheet, {"A": "+5V", "K": "VSYS"})
    circuit.add("from_usb", "Schottky", sheet, {"A": "VBUS", "K": "+5V"})
    for key, net in (
        ("c_9v", "+9V"),
        ("c_5v", "+5V"),
        ("c_vsys", "VSYS"),
        ("c_edges_9v", "+9V"),
        ("c_edges_5v", "+5V"),
    ):
        capacitor(circuit, key, sheet, net, "10u")
    for key, net in (("c_9v_fast", "+9V"), ("c_5v_fast", "+5V")):
        capacitor(circuit, key, sheet, net)
    for key, net in (("9v", "+9V"), ("5v", "+5V"), ("3v3", "+3V3"), ("gnd1", "GND"), ("gnd2", "GND")):
        test_point(circuit, key, sheet, net)
    add_lamp(circuit)


def add_lamp(circuit: Circuit) -> None:
    """Add the lamp that shows 5 V."""
    resistor(circuit, "r_led", "/power", ("+5V", "/power/LED"), "1k")
    circuit.add("led", "LED", "/power", {"A": "/power/LED", "K": "GND"})
