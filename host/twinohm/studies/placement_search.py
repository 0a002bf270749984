"""Search placements of a task with the ensemble engine, ranked by the lower quartile of scores over hardware seeds.

The first stage tries many placements on few hardware seeds, later ones fewer on more, and the last the best on seeds
that no stage has seen. Every result is written to a file at once, with the key of its search; a search that was stopped
continues from those with its own key.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from itertools import combinations, permutations
from math import comb, perm
from pathlib import Path
from typing import TypedDict

import numpy as np
from pydantic import TypeAdapter

from twinohm.errors import UsageError
from twinohm.files import check_ending, check_place
from twinohm.keys import content_key
from twinohm.model.board import Board
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.model.profile import Profile
from twinohm.model.random_streams import PLACEMENTS
from twinohm.model.unused_settings import refuse_unused
from twinohm.processes import Workers
from twinohm.studies.kept_lines import append_lines, read_lines
from twinohm.tasks.task import Task
from twinohm.version import __version__

STAGES = ((8, 300), (32, 60), (64, 12))  # hardware seeds, placements that go on
FRESH = 64
TEST_EVERY = 20  # ticks; oftener only costs time
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
            version=__version__, task=self.task, board=board, profile=self.profile, test_every=TEST_EVERY
        )


@dataclass(frozen=True)
class Found:
    """A placement's results over hardware seeds: orders of the plateau, or share of the test set named right."""

    placement: Placement
    values: tuple[float, ...]
    first: float  # median accuracy, or rms error in V, before training
    rms_V: float  # median of the plateau
    classes: bool = False  # values and first are accuracies

    @property
    def lower_quartile(self) -> float:
        return float(np.percentile(self.values, 25))


def check_searchable(task: Task, board: Board, limit: int | None = None) -> None:
    """Raise UsageError if the task does not fit the board, places its nodes itself, or has one placement there."""
    if "placement" in task.unused:
        raise UsageError(
            f"{task.unused['placement']}: there is no placement to search for; search for those of its tasks"
        )
    task.placement_on(board)
    if not board.capabilities.free_roles:
        refuse_unused({"limit": limit}, {"limit": f"the nodes of {board.name} are soldered, it has one placement"})


def candidates(task: Task, board: Board, limit: int, seed: int = 0) -> list[Placement]:
    """Return all placements that differ, or `limit` of them drawn at random. Raises UsageError if there is none.

    None drives both ends of a diode.
    """
    measured = [name for name in board.nodes if name in board.capabilities.measures_free]
    if not board.capabilities.free_roles:
        return [task.placement_on(board)]
    # Outputs that shall always be equal can change places; their order then says nothing.
    alike = bool(task.examples) and all(len(set(desired)) == 1 for _, desired in task.examples)
    choose = combinations if alike else permutations
    spare = len(board.nodes) - task.n_inputs
    total = perm(len(board.nodes), task.n_inputs) * (comb if alike else perm)(max(spare, 0), task.n_outputs)
    if total == 0:
        needed = task.n_inputs + task.n_outputs
        raise UsageError(f"{task.name} needs {needed} nodes; {board.name} has {len(board.nodes)}")
    ends = [{diode.anode, diode.cathode} for diode in task.plugged(board).diodes]
    if total <= limit:
        return [
            Placement(inputs, outputs)
            for inputs in permutations(board.nodes, task.n_inputs)
            for outputs in choose([name for name in measured if name not in inputs], task.n_outputs)
            if not any(pair <= {*inputs, *outputs} for pair in ends)
        ]
    random = PLACEMENTS.generator(seed)
    drawn: dict[Placement, None] = {}
    while len(drawn) < limit:
        names = random.permutation(board.nodes).tolist()[: task.n_inputs + task.n_outputs]
        inputs, outputs = tuple(names[: task.n_inputs]), tuple(names[task.n_inputs :])
        if set(outputs) <= set(measured) and not any(pair <= {*inputs, *outputs} for pair in ends):
            drawn[Placement(inputs, tuple(sorted(outputs)) if alike else outputs)] = None
    return list(drawn)


def evaluate(search: Search, placements: Sequence[Placement], seeds: Sequence[int]) -> list[Found]:
    """Train every placement on every hardware seed by the paper's plain rule; return results in their order."""
    from twinohm.ensemble import Ensemble
    from twinohm.studies.ensemble_run import TaskOnEnsemble

    task = search.task.tested_every(TEST_EVERY)
    ensemble = Ensemble(task.plugged(search.board), search.profile, list(seeds) * len(placements))
    each = [placement for placement in placements for _ in seeds]
    scored = TaskOnEnsemble(task, ensemble, each, task.eta, task.ticks, task.levers(Levers())).run().scores()
    found = []
    for k, placement in enumerate(placements):
        mine = scored[k * len(seeds) : (k + 1) * len(seeds)]
        rms_V = float(np.median([scores.true_rms_plateau_V for scores in mine]))
        named = [(s.true_accuracy_first, s.true_accuracy) for s in mine if s.true_accuracy is not None]
        if named:
            first, values = zip(*named, strict=True)
        else:
            first = tuple(scores.true_mse_first**0.5 for scores in mine)
            values = tuple(scores.true_orders_plateau for scores in mine)
        found.append(Found(placement, values, float(np.median(first)), rms_V, classes=bool(named)))
    return found


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


_LINE = TypeAdapter(_Line)


class Notebook:
    """Results in a file, one line each, by stage and placement. A torn line is left out, and so searched again.

    Only lines with `key` are used; `others` counts the rest, which stay in the file. Raises UsageError, naming file and
    line, for a line that is not a result.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self.others = 0
        self._known: dict[tuple[str, Placement], Found] = {}
        check_place(path)
        check_ending(path, "a list of results, one JSON object a line,", ".jsonl")
        for line in read_lines(path, _LINE) if path.exists() else ():
            if line.key != key:
                self.others += 1
                continue
            placement = Placement(line.inputs, line.outputs)
            self._known[line.stage, placement] = Found(placement, line.values, line.first, line.rms_V, line.classes)

    def known(self, stage: str, placements: Iterable[Placement]) -> list[Found]:
        """Return the results of a stage that are there already."""
        return [self._known[stage, placement] for placement in placements if (stage, placement) in self._known]

    def add(self, stage: str, results: Sequence[Found]) -> None:
        """Append results of a stage to the file. Raises DiskError if it cannot be written."""
        lines = [
            _Line(stage, *found.placement, found.values, found.first, found.rms_V, found.classes, self._key)
            for found in results
        ]
        append_lines(self._path, [json.dumps(vars(line)) for line in lines])
        self._known |= {(stage, found.placement): found for found in results}


def place(
    search: Search,
    placements: list[Placement],
    notebook: Notebook,
    progress: Callable[[str, int, int], None],
    first_seed: int = 50_000,
) -> list[Found]:
    """Return the best placements, on fresh seeds, best first. `progress` is called with (stage, done, all)."""
    seed = first_seed
    stages = [*STAGES, (FRESH, STAGES[-1][1])]
    with Workers() as pool:
        for number, (n_seeds, keep) in enumerate(stages):
            stage = f"stage {number + 1} of {len(stages)}: {n_seeds} hardware seeds from {seed}"
            seeds = range(seed, seed + n_seeds)
            seed += n_seeds
            done = notebook.known(stage, placements)
            left = [p for p in placements if p not in {found.placement for found in done}]
            size = max(1, BATCH // n_seeds)
            batches = [left[at : at + size] for at in range(0, len(left), size)]
            futures = [pool.submit(evaluate, search, batch, seeds) for batch in batches]
            progress(stage, len(done), len(placements))
            for future in as_completed(futures):
                results = future.result()
                notebook.add(stage, results)
                done += results
                progress(stage, len(done), len(placements))
            ranked = sorted(done, key=lambda found: -found.lower_quartile)
            placements = [found.placement for found in ranked[:keep]]
    return ranked


class PlaceRow(TypedDict):
    """A row of the table of `twinohm place`; scores are orders, or shares of right classes."""

    place: str
    lower_quartile: float
    median: float
    before_training: float
    rms_plateau_mV: float
    warning: str


def rows(ranked: Sequence[Found]) -> list[PlaceRow]:
    """Return the table of `twinohm place`, with a warning where nothing needs to be learned."""
    table: list[PlaceRow] = []
    for found in ranked:
        trap = found.first >= TRAP_ACCURACY if found.classes else found.first <= TRAP_RMS_V
        inputs, outputs = found.placement
        table.append(
            {
                "place": ",".join((*inputs, *outputs)),
                "lower_quartile": found.lower_quartile,
                "median": float(np.median(found.values)),
                "before_training": found.first,
                "rms_plateau_mV": 1000 * found.rms_V,
                "warning": "needs no training" if trap else "",
            }
        )
    return table
