"""Pins and pads of KiCad's own libraries as source files: python -m hardware.sources.kicad_library

Read the installed libraries and write `<Part>.kicad.toml` for every symbol of SYMBOLS, and `<Part>.kicad_pads.toml`
for every footprint of FOOTPRINTS. TWINOHM_KICAD_SHARE names the folder with symbols/ and footprints/.
"""

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

from hardware.sources.reader import FOLDER, KICAD
from twinohm.model.sexp import find, first, parse

SHARE = Path(os.environ.get("TWINOHM_KICAD_SHARE", "/usr/share/kicad"))
SYMBOLS = {  # part: library, symbol, and the packages that its footprint filters name
    "LM393A": ("Comparator", "LM393", ("SOIC-8", "DIP-8")),
    "TLV9064": ("Amplifier_Operational", "TLV9064", ("SOIC-14", "TSSOP-14")),
    "MCP4728": ("Analog_DAC", "MCP4728", ("MSOP-10",)),
    "ADG715": ("Analog_Switch", "ADG715", ("TSSOP-24",)),
    "REF3025": ("Reference_Voltage", "REF3025", ("SOT-23",)),
    "74HC165": ("74xx", "74HC165", ("DIP-16", "SOIC-16", "TSSOP-16")),
    "74HC595": ("74xx", "74HC595", ("DIP-16", "SOIC-16", "TSSOP-16")),
    "74HC86": ("74xx", "74HC86", ("DIP-14",)),
    "74HC74": ("74xx", "74HC74", ("DIP-14",)),
    "74AHCT125": ("74xx", "74AHCT125", ("DIP-14", "SOIC-14", "TSSOP-14")),
    "PCA9306": ("Interface", "PCA9306D", ("SOIC-8",)),
    "Pico": ("MCU_Module", "RaspberryPi_Pico", ("Pico",)),
    "L7805": ("Regulator_Linear", "L7805", ("TO-220-3",)),
    "Schottky": ("Diode", "1N5819", ("DO-41",)),
    "LED": ("Device", "LED", ("any",)),
    "Rectifier": ("Diode", "1N4007", ("DO-41",)),
    "TVS": ("Diode", "SMAJ15A", ("SMA",)),
    "MCP6004": ("Amplifier_Operational", "MCP6004", ("DIP-14", "SOIC-14", "TSSOP-14")),
    "TCA9548A": ("Interface_Expansion", "TCA9548APWR", ("TSSOP-24",)),
}
FOOTPRINTS = {  # part: footprint in its library, and the package
    "Jack": ("Connector_BarrelJack", "BarrelJack_Horizontal", "jack 5.5/2.1 mm"),
    "Fuse": ("Fuse", "Fuse_Bourns_MF-RHT050", "MF-RHT050"),
    "L7805": ("Package_TO_SOT_THT", "TO-220-3_Vertical", "TO-220-3"),
}


def symbol_source(part: str, share: Path = SHARE) -> str:
    """Return the text of the source file of a part's symbol."""
    library, symbol, packages = SYMBOLS[part]
    file = share / "symbols" / f"{library}.kicad_sym"
    head = _head(file, f"symbol {library}:{symbol}", "kicad-symbols", packages)
    lines = ["[pins]"]
    lines += [f'{_key(number)} = "{name}"' for number, name in sorted(symbol_pins(file, symbol).items(), key=_order)]
    return "\n".join([*head, *lines]) + "\n"


def footprint_source(part: str, share: Path = SHARE) -> str:
    """Return the text of the source file of a part's footprint: the centres of its pads."""
    library, footprint, package = FOOTPRINTS[part]
    file = share / "footprints" / f"{library}.pretty" / f"{footprint}.kicad_mod"
    head = _head(file, f"footprint {library}:{footprint}", "kicad-footprints", (package,))
    pads = {pad[1]: first(pad, "at")[1:3] for pad in find(parse(file.read_text(encoding="utf-8")), "pad") if pad[1]}
    lines = ["[pads_mm]"]
    lines += [f"{_key(number)} = [{float(x):g}, {float(y):g}]" for number, (x, y) in sorted(pads.items(), key=_order)]
    return "\n".join([*head, *lines]) + "\n"


def symbol_pins(file: Path, symbol: str) -> dict[str, str]:
    """Return the names of a symbol's pins by number.

    A symbol of several units has the number of the unit behind each name; a pin without a name is called by its
    electrical type, "inverted" if it is drawn so.
    """
    symbols = {item[1]: item for item in find(parse(file.read_text(encoding="utf-8")), "symbol")}
    item = symbols[symbol]
    while base := find(item, "extends"):
        item = symbols[base[0][1]]
    units: dict[str, list[Any]] = {}
    for drawn in find(item, "symbol"):
        unit, style = drawn[1].rsplit("_", 2)[1:]
        if style in ("0", "1"):  # 2 is the De Morgan drawing
            units.setdefault(unit, []).extend(find(drawn, "pin"))
    several = len([unit for unit, pins in units.items() if pins and unit != "0"]) > 1
    names = {}
    for unit, pins in units.items():
        for pin in pins:
            name = first(pin, "name")[1]
            if name in ("", "~"):
                name = pin[1] + (" inverted" if "inverted" in pin[2] else "")
            powers = pin[1] in ("power_in", "power_out")
            names[first(pin, "number")[1]] = f"{name}{unit}" if several and not powers else name
    return names


def package_version(package: str) -> str:
    """Return the installed version of a Debian package, or "unknown"."""
    command = ["dpkg-query", "-W", "-f", "${Version}", package]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _head(file: Path, section: str, package: str, packages: tuple[str, ...]) -> list[str]:
    quoted = ", ".join(f'"{name}"' for name in packages)
    return [
        f'origin = "{KICAD}"',
        f'document = "KiCad library {file.stem if file.suffix == ".kicad_sym" else file.parent.stem}"',
        f'section = "{section}"',
        f'package = "{package} {package_version(package)}"',
        f'file = "{file.name}"',
        f'file_sha256 = "{hashlib.sha256(file.read_bytes()).hexdigest()}"',
        f"packages = [{quoted}]",
        "",
    ]


def _key(number: str) -> str:
    return number if number.replace("-", "").isalnum() else f'"{number}"'


def _order(item: tuple[str, Any]) -> tuple[int, str]:
    return len(item[0]), item[0]


if __name__ == "__main__":
    for name in SYMBOLS:
        (FOLDER / f"{name}.kicad.toml").write_text(symbol_source(name), encoding="utf-8", newline="\n")
    for name in FOOTPRINTS:
        (FOLDER / f"{name}.kicad_pads.toml").write_text(footprint_source(name), encoding="utf-8", newline="\n")
    print(f"{len(SYMBOLS)} symbols and {len(FOOTPRINTS)} footprints in {FOLDER}")
