"""A task as run.json keeps it, so that a run can be resumed although a user's file has changed since."""

import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import JsonValue, TypeAdapter, ValidationError

from twinohm.errors import RunError
from twinohm.tasks import TASKS
from twinohm.tasks.task import Task
from twinohm.tasks.user import UserTask

_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_USER_TASK = TypeAdapter(UserTask)


def task_fields(task: Task) -> dict[str, JsonValue]:
    """Return the fields by which a task differs from the built-in one of its name; all fields of a user's task."""
    if isinstance(task, UserTask):
        return dict(_USER_TASK.dump_python(task, mode="json"))
    known = _built_in(task.name, getattr(task, "amplify", 1.0))
    return {
        field.name: _JSON.dump_python(getattr(task, field.name), mode="json")
        for field in dataclasses.fields(task)
        if known is None or _as_list(getattr(task, field.name)) != _as_list(getattr(known, field.name))
    }


def recorded_task(name: str, recorded: Mapping[str, JsonValue] | None, amplify: float) -> Task:
    """Return the task of a run.json: its `task`, `task_fields` and `amplify`. Raises RunError if there is none."""
    if recorded is None:
        raise RunError(f"run.json has no task_fields: a version that could not resume made it; run {name} again")
    known = _built_in(name, amplify)
    try:
        if known is None:
            return _USER_TASK.validate_python(recorded)
        types = get_type_hints(type(known))
        if strange := [key for key in recorded if key not in types or key == "steps"]:
            raise RunError(
                f"task {name} of run.json was made by a program ({', '.join(strange)}): resume it from there"
            )
        changed = {key: TypeAdapter(types[key]).validate_python(value) for key, value in recorded.items()}
    except ValidationError as error:
        first = str(error).splitlines()[0]
        raise RunError(
            f"task_fields of run.json are no task of this version ({first}); use the run's version"
        ) from error
    return dataclasses.replace(known, **changed)


def _built_in(name: str, amplify: float) -> Task | None:
    return TASKS[name].amplified(amplify) if name in TASKS else None


def _as_list(value: object) -> object:
    """Return a tuple as a list, so that both compare equal; anything else as it is."""
    return list(value) if isinstance(value, tuple) else value
