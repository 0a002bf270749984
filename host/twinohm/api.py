"""The public library: what the command line does, as functions of the same names and defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from twinohm.errors import UsageError
from twinohm.link.arguments import finite_number, names, port_name, whole_number
from twinohm.run_arguments import (
    File,
    Report,
    Settings,
    engine_port,
    flag,
    folder_path,
    levers_of,
    optional_file,
    optional_text,
    placement_text,
    positive,
    preset_of,
    progress_shown,
    reopen_s,
    run_callbacks,
    settings_of,
    task_of,
)

if TYPE_CHECKING:
    from pandas import DataFrame

    from twinohm.link.board_client import BoardClient
    from twinohm.model.board import Board
    from twinohm.model.levers import Levers
    from twinohm.run_results import Run
    from twinohm.runlog.plan import RunPlan
    from twinohm.tasks.task import Task

__all__ = ["compare", "load_board", "load_run", "open", "resume", "run", "runs"]

Nodes = str | tuple[Sequence[str], Sequence[str]]  # "B,D,I,F,G,H", inputs first, or (inputs, outputs)


def open(port: str = "sim://lab16", boards: File | None = None, log: File | None = None) -> BoardClient:
    """Open a board and return it. Close it with its close(), or use it in a `with` statement.

    port: a serial device such as "/dev/ttyACM0" or "COM5", "auto" for the only board that is plugged in, or a URL
    such as "sim://lab16?seed=1".
    boards: path of a boards.toml of your own; None means the one that comes with TwinOhm.
    log: folder of runs, such as "runs": everything that the board trains is logged there, in a folder that load_run()
    and `twinohm plot` read; the attribute `log` of the board names it. None: nothing is logged.

    Raises BoardNotFound, BoardBusy (which names the program that has the port), BoardMismatch if the board's firmware
    speaks another protocol or has other nodes, edges, capabilities or configuration than boards.toml, LinkLost if the
    board does not answer, and UsageError for a wrong port, URL or file. All are in twinohm.errors and derive from
    TwinOhmError. Firmware of another version, whose protocol and wiring fit, is driven; its hash is hello.firmware.
    """
    from twinohm.link.board_client import BoardClient  # here, so that `import twinohm` stays fast
    from twinohm.link.transports import port_at

    port, file = port_name(port), optional_file("boards", boards)
    if file is not None and port_at(port).virtual:  # a virtual board is made from its URL alone
        from twinohm.sim.settings import complete_url

        port = complete_url(port, file)
    if log is None:
        return BoardClient(port, file)
    from twinohm.runlog.logged_board import LoggedBoard

    return LoggedBoard(port, file, folder_path("log", log))


def run(
    task: str | File | Task,
    *,
    board: str | None = None,
    port: str = "sim://",
    profile: str | None = None,
    seed: int | None = None,
    eta: float | None = None,
    ticks: int | None = None,
    placement: Nodes | None = None,
    preset: str = "paper",
    rule: str | None = None,
    levers: Levers | Mapping[str, Any] | None = None,
    amplify: float | None = None,
    set: Settings = (),
    diodes: Sequence[str] | None = None,
    calibration: File | None = None,
    restore_best: bool = False,
    engine: str | None = None,
    anyway: bool = False,
    boards: File | None = None,
    out: File = "runs",
    reconnect: float | None = None,
    progress: bool | Report = True,
    stop: Callable[[], bool] = lambda: False,
    ask: Callable[[str], None] | None = None,
    begin: Callable[[RunPlan, str], None] | None = None,
) -> Run:
    """Train a board on a task, log every tick in a folder below `out`, and return the run.

    task: name of a built-in task ("allostery", `twinohm tasks` lists them), path of a .toml or .csv file, or a Task.
    board: name of a board in boards.toml; None: the port's, or lab16. "auto": a graph without pins that joins every
    output to every input of the task.
    port: a serial device, "auto", or a URL such as "sim://lab16?noise_V=0.002".
    profile, seed: imperfections ("ideal", "lab", "quiet") and seed of a virtual board; None: the port's, or lab and 0.
    eta, ticks: strength of the nudge (paper, eq. 1), at most 4, and number of ticks; None: the task's, as the preset
    changes them.
    placement: nodes, "B,D,I,F,G,H" with inputs first, or (inputs, outputs); None: the task's.
    preset: "paper", "paper-biased", "best" or "best-same-ticks".
    rule: "sign", "desync", "unanimous" or "overclamp", whose levers are added to those of a preset without any; None:
    the preset's. `twinohm rules` compares these and others.
    levers: Levers in the place of those of preset and rule, or a mapping of those that differ, {"p": 0.5}.
    amplify: factor of the distance of class targets from their mean; None: the preset's.
    set: settings of a virtual board, {"noise_V": 0.002}.
    diodes: in the sockets of both networks, from anode to cathode: ["C>A"], or ["C>A:BAT42"] with a part; None:
    those of the task's that neither board nor port has.
    calibration: a file, "auto" (the one kept for the board) or "none"; None: auto on copper, none on a virtual board.
    restore_best: at the end set the taps of the lowest measured error (supervisor).
    engine: "firmware", whose board is at `port`, or "ensemble": the same rule and parts computed without firmware and
    wire, for a virtual board; its ticks have no board time, and no comparator is read. None: ensemble for board "auto",
    else firmware.
    anyway: run a task also if no network of resistors can learn it.
    boards: path of a boards.toml of your own.
    out: folder of the runs; it is made if it is not there.
    reconnect: time to wait for a lost board, s; None: 60. The ensemble engine has none to lose.
    progress: whether to show a bar, or a function to call with (ticks done, present error in V^2).
    stop: is called before each request to the board, and at the end. Once it returns True, it is called no more:
    the run ends with the chunks that are in flight, and can be resumed.
    ask: shows a text to a person, such as which edge to pull, and returns when they have done it.
    begin: is called once the board is open, with the plan and a note on its calibration.

    Raises UsageError for arguments that are wrong, do not fit together, or that task, board or levers do not use, and
    for a task that no network of resistors can learn; BoardNotFound, BoardBusy, BoardMismatch, LinkLost and BoardError
    of the board, DiskError of the log. An interrupted run keeps its ticks: resume() goes on with it.
    """
    from twinohm.link.timeouts import Timeouts
    from twinohm.model.rules import rule_named
    from twinohm.run_results import Run
    from twinohm.runlog.plan import plan_run
    from twinohm.runlog.port_changes import with_changes
    from twinohm.runlog.runner import run as train

    run_callbacks(stop, ask, begin)
    found, chosen = task_of(task), preset_of(preset)
    chosen = chosen.for_task(found)
    if amplify is None:
        found = chosen.apply_to(found)
    else:
        from twinohm.model.unused_settings import refuse_unused

        refuse_unused({"amplify": amplify}, found.unused)
        found = found.amplified(positive("amplify", amplify))
    by, base = None if rule is None else rule_named(rule), found.levers(chosen.levers)
    plan = plan_run(
        found,
        optional_text("board", board),
        with_changes(engine_port(engine, port_name(port), board), settings_of(set)),
        optional_text("profile", profile),
        None if seed is None else whole_number("seed", seed, 0),
        chosen.eta_for(found) if eta is None else finite_number("eta", eta),
        chosen.ticks(found) if ticks is None else whole_number("ticks", ticks, 1),
        placement_text(placement, found),
        optional_file("boards", boards),
        levers_of(levers, base if by is None else by.on(base)),
        flag("restore_best", restore_best),
        chosen.bias_V,
        None if calibration is None else str(optional_file("calibration", calibration)),
        flag("anyway", anyway),
        None if diodes is None else names("diodes", diodes, example="['C>A']"),
        by,
    )
    wait_s = reopen_s(reconnect, plan.port)
    prepared = found.prepared_text if progress is True and isinstance(task, str | os.PathLike) else ""
    if prepared:
        from twinohm.progress_bar import show_line

        show_line(prepared)
    with _bar(progress, plan) as report:
        folder = train(plan, folder_path("out", out), report, stop, ask, Timeouts(reopen_s=wait_s), begin)
    return Run(folder)


def resume(
    run: Run | File,
    *,
    port: str | None = None,
    calibration: File | None = None,
    boards: File | None = None,
    reconnect: float | None = None,
    progress: bool | Report = True,
    stop: Callable[[], bool] = lambda: False,
    ask: Callable[[str], None] | None = None,
    begin: Callable[[RunPlan, str], None] | None = None,
) -> Run:
    """Continue an interrupted run at the tick that it had, and return it. A run that has ended stays as it is.

    run: the run, or the path of its folder.
    port: the board's port now; None: the run's, which only a run of your own may name.
    calibration: what the run used; another one is refused.
    boards, reconnect, progress, stop, ask, begin: as for run().

    Raises UsageError and RunFileError where the folder and the board do not fit, before the first tick, and as run().
    """
    from twinohm.link.timeouts import Timeouts
    from twinohm.run_results import Run
    from twinohm.runlog.resume import plan_resume
    from twinohm.runlog.resume import resume as go_on

    run_callbacks(stop, ask, begin)
    found = load_run(run)
    plan = plan_resume(
        found.folder,
        port=None if port is None else port_name(port),
        boards=optional_file("boards", boards),
        calibration=None if calibration is None else str(optional_file("calibration", calibration)),
    )
    if begin is not None:
        begin(plan, "")
    wait_s = reopen_s(reconnect, plan.port)
    with _bar(progress, plan) as report:
        go_on(found.folder, plan, report, stop, ask, Timeouts(reopen_s=wait_s))
    return Run(found.folder)


def load_run(run: Run | File) -> Run:
    """Return a run of before.

    run: path of the folder that run() or `twinohm run` made.

    Raises RunFileError if it is no such folder.
    """
    from twinohm.run_results import Run
    from twinohm.runlog.folder import RunFolder

    return run if isinstance(run, Run) else Run(RunFolder(folder_path("run", run)))


def runs(out: File = "runs") -> DataFrame:
    """Return a table of the runs in a folder, the newest last, with the name of each run's folder as index.

    out: path of the folder.

    Columns: started, task, board, profile, seed, eta, ticks (made), of (planned), plateau_mV and plateau_orders (true
    where the port knows them, else measured), accuracy (share of right classes), and problem: why a run cannot be read,
    else "". Raises UsageError if `out` is no folder.
    """
    from twinohm.run_table import table_of_runs

    return table_of_runs(folder_path("out", out))


def compare(*runs: Run | File) -> DataFrame:
    """Return a table with a column for each run: the settings in which they differ, then their scores.

    runs: two or more, or the paths of their folders.

    Raises UsageError for less than two runs, RunFileError if one is damaged.
    """
    from twinohm.run_table import comparison

    if len(runs) < 2:
        raise UsageError(f"compare: {'one run' if runs else 'no run'}; name two or more")
    return comparison([load_run(run) for run in runs])


def load_board(name: str = "lab16", boards: File | None = None) -> Board:
    """Return a board of boards.toml: its nodes, edges, parts and what it can do.

    name: its name there.
    boards: path of a boards.toml of your own; None: the one that comes with TwinOhm.

    Raises UsageError if there is no such board, or the file is wrong.
    """
    from twinohm.model import board_file

    if not isinstance(name, str):
        raise UsageError(f"name = {name!r}: give the name of a board, such as 'lab16'")
    return board_file.load_board(name, optional_file("boards", boards))


def _bar(progress: object, plan: RunPlan) -> AbstractContextManager[Report]:
    from twinohm.progress_bar import training_bar

    return progress_shown(progress, lambda: training_bar(plan.ticks, plan.task.name), "ticks done, error in V^2")
