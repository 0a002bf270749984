"""Firmware and fixture in the calling process, board after board, without console or REPL: for tables over many boards.

It puts MicroPython's modules in the place of CPython's (`time` among them), so the process should do nothing else.
"""

import io
import random
import sys
import types
from functools import cache
from typing import Any

from twinohm.firmware.sources import firmware_config
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.recorder import recorded_fixture
from twinohm.sim.settings import SimSettings
from twinohm.sim.virtual_board import FIRMWARE_MODULES, attach, install_standins


def power_on(url: str) -> tuple[Any, Fixture]:
    """Return the firmware's `Twin` on a new virtual board, and its fixture. Raises UsageError for a wrong URL."""
    settings = SimSettings.parse(url)
    fixture, _ = recorded_fixture(settings, io.StringIO())
    _install_standins()
    attach(fixture)
    for name in list(sys.modules):
        if name.split(".")[0] in FIRMWARE_MODULES:
            del sys.modules[name]
    config = types.ModuleType("twinohm_board")
    config.__dict__["BOARD"] = firmware_config(settings.board)
    sys.modules["twinohm_board"] = config
    random.seed(settings.seed)
    from twinohm_fw import learner

    return learner.twin, fixture


def run_selftest(url: str) -> list[Any]:
    """Power on a new virtual board and return the findings of its self-test. Raises UsageError for a wrong URL."""
    twin, _ = power_on(url)
    diodes = SimSettings.parse(url).board.diode_nodes
    from twinohm_fw.selftest.self_test import SelfTest

    return list(SelfTest(twin, diodes).run())


@cache
def _install_standins() -> None:
    install_standins(Fixture())
