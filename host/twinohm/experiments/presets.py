"""Named settings of the levers, with the eta and the length of run that they need."""

from dataclasses import dataclass, field

from twinohm.levers import Levers
from twinohm.tasks.task import Task


@dataclass(frozen=True)
class Preset:
    """eta None: the task's own. `longer` multiplies the ticks of a task that has one target.

    `amplify` moves class targets away from their mean (an extension: the supervisor sets targets anyway).
    """

    levers: Levers = field(default_factory=Levers)
    eta: float | None = None
    longer: float = 1.0
    amplify: float = 1.0

    def task(self, task: Task) -> Task:
        return task if self.amplify == 1 else task.amplified(self.amplify)

    def ticks(self, task: Task) -> int:
        """How long to run a task; a paced one keeps its length."""
        return task.ticks if task.paced else round(task.ticks * self.longer)


PRESETS = {
    "paper": Preset(),
    # Readings that must all agree, and fewer edges moving the smaller the error: both together lift the plateau most.
    "best": Preset(Levers(readings=9, vote="unanimous", error_full_V=0.1), eta=3.0, longer=4.0, amplify=1.5),
}
