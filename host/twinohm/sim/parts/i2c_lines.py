"""SDA and SCL of an I2C bus, as far as a part holds them.

The bytes of the processor's controller go to the part directly; i2c_bits.py has those that it sends pin by pin.
"""

from .i2c_bits import I2CBits

NEVER_NS = 1 << 62


class I2CLines:
    """Both lines, with pull-ups. sda, scl: nets of the processor's pins, which drive them as open drains at most."""

    def __init__(self, fixture, bus, sda, scl):
        self._fixture = fixture
        self._clocks = 0  # that the part which holds SDA waits for
        self._sda_free_ns = self._scl_free_ns = 0
        self._script = []  # (bytes left before it, act)
        self._sda = sda
        self.bits = I2CBits(fixture, bus, sda, scl)
        sda.source = self._read_sda
        scl.listeners.append(self._clocked)

    def hold_sda_for_clocks(self, clocks):
        """Hold SDA low until SCL has risen so often, as a part does whose byte was cut off."""
        self._clocks = clocks

    def hold_sda(self, ns):
        """Hold SDA low for so long, whatever SCL does."""
        self._sda_free_ns = self._fixture.now_ns + ns

    def stretch_scl(self, ns):
        """Hold SCL low for so long."""
        self._scl_free_ns = self._fixture.now_ns + ns

    def act_at_byte(self, count, act):
        """Call act() when the count-th byte from now on begins; 0 is the next one."""
        self._script.append([count, act])

    def begin_byte(self):
        """Return how long, ns, the lines are held before the controller can send the next byte: NEVER_NS or less."""
        for entry in list(self._script):
            if entry[0] == 0:
                self._script.remove(entry)
                entry[1]()
            entry[0] -= 1
        if self._clocks:
            return NEVER_NS
        return max(0, self._sda_free_ns - self._fixture.now_ns, self._scl_free_ns - self._fixture.now_ns)

    def _read_sda(self):
        held = self._clocks or self.bits.pulls_sda or self._fixture.now_ns < self._sda_free_ns
        return 0 if held else self._sda.level

    def _clocked(self, level, width):
        if level and self._clocks and self._fixture.now_ns >= self._scl_free_ns:
            self._clocks -= 1
