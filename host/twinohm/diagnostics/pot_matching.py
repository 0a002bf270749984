"""Compare pots one after the other in one place of a board, and pair those that differ least: twins must match.

The pot to be measured and a reference pot, which stays, divide the voltage between two driven nodes:
V = a * V_first + b * V_second + c, and b / a is the resistance of the one over that of the other. Gain and offset of
the ADC and offsets of the DACs do not matter; the gains of the two DAC channels change all ratios of a board alike.
On kit5 a third pot leads on to another node that is not driven. Its current is that of its two voltages and of the
resistance of the reference: if it has another, the ratios of all pots are stretched alike, and their order stays.
Many pairs of voltages spread over the ADC, so that the Pico's uneven steps (RP2040 datasheet, erratum E11) average out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import BoardError, UsageError
from twinohm.link.board_client import BoardClient
from twinohm.model.board import Board
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.networks import FREE, channel_name

DRIVES = 48  # pairs of voltages; each is measured once in either direction
LEAST_SHARE = 0.05  # of the voltage of either node at the middle one: else a pot is missing, or not at its highest tap


@dataclass(frozen=True)
class Jig:
    """Where a pot is measured: in the free network, between a node that is driven and one that is measured."""

    edge: str  # of the pot to be measured
    reference: str  # edge of the pot that stays
    node: str  # between the two
    driven: tuple[str, str]  # the far ends of `edge` and of `reference`
    beyond: tuple[str, ...] = ()  # nodes that are not driven, to which the node has more edges


class Ratio(NamedTuple):
    """Resistance of a pot over that of the reference, and the standard error of that."""

    value: float
    error: float


class Pair(NamedTuple):
    """Two pots, by their place in the list, and by how much of the smaller resistance they differ."""

    first: int
    second: int
    differs: float


def find_jig(board: Board) -> Jig:
    """Return the place of a board whose pots divide a voltage between two nodes that can be driven.

    Raises UsageError for a board without such a node that is measured.
    """
    measured = {name for adc in board.adc for name in adc.channels}
    driven = set(board.dac.channels) if board.switches else set(board.wired_free)
    for node in board.nodes:
        pairs = {edge: edge.split("-") for edge in board.edges}
        edges = {b if a == node else a: edge for edge, (a, b) in pairs.items() if node in (a, b)}
        ends = [end for end in edges if end in driven]
        beyond = tuple(end for end in edges if end not in driven)
        if node in board.wired_free or node not in board.dac.channels or len(ends) != 2:
            continue
        if all(channel_name(name, FREE) in measured for name in (node, *beyond)):
            return Jig(edges[ends[0]], edges[ends[1]], node, (ends[0], ends[1]), beyond)
    raise UsageError(
        f"board {board.name} has no measured node with two edges alone, to nodes that can be driven; match pots on the "
        "divider or on kit5"
    )


def measure_pot(client: BoardClient, jig: Jig) -> Ratio:
    """Measure the pot in the jig against the reference, both at the highest tap. Moves all pots.

    Raises BoardError if nothing divides the voltage there.
    """
    client.restore([client.board.pots.top_tap] * client.board.n_edges)
    return measure_ratio(client, jig)


def measure_ratio(client: BoardClient, jig: Jig) -> Ratio:
    """Measure the pot in the jig against the reference at the taps that they have. Raises as measure_pot() does."""
    client.place(jig.driven, [jig.node, *jig.beyond])
    drives = _drives()
    volts = np.array(client.infer(drives.tolist()))
    columns = np.column_stack([drives, np.ones(len(drives))])
    follows = np.linalg.lstsq(columns, volts, rcond=None)[0]  # (both driven nodes and a constant, measured nodes)
    (a, b, _), beyond = follows[:, 0], follows[0, 1:]
    if not (LEAST_SHARE < a < 1 and LEAST_SHARE < b < 1):
        raise BoardError(
            f"{jig.node} follows {jig.driven[0]} by {a:.3f} and {jig.driven[1]} by {b:.3f}, so no two pots divide the "
            f"voltage there; check the pots of {jig.edge} and {jig.reference} in the free network, and their jumpers"
        )
    left = (volts - columns @ follows)[:, 0]
    spread = float(left @ left) / (len(volts) - columns.shape[1])
    covariance = spread * np.linalg.inv(columns.T @ columns)
    current = a + float((a - beyond).sum())  # that leaves the node, by volt of the first driven one
    slope = np.array([-b / current**2 * (1 + len(beyond)), 1 / current])
    return Ratio(float(b / current), float(np.sqrt(slope @ covariance[:2, :2] @ slope)))


def _drives() -> NDArray[np.floating]:
    """Return the volts of both driven nodes (2 * DRIVES, 2): the second is far from the first, on either side."""
    part = np.arange(DRIVES) / (DRIVES - 1)
    high, low = TASK_SPAN_V * (0.6 + 0.4 * part), TASK_SPAN_V * 0.4 * ((part * 7) % 1)
    return np.vstack([np.column_stack([high, low]), np.column_stack([low, high])])


def pair_pots(ratios: Sequence[float]) -> tuple[list[Pair], int | None]:
    """Return the pairs, the closest first, and the place of the pot that is left over, None of an even number.

    In the order of their resistances neighbours are twins: no other pairing has a smaller sum of differences. Of an odd
    number that pot is left over without which the sum is least.
    """
    order = sorted(range(len(ratios)), key=lambda i: ratios[i])
    choices = [order[:k] + order[k + 1 :] for k in range(0, len(order), 2)] if len(order) % 2 else [order]
    pairings = [[_pair(ratios, *pots[i : i + 2]) for i in range(0, len(pots), 2)] for pots in choices]
    best = min(pairings, key=lambda pairs: sum(pair.differs for pair in pairs))
    paired = {i for pair in best for i in pair[:2]}
    return sorted(best, key=lambda pair: pair.differs), next((i for i in order if i not in paired), None)


def _pair(ratios: Sequence[float], smaller: int, larger: int) -> Pair:
    return Pair(min(smaller, larger), max(smaller, larger), ratios[larger] / ratios[smaller] - 1)
