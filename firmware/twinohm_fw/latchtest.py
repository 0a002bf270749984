"""Self-test of edges that find their own direction: only XNOR of CMP and SGN, latched, can be read back.

One end of an edge at HIGH, all other nodes at LOW, or the other way round: its far end hangs in one network, so that
the drop is less there. Each of CMP and SGN is so seen high and low beside both levels of the other.
"""

from .selftest import COMPARISONS, HIGH, LOW

# Whether the clamped drop is the less, and whether the near end is HIGH. CMP, SGN: 11, 00, 01, 10.
STATES = ((False, True), (False, False), (True, True), (True, False))
SEEN = {
    (1, 1, 0, 0): "",
    (1, 0, 1, 0): "high:CMP",
    (0, 1, 0, 1): "low:CMP",
    (1, 0, 0, 1): "high:SGN",
    (0, 1, 1, 0): "low:SGN",
    (1, 1, 1, 1): "high:UD",
    (0, 0, 0, 0): "low:UD",
}


def run(test):
    for edge, (near, far) in enumerate(test.edges):
        ups = tuple([_up(test, edge, near, far, less, high) for less, high in STATES])
        finding = SEEN.get(ups, "odd:CMP")
        if finding:
            test.found.append("%s.%s" % (finding, test.edge(edge)))


def _up(test, edge, near, far, less, high):
    """The direction that the edge latches: 1 up, 0 down, else readings differ."""
    connected = [list(test.driven[0]), list(test.driven[1])]
    connected[1 if less else 0].remove(far)
    ends = (HIGH, LOW) if high else (LOW, HIGH)
    test.drive([ends[0] if node == near else ends[1] for node in range(len(test.nodes))])
    test.connect(*connected)
    test.twin._settling.wait()
    ups = 0
    for _ in range(COMPARISONS):
        test.twin._comparators.read()
        ups += test.twin._comparators.words[edge >> 3] >> (edge & 7) & 1
    return ups / COMPARISONS
