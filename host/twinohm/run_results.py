"""A run as tables and figures: what twinohm.run() and twinohm.load_run() return."""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinohm.errors import RunError
from twinohm.plain_text import plain
from twinohm.runlog.description import ticks_text
from twinohm.runlog.export import UNITS, Columns, columns, events, flat_columns
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.score_text import measured_text, restored_text, true_text
from twinohm.tasks.recorded import recorded_scales

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from twinohm.run_analysis import Analysis
    from twinohm.runlog.description import RunDescription
    from twinohm.runlog.summary import Summary


class Run:
    """One run of a task. Tables are read from the log of its folder when they are first asked for.

    Attributes raise RunFileError if the folder is damaged; errors are in twinohm.errors.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder  # reads run.json and the log
        self._scored: tuple[object, Summary | None] | None = None  # state of the log, and the scores then

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @cached_property
    def settings(self) -> RunDescription:
        """What run.json says: task, board, port, seed, placement, eta, levers, versions and more."""
        return self.folder.description()

    @property
    def task(self) -> str:
        """The task's name."""
        return self.settings.task

    @property
    def board(self) -> str:
        """The board's name in boards.toml."""
        return self.settings.board

    @property
    def summary(self) -> Summary:
        """The scores of the ticks so far, computed from the log. Raises RunError if it has no tick."""
        if (found := self._summary) is None:
            raise RunError(f"{self.path}: the log has no tick, so there are no scores; run at least 1 tick")
        return found

    @property
    def _summary(self) -> Summary | None:
        """The scores, None without a tick; computed again when the log has changed."""
        state = log_state(self.folder.log)
        if self._scored is None or self._scored[0] != state:
            first = next(self.folder.ticks(), None)
            self._scored = state, log_summary(self.folder) if first is not None else None
        return self._scored[1]

    @property
    def made(self) -> int:
        """Number of ticks in the log."""
        return self._summary.ticks if self._summary is not None else 0

    @cached_property
    def _columns(self) -> Columns:
        return columns(self.folder)

    @cached_property
    def ticks(self) -> DataFrame:
        """A row for each tick, (ticks, columns), with the tick's number as index.

        Columns: t_us (board time, us), error_V2 (mean square, measured, V^2), true_error_V2 where the port knows it,
        and by node inputs_V.B, desired_V.F, free_V.F, clamp_V.F (task volts), by edge cmp.A-B, sgn.A-B, up.A-B,
        moved.A-B (0 or 1, missing where the board cannot read them) and taps.A-B after the tick. attrs["units"] has
        the unit of each column.
        """
        frame = self._frame(self._columns).set_index("tick")
        frame.attrs["units"] = {str(name): UNITS[str(name).partition(".")[0]] for name in frame if name != "phase"}
        return frame

    @cached_property
    def events(self) -> DataFrame:
        """A row for each event of the log: `tick` (ticks before it), `event` (its kind), and what belongs to it."""
        return self._frame(events(self.folder))

    @cached_property
    def targets(self) -> DataFrame:
        """Outputs in the units of the data that the task was made of: a row for each tick, with its number as index.

        Columns by target y: y (measured), desired.y, and true.y where the port knows it. Raises RunError for a task
        whose outputs are volts or classes.
        """
        from pandas import DataFrame

        outputs, pairs = self.settings.placement.outputs, self.settings.levers.pairs
        if not (scales := recorded_scales(self.settings.task_fields)):
            raise RunError(f"{self.path}: its outputs are volts or classes, they have no other unit; use ticks")
        data = {}
        kinds = {"": "free_V", "desired.": "desired_V", "true.": "true_free_V"}
        for k, scale in enumerate(scales):
            nodes = outputs[2 * k : 2 * k + 2] if pairs else outputs[k : k + 1]
            for kind, name in kinds.items():
                found = [self.ticks[column] for node in nodes if (column := f"{name}.{node}") in self.ticks]
                if found:
                    data[f"{kind}{scale.name}"] = scale.own(found[0] - found[1] if pairs else found[0])
        return DataFrame(data, index=self.ticks.index)

    @cached_property
    def resistances(self) -> DataFrame:
        """Resistance of the free network's edges after each tick, ohm, (ticks, edges).

        It is the true one where the port knows it, without what a fault of the port breaks; else the nominal one of the
        taps.
        """
        from pandas import DataFrame

        from twinohm.plot.graph import edge_kohm

        ohm = 1000 * edge_kohm(self.settings, self._columns)
        return DataFrame(ohm, columns=list(self.settings.edges), index=self.ticks.index)

    def _frame(self, data: Columns) -> DataFrame:
        from pandas import DataFrame, Series, array

        parts: dict[str, Any] = {}
        for name, values, unknown in flat_columns(self.settings, data):
            if values.dtype.kind in "iu" and unknown is not None and unknown.any():
                parts[name] = array(np.where(unknown, 0, values), dtype="Int8")
                parts[name][unknown] = None
            elif values.dtype.kind == "U" and unknown is not None and unknown.any():
                texts = [None if gone else text for text, gone in zip(values.tolist(), unknown, strict=True)]
                parts[name] = Series(texts, dtype="object")
            else:
                parts[name] = values
        return DataFrame(parts)

    def plot(self, out: Path | str | None = None, force: bool = False) -> Figure:
        """Draw error, outputs and taps against tick. Write it to `out` (.png, .pdf or .svg) if that is given.

        Raises RunError if the log is empty, and UsageError if `out` is a file that TwinOhm did not make, unless
        `force`.
        """
        from twinohm.plot.run_figure import draw_run

        return self._drawn(draw_run, out, force)

    def animate(
        self,
        out: Path | str | None = None,
        force: bool = False,
        progress: Callable[[int, int], None] = lambda done, of: None,
    ) -> Path:
        """Write an animation of the network as it learns, beside its error. Return the path of the file.

        out: a .gif or, with ffmpeg, a .mp4; None: run.gif in the run's folder.
        force: replace a file that TwinOhm did not make.
        progress: is called with (frames drawn, frames).

        Frames are at ticks whose logarithms are evenly spaced, counted from where the run or each of its phases begins.
        Raises as plot(), and TwinOhmError if a .mp4 cannot be made here.
        """
        from twinohm.link.arguments import callback, file_path
        from twinohm.plot.animation import run_animation

        callback("progress", progress, "(frames drawn, frames)")
        return run_animation(self.folder, None if out is None else file_path("out", out), force, progress=progress)

    def network(self, out: Path | str | None = None, force: bool = False) -> Figure:
        """Draw the network at the end of the run: edges by conductance, nodes by role. `out`, `force`: as plot()."""
        from twinohm.plot.graph import draw_network

        return self._drawn(draw_network, out, force)

    def analyse(self, tick: int | None = None) -> Analysis:
        """Analyse the circuit with the examples that it learned: Jacobian, Hessians, susceptibility, power, alignment.

        tick: number of ticks after which the taps are taken, 0: the first ones; None: as the run left them.

        Raises UsageError for a tick that the run does not have, RunError if the log is empty or damaged.
        """
        from twinohm.link.arguments import whole_number
        from twinohm.run_analysis import Analysis

        return Analysis(self.folder, None if tick is None else whole_number("tick", tick, 0))

    def _drawn(self, draw: Callable[[RunFolder], Figure], out: Path | str | None, force: bool) -> Figure:
        from twinohm.link.arguments import file_path
        from twinohm.plot.figure_file import write_drawn

        if out is None:
            return draw(self.folder)
        return write_drawn(partial(draw, self.folder), file_path("out", out), force)

    @property
    def _scores(self) -> dict[str, str]:
        """Scores in words, by what they are of; empty if there is no tick yet."""
        if (summary := self._summary) is None or (step_V := summary.step_V) is None:
            return {}
        found = {
            "true": true_text(summary, step_V),
            "measured": measured_text(summary, step_V),
            "restored": restored_text(summary),
        }
        return {name: text for name, text in found.items() if text}

    def __repr__(self) -> str:
        made = self.made
        scores = next(iter(self._scores.values()), "")
        end = f": {scores}" if scores else ""
        end += "; run.json was changed after the run" if self.folder.changed_since else ""
        return plain(f"<Run {self.path}: {self.task} on {self.board}, {ticks_text(made, self.settings.ticks)}{end}>")

    def _repr_html_(self) -> str:
        """A table of settings and scores and the network, for a notebook."""
        run = self.settings
        inputs, outputs = run.placement
        facts = {
            "task": run.task,
            "board": run.board,
            "port": run.port,
            "placement": f"{' '.join(inputs)} → {' '.join(outputs)}",
            "eta": f"{run.eta:g}",
            "ticks": ticks_text(self.made, run.ticks).removesuffix(" ticks"),
            **self._scores,
            "folder": str(self.path),
            **({"changed": changed} if (changed := self.folder.changed_since) else {}),
        }
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(plain(text))}</td></tr>"
            for name, text in facts.items()
        )
        image = ""
        if self.made:
            from twinohm.plot.figure_file import image_of

            png = b64encode(image_of(self.network(), "png")).decode()
            image = f"<img alt='The network at the end of the run' width='440' src='data:image/png;base64,{png}'>"
        return f"<table>{rows}</table>{image}"


def log_state(log: Path) -> tuple[int, int] | None:
    """Return size and time of a log, which change with it; None while there is none."""
    try:
        there = log.stat()
    except FileNotFoundError:
        return None
    return there.st_size, there.st_mtime_ns
