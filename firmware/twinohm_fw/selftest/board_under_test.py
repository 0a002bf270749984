"""What the parts of the self-test do with a board: drive, connect, compare, step, read."""

from array import array

from .levels import MOST_LEVELS, NETWORKS, START


class BoardUnderTest:
    """A Twin by task volts, single switches and single pulses.

    `driven` and `measured` are the node indices, by network, that can be driven and measured.
    """

    def __init__(self, twin):
        self.twin = twin
        config = twin.config
        networks = self._networks = twin.networks
        self.nodes = config["nodes"]
        self.edges = [tuple(pair) for pair in config["edges"]]
        self.switched = config["switches"] is not None
        self.latches = config["flip_flops"] is not None  # edges find their own direction
        self.top_tap = twin.pots.top_tap
        with_driver = [node for node in range(twin.n_nodes) if networks.dac_channels[node] is not None]
        wired = (config["wired_free"], config["wired_clamped"])
        self.driven = [with_driver if self.switched else list(wired[network]) for network in (0, 1)]
        inputs = (networks.free_inputs, networks.clamped_inputs)
        self.measured = [[node for node in range(twin.n_nodes) if inputs[network][node]] for network in (0, 1)]

    def hangs(self, node, network):
        """Return whether a node cannot be driven in a network."""
        return node not in self.driven[network]

    @property
    def has_bridges(self):
        """Whether an edge joins two nodes that cannot be driven."""
        return any(self.hangs(a, 0) and self.hangs(b, 0) for a, b in self.edges)

    def name(self, node, network=None):
        """Return the name of a node, and of its network if that is given."""
        return self.nodes[node] if network is None else "%s.%s" % (self.nodes[node], NETWORKS[network])

    def edge(self, edge):
        """Return the name of an edge."""
        a, b = self.edges[edge]
        return "%s-%s" % (self.nodes[a], self.nodes[b])

    def drive(self, volts):
        """Drive every node that has a driver. volts: task volts by node."""
        networks = self._networks
        nodes = [node for node in range(len(self.nodes)) if networks.dac_channels[node] is not None]
        codes = array("H", [networks.code(volts[node]) for node in nodes])
        networks.dacs.set(bytes([networks.dac_channels[node] for node in nodes]), codes, len(nodes))
        networks.dacs.flush()

    def levels(self, nodes):
        """Return a level from 0 for each node, so that no two that an edge joins have the same.

        All differ if there are few; of more nodes, each has the lowest that no neighbour before it has.
        """
        if len(nodes) <= MOST_LEVELS:
            return list(range(len(nodes)))
        level_of = {}
        for node in nodes:
            taken = [level_of.get(a + b - node) for a, b in self.edges if node in (a, b)]
            level = 0
            while level in taken:
                level += 1
            level_of[node] = level
        return [level_of[node] for node in nodes]

    def connect(self, free, clamped):
        """Close the switches of these nodes, by network, and no other."""
        if self.switched:
            self._networks.close_switches(free, clamped)
            self._networks.settling.changed()

    def settle(self):
        """Wait until the networks have settled."""
        self._networks.settling.wait()

    def read(self, node, network):
        """Return the task volts of a measured node."""
        return self._networks.volts(self._networks.read(node, network))

    def read_all(self):
        """Return task volts by network and node, None where there is no ADC channel."""
        return [
            [self.read(node, network) if node in self.measured[network] else None for node in range(len(self.nodes))]
            for network in (0, 1)
        ]

    def compare(self):
        """Read all comparators. Return CMP bytes, then SGN bytes; of edges with latches directions, then ones."""
        self.twin.comparators.read()
        return self.twin.comparators.words

    def read_directions(self):
        """Read the latched directions without latching anew. Return an int, bit i for edge i."""
        self.twin.comparators.read_back()
        return self.directions()

    def directions(self):
        """Return the directions that were read last, as an int, bit i for edge i."""
        words = self.twin.comparators.words
        return int.from_bytes(bytes(words[: len(words) >> 1]), "little")

    def home(self, taps=START):
        """Set every pot to one tap, or to its own of `taps` (bytes), all switches open.

        The taps are not known afterwards: pots may have failed.
        """
        self.twin.safe()
        self.twin.pots.move_to(bytes([taps] * self.twin.n_edges) if isinstance(taps, int) else taps)

    def set_lines(self, up, selected):
        """Put U/D and /CS of every edge. up, selected: ints, bit i for edge i."""
        words = self.twin.pots.words
        half = len(words) >> 1
        for b in range(half):
            words[b] = up >> 8 * b & 255
            words[half + b] = ~(selected >> 8 * b) & 255
        self.twin.pots.control_lines.write()

    def step(self, steps, up, selected):
        """Step the selected edges so often; then none is selected. up, selected: ints, bit i for edge i."""
        pots = self.twin.pots
        self.set_lines(up, selected)
        pots.control_lines.on()
        for _ in range(steps):
            pots.pulse(0)
        pots.deselect()

    def part_names(self):
        """Return the I2C parts of the board: name by place."""
        return self._networks.dacs.bus.part_names

    def answers(self, address):
        """Return whether an I2C part acknowledges a one-byte read."""
        try:
            self._networks.dacs.bus.readfrom_into(address, bytearray(1))
        except OSError:
            return False
        return True

    def silent_adcs(self):
        """Return the names of the ADCs that do not answer; of all that could, if an answer was missing only once."""
        adcs = [adc for adc in self._networks.adcs if hasattr(adc, "name")]
        silent = []
        for adc in adcs:
            try:
                for channel in (15, 0):
                    adc.read(channel)
            except OSError:
                silent.append(adc.name)
        return silent or [adc.name for adc in adcs]

    def power_switches(self):
        """Take the switches out of reset: an ADG715 held in reset may not answer."""
        self._networks.power_switches()
