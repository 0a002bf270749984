"""The network as it is now, drawn by Bokeh: nodes by role, edges by conductance."""

from __future__ import annotations

import numpy as np
from bokeh.models import ColorBar, ColumnDataSource, HoverTool, LogColorMapper

from twinohm.plain_text import plain
from twinohm.plot.graph import INPUT, OUTPUT, ROOM, colour_range, edge_ends, edge_kohm, edge_width, node_places
from twinohm.plot.style import COLOURS, INK, QUIET
from twinohm.runlog.description import RunDescription
from twinohm.runlog.tick_record import TickRecord
from twinohm.web.figures import FONT, panel

NODE = 26  # pixels across, of a node where there are few
COLOURS_OF_EDGES = "Viridis256"
_ENDS = (("x0", 0, 0), ("y0", 0, 1), ("x1", 1, 0), ("y1", 1, 1))  # column, end of the edge, axis


class NetworkFigure:
    """The network of one run after one of its ticks."""

    def __init__(self, run: RunDescription) -> None:
        self._run = run
        places = node_places(run.nodes, run.edges)
        x, y = zip(*(places[node] for node in run.nodes), strict=True)
        ends = [edge_ends(edge, run.nodes) for edge in run.edges]
        size = min(1.0, (ROOM / len(run.nodes)) ** 0.5)
        self._size = size
        self.figure = made = panel("network", 360, match_aspect=True)
        made.axis.visible = False
        made.grid.visible = False
        self._mapper = LogColorMapper(COLOURS_OF_EDGES, low=1, high=2)
        self._mapper.palette = tuple(reversed(self._mapper.palette))
        names = [plain(edge) for edge in run.edges]
        self._edges = ColumnDataSource(
            {name: [places[pair[end]][axis] for pair in ends] for name, end, axis in _ENDS}
            | {"edge": names, "tap": [0] * len(names), "uS": [1.0] * len(names), "width": [0.0] * len(names)}
        )
        self._pulled = ColumnDataSource({name: [] for name, _, _ in _ENDS})
        names = [plain(node) for node in run.nodes]
        self._nodes = ColumnDataSource(
            {"x": x, "y": y, "node": names, "face": ["white"] * len(x), "volts": [""] * len(x)}
        )
        edges = made.segment(
            "x0", "y0", "x1", "y1", source=self._edges, line_width="width",
            line_color={"field": "uS", "transform": self._mapper},
        )  # fmt: skip
        made.segment("x0", "y0", "x1", "y1", source=self._pulled, line_color=COLOURS[1], line_dash=[3, 4])
        nodes = made.scatter("x", "y", source=self._nodes, size=NODE * size, fill_color="face", line_color=INK)
        small = 14 * size * min(1.0, 2.6 / max(map(len, run.nodes)))
        made.text(
            "x", "y", "node", source=self._nodes, text_align="center", text_baseline="middle",
            text_font_size=f"{small:.1f}px", text_color=INK,
        )  # fmt: skip
        made.add_tools(
            HoverTool(renderers=[nodes], tooltips=[("node", "@node"), ("", "@volts")]),
            HoverTool(
                renderers=[edges],
                line_policy="interp",
                tooltips=[("edge", "@edge"), ("tap", "@tap"), ("conductance", "@uS{0.0} µS")],
            ),
        )
        bar = ColorBar(color_mapper=self._mapper, width=12, title="µS", title_text_font_size=FONT)
        bar.major_label_text_font_size = FONT
        bar.title_text_color = QUIET
        made.add_layout(bar, "right")

    def update(self, last: TickRecord, gone: set[str]) -> None:
        """Draw the network after a tick, without the edges that are pulled."""
        run = self._run
        kohm = edge_kohm(run, {"taps": np.array([last.taps]), "tick": np.array([last.tick])})[0]
        there = np.array([edge not in gone for edge in run.edges])
        uS = 1000 / kohm
        self._mapper.low, self._mapper.high = colour_range(float(uS.min()), float(uS.max()))
        width = [edge_width(float(one), self._size) * is_there for one, is_there in zip(kohm, there, strict=True)]
        self._edges.data = dict(self._edges.data) | {"tap": list(last.taps), "uS": uS, "width": width}
        if len(self._pulled.data["x0"]) != (~there).sum():
            self._pulled.data = {name: np.array(self._edges.data[name])[~there] for name, _, _ in _ENDS}
        face, volts = [], []
        for node in run.nodes:
            given, wanted = last.inputs_V.get(node), last.desired_V.get(node)
            face.append(INPUT if given is not None else OUTPUT if wanted is not None else "white")
            at = (last.true_free_V or last.free_V).get(node)
            text = f"{at:.4f} V" if at is not None else ""
            volts.append(text + (f", wanted {wanted:.4f} V" if wanted is not None else ""))
        self._nodes.data = dict(self._nodes.data) | {"face": face, "volts": volts}
