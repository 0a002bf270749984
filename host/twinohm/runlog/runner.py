"""One run: a task on a board, every tick into a run folder."""

import platform
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from twinohm.errors import TwinOhmError
from twinohm.firmware.sources import firmware_hash
from twinohm.link.board_client import BoardClient
from twinohm.link.timeouts import Timeouts
from twinohm.model.calibration import load
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_replay import LogReplay
from twinohm.runlog.plan import RunPlan, plan_run
from twinohm.runlog.reconnecting import ReconnectingBoard, check_board
from twinohm.runlog.summary import log_summary
from twinohm.runlog.trainer import Trainer
from twinohm.tasks.recorded import record
from twinohm.version import __version__

__all__ = ["Progress", "RunPlan", "train_to_end", "plan_run", "run"]

Progress = Callable[[int, float], None]  # ticks done, present error in V^2


def run(
    plan: RunPlan,
    out: Path,
    progress: Progress | None = None,
    boards: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    ask: Callable[[str], None] | None = None,
    timeouts: Timeouts | None = None,
) -> RunFolder:
    """Home the board, train, log every tick, score. `stop` is asked after each chunk, `ask` has a person do something.

    Raises LinkError or BoardError, DiskError before the first tick where the log has no room; what was logged stays,
    is scored, and can be resumed.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        machine = BoardClient(plan.port, boards, timeouts)
        stack.callback(machine.close)
        check_board(plan, machine)
        if plan.calibrated:
            plan = replace(plan, calibration=load(machine.board, machine.board_id))
        machine.home()
        folder = RunFolder.create(out, plan.task.name, plan.board.name)
        stack.callback(folder.close)
        folder.hold()
        folder.require_room(plan.ticks * _tick_bytes(plan))
        folder.write_run(_description(plan, machine, boards))
        steady = ReconnectingBoard(
            plan, lambda event: folder.append([event]), machine.taps or (), machine, boards, timeouts
        )
        truth = machine.side_channel.truth if machine.side_channel is not None else None
        train_to_end(Trainer(plan, steady, folder, LogReplay(), truth, ask), steady, folder, started, progress, stop)
    return folder


def train_to_end(
    trainer: Trainer,
    machine: ReconnectingBoard,
    folder: RunFolder,
    started: float,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Everything that is left of a run, and its end into the log, whatever it was."""
    why = "stopped"
    try:
        for done, error in trainer.train(lambda: not stop()):
            if progress is not None:
                progress(done, error)
        if not stop():
            trainer.finish()
            why = "done"
    except BaseException as error:
        why = f"{type(error).__name__}: {error}"
        with suppress(TwinOhmError):  # the first error is the one to tell
            _end(trainer, machine, folder, started, why)
        if isinstance(error, TwinOhmError):
            error.args = (f"{error}; {trainer.ticks} ticks are logged: `twinohm resume {folder.path}` goes on",)
        raise
    _end(trainer, machine, folder, started, why)


def _end(trainer: Trainer, machine: ReconnectingBoard, folder: RunFolder, started: float, why: str) -> None:
    lines = [violations_event] if (violations_event := machine.violations_event(all_=True)) else []
    seconds = round(time.monotonic() - started, 3)
    folder.append([*lines, {"event": "end", "tick": trainer.ticks, "why": why, "seconds": seconds}])
    folder.close()
    if trainer.ticks:
        folder.write_summary(log_summary(folder))


def _tick_bytes(plan: RunPlan) -> int:
    """Of one tick in the log, about: volts of every node, bits and tap of every edge, and what is always there."""
    return 200 + 45 * len(plan.board.nodes) + 5 * plan.board.n_edges


def _description(plan: RunPlan, machine: BoardClient, boards: Path | None) -> dict[str, Any]:
    """Everything needed to repeat the run or go on with it, and on virtual ports to compute every voltage again."""
    board = plan.board
    description = {
        "task": plan.task.name,
        "board": board.name,
        "port": plan.port,
        "serial_number": machine.serial_number,
        "board_id": machine.board_id,
        "calibration": plan.calibration.record() if plan.calibration is not None else None,
        "profile": plan.profile,
        "seed": plan.seed,
        "eta": plan.eta,
        "ticks": plan.ticks,
        "block": plan.task.score_ticks,
        "ours": plan.task.ours,
        "placement": {"inputs": list(plan.placement[0]), "outputs": list(plan.placement[1])},
        "nodes": list(board.nodes),
        "edges": list(board.edges),
        "min_tap": board.pots.min_tap,
        "start_taps": list(machine.taps or ()),
        "levers": plan.levers.changed(),
        "amplify": getattr(plan.task, "amplify", 1.0),
        "restore_best": plan.restore_best,
        "examples": [list(map(list, example)) for example in plan.task.examples],
        "task_fields": record(plan.task),
        "command": sys.argv,
        "versions": {
            "twinohm": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "firmware": machine.hello.firmware,
            "firmware_here": firmware_hash(),
            "protocol": machine.hello.protocol,
        },
        "hello": machine.hello.record(),
        "boards": str(boards.resolve()) if boards is not None else None,
        "board_table": board.model_dump(mode="json"),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    if machine.side_channel is not None:
        description["truth"] = machine.side_channel.truth.record()
    return description
