"""MCP4728 on I2C (Microchip DS22187E, section 5). With /LDAC low, outputs follow each channel's last acknowledge.

The chip takes an address, or tells it, if its own /LDAC falls at LDAC_FALLS of the transfer (figures 5-6 and 5-11).
"""

SUPPLY_V = 5.0
FIRST_ADDRESS = 0x60
LDAC_FALLS = (1, 8, 0)  # moment (i2c_bits.py): between the 8th and the 9th clock of the second byte
LDAC_STAYS = (2, 9, 1)  # low until then: the 9th clock of the third byte
READ_ADDRESS = 0x0C  # after a general call
WRITE_NS = 50_000_000  # of its EEPROM, page 6
# As delivered: code 0, gain 1; reference internal by two boards, supply by a third (hardware/sources/MCP4728.*).


class MCP4728:
    """One chip. `output(channel, volts)` is called when an output changes; power-down is not driven by the firmware.

    volts(channel, count): what an output has with the internal reference and gain 2. ldac: net of its /LDAC; lines:
    I2CBits of its bus; `moved(part, address)` is called when it has another address.
    """

    def __init__(self, fixture, name, volts, output, address, ldac, lines, moved):
        self.name = name
        self._fixture = fixture
        self._curve = volts
        self._output = output
        self._code = [0] * 4
        self._internal = [1] * 4
        self._gain = [1] * 4
        self._volts = [0.0] * 4
        self._frame = []
        self._reading = False
        self.address = address
        self._ldac = ldac
        self._lines = lines
        self._moved = moved
        self._fell_at = None  # moment of the transfer at which /LDAC fell
        self._heard = False  # whether the last byte of a new address was acknowledged
        self._new = None  # address that the chip was given and has still to be confirmed
        self._address_byte = None  # to be read after a general call
        self._busy_until_ns = 0
        ldac.listeners.append(self._ldac_moved)

    def _ldac_moved(self, level, width):
        if level:
            self._fell_at = None
            if self._lines.moment is None or self._lines.moment < LDAC_STAYS:
                self._new = None
        else:
            self._fell_at = self._lines.moment
            self.refresh()

    def refresh(self):
        """Set all outputs again, as the curve is another now."""
        for channel in range(4):
            self._show(channel)

    def start(self, read):
        """A (repeated) start with this chip's address. Returns the acknowledge."""
        if self._fixture.now_ns < self._busy_until_ns:
            self._fixture.violate(self.name, "a transfer while its EEPROM is written")
        self._frame = []
        self._reading = read
        self._address_byte = self._new = None
        return True

    def general_call(self, byte):
        """A byte after a general call, None for the call itself. Returns the acknowledge."""
        self._address_byte = None
        if byte == READ_ADDRESS:
            bits = self.address - FIRST_ADDRESS
            self._address_byte = bits << 5 | 1 << 4 | bits << 1
        return byte in (None, READ_ADDRESS)

    def start_after_general_call(self, byte):
        """The address byte of the repeated start. Returns the acknowledge: only the chip whose /LDAC fell gives it."""
        if byte & 0xF1 != 0xC1 or self._address_byte is None or self._fell_at != LDAC_FALLS or self._ldac.level:
            self._address_byte = None
            return False
        return True

    def write(self, byte):
        frame = self._frame
        frame.append(byte)
        command = frame[0] >> 5
        if frame[0] >> 6 == 0:  # fast write: two bytes a channel
            if len(frame) > 8:
                self._fixture.violate(self.name, "fast write of more than four channels")
                return False
            if len(frame) & 1 == 0:
                channel = len(frame) // 2 - 1
                if frame[-2] & 0x30:
                    self._fixture.violate(self.name, "power-down loads the node of channel %d" % channel)
                self._code[channel] = (frame[-2] & 15) << 8 | byte
                self._show(channel)
        elif command in (0b100, 0b110) and len(frame) == 1:
            for channel in range(4):
                bit = byte >> (3 - channel) & 1
                if command == 0b100:
                    self._internal[channel] = bit
                else:
                    self._gain[channel] = 1 + bit
                self._show(channel)
        elif frame[0] >> 3 == 0b01000:  # multi-write: three bytes a channel
            if len(frame) % 3 == 0:
                channel = frame[-3] >> 1 & 3
                self._code[channel] = (frame[-2] & 15) << 8 | byte
                self._internal[channel] = frame[-2] >> 7
                self._gain[channel] = 1 + (frame[-2] >> 4 & 1)
                self._show(channel)
        elif command == 0b011:
            return self._take_address(len(frame), byte)
        else:
            self._fixture.violate(self.name, "command 0x%02x of %d bytes is not modelled" % (frame[0], len(frame)))
            return False
        return True

    def _take_address(self, count, byte):
        """One of the three bytes that give the chip another address. Returns the acknowledge."""
        address = FIRST_ADDRESS + (byte >> 2 & 7)
        if byte & 0xE3 != 0x60 | count:
            heard = False
        elif count == 1:
            heard = address == self.address
        elif count == 2:
            heard = self._heard and self._fell_at == LDAC_FALLS and not self._ldac.level
            self._new = address if heard else None
        else:
            heard = self._heard and address == self._new
        self._heard = heard  # what follows a byte that was not acknowledged is ignored
        if not heard or count < 3:
            return heard
        self.address, self._new = address, None
        self._busy_until_ns = self._fixture.now_ns + WRITE_NS
        self._moved(self, address)
        return True

    def read(self):
        """Next byte: its address if a general call asked for it, or one of 24.

        These are per channel status and two data bytes, then the same from EEPROM.
        """
        if self._address_byte is not None:
            return self._address_byte
        at = len(self._frame)
        self._frame.append(0)
        channel = at // 6 & 3
        if at % 3 == 0:
            return 0xC0 | channel << 4 | self.address - FIRST_ADDRESS
        if at % 3 == 1:
            high = self._internal[channel] << 7 | (self._gain[channel] - 1) << 4 | self._code[channel] >> 8
            return high if at % 6 < 3 else 0x80
        return self._code[channel] & 255 if at % 6 < 3 else 0

    def stop(self):
        frame = self._frame
        if not self._reading and frame and frame[0] >> 6 == 0 and len(frame) & 1:
            self._fixture.violate(self.name, "fast write of %d bytes: half a channel" % len(frame))

    def _show(self, channel):
        if self._ldac.level:
            return  # until it falls
        if not self._internal[channel]:
            volts = SUPPLY_V * self._code[channel] / 4096
        else:
            volts = self._curve(channel, self._code[channel]) * self._gain[channel] / 2
        if volts != self._volts[channel]:
            self._volts[channel] = volts
            self._output(channel, volts)
