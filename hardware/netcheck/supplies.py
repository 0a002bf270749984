"""Supplies: who makes them, which pins are on them, their capacitors, and the way in from jack and USB."""

from collections.abc import Collection

from hardware.netcheck import leaded, pinouts
from hardware.netcheck.tracer import Tracer
from twinohm.model.board import Board
from twinohm.model.pot_parts import POT_PARTS

VOLTS = {0: 0.0, 3: 3.3, 5: 5.0, 9: 9.0}  # of each rail; the jack's 9 to 12 V counts as 9 V
DECOUPLING = "100n"
SHOWN = {0: "ground", 3: "3.3 V", 5: "5 V", 9: "9 V"}
OTHER_PARTS = {  # without pins in pinouts.SUPPLIES
    "C", "LED", "Schottky", "Rectifier", "TVS", "Fuse", "Jack", "Header4", "Header5", "Socket10", "TestPoint",
}  # fmt: skip
DIODES = ("Schottky", "Rectifier", "TVS")


def check_supplies(tracer: Tracer, board: Board | None = None) -> dict[int, str]:
    """Return the net of each rail (0, 3, 5, 9 as in pinouts.SUPPLIES), found by its source: Pico or regulator."""
    netlist, findings = tracer.netlist, tracer.findings
    _check_parts(tracer)
    if board is not None and board.through_hole:
        return _check_usb(tracer, board)
    regulators = netlist.parts("L7805")
    if len(regulators) != 1:
        findings.append(f"the netlist has {len(regulators)} regulators L7805, not 1")
        return {0: "no ground", 3: "no 3.3 V", 5: "no 5 V", 9: "no 9 V"}
    pins = {rail: pin for pin, rail in pinouts.SUPPLIES["L7805"].items()}
    rails = {0: tracer.supply("gnd"), 3: tracer.supply("3v3")}
    rails |= {rail: netlist.net(regulators[0].ref, pins[rail]) for rail in (5, 9)}
    tracer.rails = set(rails.values())
    for part in netlist.components.values():
        for pin, rail in pinouts.supplies(part.part).items():
            tracer.expect(part.ref, pin, {rails[rail]}, rails[rail])
    _check_entry(tracer, rails)
    _check_capacitors(tracer, rails)
    _check_lamp(tracer, rails)
    return rails


def _check_usb(tracer: Tracer, board: Board) -> dict[int, str]:
    """5 V and the comparators' supply are the Pico's USB; the DAC is at 3.3 V."""
    vbus = tracer.supply("vbus")
    rails = {0: tracer.supply("gnd"), 3: tracer.supply("3v3"), 5: vbus, 9: vbus}
    tracer.rails = set(rails.values())
    for part in tracer.netlist.components.values():
        for pin, rail in pinouts.supplies(part.part).items():
            wanted = rails[3 if part.part == leaded.DAC and rail == 5 else rail]
            tracer.expect(part.ref, pin, {wanted}, wanted)
    if len(tracer.rails) != 3:
        tracer.findings.append("two of ground, 3.3 V and 5 V are one net")
    _check_capacitors(tracer, rails, {tracer.pin(pin) for pin in board.pots.cs if isinstance(pin, str)})
    _check_lamp(tracer, rails)
    return rails


def _check_parts(tracer: Tracer) -> None:
    """Only parts whose pins are known here."""
    known = {*pinouts.SUPPLIES, *POT_PARTS, *pinouts.TWO_ENDS, pinouts.JUMPER, *OTHER_PARTS}
    for part in tracer.netlist.components.values():
        if part.part not in known:
            tracer.findings.append(f"{part.ref} ({part.part}) is a part whose pins the checker does not know")


def _check_capacitors(tracer: Tracer, rails: dict[int, str], more: Collection[str] = ()) -> None:
    """Each from a net that needs one to ground, and at least one for every chip on its supply."""
    netlist = tracer.netlist
    known = {*rails.values(), tracer.supply("vsys")} - {rails[0]}
    known |= {tracer.pin(pin) for pin in pinouts.PICO_ADC} | set(more)
    known |= {netlist.net(part.ref, pinouts.REFERENCE_OUT) for part in netlist.parts("REF3025")}
    known |= {netlist.net(part.ref, pinouts.SHIFTER_BIAS[0]) for part in netlist.parts("PCA9306")}
    decoupled = []
    for part in netlist.parts("C"):
        ends = {netlist.net(part.ref, "1"), netlist.net(part.ref, "2")}
        if part.value == DECOUPLING:
            decoupled += sorted(ends - {rails[0]})
        if rails[0] not in ends or not ends - {rails[0]} <= known or len(ends) < 2:
            tracer.findings.append(f"{part.ref} (C) pins 1 and 2 are on {' and '.join(sorted(ends))}")
    for net in dict.fromkeys(rails[rail] for rail in (3, 5, 9)):
        chips = [*netlist.parts(*pinouts.DECOUPLED), *pinouts.pots(netlist)]
        chips = [
            part
            for part in chips
            if net in {rails[rail] for rail in pinouts.supplies(part.part).values()}
            and not (part.part == leaded.DAC and rails[5] == rails[9])  # a board has its own
        ]
        count = decoupled.count(net)
        if count < len(chips):
            tracer.findings.append(f"{count} capacitors of {DECOUPLING} from {net} to ground for {len(chips)} chips")


def _check_lamp(tracer: Tracer, rails: dict[int, str]) -> None:
    """LED from 5 V, through a resistor, to ground."""
    for lamp in tracer.netlist.parts("LED"):
        tracer.expect(lamp.ref, pinouts.DIODES["LED"]["cathode"], {rails[0]}, rails[0])
        anode = pinouts.DIODES["LED"]["anode"]
        what = f"{tracer.name(lamp.ref, anode)}, lamp for 5 V"
        tracer.expect_pull(tracer.netlist.net(lamp.ref, anode), rails[5], what)


def _check_entry(tracer: Tracer, rails: dict[int, str]) -> None:
    """Jack, fuse and polarity diode to 9 V; diodes from 5 V to the Pico and from its USB to 5 V."""
    netlist, findings = tracer.netlist, tracer.findings
    named = [(SHOWN[rail], net) for rail, net in rails.items()]
    named += [("the Pico's VSYS", tracer.supply("vsys")), ("the Pico's VBUS", tracer.supply("vbus"))]
    fused: set[str] = set()
    for jack in netlist.parts("Jack"):
        tracer.expect(jack.ref, pinouts.JACK["ground"], {rails[0]}, rails[0])
        plus = netlist.net(jack.ref, pinouts.JACK["plus"])
        fused = {plus}
        for fuse in netlist.parts("Fuse"):
            fused ^= {netlist.net(fuse.ref, "1"), netlist.net(fuse.ref, "2")}
        named += [("the jack", plus), *(("the fuse", net) for net in sorted(fused))]
    for net in dict.fromkeys(net for _, net in named):
        sources = [name for name, other in named if other == net]
        if len(sources) > 1:
            findings.append(f"{' and '.join(sources)} are one net, {net}")
    ways = {}
    for diode in netlist.parts(*DIODES):
        way = (netlist.net(diode.ref, pinouts.DIODES[diode.part][end]) for end in ("anode", "cathode"))
        ways[diode.part, *way] = diode.ref
    wanted = {
        ("Schottky", rails[5], tracer.supply("vsys")),
        ("Schottky", tracer.supply("vbus"), rails[5]),
        *(("Schottky", net, rails[9]) for net in fused),
        *(("TVS", rails[0], net) for net in fused),
        ("Rectifier", rails[5], rails[9]),  # else 5 V could stand above the regulator's input
    }
    findings += [f"no diode {part} from {a} to {b}" for part, a, b in sorted(wanted - ways.keys())]
    for part, a, b in sorted(ways.keys() - wanted):
        findings.append(f"{ways[part, a, b]} ({part}) leads from {a} (pin 2) to {b} (pin 1), where no diode belongs")
