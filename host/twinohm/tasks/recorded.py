"""A task as run.json keeps it, so that a run can be resumed although a user's file has changed since."""

import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue, TypeAdapter, ValidationError

from twinohm.errors import RunFileError
from twinohm.json_records import RecordType, explain
from twinohm.tasks import TASKS
from twinohm.tasks.data_rows import Row
from twinohm.tasks.scaling import ColumnScale, Preparation
from twinohm.tasks.task import Task
from twinohm.tasks.user import UserTask

_JSON = RecordType[Any](Any)
_USER_TASK = RecordType[UserTask](UserTask)
_PREPARATION = RecordType[Preparation](Preparation)


MOST_IN_JSON = 1000  # examples; more of them are arrays in a file of their own


def task_fields(task: Task) -> dict[str, JsonValue]:
    """Return the fields by which a task differs from the built-in one of its name; all fields of a user's task.

    Examples that task_arrays() returns are left out.
    """
    left_out: dict[str, Any] = {name: () for name in _ARRAYS if len(getattr(task, name, ())) > MOST_IN_JSON}
    task = dataclasses.replace(task, **left_out)
    if isinstance(task, UserTask):
        return dict(_USER_TASK.adapter.dump_python(task, mode="json"))
    known = _built_in(task.name, getattr(task, "amplify", 1.0))
    return {
        field.name: _JSON.adapter.dump_python(getattr(task, field.name), mode="json")
        for field in dataclasses.fields(task)
        if known is None or _as_list(getattr(task, field.name)) != _as_list(getattr(known, field.name))
    }


def task_arrays(task: Task) -> dict[str, NDArray[Any]]:
    """Return the examples of a task that has more than MOST_IN_JSON as arrays, else an empty dictionary.

    inputs_V (examples, inputs) and desired_V (examples, outputs), V; of rows of a data file also `number` (of the
    line), `label` (number of the class, -1 without) and `test`, each (examples,).
    """
    for name, names in _ARRAYS.items():
        if len(examples := getattr(task, name, ())) > MOST_IN_JSON:
            return {key: np.array(column) for key, column in zip(names, zip(*examples, strict=True), strict=True)}
    return {}


# Fields of a task that may be long, and the names of what each example has.
_ARRAYS = {"examples": ("inputs_V", "desired_V"), "rows": Row._fields}


def recorded_task(
    name: str,
    recorded: Mapping[str, JsonValue] | None,
    amplify: float,
    arrays: Mapping[str, NDArray[Any]] | None = None,
) -> Task:
    """Return the task of a run.json: its `task`, `task_fields`, `amplify`, and what task_arrays() returned.

    Raises RunFileError if there is none.
    """
    if recorded is None:
        raise RunFileError(f"run.json has no task_fields: a version that could not resume made it; run {name} again")
    known = None if "file" in recorded else _built_in(name, amplify)  # a user's file may have a built-in task's name
    try:
        if known is None:
            return _with_arrays(_USER_TASK.adapter.validate_python(recorded), arrays)
        types = get_type_hints(type(known))
        if strange := [key for key in recorded if key not in types or key == "steps"]:
            raise RunFileError(
                f"task {name} of run.json was made by a program ({', '.join(strange)}): resume it from there"
            )
        changed = {key: TypeAdapter(types[key]).validate_python(value) for key, value in recorded.items()}
    except ValidationError as error:
        raise RunFileError(
            f"task_fields of run.json are no task of this version ({explain(error)}); use the run's version"
        ) from error
    return _with_arrays(dataclasses.replace(known, **changed), arrays)


def recorded_scales(recorded: Mapping[str, JsonValue] | None) -> tuple[ColumnScale, ...]:
    """Return the scales of the outputs from the `task_fields` of a run.json; () if outputs are volts or classes.

    Raises RunFileError if they are none.
    """
    if recorded is None or recorded.get("preparation") is None:
        return ()
    try:
        scaling = _PREPARATION.adapter.validate_python(recorded["preparation"]).scaling
    except ValidationError as error:
        raise RunFileError(
            f"preparation in task_fields of run.json is none of this version ({explain(error)}); use the run's version"
        ) from error
    return scaling.targets if scaling.scaled else ()


def _with_arrays(task: Task, arrays: Mapping[str, NDArray[Any]] | None) -> Task:
    """Return the task with the examples that task_arrays() returned."""
    changed: dict[str, Any] = {}
    for name, names in _ARRAYS.items():
        if arrays and set(names) == set(arrays):
            columns = [arrays[key].tolist() for key in names]
            columns = [list(map(tuple, column)) if isinstance(column[0], list) else column for column in columns]
            examples = zip(*columns, strict=True)
            changed[name] = tuple(map(Row._make, examples)) if name == "rows" else tuple(examples)
    task = dataclasses.replace(task, **changed)
    if isinstance(task, UserTask) and not task.rows and not task.examples:
        raise RunFileError(f"task {task.name} of run.json has no examples, and no file of them: restore run.json")
    return task


def _built_in(name: str, amplify: float) -> Task | None:
    return TASKS[name].amplified(amplify) if name in TASKS else None


def _as_list(value: object) -> object:
    """Return a tuple as a list, so that both compare equal; anything else as it is."""
    return list(value) if isinstance(value, tuple) else value
