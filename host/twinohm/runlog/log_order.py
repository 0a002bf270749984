"""What a record of a log must follow from: run.json and the records before it. Writer and readers check it alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

from twinohm.model.board import Board
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.levers import ETA_ONE, MOST_ETA, Levers
from twinohm.model.nudge import aims_V, clamp_volts
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import (
    BestRestored,
    EdgeRemoved,
    Ended,
    Event,
    Resumed,
    Saturated,
    Taps,
    TapsSet,
    TargetsMeasured,
    Violations,
)
from twinohm.runlog.given_examples import GivenExamples
from twinohm.runlog.log_lines import LogRecord
from twinohm.runlog.saturation import could_saturate
from twinohm.runlog.tick_record import TickRecord, mse
from twinohm.sim.settings import is_ensemble

ETA_STEP = 16  # ticks between changes of a scheduled eta, at most


def wrong_nudge(board: Board, levers: Levers, record: TickRecord, low_eta: float, high_eta: float) -> str | None:
    """Return which clamped output does not follow from its free and desired voltage by eq. 1, None if all do.

    The eta of the tick was one of low_eta..high_eta. One step of the converters is tolerated.
    """
    free_V = [record.free_V[node] for node in record.desired_V]
    if levers.pairs and len(free_V) % 2:
        return f"desired_V has {len(free_V)} outputs, which are no pairs"
    aims = aims_V(free_V, list(record.desired_V.values()), levers)
    for aim_V, (node, desired_V) in zip(aims, record.desired_V.items(), strict=True):
        if node not in record.clamp_V:
            return f"clamp_V.{node} is missing"
        if not 0 <= desired_V <= TASK_SPAN_V:
            return f"desired_V.{node} = {desired_V:g}: 0..{TASK_SPAN_V} V"
        found_V = record.clamp_V[node]
        ends = [clamp_volts(board, record.free_V[node], aim_V, eta, levers.overclamp) for eta in {low_eta, high_eta}]
        if not min(ends) - board.count_V <= found_V <= max(ends) + board.count_V:
            etas = f"eta = {low_eta:g}" + ("" if low_eta == high_eta else f" to {high_eta:g}")
            wanted = " to ".join(f"{volts:.4f}" for volts in sorted(set(ends)))
            return f"clamp_V.{node} = {found_V:g} does not follow: free_V, desired_V and {etas} lead to {wanted}"
    return None


class LogOrder:
    """The state of a log after the records that were given to follow(): its ticks, their taps and board time."""

    def __init__(self, run: RunDescription) -> None:
        self.ticks = 0  # the number of the next tick
        self._run = run
        self._nodes = frozenset(run.nodes)
        self._given: GivenExamples | None = GivenExamples(run)  # None: not compared any more
        self._known = True  # whether `ticks` and what follows are those of the log
        self._taps: Taps = run.start_taps
        self._t_us: int | None = None
        self._has_clock = not is_ensemble(run.port)
        self._ended = False  # whether the last event of the run's process was its end
        self._saturated: list[str] = []  # nodes that events say the next tick saturates
        self._restorable = {self._taps} if run.restore_best else None  # taps that the run had; None: not known

    def forget(self) -> None:
        """Adopt the next tick as it is: records before it are not known."""
        self._known = False
        self._restorable = None

    def follow(self, record: LogRecord) -> str | None:
        """Adopt the next record. Return what is wrong with it, None if it fits run.json and follows."""
        if isinstance(record, TickRecord):
            return self._follow_tick(record)
        return self._follow_event(record)

    def wrong_count(self, ticks: int) -> str | None:
        """Return what is wrong if a line that is no tick says that so many ticks are before it."""
        if not self._known or ticks == self.ticks:
            return None
        return f"tick = {ticks}: {self.ticks} ticks are before it"

    # -- ticks -----------------------------------------------------------------------------------------------------

    def _follow_tick(self, record: TickRecord) -> str | None:
        run = self._run
        wrong = record.mistake(self._nodes, len(run.edges)) or self._wrong_time(record)
        wrong = wrong or self._wrong_volts(record) or self._wrong_words(record)
        wrong = wrong or self._wrong_nudge(record) or self._wrong_example(record) or self._wrong_saturation(record)
        if self._known:
            if self._ended and wrong is None:
                wrong = "is after event end, and no event resume is between"
            wrong = wrong or self._wrong_number(record) or self._wrong_step(record)
        self._known = wrong is None  # else every later tick would be blamed too
        self.ticks, self._t_us, self._taps, self._ended = record.tick + 1, record.t_us, record.taps, False
        if self._restorable is not None:
            self._restorable.add(record.taps)
        return wrong

    def _wrong_saturation(self, record: TickRecord) -> str | None:
        """Compare the tick with the events `saturated` right before it."""
        nodes, self._saturated = self._saturated, []
        for node in nodes:
            if not could_saturate(self._run, record, node):
                return f"event saturated of node {node} is before it, and it asks that for no more than the range"
        return None

    def _wrong_time(self, record: TickRecord) -> str | None:
        """Compare which ticks have a board time with where the run was: the ensemble engine has no clock."""
        if self._has_clock == (record.t_us is not None):
            return None
        if record.t_us is None:
            return "t_us is missing: each tick of a board has one"
        return f"t_us = {record.t_us}: the ensemble engine has no board time"

    def _wrong_example(self, record: TickRecord) -> str | None:
        wrong = self._given.wrong(record) if self._given is not None else None
        if wrong is not None:
            self._given = None  # every later tick would be blamed too
        return wrong

    def _wrong_number(self, record: TickRecord) -> str | None:
        tick, wanted = record.tick, self.ticks
        if tick < 0:
            return f"tick = {tick}: ticks are counted from 0"
        if tick < wanted:
            return f"tick {tick} is there again, after tick {wanted - 1}"
        if tick > wanted:
            return f"tick {wanted} is missing" if tick == wanted + 1 else f"ticks {wanted} to {tick - 1} are missing"
        if self._run.ticks is not None and tick >= self._run.ticks:
            return f"tick {tick} is one more than the {self._run.ticks} ticks of run.json"
        if self._t_us is not None and record.t_us is not None and record.t_us < self._t_us:
            return f"t_us = {record.t_us} is before the tick before, {self._t_us}"
        return None

    def _wrong_step(self, record: TickRecord) -> str | None:
        """Compare the taps with those that the taps before and the words of this tick lead to."""
        up, moved = record.up, record.moved
        for edge, (before, after) in enumerate(zip(self._taps, record.taps, strict=True)):
            wanted = before + ((1 if up >> edge & 1 else -1) if moved >> edge & 1 else 0)
            if after != wanted:
                return f"taps[{edge}] = {after} does not follow: it was {before}, and up and moved lead to {wanted}"
        return self._wrong_taps(record.taps)

    def _wrong_words(self, record: TickRecord) -> str | None:
        """Compare `up` with the comparators, which decide it alone unless they are read more than once."""
        if record.cmp is None or record.sgn is None or self._run.levers.readings > 1:
            return None
        wanted = ~(record.cmp ^ record.sgn) & ((1 << len(self._run.edges)) - 1)
        return None if record.up == wanted else f"up = {record.up}: cmp and sgn lead to {wanted}"

    def _wrong_volts(self, record: TickRecord) -> str | None:
        wanted = list(record.desired_V.values())
        for node, volts in record.inputs_V.items():
            if record.free_V[node] != volts:
                return f"free_V.{node} = {record.free_V[node]:g} is an input, which inputs_V has at {volts:g} V"
        checks = [("error_V2", record.error_V2, record.free_V)]
        if record.true_error_V2 is not None:
            checks.append(("true_error_V2", record.true_error_V2, record.true_free_V or {}))
        for name, error_V2, volts_V in checks:
            if wanted and record.desired_V.keys() <= volts_V.keys():
                found = mse([volts_V[node] for node in record.desired_V], wanted, self._run.levers)
                if not math.isclose(error_V2, found, rel_tol=1e-9, abs_tol=1e-15):
                    return f"{name} = {error_V2:g}: the outputs of the tick have {found:g}"
        return None

    def _wrong_nudge(self, record: TickRecord) -> str | None:
        """Compare the clamped outputs with those that eq. 1 gives, to a step of the converters."""
        return wrong_nudge(self._run.recorded_board, self._run.levers, record, *self._etas(record))

    def _etas(self, record: TickRecord) -> tuple[float, float]:
        """Return the least and the greatest eta that a tick may have had: a phase may have one of its own."""
        run = self._run
        if record.phase is not None:
            return 1 / ETA_ONE, MOST_ETA
        if run.levers.eta_end is None:
            return run.eta, run.eta
        end, last = run.levers.eta_end, max(1, (run.ticks or 1) - 1)
        shares = (min(1.0, max(0, tick) / last) for tick in (record.tick - ETA_STEP + 1, record.tick))
        low, high = sorted(run.eta + (end - run.eta) * share for share in shares)
        return low, high

    # -- events ----------------------------------------------------------------------------------------------------

    def _follow_event(self, event: Event) -> str | None:
        run = self._run
        wrong: str | None = None
        match event:
            case Resumed():
                self._ended = False
                wrong = self._wrong_length(event.taps) or self._wrong_taps(event.taps)
                restoring = (
                    run.restore_best and self.ticks == run.ticks
                )  # the board was lost while it got its best taps
                if not wrong and self._known and event.taps != self._taps and not restoring:
                    wrong = "taps are not those of the last tick"
            case BestRestored():
                wrong = self._wrong_length(event.taps) or self._wrong_taps(event.taps)
                if not wrong and self._restorable is not None and event.taps not in self._restorable:
                    wrong = "the run never had these taps"
                self._taps = self._taps if wrong else event.taps
            case Ended():
                self._ended = True
            case TapsSet():
                wrong = self._wrong_length(event.taps) or self._wrong_taps(event.taps)
                if not wrong and run.ticks is not None:
                    wrong = "only a session has one"
                self._taps = self._taps if wrong else event.taps
            case EdgeRemoved() if event.edge not in run.edges:
                wrong = f"edge = {event.edge} is none of run.json"
            case TargetsMeasured():
                self._given = self._given and self._given.without_targets()
                if strange := set(event.outputs) - self._nodes:
                    wrong = f"outputs has node {min(strange)}, which run.json has not"
                elif any(len(row) != len(event.outputs) for row in event.free_V):
                    wrong = f"free_V has a row that has not {len(event.outputs)} values, one an output"
            case Saturated() if event.node not in self._nodes:
                wrong = f"node {event.node} is none of run.json"
            case Saturated():
                self._saturated.append(event.node)
            case Violations() if event.count < 1:
                wrong = f"count = {event.count}: 1 or more"
        # TwinOhm 0.1.0 counted ticks in these that a full disk had not taken
        inexact = run.log_format == 1 and isinstance(event, Ended | Violations)
        if not inexact:
            wrong = wrong or self.wrong_count(event.tick)
        return f"event {event.event}: {wrong}" if wrong else None

    # -- taps ------------------------------------------------------------------------------------------------------

    def _wrong_length(self, taps: Sequence[int]) -> str | None:
        n_edges = len(self._run.edges)
        return None if len(taps) == n_edges else f"taps has {len(taps)} values for the {n_edges} edges of run.json"

    def _wrong_taps(self, taps: Sequence[int]) -> str | None:
        lowest, highest = self._run.min_tap, self._run.pots.top_tap
        if lowest <= min(taps) and max(taps) <= highest:
            return None
        edge = next(edge for edge, tap in enumerate(taps) if not lowest <= tap <= highest)
        return f"taps[{edge}] = {taps[edge]} is not in {lowest}..{highest}"
