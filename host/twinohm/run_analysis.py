"""The analysis of a run as tables and a figure: what Run.analyse() returns."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twinohm.model.circuit import Floats
from twinohm.plain_text import plain
from twinohm.runlog.folder import RunFolder
from twinohm.studies.analysed_run import RunCircuit, circuit_of_run
from twinohm.studies.analysis import Alignment, Modes, dimension

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from twinohm.studies.analysis import CircuitTask

LEAST_SINGULAR = 1e-6  # an edge between two driven nodes acts through the resistance of their switches, by less


class Analysis:
    """A run's free network after `tick` ticks, with the examples that it learned then.

    Numbers are those of the modelled circuit: `of` is "true" with the component values that a virtual port knows,
    "fault-free" if its port broke some of them, which the circuit has sound, and "nominal" with those of the parts,
    from which those of a real board differ. Derivatives by taps and conductances are exact at the solution of the
    circuit. Volts are task volts, but for power and conductance.
    """

    def __init__(self, folder: RunFolder, tick: int | None = None) -> None:
        self.folder = folder
        self._found: RunCircuit = circuit_of_run(folder, tick)
        self.of, self.tick = self._found.of, self._found.tick

    @property
    def circuit(self) -> CircuitTask:
        """The circuit and its examples as arrays."""
        return self._found.circuit

    @cached_property
    def _singular_values(self) -> Floats:
        return np.linalg.svd(self.circuit.jacobian, compute_uv=False)

    @property
    def rank(self) -> int:
        """Number of combinations of answers that the taps can move independently, to first order.

        It is that of the singular values above LEAST_SINGULAR of the largest.
        """
        values = self._singular_values
        return int((values > LEAST_SINGULAR * values[0]).sum())

    @property
    def condition(self) -> float | None:
        """The largest singular value of the Jacobian by the smallest of its rank, None if nothing moves an answer."""
        return float(self._singular_values[0] / self._singular_values[self.rank - 1]) if self.rank else None

    @cached_property
    def jacobian(self) -> DataFrame:
        """Derivatives of every answer by every tap, mV/tap: a row for each answer of each example, a column an edge."""
        from pandas import DataFrame

        circuit = self.circuit
        return DataFrame(1e3 * circuit.jacobian, index=circuit.rows, columns=list(circuit.board.edges))

    @cached_property
    def alignment(self) -> Alignment:
        """How the sign rule's step agrees with the gradient."""
        return self.circuit.alignment()

    @cached_property
    def edges(self) -> DataFrame:
        """A row for each edge, with its name as index.

        Columns: there (False if it was pulled), tap, conductance_uS, susceptibility_mV (per relative change of the
        conductance), gradient_mV2 (of the cost, per tap), step (of the sign rule, mean over the examples, -1 to 1),
        power_uW (mean over the examples), end ("low" or "high" where the pot has no further tap).
        """
        from pandas import DataFrame

        circuit = self.circuit
        return DataFrame(
            {
                "there": circuit.network.present > 0,
                "tap": circuit.taps.astype(int),
                "conductance_uS": 1e6 * circuit.edge_S,
                "susceptibility_mV": 1e3 * circuit.susceptibility_V,
                "gradient_mV2": 1e6 * circuit.gradient,
                "step": circuit.steps.mean(axis=0),
                "power_uW": 1e6 * circuit.power_W.mean(axis=0),
                "end": [("", "high", "low")[end] for end in circuit.at_end],
            },
            index=list(circuit.board.edges),
        )

    @cached_property
    def power(self) -> DataFrame:
        """Power of every edge at every example, uW, (examples, edges); diodes are not in it."""
        from pandas import DataFrame

        index = [f"example {k + 1}" for k in range(len(self.circuit.points))]
        return DataFrame(1e6 * self.circuit.power_W, index=index, columns=list(self.circuit.board.edges))

    @cached_property
    def cost_modes(self) -> DataFrame:
        """Spectrum of the cost Hessian by taps: value_mV2 (per tap squared), gauss_newton_mV2, participation in edges.

        The rows are in the order of the exact eigenvalues, those of gauss_newton in an order of their own. Edges that
        are not there are left out.
        """
        from pandas import DataFrame

        there = np.ix_(*2 * [self.circuit.network.present > 0])
        exact, newton = Modes.of(self.circuit.hessian[there]), Modes.of(self.circuit.gauss_newton[there])
        columns = {"value_mV2": 1e6 * exact.values, "gauss_newton_mV2": 1e6 * newton.values}
        return DataFrame(columns | {"participation": exact.participation})

    @cached_property
    def physical_modes(self) -> DataFrame:
        """Spectrum of the physical Hessian of nodes without a driver: value_uS, participation in nodes."""
        from pandas import DataFrame

        modes = Modes.of(self.circuit.physical_hessian)
        return DataFrame({"value_uS": 1e6 * modes.values, "participation": modes.participation})

    @property
    def scores(self) -> dict[str, float | int | str | None]:
        """Single numbers by name.

        rms_error_mV: root of the cost. rank, condition: of the Jacobian, which has `answers` rows. effective_rank: the
        participation ratio of its squared singular values. response_dimension: that of the response to inputs. cosine,
        cosine_of_one_tick, agreeing, chance: of the alignment. at_ends: share of edges at an end. power_uW: of all
        edges, mean over the examples.
        """
        circuit, aligned = self.circuit, self.alignment
        there = circuit.network.present > 0
        return {
            "of": self.of,
            "tick": self.tick,
            "examples": len(circuit.points),
            "learned": self._found.learned,
            "rms_error_mV": 1e3 * circuit.cost_V2**0.5,
            "answers": len(circuit.rows),
            "rank": self.rank,
            "condition": self.condition,
            "effective_rank": dimension(self._singular_values**2),
            "response_dimension": circuit.response_dimension,
            "cosine": aligned.cosine,
            "cosine_of_one_tick": aligned.of_one_tick,
            "agreeing": aligned.agreeing,
            "chance": aligned.chance,
            "at_ends": float((circuit.at_end != 0)[there].mean()),
            "power_uW": 1e6 * float(circuit.power_W.mean(axis=0).sum()),
        }

    @property
    def basis(self) -> str:
        """What the numbers are of, in words."""
        found, circuit = self._found, self.circuit
        parts = {
            "true": "true component values",
            "fault-free": "component values without the faults of the port, which are not in the model",
            "nominal": "nominal parts: those of the board differ",
        }[self.of]
        examples = f"{len(circuit.points)} of {found.learned}" if len(circuit.points) < found.learned else found.learned
        gone = f", without {', '.join(sorted(found.absent))}" if found.absent else ""
        best = ", with the best taps, which were restored" if found.restored else ""
        number = "1 example" if examples == 1 else f"{examples} examples"
        return f"after {self.tick} ticks{best}; {parts}; {number}{gone}"

    def plot(self, out: Path | str | None = None, force: bool = False) -> Figure:
        """Draw susceptibility, power, spectra and steps. Write it to `out` (.png, .pdf or .svg) if that is given.

        force: replace also a file at `out` that TwinOhm did not make. Raises UsageError if the figure cannot be there.
        """
        from twinohm.link.arguments import file_path
        from twinohm.plot.analysis_figure import draw_analysis
        from twinohm.plot.figure_file import write_drawn

        run = self.folder.description()
        draw = partial(draw_analysis, self.circuit, f"{run.task} on {run.board}", self.basis)
        return draw() if out is None else write_drawn(draw, file_path("out", out), force)

    def __repr__(self) -> str:
        return plain(f"<Analysis of {self.folder.path} {self.basis}>")
