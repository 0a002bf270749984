"""The process behind sim://: this CPython runs the very firmware files against part models.

Standard input and output are the board's serial line, standard error carries the recorder's lines. End of input ends
the process. `python -m twinohm.sim.virtual_board URL`
"""

import importlib
import math
import os
import random
import sys
import time
import types
from pathlib import Path
from typing import Any, TextIO

from twinohm.firmware.sources import STARTED, firmware_config
from twinohm.paths import firmware_dir
from twinohm.sim import repl
from twinohm.sim.console import CTRL_C, Console, Stdin, Stdout
from twinohm.sim.parts.fixture import Fixture, Unpowered
from twinohm.sim.recorder import recorded_fixture
from twinohm.sim.settings import CLOCKS, SimSettings

STANDINS = Path(__file__).parent / "standins"
FIRMWARE_MODULES = ("twinohm_fw", "twinohm_board", "twinohm_update", "adafruit_bus_device")


def install_standins(fixture: Fixture) -> None:
    """Put MicroPython's modules first, and its `time` in the place of CPython's for all code imported from now on."""
    sys.path[:0] = [str(STANDINS), str(firmware_dir())]
    attach(fixture)
    import virtual_time

    virtual = types.ModuleType("time")
    virtual.__dict__.update({k: v for k, v in time.__dict__.items() if not k.startswith("__")})
    virtual.__dict__.update({k: v for k, v in virtual_time.__dict__.items() if not k.startswith("__")})
    sys.modules["time"] = virtual


def attach(fixture: Fixture | Unpowered) -> None:
    """Have all pins, buses and the clock of the stand-ins end at `fixture`."""
    import machine
    import virtual_time

    machine.fixture = virtual_time.fixture = fixture


class Idle:
    """Called while the firmware waits for the host: time stands still, or runs with the wall and fires timers.

    patience_s: a wait that is longer is the board's time from its beginning on.
    """

    def __init__(self, fixture: Fixture, patience_s: float) -> None:
        self._fixture = fixture
        self._patience_s = patience_s
        self._counted = time.monotonic()  # waits until then are over, or are the board's time already

    def __call__(self, since: float) -> float | None:
        """Return the longest wait until the next call, s. since: when the firmware began to wait, time.monotonic()."""
        if self._patience_s == math.inf:
            return None
        now = time.monotonic()
        if (left_s := since + self._patience_s - now) > 0:
            return left_s
        self._fixture.now_ns += int((now - max(since, self._counted)) * 1e9)
        self._counted = now
        for timer in list(self._fixture.timers):
            if timer.due_ns <= self._fixture.now_ns:
                timer.due_ns += timer.period_ns
                if timer.mode != timer.PERIODIC:
                    timer.deinit()
                timer.callback(timer)
        return 0.05


def run(settings: SimSettings, records: TextIO, rx: int, tx: int) -> None:
    """Power on a virtual board and serve its REPL until the line is cut."""
    fixture, recorder = recorded_fixture(settings, records)
    config = types.ModuleType("twinohm_board")
    config.__dict__["BOARD"] = firmware_config(settings.board)
    install_standins(fixture)
    console = Console(rx, tx, recorder.flush)
    console.idle = Idle(fixture, CLOCKS[settings.clock])
    fixture.on_reset = lambda: attach(Unpowered())
    micropython: Any = importlib.import_module("micropython")
    console.interruptible = lambda: micropython.interrupt_char == CTRL_C
    sys.stdin, sys.stdout = Stdin(console), Stdout(console)
    sys.displayhook = repl.display
    boots = 0

    def fresh() -> dict[str, object]:
        """The interpreter as a reset leaves it: no firmware module loaded, no timer running."""
        nonlocal boots
        boots += 1
        for name in list(sys.modules):
            if name.split(".")[0] in FIRMWARE_MODULES:
                del sys.modules[name]
        sys.modules["twinohm_board"] = config
        fixture.timers.clear()
        attach(fixture)
        micropython.kbd_intr(CTRL_C)
        random.seed(f"{settings.seed} {boots}")
        return {"__name__": "__main__"}

    repl.Repl(console, fresh, [(firmware_dir() / name).read_text() for name in STARTED]).run()


def main() -> None:
    settings = SimSettings.parse(sys.argv[1])
    records = os.fdopen(os.dup(2), "w", buffering=1 << 16)
    run(settings, records, 0, os.dup(1))


if __name__ == "__main__":
    main()
