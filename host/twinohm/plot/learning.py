"""What an animation shows of a run: the network at some ticks, and curves of its error, read in bounded memory.

A curve has a point for each of some bins of ticks. The log is read twice: once for its length and its phases, which
decide the ticks and the bins, and once for what is shown. Only the errors of one bin are kept at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from twinohm.errors import RunError
from twinohm.plot.history import Floats, Stretch, cuts_of, final_test, stretches_of, test_scores
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import FinalTest
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.scores import FLOOR_V2
from twinohm.runlog.tick_record import TickRecord

FRAMES = 120  # at most, but for the first and the last tick of each stretch
BINS = 600  # evenly spaced; as many more, denser where a stretch begins


@dataclass(frozen=True)
class Frame:
    """The network after a tick. inputs, outputs: nodes that were given and asked for a voltage."""

    tick: int
    taps: tuple[int, ...]
    inputs: frozenset[str]
    outputs: frozenset[str]


@dataclass(frozen=True)
class Curve:
    """Errors in V^2 against tick, a point for each bin that has any: their median, least and greatest.

    accuracy: the last share of right classes in the bin, NaN where there are no classes. tick: the middle of the bin.
    """

    tick: Floats
    median_V2: Floats
    least_V2: Floats
    most_V2: Floats
    accuracy: Floats

    @classmethod
    def gap(cls, tick: float) -> Self:
        """Return a point of NaN, at which a line is interrupted."""
        return cls(np.array([tick]), *np.full((4, 1), np.nan))

    def between(self, start: float, end: float) -> Self:
        """Return the points with start <= tick <= end."""
        part = (self.tick >= start) & (self.tick <= end)
        return type(self)(*(getattr(self, field.name)[part] for field in fields(self)))

    def at(self, tick: int) -> int | None:
        """Return the index of the last point up to a tick, None if there is none or if that is a gap."""
        place = int(np.searchsorted(self.tick, tick, "right")) - 1
        return None if place < 0 or np.isnan(self.median_V2[place]) else place


@dataclass(frozen=True)
class Learning:
    """A run as its animation shows it. Errors are true ones if `virtual`, else measured."""

    run: RunDescription
    virtual: bool
    stretches: list[Stretch]
    cuts: list[tuple[int, str]]  # tick before which an edge was pulled
    frames: list[Frame]
    every: Curve  # of the example learned at each tick
    tests: Curve  # of test sets; empty if none was measured

    @property
    def scored(self) -> Curve:
        """What each stretch is scored by: its test sets if it has any, else every tick; NaN between stretches."""
        parts = []
        for one in self.stretches:
            end = one.stop - 0.5 + (one.stop == self.stop)  # with the test set after the last tick
            tests = self.tests.between(one.start, end)
            parts += [tests if len(tests.tick) else self.every.between(one.start, end), Curve.gap(one.stop - 0.5)]
        return Curve(*(np.concatenate([getattr(part, field.name) for part in parts[:-1]]) for field in fields(Curve)))

    @classmethod
    def read(cls, folder: RunFolder) -> Self:
        """Read a run. Raises RunError if its log is empty or damaged."""
        run = folder.description()
        stop, virtual = 0, False
        phases: list[tuple[int, str]] = []
        for tick in folder.ticks():
            stop = tick.tick + 1
            virtual = virtual or tick.true_error_V2 is not None
            if not phases or (tick.phase or "") != phases[-1][1]:
                phases.append((tick.tick, tick.phase or ""))
        if not stop:
            raise RunError(f"{folder.path}: the log has no tick, there is nothing to draw; run at least 1 tick")
        stretches = stretches_of(run, phases, stop)
        evenly = np.linspace(0, stop - 1, BINS).round().astype(int).tolist()
        bins = sorted({*evenly, *early_ticks(stretches, BINS)})
        every, tests = _Bins([*bins, stop]), _Bins([*bins, stop, stop + 1])
        frames, shown = [], set(early_ticks(stretches, FRAMES))
        final: FinalTest | None = None
        for record in folder.records():
            if isinstance(record, FinalTest):
                final = record
            elif isinstance(record, TickRecord) and record.tick < stop:  # the run may go on meanwhile
                error_V2 = record.true_error_V2 if virtual else record.error_V2
                if error_V2 is not None:
                    every.add(record.tick, error_V2)
                if (scores := test_scores(record, virtual)) is not None:
                    tests.add(record.tick, *scores)
                if record.tick in shown:
                    nodes = frozenset(record.inputs_V), frozenset(record.desired_V)
                    frames.append(Frame(record.tick, record.taps, *nodes))
        last = final_test(folder, run.log_format, final)
        if last is not None and (scores := test_scores(last, virtual)) is not None:
            tests.add(stop, *scores)
        return cls(run, virtual, stretches, cuts_of(run, stretches), frames, every.curve(), tests.curve())

    @property
    def stop(self) -> int:
        """The tick after the last."""
        return self.stretches[-1].stop

    def stretch(self, tick: int) -> Stretch:
        """Return the stretch of a tick."""
        return next(one for one in reversed(self.stretches) if one.start <= tick)


def early_ticks(stretches: Sequence[Stretch], number: int) -> list[int]:
    """Return `number` ticks or fewer; their logarithms are evenly spaced, counted from where each stretch begins.

    The first and the last tick of each stretch are among them. Of more than number / 4 stretches there are not enough
    ticks for that: then all ticks are evenly spaced.
    """
    if len(stretches) > number // 4:
        return sorted(set(np.linspace(0, stretches[-1].stop - 1, number).round().astype(int).tolist()))
    each = number // len(stretches)
    ticks: set[int] = set()
    for one in stretches:
        ticks |= set((one.start - 1 + np.geomspace(1, one.stop - one.start, each)).round().astype(int).tolist())
    return sorted(ticks)


class _Bins:
    """Collects errors by bins of ticks: `edges[k]` to `edges[k + 1] - 1`. Ticks come in order."""

    def __init__(self, edges: Sequence[int]) -> None:
        self._edges, self._bin = edges, 0
        self._errors: list[float] = []  # of the present bin
        self._accuracy = np.nan
        self._points: list[tuple[float, ...]] = []

    def add(self, tick: int, error_V2: float, accuracy: float = np.nan) -> None:
        while tick >= self._edges[self._bin + 1]:
            self._end()
        self._errors.append(max(error_V2, FLOOR_V2))
        self._accuracy = accuracy

    def _end(self) -> None:
        if errors := self._errors:
            middle = (self._edges[self._bin] + self._edges[self._bin + 1] - 1) / 2
            self._points.append((middle, float(np.median(errors)), min(errors), max(errors), self._accuracy))
        self._errors, self._bin = [], self._bin + 1

    def curve(self) -> Curve:
        """Return what was collected. Nothing can be added any more."""
        self._end()
        return Curve(*np.array(self._points, dtype=np.float64).reshape(-1, 5).T)
