"""Voltages of all nets of a netlist, settled: modified nodal analysis."""

from dataclasses import dataclass, field

import numpy as np

from hardware.netcheck import pinouts
from hardware.netcheck.values import number
from twinohm.model.netlist import Netlist

LEAK_S = 1e-13  # from every net to ground, so that a floating one is at 0 V
JUMPER_OHM = 1e-3
END_OHM = 1e-3  # of a pot's segments at tap 0, so that the matrix stays regular


@dataclass
class State:
    """What the host sets, and the values of the parts.

    `taps` by reference of the pot; `pot_ohm` from end to end in `pot_segments` equal steps; `closed` switches are
    (reference, index 0..7); `sources` are the volts of the nets that a source holds.
    """

    taps: dict[str, int] = field(default_factory=dict)
    pot_ohm: float = 100e3
    pot_segments: int = 128
    wiper_ohm: float = 40.0
    switch_ohm: float = 2.5
    closed: set[tuple[str, int]] = field(default_factory=set)
    sources: dict[str, float] = field(default_factory=dict)

    def below_wiper_ohm(self, ref: str) -> float:
        """Return the ohms between terminal B of a pot and its wiper switch. Pots without a tap are in the middle."""
        return self.taps.get(ref, self.pot_segments // 2) * self.pot_ohm / self.pot_segments


def solve(netlist: Netlist, state: State) -> dict[str, float]:
    """Return the volts of every net that conducts. Amplifiers are ideal.

    Raises numpy.linalg.LinAlgError if two sources are on one net.
    """
    pairs = conductances(netlist, state)
    amplifiers = [
        tuple(netlist.net(chip.ref, pin) for pin in pins)
        for chip in netlist.parts("TLV9064")
        for pins in pinouts.AMPLIFIERS
    ]
    nets = list(dict.fromkeys([*state.sources, *(net for a, b, _ in pairs for net in (a, b)), *sum(amplifiers, ())]))
    index = {net: i for i, net in enumerate(nets)}
    size = len(nets) + len(state.sources) + len(amplifiers)
    matrix, right = np.zeros((size, size)), np.zeros(size)
    matrix[range(len(nets)), range(len(nets))] = LEAK_S
    for a, b, siemens in pairs:
        i, j = index[a], index[b]
        matrix[i, i] += siemens
        matrix[j, j] += siemens
        matrix[i, j] -= siemens
        matrix[j, i] -= siemens
    extra = len(nets)
    for net, volts in state.sources.items():
        matrix[extra, index[net]] = matrix[index[net], extra] = 1
        right[extra] = volts
        extra += 1
    for plus, minus, out in amplifiers:
        matrix[extra, index[plus]] += 1
        matrix[extra, index[minus]] -= 1
        matrix[index[out], extra] += 1
        extra += 1
    solution = np.linalg.solve(matrix, right)
    return {net: float(solution[i]) for net, i in index.items()}


def conductances(netlist: Netlist, state: State) -> list[tuple[str, str, float]]:
    """Return (net, net, siemens) of everything that conducts at rest."""
    found = []
    for part in netlist.parts(*pinouts.TWO_ENDS):
        found.append((netlist.net(part.ref, "1"), netlist.net(part.ref, "2"), 1 / number(part.value)))
    for part in netlist.parts(pinouts.JUMPER):
        found.append((netlist.net(part.ref, "1"), netlist.net(part.ref, "2"), 1 / JUMPER_OHM))
    for part in pinouts.pots(netlist):
        a, w, b = (netlist.net(part.ref, pinouts.POT[pin]) for pin in "awb")
        inner, below = f"inside {part.ref}", state.below_wiper_ohm(part.ref)
        found.append((w, inner, 1 / state.wiper_ohm))
        found.append((inner, b, 1 / max(below, END_OHM)))
        found.append((inner, a, 1 / max(state.pot_ohm - below, END_OHM)))
    for ref, i in sorted(state.closed):
        source, drain = pinouts.SWITCH_PINS[i]
        found.append((netlist.net(ref, source), netlist.net(ref, drain), 1 / state.switch_ohm))
    return [(a, b, siemens) for a, b, siemens in found if a != b]
