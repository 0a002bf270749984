"""Test the diodes in the sockets: is each there, the right way round, and like its twin?

One end of a diode is not driven, and the rest of the network moves the other end against all others by SMALL, then by
LARGE. Without a current through the diode the undriven end shows one share of both; a current shows as a larger share
of LARGE. Nodes that other diodes would join to these two move with them, so that those diodes block.
"""

from .levels import LOW, NETWORKS

READINGS = 4
SMALL = 0.3  # task volts: hardly any current
LARGE = 4.0  # task volts: 3 V at the diode, enough for a red LED
CONDUCTS = 0.05  # share
MOST = 0.75  # share without a current: more leaves no voltage for the diode
MISMATCH = 0.06  # task volts between the drops of twins: a factor of 2.5 in the saturation current of a 1N4148
FREE, CLAMPED = 0, 1


class DiodesTest:
    """Test diodes. test: SelfTest that gets the findings. diodes: (anode, cathode) node indices of each."""

    def __init__(self, test, diodes):
        self._test = test
        self._board = test.board
        self._diodes = list(diodes)
        self.unseen = []  # names of diodes that others hide

    def run(self):
        """Test all diodes of both networks; of equal ones side by side, the first.

        Twins are compared if every diode is right: one that is not changes what its neighbours show.
        """
        found_before = len(self._test.found)
        odd = []
        for k, (anode, cathode) in enumerate(self._diodes):
            if (anode, cathode) in self._diodes[:k]:
                continue
            name = "diode.%s>%s" % (self._board.name(anode), self._board.name(cathode))
            drops = []
            for network in (FREE, CLAMPED):
                found = self._current(network, anode, cathode)
                if found is None:
                    self.unseen.append("%s.%s" % (name, NETWORKS[network]))
                elif found[0] >= CONDUCTS:
                    drops.append(found[1])
                else:
                    here = "%s.%s" % (name, NETWORKS[network])
                    self._test.add(*[(what, here) for what in self._faults(network, anode, cathode)])
            if len(drops) == 2 and abs(drops[0] - drops[1]) > MISMATCH:
                odd.append(("mismatched", name))
        if len(self._test.found) == found_before:
            for fault in odd:
                self._test.add(fault)

    def _faults(self, network, anode, cathode):
        """Return what is wrong with a diode that does not conduct: both, if one the other way round is beside it."""
        if (cathode, anode) in self._diodes:
            return ["missing", "reversed"]
        back = self._current(network, cathode, anode)
        return ["reversed" if back is not None and back[0] >= CONDUCTS else "missing"]

    def _current(self, network, source, sink):
        """Return how much larger a share is at LARGE than at SMALL, by a current from source to sink, and the drop.

        The drop is the voltage between both at LARGE. None: other diodes or pots leave nothing to see.
        """
        for hanging, driven, up in ((sink, source, True), (source, sink, False)):
            together = self._together(hanging, driven, up)
            if together is None:
                continue
            small = self._share(network, hanging, together, up, SMALL)
            if small <= MOST:
                large = self._share(network, hanging, together, up, LARGE)
                return large - small, LARGE * (1 - large)
        return None

    def _together(self, hanging, driven, up):
        """Return the nodes that move with `driven`, or None if one of them would drive a current into `hanging`."""
        diodes = self._diodes if up else [(cathode, anode) for anode, cathode in self._diodes]
        together = [driven] + [b for a, b in diodes if a == hanging and b != driven]
        for node in together:  # it grows
            together += [b for a, b in diodes if a == node and b != hanging and b not in together]
        if any(b == hanging and a != driven and a in together for a, b in diodes):
            return None
        return together

    def _share(self, network, hanging, together, up, swing):
        """Return the share of `swing` that the undriven end follows.

        It is compared with itself when all nodes move, so the gain of its ADC channel and of the DACs does not count.
        """
        board = self._board
        every = range(len(board.nodes))
        rest, moved = (LOW, LOW + swing) if up else (LOW + swing, LOW)
        connected = [[], []]
        connected[network] = [node for node in board.driven[network] if node != hanging]
        board.connect([], [])
        board.drive([rest for _ in every])
        board.connect(*connected)
        before = self._read(network, hanging)
        board.drive([moved if node in together else rest for node in every])
        after = self._read(network, hanging)
        board.drive([moved for _ in every])
        return (after - before) / (self._read(network, hanging) - before)

    def _read(self, network, node):
        """Return the mean of some readings."""
        self._board.settle()
        return sum([self._board.read(node, network) for _ in range(READINGS)]) / READINGS
