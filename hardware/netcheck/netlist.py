"""A KiCad netlist, read back."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hardware.generator.sexp import find, first, parse


@dataclass
class Component:
    """What a part is, as the netlist says."""

    ref: str
    part: str
    value: str
    mpn: str


class Netlist:
    """`components` by reference; `pins` is the net of every connected (reference, pin number)."""

    def __init__(self, components: dict[str, Component], pins: dict[tuple[str, str], str]) -> None:
        self.components = components
        self.pins = pins

    @classmethod
    def read(cls, path: Path) -> "Netlist":
        """Raises OSError, and ValueError or KeyError for a file that is no netlist."""
        return cls.parse(path.read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> "Netlist":
        tree = parse(text)
        components = {}
        for item in find(first(tree, "components"), "comp"):
            fields = {first(field, "name")[1]: field[-1] for field in find(first(item, "fields"), "field")}
            mpn = fields.get("MPN", "")
            ref = first(item, "ref")[1]
            part = first(first(item, "libsource"), "part")[1]
            components[ref] = Component(ref, part, first(item, "value")[1], mpn if isinstance(mpn, str) else "")
        pins: dict[tuple[str, str], str] = {}
        for net in find(first(tree, "nets"), "net"):
            name = first(net, "name")[1]
            if not name.startswith("unconnected-"):  # KiCad's nets of single pins
                pins |= {(first(pin, "ref")[1], first(pin, "pin")[1]): name for pin in find(net, "node")}
        return cls(components, pins)

    def copy(self) -> "Netlist":
        return Netlist(dict(self.components), dict(self.pins))

    def of(self, *parts: str) -> Iterator[Component]:
        """Components of these kinds."""
        return (component for component in self.components.values() if component.part in parts)

    def net(self, ref: str, pin: str) -> str:
        """Name of the net; a pin that is not connected has a net of its own."""
        return self.pins.get((ref, pin), f"open {ref}.{pin}")

    def on(self, net: str) -> list[tuple[str, str]]:
        """(reference, pin number) of every pin on a net."""
        return [pin for pin, name in self.pins.items() if name == net]
