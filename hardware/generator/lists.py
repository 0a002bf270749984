"""Lists for a person: what to order, and what to wire on a breadboard."""

import csv
import io
from collections.abc import Sequence

from hardware.generator.circuit import Circuit, Part, natural
from hardware.generator.nets import socket_net
from twinohm.model.diodes import Diode
from twinohm.model.networks import NETWORKS

COLUMNS = ("References", "Quantity", "Value", "Manufacturer", "MPN", "Description", "Substitutes", "Footprint")


def bom(circuit: Circuit, plugged: Sequence[Diode] = ()) -> str:
    """Return the bill of materials as CSV, a line a value. Prices without a source are empty; the head counts them.

    plugged: diodes in the sockets, one in each network. They have no footprint.
    """
    groups: dict[tuple[str, str, str], list[Part]] = {}
    for part in parts_to_buy(circuit):
        value = "" if part.kind.symbol == "jumper" else part.value
        groups.setdefault((part.kind.name, value, part.mpn), []).append(part)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    in_sockets: dict[str, list[str]] = {}
    for diode in plugged:
        in_sockets.setdefault(diode.part, []).extend(f"{diode.ends}.{name}" for name in NETWORKS)
    unknown = sum(parts[0].kind.usd is None for parts in groups.values()) + len(in_sockets)
    writer.writerow([*COLUMNS, f"USD each ({unknown} of {len(groups) + len(in_sockets)} unknown)", "Price from"])
    count = sum(map(len, groups.values())) + sum(map(len, in_sockets.values()))
    for parts in groups.values():
        kind = parts[0].kind
        refs = " ".join(natural(part.ref for part in parts))
        value = kind.value if kind.symbol == "jumper" else parts[0].value
        row = [refs, len(parts), value, kind.maker, parts[0].mpn, kind.description, kind.substitutes, kind.footprint]
        writer.writerow([*row, "" if kind.usd is None else f"{kind.usd:.2f}", kind.price_from])
    for name, where in in_sockets.items():
        row = [" ".join(where), len(where), name, "", "", "Diode in the sockets of the nodes, not soldered", "", ""]
        writer.writerow([*row, "", ""])
    writer.writerow(["", count, "", "", "", "All parts, without boards and solder", "", "", "", ""])
    return text.getvalue()


def parts_to_buy(circuit: Circuit) -> list[Part]:
    """Return all parts but the test points, which are copper."""
    return [part for part in circuit.parts if part.kind.symbol != "point"]


def wiring(circuit: Circuit, plugged: Sequence[Diode] = ()) -> str:
    """Return Markdown: every net with its pins to tick off, then every part with its pins in order.

    plugged: diodes in the sockets, to tick off after the nets.
    """
    parts = {part.ref: part for part in circuit.parts}
    lines = [f"# Wiring of {circuit.name}", "", "Generated from boards.toml. One line a net: join all its pins.", ""]
    for net, pins in circuit.nets.items():
        joined = ", ".join(f"{ref}.{pin}{_name(parts[ref], pin)}" for ref, pin in pins)
        lines.append(f"- [ ] `{shown(net)}`: {joined}")
    if plugged:
        lines += ["", "## Diodes in the sockets", "", "Plugged in, not soldered; the ring marks the cathode.", ""]
    for diode in plugged:
        for network in NETWORKS:
            socket = circuit.part(f"header_{network}")
            nets = {net: pin for pin, net in socket.nets.items()}
            anode, cathode = (
                f"{socket.ref}.{nets[socket_net(node, network)]} (node {node})" for node in (diode.anode, diode.cathode)
            )
            lines.append(f"- [ ] {diode.part}, {network} network: anode {anode}, cathode {cathode}")
    lines += ["", "## Pins in order", "", "| part | what | pins |", "| --- | --- | --- |"]
    for ref in natural(parts):
        part = parts[ref]
        words = []
        for pin in sorted(part.kind.pins, key=lambda pin: int(pin.number)):
            where = f"`{shown(part.nets[pin.number])}`" if pin.number in part.nets else "open"
            words.append(f"{pin.number}{_name(part, pin.number)} {where}")
        lines.append(f"| {ref} | {part.value or part.kind.name} | {'; '.join(words)} |")
    return "\n".join(lines) + "\n"


def _name(part: Part, number: str) -> str:
    name = next(pin.name for pin in part.kind.pins if pin.number == number)
    return "" if name == number else f" ({shown(name)})"


def shown(name: str) -> str:
    """Return a name without KiCad's mark for a bar: /CS for ~{CS}."""
    return name.replace("~{", "/").replace("}", "")
