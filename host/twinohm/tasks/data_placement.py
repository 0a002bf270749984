"""Choose nodes for a user's data, and columns where a board has fewer nodes than they need.

Of some hundred placements that is taken with which the better ones of random networks of resistors come nearest to the
training rows. It takes a second, and says which inputs reach which outputs; `twinohm place` trains placements instead.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import comb, perm

import numpy as np
from numpy.typing import NDArray

from twinohm.model.board import Board
from twinohm.model.placement import Placement
from twinohm.model.random_streams import USER_PLACEMENT
from twinohm.tasks.linear_limits import Floats, Labels

PLACEMENTS = 400  # that are tried, if there are as many
NETWORKS = 64  # random ones, of each placement
# How many of them count, the best ones: learning numbers finds such networks, while learning classes drifts among them.
BEST_OF_VOLTS, BEST_OF_CLASSES = 6, NETWORKS // 2
MOST_ROWS = 200  # training rows
LEAK_S = 1e-12  # from every node to ground, so that one that no input reaches has a voltage


def choose_nodes(
    board: Board, inputs_V: Floats, wanted: Floats | Labels, n_outputs: int, pairs: bool = False
) -> Placement:
    """Return the placement whose random networks do best on training rows.

    inputs_V: (examples, inputs); wanted: desired_V (examples, outputs) or labels (examples,). pairs: whether the
    difference of each two outputs counts; its sign tells classes 0 and 1 apart. The board's nodes take any role, and
    are as many as the task needs. None of its diodes is between two of the nodes that are chosen, if that can be; else
    they do not count.
    """
    inputs_V, wanted = inputs_V[:MOST_ROWS], wanted[:MOST_ROWS]
    measured = tuple(name for name in board.nodes if name in board.capabilities.measures_free)
    return _choose(
        tuple(board.nodes),
        tuple(board.edges),
        measured,
        (float(board.pots.edge_ohm(board.pots.min_tap)), float(board.pots.edge_ohm(board.pots.top_tap))),
        inputs_V.shape,
        inputs_V.tobytes(),
        wanted.dtype.str,
        wanted.shape,
        wanted.tobytes(),
        n_outputs,
        pairs,
        tuple((diode.anode, diode.cathode) for diode in board.diodes),
    )


@lru_cache(maxsize=8)
def _choose(
    nodes: tuple[str, ...],
    edges: tuple[str, ...],
    measured: tuple[str, ...],
    resistances: tuple[float, float],
    shape: tuple[int, ...],
    inputs: bytes,
    kind: str,
    wanted_shape: tuple[int, ...],
    wanted: bytes,
    n_outputs: int,
    pairs: bool,
    diodes: tuple[tuple[str, str], ...],
) -> Placement:
    inputs_V = np.frombuffer(inputs, float).reshape(shape)
    targets = np.frombuffer(wanted, np.dtype(kind)).reshape(wanted_shape)
    random = USER_PLACEMENT.generator(0)
    drawn = 1 / random.uniform(*resistances, (NETWORKS, len(edges)))
    found = _candidates(nodes, measured, shape[1], n_outputs, random)
    return min(
        [one for one in found if not any({*ends} <= {*one.inputs, *one.outputs} for ends in diodes)] or found,
        key=lambda one: _loss(one, nodes, edges, drawn, inputs_V, targets, pairs),
    )


def _candidates(
    nodes: Sequence[str], measured: Sequence[str], n_inputs: int, n_outputs: int, random: np.random.Generator
) -> list[Placement]:
    """Return PLACEMENTS different placements, or fewer if there are not as many."""
    total = perm(len(measured), n_outputs) * comb(len(nodes) - n_outputs, n_inputs)
    found: dict[Placement, None] = {}
    for _ in range(20 * PLACEMENTS):
        outputs = random.permutation(measured)[:n_outputs].tolist()
        inputs = random.permutation([name for name in nodes if name not in outputs])[:n_inputs].tolist()
        found[Placement(tuple(inputs), tuple(outputs))] = None
        if len(found) >= min(PLACEMENTS, total):
            break
    return list(found)


def _loss(
    placement: Placement,
    nodes: Sequence[str],
    edges: Sequence[str],
    conductances: Floats,
    inputs_V: Floats,
    wanted: Floats | Labels,
    pairs: bool,
) -> float:
    """Return the mean loss of the best networks: squared error, V^2, or the share of wrong classes."""
    outputs_V = np.einsum("ni,koi->kno", inputs_V, _weights(placement, nodes, edges, conductances))
    if pairs:
        outputs_V = outputs_V[:, :, ::2] - outputs_V[:, :, 1::2]
    if wanted.ndim == 2:
        wanted = wanted[:, ::2] - wanted[:, 1::2] if pairs else wanted
        losses = ((outputs_V - wanted) ** 2).mean((1, 2))
    elif pairs:
        losses = ((outputs_V[:, :, 0] > 0) != wanted).mean(1)
    else:
        means = np.stack([outputs_V[:, wanted == label].mean(1) for label in range(int(wanted.max()) + 1)], 1)
        distances = ((outputs_V[:, :, None] - means[:, None]) ** 2).sum(-1)
        losses = (distances.argmin(-1) != wanted).mean(1)
    best = BEST_OF_VOLTS if wanted.ndim == 2 else BEST_OF_CLASSES
    return float(np.sort(losses)[:best].mean())


def _weights(placement: Placement, nodes: Sequence[str], edges: Sequence[str], conductances: Floats) -> Floats:
    """Return the weights of inputs at outputs, (networks, outputs, inputs). conductances: (networks, edges)."""
    where = {name: k for k, name in enumerate(nodes)}
    laplacian = np.zeros((len(conductances), len(nodes), len(nodes)))
    for k, edge in enumerate(edges):
        a, b = (where[name] for name in edge.split("-"))
        for row, column, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
            laplacian[:, row, column] += sign * conductances[:, k]
    driven = [where[name] for name in placement.inputs]
    free = [k for k in range(len(nodes)) if k not in driven]
    laplacian += LEAK_S * np.eye(len(nodes))
    inner, outer = laplacian[:, free][:, :, free], laplacian[:, free][:, :, driven]
    volts = -np.linalg.solve(inner, outer)
    return np.asarray(volts[:, [free.index(where[name]) for name in placement.outputs]])


def rank_columns(values: Floats, wanted: Floats | Labels) -> NDArray[np.int64]:
    """Return the indices of columns, those that tell most of the target first.

    values: (examples, columns). wanted: labels (examples,), by which the ratio of the variance between classes to that
    within them counts, or targets (examples, outputs), by which the greatest correlation counts.
    """
    centred = values - values.mean(0)
    spread = np.sqrt((centred**2).sum(0)) + 1e-12
    if wanted.ndim == 1:
        means = np.array([values[wanted == label].mean(0) for label in range(int(wanted.max()) + 1)])
        within = ((values - means[wanted]) ** 2).sum(0)
        told = 1 - within / spread**2
    else:
        aims = wanted - wanted.mean(0)
        aims = aims / (np.sqrt((aims**2).sum(0)) + 1e-12)
        told = np.abs(centred.T @ aims).max(1) / spread
    return np.asarray(np.argsort(-told, kind="stable"))
