"""A task as run.json keeps it, so that a run can go on after its process: a user's file may have changed by then."""

import dataclasses
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from twinohm.errors import RunError
from twinohm.tasks import TASKS
from twinohm.tasks.task import Task
from twinohm.tasks.user import UserTask


def record(task: Task) -> dict[str, Any]:
    """Fields by which a task differs from the one of its name; all fields of a user's task. JSON values only."""
    if isinstance(task, UserTask):
        return dict(TypeAdapter(UserTask).dump_python(task, mode="json"))
    known = _known(task.name, getattr(task, "amplify", 1.0))
    return {
        field.name: _json(getattr(task, field.name))
        for field in dataclasses.fields(task)
        if known is None or _plain(getattr(task, field.name)) != _plain(getattr(known, field.name))
    }


def recorded(run: Mapping[str, Any]) -> Task:
    """The task of a run.json. Raises RunError if this version does not have it."""
    name, fields = str(run.get("task")), run.get("task_fields")
    if not isinstance(fields, dict):
        raise RunError(f"run.json has no task_fields: a version that could not resume made it; run {name} again")
    known = _known(name, run.get("amplify", 1.0))
    try:
        if known is None:
            return TypeAdapter(UserTask).validate_python(fields)
        if not fields:
            return known
        kind = type(known)
        own = {field.name: getattr(known, field.name) for field in dataclasses.fields(known)}
        types = get_type_hints(kind)
        if strange := [key for key in fields if key not in types or key == "steps"]:
            raise RunError(
                f"task {name} of run.json was made by a program ({', '.join(strange)}): resume it from there"
            )
        return kind(**own | {key: TypeAdapter(types[key]).validate_python(value) for key, value in fields.items()})
    except (ValidationError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise RunError(
            f"task_fields of run.json are no task of this version ({first}); use the run's version"
        ) from error


def _known(name: str, amplify: float) -> Task | None:
    return TASKS[name].amplified(amplify) if name in TASKS else None


def _plain(value: object) -> object:
    """Tuples and lists of the same are the same."""
    return list(value) if isinstance(value, tuple) else value


def _json(value: object) -> Any:
    return TypeAdapter(Any).dump_python(value, mode="json")
