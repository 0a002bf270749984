"""Count how often each comparator is high at small differences; the host estimates its offset from that."""

MIDDLE = 2000  # DAC count
STEP = 16  # codes of one DAC count


def count_highs(board, line, scale, readings):
    """Return how many of `readings` are high, by edge.

    board: BoardUnderTest. line: "CMP" or "SGN". Node k of those that are driven is scale * k DAC counts above MIDDLE;
    for CMP the free network is driven at its first node alone, so it is flat.
    """
    networks = board.twin.networks
    sgn = line == "SGN"
    ramped = board.driven[0 if sgn else 1]
    board.connect(*(board.driven if sgn else (board.driven[0][:1], ramped)))
    volts = [0 for _ in board.nodes]
    for k, node in enumerate(ramped):
        volts[node] = networks.volts(STEP * (MIDDLE + scale * k))
    board.drive(volts)
    board.settle()
    first = board.twin.n_bytes if sgn else 0
    counts = [0 for _ in board.edges]
    for _ in range(readings):
        words = board.compare()
        for edge in range(len(counts)):
            counts[edge] += words[first + (edge >> 3)] >> (edge & 7) & 1
    return counts
