"""What a search tries: placements of a task on a board, with diodes in the board's sockets."""

from collections.abc import Iterator
from itertools import combinations, permutations
from math import comb, perm
from typing import NamedTuple

import numpy as np

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.board_diodes import with_diodes
from twinohm.model.diodes import DEFAULT_DIODE, Diode
from twinohm.model.placement import Placement
from twinohm.model.random_streams import PLACED_DIODES, PLACEMENTS
from twinohm.tasks.task import Task

PER_SET = 8  # placements drawn with each set of diodes, as the ensemble computes replicas with equal diodes together
MOST_DRAWS = 20  # placements, or sets of diodes, for each candidate that is wanted


class Candidate(NamedTuple):
    """A placement, and the diodes of a run at it ("C>A"), which stand in place of the task's."""

    placement: Placement
    diodes: tuple[str, ...] = ()


def candidates(task: Task, board: Board, limit: int, seed: int = 0) -> list[Candidate]:
    """Return all placements that differ, or `limit` of them drawn at random, with the task's diodes.

    None drives both ends of a diode; there are fewer if draw after draw gives nothing new. Raises UsageError if there
    is none.
    """
    if not board.capabilities.free_roles:
        return [Candidate(task.placement_on(board), task.diodes)]
    _check_nodes(task, board)
    plugged = task.plugged(board)
    spare = len(board.nodes) - task.n_inputs
    total = perm(len(board.nodes), task.n_inputs) * (comb if _alike(task) else perm)(spare, task.n_outputs)
    drawn: dict[Placement, None] = {}
    if total <= limit:
        drawn = dict.fromkeys(_all(task, plugged))
    else:
        random = PLACEMENTS.generator(seed)
        for _ in range(MOST_DRAWS * limit):
            if placement := _draw(task, plugged, random):
                drawn[placement] = None
            if len(drawn) == limit:
                break
    if not drawn:
        raise UsageError(
            f"{task.name} on {board.name}: every placement that was tried drives both ends of a diode; plug it in "
            "elsewhere, or leave it out"
        )
    return [Candidate(placement, task.diodes) for placement in drawn]


def candidates_with_diodes(
    task: Task, board: Board, limit: int, diodes: int, part: str = DEFAULT_DIODE, seed: int = 0
) -> list[Candidate]:
    """Return `limit` placements drawn at random, each with as many diodes of a part, which are drawn too.

    The board's own diodes stay. There are fewer candidates if draw after draw gives nothing new. Raises UsageError if
    the board has no sockets, or not as many free ones, or if no diode fits beside the driven nodes.
    """
    _check_nodes(task, board)
    with_diodes(board, [Diode(board.nodes[0], board.nodes[1], part)] * diodes)  # raises for what no draw changes
    pairs = list(permutations(board.nodes, 2))
    random = PLACED_DIODES.generator(seed, diodes)
    drawn: dict[Candidate, None] = {}
    for _ in range(MOST_DRAWS * limit):
        chosen = sorted(random.choice(len(pairs), min(diodes, len(pairs)), replace=False).tolist())
        texts = tuple(str(Diode(anode, cathode, part)) for anode, cathode in (pairs[k] for k in chosen))
        plugged = with_diodes(board, map(Diode.parse, texts))
        found = [placement for _ in range(PER_SET) if (placement := _draw(task, plugged, random))]
        drawn |= {Candidate(placement, texts): None for placement in found}
        if len(drawn) >= limit:
            break
    if not drawn:
        raise UsageError(
            f"diodes = {diodes}: at every placement of {task.name} on {board.name} that was drawn, one of them is "
            "between two driven nodes; try fewer"
        )
    return list(drawn)[:limit]


def _check_nodes(task: Task, board: Board) -> None:
    needed = task.n_inputs + task.n_outputs
    if needed > len(board.nodes):
        raise UsageError(f"{task.name} needs {needed} nodes; {board.name} has {len(board.nodes)}")


def _alike(task: Task) -> bool:
    """Return whether outputs shall always be equal and can change places; their order then says nothing."""
    return bool(task.examples) and all(len(set(desired)) == 1 for _, desired in task.examples)


def _measured(board: Board) -> list[str]:
    return [name for name in board.nodes if name in board.capabilities.measures_free]


def _drives_a_diode(board: Board, placement: Placement) -> bool:
    driven = {*placement.inputs, *placement.outputs}
    return any({diode.anode, diode.cathode} <= driven for diode in board.diodes)


def _all(task: Task, board: Board) -> Iterator[Placement]:
    choose = combinations if _alike(task) else permutations
    measured = _measured(board)
    for inputs in permutations(board.nodes, task.n_inputs):
        for outputs in choose([name for name in measured if name not in inputs], task.n_outputs):
            placement = Placement(inputs, outputs)
            if not _drives_a_diode(board, placement):
                yield placement


def _draw(task: Task, board: Board, random: np.random.Generator) -> Placement | None:
    """Return a placement drawn at random, None if the one drawn cannot be."""
    names = random.permutation(board.nodes).tolist()[: task.n_inputs + task.n_outputs]
    outputs = names[task.n_inputs :]
    placement = Placement(tuple(names[: task.n_inputs]), tuple(sorted(outputs) if _alike(task) else outputs))
    if set(outputs) <= set(_measured(board)) and not _drives_a_diode(board, placement):
        return placement
    return None
