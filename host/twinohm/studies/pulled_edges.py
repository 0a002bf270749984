"""Whether susceptibility says which edges hurt: each edge of many trained boards is pulled, and the rise measured.

On every board the edges are ranked by the rise of the true error when they alone are pulled, before the board learns
again, and by predictors that need no pulling. Spearman's rank correlation says how well the ranks agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from twinohm.ensemble import Ensemble
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.circuit import Floats
from twinohm.model.levers import Levers
from twinohm.model.networks import FREE
from twinohm.model.placement import Placement
from twinohm.model.profile import Profile
from twinohm.runlog.intervals import Interval, median_interval, share_interval
from twinohm.sim.component_truth import draw_truth
from twinohm.sim.ground_truth import TrueNetwork
from twinohm.studies.analysis import CircuitTask
from twinohm.studies.ensemble_run import TaskOnEnsemble
from twinohm.tasks.task import Task, Volts

MOST_EXAMPLES = 100  # of each board
FIRST = 3  # edges, among which the worst is looked for
PREDICTORS = ("susceptibility", "power", "conductance")


@dataclass(frozen=True)
class Pulls:
    """Edges of trained boards, (boards, n_edges) each. rise_V2: of the mean squared error when the edge is pulled."""

    rise_V2: Floats
    susceptibility: Floats  # V
    power: Floats  # W, mean over the examples
    conductance: Floats  # S


class PullRow(TypedDict):
    """A row of the table: a predictor, and how its ranks agree with those of the rise.

    correlation: median over the boards. first: share of boards whose worst edge is among the first FIRST.
    """

    predictor: str
    boards: int
    edges: int
    correlation: float
    correlation_low: float | None
    correlation_high: float | None
    first: float
    first_low: float | None
    first_high: float | None


def ticks_before_pulling(task: Task) -> int:
    """Return the ticks that a task is trained for: all, or up to the first edge that it pulls itself."""
    removals = task.removals(task.ticks)
    return removals[0][0] if removals else task.ticks


def pull_edges(task: Task, board: Board, profile: Profile, seeds: Sequence[int], placement: Placement) -> Pulls:
    """Train a board for each seed by the paper's rule, and pull each of its edges alone.

    Raises UsageError for a task whose targets are measured on the board or change while it runs, or that has other
    placements.
    """
    if task.asks_the_board or "placement" in task.unused or _changes(task, seeds[0]):
        raise UsageError(f"{task.name}: its targets or its nodes change while it runs; take another task")
    ticks, levers = ticks_before_pulling(task), task.levers(Levers())
    board = task.plugged(board)
    ensemble = Ensemble(board, profile, seeds)
    trained = TaskOnEnsemble(task, ensemble, placement, task.eta, ticks, levers).run()
    n = board.n_edges
    rows: dict[str, list[Floats]] = {name: [] for name in ("rise_V2", *PREDICTORS)}
    examples = [_examples(task, ticks, seed) for seed in seeds]
    fewest = min(len(each) for each in examples)
    inputs_V = np.array([[given for given, _ in each[:fewest]] for each in examples])
    pulled = [ensemble.outputs(placement, trained.taps, inputs_V, np.arange(n) != edge) for edge in (-1, *range(n))]
    for k, seed in enumerate(seeds):
        given, wanted = zip(*examples[k][:fewest], strict=True)
        network = TrueNetwork(board, draw_truth(board, profile, seed), FREE)
        circuit = CircuitTask(board, network, trained.taps[k], placement, given, wanted, levers, task.eta)
        costs = np.array([circuit.cost_of(outputs_V[k]) for outputs_V in pulled])
        rows["rise_V2"].append(costs[1:] - costs[0])
        rows["susceptibility"].append(circuit.susceptibility_V)
        rows["power"].append(circuit.power_W.mean(axis=0))
        rows["conductance"].append(circuit.edge_S)
    return Pulls(**{name: np.array(values) for name, values in rows.items()})


def _changes(task: Task, seed: int) -> bool:
    """Whether equal inputs have other targets later in a run."""
    wanted: dict[tuple[float, ...], tuple[float, ...]] = {}
    blocks = task.blocks(ticks_before_pulling(task), seed, lambda inputs_V: [])
    examples = ((tuple(given), tuple(target)) for block in blocks for _, given, target in block.examples)
    return any(wanted.setdefault(given, target) != target for given, target in examples)


def _examples(task: Task, ticks: int, seed: int) -> Sequence[tuple[Volts, Volts]]:
    """Return different examples of the last block of a run, MOST_EXAMPLES at most."""
    *_, last = task.blocks(ticks, seed, lambda inputs_V: [])
    found = dict.fromkeys((tuple(given), tuple(wanted)) for _, given, wanted in last.examples)
    return list(found)[:MOST_EXAMPLES]


def table(pulls: Pulls) -> list[PullRow]:
    """Return a row for each predictor."""
    from scipy.stats import spearmanr

    boards, edges = pulls.rise_V2.shape
    worst = pulls.rise_V2.argmax(axis=1)
    rows: list[PullRow] = []
    for name in PREDICTORS:
        values: Floats = getattr(pulls, name)
        each = np.array([spearmanr(a, b).statistic for a, b in zip(values, pulls.rise_V2, strict=True)])
        interval: Interval | None = median_interval(each[:, None])
        first = [edge in np.argsort(-row)[:FIRST] for edge, row in zip(worst, values, strict=True)]
        share = float(np.mean(first))
        low, high = share_interval(share, boards) or (None, None)
        rows.append(
            {
                "predictor": name,
                "boards": boards,
                "edges": edges,
                "correlation": float(np.median(each)),
                "correlation_low": None if interval is None else interval[0],
                "correlation_high": None if interval is None else interval[1],
                "first": share,
                "first_low": low,
                "first_high": high,
            }
        )
    return rows
