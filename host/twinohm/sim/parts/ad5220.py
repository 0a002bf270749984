"""AD5220 (Analog Devices, Rev. 0): 128 positions, power-on at 64, steps on the falling CLK edge while /CS is low, stops
at both ends. The datasheet asks for tens of nanoseconds; the project keeps 1 us everywhere, and so does this model.
"""

MIN_NS = 1000


class AD5220:
    """One pot. `moved(tap)` is called after each step."""

    def __init__(self, fixture, name, clk, updown, cs, moved, tap=64):
        self.name = name
        self.tap = tap
        self._fixture = fixture
        self._updown = updown
        self._cs = cs
        self._moved = moved
        self._low_ns = MIN_NS
        clk.listeners.append(self._clock)

    def _clock(self, level, width):
        if level:
            self._low_ns = width
            return
        cs = self._cs
        if cs.level:
            return
        updown = self._updown
        now = self._fixture.now_ns
        if width < MIN_NS or self._low_ns < MIN_NS:
            self._short("CLK %s for" % ("high" if width < MIN_NS else "low"), min(width, self._low_ns))
        if now - updown.changed_ns < MIN_NS:
            self._short("U/D set up", now - updown.changed_ns)
        if now - cs.changed_ns < MIN_NS:
            self._short("/CS low for", now - cs.changed_ns)
        if updown.level:
            if self.tap < 127:
                self.tap += 1
                self._moved(self.tap)
        elif self.tap > 0:
            self.tap -= 1
            self._moved(self.tap)

    def _short(self, what, ns):
        self._fixture.violate(self.name, "%s %d ns before the step; %d ns is the limit" % (what, ns, MIN_NS))
