"""Ticks with the names of their nodes and edges, as BoardClient.train() returns them, and stream() in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twinohm.protocol.telemetry import Tick

if TYPE_CHECKING:
    from pandas import DataFrame

    from twinohm.model.placement import Placement

WORDS = ("cmp", "sgn", "up", "moved")


class Ticks(list[Tick]):
    """A list of successive ticks of one placement; `placement` and `edges` name their voltages and their bits.

    first: number of its first tick since restore() or home().
    """

    def __init__(self, ticks: Iterable[Tick], placement: Placement, edges: Sequence[str], first: int = 0) -> None:
        super().__init__(ticks)
        self.placement, self.edges, self.first = placement, tuple(edges), first

    @property
    def frame(self) -> DataFrame:
        """A row for each tick: t_us (board time, us), by output node free_V.F and clamp_V.F (task volts), by edge
        cmp.A-B, sgn.A-B, up.A-B, moved.A-B (0 or 1, missing where the board cannot read them) and taps.A-B after it.
        """  # fmt: skip
        from pandas import DataFrame, array

        columns: dict[str, Any] = {"t_us": array([tick.t_us for tick in self], dtype="int64")}
        for name in ("free_V", "clamp_V"):
            for k, node in enumerate(self.placement.outputs):
                columns[f"{name}.{node}"] = array([getattr(tick, name)[k] for tick in self], dtype="float64")
        for name in WORDS:
            words = [getattr(tick, name) for tick in self]
            for i, edge in enumerate(self.edges):
                columns[f"{name}.{edge}"] = array(
                    [None if word is None else word >> i & 1 for word in words], dtype="Int8"
                )
        for i, edge in enumerate(self.edges):
            columns[f"taps.{edge}"] = array([tick.taps[i] for tick in self], dtype="int64")
        return DataFrame(columns)

    def __repr__(self) -> str:
        inputs, outputs = self.placement
        return f"<{len(self)} ticks, {' '.join(inputs)} -> {' '.join(outputs)}; .frame is a table>"
