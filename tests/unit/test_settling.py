"""The settling times that the host sends suffice in random states: any taps, resistances, voltages and changes."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinohm
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Network
from twinohm.model.settling import SETTLED_V, Decay, SlowestMode, capacitance_F, settling_us
from twinohm.paths import boards_file, firmware_dir

BOARDS = [load_board(name) for name in ("divider", "kit5", "lab16", "edge16")]
DRIVER = (firmware_dir() / "twinohm_fw" / "drivers" / "settling.py").read_text()
STEP = float(re.findall(r"^STEP_SHARE = ([.\d]+)", DRIVER, re.MULTILINE)[0])  # of the longest settling time


class State:
    """Taps anywhere, or at both ends, on one board's resistances; some nodes driven at random voltages."""

    def __init__(self, board: Board, seed: int) -> None:
        self.random = random = np.random.default_rng(seed)
        self.board, edges = board, board.n_edges
        nodes = random.permutation(len(board.nodes))[: random.integers(1, 6)]
        self.driven = sorted({board.nodes[node] for node in nodes} | set(board.wired_free))
        self.low, self.high = board.range_V
        self.volts = random.choice([random.uniform(self.low, self.high), self.low, self.high], len(board.nodes))
        spread = 1 + board.pots.tolerance * random.uniform(-1, 1, edges)
        self.per_tap = board.pots.chip.per_tap_ohm(board.pots.ohm * spread)
        taps = random.integers(board.pots.min_tap, board.pots.top_tap + 1, edges)
        ends = random.choice([4, board.pots.top_tap], edges)
        self.taps = np.where(random.random(edges) < random.choice([0, 0.5]), ends, taps)
        self._network = Network(len(board.nodes), board.edge_nodes)
        self._free = np.array([name not in self.driven for name in board.nodes])

    def rest(self) -> np.ndarray:
        drive_S = np.where(self._free, 0.0, np.inf)
        return self._network.solve(self._edge_S(), drive_S, self.volts)[self._free]

    def decay(self) -> Decay:
        matrix = self._network.conductance(self._edge_S())
        return Decay.exact(matrix[np.ix_(self._free, self._free)], capacitance_F(self.board)[self._free])

    def step(self) -> None:
        """Move every pot by one tap."""
        steps = self.random.choice([-1, 1], self.board.n_edges)
        self.taps = np.clip(self.taps + steps, self.board.pots.min_tap, self.board.pots.top_tap)

    def jump(self) -> None:
        """Set every driver to the other end of the range."""
        self.volts = self.random.choice([self.low, self.high], self.volts.size)

    def _edge_S(self) -> np.ndarray:
        return 1 / (self.taps * self.per_tap + self.board.pots.wiper_ohm + self.board.pots.series_ohm)


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_no_state_is_slower_than_what_the_board_waits(board: Board) -> None:
    worst = {"step": 0.0, "jump": 0.0}
    for seed in range(800):
        for change, share in (("step", STEP), ("jump", 1.0)):
            state = State(board, seed)
            before = state.rest()
            getattr(state, change)()
            if before.size:
                wait_us = settling_us(board, state.driven) - board.pots.chip.wiper_us / STEP
                wait_s = share * wait_us * 1e-6
                left = state.decay().largest(before - state.rest(), wait_s)
                assert left < SETTLED_V, (seed, change, state.driven, left)
                worst[change] = max(worst[change], left)
    assert worst["jump"] > SETTLED_V / 100  # else the wait is far too long


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_settle_us_covers_any_node_alone(board: Board) -> None:
    longest = max(settling_us(board, (*board.wired_free, name)) for name in board.nodes)
    assert longest <= board.settle_us < 1.05 * longest + 10


def test_a_board_that_settles_too_slowly_is_refused(tmp_path: Path) -> None:
    text = boards_file().read_text().replace("ohm = 100_000", "ohm = 50_000_000")
    (tmp_path / "slow.toml").write_text(text)
    with twinohm.open(f"sim://lab16?boards={tmp_path / 'slow.toml'}") as client:
        with pytest.raises(UsageError, match=r"lab16 take \d+ us to settle with these roles"):
            client.place(["C", "D"], ["F"])


@given(seed=st.integers(0, 10**6), far=st.floats(0.0, 0.5))
def test_the_bound_of_the_slowest_mode_holds_and_is_near(seed: int, far: float) -> None:
    """Beside the exact decay, for conductances that drift away from the anchor, and switches that open."""
    random = np.random.default_rng(seed)
    board = load_board("lab16")
    network, capacitance_F_ = Network(len(board.nodes), board.edge_nodes), capacitance_F(board)
    mode = SlowestMode(network, capacitance_F_)
    edge_S = 1 / random.uniform(4e3, 1e5, board.n_edges)
    drive_S = np.where(random.random(len(board.nodes)) < 0.4, 0.4, 0.0)
    for _ in range(4):
        edge_S = edge_S * random.uniform(1 - far, 1 + far, board.n_edges) * (random.random(board.n_edges) > 0.05)
        if random.random() < 0.3:
            drive_S = np.where(random.random(len(board.nodes)) < 0.4, 0.4, 0.0)
        offset_V, time_s = random.uniform(-5, 5, len(board.nodes)), random.uniform(0, 2e-4)
        exact = Decay.exact(network.conductance(edge_S) + np.diag(drive_S), capacitance_F_).largest(offset_V, time_s)
        bound_V = mode.bound_V(edge_S, drive_S, offset_V, time_s)
        assert bound_V >= exact * (1 - 1e-9) - 1e-12
    rates_per_s = Decay.exact(network.conductance(edge_S) + np.diag(drive_S), capacitance_F_).rates_per_s
    if np.isfinite(rates_per_s).all():  # no part is without a driver
        fresh = SlowestMode(network, capacitance_F_)
        away = np.zeros(len(board.nodes))
        away[int(capacitance_F_.argmin())] = 1.0
        assert fresh.bound_V(edge_S, drive_S, away, 0.0) == pytest.approx(1.0)
        assert fresh.bound_V(edge_S, drive_S, away, 1e-5) == pytest.approx(np.exp(-rates_per_s.min() * 1e-5))


def test_a_pulled_edge_and_missing_drivers_are_in_the_bound() -> None:
    board = load_board("lab16")
    network, drive_S = Network(len(board.nodes), board.edge_nodes), np.zeros(len(board.nodes))
    mode = SlowestMode(network, capacitance_F(board))
    edge_S, away = np.full(board.n_edges, 1e-4), np.ones(len(board.nodes))
    assert mode.bound_V(edge_S, drive_S, away, 1e-3) >= 1.0  # nothing pulls at it
    drive_S[0] = 0.4
    whole = mode.bound_V(edge_S, drive_S, away, 1e-5)
    pulled = mode.bound_V(edge_S * (np.arange(board.n_edges) != 3), drive_S, away, 1e-5)
    back = mode.bound_V(edge_S, drive_S, away, 1e-5)
    assert whole < pulled == back  # the bound of the network without that edge still holds


@pytest.mark.parametrize("more", [1.2, 20.0])
def test_the_bound_holds_where_all_edges_conduct_more_and_drivers_do_not(more: float) -> None:
    board = load_board("lab16")
    network, capacitance_F_ = Network(len(board.nodes), board.edge_nodes), capacitance_F(board)
    drive_S, away = np.where(np.arange(len(board.nodes)) < 3, 0.4, 0.0), np.ones(len(board.nodes))
    edge_S = np.full(board.n_edges, 1e-5)
    mode = SlowestMode(network, capacitance_F_)
    mode.bound_V(edge_S, drive_S, away, 1e-5)
    exact = SlowestMode(network, capacitance_F_).bound_V(more * edge_S, drive_S, away, 1e-5)
    assert mode.bound_V(more * edge_S, drive_S, away, 1e-5) >= exact * (1 - 1e-12)
