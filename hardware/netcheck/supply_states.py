"""What happens while USB or 9 V is missing: the volts of all rails, and currents into chips through their protection.

The netlist is solved with its diodes, with every chip's protection diodes from each pin to its supply and from ground,
and with supply currents. Outputs are all high, all low, or off as after a reset: high is what feeds other chips.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.netcheck import leaded, pinouts
from hardware.netcheck.diode_network import Diode, Network
from hardware.netcheck.lines import safe_levels
from hardware.netcheck.outputs import OPEN_COLLECTOR, PUSH_PULL
from hardware.netcheck.values import is_readable, number
from twinohm.model.board import Board
from twinohm.model.netlist import Netlist
from twinohm.model.pot_parts import POT_PARTS

Floats = NDArray[np.floating]
# 1N5819: at most 0.6 V at 1 A (DS23001), here 0.37 V; 1N4001: at most 1.1 V at 1 A, here 0.93 V.
DIODES = {
    "Schottky": Diode(31.7e-6, 1.373),
    "Rectifier": Diode(14.1e-9, 1.984),
    "LED": Diode(1e-20, 1.9),
    "TVS": Diode(1e-12, 1.0),
}
ON_PICO = Diode(31.7e-6, 1.373)  # VBUS to VSYS on the Pico: Pico data sheet, section 4.5
PROTECTION = Diode(1e-14, 1.0)  # 0.7 V at 10 mA

# Supply currents in mA of each part, the larger where sources in hardware/sources/ differ: AD5220, Rev. 0;
# X9C104 in standby, FN8222; two comparators of 0.4 mA, SLCS005Y; four amplifiers of 0.55 mA; MCP4728, DS22187E;
# 14.5 mW of an ADS7953, SLAS605B; REF3025 over temperature, SBVS032I; SN74HC595 for all of its family; 74AHCT1G125;
# LM7805, Fairchild.
# From memory: ADG715 and, at VSYS, the Pico.
CURRENT_MA = {
    "AD5220": 0.04, "X9C104": 0.75, "LM393A": 0.8, "TLV9064": 2.2, "MCP4728": 0.8, "ADG715": 0.01, "ADS7953": 2.9,
    "REF3025": 0.059, "74HC165": 0.08, "74HC595": 0.08, "74HC86": 0.08, "74HC74": 0.08, "74AHCT125": 0.04,
    "L7805": 5.0, "Pico": 30.0,
}  # fmt: skip
PICO_VSYS_V = 5.0
# Pins that no diode joins to their chip's supply: LM393 inputs and outputs may be at 36 V with any supply (SLCS005);
# PCA9306 and the inputs of AHCT may be above it (AHCT: input range to 7 V, and no clamp current for V_I > V_CC).
TOLERANT = {
    "LM393A": tuple(str(pin) for pin in (1, 2, 3, 5, 6, 7)),
    "PCA9306": tuple(str(pin) for pin in range(1, 9)),
    "74AHCT125": tuple(input_ for input_, _ in pinouts.BUFFERS),
}
# mA through a protection diode: 74HC 20 mA (two makers each), AHCT outputs 20 mA (SCLS508A), MCP4728 2 mA (DS22187E);
# all others 1 mA: AD5222 5 mA (Analog Devices), TLV9062 10 mA (one project); of the ADG715 nothing is stored.
LIMIT_MA = {"74HC165": 20, "74HC595": 20, "74HC86": 20, "74HC74": 20, "74AHCT125": 20, "MCP4728": 2}
OTHER_LIMIT_MA = 1.0
OUTPUT_OHM, RESET_OHM = 50.0, 50e3  # of an output; of the pull-down of a pad of the RP2040 in reset, at least
POWERED_V = 1.5  # a chip with less has its outputs off
COMMON_MODE_V = 1.5  # an LM393A compares up to that much below its supply (SLCS005; 2 V over temperature)
HIGH_V, LOW_V = 2.4, 0.8  # that all logic on these lines reads (AD5220 Rev. 0: 2.4 and 0.8 V at 5 V)
USB_OFF_V = 1.5  # leakage of two Schottky diodes through the Pico's 15.6 kohm at VBUS is no supply
BLEED_OHM, UNPOWERED_V = 5e3, 1.5  # a rail without its source is off if 5 kohm keep it below: 0.3 mA from elsewhere
LEAST_5_V, LEAST_3_V = 4.0, 3.0


@dataclass(frozen=True)
class Supply:
    """What is connected: volts of USB and of the jack, and whether the Pico is in its socket."""

    name: str
    usb_V: float | None
    jack_V: float | None
    pico: bool = True


SUPPLIES = (
    Supply("USB alone, 5.0 V", 5.0, None),
    Supply("USB alone, 4.5 V", 4.5, None),
    Supply("9 V alone", None, 9.0),
    Supply("12 V alone", None, 12.0),
    Supply("USB and 9 V", 5.0, 9.0),
    Supply("9 V, no Pico in its socket", None, 9.0, pico=False),
)
OUTPUTS = ("high", "low", "reset")


@dataclass(frozen=True)
class Solved:
    """Volts by net; mA through the protection of each chip pin, by (reference, pin); mA out of the sources."""

    volts: dict[str, float]
    pins_mA: dict[tuple[str, str], float]
    sources_mA: dict[str, float]


def solve_state(netlist: Netlist, supply: Supply, outputs: str, start: Mapping[str, float] | None = None) -> Solved:
    """Solve one state. Outputs are "high", "low" or "reset"; those of a chip without supply are off.

    `start` has the volts of a similar state.
    """
    start = start or {}
    powered = {part.ref for part in netlist.components.values()}
    for _ in range(3):  # a chip may turn out to have no supply
        solved = _solve(netlist, supply, outputs, powered, start)
        start = solved.volts
        now = {ref for ref in powered if _supply_volts(netlist, ref, solved.volts) >= POWERED_V}
        if now == powered:
            break
        powered = now
    return solved


def _supply_net(netlist: Netlist, ref: str) -> str | None:
    """Return the net of a chip's supply: of two, the logic's."""
    part = netlist.components[ref].part
    pins = {rail: pin for pin, rail in pinouts.supplies(part).items() if rail}
    return netlist.net(ref, pins[min(pins)]) if pins and part != "L7805" else None


def _supply_volts(netlist: Netlist, ref: str, volts: dict[str, float]) -> float:
    net = _supply_net(netlist, ref)
    return POWERED_V if net is None else volts.get(net, 0.0)


def _solve(netlist: Netlist, supply: Supply, outputs: str, powered: set[str], start: Mapping[str, float]) -> Solved:
    pico = netlist.parts("Pico")[0]
    supply_net = {key: netlist.net(pico.ref, pin) for key, pin in pinouts.PICO_SUPPLY.items()}
    ground = supply_net["gnd"]
    network = Network(ground)
    for part in netlist.parts(*pinouts.TWO_ENDS, pinouts.JUMPER, "Fuse"):
        ohm = number(part.value) if part.part in pinouts.TWO_ENDS else 1.0
        network.resistor(netlist.net(part.ref, "1"), netlist.net(part.ref, "2"), max(ohm, 0.01))
    for part in netlist.parts(*DIODES):
        anode, cathode = (netlist.net(part.ref, pinouts.DIODES[part.part][key]) for key in ("anode", "cathode"))
        network.diode(anode, cathode, DIODES[part.part])
    for part in netlist.parts("PCA9306"):  # VREF2 gives its bias to VREF1
        network.diode(
            netlist.net(part.ref, pinouts.SHIFTER_BIAS[0]), _supply_net(netlist, part.ref) or ground, PROTECTION
        )
    protected: dict[tuple[str, str], int] = {}
    for part in netlist.components.values():
        if part.part == "Pico" and not supply.pico:
            continue
        protected |= _add_chip(network, netlist, part.ref, outputs if part.ref in powered else "off", ground)
    sources = {}
    jack = next((netlist.net(part.ref, pinouts.JACK["plus"]) for part in netlist.parts("Jack")), "no jack")
    five, nine = _rails(netlist)
    if supply.jack_V:
        sources["jack"] = network.source(jack, supply.jack_V, 0.1)
        sources["7805"] = network.source(five, 5.0, 0.05)
    if netlist.parts("L7805"):
        network.resistor(nine, ground, 9.0 / (CURRENT_MA["L7805"] * 1e-3))
    if not supply.pico:
        network.resistor(supply_net["3v3"], ground, BLEED_OHM)
    else:
        network.diode(supply_net["vbus"], supply_net["vsys"], ON_PICO)
        network.resistor(supply_net["vbus"], ground, 15.6e3)  # divider to GP24, from memory
        network.resistor(supply_net["vsys"], ground, PICO_VSYS_V / (CURRENT_MA["Pico"] * 1e-3))
        if supply.usb_V:
            sources["USB"] = network.source(supply_net["vbus"], supply.usb_V, 0.1)
        network.resistor(supply_net["3v3"], ground, 3.3 / (CURRENT_MA["Pico"] * 1e-3))
        if supply.usb_V or supply.jack_V:
            sources["3.3 V"] = network.source(supply_net["3v3"], 3.3, 0.05)
    volts, amps, given = network.solve(start)
    return Solved(
        {net: float(volts[i]) for net, i in network.index.items()},
        {pin: float(amps[i]) * 1e3 for pin, i in protected.items()},
        {name: float(given[i]) * 1e3 for name, i in sources.items()},
    )


def _rails(netlist: Netlist) -> tuple[str, str]:
    """Return the nets of 5 V and of 9 V. A board without a regulator has 5 V from USB for both."""
    pins = {rail: pin for pin, rail in pinouts.SUPPLIES["L7805"].items()}
    for regulator in netlist.parts("L7805"):
        return netlist.net(regulator.ref, pins[5]), netlist.net(regulator.ref, pins[9])
    vbus = netlist.net(netlist.parts("Pico")[0].ref, pinouts.PICO_SUPPLY["vbus"])
    return vbus, vbus


def _add_chip(network: Network, netlist: Netlist, ref: str, outputs: str, ground: str) -> dict[tuple[str, str], int]:
    """Add load, outputs and protection of a chip. Return the diode from each pin to its supply."""
    part = netlist.components[ref].part
    net = _supply_net(netlist, ref)
    if net is None:
        return {}
    rails = pinouts.supplies(part)
    supplies = set(rails)
    if part in (*CURRENT_MA, *POT_PARTS) and part != "Pico":
        at = next(netlist.net(ref, pin) for pin, rail in rails.items() if rail)
        volts = 9.0 if 9 in rails.values() else 5.0
        network.resistor(at, ground, volts / (CURRENT_MA.get(part, CURRENT_MA["AD5220"]) * 1e-3))
    if part in POT_PARTS:
        a, w, b = (netlist.net(ref, pinouts.POT[pin]) for pin in "awb")
        network.resistor(a, w, 50e3)
        network.resistor(w, b, 50e3)
    found = {}
    if part == "Pico":
        pins = [pinouts.PICO[name] for name in pinouts.PICO]
        drives = pins
    else:
        drives = list(PUSH_PULL.get(part, ()))
        pins = [pin for (other, pin) in netlist.pins if other == ref]
    for pin in pins:
        if pin in supplies or (ref, pin) not in netlist.pins:
            continue
        at = netlist.net(ref, pin)
        high = _clamp_net(netlist, ref, pin, net)
        if pin not in TOLERANT.get(part, ()):
            found[ref, pin] = network.diode(at, high, PROTECTION)
        network.diode(ground, at, PROTECTION)
        if pin in drives and outputs in ("high", "low") and not (part == "Pico" and _is_input(netlist, ref, pin)):
            network.resistor(at, high if outputs == "high" else ground, OUTPUT_OHM)
        elif part == "74AHCT125" and pin in drives and outputs == "reset":  # follows its input, which is pulled down
            network.resistor(at, ground, OUTPUT_OHM)
        elif part == "Pico" and outputs == "reset":
            network.resistor(at, ground, RESET_OHM)
        if pin in OPEN_COLLECTOR.get(part, ()) and outputs == "low":
            network.resistor(at, ground, 2 * OUTPUT_OHM)
    return found


def _is_input(netlist: Netlist, ref: str, pin: str) -> bool:
    """Return whether another chip's output is on the net of a pin of the Pico."""
    here = netlist.nets.get(netlist.net(ref, pin), ())
    kinds = {**PUSH_PULL, **OPEN_COLLECTOR}
    return any(number_ in kinds.get(netlist.components[other].part, ()) for other, number_ in here)


def _clamp_net(netlist: Netlist, ref: str, pin: str, logic: str) -> str:
    """Return the supply that a pin is clamped to: of an ADC, analogue inputs have the higher one."""
    part = netlist.components[ref].part
    if part == "ADS7953" and pin in (*pinouts.ADC_INPUTS, *pinouts.ADC_LINK, pinouts.ADC["reference"]):
        return next(netlist.net(ref, at) for at, rail in pinouts.supplies(part).items() if rail == 5)
    return logic


def _every(netlist: Netlist) -> Iterator[tuple[Supply, str, Solved]]:
    start: Mapping[str, float] = {}
    for supply in SUPPLIES if netlist.parts("L7805") else [supply for supply in SUPPLIES if supply.jack_V is None]:
        for outputs in OUTPUTS:
            solved = solve_state(netlist, supply, outputs, start)
            start = solved.volts
            yield supply, outputs, solved


def check_states(netlist: Netlist, board: Board) -> list[str]:
    """Return a finding for every chip pin driven above its supply, and for every supply that takes current.

    Returns nothing for a netlist without a Pico or with a value that is no number, which check() reports.
    """
    drawn = netlist
    netlist = leaded.translated(netlist, []) if board.through_hole else netlist
    if not netlist.parts("Pico") or not all(map(is_readable, netlist.components.values())):
        return []
    pico = netlist.parts("Pico")[0]
    findings: dict[str, None] = {}
    vbus, logic = (netlist.net(pico.ref, pinouts.PICO_SUPPLY[key]) for key in ("vbus", "3v3"))
    for supply, outputs, solved in _every(netlist):
        when = f"with {supply.name} and outputs {outputs}"
        for (ref, pin), current in solved.pins_mA.items():
            part = netlist.components[ref].part
            if current > LIMIT_MA.get(part, OTHER_LIMIT_MA):
                net = netlist.net(ref, pin)
                findings[f"{ref} ({part}) pin {pin} on {net} takes {current:.1f} mA into its supply {when}"] = None
        limits = {"5 V": (_rails(netlist)[0], 5.3), "3.3 V": (logic, 3.45 if supply.pico else UNPOWERED_V)}
        if supply.pico and supply.usb_V is None:
            limits["the computer's USB port"] = vbus, USB_OFF_V
        for what, (net, most) in limits.items():
            if solved.volts.get(net, 0.0) > most:
                findings[f"{what} is fed from behind: {net} at {solved.volts[net]:.2f} V {when}"] = None
        for what, net, least in (("5 V", limits["5 V"][0], LEAST_5_V), ("3.3 V", logic, LEAST_3_V)):
            if solved.volts.get(net, 0.0) < least and (supply.pico or net != logic):
                text = f"{what} is missing: {net} at {solved.volts.get(net, 0.0):.2f} V"
                findings[f"{text}, from what its chips' pins get, {when}"] = None
        if outputs == "reset" and supply.pico:
            findings |= dict.fromkeys(f"{text} {when}" for text in _floating(netlist, board, solved.volts))
    return leaded.as_drawn(list(findings), drawn) if board.through_hole else list(findings)


def _floating(netlist: Netlist, board: Board, volts: Mapping[str, float]) -> Iterator[str]:
    """Yield what the lines are that no output drives, where they are not at a level that is safe."""
    pico = netlist.parts("Pico")[0]
    wanted = [(pico.ref, pinouts.PICO[pin], level) for pin, level in safe_levels(board).items()]
    wanted += [(pot.ref, pinouts.POT["cs"], "up") for pot in pinouts.pots(netlist)]
    wanted += [(pot.ref, pinouts.POT["clk"], "down") for pot in pinouts.pots(netlist)]
    for ref, pin, level in wanted:
        net = netlist.net(ref, pin)
        at = volts.get(net, 0.0)
        if (at < HIGH_V) if level == "up" else (at > LOW_V):
            yield f"{ref} ({netlist.components[ref].part}) pin {pin} on {net} floats at {at:.2f} V, not {level},"


def table(netlist: Netlist, board: Board) -> list[str]:
    """Return lines of text: volts of the rails in every state, what comparators compare, largest protection current."""
    netlist = leaded.translated(netlist, []) if board.through_hole else netlist
    pico = netlist.parts("Pico")[0]
    five, nine = _rails(netlist)
    rails = {
        "VBUS": netlist.net(pico.ref, pinouts.PICO_SUPPLY["vbus"]),
        "VSYS": netlist.net(pico.ref, pinouts.PICO_SUPPLY["vsys"]),
        "3.3 V": netlist.net(pico.ref, pinouts.PICO_SUPPLY["3v3"]),
        "5 V": five,
        "9 V": nine,
    }
    top = board.range_V[1]
    lines = [
        f"{'supply':<28}{'outputs':<9}" + "".join(f"{name:>7}" for name in rails) + "  LM393A to  largest mA into a pin"
    ]
    for supply, outputs, solved in _every(netlist):
        volts = {name: solved.volts.get(net, 0.0) for name, net in rails.items()}
        reach = max(volts["9 V"] - COMMON_MODE_V, 0.0)
        compares = "all nodes" if reach >= top else f"{reach:.1f} V"
        (ref, pin), most = max(solved.pins_mA.items(), key=lambda item: item[1])
        where = f"{most:.2f} {ref}.{pin}" if most > 0.005 else "none"
        shown = "".join(f"{value:>7.2f}" for value in volts.values())
        lines.append(f"{supply.name:<28}{outputs:<9}{shown}  {compares:<11}{where}")
    return lines
