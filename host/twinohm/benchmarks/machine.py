"""Ticks per second of physical machines: twin lattices of resistors whose nodes must settle, twice a tick.

A tick is a settling of the free network, one of the clamped network, and a part that does not depend on settling. All
pots are at the middle tap, without spread. All nodes start equally far from rest on one side: no node is farther then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import splu

from twinohm.benchmarks.lattice import Drivers, inputs_of, lattice, output_of
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Floats
from twinohm.model.settling import RESPONSE_US, SLEW_V_PER_US, Decay, node_capacitance

CHANGES = ("full", "step")  # the inputs change over the whole range; they stay, and all nodes are STEP_V from rest
STEP_V = 0.05  # ours; about what the farthest node moves when all pots step by one tap
MODES = 20  # 10, 20 and 40 gave four equal digits for lattices of 24 to 99,904 edges
CHANGING_US, CONSTANT_US = 666, 366  # tick less settling of lab16, inputs changing or constant (`twinohm bench chip`)
EDGE_US = 1.6  # what one more edge costs a microcontroller that reads and steps each, as lab16's does (the same)
PAPER_HZ, PAPER_FASTER = 4, 1e6  # the machine's 3 to 5 Hz; "at least six orders of magnitude" on a chip (appendix B)
CHIP_OHM, CHIP_END_FF = 50e3, 5.0  # ours: the paper gives neither; 4 x 5 fF x 50 kohm = 1 ns


@dataclass(frozen=True)
class Technology:
    """What a lattice is built of. fixed_us: the part of a tick besides settling, for each of CHANGES."""

    name: str
    edge_ohm: float  # at the middle tap
    node_F: float  # without pots
    wiper_F: float
    end_F: float
    full_V: float
    fixed_us: tuple[float, float]

    @property
    def offsets_V(self) -> tuple[float, float]:
        """How far all nodes are from rest after each of CHANGES."""
        return self.full_V, STEP_V


def technologies() -> list[Technology]:
    """Return the pots of lab16, of 100 kohm; the same with 10 kohm; and the network integrated on a chip.

    The AD5220 is also made with 10 kohm; that its capacitance is the same is assumed. So is what an edge on a chip has,
    such that a node charges in a nanosecond, which is the time in which the paper says that networks settle.
    """
    board = load_board("lab16")
    low, high = board.range_V
    full_V, tap = high - low, board.pots.chip.positions // 2
    slews_us = [2 * (volt / SLEW_V_PER_US + RESPONSE_US) for volt in (full_V, STEP_V)]  # of both settlings
    fixed_us = (CHANGING_US + slews_us[0], CONSTANT_US + slews_us[1])
    node_F, wiper_F, end_F = (1e-12 * pF for pF in (board.node_pF, board.pots.wiper_pF, board.pots.end_pF))
    made = []
    for ohm in (board.pots.ohm, 10_000.0):
        edge_ohm = float(board.pots.model_copy(update={"ohm": ohm}).edge_ohm(tap))
        made.append(Technology(f"{ohm / 1000:.0f} kohm", edge_ohm, node_F, wiper_F, end_F, full_V, fixed_us))
    tick_us = 1e6 / (PAPER_HZ * PAPER_FASTER)
    ends_F = 1e-15 * CHIP_END_FF
    return [*made, Technology("on-chip", CHIP_OHM, 0.0, ends_F, ends_F, full_V, (tick_us, tick_us))]


def tick_rates(technology: Technology, side: int, drivers: Drivers) -> tuple[float, float]:
    """Return the ticks per second of a lattice for each of CHANGES."""
    inputs = inputs_of(side, drivers)
    networks = [lattice_decay(technology, side, driven) for driven in (inputs, [*inputs, output_of(side)])]
    full, step = (
        1 / (1e-6 * fixed_us + sum(settling_s(decay, volts) for decay in networks))
        for volts, fixed_us in zip(technology.offsets_V, technology.fixed_us, strict=True)
    )
    return full, step


def settling_s(decay: Decay, volts: float) -> float:
    """Return the time, s, until no node is farther than 1 LSB of the ADC from rest, if all were `volts` away."""
    return decay.settling_s(np.full(decay.n_nodes, volts), 1e-4 / float(decay.rates_per_s.min()))


def lattice_decay(technology: Technology, side: int, driven: Sequence[int]) -> Decay:
    """Return the decay of the nodes of a lattice that are not driven, all of which start equally far from rest."""
    n_nodes, edges = lattice(side)
    a, b = np.array(edges).T
    one = np.full(len(edges), 1 / technology.edge_ohm)
    entries = np.concatenate([one, one, -one, -one])
    places = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
    matrix = coo_array((entries, places), shape=(n_nodes, n_nodes)).tocsc()
    moving = np.setdiff1d(np.arange(n_nodes), driven)
    farads = node_capacitance(n_nodes, edges, technology.node_F, technology.wiper_F, technology.end_F)
    return slow_decay(matrix[moving][:, moving].tocsc(), farads[moving])


def slow_decay(conductance_S: csc_array, capacitance_F: Floats) -> Decay:
    """Return the decay of nodes that all start equally far from rest, by the slowest modes of that start.

    conductance_S (n, n), capacitance_F (n,). Lanczos iteration with the inverse matrix, reorthogonalised: the modes are
    Ritz vectors, in which the start has all of its weight.
    """
    root = np.sqrt(capacitance_F)
    options = {"SymmetricMode": True}
    solve = splu(conductance_S, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options).solve
    basis = np.zeros((min(MODES, root.size), root.size))
    diagonal, beside = np.zeros(len(basis)), np.zeros(len(basis))
    vector = root
    for k in range(len(basis)):
        basis[k] = vector / np.linalg.norm(vector)
        vector = root * solve(root * basis[k])
        diagonal[k] = basis[k] @ vector
        for _ in range(2):
            vector = vector - basis[: k + 1].T @ (basis[: k + 1] @ vector)
        beside[k] = np.linalg.norm(vector)
        if beside[k] < 1e-12 * diagonal[0]:  # the start has no other modes
            break
    times_s, within = eigh_tridiagonal(diagonal[: k + 1], beside[:k])
    return Decay(1 / times_s, basis[: k + 1].T @ within, capacitance_F)
