"""All checks of one board. A finding names part, pin and net; an empty list means that the netlist is right."""

import numpy as np

from hardware.netcheck import edges, leaded, lines, nodes
from hardware.netcheck.claims import Claims
from hardware.netcheck.directions import Directions
from hardware.netcheck.equations import State
from hardware.netcheck.outputs import check_isolation, check_outputs
from hardware.netcheck.rule import check_rule, expected_directions
from hardware.netcheck.supplies import VOLTS, check_capacitors, check_codes, check_supplies, check_values
from hardware.netcheck.wiring import Wiring
from twinohm.model.board import Board
from twinohm.model.netlist import Netlist


def check(netlist: Netlist, board: Board, states: int = 6, seed: int = 0) -> list[str]:
    """Return the findings: each one sentence.

    First every pin and part has to have a place in the circuit of `board`. Then `states` random states of taps, roles
    and voltages, drawn from `seed`, are compared with the learning rule, up to the first that differs. They are left
    out if a part was not found. With 0 states all that is done only as long as nothing is found.
    """
    findings: list[str] = []
    check_codes(netlist, board, findings)
    drawn = netlist
    if board.through_hole:
        netlist = leaded.translated(netlist, findings)
    claims = Claims(netlist, findings)
    check_values(claims)
    rails = check_supplies(claims, board)
    wiring, directions = claim_signals(claims, board)
    check_capacitors(claims, board)
    claims.finish()
    if states or not findings:
        check_outputs(claims)
        check_isolation(claims, board)
    if states and claims.complete:
        _compare(claims, board, wiring, directions, rails, states, seed)
    return leaded.as_drawn(findings, drawn) if board.through_hole else findings


def claim_signals(claims: Claims, board: Board) -> tuple[Wiring, Directions | None]:
    """Claim all that is not on a supply, from the Pico to the nodes."""
    lines.check_lines(claims, board)
    lines.check_bus(claims, board)
    lines.check_chains(claims, board)
    clock_lines = lines.check_clock(claims, board)
    drivers = nodes.check_dacs(claims, board)
    nodes.check_drivers(claims, board)
    switches = nodes.check_switches(claims, board)
    nodes.claim_wired_nodes(claims, board)
    nodes.check_buffers(claims, board)
    nodes.check_sockets(claims, board)
    adc = nodes.check_adcs(claims, board)
    directions = Directions(claims, board) if board.flip_flops else None
    pots = edges.check_pots(claims, board, clock_lines)
    comparators = edges.check_comparators(claims, board)
    lines.check_edge_pulls(claims, board)
    nodes.check_unused_amplifiers(claims)
    lines.check_test_points(claims, board)
    return Wiring(pots, comparators, drivers, switches, adc), directions


def _compare(
    claims: Claims,
    board: Board,
    wiring: Wiring,
    directions: Directions | None,
    rails: dict[int, str],
    states: int,
    seed: int,
) -> None:
    """Solve the equations of the netlist, and play the flip-flops' lines."""
    before = len(claims.findings)
    if directions:
        directions.check_home()
        directions.check_truth()
    sources = {rails[rail]: VOLTS[rail] for rail in (9, 5, 3, 0)}  # comparators may be at 5 V
    random = np.random.default_rng(seed)
    for turn in range(states):
        state = State(sources=dict(sources))
        solution = check_rule(claims.netlist, board, wiring, state, random, claims.findings, turn)
        if directions and solution and len(claims.findings) == before:
            directions.check_latch(wiring, solution.volts, expected_directions(board, solution))
        if len(claims.findings) > before:
            break
