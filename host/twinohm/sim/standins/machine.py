"""Stand-in for MicroPython's `machine`: the firmware's pins and buses end at the models of `fixture`.

Time passes as on a fast chip, so that firmware which relies on slow pin writes instead of waiting fails here:
200 ns a pin access, the bit time of each I2C and SPI byte, 2 us an ADC conversion (RP2040 datasheet 4.9.2).
"""

fixture = None  # set by the launcher

PIN_NS = 200
LAMP = 25  # costs no time: runs that were recorded before boards had a lamp keep their times
ADC_NS = 2000
PWRON_RESET = 1
WDT_RESET = 3


def reset_cause():
    return WDT_RESET if fixture.was_reset else PWRON_RESET


def reset():
    fixture.reset()


def soft_reset():
    raise SystemExit


def unique_id():
    return fixture.unique_id


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self.id = id
        self._access_ns = 0 if id == LAMP else PIN_NS
        self.net = fixture.net("GP%d" % id)
        self.net.blinks_hz = 0
        self._out = mode == Pin.OUT
        self._open_drain = mode == Pin.OPEN_DRAIN
        if value is not None and (self._out or self._open_drain):
            self(value)

    def __call__(self, value=None):
        fixture.now_ns += self._access_ns
        net = self.net
        if value is None:
            return net.read()
        if self._out:
            level = 1 if value else 0
            if level != net.level:
                net.set(level)
        elif self._open_drain:
            if value:
                net.release()
            else:
                net.set(0)

    value = __call__

    def on(self):
        self(1)

    def off(self):
        self(0)


class PWM:
    """The pin shows no level, only how often it changes."""

    def __init__(self, pin, *, freq, duty_u16):
        pin.net.blinks_hz = freq


class I2C:
    def __init__(self, id, *, scl=None, sda=None, freq=400_000, timeout=50_000):
        self._id = id
        self._bit_ns = 1_000_000_000 // freq
        self._timeout_ns = timeout * 1000
        self._end_ns = 0  # of the present transfer

    def _byte(self):
        """Let the time of a byte pass. Raises OSError if a part holds the bus for too long."""
        lines = fixture.i2c_lines.get(self._id)
        held_ns = lines.begin_byte() if lines else 0
        if fixture.now_ns + held_ns > self._end_ns:
            fixture.now_ns = self._end_ns
            raise OSError(110, "ETIMEDOUT")
        fixture.now_ns += held_ns + 9 * self._bit_ns

    def _start(self, address, read):
        self._end_ns = fixture.now_ns + self._timeout_ns
        self._byte()
        device = fixture.i2c_part(self._id, address)
        fixture.now_ns += self._bit_ns
        if device is None:
            fixture.violate("I2C%d" % self._id, "nobody answers at 0x%02x" % address)
        if device is None or not device.start(read):
            raise OSError(5, "EIO")
        return device

    def writeto(self, address, buffer, stop=True):
        device = self._start(address, False)
        for byte in bytes(buffer):
            self._byte()
            if not device.write(byte):
                raise OSError(5, "EIO")
        if stop:
            fixture.now_ns += self._bit_ns
            device.stop()
        return len(buffer)

    def readfrom_into(self, address, buffer, stop=True):
        device = self._start(address, True)
        for i in range(len(buffer)):
            self._byte()
            buffer[i] = device.read()
        if stop:
            fixture.now_ns += self._bit_ns
            device.stop()

    def readfrom(self, address, count, stop=True):
        buffer = bytearray(count)
        self.readfrom_into(address, buffer, stop)
        return bytes(buffer)

    def scan(self):
        return [address for address in range(8, 120) if fixture.i2c_part(self._id, address)]


class SPI:
    MSB = 0

    def __init__(self, id, baudrate=1_000_000, *, polarity=0, phase=0, sck=None, mosi=None, miso=None):
        self._id = id
        self._hz = baudrate
        self._mode = (polarity, phase)

    def write_readinto(self, out, into):
        device = fixture.spi.get(self._id)
        for i in range(len(out)):
            fixture.now_ns += 8_000_000_000 // self._hz
            if device is not None:
                into[i] = device.shift(out[i], 8, self._hz, self._mode[0], self._mode[1])


class ADC:
    def __init__(self, pin):
        self._name = "GP%d" % pin.id

    def read_u16(self):
        fixture.now_ns += ADC_NS
        count = fixture.adc[self._name].read()
        return count << 4 | count >> 8


class Timer:
    """Fires only while the firmware waits for the host, and only if the fixture's clock then runs."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, *, mode=PERIODIC, period=-1, callback=None):
        self.period_ns = period * 1_000_000
        self.due_ns = fixture.now_ns + self.period_ns
        self.mode = mode
        self.callback = callback
        fixture.timers.append(self)

    def deinit(self):
        if self in fixture.timers:
            fixture.timers.remove(self)


class _Memory:
    """32-bit registers: what was never written reads 0."""

    def __getitem__(self, address):
        return fixture.memory.get(address, 0)

    def __setitem__(self, address, value):
        fixture.memory[address] = value


mem32 = _Memory()


def disable_irq():
    return 0


def enable_irq(state):
    pass
