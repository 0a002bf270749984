"""The sheets of registers, directions, edges and the edge cell. Positions are in steps of 1.27 mm."""

from hardware.generator.circuit import Circuit
from hardware.generator.draw import row
from hardware.generator.draw_analog import keys_of
from hardware.generator.edge_cell import PORTS, edge_ports
from hardware.generator.sheet import Point, Sheet
from twinohm.model.board import Board
from twinohm.model.networks import NETWORKS

CELL_FILE = "edge_cell.kicad_sch"
CELL_SIZE = (28, 20)
RIGHT = ("CLK", "UD", "~{CS}", "CMP", "SGN")


def registers(sheet: Sheet, circuit: Circuit) -> None:
    own = any(circuit.on("/directions"))  # edges that find their own direction
    given, read = ("/CS", "U/D, for the log") if own else ("U/D and /CS", "CMP and SGN")
    sheet.frame(f"To the edges: {given}. The first bit sent ends at QH of the last chip", 10, 14, 310, 68)
    sheet.frame(f"From the edges: {read}. H of the last chip arrives first", 10, 86, 310, 68)
    for i, key in enumerate(keys_of(circuit, "out")):
        sheet.place(key, 50 + 78 * i, 48)
        sheet.place(f"c_{key}", 20 + 78 * i, 66)
    for i, key in enumerate(keys_of(circuit, "in")):
        sheet.place(key, 50 + 78 * i, 120)
        sheet.place(f"c_{key}", 72 + 78 * i, 142)
    sheet.frame("CLK to a quarter of the pots each; /RESET of the switches and /LDAC at 5 V", 10, 158, 228, 62)
    sheet.place("clock_buffer", 54, 190)
    sheet.place("c_clock_buffer", 20, 208)
    for i in range(4):
        sheet.place(f"r_clk{i + 1}", 102, 172 + 12 * i, 90)
    sheet.place("level_buffer", 162, 190)
    sheet.place("c_level_buffer", 132, 208)
    sheet.place("c_registers", 220, 208)
    if "r_ldac" in sheet.parts:
        sheet.place("r_ldac", 210, 180, 90)
    sheet.name_open_pins()


def directions(sheet: Sheet, circuit: Circuit) -> None:
    sheet.frame("CMP xor SGN of every edge", 10, 14, 310, 56)
    sheet.frame(
        "Rising LATCH stores; U/D = /Q = CMP xnor SGN. PRESET low: every U/D high. CLEAR low: low", 10, 74, 310, 114
    )
    for i, key in enumerate(keys_of(circuit, "xor")):
        sheet.place(key, 50 + 78 * i, 42)
        sheet.place(f"c_{key}", 22 + 78 * i, 60)
    for i, key in enumerate(keys_of(circuit, "flip_flops")):
        x, y = 50 + 78 * (i % 4), 102 + 56 * (i // 4)
        sheet.place(key, x, y)
        sheet.place(f"c_{key}", x - 28, y + 18)
    sheet.frame("From the Pico, 33 ohm against ringing", 10, 192, 120, 30)
    for i, key in enumerate(("r_latch", "r_preset", "r_clear")):
        sheet.place(key, 60, 201 + 7 * i, 90)
    sheet.name_open_pins()


def cell_pins(x: float, y: float) -> list[tuple[str, str, Point, int]]:
    """Return the pins on the box of an edge cell at (x, y): nodes on the left, lines on the right."""
    left = [name for name in PORTS if name not in RIGHT]
    pins = [(name, PORTS[name], (x, y + 2 + 2 * i), 180) for i, name in enumerate(left)]
    return pins + [(name, PORTS[name], (x + CELL_SIZE[0], y + 2 + 2 * i), 0) for i, name in enumerate(RIGHT)]


def edges(sheet: Sheet, board: Board, first_page: int) -> list[str]:
    """Draw a box for every edge and return their UUIDs."""
    found = []
    for i, edge in enumerate(board.edges):
        x, y = 30 + 82 * (i % 4), 24 + 34 * (i // 4)
        pins = cell_pins(x, y)
        found.append(sheet.child(edge, CELL_FILE, (x, y, *CELL_SIZE), first_page + i, pins))
        nets = edge_ports(board, i)
        for name, _, (px, py), leaves in pins:
            away = px + (1 if leaves == 0 else -1)
            sheet.wire((px, py), (away, py))
            sheet.tag(nets[name], away, py, leaves)
    return found


def edge_cell(sheet: Sheet, circuit: Circuit) -> None:
    sheet.frame("One pot in each network: the same U/D, /CS and CLK, so both have one tap", 10, 12, 116, 104)
    for i, network in enumerate(NETWORKS):
        _pot(sheet, network, 44, 40 + 48 * i)
    sheet.frame("Equation 6: CMP and SGN; up = XNOR(CMP, SGN)", 130, 12, 92, 104)
    for unit, y in ((1, 45.0), (2, 92.0)):
        sheet.place("comparator", 182, y, unit=unit)
    _averager(sheet, "PLUS", ("plus_a", "node_a.clamped.sense"), ("plus_b", "node_b.free.sense"), (34, 41, 43))
    _averager(sheet, "MINUS", ("minus_b", "node_b.clamped.sense"), ("minus_a", "node_a.free.sense"), (56, 49, 47))
    for unit, (line, y) in enumerate((("CMP", 45.0), ("SGN", 92.0)), 1):
        out = sheet.pin("comparator", f"out{unit}")
        sheet.place(f"pull_{line}", 198, y - 9)
        sheet.wire(sheet.pin(f"pull_{line}", "2"), (198, y))
        sheet.junction(198, y)
        sheet.wire(out, (198, y), (206, y))
        sheet.port(line, 206, y, 0, PORTS[line])
    for name, port in (("+2", "node_a.free.sense"), ("-2", "node_b.free.sense")):
        at = sheet.pin("comparator", name)
        sheet.wire(at, (160, at[1]))
        sheet.port(port, 160, at[1], 180, PORTS[port])
    sheet.frame("Supplies", 10, 120, 116, 34)
    sheet.place("comparator", 24, 138, unit=3)
    row(sheet, ["c_comparator", "c_pot_free", "c_pot_clamped"], 44, 138, 16)
    if "pull_cs" in sheet.parts:
        sheet.place("pull_cs", 100, 132)
        end = sheet.pin("pull_cs", "2")
        sheet.wire(end, (end[0], end[1] + 3))
        sheet.port("~{CS}", end[0], end[1] + 3, 270, "input")
    if "pull_ud" in sheet.parts:
        sheet.place("pull_ud", 116, 138)
        end = sheet.pin("pull_ud", "1")
        sheet.wire(end, (end[0], end[1] - 3))
        sheet.port("UD", end[0], end[1] - 3, 90, "input")
    if "c_cs" in sheet.parts:
        sheet.place("c_cs", 100, 136)
        end = sheet.pin("c_cs", "1")
        sheet.wire(end, (end[0], end[1] - 3))
        sheet.port("~{CS}", end[0], end[1] - 3, 90, "input")
    sheet.text("CMP = (clamped a + free b)/2 > (free a + clamped b)/2\nSGN = free a > free b", 134, 104)
    sheet.name_open_pins()


def _pot(sheet: Sheet, network: str, x: float, y: float) -> None:
    key = f"pot_{network}"
    sheet.place(key, x, y)
    for pin, port in (("CLK", "CLK"), ("U/~{D}", "UD"), ("~{CS}", "~{CS}")):
        at = sheet.pin(key, pin)
        sheet.wire(at, (at[0] - 6, at[1]))
        sheet.port(port, at[0] - 6, at[1], 180, PORTS[port])
    wiper, b = sheet.pin(key, "W"), sheet.pin(key, "B")
    sheet.place(f"jumper_{network}", 74, wiper[1], 180)
    sheet.place(f"series_{network}", 92, wiper[1], 270)
    sheet.wire(wiper, sheet.pin(f"jumper_{network}", "2"))
    sheet.label(f"/W_{network}", wiper[0] + 2, wiper[1])
    sheet.wire(sheet.pin(f"jumper_{network}", "1"), sheet.pin(f"series_{network}", "2"))
    sheet.label(f"/R_{network}", 78, wiper[1])
    end = sheet.pin(f"series_{network}", "1")
    sheet.wire(end, (104, end[1]))
    sheet.port(f"node_a.{network}", 104, end[1], 0)
    sheet.wire(b, (b[0] + 4, b[1]), (b[0] + 4, b[1] + 8), (104, b[1] + 8))
    sheet.port(f"node_b.{network}", 104, b[1] + 8, 0)


def _averager(
    sheet: Sheet, name: str, far: tuple[str, str], near: tuple[str, str], rows: tuple[float, float, float]
) -> None:
    """Draw two resistors into one comparator input, at the rows (y) of far, near and input."""
    x = 162
    for (key, port), y in zip((far, near), rows, strict=False):
        sheet.place(key, x, y, 90)
        sheet.wire(sheet.pin(key, "1"), (x - 7, y))
        sheet.port(port, x - 7, y, 180, PORTS[port])
        sheet.wire(sheet.pin(key, "2"), (x + 8, y))
    sheet.wire((x + 8, rows[0]), (x + 8, rows[1]), (x + 8, rows[2]))
    sheet.junction(x + 8, rows[1])
    sheet.wire((x + 8, rows[2]), sheet.pin("comparator", "+1" if name == "PLUS" else "-1"))
    sheet.label(f"/{name}", x + 9, rows[2])
