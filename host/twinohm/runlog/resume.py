"""Resume a run that was broken off by an error, by Ctrl-C, or by the end of its process, at the tick it had."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from twinohm.errors import RunFileError, UsageError
from twinohm.json_records import shorten
from twinohm.link.port_tokens import take_token
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import check_recorded_port
from twinohm.model.board import HARDWARE_ONLY, Board
from twinohm.model.board_diodes import with_diodes
from twinohm.model.board_file import load_board
from twinohm.runlog.calibration_choice import check_resumed
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import Ended, Resumed
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_replay import LogReplay
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.port_changes import is_virtual
from twinohm.runlog.reconnecting import ReconnectingBoard
from twinohm.runlog.run_board import RunBoard, check_truth
from twinohm.runlog.runner import Progress, engine_board, estimate_tick_bytes, train_to_end
from twinohm.runlog.tick_record import TickRecord
from twinohm.runlog.trainer import Trainer
from twinohm.sim.settings import OWN_KEYS, SimSettings, is_ensemble, script_of, with_boards
from twinohm.tasks.recorded import recorded_task
from twinohm.tasks.task import Task


def resume(
    folder: RunFolder,
    plan: RunPlan,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    ask: Callable[[str], None] | None = None,
    timeouts: Timeouts | None = None,
) -> bool:
    """Replay the log of a run, then go on with it as `run` does. Return False if there was nothing left to do.

    The board is homed and given the taps of the last logged tick. Raises RunBusy if another process writes the run,
    RunError if the log is not one of this task or the circuit of a virtual board is another, and what `run` raises.
    """
    started = time.monotonic()
    description = folder.description()

    def log(event: Resumed) -> None:
        folder.append([])  # cuts off a torn line
        folder.append([replace(event, torn_bytes=folder.torn or None)])
        folder.torn = 0

    if plan.has_firmware:
        board: RunBoard = ReconnectingBoard(plan, description, log, None, timeouts)
    else:
        board = engine_board(plan, log)
        check_truth(plan.port, board.facts.truth, description)
    with folder, closing(board):
        folder.hold(sign=False)
        ticks, done = _logged(folder)
        if done:
            folder.hold()
            folder.write_summary(log_summary(folder))
            return False
        folder.require_room((plan.ticks - ticks) * estimate_tick_bytes(plan))
        trainer = Trainer(plan, board, folder, LogReplay(folder.records()), description.truth, ask)
        train_to_end(trainer, board, folder, started, progress, stop)
    return True


def _logged(folder: RunFolder) -> tuple[int, bool]:
    """Return the number of ticks in the log, and whether the run had reached its end."""
    ticks, done = 0, False
    for record in folder.records():
        if isinstance(record, TickRecord):
            ticks += 1
        elif isinstance(record, Ended):
            done = record.why == "done"
    return ticks, done


def plan_resume(
    folder: RunFolder,
    task: Task | None = None,
    port: str | None = None,
    boards: Path | None = None,
    calibration: str | None = None,
) -> RunPlan:
    """Return the plan of a run from its run.json.

    `task`: the task, if a program made it. `port`: where the board is now, if it was moved, or if run.json is not one
    that a run of this user wrote (run_hmac.py): no port and no boards.toml that such a file names is opened. `boards`:
    the boards.toml to use. `calibration`: the one that the run used, if it is named at all; a run keeps what it used.

    Raises UsageError for another calibration, or a port that must be given, RunFileError if run.json does not fit,
    and if the task or the board's table is another now, or for a virtual board of a version whose DACs were ideal.
    """
    run, foreign = folder.own_description()
    if wrong := run.mistake():
        raise RunFileError(f"{folder.path / 'run.json'}: {wrong}; restore it or name another run")
    if run.ticks is None:
        raise UsageError(f"{folder.path}: is the log of a session, which has no planned end; run its program again")
    if port is None:
        if foreign is not None:
            next(folder.ticks(), None)  # if the log is of another run.json, no port helps
        port = _own_port(folder, run, foreign)
    port = take_token(port)
    folder.note_port(port)
    try:
        task = task or recorded_task(run.task, run.task_fields, run.amplify, folder.examples())
    except (UsageError, RunFileError) as error:
        raise RunFileError(f"{folder.path}: {error}") from error
    if run.examples_file is None and [tuple(map(tuple, pair)) for pair in task.examples] != list(run.examples):
        raise RunFileError(
            f"{folder.path / 'run.json'}: its examples are not those of its task {run.task}: it was changed, or this "
            "version's task is another; restore it or use the run's version"
        )
    if is_ensemble(port) != is_ensemble(run.port) or (run.profile is not None) != is_virtual(port):
        raise UsageError(f"--port {port}: the run was made at {run.port}; a run stays virtual, or on copper")
    if boards is not None and is_virtual(port):
        port = with_boards(port, boards)
    boards = boards or (Path(run.boards) if run.boards and foreign is None else None)
    if run.truth is not None and run.truth.dac is None:
        deque(folder.records(), maxlen=0)  # what is wrong with the log is said first
        raise RunFileError(
            f"{folder.path}: {run.made_by} made the run on a virtual board with ideal DACs, which this version "
            "draws with their datasheet's errors; begin a new run (`twinohm plot`, `export` and `check` read this one)"
        )
    board, pulled = _find_board(run, port, boards)
    _check_table(folder, run, board)
    if is_virtual(port):
        _check_script(run, port, board)
    if calibration is not None:
        check_resumed(calibration, run.calibration, run.board, run.board_id)
    try:
        return RunPlan(
            task,
            board,
            port,
            run.placement,
            run.eta,
            run.ticks,
            run.seed,
            run.profile,
            run.levers,
            run.restore_best,
            pulled,
            calibration=run.calibration,
            baselines=run.baselines,
            boards=boards,
        )
    except UsageError as error:
        raise RunFileError(f"{folder.path / 'run.json'}: {error}; restore it or name another run") from error


def _own_port(folder: RunFolder, run: RunDescription, foreign: str | None) -> str:
    """Return the port of a run that goes on without --port. Raises UsageError if its file is not to be trusted."""
    port = run.serial_number or run.port
    if foreign is None:
        return port if is_ensemble(port) else check_recorded_port(port)
    raise UsageError(
        f"{folder.path / 'run.json'}: no run of yours wrote it as it is ({foreign}), so the port that it names is not "
        f"opened: {shorten(port)}; name the port of your board yourself: `{folder.resume_command}`"
    )


def _find_board(run: RunDescription, port: str, boards: Path | None) -> tuple[Board, tuple[tuple[int, int, bool], ...]]:
    """Return the board as it is now, and the edges that its port's script pulls, as RunPlan.pulled has them."""
    if not is_virtual(port):
        board = load_board(run.board, boards)
        return with_diodes(board, run.recorded_board.diodes[len(board.diodes) :]), ()
    settings = SimSettings.parse(port)
    return settings.board, settings.pulled


def _check_script(run: RunDescription, port: str, board: Board) -> None:
    """Raise UsageError if other edges are pulled, or other faults occur, at a virtual port than in the run."""
    virtual = run.port.partition("://")[0] in OWN_KEYS  # a foreign run.json can name any port
    if set(script_of(port, board)) != set(script_of(run.port, board) if virtual else ()):
        raise UsageError(
            f"--port {port}: script and faults are not those of the run, {shorten(run.port)}; give the same `at` and "
            "`fault`"
        )


def _check_table(folder: RunFolder, run: RunDescription, board: Board) -> None:
    """Raise RunFileError if the board's table differs from the recorded one, with defaults filled in on both sides."""
    now, before = (
        one.model_dump(mode="json", exclude=HARDWARE_ONLY | {"pulls": True}) for one in (board, run.recorded_board)
    )
    if key := _find_difference(now, before):
        raise RunFileError(
            f"board {board.name} is not what it was when {folder.path} began: {key} of boards.toml differs; give the "
            "one it had with --boards"
        )


def _find_difference(now: Mapping[str, Any], before: Mapping[str, Any]) -> str | None:
    """Return the first key that differs, such as "pots.ohm", None if the tables are equal."""
    for key, value in now.items():
        old = before.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            if inner := _find_difference(value, old):
                return f"{key}.{inner}"
        elif value != old:
            return key
    return None
