"""Effects of tolerances: driver currents, errors of the averaging resistors, twins that differ."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hardware.figures.deck import Deck, Floats
from hardware.generator.nets import node_net
from hardware.netcheck.rule import expected_volts
from twinohm.model.board import Board
from twinohm.model.current_limits import worst_edge_mA, worst_sources_mA
from twinohm.model.dac_curve import widest_V
from twinohm.model.networks import NETWORKS

Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]
RESAMPLES = 2000  # of a bootstrap
AVERAGERS = r"^(R\S+ \S+ edges_\S+_(?:PLUS|MINUS)) (\S+)$"


def source_mA(board: Board, node: str, r_ab: Sequence[float], wiper_ohm: float = 40.0) -> float:
    """Return the current of a node's driver in mA, at its highest with all others at their lowest and taps at min_tap.

    `r_ab` is the end-to-end resistance of every pot in ohm, in the order of the netlist.
    """
    assert board.switches is not None
    low, high = widest_V(board.dac.part, *board.range_V)
    deck = Deck(board)
    deck.tap(board.pots.min_tap)
    deck.drive(board.nodes)
    deck.dac({other: high if other == node else low for other in board.nodes})
    values = iter(r_ab)
    deck.change(r"r_ab=\S+ r_w=\S+", lambda _: f"r_ab={next(values):.6g} r_w={wiper_ohm:g}")
    nets = [f"{node}.driver", *(f"{node}.{network}" for network in NETWORKS)]
    volts = deck.operating_point(nets)
    return sum(1000 * (volts[nets[0]] - volts[net]) / board.switches.on_ohm for net in nets[1:])


def currents(board: Board, corners: int = 20, seed: int = 0) -> list[str]:
    """Return lines about the driver with most edges: its current at corners of R_AB, and its limit."""
    pots, n_pots = board.pots, 2 * board.n_edges
    node = max(board.nodes, key=lambda node: sum(node in edge.split("-") for edge in board.edges))
    limit = worst_sources_mA(board, board.nodes, ())[node]
    ends = pots.ohm * (1 - pots.tolerance), pots.ohm * (1 + pots.tolerance)
    random = np.random.default_rng(seed)
    drawn = [source_mA(board, node, random.choice(ends, n_pots).tolist()) for _ in range(corners)]
    lines = [f"{board.name}: driver of {node}, current_limits.py: {limit:.2f} mA"]
    lines[0] += f"; source_limit_mA {board.source_limit_mA:g}"
    lines += [f"  every R_AB nominal: {source_mA(board, node, [pots.ohm] * n_pots):.2f} mA"]
    lines += [f"  {corners} random corners of R_AB: at most {max(drawn):.2f} mA"]
    lines += [f"  every R_AB {-100 * pots.tolerance:.0f} %: {source_mA(board, node, [ends[0]] * n_pots):.2f} mA"]
    worst = source_mA(board, node, [ends[0]] * n_pots, wiper_ohm=0.0)
    lines += [f"  the same and no wiper resistance: {worst:.2f} mA"]
    return [*lines, f"  an edge between two drivers, current_limits.py: {worst_edge_mA(board):.2f} mA"]


def roles(board: Board, random: np.random.Generator) -> tuple[list[str], list[str]]:
    """Draw three inputs and two outputs."""
    drawn = [board.nodes[i] for i in random.permutation(len(board.nodes))]
    return drawn[:3], drawn[3:5]


class Drawn:
    """A random state of a board: taps, roles, inputs over the range, outputs nudged by eta to a random voltage.

    `free` and `clamped` are the ideal node voltages.
    """

    def __init__(self, board: Board, random: np.random.Generator, eta: float) -> None:
        self.board = board
        self.taps = random.integers(board.pots.min_tap, board.pots.top_tap + 1, board.n_edges)
        self.inputs, self.outputs = roles(board, random)
        self.volts = random.uniform(*board.range_V, len(board.nodes))
        driven = np.array([node in self.inputs for node in board.nodes])
        nudged = np.array([node in self.outputs for node in board.nodes])
        ohm = board.pots.edge_ohm(self.taps.astype(float))
        self.free = expected_volts(board, 1 / ohm, driven, self.volts)
        self.volts[nudged] = ((1 - eta) * self.free + eta * self.volts)[nudged]
        self.clamped = expected_volts(board, 1 / ohm, driven | nudged, self.volts)

    def deck(self) -> Deck:
        deck = Deck(self.board)
        deck.tap(self.taps.tolist())
        deck.drive(self.inputs, self.outputs)
        deck.dac(dict(zip(self.board.nodes, self.volts.tolist(), strict=True)))
        return deck

    def drops(self, volts: Floats) -> Floats:
        """Return |V_a - V_b| of every edge (n_edges,)."""
        return np.array([abs(volts[a] - volts[b]) for a, b in self.board.edge_nodes])

    @property
    def up(self) -> Flags:
        """Whether rule 3 of the paper raises the tap of each edge (n_edges,)."""
        return self.drops(self.clamped) > self.drops(self.free)

    @property
    def decided(self) -> Flags:
        """Edges with more than 0.1 mV between the drops: the others have no right sign."""
        return abs(self.drops(self.clamped) - self.drops(self.free)) > 1e-4


def margins(deck: Deck) -> tuple[Floats, Floats]:
    """Return the volts between the inputs of CMP and of SGN of every edge (n_edges,)."""
    board = deck.board
    nets = [f"/edges/{edge}/{name}" for edge in board.edges for name in ("PLUS", "MINUS")]
    nets += [f"{node_net(board, node, 'free')}.sense" for node in board.nodes]
    volts = deck.operating_point(nets)
    cmp = [volts[f"/edges/{edge}/PLUS"] - volts[f"/edges/{edge}/MINUS"] for edge in board.edges]
    free = [volts[f"{node}.free.sense"] for node in board.nodes]
    return np.array(cmp), np.array([free[a] - free[b] for a, b in board.edge_nodes])


def wrong_counts(
    board: Board, states: int, eta: float, averagers: float = 0.0, twins: float = 0.0, seed: int = 0
) -> Counts:
    """Return for each state, (states, 2), how many decided edges have a wrong sign, and how many edges are decided.

    A sign is wrong if XNOR(CMP, SGN) is not rule 3.

    `averagers` is the largest relative error of the 10k resistors (uniform), `twins` the relative standard deviation of
    R_AB between the two pots of an edge.
    """
    random, counts = np.random.default_rng(seed), []
    for _ in range(states):
        drawn = Drawn(board, random, eta)
        deck = drawn.deck()
        _spread(deck, random, averagers, twins)
        cmp, sgn = margins(deck)
        up = (cmp > 0) == (sgn > 0)
        counts.append((np.sum((up != drawn.up) & drawn.decided), np.sum(drawn.decided)))
    return np.array(counts)


def wrong_share(counts: Counts) -> float:
    """Return the share of wrong signs. counts: (states, 2), of wrong_counts()."""
    wrong, decided = counts.sum(axis=0).tolist()
    return float(wrong / decided)


def share_interval(counts: Counts) -> tuple[float, float]:
    """Return the 95 % interval of wrong_share(), by bootstrap over states, whose edges are not independent."""
    drawn = np.random.default_rng(0).integers(len(counts), size=(RESAMPLES, len(counts)))
    wrong, decided = counts[drawn].sum(axis=1).T
    low, high = np.percentile(wrong / decided, [2.5, 97.5])
    return float(low), float(high)


def _spread(deck: Deck, random: np.random.Generator, averagers: float, twins: float) -> None:
    """Spread the values. The draws do not depend on the sizes, so that figures of two sizes can be compared."""

    def resistor(found: re.Match[str]) -> str:
        return f"{found[1]} {1e4 * (1 + averagers * random.uniform(-1, 1)):.8g}"

    def pot(found: re.Match[str]) -> str:
        return f"r_ab={float(found[1]) * (1 + twins / np.sqrt(2) * random.standard_normal()):.8g}"

    deck.change(AVERAGERS, resistor)
    deck.change(r"r_ab=(\S+)", pot)


def averaging_error(board: Board, states: int, tolerance: float, seed: int = 0) -> tuple[float, float]:
    """Return rms and largest error of CMP's threshold, as a share of the free drop of its edge."""
    random, found = np.random.default_rng(seed), []
    for _ in range(states):
        drawn = Drawn(board, random, 0.1)
        right, _ = margins(drawn.deck())
        deck = drawn.deck()
        _spread(deck, random, tolerance, 0.0)
        got, _ = margins(deck)
        drops = drawn.drops(drawn.free)
        clear = drops > 0.05
        found += (2 * (got - right)[clear] / drops[clear]).tolist()  # CMP sees half of a difference between drops
    errors = np.array(found)
    return float(np.sqrt(np.mean(errors**2))), float(abs(errors).max())
