"""twinohm run, twinohm tasks."""

import signal
from pathlib import Path
from typing import Any

import click

from twinohm.cli.show import print_json, print_rows, training_bar
from twinohm.errors import RunError
from twinohm.experiments.run import plan_run
from twinohm.experiments.run import run as run_plan
from twinohm.runs.folder import RunFolder
from twinohm.tasks import TASKS, find_task

boards_option = click.option(
    "--boards", type=click.Path(path_type=Path), help="A boards.toml of your own, instead of the one that comes along."
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON alone on stdout.")


@click.command()
@click.argument("task")
@click.option("--board", "board_name", help="Board of boards.toml.  [default: lab16]")
@click.option("--port", default="sim://", show_default=True, help="Serial device, socket://, sim://, or auto.")
@click.option("--profile", default="lab", show_default=True, help="Of a virtual board: ideal, lab, quiet.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Component values and noise.")
@click.option("--eta", type=float, help="Nudge, eq. 1 of the paper.  [default: the task's]")
@click.option("--ticks", type=int, help="How long to train.  [default: the task's]")
@click.option("--place", help="Nodes, inputs first: B,D,I,F,G,H.  [default: the task's]")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs.")
@click.option("--plot/--no-plot", default=True, show_default=True, help="Draw run.png.")
@boards_option
@json_option
def run(
    task: str,
    board_name: str | None,
    port: str,
    profile: str,
    seed: int,
    eta: float | None,
    ticks: int | None,
    place: str | None,
    out: Path,
    plot: bool,
    boards: Path | None,
    as_json: bool,
) -> None:
    """Train a board on TASK, log every tick, draw the result."""
    plan = plan_run(find_task(task), board_name, port, profile, seed, eta, ticks, place, boards)
    inputs, outputs = plan.placement
    click.echo(f"{task} on {plan.port}: {' '.join(inputs)} -> {' '.join(outputs)}, eta {plan.eta:g}", err=True)
    stop = _StopOnCtrlC()
    with training_bar(plan.ticks, task) as progress, stop:
        folder = run_plan(plan, out, progress, boards, stop)
    summary = folder.summary() or {}
    figure = _draw(folder) if plot else None
    if as_json:
        print_json(summary)
    else:
        _report(summary, figure)
    if summary["violations"]:
        click.echo(f"twinohm: limits of parts were broken {summary['violations']} times, first:", err=True)
        for text in summary["violation_texts"][:3]:
            click.echo(f"  {text}", err=True)
    if stop.asked and summary["ticks"] < plan.ticks:
        raise RunError(f"stopped at tick {summary['ticks']} of {plan.ticks}; the log {folder.path} is whole")


class _StopOnCtrlC:
    """First Ctrl-C: end after the chunk in flight, so that its ticks are logged. Second: at once."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        return self.asked

    def __enter__(self) -> "_StopOnCtrlC":
        self._before = signal.signal(signal.SIGINT, self._signalled)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _signalled(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def _draw(folder: RunFolder) -> Path:
    from twinohm.plot.run_figure import run_figure

    return run_figure(folder)


def _report(summary: dict[str, Any], figure: Path | None) -> None:
    kinds = [("measured", "", "mse_")]
    if "true_orders_best" in summary:
        kinds.insert(0, ("true", "true_", ""))
    for name, prefix, _ in kinds:
        click.echo(
            f"{name + ':':10} best {summary[prefix + 'orders_best']:.2f} orders, "
            f"plateau {summary[prefix + 'orders_plateau']:.2f} orders "
            f"({1000 * summary[prefix + 'rms_plateau_V']:.1f} mV rms)"
        )
    click.echo(f"run:       {summary['run_dir']}")
    if figure is not None:
        click.echo(f"figure:    {figure}")


@click.command()
@json_option
def tasks(as_json: bool) -> None:
    """List the tasks."""
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
