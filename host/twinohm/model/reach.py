"""Which inputs of a placement reach an output: along edges, and not through another input, whose voltage is fixed."""

from collections.abc import Collection

from twinohm.model.board import Board
from twinohm.model.placement import Placement


def inputs_reaching(board: Board, placement: Placement, absent: Collection[str] = ()) -> list[tuple[int, ...]]:
    """Return for each output the indices of the inputs on which its voltage can depend, in the free network.

    absent: names of edges that are pulled.
    """
    pairs = [set(edge.split("-")) for edge in board.edges if edge not in absent]
    found = []
    for output in placement.outputs:
        reached = {output}
        border = {output}
        while border:
            border = {node for pair in pairs if pair & border for node in pair} - reached
            reached |= border
            border -= set(placement.inputs)
        found.append(tuple(k for k, node in enumerate(placement.inputs) if node in reached))
    return found
