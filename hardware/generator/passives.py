"""Resistors, capacitors and test points of a circuit."""

from hardware.generator.catalogue import find_kind
from hardware.generator.circuit import Circuit

CODES = {"1k": "102", "10k": "103", "18k": "183"}  # in order codes


def resistor(circuit: Circuit, key: str, sheet: str, ends: tuple[str, str], value: str, first: int = 0) -> None:
    """Add a resistor between two nets."""
    circuit.add(key, "R", sheet, {"1": ends[0], "2": ends[1]}, value, first=first)


def precise(circuit: Circuit, key: str, sheet: str, ends: tuple[str, str], value: str, first: int = 0) -> None:
    """Add a resistor of 0.1 %."""
    nets = {"1": ends[0], "2": ends[1]}
    part = circuit.swaps.get("R_precise", "R_precise")
    mpn = find_kind(part).mpn.format(code=CODES[value], value=value)
    circuit.add(key, "R_precise", sheet, nets, f"{value} 0.1%", mpn, first)


def capacitor(
    circuit: Circuit, key: str, sheet: str, net: str, value: str = "100n", first: int = 0, other: str = "GND"
) -> None:
    """Add a capacitor from a net to ground, or to another net."""
    circuit.add(key, "C", sheet, {"1": net, "2": other}, value, first=first)


def test_point(circuit: Circuit, name: str, sheet: str, net: str) -> None:
    """Add a pad to hold a probe to; the board shows the name of its net."""
    circuit.add(f"point_{name}", "TestPoint", sheet, {"1": net}, net.rsplit("/", 1)[-1].replace("~{", "/").rstrip("}"))
