"""Supplies: who makes them, which pins are on them, their capacitors, and the way in from jack and USB."""

from hardware.netcheck import leaded, pinouts
from hardware.netcheck.claims import TWO_ENDS, Claims
from hardware.netcheck.values import BULK, DECOUPLING, FUSE, LAMP, check_code, check_footprint, is_readable, is_value
from twinohm.model.board import Board
from twinohm.model.netlist import LEFT_OUT, Netlist
from twinohm.model.pot_parts import POT_PARTS

RAILS = {0: "ground", 3: "3.3 V", 5: "5 V", 9: "9 V"}  # function of each rail of pinouts.SUPPLIES
VOLTS = {0: 0.0, 3: 3.3, 5: 5.0, 9: 9.0}  # of each rail; the jack's 9 to 12 V counts as 9 V
OTHER_PARTS = {"Jack", "Header4", "Header5", "Socket10", "TestPoint", *TWO_ENDS}  # without pins in pinouts.SUPPLIES
SHOWN = 12  # chips that a finding lists
NOT_DECOUPLED = ("PCA9306",)  # its VREF1 is a bias of some microamperes
FOR_EACH_PIN = {("ADS7953", 5): 2}  # capacitors of a chip with several pins on a rail; all others need one
# One capacitor of 10 uF for each of these groups of chips, on each rail. Rail "VSYS" is the Pico's own.
GROUPS: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (("L7805",), (9, 5)),
    (("LM393A",), (9,)),
    (tuple(POT_PARTS), (5,)),
    (("MCP4728",), (5,)),
    (("ADG715",), (5,)),
    (("REF3025",), (5,)),
    (("Pico",), (3,)),
    (("74HC165", "74HC595"), (3,)),
)


def check_supplies(claims: Claims, board: Board) -> dict[int, str]:
    """Claim everything on the rails but capacitors. Return the net of each rail (0, 3, 5, 9 as in RAILS)."""
    _check_parts(claims)
    picos, regulators = claims.parts("Pico"), claims.parts("L7805")
    for many, found in (("Picos", picos), ("regulators L7805", regulators)):
        if len(found) != (0 if board.through_hole and found is regulators else 1):
            claims.findings.append(f"the netlist has {len(found)} {many}, not 1")
            claims.complete = False
    for pico in picos:
        keys = {"ground": "gnd", "3.3 V": "3v3"}
        keys |= {"5 V": "vbus"} if board.through_hole else {"VSYS": "vsys", "VBUS": "vbus"}
        for function, key in keys.items():
            claims.put(pico.ref, pinouts.PICO_SUPPLY[key], function)
    for regulator in regulators:
        for pin, rail in pinouts.supplies("L7805").items():
            claims.put(regulator.ref, pin, RAILS[rail])
    for part in claims.netlist.components.values():
        for pin, rail in pinouts.supplies(part.part).items():
            if not claims.is_claimed(part.ref, pin):
                claims.put(part.ref, pin, rail_of(board, part.part, rail))
    if not board.through_hole:
        _check_entry(claims)
    _check_lamp(claims)
    return {rail: claims.net(rail_of(board, "", rail)) for rail in RAILS}


def rail_of(board: Board, part: str, rail: int) -> str:
    """Return the function of a rail of pinouts.SUPPLIES for a part.

    Boards of parts with leads have 5 V from USB for the comparators too, and a DAC on a board of its own at 3.3 V.
    """
    if board.through_hole:
        rail = 3 if part == leaded.DAC and rail == 5 else min(rail, 5)
    return RAILS[rail]


def check_codes(netlist: Netlist, board: Board, findings: list[str]) -> None:
    """Every part is fitted, and has an order code and a footprint of its own kind; pots are those of boards.toml."""
    for part in netlist.components.values():
        if wrong := check_code(part, board.pots.ohm):
            findings.append(wrong)
        if misfit := check_footprint(part):
            findings.append(misfit)
        if not part.fitted:
            findings.append(
                f"{part.ref} ({part.part}) is marked as left out ({' or '.join(LEFT_OUT)}), and the circuit needs it"
            )
        if part.part in POT_PARTS and part.part != board.pots.part:
            findings.append(f"{part.ref} ({part.part}) is not the {board.pots.part} of boards.toml")


def check_values(claims: Claims) -> None:
    """Every resistor and capacitor has a value that can be read; else there is nothing to calculate."""
    for part in claims.netlist.components.values():
        if not is_readable(part):
            text = f'{claims.name(part.ref)} has the value {part.value!r}, which is not a value above 0 such as "4k7"'
            claims.findings.append(f'{text}, "100n" or "10k 0.1%"')
            claims.complete = False


def _check_parts(claims: Claims) -> None:
    """Only parts whose pins are known here."""
    known = {*pinouts.SUPPLIES, *POT_PARTS, *OTHER_PARTS}
    for part in claims.netlist.components.values():
        if part.part not in known:
            claims.findings.append(f"{part.ref} ({part.part}) is a part whose pins the checker does not know")


def _check_entry(claims: Claims) -> None:
    """Jack, fuse and polarity diode to 9 V; diodes from 5 V to the Pico and from its USB to 5 V."""
    for jack in claims.parts("Jack"):
        claims.put(jack.ref, pinouts.JACK["ground"], "ground")
        claims.put(jack.ref, pinouts.JACK["plus"], "the jack")
    claims.through(FUSE, "the jack", "the fuse", "fuse behind the jack")
    claims.diode("TVS", "ground", "the fuse")
    claims.diode("Schottky", "the fuse", "9 V")
    claims.diode("Rectifier", "5 V", "9 V")  # else 5 V could stand above the regulator's input
    claims.diode("Schottky", "5 V", "VSYS")
    claims.diode("Schottky", "VBUS", "5 V")


def _check_lamp(claims: Claims) -> None:
    """LED from 5 V, through a resistor, to ground."""
    for lamp in claims.parts("LED"):
        claims.put(lamp.ref, pinouts.DIODES["LED"]["anode"], "the lamp")
    claims.part(LAMP, "5 V", "the lamp", "resistor of the lamp for 5 V")
    claims.diode("LED", "the lamp", "ground")


def check_capacitors(claims: Claims, board: Board) -> None:
    """Claim the capacitors of all rails: 100 nF for every chip on its supply, 10 uF for every group of chips.

    More of them do no harm. A netlist does not say which one stands at which chip.
    """
    for function in dict.fromkeys(rail_of(board, "", rail) for rail in (3, 5, 9)):
        chips, groups = [], 0
        for name in dict.fromkeys((*pinouts.SUPPLIES, *POT_PARTS)):
            if name in NOT_DECOUPLED or (board.through_hole and name == leaded.DAC):  # that one is on its own board
                continue
            for rail in sorted(set(pinouts.supplies(name).values())):
                if rail_of(board, name, rail) == function:
                    count = FOR_EACH_PIN.get((name, rail), 1)
                    chips += [part.ref for part in claims.parts(name) for _ in range(count)]
        if board.through_hole and function == "5 V":
            chips += [part.ref for part in claims.parts("Pico")]  # whose USB makes it
        for kinds, rails in GROUPS:
            here = {rail_of(board, kinds[0], rail) for rail in rails}
            groups += function in here and bool(claims.parts(*kinds))
        _count(claims, function, chips, groups)
    if not board.through_hole:
        _count(claims, "VSYS", [], 1)


def _count(claims: Claims, rail: str, chips: list[str], groups: int) -> None:
    net, ground = claims.net(rail), claims.net("ground")
    few = claims.capacitors(DECOUPLING, rail)
    large = claims.capacitors(BULK, rail)
    rest = [
        f"{part.ref} ({part.value})"
        for part in claims.parts("C")
        if {claims.netlist.net(part.ref, "1"), claims.netlist.net(part.ref, "2")} == {net, ground}
        and is_value(part)
        and part.ref not in (*few, *large)
    ]
    here = f"; of other values there are {', '.join([*large, *rest])}"
    if len(few) < len(chips):
        found = f"{len(few)} capacitors of {DECOUPLING.range} from {net} to ground for {len(chips)} supply pins"
        named = f" ({', '.join(chips)})" if len(chips) <= SHOWN else ""
        claims.findings.append(f"{found}{named}{here if large or rest else ''}; {DECOUPLING.source}")
    if len(large) < groups:
        found = f"{len(large)} capacitors of {BULK.range} from {net} to ground, {groups} needed"
        claims.findings.append(f"{found}; there are {', '.join([*large, *rest]) or 'none'}; {BULK.source}")
