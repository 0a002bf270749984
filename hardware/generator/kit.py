"""The circuit of a board of parts with leads."""

from hardware.generator.circuit import Circuit
from hardware.generator.controller import add_controller
from hardware.generator.drivers import followers
from hardware.generator.edge_cell import add_edge
from hardware.generator.nets import node_net, sense_net
from hardware.generator.passives import capacitor, resistor, test_point
from hardware.generator.registers import LETTERS, add_registers
from hardware.generator.supply import add_lamp
from twinohm.model.board import Board
from twinohm.model.networks import NETWORKS

LEADED = {"R": "R_leaded", "R_precise": "R_precise_leaded", "C": "C_leaded", "TLV9064": "MCP6004"}


def build_kit(board: Board) -> Circuit:
    """Return the circuit of a board whose parts have leads.

    The Pico's USB is its 5 V. The DAC, on a board with two rows of pins, runs from 3.3 V, and so does I2C. Nodes stay
    below what comparators at 5 V compare, and below 3.3 V, so that the Pico measures them without dividers.
    """
    circuit = Circuit(board.name, board.title, swaps=dict(LEADED))
    sheet = "/power"
    for key, net, value in (("c_5v", "+5V", "10u"), ("c_5v_fast", "+5V", "100n"), ("c_edges_5v", "+5V", "10u")):
        capacitor(circuit, key, sheet, net, value)
    add_lamp(circuit)
    for key, net in (("5v", "+5V"), ("3v3", "+3V3"), ("gnd1", "GND"), ("gnd2", "GND")):
        test_point(circuit, key, sheet, net)
    add_controller(circuit, board, {"VBUS": "+5V"})
    _add_drivers(circuit, board)
    _add_sense(circuit, board)
    add_registers(circuit, board)
    for i in range(board.n_edges):
        add_edge(circuit, board, i, "+5V")
    return circuit


def _add_drivers(circuit: Circuit, board: Board) -> None:
    """Add the board with the DAC, and an op amp for every driver and every node that no driver holds."""
    sheet = "/drive"
    for net in ("SCL", "SDA"):
        resistor(circuit, f"r_{net}", sheet, ("+3V3", net), "3k3")
    bus = {"VCC": "+3V3", "GND": "GND", "SCL": "SCL", "SDA": "SDA", "~{LDAC}": "GND"}
    circuit.add("dac_bus", "MCP4728_bus", sheet, bus)
    outputs = {f"V{LETTERS[i]}": f"/drive/DAC.{node}" for i, node in enumerate(board.dac.channels) if node}
    circuit.add("dac_outputs", "MCP4728_outputs", sheet, outputs | {"VCC": "+3V3", "GND": "GND"})
    capacitor(circuit, "c_dac", sheet, "+3V3", "10u")
    jobs = [(f"/drive/DAC.{node}", f"{node}.clamped") for node in board.dac.channels if node]
    free = [node for node in board.nodes if node not in board.wired_free]
    followers(circuit, "driver", sheet, jobs + [(f"{node}.free", f"{node}.free.sense") for node in free])


def _add_sense(circuit: Circuit, board: Board) -> None:
    """Add a header with all nodes, and 1 kohm in front of each ADC pin: the Pico is safe when it is not powered."""
    sheet = "/sense"
    names = dict.fromkeys(node_net(board, node, network) for node in board.nodes for network in NETWORKS)
    assert len(names) == 6, "the header has room for 6 nodes and GND"
    pins = {str(i + 1): net for i, net in enumerate(names)}
    circuit.add("header", "Header7", sheet, pins | {"7": "GND"})
    for adc in board.adc:
        for channel in adc.channels:
            net, (node, network) = f"ADC.{channel}", channel.split(".")
            resistor(circuit, f"r_{channel}", sheet, (sense_net(board, node, network), net), "1k")
            capacitor(circuit, f"c_{channel}", sheet, net, "1n")
