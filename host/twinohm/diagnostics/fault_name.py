"""Names of faults, as findings of the self-test and URLs of virtual boards write them: "high:CMP.E-H".

sim/faults.py lists them all.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class FaultName:
    """What is wrong, and where: one place, or two that are swapped. `value` is a number or another address."""

    verb: str
    places: tuple[str, ...]
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> "FaultName":
        """Read "verb:place", "verb:place,place" or "verb:place=value"."""
        verb, _, where = text.partition(":")
        where, _, value = where.partition("=")
        return cls(verb, tuple(where.split(",")), value)

    @property
    def text(self) -> str:
        """The form that parse() reads."""
        return f"{self.verb}:{','.join(self.places)}" + (f"={self.value}" if self.value else "")

    @property
    def place_kind(self) -> str:
        """Kind of the place: of a part or line, "i2c" for a part by its address, "chip" for an ADC."""
        kind, _, name = self.places[0].partition(".")
        if kind.startswith("0x"):
            return "i2c"
        is_chip = kind == "adc" and "." not in name or not name and kind != "supply"
        return "chip" if is_chip else kind

    @property
    def family(self) -> str:
        """The fault without its instance: "dead:pot" for "dead:pot.E-H.free", "missing" for "missing:0x61"."""
        kind = self.places[0].partition(".")[0]
        return self.verb if kind.startswith("0x") else f"{self.verb}:{kind}"

    def is_same(self, other: "FaultName") -> bool:
        """Whether both name one fault; the order of two places does not matter."""
        return self._sorted() == other._sorted()

    def _sorted(self) -> "FaultName":
        return replace(self, places=tuple(sorted(self.places)))


Suspects = tuple[FaultName, ...]  # a finding: one fault, or several that look alike from the processor


def parse_finding(text: str) -> Suspects:
    """Read a finding of the self-test: names of faults that look alike, separated by "|"."""
    return tuple(FaultName.parse(name) for name in text.split("|"))
