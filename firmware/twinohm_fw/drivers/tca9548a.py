"""TCA9548A: switch of an I2C bus with eight channels (Texas Instruments, SCPS207F, 8.5.4).

One data byte: bit n connects channel n, after the STOP. None is connected after power-on. /RESET is tied high, so any
other reset leaves it as it is: a channel is selected before its first use.

A place is the address of a part; behind channel n it has n + 1 above the seven bits of the address.
"""

from array import array

from micropython import const

CHANNEL_BIT = const(7)
ADDRESS = const(127)


def place_name(place):
    """Return "0x61", or "0x61@2" for a part behind channel 2."""
    channel = place >> CHANNEL_BIT
    return "0x%02x" % (place & ADDRESS) + ("@%d" % (channel - 1) if channel else "")


class TCA9548A:
    """The multiplexer of a bus. address: 7 bits; 0 for a bus without one.

    `selected`: array "i" of one number, the channel plus one that is connected; 0 if that is not known. Machine code
    that selects a channel itself (blocks/i2c.py) writes it too.
    """

    def __init__(self, address):
        self.address = address
        self.selected = array("i", [0])
        self._frame = bytearray(1)

    def connect(self, i2c, channel):
        """Connect one channel, given plus one, and no other. i2c: machine.I2C. Raises OSError if there is no answer."""
        if self.selected[0] != channel:
            self.forget()
            self._frame[0] = 1 << (channel - 1)
            i2c.writeto(self.address, self._frame)
            self.selected[0] = channel

    def forget(self):
        """Note that it is not known which channel is connected."""
        self.selected[0] = 0
