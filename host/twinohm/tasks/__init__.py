"""Tasks: what a machine is to learn. One small file each; TASKS is the registry."""

from twinohm.errors import UsageError
from twinohm.tasks.allostery import ALLOSTERY
from twinohm.tasks.divider import DIVIDER
from twinohm.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (DIVIDER, ALLOSTERY)}


def find_task(name: str) -> Task:
    """The task of that name. Raises UsageError listing those there are."""
    if name not in TASKS:
        raise UsageError(f"no task {name!r}: there are {', '.join(TASKS)}")
    return TASKS[name]
