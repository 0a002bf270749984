"""What a figure shows of a log: its arrays, test sets, phases and pulled edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import RunError
from twinohm.model.levers import LOCAL
from twinohm.runlog.export import Columns, columns
from twinohm.runlog.folder import Record, RunFolder, understood
from twinohm.runlog.scores import FLOOR_V2, last_quarter

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EDGE, _SUPERVISOR = "levers local to the edge", "extensions that need the supervisor"
PULLED = "without "  # begins the name of a phase before which an edge was pulled


@dataclass(frozen=True)
class Series:
    """Mean squared error in V^2, floored for a log axis, of the outputs at each tick or of a test set before it.

    `accuracy` is the share of right names, NaN or empty where there is none.
    """

    tick: Ints
    error_V2: Floats
    accuracy: Floats

    def between(self, start: int, stop: int) -> Series:
        """The ticks start <= tick < stop."""
        part = (self.tick >= start) & (self.tick < stop)
        return Series(self.tick[part], self.error_V2[part], self.accuracy[part])

    @property
    def end(self) -> Series:
        """The last quarter: the plateau."""
        return self.between(int(self.tick[-last_quarter(len(self.tick))]), int(self.tick[-1]) + 1)

    @property
    def plateau_V2(self) -> float:
        return float(np.median(self.end.error_V2))


@dataclass(frozen=True)
class Stretch:
    """Ticks start..stop - 1 that are scored by themselves: a phase, or one target."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class History:
    """A run, with true values where the port knows them and measured ones elsewhere."""

    run: Record
    data: Columns
    virtual: bool
    every: Series  # error of the example learned at each tick
    tests: Series  # empty if no test set was measured
    stretches: list[Stretch]  # at least one: the run
    phases: bool  # whether the stretches are named
    cuts: list[tuple[int, str]]  # tick before which an edge was pulled

    @classmethod
    def of(cls, folder: RunFolder) -> Self:
        """Read the log. RunError if it is empty or damaged."""
        with understood(folder):
            return cls._of(folder)

    @classmethod
    def _of(cls, folder: RunFolder) -> Self:
        run, data = _checked(folder), columns(folder)
        tick = data["tick"]
        if not len(tick):
            raise RunError(f"{folder.path}: the log has no tick, there is nothing to draw; run at least 1 tick")
        virtual = "true_error_V2" in data
        errors = np.maximum(data["true_error_V2" if virtual else "error_V2"], FLOOR_V2)
        every = Series(tick, errors, np.full(len(tick), np.nan))
        tests, starts = _tests_and_phases(folder, "true_" if virtual else "", int(tick[-1]) + 1)
        phases = len(starts) > 1
        if not phases:
            size = run.get("block") or len(tick)
            starts = [(int(start), "") for start in tick[::size]]
        stops = [start for start, _ in starts[1:]] + [int(tick[-1]) + 1]
        stretches = [Stretch(name, start, stop) for (start, name), stop in zip(starts, stops, strict=True)]
        return cls(run, data, virtual, every, tests, stretches, phases, _cuts(run, stretches))

    @property
    def stop(self) -> int:
        """The tick after the last."""
        return self.stretches[-1].stop

    @property
    def block(self) -> int | None:
        """Ticks of a plateau, None if there is no fixed number."""
        return self.run.get("block")

    @property
    def mixed(self) -> bool:
        """Whether some phases have test sets and others have none, so that no score is of the whole."""
        return len({len(self.tests_of(one)) > 0 for one in self.stretches}) > 1

    def tests_of(self, one: Stretch) -> Ints:
        """Ticks of a stretch's test sets."""
        return self.tests.between(one.start, one.stop).tick

    def scored(self, one: Stretch | None = None) -> Series:
        """What counts in a stretch or in the whole run: the test sets where there are any, else every tick."""
        if one is None:
            return self.tests if len(self.tests.tick) else self.every
        if not len(self.tests_of(one)):
            return self.every.between(one.start, one.stop)
        return self.tests.between(one.start, one.stop + (one.stop == self.stop))  # with the final test set

    @property
    def levers(self) -> dict[str, list[str]]:
        """What goes beyond the plain rule, by whether an edge can do it alone; empty if nothing does."""
        used = dict(self.run.get("levers") or {})
        if self.run.get("amplify", 1) != 1:
            used["amplify"] = self.run["amplify"]
        words: dict[str, list[str]] = {}
        for name, value in used.items():
            words.setdefault(_EDGE if name in LOCAL else _SUPERVISOR, []).append(f"{name}={value}")
        if self.run.get("restore_best"):
            words.setdefault(_SUPERVISOR, []).append("restore best after the last tick")
        return words

    @property
    def finished(self) -> list[Stretch]:
        """Stretches that are scored: one that was broken off has no plateau, unless there is no other."""
        whole = [one for one in self.stretches if not self.block or one.stop - one.start >= self.block]
        return whole or self.stretches

    @property
    def outputs(self) -> list[str]:
        """Nodes that had a desired voltage at any tick; those of the placement first."""
        placed: list[str] = self.run["placement"]["outputs"]
        wanted = np.flatnonzero((~np.isnan(self.data["desired_V"])).any(axis=0))
        return placed + [node for node in (self.run["nodes"][i] for i in wanted) if node not in placed]

    @property
    def restless(self) -> bool:
        """Whether inputs or targets change too often for lines to be followed."""
        given = np.hstack([self.data["inputs_V"], self.data["desired_V"]])
        changes = ~((given[1:] == given[:-1]) | (np.isnan(given[1:]) & np.isnan(given[:-1]))).all(axis=1)
        return bool(changes.sum() > 0.1 * len(given))

    def present(self, tick: int) -> list[bool]:
        """Of each edge whether it was there at that tick."""
        gone = {edge for start, edge in self.cuts if start <= tick}
        return [edge not in gone for edge in self.run["edges"]]


def _checked(folder: RunFolder) -> Record:
    run, file = folder.run(), folder.path / "run.json"
    for key in ("task", "board", "nodes", "edges", "placement", "min_tap"):
        if key not in run:
            raise RunError(f"{file}: {key} is missing; the run did not get as far as its first tick")
    strange = set(run["placement"]["outputs"]) - set(run["nodes"])
    if strange:
        raise RunError(f"{file}: output {min(strange)} of placement is none of the nodes; correct it")
    return run


def _tests_and_phases(folder: RunFolder, kind: str, stop: int) -> tuple[Series, list[tuple[int, str]]]:
    """Test sets of the log and the one after it; each phase and its first tick."""
    tests: list[tuple[int, Record]] = []
    starts: list[tuple[int, str]] = []
    final: Record | None = None
    for record in folder.lines():
        phase = record.get("phase", "")
        if record.get("event") == "test":
            final = record
        if "event" in record:
            continue
        if not starts or phase != starts[-1][1]:
            starts.append((record["tick"], phase))
        if kind + "test_error_V2" in record:
            tests.append((record["tick"], record))
    final = final or (folder.summary() or {}).get("final_test")  # where older versions kept it
    tests += [(stop, final)] if final and kind + "test_error_V2" in final else []
    ticks = np.array([tick for tick, _ in tests], dtype=np.int64)
    try:
        errors, accuracies = (
            np.array([test.get(kind + name, np.nan) for _, test in tests], dtype=np.float64)
            for name in ("test_error_V2", "test_accuracy")
        )
    except (TypeError, ValueError) as error:
        raise RunError(f"{folder.path / 'ticks.jsonl'}: scores of a test set are no numbers ({error})") from error
    return Series(ticks, np.maximum(errors, FLOOR_V2), accuracies), starts


def _cuts(run: Record, stretches: list[Stretch]) -> list[tuple[int, str]]:
    """Edges pulled by the task, or by the script in the port's query."""
    cuts = [(one.start, one.name.removeprefix(PULLED)) for one in stretches if one.name.startswith(PULLED)]
    names = {edge.replace("-", ""): edge for edge in run["edges"]}
    for key, value in parse_qsl((run.get("port") or "").partition("?")[2]):
        tick, _, action = value.partition(":remove=")
        if key == "at" and action.replace("-", "") in names and tick.isdecimal():
            cuts.append((int(tick), names[action.replace("-", "")]))
    return sorted({(tick, edge) for tick, edge in cuts if tick < stretches[-1].stop})
