"""A board whose parts have leads (`through_hole`), as the same circuit of the parts that all checks know.

What differs is here: a ready-made board with a DAC in two sockets, at 3.3 V, and 5 V that comes from the Pico's USB.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from twinohm.model.netlist import Component, Netlist

SAME = {  # alike in their pins: DS21733, SLCS005
    "R_leaded": "R",
    "R_precise_leaded": "R_precise",
    "C_leaded": "C",
    "MCP6004": "TLV9064",
    "LM393P": "LM393A",
    "Header7": "Header5",
}
DAC = "MCP4728"
# Adafruit-MCP4728-PCB, names beside the pins: pin of the socket, pin of the chip.
BUS, BUS_PINS = "MCP4728_bus", {"1": "1", "2": "10", "3": "2", "4": "3", "5": "4", "6": "5"}
OUTPUTS, OUTPUT_PINS = "MCP4728_outputs", {"2": "6", "3": "7", "4": "8", "5": "9"}
TWICE = {"1": "2", "6": "1"}  # GND and VCC are in both sockets: pin of the outputs, pin of the bus


def translated(netlist: Netlist, findings: list[str]) -> Netlist:
    """Return the netlist with known parts. The DAC's board is one chip of the name of its bus socket."""
    components: dict[str, Component] = {}
    pins = {(ref, pin): net for (ref, pin), net in netlist.pins.items() if _is_kept(netlist.components[ref])}
    for ref, part in netlist.components.items():
        if _is_kept(part):
            components[ref] = replace(part, part=SAME.get(part.part, part.part))
    buses, outputs = netlist.parts(BUS), netlist.parts(OUTPUTS)
    if (len(buses), len(outputs)) != (1, 1):
        here = ", ".join(f"{part.ref} ({part.part})" for part in (*buses, *outputs)) or "none"
        counts = f"{len(buses)} sockets {BUS} and {len(outputs)} {OUTPUTS}"
        findings.append(f"{counts} for the board with the DAC, not 1 and 1: {here}")
        return Netlist(components, pins)
    bus, out = buses[0].ref, outputs[0].ref
    components[bus] = Component(bus, DAC, DAC, "MCP4728T-E/UN")
    for ref, names in ((bus, BUS_PINS), (out, OUTPUT_PINS)):
        for socket, chip in names.items():
            if (ref, socket) in netlist.pins:
                pins[bus, chip] = netlist.pins[ref, socket]
    for there, here in TWICE.items():
        if netlist.net(out, there) != netlist.net(bus, here):
            findings.append(f"{out} ({OUTPUTS}) pin {there} is not on the net of {bus} ({BUS}) pin {here}")
    return Netlist(components, pins)


def as_drawn(findings: Iterable[str], netlist: Netlist) -> list[str]:
    """Return findings on a translated netlist with the parts, and the sockets' pins, that the netlist itself has."""
    buses, outputs = netlist.parts(BUS), netlist.parts(OUTPUTS)
    socket_pins = {chip: (buses, BUS, socket) for socket, chip in BUS_PINS.items()}
    socket_pins |= {chip: (outputs, OUTPUTS, socket) for socket, chip in OUTPUT_PINS.items()}

    def name(match: re.Match[str]) -> str:
        ref, part, pin = match.groups()
        drawn = netlist.components.get(ref)
        if drawn is None or SAME.get(drawn.part, drawn.part) == drawn.part != BUS:
            return match[0]
        if part == DAC and pin in socket_pins:
            (socket, *_), kind, number = socket_pins[pin]
            return f"{socket.ref} ({kind}) pin {number}"
        return f"{ref} ({drawn.part}){f' pin {pin}' if pin else ''}"

    def open_net(match: re.Match[str]) -> str:
        ref, pin = match.groups()
        if [ref] != [bus.ref for bus in buses] or pin not in socket_pins:
            return match[0]
        (socket, *_), _, number = socket_pins[pin]
        return f"open {socket.ref}.{number}"

    findings = [re.sub(r"\b(\w+) \((\w+)\)(?: pin (\d+)\b)?", name, finding) for finding in findings]
    return [re.sub(r"\bopen (\w+)\.(\d+)\b", open_net, finding) for finding in findings]


def _is_kept(part: Component) -> bool:
    return part.part not in (BUS, OUTPUTS)
