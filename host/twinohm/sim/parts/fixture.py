"""What all models share: time in nanoseconds, nets, buses, and the list of broken limits."""


class Net:
    """One wire. Someone drives it, or a `source` is asked on reading, or the pull resistor decides."""

    def __init__(self, fixture, name, pull=0):
        self.name = name
        self.level = pull
        self.pull = pull
        self.changed_ns = -1_000_000_000
        self.listeners = []
        self.source = None
        self._fixture = fixture

    def set(self, level):
        """Drive to 0 or 1; listeners hear (level, width of the level that ends, ns)."""
        if level != self.level:
            now = self._fixture.now_ns
            width = now - self.changed_ns
            self.changed_ns = now
            self.level = level
            for listener in self.listeners:
                listener(level, width)

    def release(self):
        """Nobody drives: the pull resistor decides."""
        self.set(self.pull)

    def read(self):
        return self.source() if self.source else self.level


class Fixture:
    """Clock, nets by name ("GP4", "cs.0"), I2C devices by (bus, address), SPI devices by bus."""

    def __init__(self, report=None):
        self.now_ns = 0
        self.grain_ns = 0  # an edge may be told so much later than it was
        self.nets = {}
        self.i2c = {}
        self.spi = {}
        self.adc = {}
        self.memory = {}
        self.timers = []
        self.unique_id = b"TwinOhm\x00"
        self.violations = 0
        self.report = report

    def net(self, name, pull=0):
        if name not in self.nets:
            self.nets[name] = Net(self, name, pull)
        return self.nets[name]

    def short(self, part, what, ns, limit):
        """A pulse of `ns` is below a part's limit: broken, unless this fixture's grain may have made it so."""
        if ns < limit - self.grain_ns:
            self.violate(part, "%s for %d ns; %d ns is the limit" % (what, ns, limit))

    def violate(self, part, text):
        """A limit of a part was broken."""
        self.violations += 1
        if self.report:
            self.report(part, text)
