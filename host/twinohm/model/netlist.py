"""The netlist of a board in KiCad's format: its components, and the net of every pin."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from twinohm.model.sexp import find, first, parse
from twinohm.paths import hardware_file

Pin = tuple[str, str]  # reference of a component, pin number
LEFT_OUT = ("dnp", "exclude_from_board")  # "do not populate" and "exclude from board" in KiCad's dialog of a symbol
SHOWN = {
    "R_precise": "resistor",
    "R_precise_leaded": "resistor",
    "Header2": "jumper",
    "MCP4728_bus": "MCP4728 board",
    "MCP4728_outputs": "MCP4728 board",
}


@dataclass(frozen=True)
class Component:
    """A part: its reference, its name in hardware/parts.toml, its value and its order code.

    `footprint` is None for a part that no file describes. `fitted` is False if KiCad marks it as one of LEFT_OUT.
    """

    ref: str
    part: str
    value: str
    mpn: str
    footprint: str | None = None
    fitted: bool = True


@dataclass(frozen=True)
class Netlist:
    """`components` by reference; `pins` is the net of every connected pin."""

    components: Mapping[str, Component]
    pins: Mapping[Pin, str]

    @classmethod
    def read(cls, path: Path) -> "Netlist":
        """Read a .net file.

        Raises OSError, and ValueError if the file is not a netlist.
        """
        return cls.parse(path.read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> "Netlist":
        """Parse the text of a .net file.

        Raises ValueError if it is not a netlist, or names a part twice, puts a pin on two nets, or has a pin of a part
        that it does not list.
        """
        tree = parse(text)
        components: dict[str, Component] = {}
        for item in find(first(tree, "components"), "comp"):
            fields = {first(field, "name")[1]: field[-1] for field in find(first(item, "fields"), "field")}
            mpn = fields.get("MPN", "")  # KiCad writes an empty field without text
            ref = str(first(item, "ref")[1])
            part = first(first(item, "libsource"), "part")[1]
            if ref in components:
                raise ValueError(f"two components have the reference {ref}: give one of them another")
            mpn = mpn if isinstance(mpn, str) else ""
            footprint = "".join(word for found in find(item, "footprint") for word in found[1:2])
            fitted = not any(first(mark, "name")[1] in LEFT_OUT for mark in find(item, "property"))
            components[ref] = Component(ref, part, first(item, "value")[1], mpn, footprint, fitted)
        pins: dict[Pin, str] = {}
        for net in find(first(tree, "nets"), "net"):
            name = first(net, "name")[1]
            if name.startswith("unconnected-"):  # KiCad's nets of single pins
                continue
            for node in find(net, "node"):
                ref, pin = first(node, "ref")[1], first(node, "pin")[1]
                if ref not in components:
                    raise ValueError(f"net {name} has pin {pin} of {ref}, which is not listed: list it or take it out")
                if pins.setdefault((ref, pin), name) != name:
                    raise ValueError(f"{ref} pin {pin} is on two nets, {pins[ref, pin]} and {name}: take it off one")
        return cls(components, pins)

    @cached_property
    def nets(self) -> dict[str, list[Pin]]:
        """Pins of every net, in the order of the file."""
        found: dict[str, list[Pin]] = {}
        for pin, net in self.pins.items():
            found.setdefault(net, []).append(pin)
        return found

    def net(self, ref: str, pin: str) -> str:
        """Return the net of a pin; a pin that is not connected has a net "open REF.PIN" of its own."""
        return self.pins.get((ref, pin)) or f"open {ref}.{pin}"

    def parts(self, *names: str) -> list[Component]:
        """Return the components that are one of these parts."""
        return [component for component in self.components.values() if component.part in names]

    # -- text for people ---------------------------------------------------------------------------------------------

    def describe_pins(self, net: str, kinds: tuple[str, ...]) -> list[str]:
        """Return "U1203 (LM393A) pin 1" of every part of these kinds on a net, in the order of the kinds."""
        here = [(self.components[ref].part, ref, pin) for ref, pin in self.nets.get(net, ())]
        ordered = sorted((kinds.index(part), ref, pin) for part, ref, pin in here if part in kinds)
        return [f"{ref} ({SHOWN.get(kinds[kind], kinds[kind])}) pin {pin}" for kind, ref, pin in ordered]

    def describe_by_value(self, text: str) -> list[str]:
        """Return "U5 (MCP4728)" of the parts whose value ends with `text`, in upper or lower case."""
        return [f"{x.ref} ({x.part})" for x in self.components.values() if x.value.lower().endswith(text.lower())]

    def describe_parts(self, kind: str) -> list[str]:
        """Return "U18 (ADS7953)" of the parts of a kind."""
        return [f"{component.ref} ({kind})" for component in self.parts(kind)]


@cache
def load_netlist(board: str) -> Netlist | None:
    """Return the netlist hardware/<board>/<board>.net, or None for a board without hardware files."""
    path = hardware_file(board, f"{board}.net")
    return None if path is None else Netlist.read(path)
