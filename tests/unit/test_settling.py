"""The settling times that the host sends suffice in random states: any taps, resistances, voltages and changes."""

import re
from pathlib import Path

import numpy as np
import pytest

import twinohm
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Network
from twinohm.model.settling import SETTLED_V, Decay, capacitance_F, settling_us
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
