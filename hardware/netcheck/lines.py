"""Where digital signals go: through series resistors, buffers, level shifter and shift registers."""

from collections.abc import Iterator

from hardware.netcheck import devices
from hardware.netcheck.netlist import Netlist
from twinohm.model.board_tables import Line

SERIES_OHM = 330  # a resistor up to this passes a signal on, a larger one is a pull


class Lines:
    """Nets by Pico pin and by bit of the chains. `findings` grows while they are traced."""

    def __init__(self, netlist: Netlist, findings: list[str]) -> None:
        self.netlist, self.findings = netlist, findings
        picos = list(netlist.of("Pico"))
        if len(picos) != 1:
            findings.append(f"{len(picos)} Picos")
        self._pico = picos[0].ref if picos else "no Pico"

    def pin(self, name: str) -> str:
        """Net of "GPn"."""
        return self.netlist.net(self._pico, devices.PICO[name])

    def supply(self, name: str) -> str:
        return self.netlist.net(self._pico, devices.PICO_SUPPLY[name])

    def ground(self) -> str:
        return self.netlist.net(self._pico, "3")

    def reach(self, start: str, rails: set[str]) -> set[str]:
        """All nets that carry what `start` carries."""
        found, edge = {start}, [start]
        while edge:
            net = edge.pop()
            for ref, pin in self.netlist.on(net):
                for other in self._passes(ref, pin):
                    if other not in found and other not in rails:
                        found.add(other)
                        edge.append(other)
        return found

    def _passes(self, ref: str, pin: str) -> Iterator[str]:
        part = self.netlist.components[ref]
        if part.part in devices.TWO_ENDS and devices.ohms(part.value) <= SERIES_OHM:
            yield self.netlist.net(ref, "2" if pin == "1" else "1")
        if part.part == "74AHCT125":
            yield from (self.netlist.net(ref, out) for inp, out in devices.BUFFERS if pin == inp)
        if part.part == "PCA9306":
            for pair in devices.SHIFTER:
                if pin in pair:
                    yield self.netlist.net(ref, pair[1 - pair.index(pin)])

    def expect(self, ref: str, pin: str, nets: set[str], what: str) -> None:
        """Note if the pin is on none of these nets."""
        net = self.netlist.net(ref, pin)
        if net not in nets:
            part = self.netlist.components[ref].part
            self.findings.append(f"{ref} ({part}) pin {pin} is on {net}, not on {what}")

    def pulled(self, net: str, rail: str, what: str) -> None:
        """Note if no resistor of 1 to 100 kohm joins net and rail."""
        for part in self.netlist.of(*devices.TWO_ENDS):
            ends = {self.netlist.net(part.ref, "1"), self.netlist.net(part.ref, "2")}
            if ends == {net, rail} and 1e3 <= devices.ohms(part.value) <= 100e3:
                return
        self.findings.append(f"{what}: no resistor from {net} to {rail}")

    def chain_out(self, chain: dict[str, str], chips: int, rails: set[str]) -> dict[int, str]:
        """Net of every bit of the 74HC595s; `chain` has the Pico pins. Bit 0 is sent first and goes furthest."""
        data, found = self.reach(self.pin(chain["data"]), rails), {}
        for chip in range(chips):
            serial = devices.SHIFT_OUT["serial"]
            here = [part for part in self.netlist.of("74HC595") if self.netlist.net(part.ref, serial) in data]
            if len(here) != 1:
                self.findings.append(f"{len(here)} chips of 74HC595 take data at place {chip} of their chain")
                break
            ref = here[0].ref
            for pin in ("clock", "latch", "enable"):
                nets = self.reach(self.pin(chain[pin]), rails)
                self.expect(ref, devices.SHIFT_OUT[pin], nets, f"the Pico's {chain[pin]} ({pin})")
            for i, pin in enumerate(devices.SHIFT_OUT_OUTPUTS):
                found[8 * chips - 1 - (8 * chip + i)] = self.netlist.net(ref, pin)
            data = {self.netlist.net(ref, devices.SHIFT_OUT["out"])}
        return found

    def chain_in(self, chain: dict[str, str], chips: int, rails: set[str]) -> dict[int, str]:
        """Net of every bit of the 74HC165s. Bit 0 arrives first: it is H of the chip at the Pico."""
        out, found = self.reach(self.pin(chain["data"]), rails), {}
        for chip in range(chips):
            last = devices.SHIFT_IN["out"]
            here = [part for part in self.netlist.of("74HC165") if self.netlist.net(part.ref, last) in out]
            if len(here) != 1:
                self.findings.append(f"{len(here)} chips of 74HC165 give data at place {chip} of their chain")
                break
            ref = here[0].ref
            for pin in ("clock", "load"):
                nets = self.reach(self.pin(chain[pin]), rails)
                self.expect(ref, devices.SHIFT_IN[pin], nets, f"the Pico's {chain[pin]} ({pin})")
            for i, pin in enumerate(reversed(devices.SHIFT_IN_INPUTS)):
                found[8 * chip + i] = self.netlist.net(ref, pin)
            out = {self.netlist.net(ref, devices.SHIFT_IN["serial"])}
            if chip == chips - 1 and not out <= rails:
                self.findings.append(f"{ref} (74HC165) serial input of the last chip is on {out.pop()}, not on a rail")
        return found

    def line(self, line: Line, bits: dict[int, str]) -> str:
        """Net of a pin or of a chain bit."""
        return self.pin(line) if isinstance(line, str) else bits.get(line, f"bit {line} of no chain")
