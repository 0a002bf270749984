"""Where digital signals lead: through series resistors, buffers, the level shifter and shift registers."""

from collections.abc import Iterator, Mapping

from hardware.netcheck import pinouts
from twinohm.model.board_tables import Line
from twinohm.model.netlist import Netlist

SERIES_OHM = 330  # a resistor up to this passes a signal on; a larger one is a pull
PULL_OHM = (1e3, 100e3)  # smallest and largest resistor that counts as a pull


class Tracer:
    """Nets by pin of the Pico and by bit of the shift registers.

    `rails` are the nets of the supplies; signals are not followed across them. All checks add to `findings`.
    """

    def __init__(self, netlist: Netlist, findings: list[str]) -> None:
        self.netlist, self.findings = netlist, findings
        self.rails: set[str] = set()
        picos = netlist.parts("Pico")
        if len(picos) != 1:
            findings.append(f"the netlist has {len(picos)} Picos, not 1")
        self._pico = picos[0].ref if picos else "no Pico"

    def pin(self, name: str) -> str:
        """Return the net of the Pico's pin "GPn"."""
        return self.netlist.net(self._pico, pinouts.PICO[name])

    def supply(self, name: str) -> str:
        """Return the net of the Pico's pin "vbus", "vsys", "3v3" or "gnd"."""
        return self.netlist.net(self._pico, pinouts.PICO_SUPPLY[name])

    def name(self, ref: str, pin: str) -> str:
        """Return "U4 (MCP4728) pin 3", as findings name a pin."""
        return f"{ref} ({self.netlist.components[ref].part}) pin {pin}"

    def reach(self, start: str) -> set[str]:
        """Return all nets that carry the signal on the net `start`."""
        found, edge = {start}, [start]
        while edge:
            for ref, pin in self.netlist.nets.get(edge.pop(), ()):
                for other in self._passes(ref, pin):
                    if other not in found and other not in self.rails:
                        found.add(other)
                        edge.append(other)
        return found

    def _passes(self, ref: str, pin: str) -> Iterator[str]:
        """Yield the nets that a part drives with the signal on one of its pins."""
        part = self.netlist.components[ref]
        if part.part in pinouts.TWO_ENDS and pinouts.ohms(part.value) <= SERIES_OHM:
            yield self.netlist.net(ref, "2" if pin == "1" else "1")
        if part.part == "74AHCT125":
            yield from (self.netlist.net(ref, output) for input_, output in pinouts.BUFFERS if pin == input_)
        if part.part == "PCA9306":
            for pair in pinouts.SHIFTER:
                if pin in pair:
                    yield self.netlist.net(ref, pair[1 - pair.index(pin)])

    def expect(self, ref: str, pin: str, nets: set[str], what: str) -> None:
        """Add a finding if the pin is on none of these nets; `what` names them."""
        net = self.netlist.net(ref, pin)
        if net not in nets:
            self.findings.append(f"{self.name(ref, pin)} is on {net}, not on {what}")

    def expect_pull(self, net: str, rail: str, what: str) -> None:
        """Add a finding if no resistor of 1 to 100 kohm joins net and rail; `what` names the line."""
        for ref, _ in self.netlist.nets.get(net, ()):
            part = self.netlist.components[ref]
            if part.part in pinouts.TWO_ENDS and PULL_OHM[0] <= pinouts.ohms(part.value) <= PULL_OHM[1]:
                if {self.netlist.net(ref, "1"), self.netlist.net(ref, "2")} == {net, rail}:
                    return
        self.findings.append(f"{what}: no resistor from {net} to {rail}")

    def trace_outputs(self, pico_pins: Mapping[str, str], chips: int) -> dict[int, str]:
        """Return the net of every bit of the chain of 74HC595s. Bit 0 is sent first and ends in the last chip.

        `pico_pins` has the Pico's pins "GPn" for data, clock, latch and enable.
        """
        data, found = self.reach(self.pin(pico_pins["data"])), {}
        for chip in range(chips):
            ref = self._next_in_chain("74HC595", pinouts.SHIFT_OUT["serial"], data, chip)
            if ref is None:
                break
            for key in ("clock", "latch", "enable"):
                nets = self.reach(self.pin(pico_pins[key]))
                self.expect(ref, pinouts.SHIFT_OUT[key], nets, f"the Pico's {pico_pins[key]} ({key})")
            for i, pin in enumerate(pinouts.SHIFT_OUT_OUTPUTS):
                found[8 * chips - 1 - (8 * chip + i)] = self.netlist.net(ref, pin)
            data = {self.netlist.net(ref, pinouts.SHIFT_OUT["out"])}
        return found

    def trace_inputs(self, pico_pins: Mapping[str, str], chips: int) -> dict[int, str]:
        """Return the net of every bit of the chain of 74HC165s. Bit 0 arrives first: input H of the chip at the Pico.

        `pico_pins` has the Pico's pins "GPn" for data, clock and load.
        """
        data, found = self.reach(self.pin(pico_pins["data"])), {}
        for chip in range(chips):
            ref = self._next_in_chain("74HC165", pinouts.SHIFT_IN["out"], data, chip)
            if ref is None:
                break
            for key in ("clock", "load"):
                nets = self.reach(self.pin(pico_pins[key]))
                self.expect(ref, pinouts.SHIFT_IN[key], nets, f"the Pico's {pico_pins[key]} ({key})")
            for i, pin in enumerate(reversed(pinouts.SHIFT_IN_INPUTS)):
                found[8 * chip + i] = self.netlist.net(ref, pin)
            data = {self.netlist.net(ref, pinouts.SHIFT_IN["serial"])}
            if chip == chips - 1:
                self.expect(ref, pinouts.SHIFT_IN["serial"], self.rails, "a supply: it is the last of its chain")
        return found

    def _next_in_chain(self, part: str, pin: str, nets: set[str], place: int) -> str | None:
        """Return the reference of the one chip whose data pin is on these nets."""
        here = [chip.ref for chip in self.netlist.parts(part) if self.netlist.net(chip.ref, pin) in nets]
        if len(here) == 1:
            return here[0]
        wanted = " or ".join(sorted(nets))
        self.findings.append(
            f"{len(here)} chips {part}, not 1, have pin {pin} on {wanted} (chip {place} of their chain)"
        )
        return None

    def line_net(self, line: Line, bits: Mapping[int, str]) -> str:
        """Return the net of a line of boards.toml: a pin of the Pico, or a bit of a chain."""
        return self.pin(line) if isinstance(line, str) else bits.get(line, f"bit {line} of no chain")
