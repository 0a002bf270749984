"""Who belongs on every net, and what every part with two ends is there for. What nothing claims is a mistake.

Checks give every net one function, such as "U/D of edge A-B", and put pins on it. A net has one function and a function
one net, so two nets that touch, a pin on a wrong net and a pin that must stay open are all found without a rule of
their own.
"""

from collections.abc import Iterable

from hardware.netcheck import pinouts
from hardware.netcheck.values import Use, in_range, is_value
from twinohm.model.netlist import Component, Netlist, Pin

SHOWN = 8  # parts between the same two nets that a finding lists
SUPPLIES = ("ground", "3.3 V", "5 V", "9 V", "VSYS", "VBUS")
TWO_ENDS = (*pinouts.TWO_ENDS, pinouts.JUMPER, "C", "Fuse", *pinouts.DIODES)


class Claims:
    """Functions of nets and uses of parts, as far as the checks have come. All of them add to `findings`.

    `complete` turns False when a part is not found or found twice: the equations are then not worth solving.
    """

    def __init__(self, netlist: Netlist, findings: list[str]) -> None:
        self.netlist, self.findings, self.complete = netlist, findings, True
        self._net: dict[str, str] = {}  # by function
        self._function: dict[str, str] = {}  # by net
        self._anchor: dict[str, Pin] = {}  # the pin that a function was first put on
        self._via: dict[str, str] = {}  # the function by which that pin's part was found
        self._claimed: set[Pin] = set()
        self._by_part: dict[str, list[Component]] = {}
        self._between: dict[frozenset[str], list[Component]] = {}
        for part in netlist.components.values():
            self._by_part.setdefault(part.part, []).append(part)
            if part.part in TWO_ENDS:
                ends = frozenset((netlist.net(part.ref, "1"), netlist.net(part.ref, "2")))
                self._between.setdefault(ends, []).append(part)

    # -- what is there -----------------------------------------------------------------------------------------------

    def parts(self, *names: str) -> list[Component]:
        """Return the components that are one of these parts."""
        return [part for name in names for part in self._by_part.get(name, ())]

    def name(self, ref: str, pin: str = "") -> str:
        """Return "U4 (MCP4728) pin 3", as findings name a pin, or "U4 (MCP4728)"."""
        part = f"{ref} ({self.netlist.components[ref].part})"
        return f"{part} pin {pin}" if pin else part

    def net(self, function: str) -> str:
        """Return the net of a function, or "no ..." if nothing has it."""
        return self._net.get(function, f"no {function}")

    def shown(self, *functions: str) -> str:
        """Return " (CLK at the Pico: U2 (Pico) pin 4)" for each of these functions: pins that said where they are."""
        return "".join(f" ({function}: {self._found(function)})" for function in functions if function)

    def _found(self, function: str) -> str:
        """Return the pin that said which net has a function, and those by which its part was found."""
        names = []
        while function in self._anchor:
            names.append(self.name(*self._anchor[function]))
            function = self._via[function]
        return ", behind ".join(names) or "not found"

    def function(self, net: str) -> str | None:
        """Return the function of a net, if it has one yet."""
        return self._function.get(net)

    def has(self, function: str) -> bool:
        """Return whether a net has this function yet."""
        return function in self._net

    def on(self, function: str, part: str, pins: Iterable[str]) -> list[Pin]:
        """Return those of these pins of the parts of one kind that are on the net of a function."""
        components, wanted = self.netlist.components, set(pins)
        here = self.netlist.nets.get(self.net(function), ())
        return [(ref, pin) for ref, pin in here if pin in wanted and components[ref].part == part]

    def is_claimed(self, ref: str, pin: str) -> bool:
        """Return whether a check has said what the pin is there for."""
        return (ref, pin) in self._claimed

    # -- claims ------------------------------------------------------------------------------------------------------

    def put(self, ref: str, pin: str, function: str, via: str = "") -> None:
        """Say that a pin belongs on the net of a function; the first pin of a function says which net that is.

        `via` is the function by which the part was found.
        """
        at = ref, pin
        net = self.netlist.pins.get(at) or self.netlist.net(ref, pin)
        self._claimed.add(at)
        known = self._net.get(function)
        if known is None:
            self._net[function], self._anchor[function], self._via[function] = net, at, via
            other = self._function.setdefault(net, function)
            if other != function:
                where = f"which is {other} ({self._found(other)}), not {function}{self.shown(via)}"
                self.findings.append(f"{self.name(ref, pin)} is on {net}, {where}")
            elif at not in self.netlist.pins:
                self.findings.append(f"{self.name(ref, pin)} is on {net}, not on a net: it belongs on {function}")
        elif net != known:
            wanted = f"{known} ({function}, as {self._found(function)}){self.shown(via)}"
            self.findings.append(f"{self.name(ref, pin)} is on {net}, not on {wanted}")

    def part(self, use: Use, first: str, second: str, what: str, via: str = "") -> Component | None:
        """Claim one part of this use between the nets of two functions and return it.

        `what` names it in findings, `via` is the function by which it is looked for. Say nothing if a function has no
        net: a finding says so already.
        """
        if not {first, second} <= self._net.keys():
            return None
        ends = self.net(first), self.net(second)
        here = [part for part in self._free(frozenset(ends)) if part.part in use.parts]
        fitting = [part for part in here if in_range(part, use)]
        for part in fitting[:1] or here[:1]:
            self._claim(part)
            if not fitting:
                found = f"{part.ref} ({part.part}) pins 1 and 2, {part.value} from {ends[0]} to {ends[1]}"
                self.findings.append(f"{found}: {what} is a {use.noun} of {use.range} ({use.source})")
            return part
        self.findings.append(f"{what}: no {use.noun} from {ends[0]} to {ends[1]}{self.shown(first, second, via)}")
        return None

    def through(self, use: Use, start: str, end: str, what: str) -> Component | None:
        """Follow the one part of this use from the net of `start` to a net without a function; that one is `end`."""
        net, found, taken = self.net(start), [], []
        for ref, pin in self.netlist.nets.get(net, ()):
            part = self.netlist.components[ref]
            if part.part in use.parts and not self.is_claimed(ref, "1"):
                far = "2" if pin == "1" else "1"
                function = self._function.get(self.netlist.net(ref, far))
                if function is None:
                    found.append((ref, far))
                elif function not in SUPPLIES:
                    taken.append(f"; {ref} leads to the {function}{self.shown(function)}")
        if len(found) == 1:
            self.put(*found[0], end, start)
            self._claimed.discard(found[0])
            return self.part(use, start, end, what)
        self.complete = False
        refs = f" ({', '.join(ref for ref, _ in found)})" if found else ""
        self.findings.append(
            f"{what}: {len(found)} parts{refs}, not 1, lead on from {net}{self.shown(start)}{''.join(taken)}"
        )
        return None

    def diode(self, kind: str, anode: str, cathode: str) -> None:
        """Claim one diode from the net of a function to that of another."""
        start, end = self.net(anode), self.net(cathode)
        for part in self._free(frozenset((start, end))):
            if part.part == kind and self.netlist.net(part.ref, pinouts.DIODES[kind]["anode"]) == start:
                return self._claim(part)
        self.findings.append(f"no diode {kind} from {start} to {end}{self.shown(anode, cathode)}")
        return None

    def capacitors(self, use: Use, function: str) -> list[str]:
        """Claim all capacitors of this use from the net of a function to ground and return their references."""
        ends = frozenset((self.net(function), self.net("ground")))
        found = [part for part in self._free(ends) if part.part in use.parts and in_range(part, use)]
        for part in found:
            self._claim(part)
        return [part.ref for part in found]

    def give_up(self, ref: str, *pins: str) -> None:
        """Say no more of a part, or of some of its pins: a finding names it already."""
        self._claimed |= {pin for pin in self.netlist.pins if pin[0] == ref and (not pins or pin[1] in pins)}

    def finish(self) -> None:
        """Add a finding for every pin and part that no check has claimed."""
        open_pins: dict[str, list[str]] = {}
        for ref, pin in self.netlist.pins:
            if (ref, pin) not in self._claimed:
                open_pins.setdefault(ref, []).append(pin)
        for ref, pins in open_pins.items():
            part = self.netlist.components[ref]
            if part.part not in TWO_ENDS:
                for pin in pins:
                    net = self.netlist.net(ref, pin)
                    what = self._function.get(net, "a net without a use")
                    self.findings.append(f"{self.name(ref, pin)} is on {net} ({what}), and must stay open")
                continue
            first, second = self.netlist.net(ref, "1"), self.netlist.net(ref, "2")
            if part.part in pinouts.DIODES:
                anode, cathode = (pinouts.DIODES[part.part][end] for end in ("anode", "cathode"))
                ends = (
                    f"{self.netlist.net(ref, anode)} (pin {anode}) to {self.netlist.net(ref, cathode)} (pin {cathode})"
                )
                self.findings.append(f"{self.name(ref)} leads from {ends}, where no diode belongs")
            else:
                value = f"{part.value} " if is_value(part) else ""
                where = f"{self.name(ref)} pins 1 and 2, {value}from {first} to {second}"
                others = [other.ref for other in self._between[frozenset((first, second))] if other.ref != ref]
                beside = f" beside {', '.join(others)}" if 0 < len(others) <= SHOWN else ""
                self.findings.append(f"{where}: nothing asks for it{beside}")

    def _free(self, ends: frozenset[str]) -> list[Component]:
        return [part for part in self._between.get(ends, ()) if (part.ref, "1") not in self._claimed]

    def _claim(self, part: Component) -> None:
        self._claimed |= {(part.ref, "1"), (part.ref, "2")}
