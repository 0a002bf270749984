"""An SVG of the chips on a breadboard, seen from above, with the net at every pin."""

from html import escape

from hardware.generator.circuit import Circuit, Part
from hardware.generator.lists import shown

PITCH, WIDTH, LABEL = 15, 90, 105  # px: between pins, of a chip, of a net's name
COLUMN, GAP, TOP = WIDTH + 2 * LABEL, 40, 70
LINES = 44  # pins and gaps in a column
COLOURS = {"GND": "#222", "+5V": "#c22", "+9V": "#d70", "+3V3": "#a3a"}


def breadboard(circuit: Circuit) -> str:
    """Return the SVG of every part with two rows of pins. All other parts are in the wiring list."""
    columns: list[list[Part]] = [[]]
    used = 0
    for part in circuit.parts:
        if not (is_dual(part) or is_row(part)):
            continue
        lines = _rows(part) + 3
        if used + lines > LINES:
            columns.append([])
            used = 0
        columns[-1].append(part)
        used += lines
    adapters = "" if circuit.swaps else "SOIC and MSOP chips on DIP adapters. "
    width, height = len(columns) * COLUMN + GAP, TOP + (LINES + 1) * PITCH
    items = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="20" y="28" font-size="18">TwinOhm {circuit.name} on a breadboard, chips from above</text>',
        f'<text x="20" y="48" font-size="12">{adapters}100 nF from supply to GND at each. '
        "Resistors, headers and supply: wiring.md</text>",
    ]
    for i, column in enumerate(columns):
        y = TOP
        for part in column:
            items += _chip(part, GAP / 2 + COLUMN * i + LABEL, y)
            y += PITCH * (_rows(part) + 3)
    return "\n".join([*items, "</svg>", ""])


def is_dual(part: Part) -> bool:
    """Return whether a part is a DIP, or on an adapter that makes it one."""
    return part.kind.prefix == "U" and len(part.kind.pins) >= 8


def is_row(part: Part) -> bool:
    """Return whether a part is a socket for one side of a ready-made board."""
    return part.kind.prefix == "J" and part.kind.name.startswith("MCP4728_")


def _rows(part: Part) -> int:
    return len(part.kind.pins) // (1 if is_row(part) else 2)


def _chip(part: Part, x: float, y: float) -> list[str]:
    rows = _rows(part)
    body = f'x="{x}" y="{y + 4}" width="{WIDTH}" height="{(rows + 1) * PITCH}"'
    title = f"{part.ref} {escape(part.value)}"
    items = [
        f'<text x="{x + WIDTH / 2}" y="{y - 4}" font-size="12" text-anchor="middle">{title}</text>',
        f'<rect {body} rx="3" fill="#f4f1e6" stroke="#333"/>',
        f'<circle cx="{x + WIDTH / 2}" cy="{y + 4}" r="5" fill="#fff" stroke="#333"/>',
    ]
    for pin in part.kind.pins:
        number = int(pin.number)
        left = number <= rows
        row = number if left else 2 * rows + 1 - number
        at = y + 8 + PITCH * row
        net = part.nets.get(pin.number, "")
        inside, outside = (x + 4, x - 6) if left else (x + WIDTH - 4, x + WIDTH + 6)
        inner, outer = ("start", "end") if left else ("end", "start")
        colour = COLOURS.get(net, "#06c")
        items.append(f'<text x="{inside}" y="{at}" font-size="9" text-anchor="{inner}">{pin.number}</text>')
        name = escape(shown(" ".join(net.split("/")[2:]) if net.startswith("/") else net)) or "-"
        items.append(f'<text x="{outside}" y="{at}" font-size="11" text-anchor="{outer}" fill="{colour}">{name}</text>')
    return items
