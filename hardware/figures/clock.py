"""Clock edges at the far pot: a lossless line as long as the net's copper, with its pots evenly along it.

The copper branches, so no pot is really that far. What is not known exactly is taken from both ends: resistance of the
driver's output, capacitance of an input, thickness of the dielectric under the track.
"""

import itertools
import math
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.generator.build import build
from hardware.generator.circuit import Circuit
from hardware.layout.classes import SIGNAL
from hardware.layout.copper import read
from hardware.layout.rules import clocks
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.pot_parts import POT_PARTS

HARDWARE = Path(__file__).parents[1]
RISE_S = 2e-9  # of the driver without a load; a slower one rings less
DIELECTRIC_MM = {2: (1.4, 1.6), 4: (0.1, 0.25)}  # under the track, by copper layers
PERMITTIVITY = 4.4  # FR-4
C_MM_S = 2.998e11
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Line:
    """Who drives the clock, and what the pots take for high and low. Pairs are both ends of what is not known."""

    supply_V: float
    driver_ohm: tuple[float, float]
    high_V: float
    low_V: float
    input_F: tuple[float, float]  # of one pot and its stub


# MC74VHC1GT125: 4.5 V less 3.94 V at 8 mA is 70 ohm at most, 10 ohm is a strong one; AD5220 Rev. 0, VIH and VIL at 5 V,
# whose input capacitance is assumed.
BUFFERED = Line(5.0, (10.0, 70.0), 2.4, 0.8, (3e-12, 10e-12))
# A GPIO of the Pico, assumed, beside 1 kohm; X9C104 FN8222 Rev. 3.00: VIH, VIL, CIN 10 pF.
DIRECT = Line(3.3, (10.0, 100.0), 2.0, 0.8, (5e-12, 12e-12))


@dataclass(frozen=True)
class Edge:
    """The worst of all corners at any pot: time between both thresholds, how far it turns back there, extreme volts.

    A pot near the driver sees a step before the far end's echo has come. Where an edge turns back between the
    thresholds, a pot could count twice.
    """

    slowest_s: float
    reversal_V: float
    highest_V: float
    lowest_V: float


def line_of(width_mm: float, height_mm: float) -> tuple[float, float]:
    """Return impedance in ohm and delay in s/mm of a microstrip (Hammerstad 1975, the track taken as thin)."""
    ratio = width_mm / height_mm
    effective = (PERMITTIVITY + 1) / 2 + (PERMITTIVITY - 1) / 2 / math.sqrt(1 + 12 / ratio)
    if ratio < 1:
        effective += (PERMITTIVITY - 1) / 2 * 0.04 * (1 - ratio) ** 2
        ohm = 60 / math.sqrt(effective) * math.log(8 / ratio + ratio / 4)
    else:
        ohm = 120 * math.pi / (math.sqrt(effective) * (ratio + 1.393 + 0.667 * math.log(ratio + 1.444)))
    return ohm, math.sqrt(effective) / C_MM_S


def simulate(
    length_mm: float,
    loads: int,
    source_ohm: float,
    driver_ohm: float,
    input_F: float,
    height_mm: float,
    rises: bool,
    supply_V: float = BUFFERED.supply_V,
) -> tuple[Floats, Floats]:
    """Return times (n,) in s and volts (n, loads) at the pots, from the beginning of an edge on."""
    ohm, delay = line_of(SIGNAL[0], height_mm)
    start, end = (0.0, supply_V) if rises else (supply_V, 0.0)
    charged_s = 5 * (source_ohm + driver_ohm) * (loads * input_F + length_mm * delay / ohm)
    lines = ["* clock", f"V1 drive 0 PWL(0 {start} 5n {start} {5e-9 + RISE_S:g} {end})"]
    lines += [f"R1 drive out {driver_ohm}", f"R2 out n0 {source_ohm}"]
    for k in range(loads):
        lines.append(f"T{k} n{k} 0 n{k + 1} 0 Z0={ohm:g} TD={length_mm / loads * delay:g}")
        lines.append(f"C{k} n{k + 1} 0 {input_F:g}")
    pots = " ".join(f"v(n{k + 1})" for k in range(loads))
    lines += [
        ".control",
        "set wr_singlescale",
        "set numdgt=8",
        f"tran 20p {max(150e-9, charged_s):g}",
        f"wrdata out.txt {pots}",
    ]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "deck.cir").write_text("\n".join([*lines, ".endc", ".end", ""]), encoding="utf-8")
        done = subprocess.run(["ngspice", "-b", "deck.cir"], cwd=folder, capture_output=True, text=True, timeout=300)
        if not Path(folder, "out.txt").exists():
            raise RuntimeError(f"ngspice: {done.stdout[-500:]}{done.stderr[-1500:]}")
        table = np.loadtxt(Path(folder, "out.txt"), skiprows=1)
    return table[:, 0], table[:, 1:]


def read_edge(time: Floats, volts: Floats, line: Line = BUFFERED) -> tuple[float, float]:
    """Return the time in s between both thresholds, and the most volts by which the edge turns back between them.

    The time is infinite of an edge that does not come through.
    """
    rises, low_V, high_V = volts[-1] > volts[0], line.low_V, line.high_V
    between = np.clip(volts, low_V, high_V)
    climbed = between if rises else -between
    reversal = float((np.maximum.accumulate(climbed) - climbed).max())
    inside = np.flatnonzero((volts > low_V) & (volts < high_V))
    through = (volts[0] - low_V) * (volts[-1] - low_V) < 0 < (volts[-1] - high_V) * (high_V - volts[0])
    if not through:
        return math.inf, reversal
    return (float(time[inside[-1]] - time[inside[0]]) if len(inside) else 0.0), reversal


def worst_edge(length_mm: float, loads: int, source_ohm: float, layers: int, line: Line = BUFFERED) -> Edge:
    """Return the worst edge of all corners, rising and falling."""
    slowest, reversal, highest, lowest = 0.0, 0.0, -math.inf, math.inf
    corners = itertools.product(line.driver_ohm, line.input_F, DIELECTRIC_MM[layers], (True, False))
    for driver_ohm, input_F, height_mm, rises in corners:
        time, volts = simulate(length_mm, loads, source_ohm, driver_ohm, input_F, height_mm, rises, line.supply_V)
        for pot in volts.T:
            took, back = read_edge(time, pot, line)
            slowest, reversal = max(slowest, took), max(reversal, back)
        highest, lowest = max(highest, float(volts.max())), min(lowest, float(volts.min()))
    return Edge(slowest, reversal, highest, lowest)


def pots_on(circuit: Circuit, net: str) -> int:
    """Return how many pots have their CLK on a net."""
    return sum(
        part.kind.name in POT_PARTS
        and any(pin.name == "CLK" and part.nets.get(pin.number) == net for pin in part.kind.pins)
        for part in circuit.parts
    )


def report(board: Board) -> list[str]:
    """Return one line for each clock of the pots. Raises UsageError without ngspice, or without a board's copper."""
    if shutil.which("ngspice") is None:
        raise UsageError("no ngspice on PATH; on Debian: apt install ngspice")
    file = HARDWARE / board.name / f"{board.name}.kicad_pcb"
    if not file.exists():
        raise UsageError(f"{board.name} has no {file.name}, so the length of its clocks is not known")
    circuit, copper = build(board), read(file)
    layers = 4 if copper.planes else 2
    lines = []
    for clock in clocks(copper, circuit):
        if not (loads := pots_on(circuit, clock.net)):
            continue
        ohm = next(float(part.value.replace("k", "e3")) for part in circuit.parts if part.ref == clock.resistor)
        line = DIRECT if board.through_hole else BUFFERED
        edge = worst_edge(clock.length, loads, ohm, layers, line)
        lines.append(
            f"{board.name} {clock.net}: {clock.length:.0f} mm, {loads} pots, {ohm:g} ohm: turns back by "
            f"{1000 * edge.reversal_V:.0f} mV between {line.low_V} and {line.high_V} V, passes them in "
            f"{1e9 * edge.slowest_s:.0f} ns, {edge.lowest_V:+.2f} to {edge.highest_V:.2f} V"
        )
    return lines
