"""Both networks: roles of nodes, DACs, switches and ADCs, and the waits between them, all in integers.

A code is a voltage in 1/65536 of the DAC's full scale.
"""

from array import array
from collections import namedtuple

import micropython

from . import wiring
from .nudge import OVERCLAMP, TOP_CODE, NudgeTerms, nudge_codes

# What the hot loop needs of a placement, looked up once. It unpacks copies that are plain tuples: a named one takes a
# few microseconds more, as MicroPython goes through its iterator.
Drivers = namedtuple("Drivers", ("channels", "codes", "n", "put", "flush"))
Measuring = namedtuple("Measuring", ("wait", "sample", "channels", "gains", "desired", "free", "terms"))


@micropython.native
def sample_each(reads, _counts, _n):
    """Sample outputs that are not neighbours on one ADC. reads: (sample, channels, counts, n) of each group."""
    for sample, channels, counts, n in reads:
        sample(channels, counts, n)


class Networks:
    """Drive and measure the free and the clamped network.

    config: the board's configuration. settling: Settling. before_connecting: called before nodes are driven from a
    safe state. Methods raise OSError naming the part that does not answer.
    """

    def __init__(self, config, settling, before_connecting):
        self.config = config
        self.n_nodes = len(config["nodes"])
        self.settling = settling
        self._before_connecting = before_connecting
        self.dacs, self.switches = wiring.i2c_parts(config, settling)
        self.adcs, *self._nominal = wiring.adcs(config)
        self.free_inputs, self.clamped_inputs = self._nominal  # ADC, channel, gain, offset by node
        self._reset = None
        if config["switches"]:
            from machine import Pin

            self._reset = Pin(config["switches"]["reset"], Pin.OUT, value=0)
        self.dac_channels = [None] * self.n_nodes
        for channel, node in enumerate(config["dac"]["channels"]):
            if node >= 0:
                self.dac_channels[node] = channel
        self.low = config["code_low"]
        self.high = config["code_low"] + config["code_span"]
        self.task_span_V = config["task_span_V"]
        self.nudge_terms = NudgeTerms(self.low, self.high)
        self.begun = False
        self.connected = False
        self.is_corrected = False  # whether corrections may be set
        self._set_roles(b"", b"")

    def begin(self):
        """Set up the I2C and SPI parts, every output at the lowest voltage."""
        self.power_switches()
        for part in [self.dacs] + self.switches + self.adcs:
            part.begin()
        self._set_all_low()
        self.dacs.flush()
        self.begun = True

    def _set_all_low(self):
        channels = bytes([channel for channel in self.dac_channels if channel is not None])
        self.dacs.set(channels, array("H", [self.low] * len(channels)), len(channels))

    def safe(self):
        """Open all switches; a board without switches drives all nodes equal."""
        self.connected = False
        if self._reset is not None:
            self._reset(0)
        elif self.begun:
            self._set_all_low()
            self.dacs.flush()

    def place(self, inputs, outputs, settle_us=None):
        """Give nodes their roles; all others are hidden. Every driver starts at the lowest voltage.

        inputs, outputs: node indices. settle_us: longest time that the free and the clamped network take to settle.
        Raises ValueError for a node that cannot have its role.
        """
        self._set_roles(inputs, outputs, settle_us)
        self._set_all_low()
        self.connected = False

    def place_outputs(self, outputs):
        """Give nodes the role of outputs; the inputs and their codes stay."""
        self.connected = self.connected and outputs == self.outputs
        codes = self.codes
        self._set_roles(self.inputs, outputs)
        for k in range(len(codes)):
            self.codes[k] = codes[k]

    def set_desired(self, desired):
        """Set the desired codes of the outputs, in the order of the roles."""
        for k in range(len(self.outputs)):
            self.desired[k] = desired[k]

    def set_corrections(self, corrections):
        """Set (gain, offset) of the DAC of each node, and of the ADC channel of each free and each clamped one.

        None: those of the configuration. Nodes have no roles afterwards.
        """
        inputs, n = self._nominal, self.n_nodes
        self.is_corrected = True
        for node, channel in enumerate(self.dac_channels):
            if channel is not None:
                pair = corrections[node] if corrections else (0, 0)
                self.dacs.corrections[2 * channel], self.dacs.corrections[2 * channel + 1] = pair
        if corrections:
            pairs = (corrections[n : 2 * n], corrections[2 * n :])
            inputs = [[c and c[:2] + tuple(pair) for c, pair in zip(*both)] for both in zip(inputs, pairs)]
        self.free_inputs, self.clamped_inputs = inputs
        self._set_roles(b"", b"")
        self.is_corrected = bool(corrections)

    def _set_roles(self, inputs, outputs, settle_us=None):
        """Look up and allocate once what a tick needs of its nodes."""
        nodes = self.config["nodes"]
        for node in bytes(inputs) + bytes(outputs):
            if self.dac_channels[node] is None:
                raise ValueError("%s cannot be an input or output: it has no driver" % nodes[node])
        n = len(outputs)
        free = array("H", [0] * n)
        gains = array("i", [0] * (2 * n))  # then offsets
        reads = []  # of neighbours on one ADC: how, channels, where they go, how many
        last = None
        for k, node in enumerate(outputs):
            if self.free_inputs[node] is None:
                raise ValueError("%s cannot be an output: its free node has no ADC channel" % nodes[node])
            adc, channel, gains[k], gains[n + k] = self.free_inputs[node]
            channels = bytes([channel])
            if adc is last:
                channels = reads.pop()[1] + channels
            reads.append((adc.sample, channels, memoryview(free)[k + 1 - len(channels) :], len(channels)))
            last = adc
        self.inputs = bytes(inputs)
        self.outputs = bytes(outputs)
        longest_us = self.config["settle_us"]
        self.settling.set_roles_us(settle_us or (longest_us, longest_us))
        self.codes = array("H", [self.low] * len(inputs))
        self.desired = array("H", [self.low] * n)
        self.free = free
        self.clamped = array("H", [0] * n)
        self.nudge_terms.n_outputs = n
        channels = [bytes([self.dac_channels[node] for node in role]) for role in (inputs, outputs)]
        put, flush = self.dacs.set, self.dacs.flush
        self._input_drivers = tuple(Drivers(channels[0], self.codes, len(inputs), put, flush))
        self._output_drivers = tuple(Drivers(channels[1], self.clamped, n, put, flush))
        terms = self.nudge_terms.words
        # A loop over the groups takes 8 us, so a single group goes without.
        sample, channels = reads[0][:2] if len(reads) == 1 else (sample_each, reads)
        self._measuring = tuple(Measuring(self.settling.wait, sample, channels, gains, self.desired, free, terms))

    @property
    def output_drivers(self):
        """Drivers of the outputs, clamped."""
        return Drivers(*self._output_drivers)

    @property
    def measuring(self):
        """Measuring of the free outputs."""
        return Measuring(*self._measuring)

    def power_switches(self):
        """Take the switches out of reset: an ADG715 held in reset may not answer."""
        if self._reset is not None:
            self._reset(1)

    def close_switches(self, free, clamped):
        """Close the switches of these nodes of either network, and open all others."""
        if self._reset is None:
            return
        switches = self.config["switches"]
        closed = 0
        for node in free:
            closed |= 1 << switches["free"][node]
        for node in clamped:
            closed |= 1 << switches["clamped"][node]
        self.power_switches()
        for chip in range(len(self.switches)):
            self.switches[chip].write(closed >> (8 * chip) & 255)

    def _connect(self):
        """Go from safe to driven: voltages first, then the switches of the present roles."""
        self._before_connecting()
        self.dacs.flush()
        self.close_switches(self.inputs, self.inputs + self.outputs)
        self.settling.changed()
        self.connected = True

    def apply(self, codes):
        """Drive the inputs with codes, in the order of the roles."""
        for k in range(len(self.inputs)):
            self.codes[k] = codes[k]
        self.drive_inputs()

    @micropython.native
    def drive_inputs(self):
        """Put `codes` on the inputs."""
        channels, codes, n, put, flush = self._input_drivers
        put(channels, codes, n)
        if self.connected:
            flush()
        else:
            self._connect()
        settling = self.settling
        settling.us, settling.clamp_us = settling.roles_us

    @micropython.native
    def nudge(self):
        """Measure the outputs (`free`) and clamp their twins to `clamped` (eq. 1)."""
        if not self.connected:
            self._connect()
        wait, sample, adc_channels, gains, desired, free, terms = self._measuring
        channels, codes, n, put, flush = self._output_drivers
        wait()
        sample(adc_channels, free, n)
        nudge_codes(gains, desired, free, codes, terms)
        put(channels, codes, n)
        flush()
        settling = self.settling
        settling.us = settling.roles_us[1] if terms[OVERCLAMP] else settling.clamp_us  # overclamping swings far

    def infer(self, codes):
        """Drive input codes and return the codes of the free network's outputs."""
        self.apply(codes)
        return [self.read(node) for node in self.outputs]

    def read(self, node, clamped=False):
        """Return the code of a node, or None where there is no ADC channel."""
        channel = (self.clamped_inputs if clamped else self.free_inputs)[node]
        if channel is None:
            return None
        self.settling.wait()
        return max(0, min((channel[0].read(channel[1]) * channel[2] + channel[3]) >> 12, TOP_CODE))

    def code(self, volts):
        """Return the code of task volts (0..task_span_V)."""
        return self.low + round(volts / self.task_span_V * (self.high - self.low))

    def volts(self, code):
        """Return the task volts of a code; a measured one may lie outside 0..task_span_V."""
        return self.task_span_V * (code - self.low) / (self.high - self.low)
