"""Names of faults: as the URLs of virtual boards write them, "high:CMP.E-H", and as the self-test finds them.

sim/faults.py lists them all.
"""

from collections.abc import Sequence
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

    @classmethod
    def of_candidate(cls, candidate: Sequence[str]) -> "FaultName":
        """Read a candidate of the self-test: what is wrong, then places; for "moved", where it was and where it is."""
        verb, *places = candidate
        if verb == "moved":
            place, value = places
            return cls(verb, (place,), value)
        return cls(verb, tuple(places))

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


def parse_finding(candidates: Sequence[Sequence[str]]) -> Suspects:
    """Read a finding of the self-test (firmware/twinohm_fw/selftest/self_test.py): its candidates."""
    return tuple(map(FaultName.of_candidate, candidates))


def finding_text(suspects: Suspects) -> str:
    """Return the names of all suspects, separated by "|"."""
    return "|".join(fault.text for fault in suspects)
