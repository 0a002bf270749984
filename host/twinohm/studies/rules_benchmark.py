"""Compare rules of learning: the same boards, placements and ticks, with settings chosen on boards of their own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from twinohm.errors import TwinOhmError
from twinohm.extras import install_command
from twinohm.keys import content_key
from twinohm.model.board_file import load_board
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.model.profile import profile_from
from twinohm.model.rules import RULES, LearningRule
from twinohm.model.settling import settling_us
from twinohm.runlog.intervals import Interval, median_interval, quartiles, share_interval
from twinohm.studies.claims import FOLLOWED_V, NAMED
from twinohm.studies.kept_results import UNFINISHED, KeptResults
from twinohm.tasks import find_task
from twinohm.tasks.baselines import AFFINE, CHANCE, CONSTANT, LDA, LOGISTIC, NETWORK, baselines
from twinohm.tasks.regression import Regression
from twinohm.tasks.task import Block, Infer, Task
from twinohm.tasks.user import UserTask
from twinohm.version import __version__

if TYPE_CHECKING:
    from twinohm.ensemble import Ensemble

Floats = NDArray[np.float64]
Changes = tuple[tuple[str, str], ...]

BOARD = "lab16"
FIRST_SEARCHED = 90_000  # hardware seeds on which settings are chosen; no placement was searched there
SEARCHED = 32
BASELINE_SEEDS = 16  # draws of the data that baselines are fitted on
UNTRAINED, BASELINE = "untrained", "baseline"
FOLLOWED_MV = 1000 * FOLLOWED_V
WINE = ("alcohol", "flavanoids", "od280/od315_of_diluted_wines", "proline")
TESTED_EVERY = 10
HELD_TESTS = 10  # whose mean is within the bound where a board has learned
DESCENT = "descent"
END = " (end of range)"
SHOWN_BASELINES = (CHANCE, CONSTANT, NETWORK, AFFINE, LOGISTIC, LDA)


@dataclass(frozen=True)
class Contest:
    """What every rule is measured by. A board reaches it with a score of `bound`: at most, or at least if in %.

    timed: whether the ticks until it is reached are measured.
    """

    name: str
    about: str
    unit: str  # mV or %
    bound: float
    timed: bool = True

    @property
    def in_percent(self) -> bool:
        """Whether the score is a share of right classes, so that more is better."""
        return self.unit == "%"

    def reaches(self, scores: Floats) -> NDArray[np.bool_]:
        """Return of each score whether it is reached."""
        return scores >= self.bound - 1e-9 if self.in_percent else scores <= self.bound


CONTESTS: Mapping[str, Contest] = {
    one.name: one
    for one in (
        Contest("allostery", "plateau of the task allostery", "mV", FOLLOWED_MV),
        Contest("regression", "plateau of the task regression", "mV", FOLLOWED_MV),
        Contest("iris", "flowers of the test set named rightly", "%", 100 * NAMED),
        Contest("wine", "wines of the test set named rightly, by four of their columns", "%", 92.0),
        Contest("xor", "patterns named rightly, with a diode", "%", 100.0),
        Contest("cycle", "two tasks in turn, 50 ticks each: error of both", "mV", FOLLOWED_MV),
        Contest("forgetting", "error of a first task after a second was learned", "mV", FOLLOWED_MV, timed=False),
    )
}


@dataclass(frozen=True)
class Outcome:
    """Scores of a rule on boards, (boards,) each.

    score, untrained: in the contest's unit. loss: what settings are chosen by. learned_at: the tick of the first of
    HELD_TESTS successive tests whose mean is within the bound, None if there are none such, empty if the contest is not
    timed. answer_nJ: energy of the free network for the settling time of its placement. Of forgetting, learned_mV: the
    error of the first task before the second is learned, and second_mV: that of the second after it.
    """

    score: tuple[float, ...]
    untrained: tuple[float, ...]
    loss: float
    learned_at: tuple[int | None, ...]
    answer_nJ: tuple[float, ...]
    learned_mV: tuple[float, ...] = ()
    second_mV: tuple[float, ...] = ()


@dataclass(frozen=True)
class Point:
    """Median and quartiles of a curve at x."""

    x: int
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Job:
    """A rule in a contest, or on DESCENT: settings are chosen on the boards `searched`, scores are those of `seeds`."""

    contest: str
    rule: str
    seeds: tuple[int, ...]
    searched: tuple[int, ...]
    profile: str
    changes: Changes = ()


@dataclass(frozen=True)
class Result:
    """What came of a job: the settings that were chosen, the outcome with them (None: DESCENT), and curves by name."""

    job: Job
    eta: float
    strength: float | None
    outcome: Outcome | None
    curves: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)


def require_libraries() -> None:
    """Raise TwinOhmError if a library is missing that the data need."""
    find_task("iris").require_libraries()


@cache
def task_of(contest: str) -> Task:
    """Return the task of a contest that is one."""
    if contest == "wine":
        return _wine(Wine, 0)
    task = find_task(contest)
    return task.tested_every(TESTED_EVERY) if isinstance(task, Regression) else task


class Wine(UserTask):
    """Wines of which each seed draws other test rows. The nodes are those that fit the training rows of seed 0."""

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of the wines as this seed splits them."""
        return _wine(UserTask, seed).blocks(ticks, seed, infer)


@cache
def _wine(kind: type[UserTask], seed: int) -> UserTask:
    """Return the wines with the test rows of a seed."""
    try:
        from sklearn.datasets import load_wine
    except ImportError as error:
        raise TwinOhmError(f"wine takes its data from scikit-learn: {install_command('iris')}") from error
    data = load_wine(as_frame=True)
    return kind.from_arrays(data.data[list(WINE)], data.target, classes=True, name="wine", split_seed=seed)


def settings(rule: LearningRule) -> list[tuple[float, float | None]]:
    """Return all (eta, strength) that are tried of a rule."""
    return list(product(rule.etas, rule.tried or (None,)))


def run_job(job: Job) -> Result:
    """Choose the settings of a rule on some boards, and measure it on others."""
    rule = RULES[job.rule]
    contest = "regression" if job.contest == DESCENT else job.contest
    tried = settings(rule)
    searched = _Boards(contest, job, job.searched)
    losses = [searched.outcome(rule.with_strength(strength), eta).loss for eta, strength in tried]
    eta, strength = tried[int(np.argmin(losses))]
    chosen = rule.with_strength(strength)
    boards = _Boards(contest, job, job.seeds)
    if job.contest == DESCENT:
        return Result(job, eta, strength, None, boards.descent(chosen, eta))
    curves = boards.cycles(chosen, eta) if job.contest == "cycle" else {}
    return Result(job, eta, strength, boards.outcome(chosen, eta), curves)


class _Boards:
    """The boards of a job: ensembles by rule, as the contest's task needs them."""

    def __init__(self, contest: str, job: Job, seeds: Sequence[int]) -> None:
        self._contest, self._seeds = CONTESTS[contest], list(seeds)
        self._profile = profile_from(job.profile, dict(job.changes))
        self._step_mV = 1000 * load_board(BOARD).count_V
        self._drawn: Ensemble | None = None

    def _ensemble(self, rule: LearningRule, task: Task | None = None) -> "Ensemble":
        """Return the boards of a contest, which has one board or task, training by a rule."""
        from twinohm.ensemble import Ensemble
        from twinohm.ensemble.by_rule import EnsembleByRule

        board = load_board(BOARD)
        board = board if task is None else task.plugged(board)
        if self._drawn is None:
            kind = Ensemble if rule.steps is None else partial(EnsembleByRule, rule.steps)
            self._drawn = kind(board, self._profile, self._seeds, calibrated=True)
        if rule.steps is None:
            return self._drawn
        assert isinstance(self._drawn, EnsembleByRule)
        return self._drawn.stepping(rule.steps)

    def outcome(self, rule: LearningRule, eta: float) -> Outcome:
        """Return what a rule reaches."""
        if self._contest.name == "cycle":
            return self._cycle(rule, eta)
        if self._contest.name == "forgetting":
            return self._forgetting(rule, eta)
        return self._task(rule, eta)

    def _task(self, rule: LearningRule, eta: float) -> Outcome:
        from twinohm.studies.ensemble_run import TaskOnEnsemble

        task = task_of(self._contest.name)
        ensemble = self._ensemble(rule, task)
        placement = task.placement_on(ensemble.board)
        done = TaskOnEnsemble(task, ensemble, placement, eta, task.ticks, _levers(rule, task.levers(Levers()))).run()
        scores = done.scores()
        (series,) = done.phases.values()
        nJ = self._answer_nJ(ensemble, placement, done.taps, _inputs_V(task))
        if self._contest.in_percent:
            named = 100 * np.concatenate(series.accuracies, axis=1)
            every = -(-task.ticks // (named.shape[1] - 1))
            last = 100 * np.array([one.true_accuracy for one in scores], float)
            first = 100 * np.array([one.true_accuracy_first for one in scores], float)
            return _outcome(last, first, float(100 - last.mean()), self._learned_at(named, every), nJ)
        errors_V2 = np.concatenate(series.tests or series.errors, axis=1)
        every = TESTED_EVERY if series.tests else 1
        rms = np.array([1000 * one.true_rms_plateau_V for one in scores])
        first = np.array([1000 * one.true_mse_first**0.5 for one in scores])
        return self._of_errors(rms, first, float(np.median(rms)), self._learned_at(_mV2(errors_V2), every), nJ)

    def _cycle(self, rule: LearningRule, eta: float) -> Outcome:
        from twinohm.studies.rule_experiments import INPUTS_V, PERIOD, placement, run_cycle

        ensemble = self._ensemble(rule)
        done = run_cycle(ensemble, eta, _levers(rule, Levers()), PERIOD)
        nJ = self._answer_nJ(ensemble, placement(), done.state.taps, INPUTS_V)
        rms, first = 1000 * done.rms_V, 1000 * np.sqrt(done.error_V2[:, 0])
        return self._of_errors(rms, first, float(np.median(rms)), self._learned_at(_mV2(done.error_V2), PERIOD), nJ)

    def _forgetting(self, rule: LearningRule, eta: float) -> Outcome:
        from twinohm.studies.rule_experiments import INPUTS_V, placement, run_forgetting

        ensemble = self._ensemble(rule)
        done = run_forgetting(ensemble, eta, _levers(rule, Levers()))
        nJ = self._answer_nJ(ensemble, placement(), done.state.taps, INPUTS_V)
        both = 1000 * np.sqrt((done.forgotten**2 + done.second**2) / 2)  # a rule that learns nothing forgets nothing
        outcome = self._of_errors(1000 * done.forgotten, 1000 * done.first, float(np.median(both)), (), nJ)
        learned, second = (tuple((1000 * error_V).tolist()) for error_V in (done.learned, done.second))
        return replace(outcome, learned_mV=learned, second_mV=second)

    def _of_errors(self, rms_mV: Floats, *others: Any) -> Outcome:
        """Return an outcome of errors: one below a step of the converters counts as one step."""
        return _outcome(np.maximum(rms_mV, self._step_mV), *others)

    def cycles(self, rule: LearningRule, eta: float) -> dict[str, tuple[Point, ...]]:
        """Return error, mV, and excursion, taps, of two tasks in turn against the ticks of a turn."""
        from twinohm.studies.rule_experiments import PERIODS, run_cycle

        ensemble = self._ensemble(rule)
        done = {period: run_cycle(ensemble, eta, _levers(rule, Levers()), period) for period in PERIODS}
        return {
            "error_mV": tuple(Point(x, *quartiles(1000 * one.rms_V)) for x, one in done.items()),
            "excursion_taps": tuple(Point(x, *quartiles(one.excursion)) for x, one in done.items()),
        }

    def descent(self, rule: LearningRule, eta: float) -> dict[str, tuple[Point, ...]]:
        """Return the test error of double descent, mV, against the number of examples, and that of least squares."""
        from twinohm.studies.rule_experiments import TRAINING, run_descent

        ensemble = self._ensemble(rule)
        done = {number: run_descent(ensemble, eta, _levers(rule, Levers()), number) for number in TRAINING}
        return {
            name: tuple(Point(x, *quartiles(1000 * both[k])) for x, both in done.items())
            for k, name in enumerate(("test_mV", "least_squares_mV"))
        }

    def _answer_nJ(
        self, ensemble: "Ensemble", placement: Placement, taps: Floats, inputs_V: Sequence[object]
    ) -> Floats:
        settling_s = 1e-6 * settling_us(ensemble.board, list(placement.inputs))
        watts = ensemble.power_W(placement, taps, np.array(inputs_V, dtype=float)).mean(1)
        return np.asarray(1e9 * settling_s * watts)

    def _learned_at(self, tested: Floats, every: int) -> tuple[int | None, ...]:
        """Return the tick of the first of HELD_TESTS successive tests, or all there are, whose mean is in the bound.

        tested: squared errors, mV^2, or accuracies, % (boards, tests), one for every `every` ticks. The first, before
        learning, does not count.
        """
        learned = tested[:, 1:]
        held = min(HELD_TESTS, learned.shape[1])
        means = sliding_window_view(learned, held, axis=1).mean(2)
        reached = self._contest.reaches(means if self._contest.in_percent else np.sqrt(means))
        return tuple(every * (1 + int(row.argmax())) if row.any() else None for row in reached)


def _levers(rule: LearningRule, asked: Levers) -> Levers:
    return rule.on(asked) if rule.levers is not None else asked


def _inputs_V(task: Task) -> Sequence[object]:
    """Return the inputs whose answers' energy is measured: of the test set of seed 0, or the one pattern."""
    block = next(task.blocks(task.ticks, 0, lambda rows: [(0.0,) * task.n_outputs] * len(rows)))
    return block.test.inputs_V if block.test is not None else [given for _, given, _ in block.examples]


def _mV2(errors_V2: Floats) -> Floats:
    return np.asarray(1e6 * errors_V2)


def _outcome(
    score: Floats,
    untrained: Floats,
    loss: float,
    learned_at: tuple[int | None, ...],
    answer_nJ: Floats,
) -> Outcome:
    return Outcome(tuple(score.tolist()), tuple(untrained.tolist()), loss, learned_at, tuple(answer_nJ.tolist()))


# -- jobs --------------------------------------------------------------------------------------------------------------


def jobs(
    contests: Sequence[str], rules: Sequence[str], seeds: Sequence[int], profile: str, changes: Changes = ()
) -> list[Job]:
    """Return the jobs of all rules in all contests that they can do, the longest first to keep all cores busy."""
    searched = tuple(range(FIRST_SEARCHED, FIRST_SEARCHED + SEARCHED))
    longest = ("iris", "wine", "regression", "cycle", DESCENT, "xor", "forgetting", "allostery")
    return [
        Job(contest, rule, tuple(seeds), searched, profile, changes)
        for contest in longest
        if contest in contests
        for rule in rules
        if not refusal(contest, rule)
    ]


def refusal(contest: str, rule: str) -> str:
    """Return why a rule cannot take part in a contest, "" if it can."""
    return RULES[rule].refuses(contest in CONTESTS and contest == "xor")


def unfinished(folder: Path) -> KeptResults[Job, Result]:
    """Return the results in a report's folder of jobs that were finished before it was stopped."""
    return KeptResults(folder / UNFINISHED, Result, _key)


def _key(job: Job) -> str:
    return content_key(
        version=__version__, job=job, rule=RULES[job.rule], board=load_board(BOARD),
        profile=profile_from(job.profile, {}),
    )  # fmt: skip


# -- the table ---------------------------------------------------------------------------------------------------------


class RuleRow(TypedDict):
    """A rule or baseline in a contest. Intervals are of 95 %."""

    contest: str
    rule: str
    needs: str
    unit: str
    boards: int
    median: float
    interval: Interval | None
    q25: float
    q75: float
    bound: float
    reached: int | None
    share_interval: Interval | None
    ticks: float | None  # median; None: fewer than half of the boards come there
    answer_nJ: float | None
    answer_interval: Interval | None
    learned_mV: float | None
    second_mV: float | None
    eta: float | None
    eta_at_end: bool  # of those that were tried
    setting: str
    setting_at_end: bool


def table(results: Sequence[Result], rules: Sequence[str]) -> list[RuleRow]:
    """Return a row for each contest and rule, after those of its baselines."""
    rows: list[RuleRow] = []
    for contest in CONTESTS.values():
        mine = {result.job.rule: result for result in results if result.job.contest == contest.name}
        if not mine:
            continue
        rows += _baseline_rows(contest, next(iter(mine.values())))
        rows += [_rule_row(contest, mine[name]) for name in rules if name in mine]
    return rows


def _rule_row(contest: Contest, result: Result) -> RuleRow:
    outcome, rule = result.outcome, RULES[result.job.rule]
    assert outcome is not None
    late = [np.inf if tick is None else float(tick) for tick in outcome.learned_at]
    ticks = float(np.median(late)) if late else np.inf
    nJ = np.array(outcome.answer_nJ)
    row = _row(contest, rule.name, rule.needs, np.array(outcome.score))
    row["ticks"] = ticks if np.isfinite(ticks) else None
    row["answer_nJ"], row["answer_interval"] = float(np.median(nJ)), median_interval(nJ[:, None])
    row["learned_mV"] = float(np.median(outcome.learned_mV)) if outcome.learned_mV else None
    row["second_mV"] = float(np.median(outcome.second_mV)) if outcome.second_mV else None
    row["eta"] = result.eta if len(rule.etas) > 1 else None
    row["eta_at_end"] = row["eta"] is not None and _at_end(row["eta"], rule.etas)
    row["setting_at_end"] = result.strength is not None and _at_end(result.strength, rule.tried)
    row["setting"] = f"{rule.strength}={result.strength:g}" if result.strength is not None else ""
    return row


def _at_end(value: float, tried: Sequence[float]) -> bool:
    return value in (min(tried), max(tried))


def _row(contest: Contest, name: str, needs: str, scores: Floats) -> RuleRow:
    low, median, high = quartiles(scores)
    reached = int(contest.reaches(scores).sum())
    return {
        "contest": contest.name,
        "rule": name,
        "needs": needs,
        "unit": contest.unit,
        "boards": len(scores),
        "median": median,
        "interval": median_interval(scores[:, None]),
        "q25": low,
        "q75": high,
        "bound": contest.bound,
        "reached": reached,
        "share_interval": share_interval(reached / len(scores), len(scores)),
        "ticks": None,
        "answer_nJ": None,
        "answer_interval": None,
        "learned_mV": None,
        "second_mV": None,
        "eta": None,
        "eta_at_end": False,
        "setting": "",
        "setting_at_end": False,
    }


def _baseline_rows(contest: Contest, result: Result) -> list[RuleRow]:
    """Return what the untrained boards have, and other methods with the data of some seeds."""
    assert result.outcome is not None
    rows = [_row(contest, UNTRAINED, BASELINE, np.array(result.outcome.untrained))]
    found = _two_tasks() if contest.name in ("cycle", "forgetting") else _of_task(contest, result.job.seeds)
    return rows + [_row(contest, name, BASELINE, found[name]) for name in SHOWN_BASELINES if name in found]


def _of_task(contest: Contest, seeds: Sequence[int]) -> dict[str, Floats]:
    task, step_V = task_of(contest.name), load_board(BOARD).count_V
    values: dict[str, list[float]] = {}
    for seed in seeds[:BASELINE_SEEDS]:
        for one in baselines(task, seed, step_V):
            value = one.right if contest.in_percent else one.rms_V
            if value is not None:
                values.setdefault(one.name, []).append(value * (100 if contest.in_percent else 1000))
    if contest.name == "xor":
        # An affine function names three of four patterns at most, and each answer alone is right or wrong.
        values = {CHANCE: [50.0], AFFINE: [75.0]}
    return {name: np.array(each) for name, each in values.items()}


def _two_tasks() -> dict[str, Floats]:
    """Both tasks are of one linear function; the best constant is their mean."""
    from twinohm.studies.rule_experiments import DESIRED_V

    desired_V = np.array(DESIRED_V)
    constant = 1000 * float(np.sqrt(((desired_V - desired_V.mean(0)) ** 2).mean()))
    return {CONSTANT: np.array([constant]), NETWORK: np.zeros(1)}


def _number(value: float) -> str:
    """Return three figures, or more in front of the point; what rounding leaves of 0 is 0."""
    return f"{value:.0f}" if value >= 1000 or value < 1e-9 else f"{value:.3g}"


def _between(interval: Interval | None) -> str:
    return "" if interval is None else f" [{_number(interval[0])}, {_number(interval[1])}]"


def cells(row: RuleRow) -> dict[str, str]:
    """Return a row for people."""
    share = row["share_interval"]
    percent = "" if share is None else f"{_between((100 * share[0], 100 * share[1]))} %"
    better = ">=" if row["unit"] == "%" else "<="
    answer = "" if row["answer_nJ"] is None else f"{_number(row['answer_nJ'])}{_between(row['answer_interval'])}"
    chosen = [f"eta {row['eta']:g}{END * row['eta_at_end']}"] if row["eta"] is not None else []
    chosen += [row["setting"] + END * row["setting_at_end"]] if row["setting"] else []
    before = "" if row["learned_mV"] is None else f"; before the second task {_number(row['learned_mV'])}"
    second = "" if row["second_mV"] is None else f"; second task {_number(row['second_mV'])}"
    timed = row["needs"] != BASELINE and CONTESTS[row["contest"]].timed
    return {
        "task": row["contest"],
        "rule": row["rule"],
        "needs": row["needs"],
        "score": f"{_number(row['median'])}{_between(row['interval'])} {row['unit']}{before}{second}",
        "boards": f"{row['reached']}/{row['boards']}{percent} {better} {row['bound']:g}",
        "ticks": "" if not timed else "-" if row["ticks"] is None else f"{row['ticks']:g}",
        "answer, nJ": answer,
        "chosen": ", ".join(chosen),
    }
