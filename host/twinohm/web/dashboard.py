"""The page of all runs in a folder: a table, the errors of chosen runs over each other, their scores side by side."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bokeh.core.properties import value
from bokeh.document import Document
from bokeh.models import ColumnDataSource, DataTable, NumberFormatter, StringFormatter, TableColumn

from twinohm.errors import RunError
from twinohm.plain_text import one_line, plain
from twinohm.plot.style import COLOURS
from twinohm.run_results import Run
from twinohm.run_table import run_folders, run_settings
from twinohm.runlog.folder import RunFolder
from twinohm.web.figures import LONGEST_LABEL, errors, legend_below, ticks_panel
from twinohm.web.followed_run import FollowedRun
from twinohm.web.layout import lay_out
from twinohm.web.live_page import LivePage
from twinohm.web.run_page import fill_problem_page, fill_run_page
from twinohm.web.run_rows import RunRows
from twinohm.web.server import Page
from twinohm.web.words import words, write, write_links

RUN_PAGE = "/run"
LONGEST_CELL = 300  # characters of a cell
# Columns of the tables, and their widths in pixels; NUMBERS: their forms, for Bokeh's NumberFormatter.
TEXTS = {
    "run": 300,
    "started": 150,
    "task": 110,
    "board": 90,
    "profile": 60,
    "state": 70,
    "problem": 260,
    "differs": 420,
}
NUMBERS = {
    "seed": "0",
    "eta": "0.[000]",
    "ticks": "0",
    "of": "0",
    "plateau_mV": "0.0",
    "plateau_orders": "0.00",
    "accuracy": "0.0%",
}
TITLES = {
    "plateau_mV": "plateau, mV",
    "plateau_orders": "orders",
    "accuracy": "right",
    "eta": "η",
    "differs": "differs in",
}
RUNS = ("run", "state", "task", "board", "profile", *NUMBERS, "started", "problem")
SCORES = ("run", "plateau_mV", "plateau_orders", "accuracy", "ticks", "differs")
ROW_PX = 25  # height of a row of a table, and of its head
MOST_ROWS = 14  # that are seen without scrolling


def dashboard_pages(out: Path) -> dict[str, Page]:
    """Return the pages of a folder of runs by their paths: all runs, and one of them. Start to follow the folder."""
    rows = RunRows(out)
    rows.start()

    def all_runs(document: Document) -> None:
        _Dashboard(document, rows)

    return {"/": all_runs, RUN_PAGE: lambda document: _one_run(document, out)}


def _one_run(document: Document, out: Path) -> None:
    """Fill a document with the page of the run that its address names."""
    context: Any = document.session_context  # Bokeh's type has no request
    names = context.request.arguments.get("name", [b""])
    name = os.fsdecode(names[-1])
    path = next((path for path in run_folders(out) if path.name == name), None)
    if path is None:
        fill_problem_page(document, f"{out}: no run {name} in it")
    else:
        fill_run_page(document, path)


class _Dashboard(LivePage):
    """A document that shows all runs of a folder and grows with it."""

    def __init__(self, document: Document, rows: RunRows) -> None:
        super().__init__(document)
        self._rows = rows
        self._names: list[str] = []  # of the rows of the table
        self._chosen: dict[str, FollowedRun] = {}
        self._settings: dict[str, dict[str, object]] = {}  # of the chosen runs
        self._problems: list[str] = []  # of what was chosen
        self._words = {name: words(name) for name in ("title", "state", "problems", "links")}
        self._runs, self._scores = _Table("runs", RUNS, "checkbox"), _Table("scores", SCORES)
        self._curves = _Curves()
        self._runs.source.selected.on_change("indices", lambda _attr, _old, new: self._choose(new))
        self.write()
        if self._names:
            self._runs.source.selected.indices = [0]
        write(self._words["title"], f"Runs in {rows.out}")
        tables = self._runs.model, self._scores.model
        lay_out(document, "dashboard", f"Runs in {rows.out}", [*self._words.values(), self._curves.figure, *tables])
        self.look()

    def read(self) -> tuple[bool, bool]:
        grown = [one.read() for one in self._chosen.values()]
        return any(grown), any(one.behind for one in self._chosen.values())

    def draw(self) -> None:
        self._curves.update(self._chosen)

    def write(self) -> None:
        rows = self._rows.rows()
        chosen = list(self._chosen)
        self._runs.fill(rows)
        if list(rows) != self._names:
            self._names = list(rows)
            self._runs.source.selected.indices = [self._names.index(name) for name in chosen if name in rows]
        differ = _differences(self._settings)
        self._scores.fill({name: rows[name] | {"differs": differ[name]} for name in self._chosen if name in rows})
        running = sum(row["state"] == "running" for row in rows.values())
        reading = sum(row["state"] == "reading" for row in rows.values())
        state = f"{len(rows)} runs" if len(rows) != 1 else "1 run"
        state += f", {running} running" if running else ""
        state += f"; the logs of {reading} are still to be read" if reading else ""
        write(self._words["state"], state if rows else "no run in it yet; start one with `twinohm run`")
        problems = [problem for one in self._chosen.values() for problem in one.problems]
        write(self._words["problems"], self._problems + problems)

    def _choose(self, indices: Sequence[int]) -> None:
        """Show the runs in these rows of the table."""
        names = [self._names[i] for i in sorted(indices) if i < len(self._names)]
        if set(names) == set(self._chosen):
            return
        self._problems = []
        if len(names) > len(COLOURS):
            self._problems = [f"{len(names)} runs are chosen, the newest {len(COLOURS)} are shown"]
            names = names[: len(COLOURS)]
        for name in self._chosen.keys() - set(names):
            del self._chosen[name], self._settings[name]
        for name in names:
            if name not in self._chosen:
                try:
                    folder = RunFolder(self._rows.out / name)
                    self._chosen[name], self._settings[name] = FollowedRun(folder), run_settings(Run(folder))
                except RunError as error:
                    self._problems.append(str(error))
        self.redraw()
        pages = ((f"{RUN_PAGE}?name={quote(os.fsencode(name))}", f"page of {name}") for name in self._chosen)
        write_links(self._words["links"], pages)


class _Curves:
    """Errors of several runs against tick, a colour for each."""

    def __init__(self) -> None:
        self.figure = made = ticks_panel("curves", 320, y_axis_type="log", visible=False)  # a log axis needs numbers
        made.yaxis.axis_label = "MSE (V²)"
        self._sources = [ColumnDataSource({"tick": [], "error": [], "low": [], "high": []}) for _ in COLOURS]
        self._shown: list[str | None] = [None for _ in COLOURS]
        self._lines = []
        for colour, source in zip(COLOURS, self._sources, strict=True):
            band = made.varea("tick", "low", "high", source=source, fill_color=colour, fill_alpha=0.15, visible=False)
            line = made.line(
                "tick", "error", source=source, line_color=colour, line_width=1.6, legend_label=colour, visible=False
            )
            self._lines.append((band, line))
        legend_below(made)
        made.legend.orientation = "vertical"
        for item in made.legend.items:
            item.visible = False

    def update(self, runs: Mapping[str, FollowedRun]) -> None:
        """Draw these runs, and no others; a run keeps its colour."""
        shown = [name if name in runs else None for name in self._shown]
        for name in runs:
            if name not in shown:
                shown[shown.index(None)] = name
        for run, before, source, lines, item in zip(
            shown, self._shown, self._sources, self._lines, self.figure.legend.items, strict=True
        ):
            if run is not None:
                source.data = errors(runs[run].series.scored)
            if run != before:
                item.label = value(plain(run or "", LONGEST_LABEL))
                for one in (*lines, item):
                    one.visible = run is not None
        self._shown = shown
        self.figure.visible = any(one.series.error.size for one in runs.values())


class _Table:
    """A table of runs whose cells are text or numbers, never markup."""

    def __init__(self, name: str, columns: Sequence[str], selectable: str | bool = False) -> None:
        self._columns = columns
        self.source = ColumnDataSource({column: [] for column in columns})
        made = []
        for column in columns:
            title = TITLES.get(column, column)
            if column in NUMBERS:
                numbers = NumberFormatter(format=NUMBERS[column], nan_format="", text_align="right")
                made.append(TableColumn(field=column, title=title, formatter=numbers, width=80))
            else:
                made.append(TableColumn(field=column, title=title, formatter=StringFormatter(), width=TEXTS[column]))
        self.model = DataTable(
            name=name, source=self.source, columns=made, selectable=selectable, height=2 * ROW_PX,
            index_position=None, sizing_mode="stretch_width", autosize_mode="none", reorderable=False,
        )  # fmt: skip

    def fill(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        """Show rows. If their runs stay the same only what differs is sent: the table then keeps its place."""
        cells = {column: [_cell(name, row, column) for name, row in rows.items()] for column in self._columns}
        before = self.source.data
        if list(before["run"]) != cells["run"]:
            self.source.data = cells
            self.model.height = ROW_PX * (min(len(rows), MOST_ROWS) + 2)
            return
        patches = {}
        for column, after in cells.items():
            pairs = enumerate(zip(before[column], after, strict=True))
            if changed := [(row, new) for row, (old, new) in pairs if not _same(old, new)]:
                patches[column] = changed
        if patches:
            self.source.patch(patches)


def _same(old: object, new: object) -> bool:
    return old == new or (old != old and new != new)  # NaN differs from itself


def _cell(name: str, row: Mapping[str, Any], column: str) -> str | float:
    found = name if column == "run" else row.get(column)
    if column in NUMBERS:
        return float("nan") if found is None else float(found)
    if column == "started":
        found = str(found)[:16].replace("T", " ")
    return one_line(str(found or ""), LONGEST_CELL)


def _differences(settings: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """Return for each run the settings in which not all of them agree, in words."""
    names = dict.fromkeys(name for each in settings.values() for name in each)
    differ = [name for name in names if len({str(each.get(name)) for each in settings.values()}) > 1]
    return {run: ", ".join(f"{name} {each.get(name)}" for name in differ) for run, each in settings.items()}
