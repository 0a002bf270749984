"""Measure a board's DACs against its ADC, or the ADC against the DACs, and estimate the offsets of its comparators."""

from statistics import NormalDist

import numpy as np

from twinohm.clock import local_now
from twinohm.errors import BoardError, UsageError
from twinohm.json_records import Count, RecordType
from twinohm.link.board_client import BoardClient
from twinohm.link.channel_readings import CHECK_LEVELS_V, Array, read_channels
from twinohm.model.board import Board
from twinohm.model.calibration import FORMAT, Calibration, calibration_key, nominal_corrections
from twinohm.model.codes import STEP
from twinohm.model.correction_fit import CALIBRATION_LEVELS_V, fit_adcs, fit_dacs

SCALES = (-3, -2, -1, 1, 2, 3)  # DAC counts from node to node
READINGS = 300  # of each comparator at each scale
FLAT_READINGS = 2000  # with no difference at all
CERTAIN = 0.02  # shares of highs this close to 0 or 1 say nothing of the noise
CODE = """from twinohm_fw.selftest.board_under_test import BoardUnderTest
from twinohm_fw.selftest.comparator_counts import count_highs, count_highs_flat
import json
board = BoardUnderTest(learner.twin)
learner.twin.begin()
learner.twin.pots.deselect()
counts = [[count_highs(board, line, scale, {readings}) for scale in {scales}] for line in ("CMP", "SGN")]
flat = count_highs_flat(board, {flat_readings})
learner.safe()
print(json.dumps(counts + [flat]))
"""


Counts = tuple[list[list[Count]], list[list[Count]], list[list[Count]]]  # by line, scale or line, edge
_COUNTS = RecordType[Counts](Counts)


def calibrate(client: BoardClient) -> Calibration:
    """Calibrate a board. No pot moves.

    Raises BoardError with the board's words, or naming a channel that does not follow its DAC, or a DAC that no
    correction can mend; UsageError for a board without an id.
    """
    board = client.board
    if client.board_id is None:
        raise UsageError(f"{client.port_name}: the board has no id; `twinohm flash` it with this firmware")
    client.correct(None)
    asked_V, read = read_channels(client, CALIBRATION_LEVELS_V)
    for channel, read_V in read.items():
        if np.ptp(read_V) < board.count_V:
            raise BoardError(f"channel {channel} reads the same at every voltage: `twinohm selftest` finds the part")
    dac = fit_dacs(board, asked_V, read)
    adc = nominal_corrections(board) | fit_adcs(board, asked_V, read)
    before = _rms(asked_V, read)
    client.correct(adc, dac)
    after = _rms(*read_channels(client, CHECK_LEVELS_V))
    client.correct(None)
    cmp_V, sgn_V, noise_V = _measure_comparators(client)
    return Calibration(
        board=board.name,
        id=client.board_id,
        made=local_now().isoformat(timespec="seconds"),
        adc=adc,
        rms_V=(round(before, 6), round(after, 6)),
        cmp_V=cmp_V,
        sgn_V=sgn_V,
        noise_V=noise_V,
        key=calibration_key(board, client.board_id),
        dac=dac,
        standard=board.standard or board.dac.part,
        format=FORMAT,
    )


def _rms(asked_V: Array, read: dict[str, Array]) -> float:
    return float(np.sqrt(np.mean([np.square(read_V - asked_V) for read_V in read.values()])))


def _measure_comparators(client: BoardClient) -> tuple[dict[str, float], dict[str, float], float | None]:
    """Return offsets of CMP and of SGN by edge, and the noise, in task volts at their inputs.

    Offsets are empty, the noise None, where the board cannot measure them.
    """
    board = client.board
    if board.comparators is None:
        return {}, {}, None
    code = CODE.format(readings=READINGS, scales=SCALES, flat_readings=FLAT_READINGS)
    cmp_ramp, sgn_ramp, flat = client.exec_json(code, _COUNTS, lambda read: _checked(board, read))
    noises = []
    for line, counts in (("cmp", cmp_ramp), ("sgn", sgn_ramp)):
        margins, edges = _margins(board, line)
        noise = fit_noise(margins[:, edges], np.array(counts)[:, edges] / READINGS) if edges else None
        if noise is not None:
            noises.append(noise)
    if not noises:
        return {}, {}, None
    noise = float(np.mean(noises))
    found: list[dict[str, float]] = []
    for highs in flat:
        offsets = (offset_from(count, FLAT_READINGS, noise) for count in highs)
        found.append({edge: round(one, 6) for edge, one in zip(board.edges, offsets, strict=True) if one is not None})
    cmp_V, sgn_V = found or ({}, {})
    return cmp_V, sgn_V, round(noise, 6)


def _checked(board: Board, counts: Counts) -> Counts:
    """Return counts by line, scale and edge. Raises ValueError for other numbers of them, or impossible ones."""
    lines = 2 if board.switches else 0
    for rows, of, most in zip(
        counts, (len(SCALES), len(SCALES), lines), (READINGS, READINGS, FLAT_READINGS), strict=True
    ):
        if len(rows) != of or any(len(row) != board.n_edges or max(row) > most for row in rows):
            raise ValueError(f"not {of} rows of {board.n_edges} counts up to {most}")
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


def fit_noise(margins: Array, shares: Array) -> float | None:
    """Return the noise that comparators share, V, None if no share tells it.

    margins: differences at the inputs, V (scales, edges), each edge's but for a constant: it holds the offset of the
    comparator and the errors of two DACs. shares: shares of high readings (scales, edges); share =
    Phi((margin + constant) / noise), Phi: normal distribution. The noise follows from how an edge's shares grow.
    """
    probit = np.vectorize(NormalDist().inv_cdf)(np.clip(shares, 1e-6, 1 - 1e-6))
    usable = (shares > CERTAIN) & (shares < 1 - CERTAIN)
    grown, moved = 0.0, 0.0
    for edge in range(margins.shape[1]):
        at = usable[:, edge]
        if at.sum() > 1:
            margin, here = margins[at, edge], probit[at, edge]
            grown += float(((margin - margin.mean()) * (here - here.mean())).sum())
            moved += float(((margin - margin.mean()) ** 2).sum())
    return moved / grown if grown > 0 else None


def offset_from(highs: int, readings: int, noise: float) -> float | None:
    """Return the offset of a comparator that was high so often with no difference at its inputs, V.

    None if it was always high or always low: then its offset is more than the noise can tell.
    """
    return None if highs in (0, readings) else noise * NormalDist().inv_cdf(highs / readings)
