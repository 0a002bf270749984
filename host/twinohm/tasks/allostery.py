"""Allostery: one fixed pattern at the inputs must give one fixed voltage at distant outputs (paper, Fig. 3A)."""

from twinohm.tasks.task import Task

ALLOSTERY = Task(
    name="allostery",
    about="inputs 5, 1 and 0 V must give 3 V at three outputs",
    ours="placement, eta and number of ticks",
    examples=[((5.0, 1.0, 0.0), (3.0, 3.0, 3.0))],
    block=400,
    eta=1.0,
    placements={"lab16": (("B", "D", "I"), ("F", "G", "H"))},
)
