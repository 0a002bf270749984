"""Voltage divider: two edges follow a target that changes every 100 ticks (paper, Fig. 2)."""

from twinohm.model.placement import Placement
from twinohm.tasks.task import Task

TARGETS_V = (1.5, 3.5, 2.0, 4.0, 2.5)

DIVIDER = Task(
    name="divider",
    about="5 V and 0 V at the ends; the middle must follow a target that changes every 100 ticks",
    ours="the five targets, eta, and the placement on boards other than the divider",
    examples=[((5.0, 0.0), (target,)) for target in TARGETS_V],
    block=100,
    eta=1.0,
    placements={"divider": Placement(("TOP", "BOT"), ("MID",)), "lab16": Placement(("C", "I"), ("D",))},
)
