"""Figures of one run against tick, drawn by Bokeh: error, outputs, taps."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from bokeh.models import ColorBar, ColumnDataSource, LinearColorMapper, Range1d
from bokeh.plotting import figure

from twinohm.plain_text import plain
from twinohm.plot.style import COLOURS, FAINT, INK, QUIET
from twinohm.runlog.description import RunDescription
from twinohm.web.run_series import Example, RunSeries
from twinohm.web.thinning import Floats, Thinned
from twinohm.web.words import label

TAP_COLOURS = "Viridis256"
FEW_EDGES = 24  # whose names fit beside the figure of taps
FONT = "13px"
FAINT_LINE = 0.35  # opacity of the ticks beside a test set
LONGEST_LABEL = 60  # characters of a name beside a line


def panel(name: str, height: int, **more: Any) -> Any:
    """Return an empty figure in the style of TwinOhm's figures."""
    made = figure(
        name=name,
        height=height,
        sizing_mode="stretch_width",
        tools="xbox_zoom,xpan,reset,save",
        toolbar_location="above",
        **more,
    )
    made.toolbar.logo = None
    made.toolbar.autohide = True
    made.outline_line_color = None
    made.grid.grid_line_color = FAINT
    made.grid.grid_line_alpha = 0.5
    for axis in made.axis:
        axis.axis_line_color = axis.major_tick_line_color = QUIET
        axis.minor_tick_line_color = None
        axis.major_label_text_color = INK
        axis.major_label_text_font_size = axis.axis_label_text_font_size = FONT
        axis.axis_label_text_font_style = "normal"
    return made


def ticks_panel(name: str, height: int, **more: Any) -> Any:
    """Return an empty figure against tick."""
    made = panel(name, height, **more)
    made.xaxis.axis_label = "tick"
    made.xaxis.formatter.use_scientific = False
    made.x_range.range_padding = 0
    if hasattr(made.y_range, "only_visible"):
        made.y_range.only_visible = True
    return made


def legend_below(made: Any) -> None:
    """Show the legend of a figure below its axis, in rows."""
    made.add_layout(made.legend[0], "below")
    made.legend.orientation = "horizontal"
    made.legend.border_line_color = None
    made.legend.label_text_font_size = FONT
    made.legend.margin = made.legend.padding = 2


def growing(made: Any) -> AbstractContextManager[None]:
    """Return a block in which lines are added to a figure: Bokeh then looks through its document once, not for each."""
    document = made.document
    return nullcontext() if document is None else document.models.freeze()


class ErrorFigure:
    """Mean squared error of each tick, log scale, by example where there are few, and of test sets."""

    def __init__(self) -> None:
        self.figure = made = ticks_panel("error", 280, y_axis_type="log", visible=False)  # a log axis needs numbers
        made.yaxis.axis_label = "MSE (V²)"
        self._ticks = ColumnDataSource({name: [] for name in ("tick", "error", "low", "high")})
        self._tests = ColumnDataSource({"tick": [], "error": []})
        self._examples: dict[Example, tuple[ColumnDataSource, Any]] = {}
        made.varea("tick", "low", "high", source=self._ticks, fill_color=COLOURS[0], fill_alpha=0.2)
        self._all = made.line("tick", "error", source=self._ticks, line_color=COLOURS[0], line_width=1.6)
        made.line("tick", "error", source=self._tests, line_color=INK, line_width=1.6)
        made.scatter("tick", "error", source=self._tests, color=INK, size=4, legend_label="test set")
        legend_below(made)
        made.legend.visible = False

    def update(self, series: RunSeries) -> None:
        """Draw a run that has grown."""
        self._ticks.data = errors(series.error)
        self.figure.visible = True
        if series.tests.size:
            self._all.glyph.line_alpha = FAINT_LINE
            tests = errors(series.tests)
            self._tests.data = {name: tests[name] for name in ("tick", "error")}
        examples = series.examples or {}
        if len(examples) < 2:
            examples = {}
        if new := [example for example in examples if example not in self._examples]:
            with growing(self.figure):
                for example in new:
                    self._examples[example] = self._add_example(example)
        for example, thinned in examples.items():
            drawn = errors(thinned)
            self._examples[example][0].data = {name: drawn[name] for name in ("tick", "error")}
        for _, line in self._examples.values():
            line.visible = bool(examples)
        self._all.visible = not examples
        self.figure.legend.visible = bool(examples) or series.tests.size > 0

    def _add_example(self, example: Example) -> tuple[ColumnDataSource, Any]:
        source = ColumnDataSource({"tick": [], "error": []})
        name = " → ".join(", ".join(f"{node} {volts:.3g} V" for node, volts in side) for side in example)
        line = self.figure.line(
            "tick", "error", source=source, line_width=1.6,
            line_color=COLOURS[len(self._examples) % len(COLOURS)], legend_label=plain(name, LONGEST_LABEL),
        )  # fmt: skip
        return source, line


def errors(thinned: Thinned) -> dict[str, Floats]:
    """Return columns to draw of a series of ticks and logarithms of errors."""
    return {
        "tick": thinned.mean[:, 0],
        "error": 10 ** thinned.mean[:, 1],
        "low": 10 ** thinned.low[:, 1],
        "high": 10 ** thinned.high[:, 1],
    }


class OutputsFigure:
    """Output voltages and their targets; free minus desired where examples change often."""

    def __init__(self, run: RunDescription, shared: Any) -> None:
        self._run = run
        self.figure = ticks_panel("outputs", 240, x_range=shared)
        self._source = ColumnDataSource({"tick": []})
        self._lines: dict[str, tuple[list[Any], list[Any]]] = {}  # by node: as volts, as difference
        self._add(run.placement.outputs)
        legend_below(self.figure)

    def update(self, series: RunSeries) -> None:
        """Draw a run that has grown."""
        if new := [node for node in series.outputs if node not in self._lines]:  # of a task whose outputs change
            with growing(self.figure):
                self._add(new)
        nodes, volts = len(self._run.nodes), series.volts
        columns = {"tick": series.error.mean[:, 0]}
        mean = volts.mean
        for node in self._lines:
            i = self._run.nodes.index(node)
            columns[f"free{i}"] = mean[:, i]
            columns[f"desired{i}"] = volts.last[:, nodes + i]
            missed = 2 * nodes + i
            columns[f"missed{i}"], columns[f"low{i}"] = mean[:, missed], volts.low[:, missed]
            columns[f"high{i}"] = volts.high[:, missed]
        self._source.data = columns
        often = series.changes_often
        self.figure.yaxis.axis_label = "free − desired (V)" if often else "voltage (V)"
        for direct, difference in self._lines.values():
            for line in direct:
                line.visible = not often
            for line in difference:
                line.visible = often

    def _add(self, nodes: Iterable[str]) -> None:
        """Add lines for more nodes."""
        made, source = self.figure, self._source
        for node in nodes:
            i = self._run.nodes.index(node)
            colour, name = COLOURS[len(self._lines) % len(COLOURS)], plain(node, LONGEST_LABEL)
            free, desired, missed, low, high = (f"{what}{i}" for what in ("free", "desired", "missed", "low", "high"))
            empty = np.full(len(source.data["tick"]), np.nan)
            source.data = dict(source.data) | dict.fromkeys((free, desired, missed, low, high), empty)
            line = {"source": source, "line_color": colour, "legend_label": name, "line_width": 1.6}
            dashed = {"source": source, "line_color": colour, "line_width": 2, "line_dash": [6, 4], "mode": "after"}
            self._lines[node] = (
                [made.line("tick", free, **line), made.step("tick", desired, **dashed)],
                [
                    made.varea("tick", low, high, source=source, fill_color=colour, fill_alpha=0.15, visible=False),
                    made.line("tick", missed, **line, visible=False),
                ],
            )


class TapsFigure:
    """Tap of every edge at every tick, by colour; both twins of an edge have the same."""

    def __init__(self, run: RunDescription, shared: Any) -> None:
        self._run, edges, self._top = run, len(run.edges), run.pots.top_tap
        self.figure = made = ticks_panel(
            "taps", max(240, min(420, 18 * edges + 60)), x_range=shared, y_range=Range1d(edges, 0)
        )
        mapper = LinearColorMapper(TAP_COLOURS, low=0, high=self._top, high_color="white")
        self._source = ColumnDataSource({"image": [np.zeros((edges, 1), dtype=np.uint16)], "width": [1]})
        made.image("image", x=0, y=0, dw="width", dh=edges, source=self._source, color_mapper=mapper)
        made.add_layout(ColorBar(color_mapper=mapper, width=12, title="tap"), "right")
        made.grid.grid_line_color = None
        shown = range(0, edges, -(-edges // FEW_EDGES))
        made.yaxis.ticker = [i + 0.5 for i in shown]
        made.yaxis.major_label_overrides = {i + 0.5: label(run.edges[i]) for i in shown}

    def update(self, series: RunSeries) -> None:
        """Draw a run that has grown. An edge that is pulled is white from then on."""
        taps = series.taps.last.T
        image = np.where(np.isnan(taps), self._top + 1, taps).astype(np.uint16)
        self._source.data = {"image": [image], "width": [series.taps.size]}
