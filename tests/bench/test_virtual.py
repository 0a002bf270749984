"""The virtual board as a port: repeatable, interruptible, resettable, scripted, and strict about limits."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import serial

import twinohm
from twinohm.bench.analog import CLAMPED, FREE, Analog
from twinohm.bench.parts.bench import Bench
from twinohm.bench.port_url import bench_settings
from twinohm.bench.profile import PROFILES
from twinohm.bench.wiring import wire
from twinohm.boards import load_board
from twinohm.errors import BoardError, UsageError
from twinohm.link.repl import RawRepl
from twinohm.link.stream import Stream
from twinohm.machine import Machine, Tick

INPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}
OUTPUTS = {"F": 3.0, "G": 3.0, "H": 3.0}
PREPARE = b'learner.apply({"B": 5, "I": 0}); learner.nudge({"F": 3}); '


def learn(machine: Machine, ticks: int) -> list[Tick]:
    return machine.train(ticks, INPUTS, OUTPUTS)


@pytest.fixture
def port() -> Iterator[serial.SerialBase]:
    port = serial.serial_for_url("sim://lab16?profile=ideal", timeout=0.2)
    yield port
    port.close()


def read_until(port: serial.SerialBase, mark: bytes) -> bytes:
    data = b""
    end = time.monotonic() + 10
    while mark not in data:
        assert time.monotonic() < end, data
        data += port.read(1)
    return data


def test_same_seed_same_bytes() -> None:
    runs = []
    for _ in range(2):
        with twinohm.open("sim://lab16?seed=5") as machine:
            machine.home()
            runs.append((machine.hello["boot"], learn(machine, 150), machine.records.take(150)))
    assert runs[0] == runs[1]


def test_another_seed_is_another_board() -> None:
    ticks = []
    for seed in (1, 2):
        with twinohm.open(f"sim://lab16?seed={seed}") as machine:
            machine.home()
            ticks.append(learn(machine, 50))
    assert ticks[0] != ticks[1]


def test_friendly_prompt_has_the_learner_in_hand(port: serial.SerialBase) -> None:
    read_until(port, b">>> ")
    port.write(b"learner.taps\r")
    assert str([64] * 16).encode() in read_until(port, b"]\r\n")
    port.write(b"for i in range(2):\r    print('n', i)\r\r")
    assert b"n 0\r\nn 1\r\n" in read_until(port, b"n 1\r\n")
    port.write(b"1/0\r")
    assert b"ZeroDivisionError" in read_until(port, b"zero\r\n")


def test_ctrl_c_stops_a_loop_and_a_training(port: serial.SerialBase) -> None:
    read_until(port, b">>> ")
    for line in (b"while True: pass\r\r", PREPARE + b"learner.train(10**7)\r"):
        port.write(line)
        time.sleep(0.3)
        port.write(b"\x03")
        assert b"KeyboardInterrupt" in read_until(port, b"KeyboardInterrupt\r\n")
    read_until(port, b">>> ")
    port.write(b"print(learner.twin._armed, learner.twin.known)\r")
    read_until(port, b"False True\r\n")


def test_soft_reset_keeps_the_taps(port: serial.SerialBase) -> None:
    read_until(port, b">>> ")
    port.write(PREPARE + b"learner.train(9); a = learner.taps; print(a)\r")
    taps = read_until(port, b"]\r\n").split(b"\n")[-2]
    read_until(port, b">>> ")
    port.write(b"\x04")
    assert b"MPY: soft reboot" in read_until(port, b">>> ")
    port.write(b"print(learner.taps)\r")
    assert taps in read_until(port, b"]\r\n")
    port.write(b"a\r")
    read_until(port, b"NameError")


def test_raw_repl_reports_output_and_errors(port: serial.SerialBase) -> None:
    repl = RawRepl(Stream(port))
    repl.enter()
    assert repl.exec("print(2 + 3)") == "5\n"
    with pytest.raises(twinohm.errors.BoardError, match="NameError"):
        repl.exec("nothing")
    slept = repl.exec("import time; t = time.ticks_us(); time.sleep(5); print(time.ticks_diff(time.ticks_us(), t))")
    assert slept == "5000000\n"


def test_firmware_runs_in_this_cpython_without_blinka() -> None:
    with twinohm.open() as machine:
        text = machine.exec("import sys, busio; print('board' in sys.modules, busio.__file__)")
    assert text.startswith("False") and "standins" in text


def test_no_limit_is_broken_by_the_firmware() -> None:
    with twinohm.open("sim://lab16") as machine:
        machine.home()
        learn(machine, 60)
        machine.measure()
        machine.safe()
        learn(machine, 5)
        machine.records.take(65)
        assert machine.records.violations == 0, machine.records.messages


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        ("learner.twin._settle_us = 0", "settle_us"),
        ("learner.twin._pots._pulse_us = 0", "AD5220"),
        ("learner.twin._dacs[0]._device.i2c.writeto(0x60, b'\\x00\\x00\\x00')", "half a channel"),
        ("learner.twin._adcs[0]._spi._hz = 40_000_000", "AD7490"),
        ("learner.twin._min_tap = 0; learner.twin.restore(bytes(16))", "mA"),
    ],
)
def test_firmware_that_breaks_a_limit_is_caught(spoil: str, word: str) -> None:
    with twinohm.open("sim://lab16") as machine:
        machine.home()
        learn(machine, 1)
        machine.records.take(1)
        assert machine.records.violations == 0
        machine.exec(spoil)
        taps = machine.exec("learner.taps")
        machine.taps = tuple(map(int, taps.strip()[1:-1].split(",")))
        learn(machine, 40)
        machine.records.take(40)
        assert machine.records.violations > 0
        assert any(word in message for message in machine.records.messages), machine.records.messages


def test_an_unknown_i2c_address_is_caught() -> None:
    with twinohm.open("sim://lab16") as machine:
        with pytest.raises(BoardError, match="0x63 does not answer"):
            machine.exec("learner.twin._dacs[0]._device.i2c.writeto(0x63, b'x')")
        learn(machine, 1)
        machine.records.take(1)
        assert machine.records.messages == ["I2C0: nobody answers at 0x63"]


def test_voltages_and_currents_beyond_the_parts_are_caught() -> None:
    faults: list[str] = []
    bench = Bench(lambda part, text: faults.append(f"{part}: {text}"))
    board = load_board("lab16")
    analog = wire(board, PROFILES["ideal"], bench, 0)
    bench.now_ns = 10**9
    analog.set_driver(0, 5.2)
    analog.set_switch(FREE, 0, 1)
    bench.now_ns = 2 * 10**9
    bench.net("GP13").set(0)  # the AD7490 samples channel 0
    assert faults == ["AD7490: 5.200 V at A.free; its range is 0..5.0 V"]
    for edge in range(board.n_edges):
        analog.set_tap(FREE, edge, 0)
    for node in range(1, 9):
        analog.set_switch(FREE, node, 1)
    analog.voltages(FREE)
    assert [text.split(":")[0]for text in faults[1:]] == ["edge A-E", "driver of A"]


def test_an_edge_is_removed_when_the_script_says_so() -> None:
    with twinohm.open("sim://lab16?profile=ideal&at=30:remove=EH&at=40:insert=E-H") as machine:
        machine.home()
        learn(machine, 60)
        removed = machine.records.take(60)
    with twinohm.open("sim://lab16?profile=ideal") as machine:
        machine.home()
        learn(machine, 60)
        whole = machine.records.take(60)
    assert removed[:30] == whole[:30] and removed[30]["free_V"] != whole[30]["free_V"]


def test_silence_on_the_wall_clock_makes_the_board_safe() -> None:
    with twinohm.open("sim://lab16?clock=wall") as machine:
        machine.home()
        learn(machine, 3)
        time.sleep(6)
        free, _ = machine.measure()
        assert max(free.values()) - min(free.values()) < 0.01, "nodes are still driven"
        learn(machine, 3)


@pytest.mark.parametrize("name", ["lab16", "divider"])
def test_with_all_pins_floating_the_board_is_safe(name: str) -> None:
    """No processor: no current, and no pot moves whatever reaches CLK, U/D and the shift registers."""
    board = load_board(name)
    bench = Bench()
    analog = wire(board, PROFILES["lab"], bench, 0)
    assert board.pulls[board.pots.clk] == "down" and bench.net(board.pots.clk).level == 0
    for network in (FREE, CLAMPED):
        volts = analog.voltages(network)
        assert abs(volts - volts[0]).max() < 1e-9
    before = analog._taps.copy()
    held = {board.pots.clk} | set(board.pots.cs if not board.shift_out else [])
    for pin in [name for name in bench.nets if name.startswith("GP") and name not in {*held, *board.pulls}]:
        for level in (1, 0):
            bench.now_ns += 5000
            bench.net(pin).set(level)
    for level in (1, 0, 1, 0):
        bench.now_ns += 5000
        bench.net(board.pots.clk).set(level)
    assert (analog._taps == before).all()


def test_component_values_follow_the_profile() -> None:
    board = load_board("lab16")
    ideal = Analog(board, PROFILES["ideal"], Bench(), 0)
    assert (ideal.pot_ohm == 100_000).all() and (ideal.wiper_ohm == 40).all() and (ideal.offset_V == 0).all()
    lab = [Analog(board, PROFILES["lab"], Bench(), seed) for seed in range(200)]
    ratio = [a.pot_ohm[0] / a.pot_ohm[1] - 1 for a in lab]
    assert 0.009 < np.std(ratio) < 0.011
    assert all(65_000 < a.pot_ohm.min() and a.pot_ohm.max() < 135_000 for a in lab)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("sim://nowhere", "nowhere"),
        ("sim://lab16?seed=x", "seed"),
        ("sim://lab16?profile=perfect", "perfect"),
        ("sim://lab16?noise_V=much", "noise_V"),
        ("sim://lab16?noise_V=-1", "noise_V"),
        ("sim://lab16?colour=red", "colour"),
        ("sim://lab16?at=3:explode=EH", "explode"),
        ("sim://lab16?at=soon:remove=EH", "soon"),
        ("sim://lab16?at=3:remove=QQ", "QQ"),
        ("sim://lab16?clock=slow", "clock"),
        ("sim://edge16", "planned"),
    ],
)
def test_a_wrong_url_says_what_is_wrong(url: str, word: str) -> None:
    with pytest.raises(UsageError, match=word) as caught:
        bench_settings(url)
    assert "\n" not in str(caught.value)


def test_a_number_set_by_hand_replaces_the_profiles(tmp_path: Path) -> None:
    settings = bench_settings("sim://lab16?profile=lab&noise_V=0.0007")
    assert settings.profile.noise_V == 0.0007 and settings.profile.offset_sd_V == PROFILES["lab"].offset_sd_V
