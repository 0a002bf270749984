"""Iris: classify three species by the sizes of their flowers (paper, Fig. 3). The data come with scikit-learn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import TwinOhmError
from twinohm.extras import install_command
from twinohm.model.placement import Placement
from twinohm.model.random_streams import IRIS_ORDER
from twinohm.tasks.task import Block, Infer, Task, TestSet, Volts

TRAIN_PER_SPECIES = 10
EPOCH = 30  # ticks; every training flower once
EPOCHS = 20
TOP_V = 5.0


@dataclass(frozen=True)
class Labelled:
    """Inputs (examples, inputs), in task volts, and the class of each example."""

    inputs_V: Sequence[Volts]
    labels: Sequence[int]


@dataclass(frozen=True)
class Iris(Task):
    """The iris task. `block`: ticks in all. `amplify`: how many times as far the targets are from their mean."""

    amplify: float = 1.0

    @property
    def n_inputs(self) -> int:
        return 5

    @property
    def n_outputs(self) -> int:
        return 3

    @property
    def asks_the_board(self) -> bool:
        return True

    def require_libraries(self) -> None:
        _flowers()

    @property
    def unused(self) -> Mapping[str, str]:
        return {}

    def amplified(self, factor: float) -> "Iris":
        super().amplified(factor)
        return replace(self, amplify=factor)

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of one epoch, `ticks` ticks in all. Raises TwinOhmError without scikit-learn."""
        random = IRIS_ORDER.generator(seed)
        train, test = split(random)
        yield from epochs(train, test, ticks, random, infer, self.amplify)


def epochs(
    train: Labelled,
    test: Labelled,
    ticks: int,
    random: np.random.Generator,
    infer: Infer,
    amplify: float = 1.0,
    part: int | None = None,
) -> Iterator[Block]:
    """Yield blocks in which every training example comes once, in random order; `ticks` ticks in all.

    part: ticks of a block, if every pass through the examples is to be cut into some. Before each block the board's
    outputs for the mean inputs of each class are measured. Moved `amplify` times as far from their mean they are the
    targets; as measured, the nearest one decides the class of a test example.
    """
    labels = np.array(train.labels)
    inputs_V = np.array(train.inputs_V)
    means_V = [tuple(inputs_V[labels == label].mean(0).tolist()) for label in range(labels.max() + 1)]
    while ticks > 0:
        order = random.permutation(len(labels))[:ticks]
        ticks -= len(order)
        for start in range(0, len(order), part or len(order)):
            answers_V = infer(means_V)
            targets_V = amplified(answers_V, amplify)
            chosen = order[start : start + (part or len(order))]
            examples = [(1, train.inputs_V[k], targets_V[train.labels[k]]) for k in chosen]
            tested, judged = (TestSet(some.inputs_V, answers_V, some.labels) for some in (test, train))
            yield Block(examples, tested, judged)


def amplified(targets_V: Sequence[Volts], factor: float) -> list[tuple[float, ...]]:
    """Return targets (classes, outputs) `factor` times as far from their mean, limited to 0..5 V."""
    targets = np.array(targets_V)
    moved = targets + (factor - 1) * (targets - targets.mean(0))
    return [tuple(row) for row in np.clip(moved, 0, TOP_V).tolist()]


def split(random: np.random.Generator) -> tuple[Labelled, Labelled]:
    """Draw 30 flowers to learn, 10 of each species; return them and the 120 others.

    Each feature is rescaled so that the flowers to learn cover 0..5 V; others beyond are at the nearer end.
    Raises TwinOhmError without scikit-learn.
    """
    features, species = _flowers()
    drawn = [random.permutation(np.flatnonzero(species == one))[:TRAIN_PER_SPECIES] for one in range(3)]
    learned = np.isin(np.arange(len(species)), np.concatenate(drawn))
    low, high = features[learned].min(0), features[learned].max(0)
    features_V = np.clip(TOP_V * (features - low) / (high - low), 0, TOP_V)
    train, test = (
        Labelled([(*row, 0.0) for row in features_V[chosen].tolist()], species[chosen].tolist())
        for chosen in (learned, ~learned)
    )
    return train, test


def _flowers() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return features (150, 4), cm, and species 0..2 (150,)."""
    try:
        from sklearn.datasets import load_iris
    except ImportError as error:
        raise TwinOhmError(f"iris takes its flowers from scikit-learn: {install_command('iris')}") from error
    features, species = load_iris(return_X_y=True)
    return features, species


IRIS = Iris(
    name="iris",
    about="three species of iris by four sizes of the flower; 30 flowers to learn and 120 to test",
    ours="placement, eta and number of epochs",
    examples=(),
    block=EPOCH * EPOCHS,
    eta=2.0,
    placements={"lab16": Placement(("C", "B", "E", "H", "A"), ("D", "G", "I"))},
)
