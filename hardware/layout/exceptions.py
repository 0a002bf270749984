"""Count what KiCad's checks are set to ignore, each with its reason: python -m hardware.layout.exceptions [BOARD...]

Excluded findings, changed severities, rules of the board other than KiCad's own, and no-connect flags at open pins.
Exit code 1 if one has no reason here.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.command import command, named
from hardware.generator.build import build
from hardware.generator.circuit import Circuit
from hardware.generator.files import BOARDS
from twinohm.model.board_file import load_board
from twinohm.model.sexp import find, parse

HERE = Path(__file__).parents[1]
OPEN_PINS = {  # kind and pin, as a regular expression, and why it is open
    r"(AD5220|X9C104) A": "a rheostat: only the way from W to B is in the network",
    r"Pico GP\d+": "a line that this board does not use",
    r"Pico (ADC_VREF|3V3_EN|RUN)": "the Pico's own filter or pull-up is right",
    r"Pico VSYS": "the Pico feeds it from USB, through its own diode",
    r"Jack SW": "the jack's switch: nothing changes with the plug",
    r"MCP4728 RDY/~\{BSY\}|MCP4728_bus RDY": "the firmware waits by time",
    r"MCP4728 VOUT[B-D]": "a DAC without a node",
    r"ADG715 [SD]\d": "a switch without a node",
    r"74HC595 QH'": "the end of the chain",
    r"74HC165 ~\{QH\}": "the inverted output is not read",
    r"74HC74 [12]Q": "U/D is taken from the inverted output",
    r"74AHCT125 [1-4]Y": "a spare gate; its input is on ground",
}
RULES = {  # of design_settings in the project, and why it is not KiCad's
    "min_clearance": "0.15 mm, the gap between the pads of an MCP4728",
    "min_track_width": "0.2 mm, the narrowest that the router lays",
    "min_resolved_spokes": "a pad between others may have one spoke: it has a track or a via of its own too",
}


@dataclass(frozen=True)
class Overlooked:
    """Something that a check does not report, how often, and why; no reason is an empty text."""

    what: str
    count: int
    reason: str


def open_pins(circuit: Circuit) -> list[Overlooked]:
    """Return the open pins of a board's parts."""
    counts: Counter[str] = Counter()
    for part in circuit.parts:
        for pin in part.kind.pins:
            if pin.number not in part.nets:
                counts[f"{part.kind.name} {pin.name}"] += 1
    groups: Counter[tuple[str, str]] = Counter()
    for pin_name, count in counts.items():
        pattern = next((pattern for pattern in OPEN_PINS if re.fullmatch(pattern, pin_name)), "")
        kind = pin_name.split(" ")[0]
        groups[f"open pins: {kind}" if pattern else f"open pins: {pin_name}", OPEN_PINS.get(pattern, "")] += count
    return [Overlooked(what, count, reason) for (what, reason), count in groups.items()]


def of_project(project: dict[str, Any]) -> list[Overlooked]:
    """Return excluded findings, changed severities and rules of a .kicad_pro."""
    found = []
    for part, words in (("board", "DRC"), ("erc", "ERC")):
        settings = project.get(part, {})
        settings = settings.get("design_settings", {}) if part == "board" else settings
        excluded = settings.get("drc_exclusions" if part == "board" else "erc_exclusions", [])
        severities = settings.get("rule_severities", {})
        found += [Overlooked(f"{words} exclusion: {entry}", 1, "") for entry in excluded]
        found += [Overlooked(f"{words} severity: {name} {level}", 1, "") for name, level in severities.items()]
    rules = project.get("board", {}).get("design_settings", {}).get("rules", {})
    found += [Overlooked(f"rule: {name} = {value}", 1, RULES.get(name, "")) for name, value in rules.items()]
    return found


def flags(folder: Path, circuit: Circuit) -> int:
    """Return how many no-connect flags the sheets have; those of the edge cell count once for each edge."""
    edges = sum(part.key.endswith("/pot_free") for part in circuit.parts)
    total = 0
    for sheet in sorted(folder.glob("*.kicad_sch")):
        here = len(find(parse(sheet.read_text(encoding="utf-8")), "no_connect"))
        total += here * (edges if sheet.name == "edge_cell.kicad_sch" else 1)
    return total


def overlooked(name: str) -> list[Overlooked]:
    """Return all exceptions of a board."""
    project = json.loads((HERE / name / f"{name}.kicad_pro").read_text(encoding="utf-8"))
    return of_project(project) + open_pins(build(load_board(name)))


@command
def main(boards: Sequence[str]) -> int:
    """Print the exceptions of these boards, or of all; return 1 if one has no reason, 2 for a wrong name."""
    good = True
    for name in named(boards, BOARDS, "is laid out"):
        found = overlooked(name)
        print(f"{name}: no-connect flags: {flags(HERE / name, build(load_board(name)))}")
        for entry in found:
            print(f"  {entry.count:3}  {entry.what}\n         {entry.reason or 'NO REASON'}")
        good = good and all(entry.reason for entry in found)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
