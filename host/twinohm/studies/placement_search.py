"""Search placements of a task with the ensemble engine, ranked by the lower quartile of scores over hardware seeds.

The first stage tries many candidates (studies/candidates.py) on few hardware seeds, later ones fewer on more, and the
last the best on seeds that no stage has seen. Every result is written to a file at once, with the key of its search; a
search that was stopped continues from those with its own key.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby, islice
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np

from twinohm.errors import UsageError
from twinohm.files import check_ending, check_place
from twinohm.job_runner import JobRunner
from twinohm.json_records import RecordType
from twinohm.keys import content_key
from twinohm.model.board import Board
from twinohm.model.current_limits import check_currents
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.model.profile import Profile
from twinohm.model.unused_settings import refuse_unused
from twinohm.studies.candidates import Candidate
from twinohm.studies.kept_lines import append_lines, read_lines
from twinohm.tasks.task import Task
from twinohm.version import __version__

STAGES = ((8, 300), (32, 60), (64, 12))  # hardware seeds, placements that go on
FRESH = 64
TEST_EVERY, MOST_TESTS = 20, 20  # ticks; oftener only costs time
BATCH = 2048  # replicas at once
TRAP_ACCURACY = 0.94  # an untrained board that is this good
TRAP_RMS_V = 0.05


@dataclass(frozen=True)
class Search:
    """What the result of a placement depends on, but for its hardware seeds; workers unpickle it."""

    task: Task
    board: Board
    profile: Profile

    @property
    def key(self) -> str:
        """Key of all results of this search."""
        board = self.board.model_dump(mode="json", exclude={"name"})
        return content_key(
            version=__version__, task=self.task, board=board, profile=self.profile, tests=(TEST_EVERY, MOST_TESTS)
        )


@dataclass(frozen=True)
class Found:
    """A candidate's results over hardware seeds: orders of the plateau, or share of the test set named right."""

    candidate: Candidate
    values: tuple[float, ...]
    first: float  # median accuracy, or rms error in V, before training
    rms_V: float  # median of the plateau
    classes: bool = False  # values and first are accuracies

    @cached_property
    def lower_quartile(self) -> float:
        return float(np.percentile(self.values, 25))


def check_searchable(task: Task, board: Board, limit: int | None = None, diodes: int | None = None) -> None:
    """Raise UsageError if the task does not fit the board, places its nodes itself, or has one placement there."""
    if "placement" in task.unused:
        raise UsageError(
            f"{task.unused['placement']}: there is no placement to search for; search for those of its tasks"
        )
    task.placement_on(board)
    if not board.capabilities.free_roles:
        why = f"the nodes of {board.name} are soldered, it has one placement"
        refuse_unused({"limit": limit, "diodes": diodes}, {"limit": why, "diodes": why})


def evaluate(search: Search, candidates: Sequence[Candidate], seeds: Sequence[int]) -> list[Found]:
    """Train at every candidate on every hardware seed by the paper's plain rule; return results in their order."""
    found: list[Found] = []
    for diodes, alike in groupby(candidates, lambda one: one.diodes):
        task = replace(search.task, diodes=diodes)
        found += _evaluate_alike(task, search, list(alike), seeds)
    return found


def _evaluate_alike(
    task: Task, search: Search, candidates: Sequence[Candidate], seeds: Sequence[int]
) -> Iterator[Found]:
    """Yield the results of candidates that have the diodes of `task`, in their order."""
    from twinohm.ensemble import Ensemble
    from twinohm.studies.ensemble_run import TaskOnEnsemble

    task = task.tested_every(max(TEST_EVERY, task.ticks // MOST_TESTS))
    ensemble = Ensemble(task.plugged(search.board), search.profile, list(seeds) * len(candidates))
    each = [one.placement for one in candidates for _ in seeds]
    scored = TaskOnEnsemble(task, ensemble, each, task.eta, task.ticks, task.levers(Levers())).run().scores()
    for k, candidate in enumerate(candidates):
        mine = scored[k * len(seeds) : (k + 1) * len(seeds)]
        rms_V = float(np.median([scores.true_rms_plateau_V for scores in mine]))
        named = [(s.true_accuracy_first, s.true_accuracy) for s in mine if s.true_accuracy is not None]
        if named:
            first, values = zip(*named, strict=True)
        else:
            first = tuple(scores.true_mse_first**0.5 for scores in mine)
            values = tuple(scores.true_orders_plateau for scores in mine)
        yield Found(candidate, values, float(np.median(first)), rms_V, classes=bool(named))


@dataclass(frozen=True)
class _Line:
    """A line of the file of results. `key`: of its search, "" in files of versions that had none."""

    stage: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    values: tuple[float, ...]
    first: float
    rms_V: float
    classes: bool
    key: str = ""
    diodes: tuple[str, ...] = ()

    @property
    def candidate(self) -> Candidate:
        return Candidate(Placement(self.inputs, self.outputs), self.diodes)


_LINE = RecordType[_Line](_Line)


class Notebook:
    """Results in a file, one line each, by stage and candidate. A torn line is left out, and so searched again.

    Only lines with `key` are used; `others` counts the rest, which stay in the file. Raises UsageError, naming file and
    line, for a line that is not a result.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self.others = 0
        self._known: dict[tuple[str, Candidate], Found] = {}
        check_place(path)
        check_ending(path, "a list of results, one JSON object a line,", ".jsonl")
        for line in read_lines(path, _LINE) if path.exists() else ():
            if line.key != key:
                self.others += 1
                continue
            candidate = line.candidate
            self._known[line.stage, candidate] = Found(candidate, line.values, line.first, line.rms_V, line.classes)

    def known(self, stage: str, candidates: Iterable[Candidate]) -> list[Found]:
        """Return the results of a stage that are there already."""
        return [self._known[stage, candidate] for candidate in candidates if (stage, candidate) in self._known]

    def add(self, stage: str, results: Sequence[Found]) -> None:
        """Append results of a stage to the file. Raises DiskError if it cannot be written."""
        lines = [
            _Line(
                stage, *one.candidate.placement, one.values, one.first, one.rms_V, one.classes, self._key,
                one.candidate.diodes,
            )
            for one in results
        ]  # fmt: skip
        append_lines(self._path, [json.dumps(vars(line)) for line in lines])
        self._known |= {(stage, one.candidate): one for one in results}


def place(
    search: Search,
    candidates: list[Candidate],
    notebook: Notebook,
    progress: Callable[[str, int, int], None],
    first_seed: int = 50_000,
    scheduler: str | None = None,
) -> list[Found]:
    """Return the best candidates, on fresh seeds, best first. `progress` is called with (stage, done, all).

    scheduler: where, as of JobRunner.

    Candidates at which a driver could pass its limit are left out, since a run there is refused.
    """
    seed = first_seed
    stages = [*STAGES, (FRESH, STAGES[-1][1])]
    with JobRunner(scheduler) as runner:
        for number, (n_seeds, keep) in enumerate(stages):
            stage = f"stage {number + 1} of {len(stages)}: {n_seeds} hardware seeds from {seed}"
            seeds = range(seed, seed + n_seeds)
            seed += n_seeds
            done = notebook.known(stage, candidates)
            known = {found.candidate for found in done}
            left = sorted((one for one in candidates if one not in known), key=lambda one: one.diodes)  # run together
            size = max(1, BATCH // n_seeds)
            batches = [left[at : at + size] for at in range(0, len(left), size)]
            progress(stage, len(done), len(candidates))
            for _, results in runner.results(partial(evaluate, search, seeds=seeds), batches):
                notebook.add(stage, results)
                done += results
                progress(stage, len(done), len(candidates))
            ranked = sorted(done, key=lambda found: (-found.lower_quartile, found.rms_V, found.candidate))
            allowed = (found for found in ranked if number or _is_allowed(search, found.candidate))
            ranked = list(islice(allowed, keep))
            if not ranked:
                raise UsageError(
                    f"{search.task.name}: at every placement a driver of {search.board.name} passes its limit"
                )
            candidates = [found.candidate for found in ranked]
    return ranked


def _is_allowed(search: Search, candidate: Candidate) -> bool:
    """Return whether no driver can pass its limit at a candidate."""
    try:
        check_currents(replace(search.task, diodes=candidate.diodes).plugged(search.board), *candidate.placement)
    except UsageError:
        return False
    return True


class PlaceRow(TypedDict):
    """A row of the table of `twinohm place`; scores are orders, or shares of right classes."""

    place: str
    diodes: NotRequired[str]  # "C>A,D>B", if any candidate has one
    lower_quartile: float
    median: float
    before_training: float
    rms_plateau_mV: float
    warning: str


def rows(ranked: Sequence[Found]) -> list[PlaceRow]:
    """Return the table of `twinohm place`, with a warning where nothing needs to be learned."""
    table: list[PlaceRow] = []
    plugged = any(found.candidate.diodes for found in ranked)
    for found in ranked:
        trap = found.first >= TRAP_ACCURACY if found.classes else found.first <= TRAP_RMS_V
        placement, diodes = found.candidate
        row: PlaceRow = {
            "place": placement.text,
            "diodes": ",".join(diodes),
            "lower_quartile": found.lower_quartile,
            "median": float(np.median(found.values)),
            "before_training": found.first,
            "rms_plateau_mV": 1000 * found.rms_V,
            "warning": "needs no training" if trap else "",
        }
        if not plugged:
            del row["diodes"]
        table.append(row)
    return table
