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
    return _count(board, readings)[1 if sgn else 0]


def count_highs_flat(board, readings):
    """Return how many of `readings` are high with no difference at all: of CMP, then of SGN, by edge.

    One driver drives one node of both networks, so no current flows and every node has its voltage. Nothing is returned
    for a board without switches, whose nodes have drivers of their own.
    """
    if not board.switched:
        return []
    node = board.driven[0][0]
    board.connect([node], [node])
    volts = [0 for _ in board.nodes]
    volts[node] = board.twin.networks.volts(STEP * MIDDLE)
    board.drive(volts)
    board.settle()
    return _count(board, readings)


def _count(board, readings):
    """Return how many readings are high: of CMP, then of SGN, by edge."""
    counts = [[0 for _ in board.edges] for _ in range(2)]
    for _ in range(readings):
        words = board.compare()
        for line, first in enumerate((0, board.twin.n_bytes)):
            for edge in range(len(board.edges)):
                counts[line][edge] += words[first + (edge >> 3)] >> (edge & 7) & 1
    return counts
