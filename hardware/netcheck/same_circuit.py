"""Changes that leave a circuit as it was, so that they are no mistakes: from the symmetry of parts and nets."""

from twinohm.model.netlist import Component, Netlist, Pin

LEADED = ("R_leaded", "R_precise_leaded", "C_leaded")
EQUAL_ENDS = ("R", "R_precise", "C", *LEADED, "Header2", "Fuse")  # turned round they are the same
EQUAL_PINS = {  # exchanged, they do the same: inputs of an XOR gate, the two sides of an analog switch
    "74HC86": ({"1", "2"}, {"4", "5"}, {"9", "10"}, {"12", "13"}),
    "ADG715": (
        {"5", "6"}, {"7", "8"}, {"9", "10"}, {"11", "12"}, {"14", "13"}, {"16", "15"}, {"18", "17"}, {"20", "19"},
    ),
}  # fmt: skip
GATES = (("2", "3"), ("5", "6"), ("9", "8"), ("12", "11"))  # 74AHCT125: input, output
LETTERS = ((1e6, "M"), (1e3, "k"), (1.0, ""), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


def is_same_circuit(netlist: Netlist, first: Pin, second: Pin) -> bool:
    """Return whether two pins can be exchanged: by the part's symmetry, or as equal parts or nets change places."""
    a, b = (netlist.components[pin[0]] for pin in (first, second))
    if netlist.net(*first) == netlist.net(*second):
        return True
    if first in netlist.pins and second in netlist.pins:
        if len(netlist.nets[netlist.pins[first]]) == len(netlist.nets[netlist.pins[second]]):
            if _rest(netlist, first) == _rest(netlist, second):
                return True
    if (a.part, a.value) == (b.part, b.value) and a.part in ("74AHCT125", *EQUAL_ENDS):
        if netlist.net(*second) in _driven_alike(netlist, netlist.net(*first)):
            return True
    if a.ref == b.ref:
        return a.part in EQUAL_ENDS or {first[1], second[1]} in EQUAL_PINS.get(a.part, ())
    if a.part not in EQUAL_ENDS or netlist.net(a.ref, _far(first[1])) != netlist.net(b.ref, _far(second[1])):
        return False
    if a.part == b.part and kind_of(a) == "R":  # only a value has changed, by less than what counts as a mistake
        return 0.1 < number_of(a.value) / number_of(b.value) < 10
    return (a.part, a.value, a.mpn) == (b.part, b.value, b.mpn)


def _rest(netlist: Netlist, pin: Pin) -> list[tuple[object, ...]]:
    """Return all else on the net of a pin, equal ends and pins written alike. Nets with the same may change places."""
    found: list[tuple[object, ...]] = []
    for ref, number in netlist.nets[netlist.net(*pin)]:
        part = netlist.components[ref]
        if (ref, number) == pin:
            continue
        if part.part in EQUAL_ENDS:
            found.append((part.part, part.value, part.mpn, netlist.net(ref, _far(number))))
        else:
            alike = next((sorted(pins) for pins in EQUAL_PINS.get(part.part, ()) if number in pins), [number])
            found.append((ref, *alike))
    return sorted(found, key=str)


def _driven_alike(netlist: Netlist, net: str) -> set[str]:
    """Return the nets on the outputs of 74AHCT125s whose inputs are on the same net as that of the output on `net`."""
    gates = [
        (netlist.net(chip.ref, input_), netlist.net(chip.ref, output))
        for chip in netlist.parts("74AHCT125")
        for input_, output in GATES
        if (chip.ref, output) in netlist.pins
    ]
    inputs = {input_ for input_, output in gates if output == net}
    return {output for input_, output in gates if input_ in inputs}


def _far(pin: str) -> str:
    return "2" if pin == "1" else "1"


def kind_of(part: Component) -> str:
    """Return the part with leads removed from its name: "R" of "R_leaded"."""
    return part.part.removesuffix("_leaded")


def number_of(text: str) -> float:
    """Return the number of a value such as "4k7" or "100n"."""
    digits = text.split()[0]
    for size, letter in LETTERS:
        if letter and letter in digits:
            return float(digits.replace(letter, ".")) * size
    return float(digits)
