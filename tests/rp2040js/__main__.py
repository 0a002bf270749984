"""`python -m tests.rp2040js ARGUMENTS` is `twinohm ARGUMENTS` whose chips rp2040js emulates."""

from twinohm.cli import main
from twinohm.sim.url_handlers.protocol_emu import Serial

Serial.program = "tests.rp2040js.chip"
main()
