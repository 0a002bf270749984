"""MCP4728 on I2C (Microchip DS22187E, section 5): LDAC low, so outputs follow each channel's last acknowledge."""

SUPPLY_V = 5.0
# From memory of table 4-2: as delivered the reference is internal, gain 1, code 0.


class MCP4728:
    """One chip. `output(channel, volts)` is called when an output changes; power-down is not driven by the firmware.

    volts(channel, count): what an output has with the internal reference and gain 2.
    """

    def __init__(self, fixture, name, volts, output):
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

    def refresh(self):
        """Set all outputs again, as the curve is another now."""
        for channel in range(4):
            self._show(channel)

    def start(self, read):
        """A (repeated) start with this chip's address. Returns the acknowledge."""
        self._frame = []
        self._reading = read
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
        else:
            self._fixture.violate(self.name, "command 0x%02x of %d bytes is not modelled" % (frame[0], len(frame)))
            return False
        return True

    def read(self):
        """Next byte of the 24 that the chip sends: per channel status, two data bytes, then the same from EEPROM."""
        at = len(self._frame)
        self._frame.append(0)
        channel = at // 6 & 3
        if at % 3 == 0:
            return 0xC0 | channel << 4
        if at % 3 == 1:
            high = self._internal[channel] << 7 | (self._gain[channel] - 1) << 4 | self._code[channel] >> 8
            return high if at % 6 < 3 else 0x80
        return self._code[channel] & 255 if at % 6 < 3 else 0

    def stop(self):
        frame = self._frame
        if not self._reading and frame and frame[0] >> 6 == 0 and len(frame) & 1:
            self._fixture.violate(self.name, "fast write of %d bytes: half a channel" % len(frame))

    def _show(self, channel):
        if not self._internal[channel]:
            volts = SUPPLY_V * self._code[channel] / 4096
        else:
            volts = self._curve(channel, self._code[channel]) * self._gain[channel] / 2
        if volts != self._volts[channel]:
            self._volts[channel] = volts
            self._output(channel, volts)
