"""machine.I2C in the shape that adafruit_bus_device.I2CDevice wants."""

from machine import I2C, Pin


class I2CBus:
    """One I2C bus: lock, write, read. Whole buffers pass through without a copy."""

    def __init__(self, sda, scl, hz):
        self._i2c = I2C((sda >> 1) & 1, sda=Pin(sda), scl=Pin(scl), freq=hz)
        self._locked = False
        self.names = {}  # part by address, for errors

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
            raise self._silent(address)

    def readfrom_into(self, address, buffer, *, start=0, end=None):
        if start or (end is not None and end != len(buffer)):
            buffer = memoryview(buffer)[start:end]
        try:
            self._i2c.readfrom_into(address, buffer)
        except OSError:
            raise self._silent(address)

    def writeto_then_readfrom(self, address, out, into, *, out_start=0, out_end=None, in_start=0, in_end=None):
        try:
            self._i2c.writeto(address, memoryview(out)[out_start:out_end], False)
            self._i2c.readfrom_into(address, memoryview(into)[in_start:in_end])
        except OSError:
            raise self._silent(address)

    def _silent(self, address):
        return OSError(
            "%s at 0x%02x does not answer: check its supply, SDA and SCL, and its address pins"
            % (self.names.get(address, "I2C part"), address)
        )


def probe(device):
    """One-byte read. Raises OSError naming the part and its address if nothing answers."""
    with device as bus:
        bus.readinto(bytearray(1))
