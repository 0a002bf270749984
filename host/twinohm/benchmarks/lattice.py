"""Square lattices, and two ways to drive them."""

from typing import Literal

Drivers = Literal["corner", "spread"]
DRIVERS: dict[Drivers, str] = {
    "corner": "two opposite corners are inputs",
    "spread": "every fourth node of every fourth row is an input, one node in 16",
}
PITCH, FIRST = 4, 1  # of the inputs that are spread, in nodes: 1, 5, 9 ... in both directions


def lattice(side: int) -> tuple[int, list[tuple[int, int]]]:
    """Return number of nodes and edges of a square lattice of side x side nodes."""
    right = [(r * side + c, r * side + c + 1) for r in range(side) for c in range(side - 1)]
    down = [(r * side + c, (r + 1) * side + c) for r in range(side - 1) for c in range(side)]
    return side * side, right + down


def n_edges(side: int) -> int:
    """Return the number of edges of lattice(side)."""
    return 2 * side * (side - 1)


def inputs_of(side: int, drivers: Drivers) -> list[int]:
    """Return the nodes that are inputs."""
    if drivers == "corner":
        return [0, side * side - 1]
    return [r * side + c for r in range(FIRST, side, PITCH) for c in range(FIRST, side, PITCH)]


def output_of(side: int) -> int:
    """Return the node in the middle, the one output."""
    return side // 2 * side + side // 2
