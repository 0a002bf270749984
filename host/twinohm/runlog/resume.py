"""A run that was broken off goes on at the tick it had: after an error, Ctrl-C, or the end of its process."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twinohm.errors import RunError, RunFileError, UsageError
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import port_at
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.calibration import calibration_of
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.protocol.side_channel import GroundTruth
from twinohm.runlog.folder import Record, RunFolder
from twinohm.runlog.log_replay import LogReplay
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.reconnecting import ReconnectingBoard
from twinohm.runlog.runner import Progress, train_to_end
from twinohm.runlog.summary import log_summary
from twinohm.runlog.trainer import Trainer
from twinohm.tasks.recorded import recorded
from twinohm.tasks.task import Task


def resume(
    folder: RunFolder,
    plan: RunPlan,
    progress: Progress | None = None,
    boards: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    ask: Callable[[str], None] | None = None,
    timeouts: Timeouts | None = None,
) -> bool:
    """Go through the log, then on with it, as `run` does. Returns False if there was nothing left to do.

    The board is homed and has the taps of the last logged tick when it goes on. RunBusy if another process writes the
    run, RunError if the log is not one of this task; and what `run` raises.
    """
    started = time.monotonic()
    described = folder.run()
    folder.hold()
    replay = LogReplay(folder.lines())

    def log(event: Record) -> None:
        folder.append([])  # cuts off a torn line
        folder.append([event | ({"torn_bytes": folder.torn} if folder.torn else {})])
        folder.torn = 0

    machine = ReconnectingBoard(plan, log, described["start_taps"], None, boards, timeouts)
    trainer = Trainer(plan, machine, folder, replay, _truth(folder, described), ask)
    try:
        if _done(folder):
            folder.write_summary(log_summary(folder))
            return False
        train_to_end(trainer, machine, folder, started, progress, stop)
    finally:
        machine.close()
        folder.close()
    return True


def _truth(folder: RunFolder, described: Mapping[str, Any]) -> GroundTruth | None:
    """Return the component values in run.json, None for a run on a real board. Raises RunFileError."""
    if "truth" not in described:
        return None
    try:
        return GroundTruth.parse(described["truth"])
    except ValueError as error:
        raise RunFileError(f"{folder.path / 'run.json'}: truth: {error}; the file was changed") from error


def _done(folder: RunFolder) -> bool:
    done = False
    for event in folder.events("end"):
        done = event.get("why") == "done"
    return done


def plan_of(
    folder: RunFolder, task: Task | None = None, port: str | None = None, boards: Path | None = None
) -> RunPlan:
    """The plan of a run by its run.json; `task` if a program made it, `port` if the board is elsewhere now.

    Raises RunError if run.json lacks something or the board's table has changed since.
    """
    run = folder.run()
    try:
        task = task or recorded(run)
        port = port or run.get("serial_number") or run["port"]
        boards = boards or (Path(run["boards"]) if run.get("boards") else None)
        if port_at(run["port"]).virtual != port_at(port).virtual:
            raise UsageError(f"--port {port}: the run was made at {run['port']}; a run stays virtual, or on copper")
        board, pulled = _board(run, port, boards)
        if board.model_dump(mode="json") != run["board_table"]:
            raise RunError(
                f"board {board.name} is not what it was when {folder.path} began: {_difference(board, run)} of "
                "boards.toml differs; give the one it had with --boards"
            )
        return RunPlan(
            task,
            board,
            port,
            Placement(tuple(run["placement"]["inputs"]), tuple(run["placement"]["outputs"])),
            float(run["eta"]),
            int(run["ticks"]),
            run["seed"],
            run["profile"],
            Levers(**run["levers"]),
            bool(run["restore_best"]),
            pulled,
            calibration=calibration_of(run["calibration"]) if run.get("calibration") else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise RunFileError(f"{folder.path / 'run.json'}: {why}; it was changed, or its run never began") from error


def _board(run: Mapping[str, Any], port: str, boards: Path | None) -> tuple[Board, tuple[tuple[int, int, bool], ...]]:
    if not port_at(port).virtual:
        return load_board(run["board"], boards), ()
    from twinohm.sim.settings import SimSettings

    settings = SimSettings.parse(port)
    return settings.board, settings.pulled


def _difference(board: Board, run: Mapping[str, Any]) -> str:
    before = run["board_table"]
    return next(
        (key for key, value in json.loads(board.model_dump_json()).items() if value != before.get(key)), "a key"
    )
