"""Measure a board's ADC channels against its DACs, and estimate the offsets of its comparators."""

from datetime import datetime
from statistics import NormalDist

import numpy as np
from pydantic import TypeAdapter

from twinohm.errors import BoardError, UsageError
from twinohm.json_records import Count
from twinohm.link.board_client import BoardClient
from twinohm.link.channel_readings import Array, read_channels
from twinohm.model.board import Board
from twinohm.model.calibration import ROUNDING, Calibration, calibration_key, nominal_corrections
from twinohm.model.codes import GAIN_ONE, STEP, TASK_SPAN_V

LEVELS = 41  # of the DACs, over the whole span of task volts
SCALES = (-3, -2, -1, 1, 2, 3)  # DAC counts from node to node
READINGS = 300  # of each comparator at each scale
CERTAIN = 0.02  # shares of highs this close to 0 or 1 say nothing of the offset
CODE = """from twinohm_fw.selftest.board_under_test import BoardUnderTest
from twinohm_fw.selftest.comparator_counts import count_highs
import json
board = BoardUnderTest(learner.twin)
learner.twin.begin()
learner.twin.pots.deselect()
counts = [[count_highs(board, line, scale, {readings}) for scale in {scales}] for line in ("CMP", "SGN")]
learner.safe()
print(json.dumps(counts))
"""


Counts = tuple[list[list[Count]], list[list[Count]]]  # by line, scale and edge
_COUNTS: TypeAdapter[Counts] = TypeAdapter(Counts)


def calibrate(client: BoardClient) -> Calibration:
    """Calibrate a board. No pot moves.

    Raises BoardError with the board's words, or naming a channel that does not follow its DAC; UsageError for a board
    without an id.
    """
    board = client.board
    if client.board_id is None:
        raise UsageError(f"{client.port_name}: the board has no id; `twinohm flash` it with this firmware")
    client.correct(None)
    driven_V, read = read_channels(client, np.linspace(0, TASK_SPAN_V, LEVELS).tolist())
    adc, errors = {}, []
    for channel, (gain, _) in nominal_corrections(board).items():
        if np.ptp(read[channel]) < board.count_V:
            raise BoardError(f"channel {channel} reads the same at every voltage: `twinohm selftest` finds the part")
        slope, intercept = np.polyfit(read[channel], driven_V, 1)
        errors.append((read[channel] - driven_V, slope * read[channel] + intercept - driven_V))
        shift = board.code_low * (1 - slope) + intercept / board.code_V
        adc[channel] = (round(gain * slope), round(GAIN_ONE * shift) + ROUNDING)
    before, after = (float(np.sqrt(np.mean(np.square(part)))) for part in zip(*errors, strict=True))
    cmp_V, sgn_V, noise_V = _measure_comparators(client)
    made = datetime.now().astimezone().isoformat(timespec="seconds")
    rms = (round(before, 6), round(after, 6))
    key = calibration_key(board, client.board_id)
    return Calibration(board.name, client.board_id, made, adc, rms, cmp_V, sgn_V, noise_V, key)


def _measure_comparators(client: BoardClient) -> tuple[dict[str, float], dict[str, float], float | None]:
    """Return offsets of CMP and of SGN by edge, and the noise, in task volts at their inputs.

    Offsets are empty, the noise None, where the board cannot measure them.
    """
    board = client.board
    if board.comparators is None:
        return {}, {}, None
    given = client.exec_json(CODE.format(readings=READINGS, scales=SCALES), _COUNTS, lambda read: _checked(board, read))
    shares = [np.array(counts) / READINGS for counts in given]
    found: list[dict[str, float]] = []
    noises = []
    for line, share in zip(("cmp", "sgn"), shares, strict=True):
        margins, edges = _margins(board, line)
        offsets, noise = fit_offsets(margins[:, edges], share[:, edges]) if edges else (np.zeros(0), None)
        found.append({board.edges[e]: round(float(x), 6) for e, x in zip(edges, offsets, strict=True)})
        if noise is not None:
            noises.append(noise)
    return found[0], found[1], round(float(np.mean(noises)), 6) if noises else None


def _checked(board: Board, counts: Counts) -> Counts:
    """Return counts by line, scale and edge. Raises ValueError for other numbers of them, or impossible ones."""
    for line in counts:
        if len(line) != len(SCALES) or any(len(row) != board.n_edges or max(row) > READINGS for row in line):
            raise ValueError(f"not {len(SCALES)} rows of {board.n_edges} counts up to {READINGS}")
    return counts


def _margins(board: Board, line: str) -> tuple[Array, list[int]]:
    """Return the differences (scales, edges) at the comparators' inputs, V, and the edges for which they are known."""
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


def fit_offsets(margins: Array, shares: Array) -> tuple[Array, float | None]:
    """Return the offsets (edges,) of comparators and the noise that they share, V.

    margins: differences at the inputs, V (scales, edges).
    shares: shares of high readings (scales, edges); share = Phi((margin + offset) / noise), Phi: normal distribution.

    A comparator without noise steps between two margins: its offset is their middle, the noise None.
    """
    probit = np.vectorize(NormalDist().inv_cdf)(np.clip(shares, 1e-6, 1 - 1e-6))
    usable = (shares > CERTAIN) & (shares < 1 - CERTAIN)
    if not usable.any():
        return _find_steps(margins, shares), None
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
    offsets = _find_steps(margins, shares)
    for edge in range(margins.shape[1]):
        if (at := usable[:, edge]).any():
            offsets[edge] = float(np.mean(noise * probit[at, edge] - margins[at, edge]))
    return offsets, noise if best else None


def _find_steps(margins: Array, shares: Array) -> Array:
    """Return the offsets (edges,) of comparators without noise, V: each steps midway between two margins."""

    def middle(margin: Array, share: Array) -> float:
        lows = [m for m, s in zip(margin, share, strict=True) if s <= 0.5]
        highs = [m for m, s in zip(margin, share, strict=True) if s > 0.5]
        if not lows or not highs:
            return -float(min(highs) if highs else max(lows))
        return -float(max(lows) + min(highs)) / 2

    return np.array([middle(margins[:, edge], shares[:, edge]) for edge in range(margins.shape[1])])
