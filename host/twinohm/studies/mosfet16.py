"""A study on paper: lab16's graph with an N-channel MOSFET in the place of each pot, taps as gate voltages.

`python -m twinohm.studies.mosfet16` searches placements for xor, vee and relu, and measures them on other boards.
It is no board: boards.toml does not have it, and no firmware runs it. docs/mosfet16.md says what hardware it would
take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click
import numpy as np
from numpy.typing import NDArray

from twinohm.ensemble.mosfets import answers, learn
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Floats
from twinohm.model.codes import COUNTS, TASK_SPAN_V
from twinohm.model.pairs import TARGET_V
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES
from twinohm.model.random_streams import MOSFETS, PLACEMENTS, shuffled_passes
from twinohm.runlog.intervals import interval_text, median_interval, share_interval
from twinohm.tasks.curves import CURVES

POSITIONS = 64
GATES_V = (0.9, 3.0)  # of tap 0 and of the last tap; the threshold is within reach of the nodes
NODES_V = 2.0  # physical volts of 5 V of a task
THRESHOLD_V = 0.8  # ALD110808, data sheet
THRESHOLD_SD_V, THRESHOLD_TWIN_SD_V = 0.02, 0.003  # assumed
GAIN_SD, GAIN_TWIN_SD = 0.05, 0.01  # assumed
_LAB = PROFILES["lab"]
# Of a difference of drops, physical volts. The comparators are lab16's, behind averagers that halve the difference.
OFFSET_SD_V, NOISE_V = (2 * load_board("lab16").physical_span(volts) for volts in (_LAB.offset_sd_V, _LAB.noise_V))
KEPT = 10  # taps in the last quarter, by which a curve is scored
Ints = NDArray[np.int64]
RAILS_V = (0.0, float(TASK_SPAN_V))


@dataclass(frozen=True)
class Problem:
    """What is learned: given_V (examples, inputs) with both rails, wanted_V (examples,); and tested. Task volts."""

    name: str
    given_V: Floats
    wanted_V: Floats
    test_V: Floats
    test_wanted_V: Floats
    hinge: bool

    @property
    def best_affine_V(self) -> float:
        """Root mean square error on the tests of the best affine function of the inputs, fitted to the tests."""
        design = np.column_stack([self.test_V, np.ones(len(self.test_V))])
        fitted = design @ np.linalg.lstsq(design, self.test_wanted_V, rcond=None)[0]
        return float(np.sqrt(((fitted - self.test_wanted_V) ** 2).mean()))


def problem(name: str) -> Problem:
    """Return xor, relu or vee, as the tasks of these names have them."""
    if name == "xor":
        rows = np.array([(a, b, *RAILS_V) for a in RAILS_V for b in RAILS_V])
        wanted = np.where(rows[:, 0] == rows[:, 1], -TARGET_V, TARGET_V)
        return Problem(name, rows, wanted, rows, wanted, hinge=True)
    given, tested = np.linspace(*RAILS_V, 9), np.linspace(0.1, 4.9, 17)
    rows, test_rows = (np.array([(x, *RAILS_V) for x in volts]) for volts in (given, tested))
    wanted, test_wanted = (np.array([CURVES[name](x) for x in volts]) for volts in (given, tested))
    return Problem(name, rows, wanted, test_rows, test_wanted, hinge=False)


@dataclass(frozen=True)
class Boards:
    """Component values of boards by hardware seed: (boards, 2, n_edges), offsets_V (boards, n_edges)."""

    gains: Floats
    thresholds_V: Floats
    offsets_V: Floats
    seeds: Ints

    @classmethod
    def draw(cls, seeds: Sequence[int]) -> Boards:
        edges = load_board("lab16").n_edges
        gains, thresholds, offsets = [], [], []
        for seed in seeds:
            random = MOSFETS.generator(seed)
            each, twins = random.standard_normal((2, 1, edges)), random.standard_normal((2, 2, edges))
            gains.append(1 + GAIN_SD * each[0] + GAIN_TWIN_SD * twins[0])
            thresholds.append(THRESHOLD_V + THRESHOLD_SD_V * each[1] + THRESHOLD_TWIN_SD_V * twins[1])
            offsets.append(OFFSET_SD_V * random.standard_normal(edges))
        return cls(np.array(gains), np.array(thresholds), np.array(offsets), np.array(seeds, dtype=np.int64))


@dataclass(frozen=True)
class Outcome:
    """Differences on the tests, task volts: before_V (boards, tests), after_V (boards, KEPT, tests)."""

    problem: Problem
    before_V: Floats
    after_V: Floats
    failed: int  # solutions that did not converge

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether a board has the wanted sign at all tests, at all kept taps (boards,)."""
        return np.asarray((self.after_V * self.problem.test_wanted_V > 0).all(axis=(1, 2)))

    def rms_V(self, volts: Floats) -> Floats:
        """Root mean square error over the tests."""
        return np.asarray(np.sqrt(((volts - self.problem.test_wanted_V) ** 2).mean(axis=-1)))

    @property
    def plateau_V(self) -> Floats:
        """Median over the kept taps of the error of each board (boards,)."""
        return np.asarray(np.median(self.rms_V(self.after_V), axis=1))


def train(task: Problem, placements: Sequence[Placement], boards: Boards, ticks: int, eta: float) -> Outcome:
    """Train each board at its placement by the sign rule, and test it before and at the end."""
    board = load_board("lab16")
    ends = np.array(board.edge_nodes)
    inputs, outputs = (
        np.array([[board.node_index(name) for name in placement[part]] for placement in placements]) for part in (0, 1)
    )
    scale = NODES_V / TASK_SPAN_V
    gates, n = np.linspace(*GATES_V, POSITIONS), len(placements)
    order = np.array(
        [shuffled_passes(MOSFETS.generator(int(seed), 1), len(task.given_V), ticks) for seed in boards.seeds]
    )
    taps = np.full((n, board.n_edges), POSITIONS // 2)
    kept = np.zeros((n, KEPT, board.n_edges), np.int64)
    tested = scale * task.test_V

    def test(taps: Ints) -> tuple[Floats, int]:
        found = np.empty((n, len(tested)))
        failed = answers(ends, boards.gains, boards.thresholds_V, gates, inputs, outputs, tested, taps, NODES_V, found)
        return found / scale, failed

    before, failed = test(taps)
    failed += learn(
        ends, boards.gains, boards.thresholds_V, boards.offsets_V, NOISE_V, gates, inputs, outputs,
        scale * task.given_V[order], scale * task.wanted_V[order], task.hinge, eta, NODES_V / COUNTS, NODES_V,
        taps, kept, 3 * ticks // 4, boards.seeds,
    )  # fmt: skip
    after = [test(np.ascontiguousarray(kept[:, k])) for k in range(KEPT)]
    volts = np.stack([found for found, _ in after], axis=1)
    return Outcome(task, before, volts, failed + sum(count for _, count in after))


def search(task: Problem, tries: int, ticks: int, eta: float, first_seed: int) -> list[Placement]:
    """Return placements that were tried, the best first: each on one board of its own seed, then the best 24 on 16."""
    board = load_board("lab16")
    random = PLACEMENTS.generator(first_seed)
    n_in = task.given_V.shape[1]
    drawn: dict[Placement, None] = {}
    while len(drawn) < tries:
        names = random.permutation(board.nodes).tolist()
        drawn[Placement(tuple(names[:n_in]), tuple(names[n_in : n_in + 2]))] = None
    placements = list(drawn)
    boards = Boards.draw(range(first_seed, first_seed + tries))
    ranked = np.argsort(_loss(train(task, placements, boards, ticks, eta)))[:24]
    best = [placements[k] for k in ranked]
    boards = Boards.draw(list(range(first_seed + tries, first_seed + tries + 16)) * len(best))
    losses = _loss(train(task, [one for one in best for _ in range(16)], boards, ticks, eta)).reshape(-1, 16)
    return [best[k] for k in np.argsort(losses.mean(axis=1))]


def _loss(outcome: Outcome) -> Floats:
    """What placements are ranked by: the error; with the hinge also how far the worst pattern is from right."""
    if not outcome.problem.hinge:
        return outcome.plateau_V
    margins = outcome.after_V * np.sign(outcome.problem.test_wanted_V)
    return np.asarray(-np.minimum(margins, TARGET_V).min(axis=2).mean(axis=1))


TICKS = {"xor": (1000, 2000), "vee": (1500, 2000), "relu": (1500, 2000)}  # of the search, and placements that it tries
HELD_OUT = range(2**7)  # hardware seeds, none of the search
FIRST_SEED = 10_000  # of the search


def measure(name: str) -> dict[str, object]:
    """Search a placement, then train HELD_OUT boards there for twice the ticks. Return what was found, volts in mV."""
    task, (ticks, tries) = problem(name), TICKS[name]
    best = search(task, tries, ticks, 1.0, FIRST_SEED)[0]
    found = train(task, [best] * len(HELD_OUT), Boards.draw(HELD_OUT), 2 * ticks, 1.0)
    right, below = float(found.right.mean()), float((found.plateau_V < task.best_affine_V).mean())
    interval = median_interval(found.plateau_V[:, None].astype(np.float64))
    return {
        "task": name,
        "placement": best.text,
        "boards": len(HELD_OUT),
        "failed solutions": found.failed,
        "right at every kept tap": f"{right:.3f}{interval_text(share_interval(right, len(HELD_OUT)))}",
        "rms mV": f"{1e3 * np.median(found.plateau_V):.1f}"
        + interval_text(None if interval is None else (1e3 * interval[0], 1e3 * interval[1])),
        "untrained mV": f"{1e3 * np.median(found.rms_V(found.before_V)):.1f}",
        "best affine mV": f"{1e3 * task.best_affine_V:.1f}",
        "below best affine": f"{below:.3f}{interval_text(share_interval(below, len(HELD_OUT)))}",
    }


@click.command()
def main() -> None:
    """Search placements for xor, vee and relu, and measure them on other boards; takes two minutes."""
    for name in TICKS:
        print(measure(name), flush=True)


if __name__ == "__main__":
    main()
