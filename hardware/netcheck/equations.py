"""Node voltages of a netlist, settled: modified nodal analysis over all its nets."""

from dataclasses import dataclass, field

import numpy as np

from hardware.netcheck import devices
from hardware.netcheck.netlist import Netlist

LEAK_S = 1e-13  # from every net to ground, so that a floating one is at 0 V
JUMPER_OHM = 1e-3


@dataclass
class State:
    """What is set from outside. Pots by reference: tap, end-to-end and wiper resistance. Closed switches are
    (reference, index 0..7); sources are nets held at a voltage."""

    taps: dict[str, int] = field(default_factory=dict)
    pot_ohm: float = 100e3
    wiper_ohm: float = 40.0
    switch_ohm: float = 2.5
    closed: set[tuple[str, int]] = field(default_factory=set)
    sources: dict[str, float] = field(default_factory=dict)


def solve(netlist: Netlist, state: State) -> dict[str, float]:
    """Volts of every net. Two sources on one net are the caller's mistake; amplifiers are ideal."""
    pairs = conductances(netlist, state)
    amplifiers = [
        tuple(netlist.net(chip.ref, pin) for pin in pins)
        for chip in netlist.of("TLV9064")
        for pins in devices.AMPLIFIERS
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
    """(net, net, siemens) of everything that conducts at rest."""
    found = []
    for part in netlist.of(*devices.TWO_ENDS):
        found.append((netlist.net(part.ref, "1"), netlist.net(part.ref, "2"), 1 / devices.ohms(part.value)))
    for part in netlist.of(devices.JUMPER):
        found.append((netlist.net(part.ref, "1"), netlist.net(part.ref, "2"), 1 / JUMPER_OHM))
    for part in netlist.of("AD5220"):
        a, w, b = (netlist.net(part.ref, devices.POT[pin]) for pin in "awb")
        tap = state.taps.get(part.ref, 64)
        inner = f"inside {part.ref}"
        found.append((w, inner, 1 / state.wiper_ohm))
        found.append((inner, b, 1 / max(tap * state.pot_ohm / 128, 1e-3)))
        found.append((inner, a, 1 / ((128 - tap) * state.pot_ohm / 128)))
    for ref, i in sorted(state.closed):
        source, drain = devices.SWITCH_PINS[i]
        found.append((netlist.net(ref, source), netlist.net(ref, drain), 1 / state.switch_ohm))
    return [(a, b, siemens) for a, b, siemens in found if a != b]
