"""Refuse parts whose pins, limits or footprints are not proved twice: python -m hardware.provenance [BOARD...]

Print a table of the parts of parts.toml, or of these boards, and what is to be done; exit with 1 if there is anything.
Without BOARD it also prints the values that one origin gives, or on which two disagree: parts.toml demands none.
`hardware.layout.fabricate` refuses a board with such a part.

A pin is proved by two sources of different origin that give it the same name, for the package of the footprint. Two
rows of leads with as many pins are numbered alike (DIP-8, SOIC-8, SSOP-8, MSOP-8), so a source for one such package
counts for another, if a second source names the package itself, or has one numbering for both.
"""

import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hardware.command import command
from hardware.generator.build import build
from hardware.generator.catalogue import TWO_ENDS, Kind, Pin, find_kind, kinds
from hardware.sources.reader import FOLDER, Limit, Source, check_sums, load_names, load_sources, plain
from twinohm.model.board_file import load_board

ORIGINS = 2
PADS_WITHIN_MM = 0.15
ANY_PACKAGE = "any"
TWO_ROWS = ("DIP", "SOIC", "SO", "SSOP", "TSSOP", "MSOP", "VSSOP")
PACKAGES = (  # of a footprint's name
    (r"(SOIC|TSSOP|MSOP|SSOP|LFCSP|DIP)-(\d+)_", r"\1-\2"),
    (r"SOT-23$", "SOT-23"),
    (r"TO-220-3", "TO-220-3"),
    (r"D_DO-41", "DO-41"),
    (r"D_SMA$", "SMA"),
    (r"LED_D3", "LED 3 mm"),
    (r"RaspberryPi_Pico", "Pico"),
    (r"BarrelJack", "jack 5.5/2.1 mm"),
    (r"MF-RHT050", "MF-RHT050"),
    (r"Pin(?:Socket|Header)_1x(\d+)_", r"row of \1"),
)
DRAWN = ("Jack", "Fuse", "L7805")  # parts whose pads are compared with a drawing
IN_ORDER = re.compile(r"(Header|Socket)\d+$|TestPoint$")  # their pins have no function of their own


@dataclass(frozen=True)
class Finding:
    """What is not proved of a part: `what` names pin, limit or file, `remedy` what to do."""

    part: str
    what: str
    remedy: str

    pin: str = ""  # "13 (VIN0)" if it is about one pin

    def __str__(self) -> str:
        what = f"pin {self.pin} {self.what}" if self.pin else self.what
        return f"{self.part}: {what}; {self.remedy}"


@dataclass(frozen=True)
class Report:
    """One line of the table: how many pins and limits of a part have two origins, and the findings."""

    part: str
    pins: tuple[int, int]
    limits: tuple[int, int]
    origins: tuple[str, ...]
    findings: tuple[Finding, ...]


class Gate:
    """Compares parts with their sources; `folder` has the source files."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._sources = load_sources(folder)
        self._names = load_names(folder)
        self._wrong = check_sums(folder)

    def check(self, kind: Kind) -> Report:
        """Compare one part of parts.toml."""
        findings = [
            Finding(kind.name, f"hardware/sources/{file}", remedy)
            for file, remedy in self._wrong.items()
            if file.split(".")[0] in (kind.proved_as or kind.name, "names", "SHA256SUMS")
        ]
        if "memory" in kind.pinout:
            findings.append(Finding(kind.name, "its pins are from memory", "look them up and add source files"))
        package = package_of(kind.footprint)
        sources = self._sources.get(kind.proved_as or kind.name, [])
        needed = [] if kind.symbol in TWO_ENDS or IN_ORDER.match(kind.name) else list(kind.pins)
        proved = 0
        for pin in needed:
            problem = self._check_pin(kind.proved_as or kind.name, package, pin.number, pin.name, sources)
            proved += problem is None
            if problem:
                findings.append(problem)
        for number, source in _unknown_pins(needed, package, sources):
            findings.append(Finding(kind.name, f"{source.file} has pin {number}, parts.toml has not", "add the pin"))
        limits = kind.limits
        limited = 0
        for name, limit in limits.items():
            problem = _check_limit(kind.name, name, limit, sources)
            limited += problem is None
            if problem:
                findings.append(problem)
        if kind.name in DRAWN:
            findings += _check_pads(kind.name, sources)
        origins = tuple(dict.fromkeys(source.origin for source in sources))
        return Report(kind.name, (proved, len(needed)), (limited, len(limits)), origins, tuple(findings))

    def unlisted(self, listed: Iterable[str]) -> list[Report]:
        """Return the parts that have sources and are in no parts.toml: nothing is demanded of them yet."""
        known = {kinds()[name].proved_as for name in listed} | {*listed}
        return [self._compare(part) for part in self._sources if part not in known]

    def single_values(self, kind: Kind) -> dict[str, dict[str, Limit]]:
        """Return the values that `kind` does not demand and that one origin has, or that differ, by name and origin."""
        found: dict[str, dict[str, Limit]] = {}
        for source in self._sources.get(kind.name, []):
            for name, limit in source.limits.items():
                if name not in kind.limits:
                    found.setdefault(name, {})[source.origin] = limit
        return {name: by for name, by in found.items() if len(by) < ORIGINS or len(set(by.values())) > 1}

    def _compare(self, part: str) -> Report:
        """Compare the sources of a part with each other; the first with the most pins is taken as ours."""
        sources = self._sources[part]
        first = max(sources, key=lambda source: len(source.pins))
        names = self._names.get(part, {})
        ours = {plain(other): name for name, others in names.items() for other in (name, *others)}
        pins = [(number, ours.get(plain(name), name)) for number, name in first.pins.items()]
        problems = [self._check_pin(part, first.packages[0], *pin, sources) for pin in pins]
        origins = tuple(dict.fromkeys(source.origin for source in sources))
        return Report(part, (problems.count(None), len(problems)), (0, 0), origins, ())

    def _check_pin(self, part: str, package: str, number: str, name: str, sources: list[Source]) -> Finding | None:
        pin = f"{number} ({name})"
        fitting = [source for source in sources if number in source.pins and _fits(source, package)]
        same = {plain(name), *(plain(other) for other in self._names.get(part, {}).get(name, ()))}
        if name == number:
            same |= {plain(source.pins[number]) for source in fitting}
        for source in fitting:
            if plain(source.pins[number]) not in same:
                what = f'is not "{source.pins[number]}", as {source.file} says'
                remedy = "find out which is right; a second name of one pin goes into names.toml"
                return Finding(part, what, remedy, pin)
        numberings = [other for other in sources if other.pins and {package, ANY_PACKAGE} & set(other.packages)]
        exact = any(other in fitting or _one_numbering(other, fitting) for other in numberings)
        origins = {source.origin for source in fitting}
        if len(origins) < ORIGINS:
            known = " and ".join(source.file for source in fitting) or "no file"
            what = f"of the {package} has {len(origins)} of {ORIGINS} origins: {known}"
            return Finding(part, what, f"add hardware/sources/{part}.<source>.toml of another origin", pin)
        if not exact:
            return Finding(part, f"has no source for {package}", "add one for that package", pin)
        return None


def check_parts(names: Iterable[str], folder: Path = FOLDER) -> list[Report]:
    """Return the report of every part of that name."""
    gate = Gate(folder)
    return [gate.check(find_kind(name)) for name in names]


def board_parts(board: str) -> list[str]:
    """Return the names of the kinds of parts on a board, in the order of their first appearance."""
    return list(dict.fromkeys(part.kind.name for part in build(load_board(board)).parts))


def board_findings(board: str, folder: Path = FOLDER) -> list[Finding]:
    """Return all findings about the parts of a board."""
    return [finding for report in check_parts(board_parts(board), folder) for finding in report.findings]


def package_of(footprint: str) -> str:
    """Return the package of a footprint of KiCad's libraries; the footprint itself if it is not a known one."""
    name = footprint.split(":")[-1]
    for pattern, package in PACKAGES:
        if match := re.search(pattern, name):
            return match.expand(package)
    return name


def _fits(source: Source, package: str) -> bool:
    return any(other in (package, ANY_PACKAGE) or _alike(other, package) for other in source.packages)


def _one_numbering(source: Source, others: list[Source]) -> bool:
    """Return whether `source` numbers the package of one of the others as its own."""
    return any(set(source.packages) & set(other.packages) for other in others)


def _alike(one: str, other: str) -> bool:
    """Return whether both packages have two rows with as many leads."""
    (first, _, count), (second, _, others) = one.rpartition("-"), other.rpartition("-")
    return count == others and first in TWO_ROWS and second in TWO_ROWS


def _unknown_pins(needed: list[Pin], package: str, sources: list[Source]) -> list[tuple[str, Source]]:
    """Return pins that a source for this very package has and parts.toml has not."""
    ours = {pin.number for pin in needed}
    found = [(number, source) for source in sources if package in source.packages for number in source.pins]
    return [(number, source) for number, source in found if ours and number not in ours]


def _check_limit(part: str, name: str, limit: Limit, sources: list[Source]) -> Finding | None:
    given = [source for source in sources if name in source.limits]
    for source in given:
        if source.limits[name] != limit:
            what = f"{name} is {limit} in parts.toml, {source.limits[name]} in {source.file}"
            return Finding(part, what, "find out which is right")
    origins = {source.origin for source in given}
    if len(origins) < ORIGINS:
        known = " and ".join(source.file for source in given) or "no file"
        what = f"{name} = {limit} has {len(origins)} of {ORIGINS} origins: {known}"
        return Finding(part, what, f"add hardware/sources/{part}.<source>.toml of another origin")
    return None


def _check_pads(part: str, sources: list[Source]) -> list[Finding]:
    """Compare the pads of the footprint with the distances of a drawing."""
    pads: Mapping[str, tuple[float, float]] = {}
    for source in sources:
        pads = source.pads_mm or pads
    drawings = [source for source in sources if source.distances_mm]
    if not pads or not drawings:
        what = "its footprint is not compared with a drawing"
        return [Finding(part, what, f"add hardware/sources/{part}.<source>.toml with [distances_mm]")]
    findings = []
    for source in drawings:
        for pair, distance in source.distances_mm.items():
            (x, y), (u, v) = (pads[number] for number in pair.split())
            ours = ((x - u) ** 2 + (y - v) ** 2) ** 0.5
            if abs(ours - distance) > PADS_WITHIN_MM:
                what = f"pads {pair} are {ours:.2f} mm apart, {distance:.2f} mm in {source.file}"
                findings.append(Finding(part, what, "take another footprint"))
    return findings


def summary(findings: Iterable[Finding]) -> list[str]:
    """Return the findings as lines of 80 columns; pins of which the same is to be said are one finding."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for finding in findings:
        alike.setdefault((finding.part, finding.what, finding.remedy), []).append(finding.pin)
    lines = []
    for (part, what, remedy), pins in alike.items():
        who = f"{part}: " + ("" if pins == [""] else f"pin{'s' * (len(pins) > 1)} {', '.join(pins)} ")
        verb = re.sub(r"\bhas\b", "have", what, count=1) if len(pins) > 1 else what
        text = f"{who}{verb}; {remedy}"
        lines += textwrap.wrap(text, 80, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return lines


def table(reports: list[Report]) -> list[str]:
    """Return the lines of the table, 80 columns wide."""
    lines = [f"{'part':16}{'pins':>7}{'limits':>8}  sources"]
    for report in reports:
        pins, limits = (f"{done}/{all_}" if all_ else "-" for done, all_ in (report.pins, report.limits))
        origins = ", ".join(report.origins) or "-"
        mark = "" if not report.findings else f" [{len(report.findings)}]"
        room = 80 - 33 - len(mark)
        shown = origins if len(origins) <= room else f"{origins[: room - 3]}..."
        lines.append(f"{report.part:16}{pins:>7}{limits:>8}  {shown}{mark}")
    return lines


def value_table(names: Iterable[str], folder: Path = FOLDER) -> list[str]:
    """Return lines of 80 columns with the values of these parts that no second origin confirms."""
    gate = Gate(folder)
    lines = []
    for part in names:
        values = gate.single_values(find_kind(part))
        for disagree in (False, True):
            chosen = {name: by for name, by in values.items() if (len(by) >= ORIGINS) == disagree}
            said = [
                f"{name} "
                + (
                    ", ".join(f"{_written(limit)} ({who})" for who, limit in by.items())
                    if disagree
                    else _written(*by.values())
                )
                for name, by in chosen.items()
            ]
            if said:
                text = f"{part}: " + ("; ".join(said) + " disagree" if disagree else ", ".join(said))
                lines += textwrap.wrap(text, 80, subsequent_indent="  ", break_on_hyphens=False)
    return lines


def _written(limit: Limit) -> str:
    return " to ".join(f"{value:g}" for value in limit) if isinstance(limit, tuple) else f"{limit:g}"


@command
def main(boards: Sequence[str]) -> int:
    """Print the table and the findings; return 1 if there are any, 2 for a wrong name."""
    names = list(dict.fromkeys(name for board in boards for name in board_parts(board))) or list(kinds())
    reports = check_parts(names)
    print("\n".join(table(reports)))
    if not boards:
        print("values of one origin, or on which two disagree; no part is refused for them:")
        print("\n".join(value_table(names)))
        print("for later, not in parts.toml:")
        print("\n".join(table(Gate().unlisted(names))[1:]))
    findings = [finding for report in reports for finding in report.findings]
    print("\n".join(summary(findings)) or "every pin, limit and footprint is proved twice")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
