"""Tasks: what a board is to learn. Each has a file of its own; TASKS lists the built-in ones."""

from pathlib import Path

from twinohm.errors import UsageError
from twinohm.model.unused_settings import refuse_unused
from twinohm.tasks.allostery import ALLOSTERY, ALLOSTERY1, ALLOSTERY2, ALLOSTERY4
from twinohm.tasks.curves import RELU, VEE
from twinohm.tasks.damage import DAMAGE
from twinohm.tasks.data_file import Progress
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.divider import DIVIDER
from twinohm.tasks.iris import IRIS
from twinohm.tasks.points import CIRCLES, MOONS
from twinohm.tasks.regression import REGRESSION
from twinohm.tasks.sequence import SEQUENCE
from twinohm.tasks.task import Task
from twinohm.tasks.task_file import is_data_file, load_task
from twinohm.tasks.xor import XOR

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        DIVIDER,
        ALLOSTERY,
        ALLOSTERY1,
        ALLOSTERY2,
        ALLOSTERY4,
        REGRESSION,
        IRIS,
        SEQUENCE,
        DAMAGE,
        XOR,
        RELU,
        VEE,
        MOONS,
        CIRCLES,
    )
}

OTHER_DATA = (".xlsx", ".xls", ".ods", ".json", ".parquet", ".npy", ".npz", ".mat", ".h5", ".arff", ".zip", ".gz")


def find_task(name: str, progress: Progress | None = None, options: DataOptions | None = None) -> Task:
    """Return the built-in task of that name, or the task of a user's file: .toml, .csv or another data file.

    `progress` and `options` are those of load_task(). Raises UsageError listing the built-in tasks, saying what is
    wrong in a file, or naming an option of data that the task does not use.
    """
    if name.lower().endswith(".toml") or is_data_file(Path(name)):
        return load_task(Path(name), progress, options)
    if name.lower().endswith(OTHER_DATA):
        raise UsageError(
            f"{name}: not a kind of file that is read here; save it as .csv, or give its columns to "
            "twinohm.Task.from_arrays() in Python"
        )
    if name not in TASKS:
        raise UsageError(f"no task {name!r}: there are {', '.join(TASKS)}, or name a .toml or .csv file of your own")
    if options is not None:
        refuse_unused(options.given(), dict.fromkeys(options.given(), f"{name} is no data file"))
    return TASKS[name]
