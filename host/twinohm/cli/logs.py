"""twinohm plot, export, resume, check, watch, runs, compare: commands that read run folders."""

import dataclasses
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from twinohm import api
from twinohm.cli.given_options import refuse_options
from twinohm.cli.number_types import Number
from twinohm.cli.pages import page_options, show_pages
from twinohm.cli.path_type import FilePath
from twinohm.cli.port_option import PORT
from twinohm.cli.run import (
    StopOnCtrlC,
    announce,
    ask,
    boards_option,
    calibration_option,
    conclude,
    json_option,
    runs_option,
)
from twinohm.cli.show import print_json, print_rows, warn_changed, warn_unproven
from twinohm.cli.streams import say
from twinohm.data_frames import rows_of
from twinohm.errors import RunError, RunFileError, UsageError
from twinohm.files import is_plain
from twinohm.plain_text import plain
from twinohm.progress_bar import bars
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import RunPlan

run_argument = click.argument("run", type=FilePath())


@click.command()
@click.argument("what", metavar="RUN|SWEEP", type=FilePath())
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["png", "pdf", "svg", "gif", "mp4"]),
    help="Format of the file beside the log or the sweep, run.png and so on.  [default: png]",
)
@click.option("--out", type=FilePath(), help="File to write; its name ends with a format.")
@click.option("--force", is_flag=True, help="Replace a file that twinohm did not make.")
def plot(what: Path, fmt: str | None, out: Path | None, force: bool) -> None:
    """Draw the figure of a run or of a sweep, or animate a run.

    png, pdf and svg are figures. gif and mp4 show the network of RUN as it learns, and its error; mp4 needs ffmpeg. A
    run can be drawn while it goes on. SWEEP is the file of a sweep in which one or two parameters vary.
    """
    from twinohm.plot import animation, run_figure, sweep_figure

    if out is not None:
        refuse_options("the name of --out says it", "--format")
    moves = fmt in ("gif", "mp4") or (out is not None and out.suffix.lower() in animation.FORMATS)
    if what.is_file():
        if moves:
            raise UsageError(f"{what}: a sweep has no animation; name a run, or a figure .png, .pdf or .svg")
        say(sweep_figure.sweep_figure(what, out, force, fmt or "png"))
        return
    if out is None:
        refuse_options("only --out can name a file of another maker", "--force")
    folder = RunFolder(what)
    if moves:
        with bars("frames") as progress:
            path = animation.run_animation(folder, out, force, fmt or "gif", partial(progress, "animation"))
    else:
        path = run_figure.run_figure(folder, out, force, fmt or "png")
    say(path)
    warn_unproven(folder, folder.unproven)
    warn_changed(folder)


@click.command()
@run_argument
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["parquet", "csv", "netcdf"]),
    help="Format of the file.  [default: that of the name of --out, else parquet]",
)
@click.option("--out", type=FilePath(), help="File to write: .parquet, .csv or .nc.  [default: beside the log]")
@click.option("--force", is_flag=True, help="Replace a file of --out that twinohm did not make.")
def export(run: Path, fmt: str | None, out: Path | None, force: bool) -> None:
    """Write the log of RUN as tables or as arrays.

    parquet and csv are tables, netcdf has arrays. Events (edges pulled, restores, resumes, test sets, broken limits)
    are a second table: run-events.parquet or .csv beside it, or the group `events` of the netcdf file.

    Without --out, files of before in the run folder are replaced. A file of --out is replaced if it is a parquet or
    netcdf file of twinohm; csv says nothing of its maker, and needs --force.
    """
    from twinohm.runlog.export import export as write

    if out is None:
        refuse_options("only --out can name a file of another maker", "--force")
    folder = RunFolder(run)
    say(write(folder, fmt, out, force))  # type: ignore[arg-type]
    warn_unproven(folder, folder.unproven)
    warn_changed(folder)


@click.command()
@run_argument
@click.option("--port", type=PORT, help="Port of the board now.  [default: the run's, of a run of your own]")
@click.option(
    "--reconnect", type=Number(min=0), help="Time to wait for a lost board, s (engine firmware).  [default: 60]"
)
@calibration_option("what the run used; another is refused")
@click.option("--plot/--no-plot", default=True, show_default=True, help="Draw run.png.")
@boards_option
@json_option
def resume(
    run: Path,
    port: str | None,
    reconnect: float | None,
    calibration: str | None,
    plot: bool,
    boards: Path | None,
    as_json: bool,
) -> None:
    """Continue an interrupted RUN at the tick that it had."""
    found = api.load_run(run)
    if plot:
        from twinohm.plot.run_figure import FIGURE

        is_plain(run / FIGURE)  # else it would be refused after the last tick

    def begin(plan: RunPlan, note: str) -> None:
        if found.folder.foreign is not None:
            say(f"twinohm: {run / 'run.json'}: {found.folder.foreign}; what it says is used all the same", err=True)
        announce(plan, note)

    stop = StopOnCtrlC()
    try:
        with stop:
            done = api.resume(
                found,
                port=port,
                calibration=calibration,
                boards=boards,
                reconnect=reconnect,
                stop=stop,
                ask=ask if sys.stdin.isatty() else None,
                begin=begin,
            )
    finally:
        if found.folder.cut_off is not None:
            say(f"{run}: {found.folder.cut_off}", err=True)
    if not done.folder.changed:
        say(f"{run}: the run had reached its end; nothing was left to do", err=True)
    warn_unproven(done.folder, done.folder.unproven)
    conclude(done.folder, stop, plot, as_json)


@click.command()
@run_argument
@json_option
def check(run: Path, as_json: bool) -> None:
    """Check the log of RUN: numbers, taps, words, events, checksums.

    Prints what is wrong and where, one line each; the exit code is then 2.
    """
    from twinohm.runlog.check import check_run, shown_once

    found = check_run(RunFolder(run))
    count = len(found.problems)
    if as_json:
        print_json({"run_dir": plain(str(run)), **dataclasses.asdict(found)})
    elif count:
        for text in shown_once(found.problems):
            say(run / text)
    else:
        proof = "checksums and all" if found.log_format > 1 else "of log format 1, which has no checksums"
        say(f"{run}: {found.ticks} ticks in {found.lines} lines {proof}: nothing is wrong")
        if found.log_format < 3:
            say(f"{run}: nothing proves that log and run.json are of one run: log format {found.log_format} names none")
    if found.torn is not None:
        say(f"{run}: the last line of the log is ignored ({found.torn}); `twinohm resume` cuts it off", err=True)
    if found.remark is not None:
        say(run / found.remark, err=True)
    if found.foreign is not None:
        say(f"{run}: run.json is not of a run of yours: {found.foreign}", err=True)
    if count:
        raise RunFileError(f"{run}: {count} thing{'s are' * (count > 1) or ' is'} wrong; restore the files from a copy")


@click.command()
@click.argument("run", type=FilePath(), required=False)
@runs_option
@click.option("--once", is_flag=True, help="Print the present state and exit.")
@click.option("--web", is_flag=True, help="Show a page in the browser instead; Ctrl-C ends it.")
@page_options
def watch(run: Path | None, out: Path, once: bool, web: bool, web_port: int, no_browser: bool) -> None:
    """Follow RUN, or the newest run, from another terminal.

    The run is not disturbed. --web needs the extra `web`; its page can be opened on this computer alone.
    """
    if web:
        from twinohm.web.run_page import run_page  # says at once if what it needs is missing

        refuse_options("--web shows a page", "--once")
    else:
        refuse_options("only --web has a page", "--web-port", "--no-browser")
    if run is not None:
        refuse_options("the run is named already", "--out")
    else:
        from twinohm.run_table import run_folders

        runs = sorted(run_folders(out), key=lambda path: (path / "run.json").stat().st_mtime)
        if not runs:
            raise RunError(f"{out}: no run in it yet; start one with `twinohm run`, or name its folder")
        run = runs[-1]
    folder = RunFolder(run)
    if web:
        warn_changed(folder)
        show_pages({"/": run_page(folder.path)}, web_port, no_browser)
        return
    from twinohm.cli.watch import follow

    follow(folder, once)


@click.command()
@runs_option
@json_option
def runs(out: Path, as_json: bool) -> None:
    """List the runs in a folder with their scores, the newest last."""
    rows = rows_of(api.runs(out), "run")
    if as_json:
        print_rows(rows, True)
        return
    print_rows([_run_cells(row) for row in rows], False)
    for row in rows:
        if row["problem"]:
            say(f"twinohm: {row['problem']}", err=True)


def _run_cells(row: dict[str, Any]) -> dict[str, object]:
    """Return a row of the printed table, which fits 80 columns: the folder's name has task and board already."""
    ticks = row["ticks"] if row["ticks"] == row["of"] else f"{row['ticks']} of {row['of']}"
    right = None if row["accuracy"] is None else f"{100 * row['accuracy']:.3g} %"
    cells = {"run": row["run"]} | {name: row[name] for name in ("profile", "seed", "eta")} | {"ticks": ticks}
    return cells | {"mV rms": row["plateau_mV"], "orders": row["plateau_orders"], "right": right}


@click.command()
@click.argument("runs", nargs=-1, type=FilePath())
@json_option
def compare(runs: tuple[Path, ...], as_json: bool) -> None:
    """Show in which settings RUNS differ, and their scores.

    plateau and orders are true ones where the port knows them, else measured.
    """
    rows = rows_of(api.compare(*runs), "")
    if not as_json:  # names of folders are too long for the heads of columns
        for number, run in enumerate(runs, 1):
            say(f"{number}  {run}")
        rows = [dict(zip(["", *map(str, range(1, len(row)))], row.values(), strict=True)) for row in rows]
    print_rows(rows, as_json)
