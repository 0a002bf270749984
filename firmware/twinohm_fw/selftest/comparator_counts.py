"""How often each comparator is high beside small differences: what its offset is estimated from, on the host."""

MIDDLE = 2000  # DAC count
STEP = 16  # codes of one


def highs(test, line, scale, readings):
    """Of `readings`, by edge. Node k (of those that are driven) stands scale * k DAC counts above MIDDLE; for CMP the
    free network hangs on its first, flat. `test` is a self_test.SelfTest.
    """
    twin = test.twin
    sgn = line == "SGN"
    ramped = test.driven[0 if sgn else 1]
    test.connect(*(test.driven if sgn else (test.driven[0][:1], ramped)))
    volts = [0 for _ in test.nodes]
    for k, node in enumerate(ramped):
        volts[node] = 5 * (STEP * (MIDDLE + scale * k) - twin.low) / (twin.high - twin.low)
    test.drive(volts)
    twin._settling.wait()
    first = twin.n_bytes if sgn else 0
    counts = [0 for _ in test.edges]
    words = twin._comparators.words
    for _ in range(readings):
        twin._comparators.read()
        for edge in range(len(counts)):
            counts[edge] += words[first + (edge >> 3)] >> (edge & 7) & 1
    return counts
