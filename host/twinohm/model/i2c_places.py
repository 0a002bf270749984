"""Places of I2C parts: an address on the bus, or an address behind one channel of the bus's multiplexer.

A place is one number, in the firmware's configuration too: the address, and above its seven bits the channel plus one,
0 for a part that is on the bus itself. Its text is "0x61", or "0x61@2" behind channel 2.
"""

import re
from collections.abc import Sequence

CHANNEL_BIT = 7  # the channel plus one begins here
ADDRESS = (1 << CHANNEL_BIT) - 1


def place_of(address: int, channel: int | None = None) -> int:
    """Return the place of a 7-bit address, behind a channel of the multiplexer if one is given."""
    return address | (0 if channel is None else channel + 1) << CHANNEL_BIT


def places_of(addresses: Sequence[int], behind: Sequence[int]) -> tuple[int, ...]:
    """Return the places of some chips. behind: the channel of each, or none if they are on the bus itself."""
    return tuple(map(place_of, addresses, behind)) if behind else tuple(addresses)


def address_at(place: int) -> int:
    """Return the address of a place."""
    return place & ADDRESS


def channel_at(place: int) -> int | None:
    """Return the multiplexer's channel of a place, None on the bus itself."""
    return (place >> CHANNEL_BIT) - 1 if place >> CHANNEL_BIT else None


def place_text(place: int) -> str:
    """Return "0x61", or "0x61@2"."""
    channel = channel_at(place)
    return f"0x{address_at(place):02x}" + ("" if channel is None else f"@{channel}")


def parse_place(text: str) -> int | None:
    """Return the place of "0x61" or "0x61@2", None for another text."""
    found = re.fullmatch(r"0x([0-9a-fA-F]{1,2})(?:@([0-7]))?", text)
    if found is None or int(found[1], 16) > ADDRESS:
        return None
    return place_of(int(found[1], 16), None if found[2] is None else int(found[2]))
