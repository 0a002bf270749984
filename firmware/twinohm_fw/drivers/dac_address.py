"""The address of an MCP4728, kept in its EEPROM, is read and written while its own /LDAC falls (Microchip DS22187E).

read   S 0000_0000 0000_1100 Sr 1100_xxx1, then the chip sends AAA1 AAA0: EEPROM and register (figure 5-6)
write  S 1100_OOO0 011O_OO01 011N_NN10 011N_NN11 P, O the old and N the new bits (figure 5-11)

/LDAC must fall between the 8th and the 9th clock of the second byte and stay low until the 9th of the third. The I2C
controller gives no such moment, so the lines are moved here one by one. All chips listen: those of the old address
acknowledge too, and the one whose /LDAC fell takes the new one.
"""

import time

from machine import Pin
from micropython import const

from .ctrl_c import finish

GENERAL_CALL = const(0b0000_0000)
READ_ADDRESS = const(0b0000_1100)
READ = const(1)
CHIP = const(0b1100_0000)  # of the address byte
CHANGE = const(0b0110_0000)  # of the three bytes that follow it
FIRST = const(0x60)
CHIPS = range(FIRST, FIRST + 8)  # addresses that a chip can have
WAIT_US = const(5)  # half a clock
WRITE_MS = const(50)  # EEPROM, page 6


class AddressLine:
    """The line that lowers /LDAC of one chip, on an I2CBus of the board.

    ldac: GPIO number. place: any place of the chip's part of the bus (tca9548a.py). The board must be safe: while the
    line is high, outputs of the chip do not follow. Methods raise OSError if no chip acknowledges; the line is low
    and the bus as it was after that.
    """

    def __init__(self, bus, ldac, place):
        self._bus = bus
        self._pin = ldac
        self._place = place

    def read(self):
        """Return the address of the chip, 0x60..0x67."""
        return self._with_lines(self._read)

    def answers(self, address):
        """Whether a chip has this address."""
        return self._with_lines(lambda: self._answers(address - FIRST))

    def write(self, old, new):
        """Give the chip another address. The address is there at once, and after a power-on."""
        self._with_lines(lambda: self._write(old - FIRST, new - FIRST))
        time.sleep_ms(WRITE_MS)

    def _with_lines(self, act):
        bus = self._bus
        bus.reach(self._place)
        self._ldac = Pin(self._pin, Pin.OUT, value=1)
        try:
            self._sda, self._scl = bus.take_lines()
            return act()
        finally:
            finish(self._release)

    def _release(self):
        self._ldac(0)
        self._bus.clear()

    def _read(self):
        self._start()
        self._send(GENERAL_CALL, "no MCP4728 hears a general call")
        self._send(READ_ADDRESS, "no MCP4728 hears a general call", True)
        self._start()
        self._send(CHIP | READ, "no /LDAC of an MCP4728 is on the line")
        bits = 0
        for _ in range(8):
            bits = bits << 1 | self._clock(1)
        self._clock(1)
        self._stop()
        if bits >> 5 != bits >> 1 & 7 or bits & 0b1_0001 != 0b1_0000:
            raise OSError("the MCP4728 on the line answers 0x%02x: two chips may be on it" % bits)
        return FIRST + (bits >> 5)

    def _answers(self, bits):
        self._start()
        try:
            self._send(CHIP | bits << 1, "")
        except OSError:
            return False
        self._stop()
        return True

    def _write(self, old, new):
        self._start()
        self._send(CHIP | old << 1, "no MCP4728 has address 0x%02x" % (FIRST + old))
        self._send(CHANGE | old << 2 | 1, "the MCP4728 at 0x%02x does not know the command" % (FIRST + old), True)
        self._send(CHANGE | new << 2 | 2, "no /LDAC of an MCP4728 at 0x%02x is on the line" % (FIRST + old))
        self._send(CHANGE | new << 2 | 3, "the MCP4728 did not confirm its address")
        self._stop()

    def _start(self):
        self._move(self._sda, 1)
        self._move(self._scl, 1)
        self._move(self._sda, 0)
        self._move(self._scl, 0)

    def _stop(self):
        self._move(self._sda, 0)
        self._move(self._scl, 1)
        self._move(self._sda, 1)

    def _send(self, byte, otherwise, latch=False):
        """Send a byte; with `latch`, /LDAC falls before its acknowledge. Raises OSError with the words without one."""
        for bit in range(7, -1, -1):
            self._clock(byte >> bit & 1)
        if latch:
            self._move(self._ldac, 0)
        if self._clock(1):
            self._stop()
            raise OSError(otherwise)

    def _clock(self, bit):
        """Send a bit. Return what SDA is then: a chip can pull a 1 low."""
        self._move(self._sda, bit)
        self._move(self._scl, 1)
        level = self._sda()
        self._move(self._scl, 0)
        return level

    def _move(self, line, level):
        line(level)
        time.sleep_us(WAIT_US)
