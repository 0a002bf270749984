"""Compare the equations of a netlist with the learning rule, in one random state of the board."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.netcheck import pinouts
from hardware.netcheck.equations import State, solve
from hardware.netcheck.wiring import Comparator, Wiring
from twinohm.model.board import Board
from twinohm.model.circuit import Network
from twinohm.model.netlist import Netlist
from twinohm.model.networks import NETWORKS, parse_channel

WITHIN_V = 1e-3  # half of an LSB of the coarser ADC (5.13 V in 4096 counts) is 0.6 mV
WITHIN_A = 5e-7
HEADERS = ("Header5", "Socket10")  # pins for a meter
Floats = NDArray[np.floating]


class Solution(NamedTuple):
    """One state: node voltages that the rule expects (n_nodes,) by network, and the netlist's volts by net."""

    expected: dict[str, Floats]
    volts: dict[str, float]


def check_rule(
    netlist: Netlist,
    board: Board,
    wiring: Wiring,
    state: State,
    random: np.random.Generator,
    findings: list[str],
    turn: int,
) -> Solution | None:
    """Draw taps, roles and voltages; compare currents, ADC inputs, headers and comparators with boards.toml's circuit.

    `state` has the supplies and takes what is drawn. `turn` counts the states of one check from 0. Return None if the
    equations of the netlist have no solution.
    """
    taps = random.integers(board.pots.min_tap, board.pots.top_tap + 1, board.n_edges)
    volts = random.uniform(*board.range_V, len(board.nodes))
    driven = _draw_driven(board, random, turn)
    for edge, pair in enumerate(wiring.pots):
        state.taps |= {ref: int(taps[edge]) for ref in pair}
    state.pot_ohm, state.wiper_ohm, state.pot_segments = board.pots.ohm, board.pots.wiper_ohm, board.pots.chip.segments
    if board.switches:
        state.switch_ohm = board.switches.on_ohm
        for network, numbers in zip(NETWORKS, (board.switches.free, board.switches.clamped), strict=True):
            state.closed |= {wiring.switches[numbers[node]] for node in np.flatnonzero(driven[network])}
    state.sources |= {wiring.drivers[node]: float(volts[i]) for i, node in enumerate(board.nodes)}
    edge_ohm = board.pots.edge_ohm(taps.astype(float))
    expected = {network: expected_volts(board, 1 / edge_ohm, driven[network], volts) for network in NETWORKS}
    try:
        solution = Solution(expected, solve(netlist, state))
    except np.linalg.LinAlgError:
        findings.append("two sources are on one net: the equations have no solution")
        return None
    _check_currents(netlist, board, wiring, state, solution, edge_ohm, findings)
    _check_adc(board, wiring, solution, findings)
    _check_headers(netlist, board, solution, findings)
    _check_comparators(board, wiring, solution, findings)
    return solution


def _draw_driven(board: Board, random: np.random.Generator, turn: int) -> dict[str, NDArray[np.bool_]]:
    """Return the driven nodes (n_nodes,) of each network. The first two turns close every switch at least once."""
    if board.switches is None:
        wired = {"free": board.wired_free, "clamped": board.wired_clamped}
        return {network: np.array([node in wired[network] for node in board.nodes]) for network in NETWORKS}
    role = random.choice(3, len(board.nodes), p=(0.35, 0.3, 0.35))  # input, output, hidden
    role[random.integers(len(board.nodes))] = 0
    if turn < 2:
        role[turn::2] = 0
    return {"free": role == 0, "clamped": role < 2}


def expected_volts(board: Board, edge_S: Floats, driven: NDArray[np.bool_], volts: Floats) -> Floats:
    """Return the node voltages (n_nodes,) of one network as the host's own solver has them.

    `edge_S` (n_edges,) in siemens; `driven` and the drivers' `volts` (n_nodes,).
    """
    drive_S = np.where(driven, 1 / board.switches.on_ohm if board.switches else np.inf, 0.0)
    return Network(len(board.nodes), board.edge_nodes).solve(edge_S, drive_S, volts)


def expected_directions(board: Board, solution: Solution) -> list[bool | None]:
    """Return U/D of every edge: XNOR of CMP and SGN, or None where one of them is within WITHIN_V of a tie."""
    found: list[bool | None] = []
    for ends in board.edge_nodes:
        cmp, sgn = _margins(solution.expected, ends).values()
        found.append(None if min(abs(cmp), abs(sgn)) < WITHIN_V else bool((cmp > 0) == (sgn > 0)))
    return found


def _margins(expected: Mapping[str, Floats], ends: tuple[int, int]) -> dict[str, float]:
    """Return the volts between the inputs of CMP and of SGN of an edge: equations 5 and 6 of the paper."""
    a, b = ends
    free, clamped = expected["free"], expected["clamped"]
    return {"cmp": float((clamped[a] + free[b]) / 2 - (free[a] + clamped[b]) / 2), "sgn": float(free[a] - free[b])}


def _check_currents(
    netlist: Netlist,
    board: Board,
    wiring: Wiring,
    state: State,
    solution: Solution,
    edge_ohm: Floats,
    findings: list[str],
) -> None:
    """The current from wiper to B of both pots of every edge. One pot is in the free network, one in the clamped."""
    for edge, (a, b) in enumerate(board.edge_nodes):
        wanted = [
            ((solution.expected[network][a] - solution.expected[network][b]) / edge_ohm[edge], network)
            for network in NETWORKS
        ]
        through = []
        for ref in wiring.pots[edge]:
            wiper, end = (netlist.net(ref, pinouts.POT[pin]) for pin in "wb")
            drop = solution.volts[wiper] - solution.volts[end]
            through.append(drop / (state.below_wiper_ohm(ref) + state.wiper_ohm))
        pairings = [list(zip(through, order, strict=True)) for order in (wanted, wanted[::-1])]
        best = min(pairings, key=lambda pairing: sum(abs(amps - right) >= WITHIN_A for amps, (right, _) in pairing))
        for ref, (amps, (right, network)) in zip(wiring.pots[edge], best, strict=True):
            if not abs(amps - right) < WITHIN_A:
                pot = f"{ref} ({netlist.components[ref].part})"
                text = f"{pot} pins {pinouts.POT['w']} to {pinouts.POT['b']}, edge {board.edges[edge]}"
                findings.append(f"{text}: {amps * 1e6:.1f} uA, should be {right * 1e6:.1f} uA ({network})")


def _check_adc(board: Board, wiring: Wiring, solution: Solution, findings: list[str]) -> None:
    """What every ADC channel reads is the voltage of its node."""
    for channel, (name, net, scale) in wiring.adc.items():
        node, network = parse_channel(channel)
        right = solution.expected[NETWORKS[network]][board.node_index(node)]
        value = solution.volts.get(net, float("nan")) * scale
        if not abs(value - right) < WITHIN_V:
            findings.append(f"{name}, ADC channel {channel}, on {net}: {value:.4f} V, should be {right:.4f} V")


def _check_headers(netlist: Netlist, board: Board, solution: Solution, findings: list[str]) -> None:
    """Headers for a meter: nodes in order, then ground. A node with one driver for both networks is there once."""
    shared = {(node, "free") for node in board.wired_free}
    places = {
        "nodes free": [(node, "free") for node in board.nodes],
        "nodes clamped": [(node, "clamped") for node in board.nodes],
        "nodes": [(node, network) for node in board.nodes for network in NETWORKS if (node, network) not in shared],
    }
    for header in netlist.parts(*HEADERS):
        rights = [
            (f"{node}.{network}", float(solution.expected[network][board.node_index(node)]))
            for node, network in places[header.value]
        ]
        for pin, (what, right) in enumerate([*rights, ("ground", 0.0)], 1):
            net = netlist.net(header.ref, str(pin))
            value = solution.volts.get(net, float("nan"))
            if not abs(value - right) < WITHIN_V:
                where = f"{header.ref} ({header.part}) pin {pin}, {what}, on {net}"
                findings.append(f"{where}: {value:.4f} V, should be {right:.4f} V")


def _check_comparators(board: Board, wiring: Wiring, solution: Solution, findings: list[str]) -> None:
    """Equations 5 and 6: the voltages between the inputs of both comparators, and the direction that they give."""
    volts = solution.volts
    for edge, (a, b) in enumerate(board.edge_nodes):
        comparators = {line: wiring.comparators[line][edge] for line in ("cmp", "sgn")}
        for line, right in _margins(solution.expected, (a, b)).items():
            name, plus, minus = comparators[line]
            value = volts.get(plus, float("nan")) - volts.get(minus, float("nan"))
            if not abs(value - right) < WITHIN_V:
                text = f"{name}, {line.upper()} of edge {board.edges[edge]}: {value:.4f} V from {minus} to {plus}"
                findings.append(f"{text}, should be {right:.4f} V")
        clamped, free = (
            float(solution.expected[network][a] - solution.expected[network][b]) for network in NETWORKS[::-1]
        )
        least = min(abs(clamped), abs(free), abs(abs(clamped) - abs(free)))
        if clamped * free > 0 and least > 4 * WITHIN_V:
            cmp, sgn = (_is_high(comparators[line], volts) for line in ("cmp", "sgn"))
            if (cmp == sgn) != (abs(clamped) > abs(free)):
                names = " and ".join(comparator.name for comparator in comparators.values())
                drops = f"of {abs(clamped):.4f} V clamped and {abs(free):.4f} V free"
                findings.append(f"{names} would move edge {board.edges[edge]} the wrong way: drops {drops}")


def _is_high(comparator: Comparator, volts: Mapping[str, float]) -> bool:
    return volts.get(comparator.plus, 0.0) > volts.get(comparator.minus, 0.0)
