"""A direction for every edge: XNOR of CMP and SGN (74HC86) into a D flip-flop (74HC74, TI SCLS094)."""

MIN_NS = 20


class EdgeFlipFlops:
    """`compare()` returns CMP of each edge, then SGN of each; `outputs` are the nets of U/D."""

    def __init__(self, fixture, latch, preset, clear, compare, outputs):
        self._fixture = fixture
        self._preset = preset
        self._clear = clear
        self._compare = compare
        self._outputs = outputs
        latch.listeners.append(self._latched)
        preset.listeners.append(self._forced)
        clear.listeners.append(self._forced)

    def _latched(self, level, width):
        if not level:
            self._check("CLK high", width)
        elif self._preset.level and self._clear.level:
            high = self._compare()
            n = len(self._outputs)
            for i, net in enumerate(self._outputs):
                net.set(int(high[i] == high[n + i]))

    def _forced(self, level, width):
        if level:
            self._check("/PRE or /CLR low", width)
        elif not self._preset.level and not self._clear.level:
            self._fixture.violate("74HC74", "/PRE and /CLR low together")
        else:
            for net in self._outputs:
                net.set(self._clear.level)

    def _check(self, what, width):
        self._fixture.report_short("74HC74", what, width, MIN_NS)
