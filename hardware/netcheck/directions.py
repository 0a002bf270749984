"""Boards whose edges find their own direction: gates and flip-flops from comparators to U/D, and what they do."""

from collections.abc import Sequence

from hardware.netcheck import devices
from hardware.netcheck.lines import Lines
from hardware.netcheck.rule import Wiring
from twinohm.model.board import Board

Gate = tuple[str, str, str]  # nets of A, B, Y


class Directions:
    """Levels of all nets between the Pico's three lines, the comparators and U/D.

    `updown` is the net of U/D of every edge, `compared` the nets of its two comparators. Findings go into
    `lines.findings`.
    """

    def __init__(self, lines: Lines, board: Board, supply: set[str], updown: Sequence[str]) -> None:
        assert board.flip_flops is not None
        self._lines, self._board, self.updown = lines, board, updown
        netlist = lines.netlist
        self._gates: list[Gate] = []
        for chip in netlist.of("74HC86"):
            for a, b, y in devices.XOR_GATES:
                self._gates.append((netlist.net(chip.ref, a), netlist.net(chip.ref, b), netlist.net(chip.ref, y)))
        self._flip_flops = [
            {name: netlist.net(chip.ref, pin) for name, pin in half.items()}
            for chip in netlist.of("74HC74")
            for half in devices.FLIP_FLOPS
        ]
        self._one_source()
        keys = ("latch", "preset", "clear")
        self._reach = {key: lines.reach(lines.pin(getattr(board.flip_flops, key)), supply) for key in keys}
        self._levels: dict[str, bool] = {}
        self.compared = self._comparator_nets()

    def _one_source(self) -> None:
        outputs = [y for _, _, y in self._gates]
        outputs += [half[pin] for half in self._flip_flops for pin in ("q", "not_q")]
        for net in sorted({net for net in outputs if outputs.count(net) > 1}):
            self._lines.findings.append(f"two outputs of 74HC86 or 74HC74 on {net}")

    def _comparator_nets(self) -> list[tuple[str, str]]:
        """Inputs of the gate before D of the flip-flop before U/D of each edge."""
        found = []
        for edge, net in zip(self._board.edges, self.updown, strict=True):
            data = [half["d"] for half in self._flip_flops if net in (half["q"], half["not_q"])]
            gates = [gate for gate in self._gates if gate[2] in data]
            if len(data) != 1 or len(gates) != 1:
                counts = f"{len(data)} flip-flops and {len(gates)} gates"
                self._lines.findings.append(f"edge {edge}: {counts} decide its U/D {net}, not one of each")
            found.append(gates[0][:2] if gates else ("none", "none"))
        return found

    def cmp_and_sgn(self) -> list[tuple[str, str]]:
        """`compared` in this order. To a gate they are equals; SGN is the one that compares amplifiers' outputs."""
        netlist = self._lines.netlist
        buffered = {netlist.net(chip.ref, out) for chip in netlist.of("TLV9064") for _, _, out in devices.AMPLIFIERS}
        sgn = {
            netlist.net(chip.ref, out)
            for chip in netlist.of("LM393A")
            for plus, minus, out in devices.COMPARATORS
            if {netlist.net(chip.ref, plus), netlist.net(chip.ref, minus)} <= buffered
        }
        return [(second, first) if first in sgn else (first, second) for first, second in self.compared]

    def check_home(self) -> None:
        """/PRESET low sets every direction up, /CLEAR low down, and both hold when the line is high again."""
        for before, line, wanted in ((False, "preset", True), (True, "clear", False)):
            self._levels = dict.fromkeys((half[pin] for half in self._flip_flops for pin in ("q", "not_q")), before)
            self.set_lines(latch=False, preset=True, clear=True)
            for level in (False, True):
                self.set_lines(**{line: level})
                self._expect([wanted] * len(self.updown), f"/{line.upper()} {'high again' if level else 'low'}")

    def check_truth(self) -> None:
        """Every edge meets all four levels of its two comparators twice, its neighbours others at the same time."""
        for turn in range(8):
            both = [divmod((edge + turn) % 4, 2) for edge in range(len(self.updown))]
            self._latch([(bool(first), bool(second)) for first, second in both], [a == b for a, b in both])

    def check_latch(self, wiring: Wiring, volts: dict[str, float], wanted: Sequence[bool | None]) -> None:
        """Comparators as `volts` of their inputs say. `wanted` is up for each edge, None where too near to say."""
        pairs = zip(wiring.comparators["cmp"], wiring.comparators["sgn"], strict=True)
        high = [tuple(volts.get(plus, 0.0) > volts.get(minus, 0.0) for plus, minus in pair) for pair in pairs]
        self._latch([(cmp, sgn) for cmp, sgn in high], wanted)

    def _latch(self, levels: Sequence[tuple[bool, bool]], wanted: Sequence[bool | None]) -> None:
        """These levels on the comparators' nets, then a pulse on LATCH. U/D may change at its rising edge alone."""
        self.set_lines(latch=False, preset=True, clear=True)
        before = self.levels()
        self.compare(levels)
        self._expect(before, "nothing but new comparator levels")
        for level in (True, False):
            self.set_lines(latch=level)
            self._expect(wanted, f"LATCH {'rising' if level else 'falling'}")

    def levels(self) -> list[bool | None]:
        """U/D of every edge, None where nothing has set it."""
        return [self._levels.get(net) for net in self.updown]

    def compare(self, levels: Sequence[tuple[bool, bool]]) -> None:
        """These levels on the nets of every edge's two comparators."""
        for nets, pair in zip(self.compared, levels, strict=True):
            self._levels |= dict(zip(nets, pair, strict=True))
        self._propagate()

    def set_lines(self, **given: bool) -> None:
        """Lines (latch, preset, clear) to these levels; a rising clock stores D as it was before."""
        before = dict(self._levels)
        for key, level in given.items():
            self._levels |= dict.fromkeys(self._reach[key], level)
        for half in self._flip_flops:
            clear, preset = (self._levels.get(half[pin], True) for pin in ("clr", "pre"))
            stored = None
            if not preset or not clear:
                self._levels |= {half["q"]: not preset, half["not_q"]: not clear}
            elif self._levels.get(half["clk"]) and before.get(half["clk"]) is False:
                stored = before.get(half["d"])
            if stored is not None:
                self._levels |= {half["q"]: stored, half["not_q"]: not stored}
        self._propagate()

    def _propagate(self) -> None:
        """Gates never feed gates here, so once is enough."""
        for a, b, y in self._gates:
            if a in self._levels and b in self._levels:
                self._levels[y] = self._levels[a] != self._levels[b]

    def _expect(self, wanted: Sequence[bool | None], when: str) -> None:
        for edge, net, right in zip(self._board.edges, self.updown, wanted, strict=True):
            got = self._levels.get(net)
            if right is not None and got != right:
                shown = {None: "unknown", True: "high", False: "low"}
                self._lines.findings.append(f"edge {edge}: U/D {net} is {shown[got]} after {when}, not {shown[right]}")
