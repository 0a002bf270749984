"""The time until a node is within 1 LSB of the ADC after a DAC, a switch or a pot has changed, by ngspice.

The report also has the wait that the host gives the board (twinohm.model.settling).
"""

from collections.abc import Sequence

import numpy as np

from hardware.figures.deck import Deck
from hardware.generator.nets import node_net
from hardware.generator.spice import spice_net
from twinohm.model.board import Board
from twinohm.model.networks import NETWORKS
from twinohm.model.settling import SETTLED_V, SLEW_V_PER_US
from twinohm.model.settling import settling_us as wait_us

START_US = 10.0


def settling_us(board: Board, inputs: Sequence[str], tap: int, r_ab: float, change: str, stop_us: int = 3000) -> float:
    """Return the settling time of the slowest node of both networks, in us.

    `change` is what happens: "dac": all inputs go from one end of the range to the other; "switch": the switch of the
    first input, at the other end of the range than all others, closes; "pot": every second edge steps up to `tap`.
    `r_ab` is the end-to-end resistance of all pots in ohm. The simulation ends after `stop_us`.
    """
    low, high = board.range_V
    deck = Deck(board)
    deck.tap(tap)
    deck.drive(inputs)
    deck.dac({node: high if node == inputs[0] else low for node in board.nodes})
    deck.change(r"r_ab=\S+", lambda _: f"r_ab={r_ab:g}")
    first = inputs[0]
    if change == "dac":
        ramp = (high - low) / SLEW_V_PER_US
        wave = f"PWL(0 {low} {START_US}u {low} {START_US + ramp}u {high})"
        deck.change(rf"^(Vdac_(?:{'|'.join(inputs)}) \S+ 0) .*", lambda found: f"{found[1]} {wave}")
    elif change == "switch":
        closing = f"r='time < {START_US}u ? 50g : (time < {START_US + 0.1}u ? 1k : 2.5)'"
        switch = rf"^XU(\S+) ({first}_driver) ({first}_\w+) switch .*"
        deck.change(switch, lambda found: f"Rsw{found[1]} {found[2]} {found[3]} {closing}")
    else:
        deck.elements += stepping_pot(board.pots.chip.segments)
        stepping = "|".join(spice_net(edge) for edge in board.edges[::2])
        deck.change(rf"pot tap=({{tap_(?:{stepping})}})", lambda found: f"stepping_pot tap={found[1]}")
    nets = list(dict.fromkeys(node_net(board, node, network) for node in board.nodes for network in NETWORKS))
    time, volts = deck.transient(nets, "1u", f"{stop_us}u")
    slowest = 0.0
    for net in nets:
        outside = np.flatnonzero(abs(volts[net] - volts[net][-1]) > SETTLED_V)
        if outside.size:
            slowest = max(slowest, float(time[min(outside[-1] + 1, time.size - 1)]) * 1e6 - START_US)
    return slowest


def stepping_pot(segments: int) -> list[str]:
    """Return the subcircuit of a pot as in models.lib that is one tap lower until START_US."""
    below = f"(tap - (time < {START_US}u ? 1 : 0))"
    return [
        ".subckt stepping_pot a w b tap=64 r_ab=100k r_w=40",
        "Rw w x {r_w}",
        f"Rb x b r='{below}*r_ab/{segments} + 1m'",
        f"Ra a x r='({segments} - {below})*r_ab/{segments}'",
        "Ca a 0 45p",
        "Cw w 0 60p",
        "Cb b 0 45p",
        ".ends",
    ]


def report(board: Board) -> list[str]:
    """Return one line for each case: three inputs in the middle of the range of taps, then at the slow corner."""
    pots = board.pots
    middle, slow = (pots.top_tap // 2 + 1, pots.ohm), (pots.top_tap, pots.ohm * (1 + pots.tolerance))
    changes = ("dac", "switch", "pot") if board.switches else ("dac", "pot")
    usual = board.nodes[:3] if board.switches else board.wired_free
    cases = [(usual, corner, change) for corner in (middle, slow) for change in changes]
    if board.switches:  # slowest three, two and one: neighbours, so that all others are far from a driver
        cases += [(tuple(inputs), corner, "dac") for inputs in ("CDF", "CD", "D") for corner in (middle, slow)]
    lines = []
    for inputs, (tap, r_ab), change in cases:
        took = settling_us(board, inputs, tap, r_ab, change)
        where = f"inputs {','.join(inputs)}, tap {tap}, R_AB {r_ab / 1000:.0f}k"
        lines.append(f"{board.name}: {where}, {change}: {took:.0f} us (the board waits {wait_us(board, inputs)} us)")
    return lines
