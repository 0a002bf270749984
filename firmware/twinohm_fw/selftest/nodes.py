"""Test the nodes: DAC, driver, switch, buffer and ADC of each, as one loop. All pots are at START.

A channel is (network, node). With all switches closed each must follow the driver of its own node and no other; then
one network is driven at a single node and must float to its voltage.
"""

from ..drivers.mcp4728 import CHANNELS
from ..drivers.tca9548a import place_name
from .levels import LOW, NETWORKS, SWING, WITH_DIODES

READINGS = 16  # of every channel, for its noise
NOISE = 0.05  # V, peak to peak
OFFSET = 0.05  # V, at LOW
RANGE = 0.15  # V, near the top
GAIN = 0.05  # share of SWING
FOLLOWS = 0.95
IGNORES = 0.8
LEAST = 0.015  # share of a neighbour at tap START; 0.03 if it is at tap 0


class NodesTest:
    """Test every node. test: SelfTest that gets the findings."""

    def __init__(self, test):
        self._test = test
        self._board = test.board
        self._swing = WITH_DIODES if test.diodes else SWING
        self._channels = [(network, node) for network in (0, 1) for node in test.board.measured[network]]

    def run(self):
        self._loop()
        if self._board.switched and not self._test.found:
            self._floating()

    def _loop(self):
        """Raise every driver in turn by `_swing`: each channel must follow the driver of its own node, and no other."""
        every = range(len(self._board.nodes))
        self._board.drive([LOW for _ in every])
        self._board.connect(*self._board.driven)
        sweeps = [self._board.read_all() for _ in range(READINGS)]
        base = {}
        loud = []
        for channel in self._channels:
            values = [sweep[channel[0]][channel[1]] for sweep in sweeps]
            base[channel] = sum(values) / READINGS
            if max(values) - min(values) > NOISE:
                loud.append(channel)
        if 2 * len(loud) > len(base):
            self._test.add(("noisy", "supply"))
            return
        follows = {channel: [0.0 for _ in every] for channel in base}
        for driver in self._board.driven[1]:
            self._board.drive([LOW + self._swing if node == driver else LOW for node in every])
            volts = self._board.read_all()
            for network, node in base:
                share = (volts[network][node] - base[network, node]) / self._swing
                follows[network, node][driver] = share
        if self._board.switched:
            self._board.connect([], [])
        self._board.drive([5 - LOW for _ in every])
        self._board.connect(*self._board.driven)
        top = self._board.read_all()
        self._judge(base, follows, top)

    def _judge(self, base, follows, top):
        wrong = {}  # channel: the driver that it follows instead
        floats = []
        off = []
        bridges = self._board.has_bridges
        if bridges:
            from .bridge_nodes import BridgeNodes

            BridgeNodes(self._test).judge(follows)
        for channel in sorted(base):
            network, node = channel
            row = follows[channel]
            most = max(row)
            if bridges:
                pass
            elif self._board.hangs(node, network):
                near = [row[a + b - node] for a, b in self._board.edges if node in (a, b)]
                if abs(sum(row) - 1) > GAIN or min(near) < LEAST:
                    floats.append(channel)
            elif row[node] < IGNORES and most > FOLLOWS:
                wrong[channel] = row.index(most)
            elif row[node] < IGNORES:
                floats.append(channel)
            if abs(base[channel] - LOW) > OFFSET or abs(top[network][node] - 5 + LOW) > RANGE:
                off.append(channel)
        self._crossed(wrong)
        for network, node in floats:
            here = [channel for channel in floats if channel[1] == node]
            there = [channel for channel in base if channel[1] == node]
            if abs(sum(follows[network, node])) < GAIN:
                self._test.add(("open", "adc." + self._board.name(node, network)))
            elif not self._board.switched:
                self._hanging(network, node, follows[network, node])
            elif len(here) < len(there):
                self._test.add(("open", "switch." + self._board.name(node, network)))
            elif (network, node) == here[0]:
                switch = [] if len(there) > 1 else [("open", "switch." + self._board.name(node, network))]
                self._test.add(("open", "driver." + self._board.name(node)), *switch)
        if not self._test.found:
            self._offsets(off)

    def _crossed(self, wrong):
        reported = set()
        for channel in sorted(wrong):
            network, node = channel
            other = wrong[channel]
            mine = [c for c in self._channels if c[1] == node]
            theirs = [c for c in self._channels if c[1] == other]
            partners = [c for c in theirs if wrong.get(c) == node]
            if channel in reported:
                continue
            if all(wrong.get(c) == other for c in mine) and partners == theirs:
                reported.update(mine + theirs)
                self._test.add(("swapped", "driver." + self._board.name(node), "driver." + self._board.name(other)))
            elif partners:
                reported.update([channel, partners[0]])
                names = (self._board.name(node, network), self._board.name(other, partners[0][0]))
                self._test.add(("swapped", "adc." + names[0], "adc." + names[1]))
            else:
                self._test.add(("open", "adc." + self._board.name(node, network)))

    def _hanging(self, network, node, row):
        """Report a floating node that lacks one of its neighbours: a driver or pot is open, or drivers are crossed."""
        for k, (a, b) in enumerate(self._board.edges):
            if node in (a, b) and row[a + b - node] < LEAST:
                other = self._board.name(a + b - node)
                if row[node] > GAIN:
                    names = sorted([other, self._board.name(node)])
                    self._test.add(("swapped", "driver." + names[0], "driver." + names[1]))
                else:
                    pot = "pot.%s.%s" % (self._board.edge(k), NETWORKS[network])
                    self._test.add(("open", "driver." + other), ("open", pot))

    def _offsets(self, off):
        """Report what is off: the DACs of a chip and nothing else, else all inputs of an ADC, else single inputs."""
        dacs = self._test.twin.config["dac"]
        for chip, address in enumerate(dacs["addresses"]):
            nodes = [node for node in dacs["channels"][CHANNELS * chip : CHANNELS * (chip + 1)] if node >= 0]
            here = [channel for channel in self._channels if channel[1] in nodes]
            if len(here) > 1 and sorted(off) == sorted(here) and len(here) < len(self._channels):
                self._test.add(("scaled", place_name(address)))
                return
        for part in self._test.twin.config["adc"]:
            here = [(network, node) for node, network in part["channels"]]
            bad = [channel for channel in here if channel in off]
            if bad and len(bad) == len(here):
                alone = [] if len(bad) > 1 else [("offset", "adc." + self._board.name(bad[0][1], bad[0][0]))]
                self._test.add(("offset", "adc." + part.get("name", part["part"])), *alone)
            else:
                for network, node in sorted(bad):
                    self._test.add(("offset", "adc." + self._board.name(node, network)))

    def _floating(self):
        """Drive one network HIGH and the other at one node LOW: all of the other must float at LOW."""
        every = list(range(len(self._board.nodes)))
        high = LOW + self._swing
        for network in (0, 1):
            other = 1 - network
            for root in (self._board.driven[other][0], self._board.driven[other][-1]):
                connected = [self._board.driven[0], self._board.driven[1]]
                connected[other] = [root]
                self._board.drive([LOW if node == root else high for node in every])
                self._board.connect(*connected)
                volts = self._board.read_all()
                off = []
                for channel in self._channels:
                    right = high if channel[0] == network and channel[1] != root else LOW
                    if abs(volts[channel[0]][channel[1]] - right) > RANGE:
                        off.append(channel)
                here = [channel for channel in off if channel[0] == other]
                if len(off) == 2 and len(here) == 1:
                    names = [self._board.name(node, at) for at, node in sorted(off)]
                    self._test.add(("swapped", "adc." + names[0], "adc." + names[1]))
                elif here:
                    worst = max(here, key=lambda channel: volts[channel[0]][channel[1]])
                    self._test.add(("closed", "switch." + self._board.name(worst[1], worst[0])))
                if self._test.found:
                    return
