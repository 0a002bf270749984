"""The netlist's equations against the learning rule, in one random state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hardware.netcheck import devices
from hardware.netcheck.equations import State, solve
from hardware.netcheck.netlist import Netlist
from twinohm.model.board import Board
from twinohm.model.circuit import Network

if TYPE_CHECKING:
    from hardware.netcheck.directions import Directions

WITHIN_V = 1e-3
WITHIN_A = 5e-7
NETWORKS = ("free", "clamped")
Floats = NDArray[np.floating]


@dataclass
class Wiring:
    """What the digital lines told: pots by edge, comparator inputs by line and edge, DAC nets, switches, ADC nets."""

    pots: list[list[str]]
    comparators: dict[str, list[tuple[str, str]]]
    drivers: dict[str, str] = field(default_factory=dict)
    switches: dict[int, tuple[str, int]] = field(default_factory=dict)
    adc: dict[str, tuple[str, float]] = field(default_factory=dict)
    directions: "Directions | None" = None


def check_rule(
    netlist: Netlist,
    board: Board,
    wiring: Wiring,
    state: State,
    random: np.random.Generator,
    findings: list[str],
    turn: int,
) -> None:
    """Draw taps, roles and voltages; currents, ADC inputs and comparators must be as boards.toml's own circuit says."""
    taps = random.integers(board.pots.min_tap, 128, board.n_edges)
    volts = random.uniform(*board.range_V, len(board.nodes))
    closed = _roles(board, random, turn)
    for edge, pair in enumerate(wiring.pots):
        state.taps |= {ref: int(taps[edge]) for ref in pair}
    state.pot_ohm, state.wiper_ohm = board.pots.ohm, board.pots.wiper_ohm
    if board.switches:
        state.switch_ohm = board.switches.on_ohm
        for network, numbers in zip(NETWORKS, (board.switches.free, board.switches.clamped), strict=True):
            state.closed |= {wiring.switches[numbers[node]] for node in np.flatnonzero(closed[network])}
    state.sources |= {wiring.drivers[node]: float(volts[i]) for i, node in enumerate(board.nodes)}
    ohm = taps * board.pots.ohm / 128 + board.pots.wiper_ohm + board.pots.series_ohm
    wanted = {network: expected(board, 1 / ohm, closed[network], volts) for network in NETWORKS}
    try:
        got = solve(netlist, state)
    except np.linalg.LinAlgError:
        findings.append("two sources meet: the equations have no solution")
        return
    _currents(netlist, board, wiring, state, (wanted, got, ohm), findings)
    _measured(board, wiring, (wanted, got), findings)
    _headers(netlist, board, (wanted, got), findings)
    _compared(board, wiring, (wanted, got), findings)
    if wiring.directions and not findings:
        wiring.directions.check_latch(wiring, got, _latched(board, wanted))


def _roles(board: Board, random: np.random.Generator, turn: int) -> dict[str, NDArray[np.bool_]]:
    """Nodes that are driven in each network. The first two turns close every switch at least once."""
    if board.switches is None:
        wired = {"free": board.wired_free, "clamped": board.wired_clamped}
        return {network: np.array([node in wired[network] for node in board.nodes]) for network in NETWORKS}
    role = random.choice(3, len(board.nodes), p=(0.35, 0.3, 0.35))  # input, output, hidden
    role[random.integers(len(board.nodes))] = 0
    if turn < 2:
        role[turn::2] = 0
    return {"free": role == 0, "clamped": role < 2}


def expected(board: Board, edge_S: Floats, driven: NDArray[np.bool_], volts: Floats) -> Floats:
    """Node voltages (n_nodes,) of one network by the host's own solver."""
    drive_S = np.where(driven, 1 / board.switches.on_ohm if board.switches else np.inf, 0.0)
    return Network(len(board.nodes), board.edge_nodes).solve(edge_S, drive_S, volts)


def _currents(
    netlist: Netlist,
    board: Board,
    wiring: Wiring,
    state: State,
    solved: tuple[dict[str, Floats], dict[str, float], Floats],
    findings: list[str],
) -> None:
    """The current from a to b through each pot, measured from wiper to B: one of the pair is free, one clamped."""
    wanted, got, ohm = solved
    for edge, (a, b) in enumerate(board.edge_nodes):
        free, clamped = ((wanted[network][a] - wanted[network][b]) / ohm[edge] for network in NETWORKS)
        through = []
        for ref in wiring.pots[edge]:
            drop = got[netlist.net(ref, devices.POT["w"])] - got[netlist.net(ref, devices.POT["b"])]
            through.append(drop / (state.taps[ref] * state.pot_ohm / 128 + state.wiper_ohm))
        if not (close(through, (free, clamped)) or close(through, (clamped, free))):
            shown = ", ".join(f"{amps * 1e6:.1f}" for amps in (*through, free, clamped))
            pots = " and ".join(wiring.pots[edge])
            findings.append(f"edge {board.edges[edge]}: currents in {pots}, then free and clamped wanted: {shown} uA")


def close(got: Sequence[float], wanted: Sequence[float]) -> bool:
    return all(abs(x - y) < WITHIN_A for x, y in zip(got, wanted, strict=True))


def _measured(
    board: Board, wiring: Wiring, solved: tuple[dict[str, Floats], dict[str, float]], findings: list[str]
) -> None:
    wanted, got = solved
    for channel, (net, scale) in wiring.adc.items():
        node, network = channel.split(".")
        right = wanted[network][board.node_index(node)]
        value = got.get(net, float("nan")) * scale
        if not abs(value - right) < WITHIN_V:
            findings.append(f"ADC channel {channel} on {net} sees {value:.4f} V, the node has {right:.4f} V")


def _headers(
    netlist: Netlist, board: Board, solved: tuple[dict[str, Floats], dict[str, float]], findings: list[str]
) -> None:
    """Pins for a meter: nodes in order, then ground. Where both networks share a driver, a node is there once."""
    wanted, got = solved
    shared = {(node, "free") for node in board.wired_free}
    places = {
        "nodes free": [(node, "free") for node in board.nodes],
        "nodes clamped": [(node, "clamped") for node in board.nodes],
        "nodes": [(node, network) for node in board.nodes for network in NETWORKS if (node, network) not in shared],
    }
    for header in netlist.of("Header5", "Header10"):
        rights = [wanted[network][board.node_index(node)] for node, network in places[header.value]]
        for pin, right in enumerate([*rights, 0.0], 1):
            net = netlist.net(header.ref, str(pin))
            if not abs(got.get(net, float("nan")) - right) < WITHIN_V:
                findings.append(f"{header.ref} pin {pin} is on {net}, should have {right:.4f} V")


def _latched(board: Board, wanted: dict[str, Floats]) -> list[bool | None]:
    """XNOR of CMP and SGN of every edge, None where one of them is within WITHIN_V of a tie."""
    free, clamped = wanted["free"], wanted["clamped"]
    found: list[bool | None] = []
    for a, b in board.edge_nodes:
        cmp = (clamped[a] + free[b]) / 2 - (free[a] + clamped[b]) / 2
        sgn = free[a] - free[b]
        found.append(None if min(abs(cmp), abs(sgn)) < WITHIN_V else bool((cmp > 0) == (sgn > 0)))
    return found


def _compared(
    board: Board, wiring: Wiring, solved: tuple[dict[str, Floats], dict[str, float]], findings: list[str]
) -> None:
    """Equation 6, as voltages between a comparator's inputs and as the direction that they give."""
    wanted, got = solved
    free, clamped = wanted["free"], wanted["clamped"]
    for edge, (a, b) in enumerate(board.edge_nodes):
        margins = {
            "cmp": (clamped[a] + free[b]) / 2 - (free[a] + clamped[b]) / 2,
            "sgn": free[a] - free[b],
        }
        for name, right in margins.items():
            plus, minus = wiring.comparators[name][edge]
            value = got.get(plus, float("nan")) - got.get(minus, float("nan"))
            if not abs(value - right) < WITHIN_V:
                text = f"edge {board.edges[edge]} {name.upper()}: {value:.4f} V between {plus} and {minus}"
                findings.append(f"{text}, should be {right:.4f} V")
        drops = abs(clamped[a] - clamped[b]), abs(free[a] - free[b])
        same_sign = (clamped[a] - clamped[b]) * (free[a] - free[b]) > 0
        if same_sign and abs(drops[0] - drops[1]) > 4 * WITHIN_V and min(drops) > 4 * WITHIN_V:
            inputs = (wiring.comparators[name][edge] for name in ("cmp", "sgn"))
            values = [got.get(plus, 0.0) > got.get(minus, 0.0) for plus, minus in inputs]
            if (values[0] == values[1]) != (drops[0] > drops[1]):
                findings.append(f"edge {board.edges[edge]} would move the wrong way: XNOR(CMP, SGN) against {drops} V")
