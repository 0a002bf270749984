"""twinohm run, twinohm tasks: train a board on a task, list the tasks."""

import signal
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from twinohm import api
from twinohm.cli.data_options import data_options
from twinohm.cli.interrupts import RUN_GRACE_S, Interrupts
from twinohm.cli.number_types import Number, Whole
from twinohm.cli.path_type import FilePath
from twinohm.cli.port_option import Changes, port_argument, set_option
from twinohm.cli.show import load_shown, print_json, print_rows
from twinohm.cli.streams import say
from twinohm.errors import RunError
from twinohm.model.levers import VOTES
from twinohm.model.rules import FIRMWARE_RULES, RULES, rule_of
from twinohm.model.unused_settings import refuse_unused
from twinohm.runlog.calibration_choice import describe
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.score_text import (
    answers_text,
    baselines_text,
    measured_text,
    power_text,
    restored_text,
    rms_text,
    targets_text,
    true_text,
)
from twinohm.runlog.summary import PhaseScores, Summary
from twinohm.sim.settings import is_ensemble
from twinohm.tasks import TASKS
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.presets import PRESETS, labels

ABOVE_0 = Number(min=0, min_open=True)
boards_option = click.option("--boards", type=FilePath(), help="Path of a boards.toml of your own.")
runs_option = click.option(
    "--out", type=FilePath(), default=Path("runs"), show_default=True, help="Folder of the runs."
)
scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Address of a Dask scheduler; waits for its workers.  [default: all cores here]",
)
diode_option = click.option(
    "--diode",
    "diodes",
    metavar="ANODE>CATHODE[:PART]",
    multiple=True,
    help="Diode in the sockets of both networks, for example 'C>A'; part 1N4148 by default. none: without the task's.",
)
anyway_option = click.option("--anyway", is_flag=True, help="Run a task also if no network of resistors can learn it.")
CHUNK_S = 0.2  # after Ctrl-C, for the chunk in flight
HAS_TIMER = hasattr(signal, "setitimer")
LEAST_ORDERS = 1.0  # of a phase; with less, its error in mV says more
LEVER_OPTIONS = (
    click.option("--p", type=ABOVE_0, help="Probability that an edge takes part in a tick (local)."),
    click.option("--readings", type=Whole(min=1), help="Readings of each comparator per tick (local)."),
    click.option(
        "--vote",
        type=click.Choice(VOTES),
        help="How readings that disagree decide; unanimous: the edge holds (local).",
    ),
    click.option(
        "--error-full", "error_full_V", type=Number(min=0), help="Lower p below this rms error, V (supervisor)."
    ),
    click.option("--p-floor", type=ABOVE_0, help="Smallest p of --error-full (supervisor)."),
    click.option("--whole", is_flag=True, default=None, help="Draw once per tick for all edges (supervisor)."),
    click.option("--overclamp", is_flag=True, default=None, help="Clamp outputs towards the far rail (supervisor)."),
    click.option(
        "--hinge/--no-hinge",
        default=None,
        help="Let be an example whose differences of outputs are right (supervisor).  [default: with two classes on]",
    ),
    click.option("--margin", "margin_V", type=ABOVE_0, help="With --hinge: right by so many V (supervisor)."),
    click.option("--eta-end", type=ABOVE_0, help="Change eta linearly to this value (supervisor)."),
)


def lever_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the levers; one that is not given leaves the preset's value."""
    for option in reversed(LEVER_OPTIONS):
        command = option(command)
    return command


def calibration_option(default: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add --calibration to a command; `default` says what holds without it."""
    return click.option(
        "--calibration",
        metavar="FILE|auto|none",
        help=f"Calibration to use: a file, the one kept for the board, or none.  [default: {default}]",
    )


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON alone on stdout.")


def plugged_diodes(given: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the diodes of --diode, () for none; None if the option was not given."""
    return None if not given else () if given == ("none",) else given


@click.command()
@click.argument("task")
@click.option("--board", help="Name of the board, or auto: every output joined to every input.  [default: lab16]")
@port_argument("sim://")
@set_option
@click.option("--profile", help="Imperfections of a virtual board: ideal, lab or quiet.  [default: the port's, or lab]")
@click.option(
    "--seed",
    type=Whole(min=0),
    help="Seed of component values and noise of a virtual board.  [default: the port's, or 0]",
)
@click.option("--eta", type=ABOVE_0, help="Strength of the nudge (paper, eq. 1).  [default: the task's]")
@click.option("--ticks", type=Whole(min=1), help="Number of ticks.  [default: the task's]")
@click.option("--placement", help="Nodes, inputs first: B,D,I,F,G,H.  [default: the task's]")
@click.option("--place", hidden=True)  # the name of --placement in versions before
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="paper",
    show_default=True,
    help="Named set of levers and eta.",
)
@click.option(
    "--rule",
    type=click.Choice(list(RULES)),
    metavar="NAME",
    help=f"Rule of learning, a named set of levers: {', '.join(FIRMWARE_RULES)}.",
)
@lever_options
@click.option("--amplify", type=ABOVE_0, help="Factor of the distance of class targets from their mean (supervisor).")
@click.option("--restore-best", is_flag=True, help="Set the taps of the lowest measured error at the end (supervisor).")
@click.option(
    "--reconnect", type=Number(min=0), help="Time to wait for a lost board, s (engine firmware).  [default: 60]"
)
@click.option(
    "--engine",
    type=click.Choice(["firmware", "ensemble"]),
    help="Who makes the ticks: a board, or a computation without firmware.  [default: firmware; ensemble for auto]",
)
@runs_option
@data_options
@anyway_option
@diode_option
@calibration_option("auto on copper, none on a virtual board")
@click.option("--plot/--no-plot", default=True, show_default=True, help="Draw run.png.")
@boards_option
@json_option
def run(
    task: str,
    board: str | None,
    port: str,
    changes: Changes,
    profile: str | None,
    seed: int | None,
    eta: float | None,
    ticks: int | None,
    placement: str | None,
    place: str | None,
    preset: str,
    rule: str | None,
    amplify: float | None,
    restore_best: bool,
    reconnect: float | None,
    engine: str | None,
    out: Path,
    data: DataOptions,
    anyway: bool,
    diodes: tuple[str, ...],
    calibration: str | None,
    plot: bool,
    boards: Path | None,
    as_json: bool,
    **levers: Any,
) -> None:
    """Train a board on TASK, log every tick and draw the result."""
    found = load_shown(task, data)
    if place is not None:
        refuse_unused({"--place": place if placement else None}, {"--place": "--placement is given too"})
        placement = place
    stop = StopOnCtrlC()
    with stop:
        done = api.run(
            found,
            board=board,
            port=port,
            profile=profile,
            seed=seed,
            eta=eta,
            ticks=ticks,
            placement=placement,
            preset=preset,
            rule=rule,
            levers={name: value for name, value in levers.items() if value is not None},
            amplify=amplify,
            set=changes,
            diodes=plugged_diodes(diodes),
            calibration=calibration,
            restore_best=restore_best,
            engine=engine,
            anyway=anyway,
            boards=boards,
            out=out,
            reconnect=reconnect,
            stop=stop,
            ask=ask if sys.stdin.isatty() else None,
            begin=announce,
        )
    conclude(done.folder, stop, plot, as_json)


def announce(plan: RunPlan, note: str) -> None:
    """Print what is run, where and with which calibration; then `note`, if it is not empty."""
    inputs, outputs = plan.placement
    say(
        f"{plan.task.name} on {plan.port}: {' '.join(inputs)} -> {' '.join(outputs)}, eta {plan.eta:g}, "
        f"calibration {describe(plan.calibration)}",
        err=True,
    )
    if not plan.has_firmware:
        board = plan.board
        say(f"  {board.name}: {len(board.nodes)} nodes, {board.n_edges} edges; no firmware, no wire", err=True)
    for text in (*plan.remarks, *((note,) if note else ())):
        say(f"twinohm: {text}", err=True)
    if (rule := rule_of(plan.levers)) is not None:
        say(f"  rule {rule.name}: {rule.about} ({rule.source})", err=True)
    for label in labels(plan.levers, getattr(plan.task, "amplify", 1.0), plan.restore_best):
        say(f"  lever {label}", err=True)


def conclude(folder: RunFolder, stop: "StopOnCtrlC", plot: bool, as_json: bool) -> None:
    """Print the summary, then draw the figure. Raises RunError if the run was stopped before its last tick."""
    summary = folder.summary()
    if as_json:
        print_json(summary.record() if summary else {})
    elif summary:
        report(summary)
    if summary and (fallen := _fallen(summary)):
        say(f"twinohm: {fallen}", err=True)
    if summary and summary.violations:
        say(f"twinohm: limits of parts were broken {summary.violations} times, first:", err=True)
        for text in (summary.violation_texts or ())[:3]:
            say(f"  {text}", err=True)
    if summary and summary.resumed:
        times = "1 time" if summary.resumed == 1 else f"{summary.resumed} times"
        what = "the run was broken off" if is_ensemble(folder.description().port) else "the board was lost or left"
        say(f"twinohm: {what} {times}; the log says when", err=True)
    ticks = folder.description().ticks
    if stop.asked and ticks is not None and (done := folder.logged_ticks) < ticks:
        raise RunError(f"stopped at tick {done} of {ticks}; `{folder.resume_command}` goes on")
    if plot and summary and not stop.asked:
        figure = draw(folder)
        if not as_json:
            say(f"figure:    {figure}")


def _fallen(summary: Summary) -> str:
    """Return what to try where a run ends with fewer right classes than it began with, "" where it does not."""
    first, last = summary.accuracy_first, summary.accuracy
    if summary.true_accuracy is not None:
        first, last = summary.true_accuracy_first, summary.true_accuracy
    if first is None or last is None or last >= first:
        return ""
    return (
        f"right classes fell from {100 * first:.1f} % to {100 * last:.1f} %; try --amplify 1.5, fewer ticks, "
        "--restore-best, or another placement (`twinohm place`)"
    )


class StopOnCtrlC:
    """Stop a run on Ctrl-C, SIGTERM or SIGHUP: after the chunk in flight; before the first and the second time at once.

    A board that does not answer has CHUNK_S to finish the chunk (on systems with timers of POSIX).

    Calling it returns whether to stop; the run does so for each chunk. Signals that were ignored (nohup) still are.
    """

    def __init__(self) -> None:
        self.asked = self._trains = self._stops = False
        self._interrupts = click.get_current_context().find_object(Interrupts) or Interrupts()

    def __call__(self) -> bool:
        if not self._trains:
            self._trains = True
            self._interrupts.grace_s = RUN_GRACE_S
        self._stops |= self.asked
        return self.asked

    def __enter__(self) -> "StopOnCtrlC":
        names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        before = {name: signal.getsignal(getattr(signal, name)) for name in names}
        self._before = {name: handler for name, handler in before.items() if handler != signal.SIG_IGN}
        for name in self._before:
            signal.signal(getattr(signal, name), self._signalled)
        if HAS_TIMER:
            self._before["SIGALRM"] = signal.signal(signal.SIGALRM, self._waited)
        return self

    def __exit__(self, *_: object) -> None:
        if HAS_TIMER:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for name, handler in self._before.items():
            signal.signal(getattr(signal, name), handler)

    def _signalled(self, number: int, *_: object) -> None:
        again, self.asked = self.asked, True
        if again or not self._trains:
            self._interrupts.raise_once(number)
        elif HAS_TIMER:
            signal.setitimer(signal.ITIMER_REAL, CHUNK_S)

    def _waited(self, number: int, *_: object) -> None:
        """End the wait for a chunk that does not come."""
        if not self._stops:
            self._interrupts.raise_once(number)


def ask(what: str) -> None:
    """Show a text and wait until the user presses Enter."""
    click.prompt(what, default="", show_default=False, prompt_suffix=" ", err=True)


def draw(folder: RunFolder) -> Path:
    """Draw run.png and return its path."""
    from twinohm.plot.run_figure import run_figure

    return run_figure(folder)


def report(summary: Summary) -> None:
    """Print the scores of a run for people. Those of a summary of versions before are in its file alone."""
    if (step_V := summary.step_V) is not None:
        for phase in summary.phases or ():
            say(f"{phase.phase:>14}: {_phase_text(phase, step_V)}")
        if true := true_text(summary, step_V):
            say(f"true:      {true}")
        say(f"measured:  {measured_text(summary, step_V)}")
        for line in answers_text(summary.answers or ()):
            say(f"answer:    {line}")
        if restored := restored_text(summary):
            say(f"restored:  {restored}")
        for line in _baselines(summary, step_V):
            say(f"baselines: {line}")
        for line in targets_text(summary):
            say(f"own unit:  {line}")
    if summary.rail_share is not None:
        say(f"edges:     {100 * summary.rail_share:.0f} % ended within one tap of an end of their range")
    if summary.saturated:
        shares = ", ".join(f"{node} at {100 * share:.0f} % of ticks" for node, share in summary.saturated.items())
        say(f"saturated: {shares}, asked for more than the board's range")
    if summary.power is not None:
        say(f"networks:  {power_text(summary.power)}")
    say(f"run:       {summary.run_dir}")


def _baselines(summary: Summary, step_V: float) -> list[str]:
    """A line of baselines for the run, or for each of its phases that has some."""
    rows = {phase.phase: phase for phase in summary.phases or ()}
    lines = []
    for name, part in groupby(summary.baselines or (), lambda baseline: baseline.phase):
        if name in rows or not name:
            text = baselines_text(rows.get(name, summary), list(part), step_V)
            lines.append(f"{name}: {text}" if name else text)
    return lines


def _phase_text(phase: PhaseScores, step_V: float) -> str:
    """The scores of a phase. One that started good, as after damage that mattered little, has no orders to gain."""
    orders, first, rms_V = phase.true_orders_plateau, phase.true_mse_first, phase.true_rms_plateau_V
    if orders is None or first is None or rms_V is None:
        orders, first, rms_V = phase.orders_plateau, phase.mse_first, phase.rms_plateau_V
    if orders < LEAST_ORDERS and phase.accuracy is None:
        scores = f"plateau {rms_text(rms_V**2, step_V)} rms, from {rms_text(first, step_V)} rms"
    else:
        scores = true_text(phase, step_V) or measured_text(phase, step_V)
    return scores if phase.rail_share is None else f"{scores}; {100 * phase.rail_share:.0f} % of edges at an end"


@click.command()
@json_option
def tasks(as_json: bool) -> None:
    """List the built-in tasks."""
    rows = [
        {
            "task": task.name,
            "what": task.about,
            "inputs": task.n_inputs,
            "outputs": task.n_outputs,
            "ticks": task.ticks,
            "eta": task.eta,
            "ours, not the paper's": task.ours,
        }
        for task in TASKS.values()
    ]
    print_rows(rows, as_json)
