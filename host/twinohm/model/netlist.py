"""References and pins of a board's parts, from its netlist hardware/<board>/<board>.net where there is one."""

import re
from dataclasses import dataclass
from functools import cache

from twinohm.paths import hardware_file

SHOWN = {"R_precise": "resistor", "Header2": "jumper"}
_COMPONENT = re.compile(r'\(comp\s+\(ref "([^"]+)"\)\s+\(value "([^"]*)"\).*?\(part "([^"]+)"\)', re.S)
_NAME = re.compile(r'\(name "([^"]+)"\)')
_PIN = re.compile(r'\(ref "([^"]+)"\)\s+\(pin "([^"]+)"\)')


@dataclass(frozen=True)
class Netlist:
    """`parts` are (value, kind) by reference, `nets` lists of (reference, pin) by name."""

    parts: dict[str, tuple[str, str]]
    nets: dict[str, list[tuple[str, str]]]

    def on(self, net: str, kinds: tuple[str, ...]) -> list[str]:
        """ "U1203 (LM393A) pin 1" of every part of these kinds on a net, in the order of the kinds."""
        here = [
            (kinds.index(self.parts[ref][1]), ref, pin) for ref, pin in self.nets.get(net, ()) if self._is(ref, kinds)
        ]
        return [f"{ref} ({SHOWN.get(kinds[kind], kinds[kind])}) pin {pin}" for kind, ref, pin in sorted(here)]

    def _is(self, ref: str, kinds: tuple[str, ...]) -> bool:
        return self.parts[ref][1] in kinds

    def valued(self, text: str) -> list[str]:
        """ "U5 (MCP4728)" of the parts whose value ends with a word, whatever its case."""
        return [f"{ref} ({kind})" for ref, (value, kind) in self.parts.items() if value.lower().endswith(text.lower())]

    def of(self, kind: str) -> list[str]:
        """ "U18 (AD7490)" of the parts of a kind."""
        return [f"{ref} ({kind})" for ref, (_, here) in self.parts.items() if here == kind]


@cache
def netlist(board: str) -> Netlist | None:
    """None for a board without hardware files."""
    path = hardware_file(board, f"{board}.net")
    if path is None:
        return None
    text = path.read_text(encoding="utf-8")
    components, _, rest = text.partition("(nets")
    parts = {ref: (value, kind) for ref, value, kind in _COMPONENT.findall(components)}
    nets = {}
    for part in re.split(r"\(net\s", rest):
        if name := _NAME.search(part):
            nets[name[1]] = _PIN.findall(part)
    return Netlist(parts, nets)
