"""A potentiometer that counts up and down, such as the AD5220 (Rev. 0): one edge of CLK steps it while /CS is low, and
it stops at both ends. The datasheet asks for tens of nanoseconds; the project keeps 1 us everywhere, and so does this
model.
"""

MIN_NS = 1000


class UpDownPot:
    """One pot at `tap`, which runs from 0 to `top_tap`. `moved(tap)` is called after each step.

    `step_level` is the level of CLK after the edge that steps: 0 for the falling one.
    """

    def __init__(self, fixture, name, clk, updown, cs, moved, tap, top_tap, step_level=0):
        self.name = name
        self.tap = tap
        self._top_tap = top_tap
        self._step_level = step_level
        self._fixture = fixture
        self._updown = updown
        self._cs = cs
        self._moved = moved
        self._idle_ns = MIN_NS
        clk.listeners.append(self._clock)

    def _clock(self, level, width):
        if level != self._step_level:
            self._idle_ns = width
            return
        cs = self._cs
        if cs.level:
            return
        updown = self._updown
        now = self._fixture.now_ns
        if width < MIN_NS or self._idle_ns < MIN_NS:
            high = (width < MIN_NS) != bool(level)
            self._short("CLK %s for" % ("high" if high else "low"), min(width, self._idle_ns))
        if now - updown.changed_ns < MIN_NS:
            self._short("U/D set up", now - updown.changed_ns)
        if now - cs.changed_ns < MIN_NS:
            self._short("/CS low for", now - cs.changed_ns)
        if updown.level:
            if self.tap < self._top_tap:
                self.tap += 1
                self._moved(self.tap)
        elif self.tap > 0:
            self.tap -= 1
            self._moved(self.tap)

    def _short(self, what, ns):
        self._fixture.violate(self.name, "%s %d ns before the step; %d ns is the limit" % (what, ns, MIN_NS))
