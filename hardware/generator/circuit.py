"""The circuit of a board: parts with a net on every pin. Everything in hardware/<board>/ is written from it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hardware.generator.catalogue import Kind, find_kind

RAILS = ("GND", "+3V3", "+5V", "+9V")


@dataclass(frozen=True)
class Part:
    """A part with its reference and the net of every connected pin by number; the other pins stay open.

    `key` is the generator's own name of it, such as "dac0" or "A-B/pot_free". `sheet` is the path of the schematic
    sheet, "/drive" or "/edges/A-B". A net "/drive/X" is local to that sheet, any other is known on all sheets.
    """

    key: str
    ref: str
    kind: Kind
    value: str
    mpn: str
    sheet: str
    nets: dict[str, str]


@dataclass
class Circuit:
    """A board's parts, in the order of their references."""

    name: str
    title: str
    swaps: dict[str, str] = field(default_factory=dict)  # kinds that stand in for others on this board
    parts: list[Part] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(
        self, key: str, kind: str, sheet: str, nets: dict[str, str], value: str = "", mpn: str = "", first: int = 0
    ) -> Part:
        """Add a part and return it.

        `nets` is by pin name or number. References count from `first` + 1, so that each edge cell has its own hundred.
        Raises KeyError for a pin that the part does not have, ValueError for a second part of that key.
        """
        if any(part.key == key for part in self.parts):
            raise ValueError(f"{self.name} has a part {key!r} already; give one of them another key")
        what = find_kind(self.swaps.get(kind, kind))
        counter = f"{what.prefix} {first}"
        self._counts[counter] = self._counts.get(counter, first) + 1
        ref = f"{what.prefix}{self._counts[counter]}"
        by_number = {what.number(pin): net for pin, net in nets.items()}
        part = Part(key, ref, what, value or what.value, mpn or what.mpn, sheet, by_number)
        self.parts.append(part)
        return part

    def part(self, key: str) -> Part:
        """Return the part of that key. Raises KeyError."""
        for part in self.parts:
            if part.key == key:
                return part
        raise KeyError(f"{self.name} has no part {key!r}")

    def on(self, sheet: str) -> Iterator[Part]:
        """Yield the parts on that sheet."""
        return (part for part in self.parts if part.sheet == sheet)

    @property
    def nets(self) -> dict[str, list[tuple[str, str]]]:
        """(reference, pin number) of every pin on each net, in natural order."""
        found: dict[str, list[tuple[str, str]]] = {}
        for part in self.parts:
            for pin, net in part.nets.items():
                found.setdefault(net, []).append((part.ref, pin))
        return {net: sorted(found[net], key=natural_pin) for net in natural(found)}


def natural(names: Iterable[str]) -> list[str]:
    """Return the names sorted so that R2 comes before R10."""
    return sorted(names, key=natural_key)


def natural_key(name: str) -> list[tuple[int, int, str]]:
    words: list[str] = []
    for letter in name:
        if words and words[-1][-1].isdigit() == letter.isdigit():
            words[-1] += letter
        else:
            words.append(letter)
    return [(0, int(word), "") if word.isdigit() else (1, 0, word) for word in words]


def natural_pin(pin: tuple[str, str]) -> tuple[list[tuple[int, int, str]], list[tuple[int, int, str]]]:
    return natural_key(pin[0]), natural_key(pin[1])
