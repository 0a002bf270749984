"""A potentiometer that counts up and down, such as the AD5220 (Rev. 0): one edge of CLK steps it while /CS is low, and
it stops at both ends. The datasheet asks for tens of nanoseconds; the project keeps 1 us everywhere, and so does this
model. A part that stores its tap, such as the X9C104 (Renesas, FN8222), has longer times and an EEPROM.
"""

MIN_NS = 1000


class Storage:
    """What a part that keeps its tap without power needs: ns for which U/D has to be set up before a step, and for
    which /CS has to stay high after a store.
    """

    SELECT_NS = 100  # t_CI: /CS low before the step
    DESELECT_NS = 100  # t_CPH: /CS high if nothing was stored

    def __init__(self, setup_ns, store_ns):
        self.setup_ns = setup_ns
        self.store_ns = store_ns


class UpDownPot:
    """One pot at `tap`, which runs from 0 to `top_tap`. `moved(tap)` is called after each step.

    `step_level` is the level of CLK after the edge that steps: 0 for the falling one. storage: Storage of a part that
    keeps its tap without power, or None. `stored` is the tap that it would recall, `stores` counts how often it stored
    one; each is reported, as the firmware never means to.
    """

    def __init__(self, fixture, name, clk, updown, cs, moved, tap, top_tap, step_level=0, storage=None):
        self.name = name
        self.tap = self.stored = tap
        self.stores = 0
        self._top_tap = top_tap
        self._step_level = step_level
        self._fixture = fixture
        self._updown = updown
        self._cs = cs
        self._moved = moved
        self._idle_ns = MIN_NS
        self._clk = clk
        self._storage = storage
        self._busy_until_ns = 0
        self._setup_ns, self._select_ns = MIN_NS, MIN_NS
        clk.listeners.append(self._clock)
        if storage is not None:
            self._setup_ns, self._select_ns = storage.setup_ns, storage.SELECT_NS
            cs.listeners.append(self._select)

    def _select(self, level, width):
        """Do what a change of /CS does to a part with an EEPROM."""
        now = self._fixture.now_ns
        if not level:
            if self._clk.level == 0:
                self._fixture.violate(self.name, "/CS fell while CLK was low: the tap may have stepped")
            if now < self._busy_until_ns:
                self._fixture.violate(self.name, "/CS fell %d ns before it was ready" % (self._busy_until_ns - now))
            return
        self._busy_until_ns = now + self._storage.DESELECT_NS
        if self._clk.level:
            self.stored = self.tap
            self.stores += 1
            self._busy_until_ns = now + self._storage.store_ns
            self._fixture.violate(self.name, "stored tap %d: /CS rose while CLK was high" % self.tap)

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
        if now - updown.changed_ns < self._setup_ns:
            self._short("U/D set up", now - updown.changed_ns, self._setup_ns)
        if now - cs.changed_ns < self._select_ns:
            self._short("/CS low for", now - cs.changed_ns, self._select_ns)
        if updown.level:
            if self.tap < self._top_tap:
                self.tap += 1
                self._moved(self.tap)
        elif self.tap > 0:
            self.tap -= 1
            self._moved(self.tap)

    def _short(self, what, ns, limit=MIN_NS):
        self._fixture.violate(self.name, "%s %d ns before the step; %d ns is the limit" % (what, ns, limit))
