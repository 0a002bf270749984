"""A bench in plain Python, for CPython and MicroPython alike: the project's part models around a small exact circuit.

Wired from the firmware's own configuration (JSON), with ideal parts; the virtual board has its own wiring.
"""

import sys

import machine
import virtual_time
from chips import RP2040
from parts.ad7490 import AD7490
from parts.adg715 import ADG715
from parts.ads7953 import ADS7953
from parts.fixture import Fixture
from parts.hc74 import EdgeFlipFlops
from parts.hc165 import HC165
from parts.hc595 import HC595
from parts.i2c_lines import I2CLines
from parts.i2c_shared import move_part, parts_at
from parts.mcp4728 import MCP4728
from parts.pot import Storage, UpDownPot
from parts.rp2040 import AnalogPin
from parts.spi_bus import SPIBus
from parts.tca9548a import TCA9548A

FULL_SCALE_V = 4.096
SPI_ADCS = {"ADS7953": ADS7953, "AD7490": AD7490}
LATCH_LINES = ("latch", "preset", "clear")


def power_on_tap(config):
    """Return the tap at which the pots of the models power on; a part that does not say so is at 41."""
    tap = config["pot"]["power_on_tap"]
    return 41 if tap is None else tap


def place_name(place):
    """Return the text of a place on the I2C bus: "0x61", behind channel 2 of the multiplexer "0x61@2"."""
    return "0x%02x" % (place & 127) + ("@%d" % ((place >> 7) - 1) if place > 127 else "")


class Circuit:
    """Both networks with ideal 100 k pots, solved by Gaussian elimination."""

    def __init__(self, config):
        self.edges = config["edges"]
        self.n = len(config["nodes"])
        start = power_on_tap(config)
        self.taps = [[start] * len(self.edges), [start] * len(self.edges)]
        self.source = [0.0] * self.n
        self.drive = [[0.0] * self.n, [0.0] * self.n]
        for network, wired in enumerate((config["wired_free"], config["wired_clamped"])):
            for node in wired:
                self.drive[network][node] = 1e6
        self._solved = [None, None]  # (what the voltages depend on, the voltages) of each network

    def voltages(self, network):
        """Return node voltages, (nodes,) V. They are computed anew only after a change of a tap, source or switch."""
        depends = self.taps[network] + self.source + self.drive[network]
        if self._solved[network] is None or self._solved[network][0] != depends:
            self._solved[network] = depends, self._solve(network)
        return self._solved[network][1]

    def _solve(self, network):
        n = self.n
        rows = [[0.0] * (n + 1) for _ in range(n)]
        for node in range(n):
            leak = 1e-15
            rows[node][node] = self.drive[network][node] + leak
            rows[node][n] = self.drive[network][node] * self.source[node]
        for (a, b), tap in zip(self.edges, self.taps[network]):
            g = 1 / (tap * 781.25 + 1040)
            rows[a][a] += g
            rows[b][b] += g
            rows[a][b] -= g
            rows[b][a] -= g
        for k in range(n):
            for row in range(k + 1, n):
                factor = rows[row][k] / rows[k][k]
                for column in range(k, n + 1):
                    rows[row][column] -= factor * rows[k][column]
        volts = [0.0] * n
        for k in range(n - 1, -1, -1):
            rest = sum([rows[k][j] * volts[j] for j in range(k + 1, n)])
            volts[k] = (rows[k][n] - rest) / rows[k][k]
        return volts

    def compare(self):
        free, clamped = self.voltages(0), self.voltages(1)
        cmp = [clamped[a] - clamped[b] - free[a] + free[b] > 2e-10 for a, b in self.edges]
        sgn = [free[a] - free[b] > 1e-10 for a, b in self.edges]
        return [int(high) for high in cmp + sgn]


def dac_volts(_channel, count):
    """Return the volts of a DAC without errors."""
    return 4.096 * count / 4096


class Rig:
    """One board of the models and its firmware. `machine` and `time` are the stand-ins from here on.

    chip: of chips.py, powered on just now. `registers`: those of the firmware.
    """

    def __init__(self, config, chip=RP2040):
        self.config = config
        self.chip = chip
        self.faults = []
        self.bench = Fixture(lambda part, text: self.faults.append(part + ": " + text))
        self.bench.memory = {chip.CHIP_RESET: chip.HAD_POR}
        machine.fixture = virtual_time.fixture = self.bench
        self.circuit = Circuit(config)
        self.pots = []
        self._wire()

    def _wire(self):
        bench, config, circuit = self.bench, self.config, self.circuit
        n = len(circuit.edges)
        if config["shift_out"]:
            chain = config["shift_out"]
            outs = [bench.net("out%d" % i, int(i in config["cs"]["bits"])) for i in range(8 * chain["chips"])]
            bench.net(self._gp(chain["enable"]), 1)
            HC595(bench, *[bench.net(self._gp(chain[k])) for k in ("clock", "data", "latch", "enable")], outs)
            if config["flip_flops"]:
                updown = [bench.net("updown%d" % i) for i in range(n)]
                latch, preset, clear = [bench.net(self._gp(config["flip_flops"][k])) for k in LATCH_LINES]
                EdgeFlipFlops(bench, latch, preset, clear, circuit.compare, updown)
            else:
                updown = [outs[i] for i in config["updown"]["bits"]]
            cs = [outs[i] for i in config["cs"]["bits"]]
        else:
            updown = [bench.net(self._gp(pin)) for pin in config["updown"]["pins"]]
            cs = [bench.net(self._gp(pin), 1) for pin in config["cs"]["pins"]]
        clk = bench.net(self._gp(config["clk"]))
        storage = Storage(2900, 20_000_000) if config["pot"]["deselect"] == "cs_high_while_clk_low" else None
        pot = power_on_tap(config), config["pot"]["top_tap"], int(config["pot"]["step_edge"] == "rising"), storage
        for network in (0, 1):
            for i in range(n):
                self.pots.append(UpDownPot(bench, "pot", clk, updown[i], cs[i], self._moved(network, i), *pot))
        if config["shift_in"]:
            chain = config["shift_in"]
            ins = [None] * (8 * chain["chips"])
            if config["flip_flops"]:
                for net, bit in zip(updown, config["flip_flops"]["readback"]["bits"]):
                    ins[bit] = net
            else:
                for i, bit in enumerate(config["cmp"]["bits"] + config["sgn"]["bits"]):
                    ins[bit] = self._output(bench.net("in%d" % bit), i)
            HC165(bench, *[bench.net(self._gp(chain[k])) for k in ("load", "clock", "data")], ins)
        else:
            for i, pin in enumerate(config["cmp"]["pins"] + config["sgn"]["pins"]):
                self._output(bench.net(self._gp(pin)), i)
        lines = [bench.net(self._gp(config["i2c"][name]), 1) for name in ("sda", "scl")]
        bench.i2c_lines[0] = I2CLines(bench, 0, *lines)
        if "mux" in config["i2c"]:
            bench.i2c_muxes[0] = bench.i2c[0, config["i2c"]["mux"]] = TCA9548A()
        for chip, address in enumerate(config["dac"]["addresses"]):
            ldac = bench.net("LDAC%d" % chip)
            place = address & 127, ldac, bench.i2c_lines[0].bits, self._readdressed
            bench.i2c[0, address] = MCP4728(bench, "dac", dac_volts, self._drives(4 * chip), *place)
        switches = config["switches"]
        if switches:
            for chip, address in enumerate(switches["addresses"]):
                reset = bench.net(self._gp(switches["reset"]))
                bench.i2c[0, address] = ADG715(bench, "switch", reset, self._switches(8 * chip))
        for adc in config["adc"]:
            sample = self._sample(adc)
            if adc["part"] in SPI_ADCS:
                bus = bench.spi.setdefault(1, SPIBus(bench))
                part = SPI_ADCS[adc["part"]]
                bus.parts.append(part(bench, bench.net(self._gp(adc["cs"]), 1), sample, adc.get("name", adc["part"])))
            else:
                for channel, pin in enumerate(adc["pins"]):
                    bench.adc[self._gp(pin)] = AnalogPin(sample, channel)

    def _gp(self, pin):
        return "GP%d" % pin

    def _moved(self, network, edge):
        def moved(tap):
            self.circuit.taps[network][edge] = tap

        return moved

    def _output(self, net, i):
        net.source = lambda: self.circuit.compare()[i]
        return net

    def _readdressed(self, part, address):
        i2c = self.bench.i2c
        key = [key for key in i2c if part in parts_at(i2c, key)][0]
        move_part(i2c, part, key, (0, key[1] & ~0x7F | address))

    def _drives(self, first):
        def output(channel, volts):
            node = self.config["dac"]["channels"][first + channel]
            if node >= 0:
                self.circuit.source[node] = volts

        return output

    def _switches(self, first):
        def switched(switch, closed):
            for network, name in enumerate(("free", "clamped")):
                bits = self.config["switches"][name]
                if first + switch in bits:
                    self.circuit.drive[network][bits.index(first + switch)] = 0.4 * closed

        return switched

    def _sample(self, adc):
        scale = adc["gain"] / 65536 / 4096 * FULL_SCALE_V  # volts of one count

        def sample(channel):
            node, network = adc["channels"][channel]
            return min(4095, int(self.circuit.voltages(network)[node] / scale + 0.5))

        return sample

    def model_taps(self):
        """Taps of the pots themselves; both twins must agree."""
        n = len(self.circuit.edges)
        taps = [pot.tap for pot in self.pots]
        assert taps[:n] == taps[n:], "the twins stand at different taps"
        return taps[:n]

    @property
    def registers(self):
        from twinohm_fw.drivers.platform import registers

        return registers

    def is_new(self):
        """Return whether no pot has moved, so that a board that does not know its taps has just been powered on."""
        return set(self.model_taps()) == {power_on_tap(self.config)}

    def twin(self):
        """A fresh start of the firmware on this hardware."""
        from twinohm_fw.core.twin import Twin

        return Twin(self.config)


def code(rig, volts):
    return rig.config["code_low"] + round(volts / 5 * rig.config["code_span"])


def task(config):
    """Return (inputs, volts, outputs, volts) of what a board learns here; nodes are indices.

    The divider's target, two outputs of kit5, or lab16's allostery.
    """
    if config["wired_free"]:
        inputs = config["wired_free"]
        outputs = [node for node in config["wired_clamped"] if node not in inputs]
        return list(inputs), [5, 0], outputs, [1.5] if len(outputs) == 1 else [2, 3]
    inputs, outputs = ([config["nodes"].index(name) for name in names] for names in ("BDI", "FGH"))
    return inputs, [5, 1, 0], outputs, [3, 3, 3]


def learning(rig):
    """A twin that is about to learn task()."""
    twin = rig.twin()
    if not twin.known and rig.is_new():
        twin.restore(bytes([rig.config["start_tap"]] * twin.n_edges))
    inputs, inputs_V, outputs, desired_V = task(rig.config)
    twin.place(inputs, outputs, 4096)
    for k, volts in enumerate(desired_V):
        twin.networks.desired[k] = code(rig, volts)
    twin.networks.apply([code(rig, volts) for volts in inputs_V])
    return twin


def record(twin):
    """Return room for the record of one tick."""
    from twinohm_fw.protocol.messages import record_size

    return bytearray(record_size(len(twin.networks.outputs), twin.n_edges))


def raises(kind, function, *arguments):
    """The text of the exception that must come."""
    try:
        function(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError("no " + kind.__name__)


def is_micropython():
    return sys.implementation.name == "micropython"


def on_registers():
    """Whether the firmware takes its path of machine code here (register_map.py)."""
    from twinohm_fw.drivers import platform

    return platform.FAST
