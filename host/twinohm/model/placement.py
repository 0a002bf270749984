"""Which nodes of a network are inputs and which are outputs; all others are hidden."""

from __future__ import annotations

from typing import NamedTuple

from twinohm.errors import UsageError


class Placement(NamedTuple):
    """Names of the input nodes and of the output nodes, in the order of a task's voltages."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, n_inputs: int, n_outputs: int) -> Placement:
        """Return the placement that `text` names: `n_inputs` nodes, then `n_outputs`, as in "B,D,I,F,G,H".

        Names are separated by commas or colons. Raises UsageError if their number is not n_inputs + n_outputs.
        """
        names = tuple(name.strip() for name in text.replace(":", ",").split(",") if name.strip())
        if len(names) != n_inputs + n_outputs:
            raise UsageError(
                f"--placement {text}: {len(names)} nodes; name {n_inputs + n_outputs}: {n_inputs} inputs, then "
                f"{n_outputs} outputs"
            )
        return cls(names[:n_inputs], names[n_inputs:])

    @property
    def text(self) -> str:
        """The form that parse() reads."""
        return ",".join((*self.inputs, *self.outputs))
