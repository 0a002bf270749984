"""machine.I2C in the shape that adafruit_bus_device.I2CDevice wants, and frames to several parts for the hot loop."""

from array import array

import machine
import micropython
from machine import I2C, Pin
from micropython import const

from . import chip
from .chip import ptr8, ptr32

# RP2040 datasheet 4.3: word offsets in the registers of a DW_apb_i2c, and its interrupt bits.
I2C0 = 0x40044000
TAR = const(1)
DATA_CMD = const(4)
RAW_INTR_STAT = const(13)
CLR_TX_ABRT = const(21)
CLR_STOP_DET = const(24)
ENABLE = const(27)
TX_ABRT = const(0x040)
STOP_DET = const(0x200)
STOP = const(0x200)  # in DATA_CMD: after this byte
TIMER = const(0x40054000)
TIMERAWL = const(10)
TICKS_US = const(0x3FFFFFFF)  # as time.ticks_us() wraps
PATIENCE_US = const(10_000)  # longest that a frame may take: no part here stretches the clock

SIZE = const(16)
ADDRESS = const(14)
COUNT = const(15)


class I2CBus:
    """One I2C bus: lock, write, read. Whole buffers pass through without a copy."""

    def __init__(self, sda, scl, hz):
        index = (sda >> 1) & 1
        self.registers = I2C0 + (index << 14)
        self._i2c = I2C(index, sda=Pin(sda), scl=Pin(scl), freq=requested(hz) if chip.RP2040 else hz)
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
            raise self.silent(address)

    def readfrom_into(self, address, buffer, *, start=0, end=None):
        if start or (end is not None and end != len(buffer)):
            buffer = memoryview(buffer)[start:end]
        try:
            self._i2c.readfrom_into(address, buffer)
        except OSError:
            raise self.silent(address)

    def writeto_then_readfrom(self, address, out, into, *, out_start=0, out_end=None, in_start=0, in_end=None):
        try:
            self._i2c.writeto(address, memoryview(out)[out_start:out_end], False)
            self._i2c.readfrom_into(address, memoryview(into)[in_start:in_end])
        except OSError:
            raise self.silent(address)

    def silent(self, address):
        return OSError(
            "%s at 0x%02x does not answer: check its supply, SDA and SCL, and its address pins"
            % (self.names.get(address, "I2C part"), address)
        )


def requested(hz):
    """What to ask of machine.I2C for SCL at hz. It divides the clock by a period, 3/5 of it low, and leaves out that
    the controller adds 8 cycles and its spike filter, 1/16 of the low time (RP2040 datasheet 4.3.14.1).
    """
    clock = machine.freq()
    cycles = -(-clock // hz)
    period = 16
    while period + period * 3 // 5 // 16 + 8 < cycles:
        period += 1
    return clock // period


class Frames:
    """A frame for each of several parts on one bus: `bytes` has SIZE bytes of each. At COUNT stands how many are to be
    sent, at most 14.
    """

    def __init__(self, bus, addresses, settling):
        self.bytes = bytearray(SIZE * len(addresses))
        self._bus = bus
        self._settling = settling
        view = memoryview(self.bytes)
        self._writes = []  # by part and count
        for k, address in enumerate(addresses):
            self.bytes[SIZE * k + ADDRESS] = address
            self._writes.append([view[SIZE * k : SIZE * k + count] for count in range(ADDRESS + 1)])
        if chip.RP2040:
            here = [chip.address(self.bytes), chip.address(settling.since)]
            self._block = array("I", [bus.registers, len(addresses)] + here)
            self.send = self._send_fifo

    def send(self):
        """Write those that have something to say."""
        for k in range(len(self._writes)):
            at = SIZE * k
            count = self.bytes[at + COUNT]
            if count:
                self._bus.writeto(self.bytes[at + ADDRESS], self._writes[k][count])
                self.bytes[at + COUNT] = 0
                self._settling.changed()

    @micropython.viper
    def _send_fifo(self):
        block = ptr32(self._block)
        i2c = ptr32(block[0])
        timer = ptr32(TIMER)
        data = ptr8(block[2])
        since = ptr32(block[3])
        at = 0
        for _ in range(int(block[1])):
            last = int(data[at + COUNT]) - 1
            if last >= 0:
                address = int(data[at + ADDRESS])
                if int(i2c[TAR]) != address:
                    i2c[ENABLE] = 0
                    i2c[TAR] = address
                    i2c[ENABLE] = 1
                flags = int(i2c[CLR_STOP_DET]) | int(i2c[CLR_TX_ABRT])  # reading clears
                for k in range(last):
                    i2c[DATA_CMD] = int(data[at + k])
                i2c[DATA_CMD] = int(data[at + last]) | STOP
                start = int(timer[TIMERAWL])
                flags = 0
                while not flags & STOP_DET:
                    flags = int(i2c[RAW_INTR_STAT])
                    if int(timer[TIMERAWL]) - start > PATIENCE_US:
                        i2c[ENABLE] = 0
                        flags = TX_ABRT | STOP_DET
                if flags & TX_ABRT:
                    raise self._bus.silent(address)
                since[0] = int(timer[TIMERAWL]) & TICKS_US
                data[at + COUNT] = 0
            at += SIZE


def probe(device):
    """One-byte read. Raises OSError naming the part and its address if nothing answers."""
    with device as bus:
        bus.readinto(bytearray(1))
