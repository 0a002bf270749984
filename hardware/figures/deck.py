"""A generated SPICE deck whose parts can be changed, run by ngspice."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.generator.build import build
from hardware.generator.spice import body, parameters, spice_net
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.networks import NETWORKS

HARDWARE = Path(__file__).parents[1]
OPTIONS = ".options gmin=1e-15 reltol=1e-5 vntol=1e-6 method=gear"
Floats = NDArray[np.floating]


class Deck:
    """The deck of a board: `elements` are the lines of its analogue part, `values` its parameters; both may be changed.

    Raises UsageError where ngspice is not installed.
    """

    def __init__(self, board: Board) -> None:
        if shutil.which("ngspice") is None:
            raise UsageError("no ngspice on PATH; on Debian: apt install ngspice")
        self.board, self.circuit = board, build(board)
        self.values = parameters(board)
        self.elements = body(board, self.circuit).splitlines()[2:]

    def tap(self, tap: int | Iterable[int]) -> None:
        """Set the tap of all edges, or of each."""
        taps = [tap] * self.board.n_edges if isinstance(tap, int) else list(tap)
        self.values |= {f"tap_{spice_net(edge)}": taps[i] for i, edge in enumerate(self.board.edges)}

    def dac(self, volts: Mapping[str, float]) -> None:
        """Set the DAC output of these nodes, in physical volts."""
        self.values |= {f"dac_{node}": volt for node, volt in volts.items()}

    def drive(self, inputs: Iterable[str], outputs: Iterable[str] = ()) -> None:
        """Close the switches of these roles and open all others."""
        inputs = set(inputs)
        driven = {"free": inputs, "clamped": inputs | set(outputs)}
        if self.board.switches:
            for network in NETWORKS:
                self.values |= {f"closed_{node}_{network}": node in driven[network] for node in self.board.nodes}

    def change(self, pattern: str, new: Callable[[re.Match[str]], str]) -> None:
        """Replace the regular expression `pattern` in all elements. Raises ValueError if none matches."""
        changed = [re.subn(pattern, new, line) for line in self.elements]
        if not any(count for _, count in changed):
            raise ValueError(f"no element of {self.board.name} has {pattern!r}")
        self.elements = [line for line, _ in changed]

    def run(self, control: Iterable[str]) -> str:
        """Run these control lines and return the output of ngspice. Raises RuntimeError with its words if it fails."""
        lines = [f"* {self.board.name}", *(f".param {name}={float(value):.10g}" for name, value in self.values.items())]
        lines += [f".include {HARDWARE / 'models.lib'}", *self.elements, OPTIONS, ".control", *control, ".endc", ".end"]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "deck.cir").write_text("\n".join(lines) + "\n", encoding="utf-8")
            command = ["ngspice", "-b", "deck.cir"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        if "Error" in done.stderr or "aborted" in done.stdout + done.stderr:
            raise RuntimeError(f"ngspice: {done.stdout[-500:]}{done.stderr[-1500:]}")
        return done.stdout

    def operating_point(self, nets: Iterable[str]) -> dict[str, float]:
        """Return the settled volts of these nets (names of the circuit)."""
        names = {spice_net(net).lower(): net for net in nets}
        text = self.run(["op", *(f"print v({name})" for name in names)])
        found = dict(re.findall(r"^v\((\S+)\) = (\S+)$", text, re.M))
        return {net: float(found[name]) for name, net in names.items()}

    def transient(self, nets: Iterable[str], step: str, stop: str) -> tuple[Floats, dict[str, Floats]]:
        """Return times in s, and the volts of each net then. `step` and `stop` are SPICE times such as "1u"."""
        names = [spice_net(net).lower() for net in nets]
        lines = ["set wr_singlescale", "set numdgt=10", f"tran {step} {stop}"]
        text = self.run([*lines, f"wrdata out.txt {' '.join(f'v({name})' for name in names)}", "shell cat out.txt"])
        rows = [line.split() for line in text.splitlines() if re.match(r"^\s*-?\d\.\d+e[+-]\d+\s", line)]
        table = np.array([row for row in rows if len(row) == len(names) + 1], dtype=float)
        return table[:, 0], {net: table[:, i + 1] for i, net in enumerate(nets)}


def crossed(time: Floats, volts: Floats, level: float) -> float:
    """Return the time in s at which volts crosses level for the last time."""
    at = np.flatnonzero(np.diff(np.sign(volts - level)))[-1]
    part = (level - volts[at]) / (volts[at + 1] - volts[at])
    return float(time[at] + part * (time[at + 1] - time[at]))
