"""The fixture of a virtual chip: time in nanoseconds, nets, buses, and the count of broken limits."""

from .i2c_shared import parts_at

# Registers of the chip that resets change (RP2040 datasheet 2.10.7, 4.7.6). The emulated chip has its own.
CHIP_RESET = 0x40064008
HAD_POR = 1 << 8
HAD_RUN = 1 << 16
WATCHDOG_REASON = 0x40058008
FORCED = 1 << 1


class Net:
    """One wire. A part drives it, or a `source` is called on reading, or the pull resistor decides."""

    def __init__(self, fixture, name, pull=0):
        self.name = name
        self.level = pull
        self.pull = pull
        self.changed_ns = -1_000_000_000
        self.listeners = []
        self.source = None
        self.blinks_hz = 0  # by a PWM of the chip
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


class Unpowered:
    """Stands in the place of the fixture for what still runs on a chip that was reset."""

    def __getattr__(self, name):
        raise HardReset

    def __setattr__(self, name, value):
        raise HardReset


class Fixture:
    """Clock, nets by name ("GP4", "cs.0"), I2C devices by (bus, place) and lines by bus, SPI devices by bus.

    A place is the address of a part; behind channel n of the bus's multiplexer it has n + 1 above its seven bits.
    """

    def __init__(self, report=None):
        self.now_ns = 0
        self.grain_ns = 0  # edges may be seen so much later than they happen
        self.nets = {}
        self.i2c = {}
        self.i2c_lines = {}
        self.i2c_muxes = {}  # by bus; that of a bus is in `i2c` as well, if it answers
        self.spi = {}
        self.adc = {}
        self.memory = {CHIP_RESET: HAD_POR}
        self.timers = []
        self.unique_id = b"TwinOhm\x00"
        self.violations = 0
        self.report = report
        self.was_reset = False  # since power-on, by the chip itself
        self.on_reset = None  # called at a reset
        self.pull_run = lambda: self.reset(by_run=True)  # an emulated chip has its own
        self.stop_state_machines = lambda: None  # likewise

    def net(self, name, pull=0):
        if name not in self.nets:
            self.nets[name] = Net(self, name, pull)
        return self.nets[name]

    def i2c_part(self, bus, address):
        """Return the part that sees an address, on the bus itself or behind a connected channel, or None."""
        part = self.i2c.get((bus, address))
        if part is not None or bus not in self.i2c_muxes:
            return part
        places = [address | channel << 7 for channel in self._behind(bus)]
        parts = [self.i2c[bus, place] for place in places if (bus, place) in self.i2c]
        if len(parts) > 1:
            self.violate("I2C%d" % bus, "%d parts answer at 0x%02x, behind several channels" % (len(parts), address))
        return parts[0] if parts else None

    def i2c_parts(self, bus, address=None):
        """Return the parts that see an address, or all that a transfer can reach now."""
        reached = [0] + self._behind(bus)
        return [
            part
            for key in self.i2c
            if key[0] == bus and key[1] >> 7 in reached and address in (None, key[1] & 0x7F)
            for part in parts_at(self.i2c, key)
        ]

    def _behind(self, bus):
        """Return the channels of the bus's multiplexer that are connected, each plus one as in a place."""
        connected = self.i2c_muxes[bus].connected if bus in self.i2c_muxes else 0
        return [channel + 1 for channel in range(8) if connected >> channel & 1]

    def reset(self, by_run=False):
        """Reset the chip alone: its pins drive nothing, its timers stop; other parts stay as they are.

        The watchdog leaves the registers of `memory` as they are, pin RUN clears them.
        """
        self.was_reset = not by_run
        if by_run:
            self.memory.clear()
            self.memory[CHIP_RESET] = HAD_RUN
        else:
            self.memory[WATCHDOG_REASON] = FORCED
        if self.on_reset:
            self.on_reset()
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
