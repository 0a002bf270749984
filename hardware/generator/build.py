"""The circuit of a board of boards.toml, which says which chip does what; how it is connected is beside this."""

from hardware.generator.circuit import Circuit
from hardware.generator.controller import add_controller
from hardware.generator.directions import directions
from hardware.generator.drivers import add_drivers, add_switches
from hardware.generator.edge_cell import add_edge
from hardware.generator.kit import build_kit
from hardware.generator.registers import add_registers
from hardware.generator.sense import add_sense
from hardware.generator.supply import add_supply
from twinohm.model.board import Board


def build(board: Board) -> Circuit:
    """Return the circuit of a board."""
    if board.through_hole:
        return build_kit(board)
    circuit = Circuit(board.name, board.title)
    add_supply(circuit)
    add_controller(circuit, board, {"VBUS": "VBUS", "VSYS": "VSYS"})
    add_drivers(circuit, board)
    if board.switches:
        add_switches(circuit, board)
    add_sense(circuit, board)
    add_registers(circuit, board)
    if board.flip_flops:
        directions(circuit, board)
    for i in range(board.n_edges):
        add_edge(circuit, board, i)
    return circuit
