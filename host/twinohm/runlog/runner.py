"""One run: a task on a board, every tick into a run folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from twinohm.errors import RunFileError, TwinOhmError
from twinohm.link.board_client import BoardClient
from twinohm.link.timeouts import Timeouts
from twinohm.processes import is_scratch
from twinohm.runlog import examples_file
from twinohm.runlog.calibration_choice import choose_calibration
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import Ended, Resumed
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_replay import LogReplay
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.reconnecting import ReconnectingBoard, check_plan_board, home
from twinohm.runlog.run_board import BoardFacts, RunBoard, describe_run
from twinohm.runlog.trainer import Trainer
from twinohm.tasks.recorded import task_arrays, task_fields

if TYPE_CHECKING:
    from twinohm.runlog.engine_board import EngineBoard

Progress = Callable[[int, float], None]  # ticks done, present error in V^2
Begin = Callable[[RunPlan, str], None]  # the plan with its calibration, and a note about that or ""


def run(
    plan: RunPlan,
    out: Path,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    ask: Callable[[str], None] | None = None,
    timeouts: Timeouts | None = None,
    begin: Begin | None = None,
) -> RunFolder:
    """Home the board, train, log every tick and score the run. Return its folder, made in folder `out`.

    `begin` is called once the board is open. `stop` is called before each request; once it returns True, no more ticks
    are requested. `ask` shows a text to a person and returns when they have done what it says.

    Raises UsageError for a calibration that does not fit, LinkError or BoardError, and DiskError before the first tick
    if the log has no room. What was logged stays, is scored, and can be resumed.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        engine, note = None, ""
        if plan.has_firmware:
            client = BoardClient(plan.port, plan.boards, timeouts)
            stack.callback(client.close)
            check_plan_board(plan, client)
            calibration, note = choose_calibration(client, plan.wanted_calibration)
            plan = replace(plan, calibration=calibration)
        else:
            engine = engine_board(plan)
        if begin is not None:
            begin(plan, note)
        if engine is None:
            home(client)
        facts = engine.facts if engine is not None else BoardFacts.of(client)
        arrays = task_arrays(plan.task)
        examples = examples_file.pack(arrays) if arrays else None
        description = _describe(plan, facts, examples_file.describe(examples, arrays) if examples else None)
        folder = RunFolder.create(out, description, examples=examples)
        stack.callback(folder.close)
        folder.hold()
        folder.require_room(plan.ticks * estimate_tick_bytes(plan))
        board = engine or ReconnectingBoard(plan, description, lambda event: folder.append([event]), client, timeouts)
        trainer = Trainer(plan, board, folder, LogReplay(), description.truth, ask)
        train_to_end(trainer, board, folder, started, progress, stop)
    return folder


def train_to_end(
    trainer: Trainer,
    board: RunBoard,
    folder: RunFolder,
    started: float,
    progress: Progress | None,
    stop: Callable[[], bool],
) -> None:
    """Train what is left of a run; log how it ended, and write its summary. `started`: seconds of time.monotonic().

    A resumed run that fails before it has added to the log leaves the folder as it was.
    """
    why, asked = "stopped", False

    def goes_on() -> bool:
        nonlocal asked
        asked = asked or bool(stop())
        return not asked

    try:
        for done, error_V2 in trainer.train(goes_on):
            if progress is not None:
                progress(done, error_V2)
        if goes_on():
            trainer.finish()
            why = "done"
    except BaseException as error:
        if folder.changed:
            with suppress(TwinOhmError):  # the first error is the one to report
                _end(board, folder, started, f"{type(error).__name__}: {error}")
        if folder.changed or isinstance(error, KeyboardInterrupt):
            _say_count(error, folder)
        raise
    if folder.changed or why == "done":
        try:
            _end(board, folder, started, why)
        except TwinOhmError as error:
            _say_count(error, folder)
            raise


def _say_count(error: BaseException, folder: RunFolder) -> None:
    """Add to an error for the user how many ticks are on the disk, and how to go on with them."""
    if isinstance(error, TwinOhmError | KeyboardInterrupt) and folder.log.exists() and not is_scratch(folder.path):
        try:
            logged = f"{folder.logged_ticks} ticks are logged: `{folder.resume_command}` goes on"
        except RunFileError as damage:  # log or run.json were changed while the run went on
            logged = str(damage)
            if logged in str(error):
                return
        if isinstance(error, KeyboardInterrupt):
            error.add_note(logged)
        else:
            error.args = (f"{error}; {logged}",)


def _end(board: RunBoard, folder: RunFolder, started: float, why: str) -> None:
    violations = board.violations_event()
    if violations is not None:
        folder.append([replace(violations, tick=folder.logged_ticks)])
    folder.append([Ended(tick=folder.logged_ticks, why=why, seconds=round(time.monotonic() - started, 3))])
    folder.close()
    if folder.logged_ticks:
        folder.write_summary(log_summary(folder))


def engine_board(plan: RunPlan, log: Callable[[Resumed], None] | None = None) -> EngineBoard:
    """Return the board of a plan for the ensemble engine. Raises TwinOhmError if numba is missing."""
    from twinohm.runlog.engine_board import EngineBoard

    return EngineBoard(plan, log)


def estimate_tick_bytes(plan: RunPlan) -> int:
    """Return about how many bytes a tick takes in the log: for every node, for every edge, and for the rest."""
    return 200 + 45 * len(plan.board.nodes) + 5 * plan.board.n_edges


def _describe(plan: RunPlan, facts: BoardFacts, examples: examples_file.ExamplesFile | None) -> RunDescription:
    return describe_run(
        plan.board,
        facts,
        task=plan.task.name,
        port=plan.port,
        calibration=plan.calibration,
        profile=plan.profile,
        seed=plan.seed,
        eta=plan.eta,
        ticks=plan.ticks,
        block=plan.task.score_ticks,
        ours=plan.task.ours,
        placement=plan.placement,
        levers=plan.levers,
        amplify=getattr(plan.task, "amplify", 1.0),
        restore_best=plan.restore_best,
        examples=tuple((tuple(given), tuple(wanted)) for given, wanted in (() if examples else plan.task.examples)),
        examples_file=examples,
        task_fields=task_fields(plan.task),
        baselines=plan.baselines,
        boards=str(plan.boards.resolve()) if plan.boards is not None else None,
    )
