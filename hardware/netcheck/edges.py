"""Edges: two pots behind resistor and jumper, and two comparators on the halves of equation 6."""

from dataclasses import replace

from hardware.netcheck import pinouts
from hardware.netcheck.claims import Claims
from hardware.netcheck.lines import POTS_A_LINE
from hardware.netcheck.nodes import node, sense
from hardware.netcheck.values import AVERAGER, JUMPER, SERIES
from hardware.netcheck.wiring import Comparator
from twinohm.model.board import Board
from twinohm.model.networks import NETWORKS


def check_pots(claims: Claims, board: Board, clock_lines: list[str]) -> list[list[str]]:
    """Claim the pots and return the references of the two of every edge: those on its U/D and its /CS."""
    netlist = claims.netlist
    all_pots = pinouts.pots(netlist)
    names = {part.part for part in all_pots}
    found: list[list[str]] = []
    for edge in board.edges:
        up, select = f"U/D of edge {edge}", f"/CS of edge {edge}"
        pair = [
            ref
            for part in names
            for ref, _ in claims.on(up, part, [pinouts.POT["updown"]])
            if netlist.net(ref, pinouts.POT["cs"]) == claims.net(select)
        ]
        if len(pair) != 2:
            claims.complete = False
            named = f" ({', '.join(pair)})" if pair else ""
            where = f"its U/D {claims.net(up)} and /CS {claims.net(select)}"
            claims.findings.append(
                f"edge {edge}: {where} reach {len(pair)} pots{named}, not 2{claims.shown(up, select)}"
            )
        found.append(pair)
        for ref, network in zip(pair, _networks(claims, board, edge, pair), strict=False):
            claims.put(ref, pinouts.POT["updown"], up)
            claims.put(ref, pinouts.POT["cs"], select)
            _check_path(claims, board, edge, ref, network)
    _check_clock(claims, board, found, clock_lines)
    used = [ref for pair in found for ref in pair]
    pins = f"pins {pinouts.POT['updown']} and {pinouts.POT['cs']}"
    for pot in all_pots:
        if (count := used.count(pot.ref)) != 1:
            claims.complete = False
            text = f"{claims.name(pot.ref)} {pins} (U/D and /CS) are on the lines of {count} edges, not 1"
            claims.findings.append(text)
            claims.give_up(pot.ref)
    return found


def _networks(claims: Claims, board: Board, edge: str, pair: list[str]) -> tuple[str, ...]:
    """Return the networks of the pots of a pair in their order: the order that fits more of their ends."""
    ends = {network: {claims.net(node(board, name, network)) for name in edge.split("-")} for network in NETWORKS}

    def fits(order: tuple[str, ...]) -> int:
        return sum(len(_reached(claims, ref) & ends[network]) for ref, network in zip(pair, order, strict=False))

    return max(tuple(NETWORKS), tuple(NETWORKS[::-1]), key=fits)


def _reached(claims: Claims, ref: str) -> set[str]:
    """Return the net of a pot's B, and those two parts behind its wiper."""
    netlist = claims.netlist
    nets = {netlist.net(ref, pinouts.POT["w"])}
    for _ in range(2):
        pins = [pin for net in nets for pin in netlist.nets.get(net, ()) if len(netlist.nets[net]) <= 3]
        two_ends = [(r, pin) for r, pin in pins if netlist.components[r].part in (pinouts.JUMPER, "R_precise")]
        nets |= {netlist.net(r, "2" if pin == "1" else "1") for r, pin in two_ends}
    return nets | {netlist.net(ref, pinouts.POT["b"])}


def _check_path(claims: Claims, board: Board, edge: str, ref: str, network: str) -> None:
    """B is on the second node; from the wiper a jumper and a resistor lead to the first, and nothing branches off."""
    a, b = edge.split("-")
    wiper, inner = f"wiper of {edge}.{network}", f"jumper of {edge}.{network}"
    claims.put(ref, pinouts.POT["b"], node(board, b, network), f"U/D of edge {edge}")
    claims.put(ref, pinouts.POT["w"], wiper, f"U/D of edge {edge}")
    what = f"{claims.name(ref, pinouts.POT['w'])} (wiper)"
    jumper = claims.through(JUMPER, wiper, inner, f"{what}, jumper of {edge}.{network}")
    if jumper and jumper.value in NETWORKS and jumper.value != network:
        text = f"is marked {jumper.value}, and pulls the {network} pot"
        claims.findings.append(f"{claims.name(jumper.ref)} {text} of edge {edge}: {what}")
    ohm = f"{board.pots.series_ohm:g}"
    series = replace(SERIES, low=ohm, high=ohm)
    claims.part(series, inner, node(board, a, network), f"{what}, series resistor of {edge}.{network}", wiper)


def _check_clock(claims: Claims, board: Board, pairs: list[list[str]], lines: list[str]) -> None:
    """Twins are on one line of CLK, so that they step together, and no line has more pots than its driver can bear."""
    nets = {claims.net(line): line for line in lines}
    load = dict.fromkeys(lines, 0)
    pin = pinouts.POT["clk"]
    for pair in pairs:
        here = [nets.get(claims.netlist.net(ref, pin)) for ref in pair]
        line = next((line for line in here if line), lines[0] if lines else "CLK of the pots")
        if len(pair) == 2 and len(set(here) - {None}) == 2:
            where = " and ".join(f"{claims.name(ref, pin)} is on {claims.netlist.net(ref, pin)}" for ref in pair)
            claims.findings.append(f"{where}, though twins need one line of CLK")
        for ref in pair:
            claims.put(ref, pin, line)
        if line in load:
            load[line] += len(pair)
    for line, count in load.items():
        if count > POTS_A_LINE and board.shift_out:
            claims.findings.append(f"{count} pots are on {claims.net(line)} ({line}), {POTS_A_LINE} at most")


def check_comparators(claims: Claims, board: Board) -> dict[str, list[Comparator]]:
    """Claim the comparators and averagers of every edge and return both by edge."""
    units = {out: (plus, minus) for plus, minus, out in pinouts.COMPARATORS}
    found: dict[str, list[Comparator]] = {"cmp": [], "sgn": []}
    for edge in board.edges:
        a, b = edge.split("-")
        for which, comparators in found.items():
            line = f"{which.upper()} of edge {edge}"
            here = claims.on(line, "LM393A", units)
            if len(here) != 1 and claims.has(line):
                claims.complete = False
                text = (
                    f"{len(here)} comparators on its {which.upper()} line {claims.net(line)}, not 1{claims.shown(line)}"
                )
                claims.findings.append(f"edge {edge}: {text}")
            for ref, out in here[:1]:
                plus, minus = units[out]
                claims.put(ref, out, line)
                nets = claims.netlist.net(ref, plus), claims.netlist.net(ref, minus)
                comparators.append(Comparator(f"{ref} (LM393A) pins {plus} and {minus}", *nets))
                if which == "sgn":
                    claims.put(ref, plus, sense(board, a, "free"), line)
                    claims.put(ref, minus, sense(board, b, "free"), line)
                else:
                    _check_sum(claims, board, ref, plus, ((a, "clamped"), (b, "free")), edge, line)
                    _check_sum(claims, board, ref, minus, ((a, "free"), (b, "clamped")), edge, line)
            if not here:
                comparators.append(Comparator("no comparator", "none", "none"))
    return found


def _check_sum(
    claims: Claims, board: Board, ref: str, pin: str, halves: tuple[tuple[str, str], ...], edge: str, line: str
) -> None:
    """Two equal resistors average two buffered nodes at an input of CMP."""
    function = f"{'.'.join(halves[0])} and {'.'.join(halves[1])} of CMP of edge {edge}"
    claims.put(ref, pin, function, line)
    what = f"{claims.name(ref, pin)}, averager of CMP of edge {edge}"
    parts = [claims.part(AVERAGER, sense(board, *half), function, what) for half in halves]
    values = {part.value for part in parts if part}
    if len(values) > 1:
        named = " and ".join(f"{part.ref} ({part.part}) pins 1 and 2 of {part.value}" for part in parts if part)
        claims.findings.append(f"{named} do not average alike: {what}")
