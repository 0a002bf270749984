"""Sequence: seven tasks one after the other with no reset, the second three times (paper, Fig. 4)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.placement import Placement
from twinohm.model.unused_settings import refuse_unused
from twinohm.tasks.allostery import allostery
from twinohm.tasks.iris import IRIS, Iris
from twinohm.tasks.regression import WEIGHTS, Regression
from twinohm.tasks.task import Block, Infer, Task, Volts

HOME = "lab16"  # the placements are for its graph
TEST_EVERY = 10


@dataclass(frozen=True)
class Sequential(Task):
    """Tasks in turn, each with its own placement and eta. `block`: ticks in all.

    A task that calls `infer` before its first block must be the first: the run starts with its placement.
    """

    steps: Sequence[tuple[str, Task]] = ()  # phase, task
    amplify: float = 1.0

    @property
    def n_inputs(self) -> int:
        """Number of the task that has most."""
        return max(task.n_inputs for _, task in self.steps)

    @property
    def n_outputs(self) -> int:
        """Number of the task that has most."""
        return max(task.n_outputs for _, task in self.steps)

    @property
    def asks_the_board(self) -> bool:
        return True

    def require_libraries(self) -> None:
        for _, task in self.steps:
            task.require_libraries()

    def amplified(self, factor: float) -> "Sequential":
        super().amplified(factor)
        return replace(self, amplify=factor, steps=[(phase, task.amplified(factor)) for phase, task in self.steps])

    @property
    def score_ticks(self) -> int | None:
        return None

    @property
    def unused(self) -> Mapping[str, str]:
        return {
            "eta": f"{self.name} has its own for each of its parts",
            "placement": f"{self.name} places each of its tasks itself",
        }

    @property
    def paced(self) -> bool:
        return True

    @property
    def phase_words(self) -> Mapping[str, str]:
        words: dict[str, str] = {}
        for k, (phase, task) in enumerate(self.steps):
            if task not in [before for _, before in self.steps[:k]]:
                words[phase] = "iris" if isinstance(task, Iris) else f"{task.n_inputs} in, {task.n_outputs} out"
                words[phase] = "regression" if isinstance(task, Regression) else words[phase]
        return words

    def blocks(self, ticks: int, seed: int, infer: Infer) -> Iterator[Block]:
        """Yield blocks of `ticks` ticks in all; the last task continues if there are more."""
        for k, (phase, task) in enumerate(self.steps):
            part = ticks if k == len(self.steps) - 1 else min(ticks, task.ticks)
            for block in task.blocks(part, seed, infer):
                yield replace(block, phase=phase, placement=task.placements[HOME], eta=task.eta)
            ticks -= part

    def placements_used(self, placement: Placement) -> list[Placement]:
        return [task.placements[HOME] for _, task in self.steps]

    def placement_on(self, board: Board, chosen: str | None = None) -> Placement:
        """Return the placement of the first task.

        Raises UsageError for a chosen placement, and for a board that lacks a node of any task.
        """
        if chosen is not None:
            refuse_unused({"--placement": chosen}, {"--placement": self.unused["placement"]})
        placements = [task.placements[HOME] for _, task in self.steps]
        needed = {name for inputs, outputs in placements for name in (*inputs, *outputs)}
        if missing := sorted(needed - set(board.nodes)):
            raise UsageError(
                f"{self.name} needs the nodes {', '.join(sorted(needed))}; board {board.name} has no "
                f"{', '.join(missing)}: run it on {HOME}"
            )
        for placement in placements:
            board.check_placement(*placement)
        return placements[0]


def _regression(name: str, inputs: tuple[str, str, str], weights: Sequence[Volts]) -> Regression:
    return Regression(
        name=name,
        about=f"weights {weights}",
        ours="weights, placement, eta and number of ticks",
        examples=(),
        block=600,
        eta=2.0,
        placements={HOME: Placement(inputs, ("E", "F"))},
        weights=weights,
        test_every=TEST_EVERY,
    )


TWO = allostery("ii", "D=5 G=0 -> H=2", ticks=300, eta=0.5)
# Its eta is lower than that of iris alone, so that the taps stay away from the ends of their range for later tasks.
ONE = replace(IRIS, eta=1.0, placements={HOME: Placement(("D", "B", "E", "H", "A"), ("C", "F", "I"))})
STEPS = (
    ("i", ONE),
    ("ii", TWO),
    ("iii", allostery("iii", "I=5 D=0 -> F=2 H=3", ticks=400)),
    ("iv", allostery("iv", "C=5 F=1 D=0 -> A=3 B=3 E=3", ticks=600, eta=2.0)),
    ("ii again", TWO),
    ("v", allostery("v", "D=5 G=1 B=0 -> C=3 F=3 E=2 H=2", ticks=600, eta=2.0)),
    ("vi", _regression("vi", ("G", "B", "C"), WEIGHTS)),
    ("vii", _regression("vii", ("B", "I", "C"), ((0.2, 0.3), (0.1, 0.5)))),
    ("ii once more", TWO),
)

SEQUENCE = Sequential(
    name="sequence",
    about="iris, allostery with 1 to 4 outputs and two regressions in a row without a reset; task ii comes three times",
    ours="placements, etas and numbers of ticks of all seven tasks, voltages of ii to v, weights of vi and vii",
    examples=(),
    block=sum(task.ticks for _, task in STEPS),
    eta=ONE.eta,
    steps=STEPS,
)
