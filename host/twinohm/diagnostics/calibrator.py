"""Measures a board's ADC channels against its DACs, and estimates the offsets of its comparators."""

import json
from datetime import datetime
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import UsageError
from twinohm.link.board_client import BoardClient
from twinohm.model.board import Board
from twinohm.model.calibration import ROUND, Calibration, nominal
from twinohm.model.codes import GAIN_ONE, STEP
from twinohm.model.networks import channel_name

LEVELS = 41
REPEATS = 3
SCALES = (-3, -2, -1, 1, 2, 3)  # DAC counts from node to node
READINGS = 300
CERTAIN = 0.02  # a comparator that is high less, or more than all but this, tells no offset
CODE = """from twinohm_fw.selftest.self_test import SelfTest
from twinohm_fw.selftest.comparator_counts import highs
import json
test = SelfTest(learner.twin)
learner.twin.begin()
learner.twin.pots.deselect()
counts = [[highs(test, line, scale, {readings}) for scale in {scales}] for line in ("CMP", "SGN")]
learner.safe()
print(json.dumps(counts))
"""

Array = NDArray[np.floating]


def calibrate(machine: BoardClient) -> Calibration:
    """No pot moves. Raises BoardError with the board's words, UsageError for a board without an id."""
    board = machine.board
    if machine.board_id is None:
        raise UsageError(f"{machine.port_name}: the board has no id; `twinohm flash` it with this firmware")
    told, read = _loop(machine)
    adc, errors = {}, []
    for channel, (gain, _) in nominal(board).items():
        slope, intercept = np.polyfit(read[channel], told, 1)
        errors.append((read[channel] - told, slope * read[channel] + intercept - told))
        shift = board.code_low * (1 - slope) + intercept / board.code_V
        adc[channel] = (round(gain * slope), round(GAIN_ONE * shift) + ROUND)
    before, after = (float(np.sqrt(np.mean(np.square(part)))) for part in zip(*errors, strict=True))
    cmp_V, sgn_V, noise_V = _comparators(machine)
    made = datetime.now().astimezone().isoformat(timespec="seconds")
    rms = (round(before, 6), round(after, 6))
    return Calibration(board.name, machine.board_id, made, adc, rms, cmp_V, sgn_V, noise_V)


def _loop(machine: BoardClient) -> tuple[Array, dict[str, Array]]:
    """Task volts that the DACs were told, all alike so that no current flows, and those that each channel read."""
    board = machine.board
    inputs = [name for name in board.dac.channels if name] if board.switches else list(board.wired_free)
    machine.correct(None)
    machine.place(inputs, [])
    told, read = [], []
    for level in np.linspace(0, 5, LEVELS):
        machine.apply(dict.fromkeys(inputs, float(level)))
        sweeps = [machine.measure() for _ in range(REPEATS)]
        told.append(board.dac_volts(float(level)))
        read.append({name: np.mean([_flat(sweep)[name] for sweep in sweeps]) for name in nominal(board)})
    machine.safe()
    return np.array(told), {name: np.array([row[name] for row in read]) for name in nominal(board)}


def _flat(sweep: tuple[dict[str, float], dict[str, float]]) -> dict[str, float]:
    return {channel_name(node, network): volts for network, part in enumerate(sweep) for node, volts in part.items()}


def _comparators(machine: BoardClient) -> tuple[dict[str, float], dict[str, float], float | None]:
    """(offsets of CMP, of SGN, noise), V at their inputs; empty where the board cannot tell."""
    board = machine.board
    if board.comparators is None:
        return {}, {}, None
    text = machine.exec(CODE.format(readings=READINGS, scales=SCALES))
    shares = [np.array(counts) / READINGS for counts in json.loads(text.splitlines()[-1])]
    found: list[dict[str, float]] = []
    noises = []
    for line, share in zip(("cmp", "sgn"), shares, strict=True):
        margins, edges = _margins(board, line)
        offsets, noise = fit(margins[:, edges], share[:, edges]) if edges else (np.zeros(0), None)
        found.append({board.edges[e]: round(float(x), 6) for e, x in zip(edges, offsets, strict=True)})
        if noise is not None:
            noises.append(noise)
    return found[0], found[1], round(float(np.mean(noises)), 6) if noises else None


def _margins(board: Board, line: str) -> tuple[Array, list[int]]:
    """Differences (scales, edges) at the comparators' inputs, V, and the edges for which they are known."""
    driven = [board.nodes.index(name) for name in board.dac.channels if name]
    free = sorted(driven) if board.switches else [board.node_index(name) for name in board.wired_free]
    clamped = sorted(driven) if board.switches else [board.node_index(name) for name in board.wired_clamped]
    ramped = free if line == "sgn" else clamped
    edges = [e for e, (a, b) in enumerate(board.edge_nodes) if a in ramped and b in ramped]
    if line == "cmp" and not board.switches:
        edges = []  # the free network would have to be flat
    volt = STEP * board.code_V * (0.5 if line == "cmp" else 1.0)
    steps = [ramped.index(a) - ramped.index(b) if e in edges else 0 for e, (a, b) in enumerate(board.edge_nodes)]
    return np.outer(SCALES, steps) * volt, edges


def fit(margins: Array, shares: Array) -> tuple[Array, float | None]:
    """Offsets (edges,) and one noise, V, from shares of highs (scales, edges): share = Phi((margin + offset) / noise).

    A comparator without noise steps between two margins: its offset is their middle, the noise None.
    """
    probit = np.vectorize(NormalDist().inv_cdf)(np.clip(shares, 1e-6, 1 - 1e-6))
    usable = (shares > CERTAIN) & (shares < 1 - CERTAIN)
    if not usable.any():
        return _between(margins, shares), None
    best: tuple[float, float] | None = None
    for noise in np.geomspace(1e-4, 0.1, 300):
        residual, n = 0.0, 0
        for edge in range(margins.shape[1]):
            at = usable[:, edge]
            if at.sum() > 1:
                here = noise * probit[at, edge] - margins[at, edge]
                residual, n = residual + float(((here - here.mean()) ** 2).sum()) / noise**2, n + 1
        if n and (best is None or residual < best[0]):
            best = residual, float(noise)
    noise = best[1] if best else 0.0
    offsets = _between(margins, shares)
    for edge in range(margins.shape[1]):
        if (at := usable[:, edge]).any():
            offsets[edge] = float(np.mean(noise * probit[at, edge] - margins[at, edge]))
    return offsets, noise if best else None


def _between(margins: Array, shares: Array) -> Array:
    def middle(margin: Array, share: Array) -> float:
        lows = [m for m, s in zip(margin, share, strict=True) if s <= 0.5]
        highs = [m for m, s in zip(margin, share, strict=True) if s > 0.5]
        if not lows or not highs:
            return -float(min(highs) if highs else max(lows))
        return -float(max(lows) + min(highs)) / 2

    return np.array([middle(margins[:, edge], shares[:, edge]) for edge in range(margins.shape[1])])
