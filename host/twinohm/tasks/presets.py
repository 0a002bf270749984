"""Named settings of the levers, with the eta and the length of run that they need."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from twinohm.model.levers import SUPERVISOR, Levers
from twinohm.tasks.task import Task


@dataclass(frozen=True)
class Preset:
    """Settings of a run. `eta`: None is the task's own. `longer` multiplies the ticks of a task that has one target.

    `amplify` moves class targets away from their mean (an extension: the supervisor sets targets anyway). `bias_V` is
    no lever but a resistor on every edge, which only virtual boards have so far. `only`: other presets, by task.
    """

    levers: Levers = field(default_factory=Levers)
    eta: float | None = None
    longer: float = 1.0
    amplify: float = 1.0
    bias_V: float = 0.0
    only: Mapping[str, "Preset"] = field(default_factory=dict)

    def for_task(self, task: Task) -> "Preset":
        """Return the preset to use for a task."""
        return self.only.get(task.name, self)

    def apply_to(self, task: Task) -> Task:
        """Return the task with the preset's class targets."""
        return task if self.amplify == 1 else task.amplified(self.amplify)

    def ticks(self, task: Task) -> int:
        """Return how many ticks to run a task; a paced one keeps its number."""
        return task.ticks if task.paced else round(task.ticks * self.longer)

    def eta_for(self, task: Task) -> float | None:
        """Return the eta to run a task with, None for the task's own."""
        return None if "eta" in task.unused else self.eta

    def labels(self) -> list[str]:
        """Return in words how it differs from the paper's rule with each task's own eta and ticks."""
        text = labels(self.levers, self.amplify)
        if self.bias_V:
            text.append(f"bias = {1000 * self.bias_V:g} mV towards up at the input of every CMP (hardware)")
        if self.eta is not None:
            text.append(f"eta = {self.eta:g} in place of each task's own")
        if self.longer != 1:
            text.append(f"{self.longer:g} times the ticks, where the task has one target")
        return text


def labels(levers: Levers, amplify: float, restore_best: bool = False) -> list[str]:
    """Return in words every lever that is used, also outside the firmware, and whether an edge can do it alone."""
    text = levers.labels()
    if amplify != 1:
        text.append(f"class targets {amplify:g} times as far from their mean ({SUPERVISOR})")
    if restore_best:
        text.append(f"the best taps are restored at the end ({SUPERVISOR})")
    return text


# Readings that must all agree, and fewer edges that move as the error falls: together they improve the plateau most.
_BEST = Preset(
    Levers(readings=9, vote="unanimous", error_full_V=0.1),
    eta=3.0,
    longer=4.0,
    amplify=1.5,
    # Classes that are far apart allow coarser steps, and longer training makes accuracy worse.
    only={
        "iris": Preset(Levers(readings=9, vote="unanimous", error_full_V=0.4), eta=3.0, amplify=3.0),
        "sequence": Preset(Levers(readings=9, vote="unanimous", error_full_V=0.2), eta=3.0, amplify=2.0),
    },
)

PRESETS = {
    "paper": Preset(),
    "paper-biased": Preset(bias_V=0.001),
    "best-same-ticks": replace(_BEST, longer=1.0),
    "best": _BEST,
}
