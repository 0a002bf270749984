"""Machine code for a graph makes the ticks of the compiled loops, to the last bit; so does any number of threads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.sim.test_ensemble import EVERYTHING, LAB16, LEVERS, allostery
from twinohm.benchmarks.lattice import lattice
from twinohm.ensemble import Ensemble, Result
from twinohm.ensemble.lanes import LANES
from twinohm.ensemble.straight_line import NONE, generate
from twinohm.model.board import Board
from twinohm.model.board_diodes import with_diodes
from twinohm.model.board_file import load_board
from twinohm.model.diodes import Diode
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.model.profile import Profile, profile_from

REPLICAS = LANES + 6
SEEDS = [k % 8 for k in range(4 * LANES + 1)]  # few, since boards take longer to draw than these ticks; taps differ
ALLOSTERY = Placement(("B", "D", "I"), ("F", "G", "H"))
PAIRS = {
    "pairs": Levers(pairs=True),
    "hinge": Levers(pairs=True, hinge=True),
    "margin": Levers(pairs=True, hinge=True, margin_V=0.3, error_full_V=0.2),
}
PROFILES = {
    "ideal": profile_from("ideal", {}),
    "lab": profile_from("lab", {}),
    "quiet": profile_from("quiet", {}),
    "no noise, bias": profile_from("lab", {"noise_V": "0", "bias_V": "0.001"}),
    "little noise, more bias": profile_from("lab", {"noise_V": "0.001", "bias_V": "0.02"}),
    "alike, noise": profile_from("ideal", {"noise_V": "0.005"}),
}


def train(
    board: Board,
    profile: Profile,
    levers: Levers,
    placement: Placement | list[Placement],
    *,
    present: Any = None,
    own: bool = False,
    ticks: int = 60,
    calibrated: bool = False,
    **how: Any,
) -> Result:
    """Train on random examples, each replica on its `own` or all on the same, of which some come twice in a row."""
    random = np.random.default_rng(1)
    first = placement[0] if isinstance(placement, list) else placement
    replicas = (REPLICAS,) if own else ()
    inputs_V, desired_V = (
        np.repeat(random.uniform(0, 5, (*replicas, ticks // 2, len(names))), 2, axis=-2) for names in first
    )
    ensemble = Ensemble(board, profile, SEEDS[:REPLICAS], calibrated=calibrated, **how)
    start = ensemble.start(random.integers(20, 100, (REPLICAS, board.n_edges)))
    return ensemble.train(
        placement, inputs_V, desired_V, 1.0, levers, start, present=present, remember=3, record=EVERYTHING
    )  # fmt: skip


def assert_same(runs: Sequence[Result]) -> None:
    """Check every record, the taps remembered, and the generators, bit by bit."""
    first, *others = (
        {name: getattr(run, name) for name in EVERYTHING} | vars(run.state) | {"best": vars(run.remembered)}
        for run in runs
    )
    for other in others:
        for name, values in first.items():
            np.testing.assert_equal(other[name], values, err_msg=name)


def both(*arguments: Any, **keywords: Any) -> list[Result]:
    """Return the run with the compiled loops, and with machine code for the graph."""
    return [train(*arguments, **keywords, generated=generated) for generated in (False, True)]


@pytest.mark.parametrize("profile", ["ideal", "lab"])
@pytest.mark.parametrize("name", [*LEVERS, *PAIRS])
def test_each_lever_makes_the_same_ticks(name: str, profile: str) -> None:
    placement = Placement(("B", "D", "I"), ("F", "G")) if name in PAIRS else ALLOSTERY
    assert_same(both(LAB16, PROFILES[profile], (LEVERS | PAIRS)[name], placement))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", ["lab16", "edge16", "kit5", "divider"])
def test_each_board_and_profile_makes_the_same_ticks(name: str, profile: str) -> None:
    board = load_board(name)
    inputs, outputs = (board.wired_free, board.wired_clamped) if not board.switches else (None, None)
    placement = ALLOSTERY
    if inputs is not None and outputs is not None:
        placement = Placement(tuple(inputs), tuple(node for node in outputs if node not in inputs))
    assert_same(both(board, PROFILES[profile], Levers(), placement))


def test_placements_schedules_and_edges_of_each_replica_make_the_same_ticks() -> None:
    random = np.random.default_rng(2)
    names = [random.permutation(LAB16.nodes).tolist() for _ in range(REPLICAS)]
    placements = [Placement(tuple(nodes[:3]), tuple(nodes[3:5])) for nodes in names]
    present = random.random((REPLICAS, LAB16.n_edges)) < 0.8
    assert_same(both(LAB16, PROFILES["lab"], Levers(), placements, present=present, own=True, calibrated=True))


def test_a_board_with_diodes_is_left_to_the_loops() -> None:
    board = with_diodes(LAB16, [Diode("C", "A")])
    assert_same(both(board, PROFILES["lab"], Levers(), ALLOSTERY, ticks=10))


def test_a_large_graph_is_left_to_the_loops() -> None:
    for side, left in ((4, False), (12, True)):
        nodes, edges = lattice(side)
        done = generate(nodes, tuple(edges), (4, 127), 0.0, 0.0, True)
        assert (done is NONE) == left


def test_few_ticks_are_left_to_the_loops() -> None:
    """Generating takes longer than they do."""
    ensemble = Ensemble(LAB16, PROFILES["lab"], [0])
    ensemble.train(ALLOSTERY, *allostery(10))
    assert not ensemble._generates()


@pytest.mark.parametrize("generated", [False, True])
def test_threads_make_the_same_ticks(generated: bool) -> None:
    runs, levers = [], Levers(p=0.5, readings=3)
    taps = np.random.default_rng(3).integers(20, 100, (len(SEEDS), LAB16.n_edges))
    for threads in (1, 2, 3, 9):
        ensemble = Ensemble(LAB16, PROFILES["lab"], SEEDS, threads=threads, generated=generated)
        start = ensemble.start(taps)
        runs.append(ensemble.train(ALLOSTERY, *allostery(20), 1.0, levers, start, remember=2, record=EVERYTHING))
    assert_same(runs)
