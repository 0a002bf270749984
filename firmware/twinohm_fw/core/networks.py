"""Voltages as integers: roles of nodes, DACs, switches and ADCs, and the waits between them.

A code is a voltage in 1/65536 of the DAC's full scale.
"""

from array import array

import micropython

from ..drivers.settling import settling
from . import wiring
from .nudge import TOP_CODE, nudge_codes

STEP = 0.4  # of the longest settling: after one step of every pot: enough in tests/unit/test_settling.py


class Drive:
    """Drives and measures both networks. Methods raise OSError naming the part that does not answer."""

    def __init__(self, config):
        self.config = config
        self.n_nodes = len(config["nodes"])
        self._settling = settling(config["settle_us"])
        self._longest = (config["settle_us"], config["settle_us"])
        self._dacs, self._switches = wiring.i2c_parts(config, self._settling)
        self._adcs, *self._nominal = wiring.adcs(config)
        self._free, self._clamped = self._nominal
        self._reset = None
        if config["switches"]:
            from machine import Pin

            self._reset = Pin(config["switches"]["reset"], Pin.OUT, value=0)
        self._channel = [None] * self.n_nodes  # the DAC's
        for channel, node in enumerate(config["dac"]["channels"]):
            if node >= 0:
                self._channel[node] = channel
        self.low = config["code_low"]
        self.high = config["code_low"] + config["code_span"]
        self.limits = array("i", [0, 0, self.low, self.high, 0])  # of rule.clamp()
        self._begun = False
        self._armed = False
        self._set_roles(b"", b"")

    def begin(self):
        """Set up the I2C and SPI parts once; every output at the lowest voltage."""
        if self._begun:
            return
        if self._reset is not None:
            self._reset(1)  # an ADG715 held in reset may not answer
        for part in [self._dacs] + self._switches + self._adcs:
            part.begin()
        self._all_low()
        self._dacs.flush()
        self._begun = True
        self.safe()

    def _all_low(self):
        channels = bytes([channel for channel in self._channel if channel is not None])
        self._dacs.set(channels, array("H", [self.low] * len(channels)), len(channels))

    def safe(self):
        """All switches open; a board without switches drives all nodes equal."""
        self._armed = False
        if self._reset is not None:
            self._reset(0)
        elif self._begun:
            self._all_low()
            self._dacs.flush()

    def place(self, inputs, outputs, settle_us=None):
        """Roles by node index; all others are hidden. Every driver starts at the lowest voltage. settle_us: longest
        that the free and the clamped network take with these roles.
        """
        self.begin()
        self._set_roles(inputs, outputs, settle_us)
        self._all_low()
        self._armed = False

    def correct(self, corrections=None):
        """(gain, offset) of every ADC channel, free nodes, then clamped ones, as wiring.adcs() has them; None: those of
        the configuration. After a change the board is safe and without roles.
        """
        known = self._nominal
        if not corrections and self._free is known[0]:
            return
        self.safe()
        if corrections:
            n = self.n_nodes
            pairs = (corrections[:n], corrections[n:])
            known = [[c and c[:2] + tuple(pair) for c, pair in zip(*both)] for both in zip(known, pairs)]
        self._free, self._clamped = known
        self._set_roles(b"", b"")

    def _set_roles(self, inputs, outputs, settle_us=None):
        """Everything that a tick needs of its nodes, looked up and allocated once."""
        nodes = self.config["nodes"]
        for node in bytes(inputs) + bytes(outputs):
            if self._channel[node] is None:
                raise ValueError("%s cannot be an input or output: it has no driver" % nodes[node])
        n = len(outputs)
        free = array("H", [0] * n)
        gains = array("i", [0] * (2 * n))  # then offsets
        reads = []  # of neighbours on one ADC: how, channels, where they go, how many
        last = None
        for k, node in enumerate(outputs):
            if self._free[node] is None:
                raise ValueError("%s cannot be an output: its free node has no ADC channel" % nodes[node])
            adc, channel, gains[k], gains[n + k] = self._free[node]
            channels = bytes([channel])
            if adc is last:
                channels = reads.pop()[1] + channels
            reads.append((adc.sample, channels, memoryview(free)[k + 1 - len(channels) :], len(channels)))
            last = adc
        self.inputs = bytes(inputs)
        self.outputs = bytes(outputs)
        self.settle_us = settle_us or self._longest
        self._clamp_us = self.settle_us[1]  # after the next clamping
        self._step_us = [int(STEP * us) + 1 for us in self.settle_us]
        self.codes = array("H", [self.low] * len(inputs))
        self.desired = array("H", [self.low] * n)
        self.free = free
        self.clamped = array("H", [0] * n)
        self.limits[0] = n
        driven, clamped = [bytes([self._channel[node] for node in role]) for role in (inputs, outputs)]
        self._driving = (driven, self.codes, len(inputs), self._dacs.set, self._dacs.flush)
        self._measuring = (self._settling.wait, reads, gains, self.desired, free, self.limits)
        self._clamping = (clamped, self.clamped, n, self._dacs.set, self._dacs.flush)

    def _arm(self):
        """From safe to driven: voltages first, then the switches of the present roles."""
        self.begin()
        self._dacs.flush()
        if self._reset is not None:
            self._reset(1)
            switches = self.config["switches"]
            closed = 0
            for node in self.inputs:
                closed |= 1 << switches["free"][node] | 1 << switches["clamped"][node]
            for node in self.outputs:
                closed |= 1 << switches["clamped"][node]
            for chip in range(len(self._switches)):
                self._switches[chip].write(closed >> (8 * chip) & 255)
        self._settling.changed()
        self._armed = True

    def apply(self, codes):
        """Input codes, in the order of the roles."""
        for k in range(len(self.inputs)):
            self.codes[k] = codes[k]
        self.drive()

    @micropython.native
    def drive(self):
        """Put `codes` on the inputs."""
        channels, codes, n, put, flush = self._driving
        put(channels, codes, n)
        if self._armed:
            flush()
        else:
            self._arm()
        self._clamp_us = self.settle_us[1]
        self._settling.us = self.settle_us[0]

    @micropython.native
    def nudge(self):
        """Measure the outputs (`free`) and clamp their twins to `clamped` (eq. 1). Returns rule.clamp()'s squares."""
        if not self._armed:
            self._arm()
        wait, reads, gains, desired, free, limits = self._measuring
        channels, codes, n, put, flush = self._clamping
        wait()
        for sample, adc_channels, into, count in reads:
            sample(adc_channels, into, count)
        squares = nudge_codes(gains, desired, free, codes, limits)
        put(channels, codes, n)
        flush()
        self._settling.us = self.settle_us[1] if limits[4] else self._clamp_us  # overclamping swings far
        return squares

    def infer(self, codes):
        """Drive input codes and return the free networks' output codes."""
        self.apply(codes)
        return [self.read(node) for node in self.outputs]

    def read(self, node, clamped=False):
        """Code of a node, or None where there is no ADC channel."""
        channel = (self._clamped if clamped else self._free)[node]
        if channel is None:
            return None
        self._settling.wait()
        return max(0, min((channel[0].read(channel[1]) * channel[2] + channel[3]) >> 12, TOP_CODE))
