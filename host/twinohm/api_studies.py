"""Studies of the public library: searches, sweeps and reproductions on many virtual boards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinohm.data_frames import frame_of
from twinohm.errors import UsageError
from twinohm.link.arguments import callback, file_path, names, whole_number
from twinohm.locks import only_writer
from twinohm.model.number_text import MOST_WHOLE
from twinohm.run_arguments import (
    Bars,
    File,
    Settings,
    flag,
    folder_path,
    optional_file,
    placement_text,
    preset_of,
    progress_shown,
    settings_of,
    task_of,
    text,
)
from twinohm.this_command import this_command
from twinohm.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from twinohm.model.board import Board
    from twinohm.studies.kept_results import KeptResults
    from twinohm.tasks.task import Task

__all__ = ["place", "plot_sweep", "pulls", "reproduce", "rules", "sweep"]

Note = Callable[[str], None]
FIRMWARE_SEEDS = 2
FULL_SEEDS = 20
MOST_SEEDS = 4096  # of pulls(), which keeps every answer of every board


def place(
    task: str | File | Task,
    *,
    board: str = "lab16",
    profile: str = "lab",
    limit: int | None = None,
    diodes: int | None = None,
    part: str | None = None,
    first_seed: int = 50_000,
    out: File | None = None,
    scheduler: str | None = None,
    anyway: bool = False,
    set: Settings = (),
    boards: File | None = None,
    progress: bool | Bars = True,
    note: Note = lambda text: None,
) -> DataFrame:
    """Search placements for a task by the paper's plain rule. Return the best ones, the best first.

    They are ranked by the lower quartile of plateau orders over hardware seeds (with classes: of the share named
    right), and measured again on fresh seeds. Placements that cannot learn by the Jacobian of their outputs are sorted
    out before; not with classes, differences of outputs, diodes, or examples that are learned in turn.

    task: as for run().
    board, boards: name of a board, and path of a boards.toml of your own.
    profile, set: imperfections of the virtual boards.
    limit: number of placements to try; None: all, or 2000 if diodes are placed or targets are measured on the board.
    diodes: number of diodes to place as well, in each network, instead of the task's; None: the task's, where they are.
    part: of those diodes; None: 1N4148.
    first_seed: the first hardware seed.
    out: file of results, with which the same call continues a search that was stopped; None: place-TASK-BOARD.jsonl.
    It is locked while the search goes on: another one that writes it is refused with a UsageError.
    scheduler: address of a Dask scheduler, whose workers compute; None: all cores here.
    anyway: search also for a task that no network of resistors can learn.
    progress: whether to show bars, or a function to call with (what, done, of).
    note: is called with each remark.

    Columns: place, diodes (if there are any), lower_quartile, median, before_training, rms_plateau_mV, warning.

    Raises UsageError for wrong arguments and impossible tasks, TwinOhmError if a library is missing, RunError if the
    cluster is lost, DiskError.
    """
    from twinohm.job_runner import require_runner
    from twinohm.model.diodes import DEFAULT_DIODE, DIODE_PARTS, MOST_DIODES
    from twinohm.model.profile import profile_from
    from twinohm.model.unused_settings import refuse_unused
    from twinohm.studies import placement_search as search
    from twinohm.studies.candidates import candidates, candidates_with_diodes
    from twinohm.studies.reachable import sort_out
    from twinohm.tasks.forecast import forecast

    callback("note", note, "a text")
    numbers = profile_from(text("profile", profile), dict(settings_of(set)))
    numbers.refuse_drift()
    found, where = task_of(task), _ready_board(board, boards)
    limit = None if limit is None else whole_number("limit", limit, 1)
    first_seed = _first_seed(first_seed)
    if part is not None and text("part", part) not in DIODE_PARTS:
        raise UsageError(f"part = {part!r}: parts are {', '.join(DIODE_PARTS)}")
    refuse_unused({"part": part}, {"part": "no diodes are placed, say how many"} if diodes is None else {})
    require_runner(scheduler)
    search.check_searchable(found, where, limit, diodes)
    limit = limit or (100_000 if diodes is None and not found.asks_the_board else 2000)
    if diodes is None:
        tried = candidates(found, where, limit)
    else:
        number = whole_number("diodes", diodes, 1, MOST_DIODES)
        tried = candidates_with_diodes(found, where, limit, number, part or DEFAULT_DIODE)
    plugged = replace(found, diodes=tried[0].diodes).plugged(where)
    for remark in forecast(found, plugged).require_possible(flag("anyway", anyway)):
        note(remark)
    if diodes is None:
        drawn = len(tried)
        tried = sort_out(found, where, tried)
        if len(tried) < drawn:
            note(f"{drawn - len(tried)} of {drawn} placements cannot learn by the Jacobian of their outputs")
    path = optional_file("out", out) or Path(f"place-{found.name}-{where.name}.jsonl")
    wanted = search.Search(found, where, numbers)
    with only_writer(path):
        notebook = search.Notebook(path, wanted.key)
        if notebook.others:
            note(
                f"{path}: {notebook.others} of its results are not used: "
                "they are of another task, board, profile or version"
            )
        with _bars(progress) as report:
            ranked = search.place(wanted, tried, notebook, report, first_seed, scheduler)
    return frame_of(search.rows(ranked))


def pulls(
    task: str | File | Task = "damage",
    *,
    seeds: int = 64,
    first_seed: int = 0,
    board: str = "lab16",
    profile: str = "lab",
    placement: str | None = None,
    set: Settings = (),
    boards: File | None = None,
) -> DataFrame:
    """Pull each edge of many trained boards, and say how well susceptibility predicts which edges hurt.

    Every board is trained by the paper's plain rule, with the ensemble engine, until the task would pull its first
    edge. Then each edge is pulled alone, and the true error compared before the board learns again.

    task, board, profile, set, boards: as for place().
    placement: nodes as text, as for run().
    seeds, first_seed: hardware seeds.

    A row for each predictor: susceptibility, power, conductance. Columns: predictor, boards, edges, correlation (median
    over the boards of Spearman's rank correlation with the rise of the mean squared error over the edges of a board),
    first (share of boards whose worst edge is among the first three), and 95 % confidence intervals of both, *_low and
    *_high: bootstrap and Wilson, over boards.

    Raises UsageError for wrong arguments, and tasks whose targets or nodes change, as divider's; TwinOhmError if numba
    is missing.
    """
    from twinohm.model.profile import profile_from

    import_module("twinohm.ensemble")  # raises without numba
    from twinohm.studies import pulled_edges

    numbers = profile_from(text("profile", profile), dict(settings_of(set)))
    numbers.refuse_drift()
    found, where, first = task_of(task), _ready_board(board, boards), _first_seed(first_seed)
    count = whole_number("seeds", seeds, 1, MOST_SEEDS)
    nodes = found.placement_on(where, placement_text(placement, found))
    done = pulled_edges.pull_edges(found, where, numbers, range(first, first + count), nodes)
    return frame_of(pulled_edges.table(done))


def sweep(
    task: str | File | Task,
    vary: str | Iterable[str] = (),
    *,
    seeds: int = 64,
    first_seed: int = 0,
    board: str = "lab16",
    profile: str | None = None,
    preset: str | None = None,
    out: File | None = None,
    scheduler: str | None = None,
    anyway: bool = False,
    set: Settings = (),
    discard: bool = False,
    boards: File | None = None,
    progress: bool | Bars = True,
    note: Note = lambda text: None,
) -> DataFrame:
    """Run a task at every point of a grid of parameters, on many virtual boards. Return a row for each point.

    vary: "NAME=V,V,.." or "NAME=FROM:TO:NUMBER[:log]", or a list of them; the last varies fastest.
    seeds, first_seed: hardware seeds of each point.
    profile, preset, set: what is not varied; None: lab, paper.
    out: Parquet file of all rows, with which the same call continues; None: sweep-TASK-BOARD.parquet. It is locked
    while the sweep goes on, as that of place().
    scheduler: as for place().
    discard: remove rows of the file that are not in this sweep.
    task, board, boards, anyway, progress, note: as for place().

    Columns: the parameters of the grid, seeds, and for each true score NAME its median NAME, its quartiles NAME_q25
    and NAME_q75, and the 95 % confidence interval of the median NAME_low and NAME_high (missing for one seed).

    Raises UsageError for wrong arguments and impossible tasks, TwinOhmError if a library is missing, RunError for a
    point that cannot be computed, DiskError.
    """
    from twinohm.model.profile import profile_from
    from twinohm.studies.sweep_grid import check_rows, grid, grid_remarks, parse_axes

    callback("note", note, "a text")
    found, where, changes = task_of(task), _ready_board(board, boards), settings_of(set)
    profile_from(text("profile", profile or "lab"), dict(changes))
    if preset is not None:
        preset_of(preset)
    varied = (vary,) if isinstance(vary, str) else names("vary", vary, example="['eta=0.1,0.5', 'ticks=400']")
    fixed = [f"{name}={value}" for name, value in (("preset", preset), ("profile", profile), *changes) if value]
    axes = parse_axes((*fixed, *varied))
    first, count = _first_seed(first_seed), whole_number("seeds", seeds, 1)
    check_rows(axes, count)
    path = optional_file("out", out) or Path(f"sweep-{found.name}-{where.name}.parquet")
    points = grid(found, where, axes)
    for remark in grid_remarks(points, flag("anyway", anyway)):
        note(remark)
    numbers = range(first, first + count)

    from twinohm.job_runner import require_runner
    from twinohm.studies import sweep as engine

    engine.parquet_library()
    require_runner(scheduler)
    with only_writer(path):
        finished = engine.Finished(path)
        finished.only(points, numbers, flag("discard", discard))
        with _bars(progress, "rows") as report:
            try:
                engine.sweep(points, numbers, finished, scheduler, partial(report, "sweep"))
            except KeyboardInterrupt as stopped:
                kept = f"finished rows are in {finished.lines}" if finished.lines.exists() else "no row was finished"
                stopped.add_note(f"{kept}; the same command goes on")
                raise
    note(
        f"{path}: hardware seeds {first} to {numbers[-1]} at each point ({len(points)}); true scores; "
        f"ours, not the paper's: {found.ours}"
    )
    return frame_of([_flat(row) for row in engine.summary(points, numbers, finished)])


def plot_sweep(sweep: File, out: File | None = None, *, force: bool = False) -> Figure:
    """Draw the file of a sweep in which one or two parameters vary. Write it to `out` if that is given.

    The share of right classes, or the error of the plateau, is drawn against the parameter with most values: its median
    and quartiles over the boards of a point. A second parameter is a family of curves, or of many values a map.

    sweep: the Parquet file of sweep().
    out: a .png, .pdf or .svg.
    force: replace also a file at `out` that TwinOhm did not make.

    Raises UsageError for a file that is no sweep, and where no or more parameters vary; TwinOhmError without pyarrow,
    DiskError.
    """
    from twinohm.plot.figure_file import write_drawn
    from twinohm.plot.sweep_figure import draw_sweep

    path, name = file_path("sweep", sweep), optional_file("out", out)
    if name is None:
        return draw_sweep(path)
    return write_drawn(partial(draw_sweep, path), name, flag("force", force))


def reproduce(
    tasks: str | Iterable[str] = (),
    *,
    seeds: int | None = None,
    full: bool = False,
    ensemble: int = 256,
    first_seed: int = 0,
    presets: str | Iterable[str] = (),
    profile: str = "lab",
    set: Settings = (),
    uncalibrated: bool = False,
    out: File = "report",
    scheduler: str | None = None,
    progress: bool | Bars = True,
    note: Note = lambda text: None,
) -> DataFrame:
    """Measure the paper's claims on many virtual boards, write a report to folder `out`, and return its table.

    tasks: those of the claims to measure; none: all.
    seeds, full: hardware seeds through the firmware; None: 2, or 20 if `full`.
    ensemble: hardware seeds by the ensemble engine; 0: none.
    presets: those to measure; none: all.
    out: folder of the report; one of before is replaced, other files are not. The same call continues one that was
    stopped; the folder is locked until then.
    scheduler: as for place(); the runs whose folders stay are made here.
    uncalibrated: leave the boards as they are drawn; else each is calibrated first.
    profile, set, first_seed, progress, note: as for place().

    Raises UsageError for wrong arguments, TwinOhmError if a library is missing, RunError if the cluster is lost,
    DiskError.
    """
    from twinohm.firmware.sources import firmware_hash
    from twinohm.job_runner import require_runner
    from twinohm.model.profile import profile_from
    from twinohm.plot.report import Meta, make_report_folder, write_report
    from twinohm.runlog.folder import RunFolder
    from twinohm.studies import kept_results
    from twinohm.studies.claims import CLAIMS
    from twinohm.studies.reproduction import jobs, leaves_folder, run_job, table, unfinished
    from twinohm.studies.sweep_grid import MOST_ROWS
    from twinohm.tasks import find_task
    from twinohm.tasks.presets import PRESETS

    callback("note", note, "a text")
    changes, folder = settings_of(set), folder_path("out", out)
    profile_from(text("profile", profile), dict(changes)).refuse_drift()
    state = "not calibrated" if flag("uncalibrated", uncalibrated) else "calibrated"
    virtual = ", ".join((profile, *(f"{key}={value}" for key, value in changes), state))
    known = list(dict.fromkeys(claim.task for claim in CLAIMS))
    wanted = (tasks,) if isinstance(tasks, str) else names("tasks", tasks, example="['allostery', 'iris']")
    for task in wanted:
        if task not in known:
            raise UsageError(f"{task}: the paper's claims are about {', '.join(known)}")
    chosen = (presets,) if isinstance(presets, str) else names("presets", presets, example="['paper', 'best']")
    for preset in chosen:
        preset_of(preset)
    first = _first_seed(first_seed)
    if seeds is not None and flag("full", full):
        raise UsageError("full: seeds says how many; leave it out")
    number = whole_number("seeds", seeds, 1, MOST_ROWS) if seeds is not None else FULL_SEEDS if full else FIRMWARE_SEEDS
    firmware = range(first, first + number)
    statistics = range(first, first + whole_number("ensemble", ensemble, 0, MOST_ROWS))
    if statistics or scheduler is not None:
        require_runner(scheduler)
    for task in wanted or known:
        find_task(task).require_libraries()
    make_report_folder(folder)
    todo = jobs(
        wanted or known, chosen or list(PRESETS), profile, firmware, statistics, folder / "runs", changes,
        not uncalibrated,
    )  # fmt: skip
    with only_writer(folder / kept_results.UNFINISHED), _resumable(unfinished(folder)) as kept:
        with _bars(progress, "runs") as report:
            done = kept_results.results(run_job, todo, kept, partial(report, "reproduce"), scheduler, leaves_folder)
            results = list(done)
        note(
            f"true scores, profile {virtual}, hardware seeds from {first} on: {len(firmware)} through the firmware, "
            f"{len(statistics)} by the ensemble engine; placements, eta, targets and ticks are ours"
        )
        rows = table(results)
        folders = {(r.job.task, r.job.preset): RunFolder(r.folder) for r in results if r.folder is not None}
        meta: Meta = {
            "profile": virtual,
            "seeds": {"firmware": firmware, "ensemble": statistics},
            "versions": {"TwinOhm": __version__, "firmware": firmware_hash()},
            "command": " ".join(this_command()),
        }
        written = write_report(folder, rows, folders, meta)
    note(f"report: {written}")
    return frame_of(rows)


def rules(
    rules: str | Iterable[str] = (),
    *,
    tasks: str | Iterable[str] = (),
    seeds: int = 64,
    first_seed: int = 0,
    profile: str = "lab",
    set: Settings = (),
    out: File = "rules",
    scheduler: str | None = None,
    progress: bool | Bars = True,
    note: Note = lambda text: None,
) -> DataFrame:
    """Compare rules of learning on many virtual boards, write a report to folder `out`, and return its table.

    Every rule has the same boards (lab16, calibrated), placements and ticks. Its eta and its strength are chosen for
    each task on boards of their own.

    rules: those to compare; none: all.
    tasks: "allostery", "regression", "iris", "wine", "xor", "cycle" (two tasks in turn), "forgetting" or "descent"
    (double descent, in the figure alone); none: all.
    seeds, first_seed: hardware seeds that are scored: how many, and the first.
    out: folder of rules.md and rules.png; those of before are replaced, other files are not. The same call continues
    one that was stopped; the folder is locked until then.
    profile, set, scheduler, progress, note: as for place().

    Columns: contest, rule, needs (edge, supervisor, ideal; baseline), unit, boards, median, interval, q25, q75, bound,
    reached, share_interval, ticks, answer_nJ, answer_interval, learned_mV, second_mV, eta, eta_at_end,
    setting, setting_at_end.

    Raises UsageError for wrong arguments, TwinOhmError if a library is missing, RunError if the cluster is lost,
    DiskError.
    """
    from twinohm.job_runner import require_runner
    from twinohm.model.profile import profile_from
    from twinohm.model.rules import RULES, rule_named
    from twinohm.plot.report import make_report_folder
    from twinohm.plot.rules_report import FILES, write_rules_report
    from twinohm.studies import kept_results
    from twinohm.studies import rules_benchmark as benchmark
    from twinohm.studies.sweep_grid import MOST_ROWS

    callback("note", note, "a text")
    changes, folder = settings_of(set), folder_path("out", out)
    profile_from(text("profile", profile), dict(changes)).refuse_drift()
    given = (rules,) if isinstance(rules, str) else names("rules", rules, example="['sign']")
    wanted = [rule_named(name).name for name in given] or list(RULES)
    known = [*benchmark.CONTESTS, benchmark.DESCENT]
    chosen = (tasks,) if isinstance(tasks, str) else names("tasks", tasks, example="['allostery', 'cycle']")
    for task in chosen:
        if task not in known:
            raise UsageError(f"{task}: rules are compared on {', '.join(known)}")
    first = _first_seed(first_seed)
    numbers = range(first, first + whole_number("seeds", seeds, 1, MOST_ROWS))
    if first < benchmark.FIRST_SEARCHED + benchmark.SEARCHED and numbers[-1] >= benchmark.FIRST_SEARCHED:
        last = benchmark.FIRST_SEARCHED + benchmark.SEARCHED - 1
        raise UsageError(
            f"first_seed = {first}: settings are chosen on seeds {benchmark.FIRST_SEARCHED} to {last}; score others"
        )
    require_runner(scheduler)
    benchmark.require_libraries()
    make_report_folder(folder, FILES)
    todo = benchmark.jobs(chosen or known, list(dict.fromkeys(wanted)), numbers, profile, changes)
    with only_writer(folder / kept_results.UNFINISHED), _resumable(benchmark.unfinished(folder)) as kept:
        with _bars(progress, "rules") as report:
            ended = list(kept_results.results(benchmark.run_job, todo, kept, partial(report, "rules"), scheduler))
        order = list(RULES)
        results = sorted(ended, key=lambda result: (known.index(result.job.contest), order.index(result.job.rule)))
        rows = benchmark.table(results, order)
        virtual = ", ".join((profile, *(f"{key}={value}" for key, value in changes)))
        written = write_rules_report(folder, rows, results, virtual, numbers, " ".join(this_command()))
    note(f"report: {written}")
    return frame_of(rows)


@contextmanager
def _resumable(kept: KeptResults[Any, Any]) -> Iterator[KeptResults[Any, Any]]:
    """Yield the results of a study, and remove their file once the block has written its report."""
    try:
        yield kept
    except KeyboardInterrupt as stopped:
        stopped.add_note(
            f"finished results are in {kept.path}; the same command goes on"
            if kept.path.exists()
            else "no result was finished; the same command begins again"
        )
        raise
    kept.remove()


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose scores have columns of their own for quartiles and interval."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            low, high = value["interval"] or (None, None)
            flat |= {name: value["median"], f"{name}_q25": value["q25"], f"{name}_q75": value["q75"]}
            flat |= {f"{name}_low": low, f"{name}_high": high}
        else:
            flat[name] = value
    return flat


def _first_seed(value: object) -> int:
    return whole_number("first_seed", value, 0, MOST_WHOLE)


def _ready_board(name: str, boards: object) -> Board:
    from twinohm.model.board_file import load_board

    board = load_board(text("board", name), optional_file("boards", boards))
    board.require_ready()
    return board


def _bars(progress: object, unit: str = "") -> AbstractContextManager[Bars]:
    from twinohm.progress_bar import bars

    return progress_shown(progress, lambda: bars(unit), "what, done, of")
