"""machine.I2C with the methods that adafruit_bus_device.I2CDevice uses (try_lock, writeto, readfrom_into, ...)."""

import time

from machine import I2C, Pin

from . import platform
from .blocks import i2c
from .tca9548a import ADDRESS, CHANNEL_BIT, TCA9548A, place_name

CLOCKS = 9
HALF_CLOCK_US = 5


class I2CBus:
    """One I2C bus. sda, scl: GPIO numbers; hz: clock frequency; mux: address of its multiplexer, 0 without one.

    Addresses are places (tca9548a.py): the channel of a part behind the multiplexer is connected first. Whole buffers
    are passed on without a copy. Transfers raise OSError naming the part and its place if it does not acknowledge, or
    holds a line for longer than TIMEOUT_US. The bus is free and the controller ready after that, and at first.
    """

    def __init__(self, sda, scl, hz, mux=0):
        self.index = i2c.index_of_sda(sda)
        self._pins = (sda, scl)
        self._freq = i2c.requested(hz) if platform.FAST else hz
        self.part_names = {}  # by place, for errors
        self.mux = TCA9548A(mux)
        if mux:
            self.part_names[mux] = "TCA9548A"
        self.clear()

    def clear(self):
        """Free the bus and set up the controller anew. Return whether SDA is high.

        A part whose byte was cut off, by a reset or a failed transfer, may hold SDA low until it has had its clocks: up
        to nine, then a STOP (NXP UM10204, 3.1.16).
        """
        sda, scl = self.take_lines()
        for _ in range(CLOCKS):
            if sda():
                break
            for level in (0, 1):
                scl(level)
                time.sleep_us(HALF_CLOCK_US)
        for line, level in ((scl, 0), (sda, 0), (scl, 1), (sda, 1)):
            line(level)
            time.sleep_us(HALF_CLOCK_US)
        free = sda()
        self.mux.forget()
        sda, scl = self._pins
        self._i2c = I2C(self.index, sda=Pin(sda), scl=Pin(scl), freq=self._freq, timeout=i2c.TIMEOUT_US)
        return free

    def take_lines(self):
        """Take both lines from the controller until clear(). Return (SDA, SCL), open drains, high."""
        return [Pin(pin, Pin.OPEN_DRAIN, value=1) for pin in self._pins]

    def try_lock(self):
        return True  # there is one thread, and a Ctrl-C must not leave the bus locked

    def unlock(self):
        pass

    def reach(self, place):
        """Connect the channel of a place, if it has one. Return its address."""
        channel = place >> CHANNEL_BIT
        if channel:
            try:
                self.mux.connect(self._i2c, channel)
            except OSError:
                raise self.no_answer(self.mux.address)
        return place & ADDRESS

    def writeto(self, place, buffer, *, start=0, end=None):
        if start or (end is not None and end != len(buffer)):
            buffer = memoryview(buffer)[start:end]
        address = self.reach(place)
        try:
            self._i2c.writeto(address, buffer)
        except OSError:
            raise self.no_answer(place)

    def readfrom_into(self, place, buffer, *, start=0, end=None):
        if start or (end is not None and end != len(buffer)):
            buffer = memoryview(buffer)[start:end]
        address = self.reach(place)
        try:
            self._i2c.readfrom_into(address, buffer)
        except OSError:
            raise self.no_answer(place)

    def writeto_then_readfrom(self, place, out, into, *, out_start=0, out_end=None, in_start=0, in_end=None):
        address = self.reach(place)
        try:
            self._i2c.writeto(address, memoryview(out)[out_start:out_end], False)
            self._i2c.readfrom_into(address, memoryview(into)[in_start:in_end])
        except OSError:
            raise self.no_answer(place)

    def no_answer(self, place):
        """Clear the bus after a failed transfer with a part. Return the OSError for it."""
        why = "check its supply, SDA and SCL, and its address pins"
        if not self.clear():
            why = "SDA stays low: look for a short, or a part without supply"
        name = self.part_names.get(place, "I2C part")
        return OSError("%s at %s does not answer: %s" % (name, place_name(place), why))


def probe(device):
    """Read one byte from an I2CDevice. Raises OSError naming the part and its address if nothing answers."""
    with device as bus:
        bus.readinto(bytearray(1))
