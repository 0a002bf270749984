"""The records of hardware/sources/: what each source says of a part."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
SUMS = "SHA256SUMS"
NAMES = "names.toml"
KICAD = "KiCad"  # origin of its symbols and footprints

Limit = float | tuple[float, ...]


@dataclass(frozen=True)
class Source:
    """What one document, library or board says of one part; see hardware/sources/__init__.py for the keys."""

    file: str
    part: str
    origin: str
    document: str
    section: str
    address: str
    read: str
    packages: tuple[str, ...]
    pins: Mapping[str, str]
    by_elimination: tuple[str, ...] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    pads_mm: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    distances_mm: Mapping[str, float] = field(default_factory=dict)

    def numbers(self, name: str) -> list[str]:
        """Return the numbers of all pins of that name, in order."""
        return [number for number, printed in self.pins.items() if plain(printed) == plain(name)]


def load_sources(folder: Path = FOLDER) -> dict[str, list[Source]]:
    """Return the sources of every part by its name in parts.toml.

    Raises ValueError for a file that is not a source, naming the file and what is missing.
    """
    found: dict[str, list[Source]] = {}
    for path in sorted(folder.glob("*.*.toml")):
        source = _parse(path)
        found.setdefault(source.part, []).append(source)
    return found


def load_names(folder: Path = FOLDER) -> dict[str, dict[str, list[str]]]:
    """Return the other names that sources have for our names of pins, by part."""
    return tomllib.loads((folder / NAMES).read_text(encoding="utf-8"))


def plain(name: str) -> str:
    r"""Return the name of a pin in one notation: "/CS" of "~{CS}", "CS#", "!CS", "~CS", "\CS" and "\_CS\_"."""
    name = name.replace("–", "-").replace("−", "-").strip()
    name = re.sub(r"~\{([^}]*)\}", r"/\1", name)
    name = re.sub(r"\\_(.*?)\\_", r"/\1", name)
    name = re.sub(r"^(\w+)#$", r"/\1", name)
    name = re.sub(r"[~!\\](?=\w)", "/", name)
    return re.sub(r"[_{} ]", "", name).upper()


def check_sums(folder: Path = FOLDER) -> dict[str, str]:
    """Return what is wrong with the files of the folder, by file name: hash, missing, or not listed."""
    listed = dict(line.split("  ", 1)[::-1] for line in (folder / SUMS).read_text(encoding="utf-8").splitlines())
    wrong = {}
    for name, digest in listed.items():
        path = folder / name
        if not path.exists():
            wrong[name] = f"{SUMS} lists it, and it is gone: restore it, or run python -m hardware.sources.sums"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            wrong[name] = f"it does not have the hash of {SUMS}: compare it with its document, then renew {SUMS}"
    for path in summed_files(folder):
        if path.name not in listed:
            wrong[path.name] = f"{SUMS} does not list it: run python -m hardware.sources.sums"
    return wrong


def summed_files(folder: Path = FOLDER) -> list[Path]:
    """Return the files whose hashes are kept: all sources, and the table of names."""
    return sorted(folder.glob("*.toml"))


def _parse(path: Path) -> Source:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    part = path.name.split(".", 1)[0]
    needed = ("origin", "document", "section", "packages")
    missing = [key for key in needed if not table.get(key)]
    if not (table.get("address") and table.get("read")) and not (table.get("package") and table.get("file_sha256")):
        missing.append("address and read, or package and file_sha256")
    if missing:
        raise ValueError(f"hardware/sources/{path.name}: {', '.join(missing)} missing; add where the facts are from")
    return Source(
        file=path.name,
        part=part,
        origin=table["origin"],
        document=table["document"],
        section=table["section"],
        address=table.get("address", ""),
        read=str(table.get("read", "")),
        packages=tuple(table["packages"]),
        pins=table.get("pins", {}),
        by_elimination=tuple(table.get("by_elimination", ())),
        limits={
            key: tuple(value) if isinstance(value, list) else value for key, value in table.get("limits", {}).items()
        },
        pads_mm={key: (value[0], value[1]) for key, value in table.get("pads_mm", {}).items()},
        distances_mm=table.get("distances_mm", {}),
    )
