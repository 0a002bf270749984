"""Tasks: what a board is to learn. Each has a file of its own; TASKS lists the built-in ones."""

from pathlib import Path

from twinohm.errors import UsageError
from twinohm.tasks.allostery import ALLOSTERY, ALLOSTERY1, ALLOSTERY2, ALLOSTERY4
from twinohm.tasks.damage import DAMAGE
from twinohm.tasks.divider import DIVIDER
from twinohm.tasks.iris import IRIS
from twinohm.tasks.regression import REGRESSION
from twinohm.tasks.sequence import SEQUENCE
from twinohm.tasks.task import Task
from twinohm.tasks.user import Progress, load_task

TASKS: dict[str, Task] = {
    task.name: task
    for task in (DIVIDER, ALLOSTERY, ALLOSTERY1, ALLOSTERY2, ALLOSTERY4, REGRESSION, IRIS, SEQUENCE, DAMAGE)
}


def find_task(name: str, progress: Progress | None = None) -> Task:
    """Return the built-in task of that name, or the task of a user's file if the name ends in .toml or .csv.

    `progress` is that of load_task(). Raises UsageError listing the built-in tasks, or saying what is wrong in a file.
    """
    if name.lower().endswith((".toml", ".csv")):
        return load_task(Path(name), progress)
    if name not in TASKS:
        raise UsageError(f"no task {name!r}: there are {', '.join(TASKS)}, or name a .toml or .csv file of your own")
    return TASKS[name]
