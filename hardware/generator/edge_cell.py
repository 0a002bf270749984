"""One edge: a pot in each network behind 1 kohm, and the two comparators of equation 6."""

from hardware.generator.circuit import Circuit
from hardware.generator.nets import LINES, node_net, sense_net
from hardware.generator.passives import capacitor, precise, resistor
from hardware.generator.registers import GATES
from twinohm.model.board import Board
from twinohm.model.networks import NETWORKS

PORTS = {  # of the edge cell, and the kind of line
    "node_a.free": "passive",
    "node_b.free": "passive",
    "node_a.clamped": "passive",
    "node_b.clamped": "passive",
    "node_a.free.sense": "input",
    "node_b.free.sense": "input",
    "node_a.clamped.sense": "input",
    "node_b.clamped.sense": "input",
    "CLK": "input",
    "UD": "input",
    "~{CS}": "input",
    "CMP": "output",
    "SGN": "output",
}


def edge_ports(board: Board, i: int) -> dict[str, str]:
    """Return the net on every port of the cell of edge i."""
    edge = board.edges[i]
    nets = {}
    for end, node in zip("ab", edge.split("-"), strict=True):
        for network in NETWORKS:
            nets[f"node_{end}.{network}"] = node_net(board, node, network)
            nets[f"node_{end}.{network}.sense"] = sense_net(board, node, network)
    nets["CLK"] = f"CLK{1 + len(GATES) * i // board.n_edges}" if board.shift_out else "CLK"
    return nets | {net: f"{net}.{edge}" for net in LINES}


def add_edge(circuit: Circuit, board: Board, i: int, comparators_on: str = "+9V") -> None:
    """Add two pots, each behind 1 kohm and a header, and the two comparators of equation 6."""
    name, first = board.edges[i], 100 * (i + 1)
    sheet, port = f"/edges/{name}", edge_ports(board, i)
    series = {1000: "1k"}[int(board.pots.series_ohm)]
    for network in NETWORKS:
        inner, wiper = f"{sheet}/R_{network}", f"{sheet}/W_{network}"
        pins = {"CLK": port["CLK"], "U/~{D}": port["UD"], "~{CS}": port["~{CS}"], "VDD": "+5V", "GND": "GND"}
        pins |= {"W": wiper, "B": port[f"node_b.{network}"]}
        circuit.add(f"{name}/pot_{network}", board.pots.part, sheet, pins, first=first)
        capacitor(circuit, f"{name}/c_pot_{network}", sheet, "+5V", first=first)
        precise(circuit, f"{name}/series_{network}", sheet, (port[f"node_a.{network}"], inner), series, first)
        value = f"{network}"
        circuit.add(f"{name}/jumper_{network}", "Header2", sheet, {"1": inner, "2": wiper}, value, first=first)
    plus, minus = f"{sheet}/PLUS", f"{sheet}/MINUS"
    for key, source, target in (
        ("plus_a", "node_a.clamped", plus),
        ("plus_b", "node_b.free", plus),
        ("minus_a", "node_a.free", minus),
        ("minus_b", "node_b.clamped", minus),
    ):
        precise(circuit, f"{name}/{key}", sheet, (port[f"{source}.sense"], target), "10k", first)
    pins = {"+1": plus, "-1": minus, "out1": port["CMP"], "V+": comparators_on, "V-": "GND"}
    pins |= {"+2": port["node_a.free.sense"], "-2": port["node_b.free.sense"], "out2": port["SGN"]}
    comparator = board.comparators.part if board.comparators else "LM393A"
    circuit.add(f"{name}/comparator", comparator, sheet, pins, first=first)
    capacitor(circuit, f"{name}/c_comparator", sheet, comparators_on, first=first)
    for line in ("CMP", "SGN"):
        resistor(circuit, f"{name}/pull_{line}", sheet, ("+3V3", port[line]), "4k7", first)
    if board.shift_out:  # elsewhere boards.toml pulls the Pico's own pins
        resistor(circuit, f"{name}/pull_cs", sheet, ("+3V3", port["~{CS}"]), "10k", first)
    if board.pots.updown:  # elsewhere a flip-flop always drives it
        resistor(circuit, f"{name}/pull_ud", sheet, (port["UD"], "GND"), "10k", first)
    if board.pots.chip.stores:  # a pot would store its tap if /CS rose before CLK fell: see controller.py
        capacitor(circuit, f"{name}/c_cs", sheet, port["~{CS}"], "1n", first)
