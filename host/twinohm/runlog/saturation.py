"""Saturated nodes: eq. 1 asks for more than the board's range, or a correction for more than the DAC can give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from twinohm.model.board import Board
from twinohm.model.codes import TASK_SPAN_V, exceeds_dac
from twinohm.model.levers import Levers
from twinohm.model.nudge import aims_V, is_clipped
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import Saturated
from twinohm.runlog.tick_record import TickRecord

Corrections = Mapping[str, tuple[int, int]]  # (gain, offset) of DACs by node


class SaturationWatch:
    """Finds the first tick of each phase at which a node saturates. `known`: (phase, node) of the events so far."""

    def __init__(
        self, board: Board, levers: Levers, corrections: Corrections, known: set[tuple[str | None, str]]
    ) -> None:
        self._board, self._levers, self._corrections, self._known = board, levers, corrections, known

    def events(self, record: TickRecord, eta: float) -> list[Saturated]:
        """Return the events of a tick of this eta."""
        found = []
        for node in [*record.inputs_V, *record.clamp_V]:
            if (record.phase, node) not in self._known and self._saturates(record, node, eta):
                self._known.add((record.phase, node))
                found.append(Saturated(tick=record.tick, node=node, phase=record.phase))
        return found

    def _saturates(self, record: TickRecord, node: str, eta: float) -> bool:
        if _exceeds_dac(self._board, self._corrections, record, node):
            return True
        if node not in record.desired_V:
            return False
        free_V = [record.free_V[output] for output in record.desired_V]
        aims = aims_V(free_V, list(record.desired_V.values()), self._levers)
        aim_V = aims[list(record.desired_V).index(node)]
        return is_clipped(self._board, record.free_V[node], aim_V, eta, self._levers.overclamp)


def could_saturate(run: RunDescription, record: TickRecord, node: str) -> bool:
    """Return whether a node can have been asked for more at a tick, whose eta the log of a phase does not have.

    An output that was is clamped to an end of the range.
    """
    board, corrections = run.recorded_board, run.calibration.dac if run.calibration is not None else {}
    return _exceeds_dac(board, corrections, record, node) or _is_at_end(board, record, node)


class SaturatedTicks:
    """Counts the ticks at which nodes are saturated, from a log alone, which does not have the eta of each phase.

    From its event on, an output counts as saturated in its phase at each tick that clamps it to an end of the range,
    unless it was measured there.
    """

    def __init__(self, run: RunDescription) -> None:
        self._run, self._corrections = run, run.calibration.dac if run.calibration is not None else {}
        self._known: set[tuple[str | None, str]] = set()
        self._ticks: Counter[str] = Counter()
        self._all = 0

    def begin(self, event: Saturated) -> None:
        """Adopt an event."""
        self._known.add((event.phase, event.node))

    def add(self, record: TickRecord) -> None:
        """Adopt a tick."""
        self._all += 1
        for phase, node in self._known:
            if phase == record.phase:
                self._ticks[node] += self._is_saturated(record, node)

    def _is_saturated(self, record: TickRecord, node: str) -> bool:
        board = self._run.recorded_board
        if _exceeds_dac(board, self._corrections, record, node):
            return True
        return record.free_V.get(node) != record.clamp_V.get(node) and _is_at_end(board, record, node)

    def shares(self) -> dict[str, float] | None:
        """Return the share of all ticks by node, None if no node saturated."""
        return {node: ticks / self._all for node, ticks in sorted(self._ticks.items())} or None


def _is_at_end(board: Board, record: TickRecord, node: str) -> bool:
    """Return whether an output is clamped to an end of the board's range."""
    if node not in record.clamp_V:
        return False
    return any(abs(record.clamp_V[node] - board.dac_volts(end_V)) < board.count_V / 2 for end_V in (0, TASK_SPAN_V))


def _exceeds_dac(board: Board, corrections: Corrections, record: TickRecord, node: str) -> bool:
    """Return whether the correction of a node's DAC leads out of its counts."""
    volts = record.inputs_V.get(node, record.clamp_V.get(node))
    if volts is None or node not in corrections:
        return False
    return exceeds_dac(board.code_low + board.code_difference(volts), *corrections[node])
