"""The wire of the emulated chip: torn, doubled and lost lines cost time, never a tick."""

import twinohm
from tests.conftest import Url
from tests.host.test_wire import INPUTS, OUTPUTS, BadLine
from twinohm.link.patience import Patience
from twinohm.machine import Machine

TICKS = 192


class BadLines(BadLine):
    """Spoils what comes line by line: USB brings a reply in many packets."""

    _held = b""

    def read(self, size: int) -> bytes:
        self._held += self._port.read(size)
        line, newline, rest = self._held.partition(b"\n")
        if not newline:
            return b""
        self._held = rest
        return self._spoil(line + newline)


def test_a_bad_line_never_costs_or_doubles_a_tick(emu: Url) -> None:
    with twinohm.open("sim://lab16?profile=ideal") as machine:
        machine.home()
        wanted = machine.train(TICKS, INPUTS, OUTPUTS)
    with Machine(emu("lab16", profile="ideal"), patience=Patience(resend_s=0.1, tries=8)) as machine:
        machine.home()
        line = BadLines(machine._link.port, 3)
        machine._link.stream.port = line  # type: ignore[assignment]
        line.on = True
        told = machine.train(TICKS, INPUTS, OUTPUTS)
        for _ in range(5):
            machine.measure()
        line.on = False
        assert machine._link.resent > 0 and machine.records.violations == 0
    assert [tick.taps for tick in told] == [tick.taps for tick in wanted]
