"""What a maker of boards and an assembler want: order/ of a board, written by python -m hardware.layout.fabricate.

One zip with Gerber and drill files; parts and positions of what is soldered by machine; the drawing, an interactive
parts list and the netlist for the electrical test; and everything to buy, with what no netlist has.
"""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from hardware.generator import ISSUED
from hardware.generator.build import build
from hardware.generator.circuit import Circuit, Part, natural
from hardware.generator.lists import parts_to_buy
from hardware.layout.pictures import kicad, undate
from twinohm.model.board_file import load_board

HERE = Path(__file__).parents[1]
ROTATIONS = Path(__file__).parent / "rotations.toml"
PYTHON = os.environ.get("TWINOHM_KICAD_PYTHON", "/usr/bin/python3")
BY_MACHINE = ("_SMD", "Package_SO")  # in the names of KiCad's libraries of surface-mounted packages
YEAR, MONTH, DAY = map(int, ISSUED.split("-"))
DRAWN = {"top": "F.Fab,F.Silkscreen,F.Courtyard,Edge.Cuts", "bottom": "B.Fab,B.Silkscreen,B.Courtyard,Edge.Cuts"}
HOLES = 4  # of a board, for standoffs


def by_machine(part: Part) -> bool:
    """Return whether a part is surface-mounted."""
    return any(word in part.kind.footprint.split(":")[0] for word in BY_MACHINE)


def correction(footprint: str) -> tuple[int, bool]:
    """Return by how many degrees the assembler turns a footprint further, and whether rotations.toml has it."""
    for start, degrees in tomllib.loads(ROTATIONS.read_text(encoding="utf-8")).items():
        if footprint.split(":")[-1].startswith(start):
            return int(degrees), True
    return 0, False


def to_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the text of a table."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def assembly_bom(circuit: Circuit) -> str:
    """Return the parts that a machine solders, a line a value. A distributor's number without a source is empty."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for part in parts_to_buy(circuit):
        if by_machine(part):
            known = re.search(r"LCSC (C\d+)", part.kind.price_from)
            key = (part.value, part.kind.footprint.split(":")[-1], known[1] if known else "", part.mpn)
            groups.setdefault(key, []).append(part.ref)
    rows = [
        [value, ",".join(natural(refs)), package, number, mpn]
        for (value, package, number, mpn), refs in sorted(groups.items())
    ]
    return to_csv(["Comment", "Designator", "Footprint", "LCSC Part #", "MPN"], rows)


def positions(circuit: Circuit, placed: str) -> str:
    """Return where a machine puts each part, with rotations as the assembler counts them.

    placed: KiCad's position file, in mm; Gerber files have the same origin.
    """
    machine = {part.ref: part for part in parts_to_buy(circuit) if by_machine(part)}
    rows = []
    for row in csv.DictReader(io.StringIO(placed)):
        if part := machine.pop(row["Ref"], None):
            turn = (float(row["Rot"]) + correction(part.kind.footprint)[0]) % 360
            rows.append([part.ref, row["PosX"], row["PosY"], row["Side"].capitalize(), f"{turn:g}"])
    if machine:
        raise ValueError(f"the position file has no {', '.join(natural(machine))}; write it again")
    places = {row[0]: row for row in rows}
    return to_csv(["Designator", "Mid X", "Mid Y", "Layer", "Rotation"], [places[ref] for ref in natural(places)])


def shopping(circuit: Circuit) -> str:
    """Return everything to buy but the board, with a known price or an empty cell; the head counts the empty ones."""
    groups: dict[tuple[str, str], list[Part]] = {}
    for part in parts_to_buy(circuit):
        groups.setdefault((part.kind.name, part.mpn or part.value), []).append(part)
    rows: list[list[object]] = []
    for (_, _), parts in groups.items():
        kind = parts[0].kind
        cost = "" if kind.usd is None else f"{kind.usd * len(parts):.2f}"
        how = "machine" if by_machine(parts[0]) else "hand"
        rows.append(
            [len(parts), parts[0].value, kind.maker, parts[0].mpn, kind.description, how, cost, kind.price_from]
        )
    rows += [[count, "", "", "", what, "hand", "", ""] for count, what in extras(circuit)]
    unknown = sum(not row[6] for row in rows)
    head = ["Quantity", "Value", "Manufacturer", "MPN", "Description", "Soldered by"]
    return to_csv([*head, f"USD ({unknown} of {len(rows)} unknown)", "Price from"], rows)


def extras(circuit: Circuit) -> list[tuple[int, str]]:
    """Return quantity and description of what a built board needs besides the parts of its netlist."""
    kinds = [part.kind.name for part in circuit.parts]
    pins = Counter(part.kind.footprint.partition("Package_DIP:")[2].partition("_")[0] for part in circuit.parts)
    found = [
        (1, "Printed circuit board, files in the zip"),
        (2 * kinds.count("Pico"), "Socket strip 1x20, 2.54 mm, for the Pico"),
        (2 * kinds.count("MCP4728_bus"), "Socket strip 1x6, 2.54 mm, for the board with the DAC"),
        *((pins[dip], f"Socket {dip}, 7.62 mm, for a chip") for dip in sorted(pins) if dip),
        (kinds.count("Header2"), "Shunt, 2.54 mm, one for every header JP"),
        (kinds.count("L7805"), "Heat sink for TO-220, needed from 12 V on"),
        (kinds.count("Jack"), "Mains supply, 9 V DC, 1 A, plug 5.5/2.1 mm, centre +"),
        (1, "USB cable for the Pico"),
        (HOLES, "Standoff M3 with screw"),
    ]
    return [(count, what) for count, what in found if count]


def pack(files: Iterable[Path], out: Path) -> None:
    """Write a zip that is the same for the same files."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(files):
            entry = zipfile.ZipInfo(file.name, (YEAR, MONTH, DAY, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, file.read_bytes())


def interactive_bom(board: Path, out: Path) -> None:
    """Write the interactive parts list, if the package InteractiveHtmlBom is there: KiCad's Python runs it."""
    spec = find_spec("InteractiveHtmlBom")
    if spec is None or not spec.submodule_search_locations:
        print(
            "no interactive parts list: pip install --no-deps --require-hashes -r hardware/layout/requirements.txt",
            file=sys.stderr,
        )
        return
    with tempfile.TemporaryDirectory() as work:  # nothing else of this environment is for KiCad's Python
        shutil.copytree(spec.submodule_search_locations[0], Path(work) / "InteractiveHtmlBom")
        environment = {**os.environ, "PYTHONPATH": work, "INTERACTIVE_HTML_BOM_NO_DISPLAY": "1"}
        command = [PYTHON, "-m", "InteractiveHtmlBom.generate_interactive_bom", "--no-browser", "--include-nets"]
        command += ["--dest-dir", work, "--name-format", "bom", str(board.resolve())]
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.copy(Path(work) / "bom.html", out)
    undate(out)


def drawn_layers(name: str) -> dict[str, str]:
    """Return the layers of the drawing of each side; where values are printed, F.Fab would print references on them."""
    placement = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
    return {side: layers.replace("F.Fab,", "") if "values" in placement else layers for side, layers in DRAWN.items()}


def write_order(name: str) -> None:
    """Write order/ of a board whose fab/ is there."""
    folder = HERE / name
    board, out = folder / f"{name}.kicad_pcb", folder / "order"
    out.mkdir(exist_ok=True)
    circuit = build(load_board(name))
    placed = (folder / "fab" / f"{name}-positions.csv").read_text(encoding="utf-8")
    pack((file for file in (folder / "fab").iterdir() if file.suffix != ".csv"), out / f"{name}-gerbers.zip")
    for what, text in (
        ("assembly-bom", assembly_bom(circuit)),
        ("assembly-positions", positions(circuit, placed)),
        ("shopping", shopping(circuit)),
    ):
        (out / f"{name}-{what}.csv").write_text(text, encoding="utf-8", newline="\n")
    kicad("pcb", "export", "ipcd356", "-o", out / f"{name}.d356", board)
    undate(out / f"{name}.d356")
    for side, layers in drawn_layers(name).items():
        drawing = out / f"{name}-assembly-{side}.pdf"
        kicad("pcb", "export", "pdf", "--mode-single", "--black-and-white", "--layers", layers, "-o", drawing, board)
        undate(drawing)
    interactive_bom(board, out / f"{name}-ibom.html")
