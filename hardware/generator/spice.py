"""The analogue part as a SPICE deck: drivers, switches, pots, buffers, averagers, comparators, ADC dividers."""

import re

from hardware.generator.circuit import RAILS, Circuit, Part
from hardware.generator.nets import socket_net
from twinohm.model.board import Board
from twinohm.model.board_tables import RP2040
from twinohm.model.diodes import DIODE_PARTS, Diode
from twinohm.model.networks import NETWORKS
from twinohm.model.pot_parts import POT_PARTS

POT_SEGMENTS = 128  # of the pot in models.lib, where a deck does not say another number
LEAST_OHM = 1e-3  # of a resistor
PASSIVE = ("R", "C")  # symbols
AMPLIFIERS = {"opamp": "opamp", "comparator": "comparator"}  # models by symbol


def spice_net(net: str) -> str:
    """Return the SPICE name of a net: A_free of "A.free", 0 of ground."""
    return "0" if net == "GND" else re.sub(r"[^A-Za-z0-9]+", "_", net).strip("_")


def parameters(board: Board) -> dict[str, float]:
    """Return every .param at power-on: tap of each edge, volts of each DAC channel, 1 for each closed switch."""
    found: dict[str, float] = {f"tap_{spice_net(edge)}": board.pots.start_tap for edge in board.edges}
    found |= {f"dac_{node}": board.range_V[0] for node in board.nodes}
    if board.switches:
        found |= {f"closed_{node}_{network}": 0 for network in NETWORKS for node in board.nodes}
    return found


def body(board: Board, circuit: Circuit) -> str:
    """Return the elements. The deck that includes them has the parameters and the analysis."""
    lines = [f"* TwinOhm {board.name}: analogue part. Include it after the .param lines of {board.name}.cir"]
    lines += [".include ../models.lib", "V5 5V 0 5", "V9 9V 0 9", "V3 3V3 0 3.3"]
    nets = {
        spice_net(net)
        for part in circuit.parts
        for pin, net in part.nets.items()
        if is_analogue(part, pin) and net not in RAILS
    } | {f"ADC_{spice_net(channel)}" for adc in board.adc if isinstance(adc, RP2040) for channel in adc.channels}
    lines += [f"Vdac_{node} drive_DAC_{node} 0 {{dac_{node}}}" for node in board.dac.channels if node]
    for part in circuit.parts:
        lines += _elements(board, part, nets)
    for k, diode in enumerate(board.diodes, 1):
        lines += _plugged(k, diode)
    return "\n".join(lines) + "\n"


def is_analogue(part: Part, number: str) -> bool:
    """Return whether that pin belongs to an element of the deck."""
    if part.kind.name in POT_PARTS:
        return number in (part.kind.number(pin) for pin in "AWB")
    if part.kind.name == "ADG715":
        return number in (part.kind.number(f"{end}{i}") for end in "SD" for i in range(1, 9))
    return part.kind.symbol in AMPLIFIERS


def _elements(board: Board, part: Part, nets: set[str]) -> list[str]:
    ref = part.ref

    def pin(name: str) -> str:
        number = part.kind.number(name)
        return spice_net(part.nets[number]) if number in part.nets else f"open_{ref}_{number}"

    if part.kind.symbol in PASSIVE:
        ends = (pin("1"), pin("2"))
        if nets & set(ends):
            return [f"{ref} {ends[0]} {ends[1]} {part.value.split()[0].replace('4k7', '4.7k').replace('3k3', '3.3k')}"]
        return []
    if part.kind.name == "Header2":
        return [f"R{ref} {pin('1')} {pin('2')} 10m"]
    if part.kind.name in POT_PARTS:
        edge = spice_net(part.sheet.rsplit("/", 1)[1])
        values = f"tap={{tap_{edge}}} r_ab={board.pots.ohm:g} r_w={board.pots.wiper_ohm:g}"
        if board.pots.chip.segments != POT_SEGMENTS:
            values += f" segments={board.pots.chip.segments}"
        return [f"X{ref} {pin('A')} {pin('W')} {pin('B')} pot {values}"]
    units = range(1, part.kind.n_units)
    if part.kind.symbol in AMPLIFIERS:
        model = AMPLIFIERS[part.kind.symbol]
        return [f"X{ref}_{i} {pin(f'+{i}')} {pin(f'-{i}')} {pin(f'out{i}')} {model}" for i in units]
    if part.kind.name == "ADG715" and board.switches:
        found = []
        for i in range(1, 9):
            drain = part.nets.get(part.kind.number(f"D{i}"))
            if drain:
                node, network = drain.split(".")
                closed = f"closed={{closed_{node}_{network}}} r_on={board.switches.on_ohm:g}"
                found.append(f"X{ref}_{i} {pin(f'S{i}')} {pin(f'D{i}')} switch {closed}")
        return found
    return []


def _plugged(number: int, diode: Diode) -> list[str]:
    """Return the elements of a diode in the sockets of both networks, by the law of model/diodes.py.

    ngspice's own diode has another current where it blocks. 60 limits the exponent while ngspice searches.
    """
    part, lines = DIODE_PARTS[diode.part], []
    for network in NETWORKS:
        name = f"D{number}_{network}"
        anode, cathode = (spice_net(socket_net(node, network)) for node in (diode.anode, diode.cathode))
        lines.append(f"R{name} {anode} {name} {max(part.series_ohm, LEAST_OHM):g}")
        law = f"{part.saturation_A:g}*(exp(min(V({name},{cathode})/{part.emission_V:.9g},60))-1)"
        lines.append(f"B{name} {name} {cathode} I={law}")
    return lines


def deck(board: Board, values: dict[str, float], body_file: str) -> str:
    """Return a whole deck that prints the voltage of every node and comparator output at the operating point."""
    lines = [f"* TwinOhm {board.name}: operating point. Run in this folder: ngspice -b {board.name}.cir"]
    lines += [f".param {name}={value:.10g}" for name, value in values.items()]
    lines += [f".include {body_file}", ".options gmin=1e-15 reltol=1e-6 vntol=1e-7", ".control", "op"]
    nets = dict.fromkeys(
        f"{node}_{'clamped' if network == 'free' and node in board.wired_free else network}"
        for node in board.nodes
        for network in NETWORKS
    )
    lines += [f"print v({net})" for net in nets]
    lines += [f"print v({spice_net(f'{line}.{edge}')})" for edge in board.edges for line in ("CMP", "SGN")]
    return "\n".join([*lines, ".endc", ".end", ""])
