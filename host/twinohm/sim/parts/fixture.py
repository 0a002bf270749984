"""The fixture of a virtual chip: time in nanoseconds, nets, buses, and the count of broken limits."""


class Net:
    """One wire. A part drives it, or a `source` is called on reading, or the pull resistor decides."""

    def __init__(self, fixture, name, pull=0):
        self.name = name
        self.level = pull
        self.pull = pull
        self.changed_ns = -1_000_000_000
        self.listeners = []
        self.source = None
        self._fixture = fixture

    def set(self, level):
        """Drive to 0 or 1; listeners are called with the level and the width, ns, of the level that ends."""
        if level != self.level:
            now = self._fixture.now_ns
            width = now - self.changed_ns
            self.changed_ns = now
            self.level = level
            for listener in self.listeners:
                listener(level, width)

    def release(self):
        """Stop driving: the pull resistor decides."""
        self.set(self.pull)

    def read(self):
        return self.source() if self.source else self.level


class HardReset(BaseException):
    """The chip was reset: what ran on it ends at once."""


class Fixture:
    """Clock, nets by name ("GP4", "cs.0"), I2C devices by (bus, address), SPI devices by bus."""

    def __init__(self, report=None):
        self.now_ns = 0
        self.grain_ns = 0  # edges may be seen so much later than they happen
        self.nets = {}
        self.i2c = {}
        self.spi = {}
        self.adc = {}
        self.memory = {}
        self.timers = []
        self.unique_id = b"TwinOhm\x00"
        self.violations = 0
        self.report = report
        self.was_reset = False  # since power-on, by the chip itself

    def net(self, name, pull=0):
        if name not in self.nets:
            self.nets[name] = Net(self, name, pull)
        return self.nets[name]

    def reset(self):
        """Reset the chip alone: its pins drive nothing, its timers stop; other parts and `memory` stay as they are."""
        self.was_reset = True
        self.timers.clear()
        for name, net in self.nets.items():
            if name.startswith("GP"):
                net.release()
        raise HardReset

    def report_short(self, part, what, ns, limit):
        """Report a pulse of `ns` below a part's limit, unless the fixture's grain may have made it so short."""
        if ns < limit - self.grain_ns:
            self.violate(part, "%s for %d ns; %d ns is the limit" % (what, ns, limit))

    def violate(self, part, text):
        """Count and report a broken limit of a part."""
        self.violations += 1
        if self.report:
            self.report(part, text)
