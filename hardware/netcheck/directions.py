"""Boards whose edges find their own direction: levels of gates and flip-flops between comparators and U/D."""

from collections.abc import Sequence
from typing import NamedTuple

from hardware.netcheck import pinouts
from hardware.netcheck.claims import Claims
from hardware.netcheck.lines import flip_flop_line
from hardware.netcheck.nodes import sense
from hardware.netcheck.values import DAMPING
from hardware.netcheck.wiring import Wiring
from twinohm.model.board import Board

LEVELS = {None: "unknown", True: "high", False: "low"}


class Gate(NamedTuple):
    """An XOR gate: the nets of its inputs and of its output, and how findings name the output."""

    a: str
    b: str
    y: str
    name: str


class FlipFlop(NamedTuple):
    """Half of a 74HC74: nets by pin "d", "clk", "pre", "clr", "q", "not_q"; `names` of the outputs by their net."""

    nets: dict[str, str]
    names: dict[str, str]


class Directions:
    """Levels of all nets between the Pico's three lines, the comparators and U/D.

    `updown` is the net of U/D of every edge, `compared` the nets of its CMP and SGN. All checks add to the findings of
    `claims`.
    """

    def __init__(self, claims: Claims, board: Board) -> None:
        assert board.flip_flops is not None
        self._claims, self._board = claims, board
        self.updown = [claims.net(f"U/D of edge {edge}") for edge in board.edges]
        net, name = claims.netlist.net, claims.name
        self._gates = [
            Gate(net(chip.ref, a), net(chip.ref, b), net(chip.ref, y), name(chip.ref, y))
            for chip in claims.parts("74HC86")
            for a, b, y in pinouts.XOR_GATES
        ]
        self._flip_flops = [
            FlipFlop(
                {key: net(chip.ref, pin) for key, pin in half.items()},
                {net(chip.ref, half[key]): name(chip.ref, half[key]) for key in ("q", "not_q")},
            )
            for chip in claims.parts("74HC74")
            for half in pinouts.FLIP_FLOPS
        ]
        keys = ("latch", "preset", "clear")
        for key in keys:
            claims.through(DAMPING, flip_flop_line(key), key, f"series resistor of {key}")
        self._reach = {key: {claims.net(flip_flop_line(key)), claims.net(key)} for key in keys}
        self._levels: dict[str, bool] = {}
        self.compared = [self._claim_edge(edge) for edge in board.edges]

    def _claim_edge(self, edge: str) -> tuple[str, str]:
        """Claim flip-flop and gate before U/D of an edge and return the nets of CMP and SGN at the gate."""
        claims, updown = self._claims, f"U/D of edge {edge}"
        halves = {half["not_q"]: half for half in pinouts.FLIP_FLOPS}
        gates = {y: (a, b) for a, b, y in pinouts.XOR_GATES}
        data = f"direction of edge {edge}"
        chips = claims.on(updown, "74HC74", halves)
        for ref, pin in chips[:1]:
            half = halves[pin]
            claims.put(ref, pin, updown)
            claims.put(ref, half["d"], data, updown)
            # U/D is /Q: the line that sets every U/D clears the flip-flop
            for key, line in (("clk", "latch"), ("clr", "preset"), ("pre", "clear")):
                claims.put(ref, half[key], line, updown)
        drivers = claims.on(data, "74HC86", gates)
        if len(chips) != 1 or len(drivers) != 1:
            claims.complete = False
            counts = f"{len(chips)} flip-flops with /Q and {len(drivers)} gates"
            text = f"{counts} lead to its U/D {claims.net(updown)} through {claims.net(data)}, not one of each"
            claims.findings.append(f"edge {edge}: {text}{claims.shown(updown, data)}")
        for ref, pin in drivers[:1]:
            claims.put(ref, pin, data)
            inputs = gates[pin]
            if self._is_sgn(edge, claims.netlist.net(ref, inputs[0])):
                inputs = inputs[::-1]
            for input_, line in zip(inputs, ("CMP", "SGN"), strict=True):
                claims.put(ref, input_, f"{line} of edge {edge}", data)
        return claims.net(f"CMP of edge {edge}"), claims.net(f"SGN of edge {edge}")

    def _is_sgn(self, edge: str, net: str) -> bool:
        """Return whether the comparator on a net compares two buffered nodes. The gate does not care."""
        claims = self._claims
        sources = {claims.net(sense(self._board, name, "free")) for name in edge.split("-")}
        return any(
            {claims.netlist.net(ref, plus), claims.netlist.net(ref, minus)} & sources
            for ref, pin in claims.netlist.nets.get(net, ())
            if claims.netlist.components[ref].part == "LM393A"
            for plus, minus, out in pinouts.COMPARATORS
            if pin == out
        )

    def check_home(self) -> None:
        """/PRESET low sets every direction up, /CLEAR low down, and both hold when the line is high again."""
        for before, line, wanted in ((False, "preset", True), (True, "clear", False)):
            self._levels = dict.fromkeys((net for half in self._flip_flops for net in half.names), before)
            self.set_lines(latch=False, preset=True, clear=True)
            for level in (False, True):
                self.set_lines(**{line: level})
                self._expect([wanted] * len(self.updown), f"/{line.upper()} {'high again' if level else 'low'}")

    def check_truth(self) -> None:
        """Every edge meets all four levels of its two comparators twice, while its neighbours have other levels."""
        for turn in range(8):
            both = [divmod((edge + turn) % 4, 2) for edge in range(len(self.updown))]
            self._latch([(bool(first), bool(second)) for first, second in both], [a == b for a, b in both])

    def check_latch(self, wiring: Wiring, volts: dict[str, float], wanted: Sequence[bool | None]) -> None:
        """Latch the comparators' levels at the `volts` of their inputs.

        `wanted` is up (True) or down of every edge, None where the comparators are too near to a tie to say.
        """
        high = [
            tuple(volts.get(comparator.plus, 0.0) > volts.get(comparator.minus, 0.0) for comparator in pair)
            for pair in zip(wiring.comparators["cmp"], wiring.comparators["sgn"], strict=True)
        ]
        self._latch([(cmp, sgn) for cmp, sgn in high], wanted)

    def _latch(self, levels: Sequence[tuple[bool, bool]], wanted: Sequence[bool | None]) -> None:
        """Put these levels on the comparators' nets, then pulse LATCH. U/D may change at its rising edge alone."""
        self.set_lines(latch=False, preset=True, clear=True)
        before = self.levels()
        self.compare(levels)
        self._expect(before, "the comparators changed, without LATCH")
        for level in (True, False):
            self.set_lines(latch=level)
            self._expect(wanted, f"LATCH {'rising' if level else 'falling'}")

    def levels(self) -> list[bool | None]:
        """Return U/D of every edge, None where nothing has set it."""
        return [self._levels.get(net) for net in self.updown]

    def compare(self, levels: Sequence[tuple[bool, bool]]) -> None:
        """Put these levels on the nets of every edge's two comparators, in the order of `compared`."""
        for nets, pair in zip(self.compared, levels, strict=True):
            self._levels |= dict(zip(nets, pair, strict=True))
        self._propagate()

    def set_lines(self, **given: bool) -> None:
        """Set the lines latch, preset and clear; a rising clock stores D as it was before."""
        before = dict(self._levels)
        for key, level in given.items():
            self._levels |= dict.fromkeys(self._reach[key], level)
        for nets, _ in self._flip_flops:
            clear, preset = (self._levels.get(nets[pin], True) for pin in ("clr", "pre"))
            stored = None
            if not preset or not clear:
                self._levels |= {nets["q"]: not preset, nets["not_q"]: not clear}
            elif self._levels.get(nets["clk"]) and before.get(nets["clk"]) is False:
                stored = before.get(nets["d"])
            if stored is not None:
                self._levels |= {nets["q"]: stored, nets["not_q"]: not stored}
        self._propagate()

    def _propagate(self) -> None:
        """Set the outputs of the gates. No gate feeds another, so once is enough."""
        for a, b, y, _ in self._gates:
            if a in self._levels and b in self._levels:
                self._levels[y] = self._levels[a] != self._levels[b]

    def _expect(self, wanted: Sequence[bool | None], when: str) -> None:
        """Add a finding for every edge whose U/D is not as wanted (None: either level)."""
        for edge, net, right in zip(self._board.edges, self.updown, wanted, strict=True):
            got = self._levels.get(net)
            if right is not None and got != right:
                sources = " and ".join(half.names[net] for half in self._flip_flops if net in half.names)
                text = f"{sources or 'no flip-flop'}, U/D {net} of edge {edge}"
                self._claims.findings.append(f"{text}, is {LEVELS[got]} after {when}, not {LEVELS[right]}")
