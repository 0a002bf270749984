"""Animate a run: the network, its edges coloured by conductance, and beside it the error with a moving mark."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import TwinOhmError, UsageError
from twinohm.files import MARK, check_output, is_plain, write_output, write_own
from twinohm.plot.graph import NetworkDrawing, NetworkState, conductance_bar, conductances, edge_kohm, pulled_edges
from twinohm.plot.history import Floats
from twinohm.plot.learning import Frame, Learning
from twinohm.plot.panel import fitted, log_axis, ticks_axis, title
from twinohm.plot.style import COLOURS, FAINT, INK, QUIET, count, our_style, percent, rms
from twinohm.runlog.folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.animation import AbstractMovieWriter
    from matplotlib.axes import Axes

FORMATS = (".gif", ".mp4")
FPS = 12  # frames/s
HOLD_S = 2.0  # for which the last frame is shown
_SIZE, _DPI = (9.6, 5.0), 90  # inches, pixels an inch
_LEFT = 0.02
NO_FFMPEG = (
    "mp4 needs the program ffmpeg, which was not found: install it (Debian and Ubuntu: apt install ffmpeg; "
    "macOS: brew install ffmpeg; Windows: winget install ffmpeg), or write a .gif"
)


def run_animation(
    folder: RunFolder,
    out: Path | None = None,
    force: bool = False,
    fmt: str = "gif",
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Path:
    """Write an animation of a run to `out`, .gif or .mp4, and return the path; None: run.`fmt` in its folder.

    The frames are at ticks whose logarithms are evenly spaced, counted from where the run or each of its phases or
    targets begins, so that early learning is seen. There are FRAMES of them or fewer, and the last is shown for HOLD_S.

    force: replace also a file at `out` that TwinOhm did not make. progress: is called with (frames drawn, frames).

    Raises RunError if the log is empty or damaged, UsageError if the file cannot be there, TwinOhmError if a .mp4
    cannot be made here, DiskError if it cannot be written.
    """
    path = out or folder.path / f"run.{fmt}"
    if (suffix := path.suffix.lower()) not in FORMATS:
        raise UsageError(f"{path}: an animation is written as .gif or .mp4; give a name that ends so")
    is_plain(path) if out is None else check_output(path, force)
    if suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise TwinOhmError(NO_FFMPEG)
    with our_style():
        content = _movie(_Scene(Learning.read(folder)), suffix, progress)
    if out is None:
        write_own({path: content})
    else:
        write_output({path: content}, force)
    return path


def _movie(scene: _Scene, suffix: str, progress: Callable[[int, int], None]) -> bytes:
    """Return the frames of a scene as a file.

    matplotlib's writers need a file of their own, and a figure that they can draw as a whole: one with a picture alone.
    """
    from matplotlib.animation import FFMpegWriter, PillowWriter
    from matplotlib.figure import Figure

    writer: AbstractMovieWriter
    if suffix == ".gif":
        writer = PillowWriter(FPS)
    else:
        writer = FFMpegWriter(FPS, codec="h264", metadata={"comment": MARK})
    frames = scene.learning.frames
    stage = Figure(dpi=_DPI)
    picture = stage.figimage(scene.picture(frames[0]), resize=True)
    with TemporaryDirectory() as temporary:
        movie = Path(temporary) / f"run{suffix}"
        try:
            with writer.saving(stage, str(movie), _DPI):
                for done, frame in enumerate(frames):
                    progress(done, len(frames))
                    picture.set_data(scene.picture(frame))
                    writer.grab_frame()
                for _ in range(round(HOLD_S * FPS)):
                    writer.grab_frame()
        except (CalledProcessError, BrokenPipeError) as error:
            raise TwinOhmError(f"ffmpeg failed ({error}); install one that writes H.264, or write a .gif") from error
        progress(len(frames), len(frames))
        content = movie.read_bytes()
    return _marked(content) if suffix == ".gif" else content


def _marked(gif: bytes) -> bytes:
    """Return a GIF with a comment that says who made it, before its last byte (GIF89a specification, section 24)."""
    return gif[:-1] + b"\x21\xfe" + bytes([len(MARK)]) + MARK.encode() + b"\0" + gif[-1:]


class _Scene:
    """The figure that the frames are drawn on."""

    def __init__(self, learning: Learning) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.learning = learning
        self.figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor="white")
        run = learning.run
        taps = np.array([frame.taps for frame in learning.frames])
        ticks = np.array([frame.tick for frame in learning.frames])
        kohm = edge_kohm(run, {"taps": taps, "tick": ticks})
        self._kohm: dict[int, Floats] = dict(zip(ticks.tolist(), kohm, strict=True))
        least, most = 1000 / float(kohm.max()), 1000 / float(kohm.min())
        self._scale = conductances(least, most)
        write = partial(self.figure.text, va="center", parse_math=False)
        facts = [f"{run.task} on {run.board}"]
        facts += [f"profile {run.profile}"] if run.profile else []
        facts += [f"seed {run.seed}"] if run.seed is not None else []
        facts.append(f"η = {run.eta:g}")
        head = write(_LEFT, 0.945, facts[0], size=15, weight="bold")
        beside = write(head.get_window_extent().x1 / self.figure.bbox.width + 0.02, 0.943, "", size=10, color=QUIET)
        beside.set_text("  ·  ".join(facts[1:]))
        fitted(beside, 10, right=0.99)
        self._network = NetworkDrawing(self.figure.add_axes((_LEFT, 0.13, 0.44, 0.64)), run, 11)
        self._moment = write(_LEFT, 0.855, "", size=12)
        conductance_bar(self.figure, self.figure.add_axes((0.475, 0.17, 0.014, 0.52)), least, most)
        self._draw_error(self.figure.add_axes((0.625, 0.2, 0.35, 0.55)))
        known = run.known
        parts = "the run" if len(learning.stretches) == 1 else "each phase" if self._named else "each target"
        for line, text in enumerate(
            (
                f"Orange: inputs. Light blue: outputs. Edges: {known} conductance of the free network, by colour and "
                f"width{'. ×: pulled' if learning.cuts else ''}.",
                f"Time: logarithmic from the beginning of {parts} on, so that early learning is seen.",
            )
        ):
            write(_LEFT, 0.062 - 0.036 * line, text, size=8.5, color=QUIET)
        self._moving = (self._past, self._now, self._mark, self._moment, *self._network.moving)
        for artist in self._moving:
            artist.set_animated(True)
        canvas: Any = FigureCanvasAgg(self.figure)  # has no types
        self._canvas = canvas
        self._canvas.draw()
        self._still = self._canvas.copy_from_bbox(self.figure.bbox)

    def picture(self, frame: Frame) -> NDArray[np.uint8]:
        """Return the picture of a frame, (height, width, 4). What does not move was drawn once."""
        self._show(frame)
        self._canvas.restore_region(self._still)
        for artist in self._moving:
            self.figure.draw_artist(artist)
        return np.array(self._canvas.buffer_rgba())

    @property
    def _named(self) -> bool:
        return self.learning.stretches[0].name != "" or len({one.name for one in self.learning.stretches}) > 1

    def _draw_error(self, axes: Axes) -> None:
        learning = self.learning
        tested = len(learning.tests.tick) > 0
        self._scored = learning.scored
        log_axis(axes)
        if len(learning.stretches) == 1:
            _log_ticks_axis(axes, learning.stop)
        else:
            ticks_axis(axes, learning.stop)
        axes.set_ylabel("MSE (V²)")
        kind = "true" if learning.virtual else "measured"
        title(axes, "Error", f"{kind}, test set; grey: each example" if tested else kind)
        if tested:
            axes.plot(learning.every.tick, learning.every.median_V2, color=FAINT, lw=0.8, zorder=1)
        curve = self._scored
        axes.fill_between(curve.tick, curve.least_V2, curve.most_V2, color=COLOURS[0], alpha=0.2, lw=0)
        axes.plot(curve.tick, curve.median_V2, color=COLOURS[0], lw=0.8, alpha=0.45)
        for one in learning.stretches[1:]:
            axes.axvline(one.start, color=FAINT, lw=0.8, zorder=0)
        for tick, _ in learning.cuts:
            axes.axvline(tick, color=COLOURS[1], lw=0.9, ls=(0, (4, 3)), zorder=0)
        self._past = axes.plot([], [], color=COLOURS[0], lw=1.4, zorder=3)[0]
        self._now = axes.axvline(0, color=INK, lw=0.8, zorder=2)
        self._mark = axes.plot([], [], "o", ms=8, mfc="white", mec=COLOURS[0], mew=2, zorder=4, clip_on=False)[0]

    def _show(self, frame: Frame) -> None:
        """Show the network and the error at a frame's tick."""
        learning, curve = self.learning, self._scored
        one = learning.stretch(frame.tick)
        pulled = pulled_edges(learning.cuts, one, frame.tick)
        state = NetworkState(self._kohm[frame.tick], pulled, frame.inputs, frame.outputs)
        self._network.show(state, self._scale)
        last = frame.tick == learning.frames[-1].tick
        place = curve.at(learning.stop if last else frame.tick)  # the last test set comes after the last tick
        self._now.set_xdata([frame.tick, frame.tick])
        words = [f"Tick {count(frame.tick)} of {count(learning.stop)}"]
        words += [one.name] if one.name else []
        if place is not None:
            self._past.set_data(curve.tick[: place + 1], curve.median_V2[: place + 1])
            self._mark.set_data([curve.tick[place]], [curve.median_V2[place]])
            accuracy, step_V = curve.accuracy[place], learning.run.recorded_board.count_V
            if np.isnan(accuracy):
                words.append(f"error {rms(curve.median_V2[place], step_V)} rms")
            else:
                words.append(f"{percent(accuracy)} of the test set right")
        self._moment.set_text("  ·  ".join(words))


def _log_ticks_axis(axes: Axes, stop: int) -> None:
    """Label a logarithmic axis of ticks, 0..stop: the scale is that of tick + 1, so that tick 0 has a place."""
    axes.set_xscale("function", functions=(lambda tick: np.log10(np.maximum(tick, -0.9) + 1), lambda x: 10**x - 1))
    decades = [0] + [step * 10**power for power in range(len(str(stop))) for step in (1, 2, 5)]
    shown = [tick for tick in decades if tick <= stop]
    while len(shown) > 9:
        shown = [tick for tick in shown if str(tick)[0] in "01"] if shown[2] == 2 else shown[::2]
    axes.set_xticks(shown, labels=[count(tick) for tick in shown])
    axes.set_xlim(0, stop)
    axes.set_xlabel("tick (logarithmic scale)")
