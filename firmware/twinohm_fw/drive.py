"""Voltages as integers: roles of nodes, DACs, switches and ADCs, and the waits between them.

A code is a voltage in 1/65536 of the DAC's full scale.
"""

import time

from . import wiring

TOP_CODE = 65535


class Drive:
    """Drives and measures both networks. Methods raise OSError naming the part that does not answer."""

    def __init__(self, config):
        self.config = config
        self.n_nodes = len(config["nodes"])
        self._dacs, self._switches = wiring.i2c_parts(config)
        self._adcs, self._free, self._clamped = wiring.adcs(config)
        self._reset = None
        if config["switches"]:
            from machine import Pin

            self._reset = Pin(config["switches"]["reset"], Pin.OUT, value=0)
        self._channel = [None] * self.n_nodes
        for channel, node in enumerate(config["dac"]["channels"]):
            if node >= 0:
                self._channel[node] = (self._dacs[channel >> 2], channel & 3)
        self.low = config["code_low"]
        self.high = config["code_low"] + config["code_span"]
        self._settle_us = config["settle_us"]
        self._changed_us = time.ticks_us()
        self._begun = False
        self._armed = False
        self.inputs = b""
        self.outputs = b""

    def begin(self):
        """Set up the I2C and SPI parts once; every output at the lowest voltage."""
        if self._begun:
            return
        if self._reset:
            self._reset(1)  # an ADG715 held in reset may not answer
        for part in self._dacs + self._switches + self._adcs:
            part.begin()
        self._all_low()
        self._flush()
        self._begun = True
        self.safe()

    def _all_low(self):
        for dac, channel in filter(None, self._channel):
            dac.set(channel, self.low)

    def safe(self):
        """All switches open; a board without switches drives all nodes equal."""
        self._armed = False
        if self._reset:
            self._reset(0)
        elif self._begun:
            self._all_low()
            self._flush()

    def place(self, inputs, outputs):
        """Roles by node index; all others are hidden. Every driver starts at the lowest voltage."""
        self.begin()
        self.inputs = bytes(inputs)
        self.outputs = bytes(outputs)
        self._all_low()
        self._armed = False

    def _arm(self):
        """From safe to driven: voltages first, then the switches of the present roles."""
        self.begin()
        self._flush()
        if self._reset:
            self._reset(1)
            switches = self.config["switches"]
            closed = 0
            for node in self.inputs:
                closed |= 1 << switches["free"][node] | 1 << switches["clamped"][node]
            for node in self.outputs:
                closed |= 1 << switches["clamped"][node]
            for chip in range(len(self._switches)):
                self._switches[chip].write(closed >> (8 * chip) & 255)
            self._changed_us = time.ticks_us()
        self._armed = True

    def apply(self, codes):
        """Input codes, in the order of the roles."""
        for k in range(len(self.inputs)):
            dac, channel = self._channel[self.inputs[k]]
            dac.set(channel, codes[k])
        if self._armed:
            self._flush()
        else:
            self._arm()

    def _flush(self):
        for dac in self._dacs:
            if dac.flush():
                self._changed_us = time.ticks_us()

    def _settle(self):
        left = self._settle_us + 1 - time.ticks_diff(time.ticks_us(), self._changed_us)
        if left > 0:
            time.sleep_us(left)

    def read(self, node, clamped=False):
        """Code of a node, or None where there is no ADC channel."""
        channel = (self._clamped if clamped else self._free)[node]
        if channel is None:
            return None
        self._settle()
        return self._read(channel)

    def _read(self, channel):
        return min((channel[0].read(channel[1]) * channel[2] + 2048) >> 12, TOP_CODE)
