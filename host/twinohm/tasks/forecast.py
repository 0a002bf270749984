"""What can be said of a task before its run: what no network of resistors can do, and the best that one could do.

With diodes the range of its inputs still bounds every node (nothing amplifies), but the best linear network bounds
nothing any more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import UsageError
from twinohm.faces import option
from twinohm.model.board import Board
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.placement import Placement
from twinohm.model.reach import inputs_reaching
from twinohm.tasks.linear_limits import Limits, class_limits, difference_limits, output_limits
from twinohm.tasks.task import Lesson, Task

BETTER = 0.95  # of the error of the best constant: a network that is above it learns nothing
COMMON = 0.1  # of the error of the best constant: equal inputs of measured data that cost less are not worth a warning
REACHED_V = 0.01  # rms; a board that is so near has learned its task, whatever a constant does
ANYWAY = "--anyway runs it all the same"
BIASES_V = ((0.0,), (float(TASK_SPAN_V),), (0.0, float(TASK_SPAN_V)))

Floats = NDArray[np.float64]
Pulled = Iterable[tuple[int, str, bool]]  # tick, edge, whether it is there from then on


class Forecast(NamedTuple):
    """`impossible`: why the task cannot be learned, "" if it can. `remarks`: lines to show before a run."""

    impossible: str = ""
    remarks: tuple[str, ...] = ()

    def require_possible(self, anyway: bool) -> tuple[str, ...]:
        """Return the lines to show. Raises UsageError if the task is impossible and not to be run `anyway`."""
        if self.impossible and not anyway:
            raise UsageError(f"{self.impossible}; {ANYWAY}")
        return (*((self.impossible,) if self.impossible else ()), *self.remarks)


def forecast(task: Task, board: Board, placement: Placement | None = None, pulled: Pulled = ()) -> Forecast:
    """Return the forecast of a task; at a placement, if one is given, and with edges `pulled` or put back in the run.

    A task is impossible if no placement can have it. That this placement cannot is a remark.
    """
    impossible = "" if placement is None else _cut_off(task, board, placement, pulled)
    remarks: list[str] = []
    for lesson in task.lessons():
        anywhere = _LessonForecast(task, board, lesson)
        impossible = impossible or anywhere.beyond() or anywhere.hopeless()
        if not impossible:
            here = _LessonForecast(task, board, lesson, placement)
            if not here.limited:
                remarks += anywhere.remarks()
                continue
            if text := here.beyond() or here.hopeless():
                remarks.append(f"warning: {text}")
            remarks += here.remarks()
    return Forecast(impossible, tuple(remarks))


def _cut_off(task: Task, board: Board, placement: Placement, pulled: Pulled) -> str:
    """Return which output no input reaches from some tick on, "" if there is none."""
    absent: set[str] = set()
    events = sorted(pulled, key=lambda event: event[0])
    for k, (tick, edge, there) in enumerate(events):
        (absent.discard if there else absent.add)(edge)
        if k + 1 < len(events) and events[k + 1][0] == tick:
            continue
        for one in task.placements_used(placement):
            for output, inputs in zip(one.outputs, inputs_reaching(board, one, absent), strict=True):
                if not inputs:
                    return (
                        f"{task.source}: no input reaches output {output} from tick {tick} on, without "
                        f"{', '.join(sorted(absent))}; leave an edge there, or choose other nodes"
                    )
    return ""


@dataclass(frozen=True)
class _LessonForecast:
    """What can be said of a lesson of a task on a board. placement: None, if every input is to reach every output."""

    task: Task
    board: Board
    lesson: Lesson
    placement: Placement | None = None

    @cached_property
    def reach(self) -> Sequence[Sequence[int]]:
        """Indices of the inputs on which each output can depend."""
        if self.placement is not None and not self.lesson.labels:
            return inputs_reaching(self.board, self.placement)
        return [range(self.task.n_inputs)] * self.task.n_outputs

    @cached_property
    def limits(self) -> list[Limits]:
        """Limits of each output, or one of the classes."""
        return self._limits()

    @property
    def limited(self) -> bool:
        """Whether some input stands between another one and an output."""
        return any(len(reaching) < self.task.n_inputs for reaching in self.reach)

    # -- the maximum principle -----------------------------------------------------------------------------------

    def beyond(self) -> str:
        """Return the first target that lies outside the range of its inputs by more than a converter step."""
        if self.lesson.scattered:
            return ""
        found: list[tuple[str, float, float, float, int]] = []
        for name, inputs_V, desired_V in zip(
            self.lesson.names, self.lesson.inputs_V, self.lesson.desired_V, strict=True
        ):
            for k, target in enumerate(desired_V):
                low, high = self._range_V(k, inputs_V)
                if not low - self.board.count_V <= target <= high + self.board.count_V:
                    found.append((f"{name}: {self.lesson.outputs[k]}", target, low, high, k))
        if not found:
            return ""
        where, target, low, high, k = found[0]
        first = f" (the first of {len(found)} such targets)" if len(found) > 1 else ""
        inputs = f"{'differences of ' * self.lesson.pairs}{self._inputs_text(k)}"
        biases = [0.0] * any(target < low for _, target, low, _, _ in found)
        biases += [float(TASK_SPAN_V)] * any(target > high for _, target, _, high, _ in found)
        biases = [*BIASES_V[-1]] if self.lesson.pairs else biases
        return (
            f"{self.task.source}: {where} = {target:g} V is outside {low:g}..{high:g} V, the range of {inputs}{first}: "
            f"no network of resistors reaches it{self._nor_better()}; {self._advice([biases])}"
        )

    def _range_V(self, k: int, inputs_V: Sequence[float]) -> tuple[float, float]:
        """Return the least and the greatest voltage that an output, or a difference of two, can have for inputs."""
        ends = [[inputs_V[i] for i in self.reach[output]] for output in self._outputs_of(k)]
        if not self.lesson.pairs:
            return min(ends[0]), max(ends[0])
        plus_V, minus_V = ends
        return min(plus_V) - max(minus_V), max(plus_V) - min(minus_V)

    def _outputs_of(self, k: int) -> Sequence[int]:
        """Return the indices of the outputs that target k is of."""
        return range(2 * k, 2 * k + 2) if self.lesson.pairs else [k]

    def _inputs_text(self, k: int) -> str:
        """Return in words which inputs target k depends on."""
        if self.placement is None:
            return "its inputs"
        names = [self.placement.outputs[output] for output in self._outputs_of(k)]
        return f"the inputs that reach node{'s' * (len(names) > 1)} {' and '.join(names)}"

    def _nor_better(self) -> str:
        """Return that no network is better than a constant either, "" if one is."""
        if self.lesson.labels or not self.hopeless():
            return ""
        network, constant = (f"{_rms_mV(errors):.1f} mV rms" for errors in _both(self.limits))
        return f", and none is better than a constant answer, {network} against {constant}"

    # -- the best linear network ---------------------------------------------------------------------------------

    @cached_property
    def biases_help(self) -> bool:
        """Whether the best network is no better than a constant, but would be with biases that the board has room for.

        Then it is a warning: the same task with other inputs can be learned.
        """
        return not self.lesson.labels and not self.limited and bool(self._all_hopeless and self._helpful(BIASES_V))

    @cached_property
    def _all_hopeless(self) -> bool:
        """Whether the best network is no better than a constant at any output, which is not good enough either."""
        return not self.board.diodes and self.lesson.together and all(map(self._is_hopeless, self.limits))

    def hopeless(self) -> str:
        """Return why the task cannot be learned: the best network is no better than a constant. "" if it can."""
        return self._hopeless_text() if self._all_hopeless and not self.biases_help else ""

    def _hopeless_text(self) -> str:
        limits = self.limits
        if self.lesson.labels:
            network, constant = (f"{100 * (1 - wrong):.1f} %" for wrong in _errors(limits))
            text = (
                f"no network of resistors names the classes better than the most frequent class does: {network} right "
                f"against {constant}"
            )
        else:
            network, constant = (f"{_rms_mV(errors):.1f} mV rms" for errors in _both(limits))
            text = f"no network of resistors is better than a constant answer: {network} against {constant}"
        return f"{self.task.source}: {text}; {self._advice(() if self.lesson.labels else BIASES_V)}"

    def remarks(self) -> list[str]:
        """Return the best that a network could do, and warnings of what stands against it."""
        if not self.lesson.together or self.board.diodes:
            return []
        limits = self.limits
        shown = [f"warning: {self._hopeless_text()}"] if self.biases_help else []
        if self.lesson.labels:
            network, constant = (f"{100 * (1 - wrong):.1f} %" for wrong in _errors(limits))
            best = f"best network of resistors: about {network} right, the most frequent class {constant}"
            unavoidable = f"at best {100 * (1 - limits[0].contradictions):.1f} % can be right"
        else:
            network, constant = (f"{_rms_mV(errors):.1f} mV rms" for errors in _both(limits))
            best = f"best network of resistors: {network}, best constant {constant}"
            unavoidable = f"no answer is better than {_rms_mV([one.contradictions for one in limits]):.1f} mV rms"
            for output, one in zip(self.lesson.outputs, limits, strict=True):
                if self._is_hopeless(one) and not self.biases_help:
                    errors = f"{_rms_mV([one.network]):.1f} mV rms against {_rms_mV([one.constant]):.1f}"
                    shown.append(f"warning: no network of resistors gives {output} better than a constant, {errors}")
        common = self.lesson.scattered and _sum(limits, "contradictions") < COMMON * _sum(limits, "constant")
        if not common and (pair := self._contradiction()):
            shown.append(f"warning: {pair[0]} and {pair[1]} have equal inputs and different targets; {unavoidable}")
        return [*shown, f"{best} ({len(self.lesson.learned)} training rows)"]

    def _limits(self, more: Sequence[Sequence[float]] = ()) -> list[Limits]:
        """Return `limits` as they would be with more inputs, (inputs, rows) in V."""
        learned = self.lesson.learned
        inputs_V = np.array([[*self.lesson.inputs_V[row], *(column[row] for column in more)] for row in learned])
        if self.lesson.labels:
            return [class_limits(inputs_V, np.array([self.lesson.labels[row] for row in learned]), self.board.count_V)]
        desired_V = np.array([self.lesson.desired_V[row] for row in learned])
        n = len(self.lesson.inputs_V[0])
        columns = [[*reach, *range(n, n + len(more))] for reach in self.reach]
        if self.lesson.pairs:
            ends = list(zip(columns[::2], columns[1::2], strict=True))
            return [difference_limits(inputs_V, desired_V[:, k], both) for k, both in enumerate(ends)]
        return [output_limits(inputs_V[:, columns[k]], desired_V[:, k]) for k in range(desired_V.shape[1])]

    def _is_hopeless(self, limits: Limits) -> bool:
        if self.lesson.labels:
            return limits.constant > 0 and limits.network > BETTER * limits.constant
        return limits.network > max(REACHED_V**2, BETTER**2 * limits.constant)

    def _contradiction(self) -> tuple[str, str] | None:
        """Return the names of the first two learned rows of equal inputs whose targets differ by more than a step."""
        first: dict[tuple[float, ...], int] = {}
        for row in self.lesson.learned:
            before = first.setdefault(tuple(self.lesson.inputs_V[row]), row)
            if self.lesson.labels:
                differ = self.lesson.labels[row] != self.lesson.labels[before]
            else:
                pairs = zip(self.lesson.desired_V[row], self.lesson.desired_V[before], strict=True)
                differ = any(abs(a - b) > self.board.count_V for a, b in pairs)
            if differ:
                return self.lesson.names[before], self.lesson.names[row]
        return None

    # -- advice --------------------------------------------------------------------------------------------------

    def _advice(self, candidates: Iterable[Sequence[float]]) -> str:
        """Return what helps: other nodes, the first of `candidates` (volts of constant inputs), or 5 V - x."""
        if self.limited:
            return "choose other nodes, `twinohm place` searches them"
        if advice := self._helpful(candidates):
            return advice
        complement, advice = self.task.advise_complement()
        if complement and self._room >= len(complement) and self._learnable(complement):
            return advice
        return f"more inputs of constant volts do not help{self._advise_diode()}"

    def _advise_diode(self) -> str:
        """Return how a diode makes the task one that can be learned, perhaps, "" on boards that take none."""
        if self.board.wired and not self.board.node_headers:
            return ""
        if self.lesson.pairs:
            return ", a diode may: `twinohm place --diodes 1` searches nodes for it"
        return f", {option('difference')} and a diode may" if self.lesson.scattered else ""

    @property
    def _room(self) -> int:
        """How many more inputs the board has nodes for."""
        room = len(self.board.nodes) if self.board.capabilities.free_roles else 0
        return room - self.task.n_inputs - self.task.n_outputs

    def _helpful(self, candidates: Iterable[Sequence[float]]) -> str:
        """Return how to add the first biases of `candidates` with which the task can be learned, "" without any."""
        for biases in candidates:
            if len(biases) <= self._room and self._learnable([[bias] * len(self.lesson.inputs_V) for bias in biases]):
                if advice := self.task.advise_biases(biases):
                    return advice
        return ""

    def _learnable(self, more: Sequence[Sequence[float]]) -> bool:
        """Return whether a network is better than a constant with more inputs, (inputs, rows) in V."""
        return not (self.lesson.together and all(map(self._is_hopeless, self._limits(more))))


def _sum(limits: Sequence[Limits], name: str) -> float:
    return float(sum(getattr(one, name) for one in limits))


def _errors(limits: Sequence[Limits]) -> tuple[float, float]:
    """Return the mean errors of the best network and of the best constant, with what contradictions cost."""
    network, constant = _both(limits)
    return float(np.mean(network)), float(np.mean(constant))


def _both(limits: Sequence[Limits]) -> tuple[list[float], list[float]]:
    """Return the errors of the best network and of the best constant at each output."""
    return [one.network + one.contradictions for one in limits], [one.constant + one.contradictions for one in limits]


def _rms_mV(mean_squares_V2: Sequence[float]) -> float:
    """Return the root of the mean of `mean_squares_V2`, in mV."""
    return 1000 * float(np.sqrt(np.mean(mean_squares_V2)))
