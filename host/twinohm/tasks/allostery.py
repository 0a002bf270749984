"""Allostery: one fixed pattern at the inputs must give one fixed voltage at distant outputs (paper, Fig. 3A)."""

from twinohm.model.placement import Placement
from twinohm.tasks.task import Task

ALLOSTERY = Task(
    name="allostery",
    about="inputs 5, 1 and 0 V must give 3 V at three outputs",
    ours="placement, eta and number of ticks",
    examples=[((5.0, 1.0, 0.0), (3.0, 3.0, 3.0))],
    block=400,
    eta=1.0,
    placements={"lab16": Placement(("B", "D", "I"), ("F", "G", "H"))},
)


def allostery(name: str, pattern: str, ticks: int = 400, eta: float = 1.0) -> Task:
    """Return a task of one pattern: volts at nodes of lab16, for example "C=5 I=0 -> D=2"."""
    (inputs, inputs_V), (outputs, desired_V) = (_volts_at(side) for side in pattern.split("->"))
    return Task(
        name=name,
        about=f"inputs {_listed(inputs_V)} V must give {_listed(desired_V)} V",
        ours="voltages, placement, eta and number of ticks",
        examples=[(inputs_V, desired_V)],
        block=ticks,
        eta=eta,
        placements={"lab16": Placement(inputs, outputs)},
    )


def _volts_at(side: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
    pairs = [word.split("=") for word in side.split()]
    return tuple(node for node, _ in pairs), tuple(float(volts) for _, volts in pairs)


def _listed(volts: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in volts)


ALLOSTERY1 = allostery("allostery1", "C=5 I=0 -> D=2")
ALLOSTERY2 = allostery("allostery2", "F=5 I=0 -> C=2 D=3")
ALLOSTERY4 = allostery("allostery4", "A=5 F=1 D=0 -> G=3 I=3 B=2 H=2")
