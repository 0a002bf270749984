"""The page of one run."""

from __future__ import annotations

from pathlib import Path

from bokeh.document import Document

from twinohm.errors import RunError
from twinohm.runlog.description import RunDescription
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.live import event_text
from twinohm.runlog.tick_record import TickRecord
from twinohm.web.figures import ErrorFigure, OutputsFigure, TapsFigure
from twinohm.web.followed_run import FollowedRun
from twinohm.web.layout import lay_out
from twinohm.web.live_page import LivePage
from twinohm.web.network import NetworkFigure
from twinohm.web.server import Page
from twinohm.web.words import words, write

WORDS = ("title", "state", "facts", "problems", "now", "scores", "events")


def run_page(path: Path) -> Page:
    """Return what fills a document with the page of the run in a folder."""
    return lambda document: fill_run_page(document, path)


def fill_run_page(document: Document, path: Path) -> None:
    """Fill a document with the page of the run in a folder, or with what is wrong with that folder."""
    try:
        followed = FollowedRun(RunFolder(path))
    except RunError as error:
        fill_problem_page(document, str(error))
    else:
        _RunPage(document, followed)


def fill_problem_page(document: Document, problem: str) -> None:
    """Fill a document with one sentence."""
    element = words("problems")
    write(element, problem)
    lay_out(document, "problem", "TwinOhm", [element])


class _RunPage(LivePage):
    """A document that shows a run and follows its log."""

    def __init__(self, document: Document, followed: FollowedRun) -> None:
        super().__init__(document)
        self._followed = followed
        run = followed.live.run
        self._error = ErrorFigure()
        shared = self._error.figure.x_range
        self._outputs, self._taps = OutputsFigure(run, shared), TapsFigure(run, shared)
        self._network = NetworkFigure(run)
        self._words = {name: words(name) for name in WORDS}
        title = f"{run.task} on {run.board}"
        write(self._words["title"], title)
        write(self._words["facts"], _facts(run, followed.folder.path))
        figures = (self._error, self._outputs, self._taps, self._network)
        known = "true" if run.truth is not None else "measured"
        self.read()
        self.draw()
        roots = [*self._words.values(), *(one.figure for one in figures)]
        lay_out(document, "run", title, roots, known=known)
        self.look()

    def read(self) -> tuple[bool, bool]:
        return self._followed.read(), self._followed.behind

    def draw(self) -> None:
        live, series = self._followed.live, self._followed.series
        if live.last is not None:
            self._error.update(series)
            self._outputs.update(series)
            self._taps.update(series)
            self._network.update(live.last, series.gone)
            write(self._words["now"], _now(live.last))
        write(self._words["events"], [event_text(event, live.step_V) for event in reversed(live.events)])
        write(self._words["scores"], live.scores or "after the last tick")

    def write(self) -> None:
        live = self._followed.live
        state = [live.state, *live.progress, " ".join(live.error.split())]
        write(self._words["state"], "  ·  ".join(part for part in state if part))
        write(self._words["problems"], self._followed.problems)


def _facts(run: RunDescription, path: Path) -> str:
    facts = [f"profile {run.profile}"] if run.profile else []
    facts += [f"seed {run.seed}"] if run.seed is not None else []
    facts += [f"η = {run.eta:g}", f"placement {run.placement.text}", run.port, f"started {run.started}", str(path)]
    return "  ·  ".join(facts)


def _now(last: TickRecord) -> list[str]:
    lines = []
    for node, desired_V in last.desired_V.items():
        free_V = last.free_V[node]
        lines.append(f"output {node}  {free_V:.4f} V  wanted {desired_V:.4f} V  {1000 * (free_V - desired_V):+.1f} mV")
    return lines
