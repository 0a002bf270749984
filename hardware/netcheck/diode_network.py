"""Volts of a network of resistors, diodes and supplies, at rest: Newton's method on the node equations."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
THERMAL_V = 0.02585


class Diode(NamedTuple):
    """Saturation current in A and emission coefficient. No resistance: currents here are below 0.3 A."""

    saturation_A: float
    emission: float


class Network:
    """Conductances, diodes and held nets, solved by Newton's method with limited steps."""

    def __init__(self, ground: str) -> None:
        self.index: dict[str, int] = {ground: 0}
        self.conductances: list[tuple[int, int, float]] = []
        self.diodes: list[tuple[int, int, Diode]] = []
        self.sources: list[tuple[int, float, float]] = []  # net, volts, S: each can only give

    def at(self, net: str) -> int:
        return self.index.setdefault(net, len(self.index))

    def resistor(self, first: str, second: str, ohm: float) -> None:
        self.conductances.append((self.at(first), self.at(second), 1 / ohm))

    def diode(self, anode: str, cathode: str, kind: Diode) -> int:
        self.diodes.append((self.at(anode), self.at(cathode), kind))
        return len(self.diodes) - 1

    def source(self, net: str, volts: float, ohm: float) -> int:
        """Hold a net from below: a supply gives current and takes none."""
        self.sources.append((self.at(net), volts, 1 / ohm))
        return len(self.sources) - 1

    def solve(self, start: Mapping[str, float]) -> tuple[Floats, Floats, Floats]:
        """Return the volts of all nets, and the A through all diodes and of all sources.

        `start` has volts to begin with, by net. A source that would take current is off.
        """
        on = np.ones(len(self.sources), dtype=bool)
        while True:
            volts, amps = self._newton(start, on)
            given = np.array([(held - volts[i]) * siemens for i, held, siemens in self.sources])
            if not (on & (given < 0)).any():
                return volts, amps, np.where(on, given, 0.0)
            on &= given >= 0
            start = dict(zip(self.index, volts, strict=True))

    def _newton(self, start: Mapping[str, float], on: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        size = len(self.index)
        base, right = np.eye(size) * 1e-10, np.zeros(size)
        for i, j, siemens in self.conductances:
            base[i, i] += siemens
            base[j, j] += siemens
            base[i, j] -= siemens
            base[j, i] -= siemens
        for (i, held, siemens), is_on in zip(self.sources, on, strict=True):
            base[i, i] += siemens * is_on
            right[i] += siemens * held * is_on
        anodes, cathodes = (np.array([diode[k] for diode in self.diodes]) for k in (0, 1))
        saturation = np.array([diode[2].saturation_A for diode in self.diodes])
        scale = np.array([diode[2].emission * THERMAL_V for diode in self.diodes])
        critical = scale * np.log(scale / (np.sqrt(2) * saturation))
        volts = np.array([start.get(net, 0.0) for net in self.index])
        across = np.minimum(volts[anodes] - volts[cathodes], critical)
        for _ in range(400):
            exponential = np.exp(np.minimum(across / scale, 80.0))
            siemens = saturation * exponential / scale + 1e-12
            amps = saturation * (exponential - 1) - siemens * across
            matrix, current = base.copy(), right.copy()
            for rows, columns, sign in (
                (anodes, anodes, 1),
                (cathodes, cathodes, 1),
                (anodes, cathodes, -1),
                (cathodes, anodes, -1),
            ):
                np.add.at(matrix, (rows, columns), sign * siemens)
            np.add.at(current, anodes, -amps)
            np.add.at(current, cathodes, amps)
            matrix[0, :], matrix[:, 0], matrix[0, 0], current[0] = 0, 0, 1, 0
            new = np.linalg.solve(matrix, current)
            wanted = new[anodes] - new[cathodes]
            limited = self._limit(wanted, across, scale, critical)
            done = np.abs(new - volts).max() < 1e-7 and np.abs(limited - wanted).max() < 1e-7
            volts, across = new, limited
            if done:
                return volts, saturation * (np.exp(np.minimum(across / scale, 80.0)) - 1)
        raise RuntimeError("the supplies of the netlist have no solution within 400 steps")

    @staticmethod
    def _limit(new: Floats, old: Floats, scale: Floats, critical: Floats) -> Floats:
        """Return diode voltages that do not run away: SPICE's rule for junctions."""
        step = (new > critical) & (np.abs(new - old) > 2 * scale)
        grown = old + scale * np.log1p(np.maximum((new - old) / scale, -0.999))
        first = scale * np.log(np.maximum(new, 1e-12) / scale)
        return np.where(step, np.where(old > 0, grown, first), new)
