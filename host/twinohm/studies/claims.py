"""What the paper claims, and the number of a run that answers it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

HELD_V = 0.050  # an output follows or recovers when within this, rms
REGRESSED_V = 0.100
NAMED = 0.95  # share of flowers
RESTORED = ("allostery", "regression")  # tasks at whose end the best taps are restored
ENGINES = ("firmware", "ensemble")


@dataclass(frozen=True)
class Claim:
    """`values` reads one or more numbers from a run's summary and the rms of the last 30 ticks of its blocks, in mV.

    `reaches` says of each whether it is what the paper reports, or where the paper has nothing what we aim at.
    """

    task: str
    board: str
    paper: str
    ours: str
    bound: str  # what counts as reached
    values: Callable[[dict[str, Any], list[float]], Sequence[float]]
    reaches: Callable[[float], bool]
    larger_is_better: bool = True
    by: tuple[str, ...] = ENGINES  # what runs it


def _learned(phase: dict[str, Any]) -> bool:
    if phase["accuracy"] is not None:
        return bool(phase["true_accuracy"] >= NAMED)
    bound = REGRESSED_V if phase["phase"] in ("vi", "vii") else HELD_V
    return bool(phase["true_rms_plateau_V"] <= bound)


CLAIMS = (
    Claim(
        "divider",
        "divider",
        "follows targets",
        "rms on target, mV",
        "<= 50",
        lambda _, held_mV: held_mV,
        lambda value: value <= 1000 * HELD_V,
        larger_is_better=False,
    ),
    Claim(
        "allostery",
        "lab16",
        "falls > 4 orders",
        "best, orders",
        "> 4",
        lambda summary, _: [summary["true_orders_best"]],
        lambda value: value > 4,
    ),
    Claim(
        "allostery",
        "lab16",
        "falls > 4 orders",
        "plateau, orders",
        "> 4",
        lambda summary, _: [summary["true_orders_plateau"]],
        lambda value: value > 4,
    ),
    Claim(
        "allostery",
        "lab16",
        "",
        "restored, orders",
        ">= 6",
        lambda summary, _: [summary["true_restored_orders"]],
        lambda value: value >= 6,
    ),
    Claim(
        "regression",
        "lab16",
        "falls > 2 orders",
        "plateau, orders",
        "> 2",
        lambda summary, _: [summary["true_orders_plateau"]],
        lambda value: value > 2,
    ),
    Claim(
        "regression",
        "lab16",
        "",
        "restored, orders",
        ">= 4.5",
        lambda summary, _: [summary["true_restored_orders"]],
        lambda value: value >= 4.5,
    ),
    Claim(
        "iris",
        "lab16",
        "",
        "right before, %",
        "<= 90",
        lambda summary, _: [100 * summary["true_accuracy_first"]],
        lambda value: value <= 90,
        larger_is_better=False,
    ),
    Claim(
        "iris",
        "lab16",
        "> 95 % right",
        "flowers right, %",
        ">= 95",
        lambda summary, _: [100 * summary["true_accuracy"]],
        lambda value: value >= 100 * NAMED,
    ),
    Claim(
        "iris",
        "lab16",
        "98 % right",
        "logistic regression, %",
        ">= 98",
        lambda summary, _: [100 * summary["true_accuracy"]],
        lambda value: value >= 98,
        by=("scikit-learn",),
    ),
    Claim(
        "damage",
        "lab16",
        "recovers 5 times",
        "worst block rms, mV",
        "<= 50",
        lambda _, held_mV: [max(held_mV)],
        lambda value: value <= 1000 * HELD_V,
        larger_is_better=False,
    ),
    Claim(
        "sequence",
        "lab16",
        "all are learned",
        "phases learned",
        "9",
        lambda summary, _: [float(sum(map(_learned, summary["phases"])))],
        lambda value: value == 9,
    ),
)
