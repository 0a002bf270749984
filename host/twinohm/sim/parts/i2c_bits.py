"""An I2C bus whose lines the processor moves itself: SDA and SCL become bytes of the parts (NXP UM10204, 3.1)."""


class I2CBits:
    """Listens to the nets of SDA and SCL of bus number `bus`, and pulls SDA low for the parts.

    `moment` is (byte since START, clock of the byte, level of SCL), all from 0 clocks on: (1, 8, 0) is between the 8th
    and the 9th clock of the second byte; None when no transfer runs.
    """

    def __init__(self, fixture, bus, sda, scl):
        self.moment = None
        self.pulls_sda = False
        self._fixture = fixture
        self._bus = bus
        self._sda = sda
        self._scl = scl
        self._parts = []  # that take part in the transfer
        self._general = False
        self._sends = False  # the part, not the controller
        self._bits = 0
        sda.listeners.append(self._sda_moved)
        scl.listeners.append(self._scl_moved)

    def _sda_moved(self, level, width):
        """START or STOP, if SCL is high."""
        if not self._scl.level:
            return
        self.pulls_sda = self._sends = False
        if not self._general:
            for part in self._parts:
                part.stop()
        if level:
            self._general = False
        if not self._general:
            self._parts = []
        self.moment = None if level else (0, 0, 1)
        self._bits = 0

    def _scl_moved(self, level, width):
        if self.moment is None:
            return
        byte, clock, _ = self.moment
        if level:
            clock += 1
            self.moment = (byte, clock, 1)
            if clock <= 8 and not self._sends:
                self._bits = (self._bits << 1 | self._sda.level) & 255
            if clock == 9 and byte and self._sends and self._sda.level:
                self._sends = False  # no acknowledge of the controller: it wants no more
            return
        self.moment = (byte, clock, 0)
        if clock == 8:
            self.pulls_sda = not self._sends and self._take(byte)
        elif clock == 9:
            self.moment = (byte + 1, 0, 0)
            self.pulls_sda = False
            if self._sends:
                self._bits = self._parts[0].read()
        if self._sends and self.moment[1] < 8:
            self.pulls_sda = not self._bits >> (7 - self.moment[1]) & 1

    def _take(self, byte):
        """Return whether a part acknowledges the byte that has come."""
        if byte:
            heard = [part.general_call(self._bits) if self._general else part.write(self._bits) for part in self._parts]
            return any(heard)
        if self._general:  # it goes on after a repeated START: the parts know which of them is meant
            self._general = False
            self._parts = [part for part in self._parts if part.start_after_general_call(self._bits)]
        elif self._bits == 0:
            self._general = True
            self._parts = [part for part in self._fixture.i2c_parts(self._bus) if hasattr(part, "general_call")]
            for part in self._parts:
                part.general_call(None)
        else:
            parts = self._fixture.i2c_parts(self._bus, self._bits >> 1)
            self._parts = [part for part in parts if part.start(bool(self._bits & 1))]
        self._sends = bool(self._parts) and bool(self._bits & 1)
        return bool(self._parts)
