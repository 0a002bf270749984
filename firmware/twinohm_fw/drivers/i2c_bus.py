"""machine.I2C with the methods that adafruit_bus_device.I2CDevice uses (try_lock, writeto, readfrom_into, ...)."""

from machine import I2C, Pin

from . import platform
from .rp2040 import i2c


class I2CBus:
    """One I2C bus. sda, scl: GPIO numbers; hz: clock frequency. Whole buffers are passed on without a copy.

    Transfers raise OSError naming the part and its address if it does not acknowledge.
    """

    def __init__(self, sda, scl, hz):
        self.index = i2c.index_of_sda(sda)
        freq = i2c.requested(hz) if platform.RP2040 else hz
        self._i2c = I2C(self.index, sda=Pin(sda), scl=Pin(scl), freq=freq)
        self._locked = False
        self.part_names = {}  # by address, for errors

    def try_lock(self):
        if self._locked:
            return False
        self._locked = True
        return True

    def unlock(self):
        self._locked = False

    def writeto(self, address, buffer, *, start=0, end=None):
        if start or (end is not None and end != len(buffer)):
            buffer = memoryview(buffer)[start:end]
        try:
            self._i2c.writeto(address, buffer)
        except OSError:
            raise self.no_answer(address)

    def readfrom_into(self, address, buffer, *, start=0, end=None):
        if start or (end is not None and end != len(buffer)):
            buffer = memoryview(buffer)[start:end]
        try:
            self._i2c.readfrom_into(address, buffer)
        except OSError:
            raise self.no_answer(address)

    def writeto_then_readfrom(self, address, out, into, *, out_start=0, out_end=None, in_start=0, in_end=None):
        try:
            self._i2c.writeto(address, memoryview(out)[out_start:out_end], False)
            self._i2c.readfrom_into(address, memoryview(into)[in_start:in_end])
        except OSError:
            raise self.no_answer(address)

    def no_answer(self, address):
        """Return the OSError for a part that does not acknowledge."""
        return OSError(
            "%s at 0x%02x does not answer: check its supply, SDA and SCL, and its address pins"
            % (self.part_names.get(address, "I2C part"), address)
        )


def probe(device):
    """Read one byte from an I2CDevice. Raises OSError naming the part and its address if nothing answers."""
    with device as bus:
        bus.readinto(bytearray(1))
