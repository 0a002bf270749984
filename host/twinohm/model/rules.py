"""Learning rules on equal footing: what each edge does, where the rule is from, what it needs, and where it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import sqrt
from typing import TYPE_CHECKING, Any, Final, Literal

from twinohm.errors import UsageError
from twinohm.model.levers import Levers

if TYPE_CHECKING:
    from twinohm.model.board import Board

EDGE: Final = "edge"
SUPERVISOR: Final = "supervisor"
IDEAL: Final = "ideal"
Needs = Literal["edge", "supervisor", "ideal"]
NEEDS: Mapping[Needs, str] = {
    EDGE: "the edge alone",
    SUPERVISOR: "the supervisor, which sets inputs and clamps",
    IDEAL: "what no such circuit has: exact voltages without noise, and any conductance in the range of its pot",
}
Ideal = Literal["coupled", "equilibrium", "gradient"]
IDEALS: tuple[Ideal, ...] = ("coupled", "equilibrium", "gradient")
ETAS = (0.5, 1.0, 2.0)
ASKED_WITH_PAIRS = ("hinge", "margin_V")  # levers of tasks that ask for differences; any rule goes with them


@dataclass(frozen=True)
class Steps:
    """How the edges of an ensemble step where levers of the firmware do not say it. With the defaults: the sign rule.

    sums: SGN compares the sums of the free and the clamped drop. free_weight: of the free drop at CMP. band_V: an edge
    holds where dV_C and dV_F differ by less, task volts. centred: the other network is not free but clamped as far
    to the other side. ideal: a step of continuous conductance; `rate` is its size, uS/V^2 for coupled learning and
    uS^2/V^2 for the others.
    """

    sums: bool = False
    free_weight: float = 1.0
    band_V: float = 0.0
    centred: bool = False
    ideal: Ideal | None = None
    rate: float = 0.0


@dataclass(frozen=True)
class LearningRule:
    """A rule of learning.

    about: what it does, in a sentence. source: paper and equation. levers: those of the firmware that make it; None:
    only the ensemble has it, by `steps`. strength: what sets how strong it is, a lever, a part of `steps` or "lambda",
    and the values that `twinohm rules` tries; etas: those of the nudge that it tries. reported: what its paper reports.
    """

    name: str
    about: str
    source: str
    needs: Needs
    levers: Mapping[str, Any] | None = None
    steps: Steps | None = None
    strength: str = ""
    tried: tuple[float, ...] = ()
    etas: tuple[float, ...] = ETAS
    reported: str = field(default="", compare=False)

    @property
    def where(self) -> str:
        """Where it runs, in words."""
        return "firmware, ensemble" if self.steps is None else "ensemble"

    def with_strength(self, value: float | None) -> "LearningRule":
        """Return the rule of this strength; None: as it is."""
        if value is None:
            return self
        if self.levers is not None:
            kind = type(self.levers[self.strength])
            return replace(self, levers={**self.levers, self.strength: kind(value)})
        assert self.steps is not None
        if self.strength == "lambda":
            return replace(self, steps=replace(self.steps, free_weight=sqrt(1 - value)))
        changed: dict[str, Any] = {self.strength: value}
        return replace(self, steps=replace(self.steps, **changed))

    def refuses(self, pairs: bool) -> str:
        """Return why it cannot do a task, "" if it can. pairs: whether the task asks for differences of outputs."""
        if pairs and self.levers and self.levers.get("overclamp"):
            return "there is no far rail for the difference of two outputs"
        return ""

    def on(self, levers: Levers) -> Levers:
        """Return the levers with those of the rule.

        Raises UsageError for a rule that no firmware has, for levers that are used already, and for a task that asks
        for what the rule cannot do.
        """
        if self.levers is None:
            raise UsageError(
                f"rule {self.name} runs in the ensemble of `twinohm rules` alone: it needs {self.beyond}; rules of the "
                f"firmware are {', '.join(FIRMWARE_RULES)}"
            )
        if why := self.refuses(levers.pairs):
            raise UsageError(f"rule {self.name} cannot learn this task: {why}; choose another rule")
        if used := [name for name in levers.used() if name not in ASKED_WITH_PAIRS]:
            raise UsageError(f"rule {self.name}: the preset sets {', '.join(used)}; give --preset paper, or no rule")
        return replace(levers, **self.levers)

    @property
    def beyond(self) -> str:
        """What it needs that boards do not have, in words."""
        if self.needs == IDEAL:
            return NEEDS[self.needs]
        return "other comparators or drivers than the boards have"

    def check(self, board: "Board") -> None:
        """Raise UsageError naming the rule if the board cannot do its levers."""
        try:
            self.on(Levers()).check(board)
        except UsageError as error:
            raise UsageError(f"rule {self.name}: {error}") from error


_ALL = (
    LearningRule(
        "sign",
        about="every edge steps at every tick, up if the clamped drop is the larger one",
        source="Dillavou et al., Phys. Rev. Applied 18, 014040 (2022), eqs. 3 and 6",
        needs=EDGE,
        levers={},
        reported="The paper's own claims are measured by `twinohm reproduce`.",
    ),
    LearningRule(
        "desync",
        about="as sign, but an edge takes part in a tick with probability p",
        source="Wycoff et al., J. Chem. Phys. 156, 144903 (2022)",
        needs=EDGE,
        levers={"p": 0.25},
        strength="p",
        tried=(0.5, 0.25, 0.1),
        reported="Reported: no loss in an ideal simulation, a gain in experiment. Its p and its tasks are not known to "
        "us; here p is chosen for each task.",
    ),
    LearningRule(
        "unanimous",
        about="as sign, but an edge holds unless all readings of its comparators agree",
        source="ours; a dead band as wide as the noise",
        needs=EDGE,
        levers={"readings": 9, "vote": "unanimous"},
        strength="readings",
        tried=(3, 5, 9),
        reported="No paper reports it.",
    ),
    LearningRule(
        "by-error",
        about="as sign, but an edge takes part the less often the smaller the error of the outputs",
        source="ours; the lever error_full_V",
        needs=SUPERVISOR,
        levers={"error_full_V": 0.1},
        strength="error_full_V",
        tried=(0.1, 0.3, 1.0),
        reported="No paper reports it. It is overclamp without the far rail.",
    ),
    LearningRule(
        "overclamp",
        about="as by-error, and outputs are clamped towards the far rail, whatever the size of their error",
        source="Dillavou et al., arXiv 2505.22887 (2025), where the time of a step is in proportion to the error; here "
        "the share of edges that step is",
        needs=SUPERVISOR,
        levers={"overclamp": True, "error_full_V": 0.1},
        strength="error_full_V",
        tried=(0.1, 0.3, 1.0, 3.0),
        etas=(0.1, 0.3, 1.0),
        reported="Reported for a network of transistors: two tasks in turn end in a limit cycle, and overclamping "
        "suppresses it.",
    ),
    LearningRule(
        "exact",
        about="as sign, with |dV_C| > |dV_F| also where the drops have opposite signs",
        source="the paper's eq. 3; wired as sign of the sum times sign of the difference, which is ours",
        needs=EDGE,
        steps=Steps(sums=True),
        reported="The paper says that its wiring hardly ever differs from eq. 3.",
    ),
    LearningRule(
        "dead-band",
        about="as sign, but an edge holds where the drops dV_C and dV_F differ by less than a band",
        source="ours; a window comparator in place of CMP",
        needs=EDGE,
        steps=Steps(band_V=0.02),
        strength="band_V",
        tried=(0.005, 0.02, 0.05),
        reported="No paper reports it.",
    ),
    LearningRule(
        "centred",
        about="as exact, between a network clamped towards the target and one clamped as far away from it",
        source="Scellier et al., NeurIPS (2023), arXiv 2312.15103; there with continuous steps",
        needs=SUPERVISOR,
        steps=Steps(centred=True, sums=True),
        etas=(0.25, 0.5, 1.0),
        reported="Reported for deep networks: centred nudging is best. Without diodes the paper's circuit compares the "
        "same already; what is left is a signal twice as large. It needs a second driver at every output.",
    ),
    LearningRule(
        "power-aware",
        about="as sign, with the free drop weighed by sqrt(1 - lambda), so that edges prefer a high resistance",
        source="Stern et al., APL Mach. Learn. 2, 016114 (2024); there with continuous steps",
        needs=EDGE,
        steps=Steps(free_weight=sqrt(1 - 0.01)),
        strength="lambda",
        tried=(0.003, 0.01, 0.03),
        reported="Reported: power falls about in proportion to lambda, the error rises as its square.",
    ),
    LearningRule(
        "coupled",
        about="conductances change in proportion to dV_F^2 - dV_C^2",
        source="Stern et al. (2024); the paper's eq. 2 weighs it by k^4 in conductances",
        needs=IDEAL,
        steps=Steps(ideal="coupled", rate=10.0),
        strength="rate",
        tried=(1.0, 3.0, 10.0, 30.0),
        etas=(0.1, 1.0),
        reported="The ideal that the sign rule takes the sign of.",
    ),
    LearningRule(
        "equilibrium",
        about="as coupled, with a current into the outputs in place of a clamp: equilibrium propagation",
        source="Kendall et al., arXiv 2006.01981 (2020)",
        needs=IDEAL,
        steps=Steps(ideal="equilibrium", rate=1000.0),
        strength="rate",
        tried=(100.0, 300.0, 1000.0, 3000.0, 10000.0, 30000.0),
        etas=(0.01, 1.0),
        reported="Known: with a small nudge it is gradient descent; a test compares both.",
    ),
    LearningRule(
        "gradient",
        about="projected gradient descent of the squared error in the conductances",
        source="what contrastive rules approximate; the gradient by the adjoint network",
        needs=IDEAL,
        steps=Steps(ideal="gradient", rate=1000.0),
        strength="rate",
        tried=(100.0, 300.0, 1000.0, 3000.0, 10000.0, 30000.0),
        etas=(1.0,),
        reported="The best that a small step on the example of a tick can do.",
    ),
)
RULES: Mapping[str, LearningRule] = {rule.name: rule for rule in _ALL}
FIRMWARE_RULES = tuple(rule.name for rule in _ALL if rule.levers is not None)


def rule_named(name: object) -> LearningRule:
    """Return a rule by its name. Raises UsageError."""
    if not isinstance(name, str) or name not in RULES:
        raise UsageError(f"rule = {name!r}: give one of {', '.join(RULES)}")
    return RULES[name]


def rule_of(levers: Levers) -> LearningRule | None:
    """Return the rule beyond sign that these levers make as it is named here, None if there is none."""
    used = {name: value for name, value in levers.used().items() if name not in ASKED_WITH_PAIRS}
    found = [rule for rule in _ALL if rule.levers and rule.levers == used]
    return found[0] if found else None
