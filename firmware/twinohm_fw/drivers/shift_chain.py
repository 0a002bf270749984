"""Order of the bits in a chain of shift registers."""

from array import array

UNUSED = 0xFFFF  # a place in the chain that no line uses


def order(places, chips):
    """Return array("H"): the bit of the word buffer at each of the 8 * chips places of a chain.

    places: (bit, place) pairs. Places not among them are UNUSED.
    """
    bits = array("H", [UNUSED] * (8 * chips))
    for bit, place in places:
        bits[place] = bit
    return bits


def is_straight(bits, words):
    """Return whether place k is bit k of `words` for every k, so that whole bytes can be moved."""
    return list(bits) == list(range(8 * len(words)))
