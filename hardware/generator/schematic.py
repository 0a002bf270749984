"""A board's KiCad schematic: a root sheet, one sheet for each function, and one edge cell for all edges."""

import json
from collections.abc import Callable

from hardware.generator import draw, draw_analog, draw_edges, draw_kit
from hardware.generator.circuit import Circuit
from hardware.generator.sexp import dump, node
from hardware.generator.sheet import Sheet
from hardware.generator.symbols import LIBRARY, power_symbol, symbol
from twinohm.model.board import Board

FUNCTIONS: dict[str, tuple[str, Callable[[Sheet, Circuit], None]]] = {
    "power": ("Supply", draw.power),
    "controller": ("Controller", draw.controller),
    "drive": ("Drivers: from I2C to a voltage at a node", draw_analog.drive),
    "switches": ("Switches: which driver is on which node", draw_analog.switches),
    "sense": ("Buffers and ADCs", draw_analog.sense),
    "registers": ("Shift registers and clock", draw_edges.registers),
    "directions": ("XOR and flip-flop of every edge", draw_edges.directions),
}
LAYOUT_LIBRARIES = {"Fiducial", "MountingHole"}  # of footprints that the layout adds, without a symbol
KIT = {"power": draw_kit.power, "drive": draw_kit.drive, "sense": draw_kit.sense}  # of boards of parts with leads
LARGE = (
    "drive",
    "switches",
    "sense",
    "registers",
    "directions",
    "edges",
)  # on A3; on a board without switches all but drive fit A4


class Schematic:
    """The drawing: `files` are the texts to write by name, `paths` the UUID path of every part, for the PCB."""

    def __init__(self, board: Board, circuit: Circuit) -> None:
        self.files: dict[str, str] = {}
        self.paths: dict[str, str] = {}
        self._board, self._circuit = board, circuit
        root = self._sheet("/", "overview", "A4", [("/", 1)], {})
        self._root = f"/{root.uuid}"
        root.paths = [(self._root, 1)]
        names = [name for name in FUNCTIONS if any(circuit.on(f"/{name}"))]
        root.text(circuit.title, 12, 12, 3, bold=True)
        for i, name in enumerate([*names, "edges"]):
            title = FUNCTIONS[name][0] if name in FUNCTIONS else f"{board.n_edges} edges"
            box = (14 + 70 * (i % 3), 30 + 34 * (i // 3), 56, 20)
            path = f"{self._root}/{root.child(name, f'{name}.kicad_sch', box, i + 2)}"
            root.text(title, box[0] + 2, box[1] + 8)
            if name in FUNCTIONS:
                self._function(name, title, path, i + 2)
            else:
                self._edges(title, path, i + 2)
        root.text(
            "Nets with flags are known on all sheets. A.free is node A of the free network, A.clamped of the other;\n"
            ".sense is behind a buffer, .driver before the switches. UD.A-B is line UD of edge A-B.\n"
            "Generated from boards.toml: python -m hardware.generator",
            14, 132,
        )  # fmt: skip
        self.files[f"{circuit.name}.kicad_sch"] = root.dump()
        self._project()

    def _sheet(
        self,
        name: str,
        title: str,
        paper: str,
        paths: list[tuple[str, int]],
        parts: dict[str, list],  # type: ignore[type-arg]
    ) -> Sheet:
        return Sheet(self._circuit.name, name, f"TwinOhm {self._circuit.name}: {title}", paper, paths, parts)

    def _paper(self, name: str) -> str:
        return "A3" if name == "drive" or (name in LARGE and self._board.switches) else "A4"

    def _function(self, name: str, title: str, path: str, page: int) -> None:
        parts = {part.key: [part] for part in self._circuit.on(f"/{name}")}
        sheet = self._sheet(f"/{name}", title, self._paper(name), [(path, page)], parts)
        draw_sheet = KIT.get(name) if self._board.through_hole else None
        (draw_sheet or FUNCTIONS[name][1])(sheet, self._circuit)
        self._keep(sheet, f"{name}.kicad_sch")

    def _edges(self, title: str, path: str, page: int) -> None:
        sheet = self._sheet("/edges", title, self._paper("edges"), [(path, page)], {})
        cells = draw_edges.edges(sheet, self._board, page + 1)
        self._keep(sheet, "edges.kicad_sch")
        parts: dict[str, list] = {}  # type: ignore[type-arg]
        for edge in self._board.edges:
            for part in self._circuit.on(f"/edges/{edge}"):
                parts.setdefault(part.key.split("/")[1], []).append(part)
        paths = [(f"{path}/{cell}", page + 1 + i) for i, cell in enumerate(cells)]
        cell_sheet = self._sheet("/edges/cell", "edge cell", "A4", paths, parts)
        draw_edges.edge_cell(cell_sheet, self._circuit)
        self._keep(cell_sheet, draw_edges.CELL_FILE)

    def _keep(self, sheet: Sheet, file: str) -> None:
        self.files[file] = sheet.dump()
        for key, instances in sheet.parts.items():
            for (path, _), part in zip(sheet.paths, instances, strict=True):
                self.paths[part.ref] = f"{path.removeprefix(self._root)}/{sheet.symbol_uuid(key)}"

    def _project(self) -> None:
        """Add the project file, symbols and library tables, so that the project opens on any machine with KiCad 9."""
        name = self._circuit.name
        kinds = {part.kind.name: part.kind for part in self._circuit.parts}
        library = node("kicad_symbol_lib", node("version", 20241209), node("generator", "twinohm"))
        library.append(node("generator_version", "9.0"))
        library += [symbol(kinds[kind]) for kind in sorted(kinds)]
        library += [power_symbol(rail) for rail in ("+3V3", "+5V", "+9V", "GND", "PWR_FLAG")]
        self.files[f"{LIBRARY}.kicad_sym"] = dump(library) + "\n"
        entry = node("lib", node("name", LIBRARY), node("type", "KiCad"))
        entry += [node("uri", f"${{KIPRJMOD}}/{LIBRARY}.kicad_sym"), node("options", ""), node("descr", "")]
        self.files["sym-lib-table"] = dump(node("sym_lib_table", node("version", 7), entry)) + "\n"
        table = node("fp_lib_table", node("version", 7))
        for folder in sorted(LAYOUT_LIBRARIES | {kind.footprint.split(":")[0] for kind in kinds.values()}):
            uri = f"${{KICAD9_FOOTPRINT_DIR}}/{folder}.pretty"
            entry = node("lib", node("name", folder), node("type", "KiCad"), node("uri", uri))
            table.append([*entry, node("options", ""), node("descr", "")])
        self.files["fp-lib-table"] = dump(table) + "\n"
        rules = {"min_clearance": 0.15, "min_track_width": 0.2, "min_resolved_spokes": 1}
        net_class = {
            "name": "Default",
            "bus_width": 12,
            "clearance": 0.15,
            "diff_pair_gap": 0.25,
            "diff_pair_via_gap": 0.25,
            "diff_pair_width": 0.2,
            "line_style": 0,
            "microvia_diameter": 0.3,
            "microvia_drill": 0.1,
            "pcb_color": "rgba(0, 0, 0, 0.000)",
            "priority": 2147483647,
            "schematic_color": "rgba(0, 0, 0, 0.000)",
            "track_width": 0.25,
            "via_diameter": 0.6,
            "via_drill": 0.3,
            "wire_width": 6,
        }
        project = {
            "board": {"design_settings": {"rules": rules}},
            "meta": {"filename": f"{name}.kicad_pro", "version": 3},
            "net_settings": {"classes": [net_class], "meta": {"version": 4}},
        }
        self.files[f"{name}.kicad_pro"] = json.dumps(project, indent=2) + "\n"
