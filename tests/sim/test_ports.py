"""Behaviour that sim:// and emu:// share: prompt, Ctrl-C, resets, limits, events in the URL and the 5 s timer."""

import re
import time
from collections.abc import Iterator

import pytest
import serial

import twinohm
from tests.conftest import Url
from twinohm.errors import BoardError
from twinohm.link.board_client import BoardClient
from twinohm.link.port_stream import PortStream
from twinohm.link.repl import RawRepl
from twinohm.protocol.telemetry import Tick

INPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}
OUTPUTS = {"F": 3.0, "G": 3.0, "H": 3.0}
BUS = "from twinohm_fw.drivers.i2c_bus import I2CBus; bus = I2CBus(4, 5, 400_000); "
PREPARE = b'learner.apply({"B": 5, "I": 0}); learner.nudge({"F": 3}); '


def learn(client: BoardClient, ticks: int) -> list[Tick]:
    return client.train(ticks, INPUTS, OUTPUTS)


@pytest.fixture
def port(board_url: Url) -> Iterator[serial.SerialBase]:
    port = serial.serial_for_url(board_url("lab16", profile="ideal"), timeout=0.2)
    yield port
    port.close()


def read_until(port: serial.SerialBase, mark: bytes) -> bytes:
    data = b""
    end = time.monotonic() + 30
    while mark not in data:
        assert time.monotonic() < end, data
        data += port.read(1)
    return data


def test_another_seed_is_another_board(board_url: Url) -> None:
    ticks = []
    for seed in (1, 2):
        with twinohm.open(board_url("lab16", seed=seed)) as client:
            client.home()
            ticks.append([tick.free_V for tick in learn(client, 20)])
    assert ticks[0] != ticks[1]


def test_learner_is_defined_at_the_friendly_prompt(port: serial.SerialBase) -> None:
    read_until(port, b">>> ")
    port.write(b"learner.taps\r")
    assert str([64] * 16).encode() in read_until(port, b"]\r\n")
    read_until(port, b">>> ")
    port.write(b"for i in range(2): print('n', i)\r\r")
    assert b"n 0\r\nn 1\r\n" in read_until(port, b"n 1\r\n")
    port.write(b"1/0\r")
    assert b"ZeroDivisionError" in read_until(port, b"zero\r\n")


def test_ctrl_c_stops_a_loop_and_a_training(port: serial.SerialBase) -> None:
    read_until(port, b">>> ")
    port.write(b"while True: print('o' + 'n')\r\r")
    read_until(port, b"on\r\n")
    port.write(b"\x03")
    read_until(port, b"KeyboardInterrupt")
    read_until(port, b">>> ")
    port.write(PREPARE + b"learner.train(3); print('o' + 'n'); learner.train(10**7)\r")
    read_until(port, b"on\r\n")
    time.sleep(0.3)
    port.write(b"\x03")
    read_until(port, b"KeyboardInterrupt")
    read_until(port, b">>> ")
    port.write(b"print(learner.twin.networks.connected, learner.twin.known)\r")
    read_until(port, b"False True\r\n")


def test_soft_reset_keeps_the_taps(port: serial.SerialBase) -> None:
    read_until(port, b">>> ")
    port.write(PREPARE + b"learner.train(9); a = learner.taps; print(a)\r")
    taps = read_until(port, b"]\r\n").split(b"\n")[-2]
    assert taps != str([64] * 16).encode() + b"\r"
    read_until(port, b">>> ")
    port.write(b"\x04")
    assert b"MPY: soft reboot" in read_until(port, b">>> ")
    port.write(b"print(learner.taps)\r")
    assert taps in read_until(port, b"]\r\n")
    port.write(b"a\r")
    read_until(port, b"NameError")


def test_raw_repl_reports_output_and_errors(port: serial.SerialBase) -> None:
    repl = RawRepl(PortStream(port))
    repl.enter()
    assert repl.exec("print(2 + 3)") == "5\n"
    with pytest.raises(BoardError, match="NameError"):
        repl.exec("nothing")
    slept = repl.exec("import time; t = time.ticks_us(); time.sleep(0.5); print(time.ticks_diff(time.ticks_us(), t))")
    assert 500_000 <= int(slept) < 502_000


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("learner.nudge({'F': 3}, eta=1e-5)", "eta = 1e-05: 0.000244141 (the board's step) to 4"),
        ("learner.nudge({'F': 3}, eta=5)", "eta = 5: 0.000244141"),
        ("learner.nudge({'F': 3}, eta=-1)", "eta = -1: 0.000244141"),
        ("learner.levers(p=1e-6)", "levers: p 3.05176e-05 (the board's step) to 1"),
        ("learner.levers(vote='up')", "a single reading has nothing to vote on: give readings of 2 or more"),
        ("learner.train(0)", "train(0): 1 tick or more"),
    ],
)
def test_a_setting_that_would_be_nothing_is_refused_at_the_prompt(code: str, words: str, lab16: BoardClient) -> None:
    with pytest.raises(BoardError, match=re.escape(f"ValueError: {words}")):
        lab16.exec(code)


@pytest.mark.parametrize("board", ["lab16", "divider"])
def test_no_limit_is_broken_by_the_firmware(board: str, board_url: Url) -> None:
    inputs, outputs = (INPUTS, OUTPUTS) if board == "lab16" else ({"TOP": 5.0, "BOT": 0.0}, {"MID": 1.5})
    with twinohm.open(board_url(board)) as client:
        client.home()
        client.train(30, inputs, outputs)
        client.measure()
        client.safe()
        client.train(5, inputs, outputs)
        assert len(client.side_channel.take(35)) == 35
        assert client.side_channel.violations == 0, client.side_channel.violation_texts


def test_a_write_to_an_unknown_i2c_address_is_a_violation(board_url: Url) -> None:
    with twinohm.open(board_url("lab16")) as client:
        with pytest.raises(BoardError, match="0x63 does not answer"):
            client.exec(BUS + "bus.writeto(0x63, b'x')")
        learn(client, 1)
        client.side_channel.take(1)
        assert client.side_channel.violation_texts == ["I2C0: nobody answers at 0x63"]


def test_half_a_channel_written_to_a_dac_is_a_violation(board_url: Url) -> None:
    with twinohm.open(board_url("lab16")) as client:
        client.exec(BUS + r"bus.writeto(0x60, b'\x00\x00\x00')")
        learn(client, 1)
        client.side_channel.take(1)
        assert ["half a channel" in message for message in client.side_channel.violation_texts] == [True]


def test_an_edge_is_removed_at_the_tick_that_the_url_names(board_url: Url) -> None:
    with twinohm.open(board_url("lab16", profile="ideal") + "&at=10:remove=EH&at=15:insert=E-H") as client:
        client.home()
        learn(client, 20)
        removed = client.side_channel.take(20)
    with twinohm.open(board_url("lab16", profile="ideal")) as client:
        client.home()
        learn(client, 20)
        whole = client.side_channel.take(20)
    assert removed[:10] == whole[:10] and removed[10].free_V != whole[10].free_V


def test_the_board_makes_itself_safe_when_the_host_is_silent(board_url: Url) -> None:
    url = board_url("lab16")
    with twinohm.open(url + "&clock=wall" if url.startswith("sim:") else url) as client:
        client.home()
        learn(client, 3)
        time.sleep(6)
        free, _ = client.measure()
        assert max(free.values()) - min(free.values()) < 0.01, "nodes are still driven"
        learn(client, 3)
