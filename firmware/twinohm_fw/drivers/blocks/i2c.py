"""I2C0 and I2C1, Synopsys DW_apb_i2c (RP2040 datasheet 4.3.17, RP2350 datasheet 12.2.17; i2c.h)."""

from array import array

import machine
import micropython
from micropython import const

from ..platform import address, ptr8, ptr16, ptr32, registers
from .timer import TICKS_MASK

# Word offsets.
TAR = const(1)
DATA_CMD = const(4)
RAW_INTR_STAT = const(13)
CLR_TX_ABRT = const(21)
CLR_STOP_DET = const(24)
ENABLE = const(27)
TX_ABRT = const(0x040)  # in RAW_INTR_STAT
STOP_DET = const(0x200)  # in RAW_INTR_STAT
STOP = const(0x200)  # in DATA_CMD: a STOP follows this byte

# Those of tca9548a.py: MicroPython inlines const() only in the module that defines it.
CHANNEL_BIT = const(7)
ADDRESS = const(127)

TIMEOUT_US = const(10_000)  # of a frame: no part here stretches the clock; 9 bytes take 207 us at 400 kHz


def index_of_sda(pin):
    """Number of the controller whose SDA can be on this GPIO (RP2040 datasheet 1.4.3; RP2350 datasheet 9.4)."""
    return (pin >> 1) & 1


def requested(hz):
    """Return what to ask of machine.I2C so that SCL runs at hz or a little less.

    MicroPython divides the clock by a period, 3/5 of it low, and leaves out that the controller adds 8 cycles and its
    spike filter, 1/16 of the low time (RP2040 datasheet 4.3.14.1, RP2350 datasheet 12.2.14.1, "Minimum High and Low
    Counts in SS, FS, and FM+ Modes"). The controllers of both chips run on the system clock.
    """
    clock = machine.freq()
    cycles = -(-clock // hz)
    period = 16
    while period + period * 3 // 5 // 16 + 8 < cycles:
        period += 1
    return clock // period


class FrameSender:
    """Write frames to several parts on one controller without a call of the interpreter.

    index: controller 0 or 1, set up by machine.I2C. addresses: array "H", the place of each part (tca9548a.py). counts:
    bytearray, bytes to send to each part, cleared once they are sent. data: bytearray, `stride` bytes a part, at most
    the 16 of the FIFO. changed_at: array "i" that gets time.ticks_us() after each frame. mux: TCA9548A; its channel is
    selected before a frame to a part behind another one. no_answer: function from a place to the exception to raise; it
    sets up the controller anew.
    """

    def __init__(self, index, addresses, counts, data, stride, changed_at, mux, no_answer):
        self._buffers = (addresses, counts, data, changed_at, mux.selected)  # keeps them where they are
        self._no_answer = no_answer
        words = [registers.I2C[index], len(addresses), stride, registers.TIMERAWL, TICKS_MASK]
        self._table = array("I", words + [address(buffer) for buffer in self._buffers] + [mux.address])

    @micropython.viper
    def send(self):
        """Send what each part has to get. Raise no_answer(place) for a part that does not acknowledge in time."""
        table = ptr32(self._table)
        i2c = ptr32(table[0])
        stride = int(table[2])
        timer_us = ptr32(table[3])
        ticks_mask = int(table[4])
        addresses = ptr16(table[5])
        counts = ptr8(table[6])
        data = ptr8(table[7])
        changed_at = ptr32(table[8])
        selected = ptr32(table[9])
        at = 0
        for part in range(int(table[1])):
            last = int(counts[part]) - 1
            if last >= 0:
                place = int(addresses[part])
                channel = place >> CHANNEL_BIT
                select = 0  # byte to the multiplexer, which then comes first
                if channel and channel != int(selected[0]):
                    selected[0] = 0
                    select = 1 << (channel - 1)
                sending = 1
                while sending:
                    target = place & ADDRESS
                    if select:
                        target = int(table[10])
                    if int(i2c[TAR]) != target:
                        i2c[ENABLE] = 0
                        i2c[TAR] = target
                        i2c[ENABLE] = 1
                    flags = int(i2c[CLR_STOP_DET]) | int(i2c[CLR_TX_ABRT])  # reading clears
                    if select:
                        i2c[DATA_CMD] = select | STOP
                    else:
                        for k in range(last):
                            i2c[DATA_CMD] = int(data[at + k])
                        i2c[DATA_CMD] = int(data[at + last]) | STOP
                    start = int(timer_us[0])
                    flags = 0
                    while not flags & STOP_DET:
                        flags = int(i2c[RAW_INTR_STAT])
                        if int(timer_us[0]) - start > TIMEOUT_US:
                            flags = TX_ABRT | STOP_DET
                    if flags & TX_ABRT:
                        raise self._no_answer(target if select else place)
                    if select:
                        selected[0] = channel
                        select = 0
                    else:
                        changed_at[0] = int(timer_us[0]) & ticks_mask
                        counts[part] = 0
                        sending = 0
            at += stride
