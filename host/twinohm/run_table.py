"""Tables of runs: all runs of a folder, and the differences between some of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinohm.data_frames import plain_row
from twinohm.errors import RunError, UsageError
from twinohm.json_records import json_form
from twinohm.plain_text import plain
from twinohm.run_results import Run
from twinohm.runlog.folder import RunFolder

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = (
    "started", "task", "board", "profile", "seed", "eta", "ticks", "of", "plateau_mV", "plateau_orders", "accuracy",
    "problem",
)  # fmt: skip


def table_of_runs(out: Path) -> DataFrame:
    """Return a row for each run folder in `out`, as twinohm.runs() says. Raises UsageError if it is no folder."""
    from pandas import DataFrame, Index

    if not out.is_dir():
        raise UsageError(f"{out}: is no folder; start a run with `twinohm run`, or name the folder of your runs")
    folders = run_folders(out)
    rows = [plain_row(run_row(folder)) for folder in folders]
    names = Index([plain(folder.name) for folder in folders], name="run")
    frame = DataFrame(rows, columns=list(COLUMNS), index=names)
    return frame.sort_values("started", kind="stable")


def run_folders(out: Path) -> list[Path]:
    """Return the run folders in `out` by name; one that is still being made has a name that begins with a dot."""
    return sorted(path.parent for path in out.glob("[!.]*/run.json"))


def run_row(path: Path, scored: bool = True) -> dict[str, Any]:
    """Return one row of table_of_runs(). `scored`: also `ticks` and scores, for which the whole log is read."""
    try:
        run = Run(RunFolder(path))
        row: dict[str, Any] = {"started": run.settings.started, "of": run.settings.ticks}
        row["problem"] = run.folder.changed_since or ""
        row |= {name: getattr(run.settings, name) for name in ("task", "board", "profile", "seed", "eta")}
        if scored:
            row |= {"ticks": run.made, **(_scores(run) if run.made else {})}
        return row
    except RunError as error:  # the other runs can be shown all the same
        return {"started": "", "problem": str(error)}


def _scores(run: Run) -> dict[str, float | None]:
    """Return plateau and accuracy of a run, true where they are known."""
    summary = run.summary
    rms_V, orders, accuracy = summary.true_rms_plateau_V, summary.true_orders_plateau, summary.true_accuracy
    if rms_V is None or orders is None:
        rms_V, orders, accuracy = summary.rms_plateau_V, summary.orders_plateau, summary.accuracy
    if summary.step_V is not None:
        rms_V = max(rms_V, summary.step_V)  # nothing below a converter step counts
    return {"plateau_mV": round(1000 * rms_V, 3), "plateau_orders": round(orders, 3), "accuracy": accuracy}


def comparison(runs: Sequence[Run]) -> DataFrame:
    """Return a column for each run, as twinohm.compare() says. Raises UsageError if one is there twice."""
    from pandas import DataFrame

    if len({run.path for run in runs}) < len(runs):
        raise UsageError("compare: one run is named twice; name each once")
    columns = [run_settings(run) | {f"score: {name}": value for name, value in _scores(run).items()} for run in runs]
    names = dict.fromkeys(name for column in columns for name in column)
    differ = [
        name
        for name in names
        if name.startswith("score: ")
        or (name == "run.json" and any(column[name] for column in columns))
        or any(column.get(name) != columns[0].get(name) for column in columns)
    ]
    rows = [plain_row({name: column.get(name) for name in differ}) for column in columns]
    data = [[row[name] for row in rows] for name in differ]
    return DataFrame(data, index=differ, columns=[plain(str(run.path)) for run in runs], dtype=object)


def run_settings(run: Run) -> dict[str, object]:
    """Return what a run was made with, by name."""
    given = run.settings
    values: dict[str, object] = {
        name: getattr(given, name) for name in ("task", "board", "profile", "seed", "eta", "ticks", "amplify")
    }
    values |= {"run.json": "changed after the run" if run.folder.changed_since else ""}
    values |= {"restore_best": given.restore_best, "placement": given.placement.text}
    values |= {"calibration": given.calibration.title if given.calibration else "none"}
    values |= {f"lever {name}": value for name, value in json_form(given.levers).items()}
    values |= {"port": given.port}
    return values | {f"version of {name}": value for name, value in given.versions.items()}
