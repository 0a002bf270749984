"""What the paper claims, and the number of a run that answers each claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from twinohm.tasks.baselines import LDA, LOGISTIC, NETWORK

FOLLOWED_V = 0.050  # an output follows or recovers when within this, rms
REGRESSED_V = 0.100
NAMED = 0.95  # share of flowers
RESTORED = ("allostery", "regression")  # tasks at whose end the best taps are restored
ENGINES = ("firmware", "ensemble")
BASELINE = "other method"  # what runs claims that no board answers


@dataclass(frozen=True)
class PhaseOutcome:
    """True scores of a phase: rms of the plateau in V, share of right classes where there are classes."""

    name: str
    rms_plateau_V: float
    accuracy: float | None = None


@dataclass(frozen=True)
class Outcome:
    """True scores of one run, of firmware or ensemble. None where the run has no such score.

    last30_mV (blocks,): rms of the last 30 ticks of each block, mV.
    """

    orders_plateau: float | None = None
    orders_held: float | None = None
    orders_best: float | None = None
    orders_chance: float | None = None  # of best, by chance alone
    restored_orders: float | None = None
    accuracy_first: float | None = None
    accuracy: float | None = None
    baselines: Mapping[str, float] = field(default_factory=dict)  # share of right classes of other methods
    phases: Sequence[PhaseOutcome] = ()
    last30_mV: Sequence[float] = ()
    violations: int | None = None  # None: the ensemble has no parts whose limits could be broken


@dataclass(frozen=True)
class Claim:
    """`values` reads one or more numbers from the outcome of a run.

    `reaches` says of each number whether it is what the paper reports, or where the paper reports nothing what we aim
    at.
    """

    task: str
    board: str
    paper: str
    ours: str
    bound: str  # what counts as reached
    values: Callable[[Outcome], Sequence[float]]
    reaches: Callable[[float], bool]
    larger_is_better: bool = True
    by: tuple[str, ...] = ENGINES  # what runs it


def _score(value: float | None, factor: float = 1.0) -> list[float]:
    """The score, which a run of the claim's task has."""
    assert value is not None
    return [factor * value]


def _learned(phase: PhaseOutcome) -> bool:
    if phase.accuracy is not None:
        return phase.accuracy >= NAMED
    return phase.rms_plateau_V <= (REGRESSED_V if phase.name in ("vi", "vii") else FOLLOWED_V)


def _iris_baseline(name: str, paper: str, least: str) -> Claim:
    return Claim(
        "iris",
        "lab16",
        paper,
        f"{name}, %",
        f">= {least}",
        lambda run: _score(run.baselines[name], 100),
        lambda value: value >= float(least),
        by=(BASELINE,),
    )


CLAIMS = (
    Claim(
        "divider",
        "divider",
        "follows targets",
        "rms on target, mV",
        "<= 50",
        lambda run: run.last30_mV,
        lambda value: value <= 1000 * FOLLOWED_V,
        larger_is_better=False,
    ),
    Claim(
        "allostery",
        "lab16",
        "falls > 4 orders",
        "plateau, orders",
        "> 4",
        lambda run: _score(run.orders_plateau),
        lambda value: value > 4,
    ),
    Claim(
        "allostery",
        "lab16",
        "",
        "held, orders",
        "> 4",
        lambda run: _score(run.orders_held),
        lambda value: value > 4,
    ),
    Claim(
        "allostery",
        "lab16",
        "falls > 4 orders",
        "best, orders",
        "> 4",
        lambda run: _score(run.orders_best),
        lambda value: value > 4,
    ),
    Claim(
        "allostery",
        "lab16",
        "",
        "best by chance, orders",
        "> 4",
        lambda run: _score(run.orders_chance),
        lambda value: value > 4,
    ),
    Claim(
        "allostery",
        "lab16",
        "",
        "restored, orders",
        ">= 6",
        lambda run: _score(run.restored_orders),
        lambda value: value >= 6,
    ),
    Claim(
        "regression",
        "lab16",
        "falls > 2 orders",
        "plateau, orders",
        "> 2",
        lambda run: _score(run.orders_plateau),
        lambda value: value > 2,
    ),
    Claim(
        "regression",
        "lab16",
        "",
        "restored, orders",
        ">= 4.5",
        lambda run: _score(run.restored_orders),
        lambda value: value >= 4.5,
    ),
    Claim(
        "iris",
        "lab16",
        "",
        "right before, %",
        "<= 90",
        lambda run: _score(run.accuracy_first, 100),
        lambda value: value <= 90,
        larger_is_better=False,
    ),
    Claim(
        "iris",
        "lab16",
        "> 95 % right",
        "flowers right, %",
        ">= 95",
        lambda run: _score(run.accuracy, 100),
        lambda value: value >= 100 * NAMED,
    ),
    _iris_baseline(LOGISTIC, "98 % right", "98"),
    _iris_baseline(LDA, "", "98"),
    _iris_baseline(NETWORK, "", "95"),
    Claim(
        "damage",
        "lab16",
        "recovers 5 times",
        "worst block rms, mV",
        "<= 50",
        lambda run: [max(run.last30_mV)],
        lambda value: value <= 1000 * FOLLOWED_V,
        larger_is_better=False,
    ),
    Claim(
        "sequence",
        "lab16",
        "all are learned",
        "phases learned",
        "9",
        lambda run: [float(sum(map(_learned, run.phases)))],
        lambda value: value == 9,
    ),
)
