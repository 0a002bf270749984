"""Arguments of the public library: turned into what the rest of the host works with, or refused in words."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from twinohm.errors import UsageError
from twinohm.faces import option
from twinohm.inputs import possible_path
from twinohm.link.arguments import callback, file_path, finite_number, names, plain_scalar, shown

if TYPE_CHECKING:
    from twinohm.model.levers import Levers
    from twinohm.tasks.presets import Preset
    from twinohm.tasks.task import Task

File = str | os.PathLike[str]
Settings = Mapping[str, object] | Iterable[tuple[str, str]]
Report = Callable[[int, float], None]  # ticks done, present error in V^2
Bars = Callable[[str, int, int], None]  # what is done, how much of it, and of how much
FIRMWARE = "firmware"  # the engine that is a board
F = TypeVar("F", bound=Callable[..., None])


def task_of(task: object) -> Task:
    """Return a task by its name or file, or the task itself. Raises UsageError."""
    from twinohm.tasks import find_task
    from twinohm.tasks.task import Task

    if isinstance(task, Task):
        return task
    if isinstance(task, str | os.PathLike) and isinstance(name := os.fspath(task), str):
        return find_task(name)
    raise UsageError(f"task = {shown(task)}: give the name of a task, the path of a file, or a Task")


def preset_of(name: object) -> Preset:
    """Return a preset by its name. Raises UsageError."""
    from twinohm.tasks.presets import PRESETS

    if not isinstance(name, str) or name not in PRESETS:
        raise UsageError(f"preset = {shown(name)}: give one of {', '.join(PRESETS)}")
    return PRESETS[name]


def levers_of(given: object, chosen: Levers) -> Levers:
    """Return the levers given, or those of a preset with the changes given. Raises UsageError."""
    from twinohm.model.levers import ASKED_BY_TASKS, Levers
    from twinohm.model.unused_settings import refuse_unused

    if given is None:
        return chosen
    if isinstance(given, Levers):
        return given
    if not isinstance(given, Mapping):
        raise UsageError(f"levers = {shown(given)}: give a mapping such as {{'p': 0.5}}, or twinohm.Levers(p=0.5)")
    known = [field.name for field in dataclasses.fields(Levers) if field.name not in ASKED_BY_TASKS]
    for name in given:
        if name not in known:
            raise UsageError(f"levers: there is no lever {name!r}; levers are {', '.join(known)}")
    levers = dataclasses.replace(chosen, **given)
    refuse_unused(given, levers.unused)
    return levers


def placement_text(placement: object, task: Task) -> str | None:
    """Return a placement in the form that tasks read, inputs first."""
    if placement is None or isinstance(placement, str):
        return placement
    if not isinstance(placement, tuple | list) or len(placement) != 2:
        raise UsageError(f"placement = {shown(placement)}: give 'B,D,I,F,G,H', inputs first, or (inputs, outputs)")
    from twinohm.model.placement import Placement

    inputs, outputs = names("inputs", placement[0]), names("outputs", placement[1])
    if "placement" not in task.unused and (len(inputs), len(outputs)) != (task.n_inputs, task.n_outputs):
        raise UsageError(
            f"placement = {shown(placement)}: {task.name} has {task.n_inputs} inputs and {task.n_outputs} outputs; "
            "name as many nodes"
        )
    return Placement(inputs, outputs).text


def engine_port(engine: object, port: str, board: object) -> str:
    """Return the port of a run: of engine "ensemble" the same virtual board without firmware. Raises UsageError."""
    from twinohm.model.allotment import find_auto_board
    from twinohm.model.board_tables import AUTO
    from twinohm.sim.settings import ENSEMBLE, is_ensemble

    if engine is None:
        engine = ENSEMBLE if board == AUTO or is_ensemble(port) else FIRMWARE
    if engine not in (FIRMWARE, ENSEMBLE):
        raise UsageError(f"engine = {shown(engine)}: give {FIRMWARE!r} or {ENSEMBLE!r}")
    if engine == FIRMWARE:
        if board == AUTO or is_ensemble(port):
            what = "board auto has no pins" if board == AUTO else f"{port} has no firmware"
            raise UsageError(f"engine = {FIRMWARE!r}: {what}; leave engine out")
        return port
    scheme, mark, rest = port.partition("://")
    if not mark or scheme not in ("sim", ENSEMBLE):
        raise UsageError(f"engine = {ENSEMBLE!r} computes a virtual board, and {port} is none: leave the port out")
    named = rest.partition("?")[0].rstrip("/")
    if board is not None and named and named != board and (board != AUTO or find_auto_board(named) is None):
        raise UsageError(f"{port} is not {option('board', board)}: leave one of them out")
    return f"{ENSEMBLE}://{rest}"


def reopen_s(reconnect: object, port: str) -> float:
    """Return how long a run at a port waits for a lost board, s. Raises UsageError if no board can be lost there."""
    from twinohm.link.timeouts import Timeouts
    from twinohm.model.unused_settings import refuse_unused
    from twinohm.sim.settings import is_ensemble

    if is_ensemble(port):
        refuse_unused({"reconnect": reconnect}, {"reconnect": "the ensemble engine has no board to lose"})
    return Timeouts.reopen_s if reconnect is None else seconds("reconnect", reconnect)


def settings_of(given: Any) -> tuple[tuple[str, str], ...]:
    """Return settings as (key, text) pairs."""
    try:
        items = tuple(given.items() if isinstance(given, Mapping) else ((key, value) for key, value in given))
    except (TypeError, ValueError):
        items = ((None, ""),)
    if not all(isinstance(key, str) for key, _ in items):
        raise UsageError(f"set = {shown(given)}: give a mapping such as {{'noise_V': 0.002}}")
    return tuple((key, value if isinstance(value, str) else repr(plain_scalar(value))) for key, value in items)


def positive(what: str, value: object) -> float:
    """Return a number above 0. Raises UsageError."""
    if (number := finite_number(what, value)) <= 0:
        raise UsageError(f"{what} = {number:g}: more than 0")
    return number


def seconds(what: str, value: object) -> float:
    """Return a time, 0 or more. Raises UsageError."""
    if (number := finite_number(what, value)) < 0:
        raise UsageError(f"{what} = {number:g}: 0 or more seconds")
    return number


def flag(what: str, value: object) -> bool:
    """Return True or False. Raises UsageError for anything else."""
    if not isinstance(value, bool):
        raise UsageError(f"{what} = {shown(value)}: give True or False")
    return value


def text(what: str, value: object) -> str:
    """Return a text. Raises UsageError for anything else."""
    if not isinstance(value, str):
        raise UsageError(f"{what} = {shown(value)}: give a text")
    return value


def optional_text(what: str, value: object) -> str | None:
    """Return a text or None. Raises UsageError for anything else."""
    return None if value is None else text(what, value)


def optional_file(what: str, value: object) -> Path | None:
    """Return the path of a file, or None. Raises UsageError for anything else."""
    return None if value is None else file_path(what, value)


def run_callbacks(stop: object, ask: object, begin: object) -> None:
    """Raise UsageError for a function of run() or resume() that is none."""
    callback("stop", stop, "nothing that returns True to end the run")
    callback("ask", ask, "a text to show", optional=True)
    callback("begin", begin, "the plan and a note", optional=True)


def folder_path(what: str, value: object) -> Path:
    """Return the path of a folder. Raises UsageError for anything but a text or a path."""
    path = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(path, str) or not path or "\0" in path:
        raise UsageError(f"{what} = {shown(value)}: give the path of a folder")
    return possible_path(Path(path))


def progress_shown(
    progress: object, bar: Callable[[], AbstractContextManager[F]], arguments: str
) -> AbstractContextManager[F]:
    """Return what shows how far a call is, `bar` or a user's function, and yields the function to report it to.

    arguments: what that is called with, in words. Raises UsageError for other things than True, False and a function.
    """
    if progress is True:
        return bar()
    if progress is False or progress is None:
        return nullcontext(cast(F, lambda *_: None))
    if not callable(progress):
        raise UsageError(f"progress = {shown(progress)}: give True, False, or a function of ({arguments})")
    return nullcontext(cast(F, progress))
