"""Faults of the chip and its I2C bus that pass, on the emulated chip: its controller, state machines and registers."""

import pytest

import twinohm
from tests.conftest import Url
from twinohm.errors import BoardError

INPUTS, OUTPUTS = {"B": 5, "D": 1, "I": 0}, {"F": 3, "G": 3, "H": 3}


BUS_FAULTS = [
    ("stretched:SCL=30", "0x61 does not answer: check its supply"),
    ("stuck:SDA", "0x61 does not answer: check its supply"),
    ("stuck:SDA=30", "0x61 does not answer: SDA stays low"),
]


@pytest.mark.parametrize(("fault", "words"), BUS_FAULTS)
def test_the_driver_is_ready_after_a_failure_of_the_bus(fault: str, words: str, emu_fast: Url) -> None:
    fail_and_go_on(emu_fast, fault, words)


def test_the_driver_is_ready_after_the_state_machines_stopped(emu: Url) -> None:
    fail_and_go_on(emu, "stopped:PIO", "the state machine of the 74HC")


def fail_and_go_on(emu: Url, fault: str, words: str) -> None:
    """Train until a fault comes, then again, without a reset; meanwhile the host's time passes too."""
    with twinohm.open(f"{emu('lab16', profile='ideal')}&at=3:fault={fault}") as board:
        board.home()
        with pytest.raises(BoardError, match=words):
            board.train(10, INPUTS, OUTPUTS, 0.5)
        made = board.tick
        assert made == 3
        board.exec("import time; time.sleep_ms(30)")
        assert len(board.train(10, INPUTS, OUTPUTS, 0.5)) == 10
        assert board.exec("print(list(learner.twin.taps))").strip() == str(list(board.taps or ()))


def test_a_soft_reset_at_the_raw_prompt_makes_the_board_safe(emu_fast: Url) -> None:
    """MicroPython runs no main.py there; boot.py opens the switches that were closed, and the taps stay known."""
    with twinohm.open(emu_fast("lab16", profile="ideal")) as board:
        board.home()
        board.train(5, INPUTS, OUTPUTS)
        board.exec("learner.apply({'B': 5, 'D': 1, 'I': 0})")
        registers = "from machine import Pin; print(Pin(3)(), Pin(22)())"  # /RESET of the switches; /OE of the 74HC595
        assert board.exec(registers).strip() == "1 0"
        board.reset()
        assert board._link.repl.exec(registers).strip() == "0 1"
        assert board.exec("print(list(learner.twin.taps))").strip() == str(list(board.taps or ()))
