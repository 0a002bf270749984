"""The virtual board is repeatable, reports broken limits and refuses wrong settings."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

import twinohm
from twinohm.errors import BoardError, LinkLost, UsageError
from twinohm.link.board_client import BoardClient
from twinohm.model.board_file import load_board
from twinohm.model.networks import CLAMPED, FREE
from twinohm.model.profile import PROFILES
from twinohm.protocol.side_channel import GroundTruth, SideChannel, encode
from twinohm.protocol.telemetry import Tick
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.settings import SimSettings
from twinohm.sim.twin_networks import TwinNetworks
from twinohm.sim.wiring import wire

INPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}
OUTPUTS = {"F": 3.0, "G": 3.0, "H": 3.0}


def learn(client: BoardClient, ticks: int) -> list[Tick]:
    return client.train(ticks, INPUTS, OUTPUTS)


def test_one_seed_gives_the_same_ticks_each_time() -> None:
    runs = []
    for _ in range(2):
        with twinohm.open("sim://lab16?seed=5") as client:
            client.home()
            runs.append((client.hello.boot, learn(client, 150), client.side_channel.take(150)))
    assert runs[0] == runs[1]


def test_firmware_runs_in_this_cpython_without_blinka() -> None:
    with twinohm.open() as client:
        text = client.exec("import sys, busio; print('board' in sys.modules, busio.__file__)")
    assert text.startswith("False") and "standins" in text


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (  # the client places its roles again after exec()
            "s = learner.twin.networks.settling; s.set_roles_us((1, 1)); type(s).set_roles_us = lambda self, us: None",
            "unsettled",
        ),
        ("learner.twin.pots._state[6] = 0", "AD5220"),
        ("learner.twin.networks.switches[0]._device.i2c.writeto(0x60, b'\\x00\\x00\\x00')", "half a channel"),
        ("learner.twin.networks.adcs[0]._spi._hz = 40_000_000", "ADS7953"),
        ("learner.twin.config['min_tap'] = 0; learner.twin.restore(bytes(16))", "mA"),
    ],
)
def test_a_limit_that_the_firmware_breaks_is_a_violation(spoil: str, word: str) -> None:
    with twinohm.open("sim://lab16") as client:
        client.home()
        learn(client, 1)
        client.side_channel.take(1)
        assert client.side_channel.violations == 0
        client.exec(spoil)
        learn(client, 40)
        client.side_channel.take(40)
        assert client.side_channel.violations > 0
        texts = client.side_channel.violation_texts
        assert any(word in text for text in texts), texts


def test_voltages_and_currents_beyond_the_parts_limits_are_reported() -> None:
    faults: list[str] = []
    fixture = Fixture(lambda part, text: faults.append(f"{part}: {text}"))
    board = load_board("lab16")
    twins = wire(board, PROFILES["ideal"], fixture, 0)
    fixture.now_ns = 10**9
    twins.set_driver(0, 5.2)
    twins.set_switch(FREE, 0, 1)
    fixture.now_ns = 2 * 10**9
    fixture.net("GP13").set(0)  # the ADS7953 samples channel 0
    assert faults == ["ADS7953: 5.200 V at A.free; its range is 0..5.0 V"]
    for edge in range(board.n_edges):
        twins.set_tap(FREE, edge, 0)
    for node in range(1, 9):
        twins.set_switch(FREE, node, 1)
    twins.voltages(FREE)
    assert [text.split(":")[0] for text in faults[1:]] == ["edge A-E", "driver of A"]


@pytest.mark.parametrize("name", ["lab16", "divider"])
def test_no_current_flows_and_no_pot_moves_with_all_pins_floating(name: str) -> None:
    """Without a running program, levels at CLK, U/D and the shift registers move no pot."""
    board = load_board(name)
    fixture = Fixture()
    twins = wire(board, PROFILES["lab"], fixture, 0)
    assert board.pulls[board.pots.clk] == "down" and fixture.net(board.pots.clk).level == 0
    for network in (FREE, CLAMPED):
        volts = twins.voltages(network)
        assert abs(volts - volts[0]).max() < 1e-9
    before = twins.taps.copy()
    held = {board.pots.clk} | set(board.pots.cs if not board.shift_out else [])
    for pin in [name for name in fixture.nets if name.startswith("GP") and name not in {*held, *board.pulls}]:
        for level in (1, 0):
            fixture.now_ns += 5000
            fixture.net(pin).set(level)
    for level in (1, 0, 1, 0):
        fixture.now_ns += 5000
        fixture.net(board.pots.clk).set(level)
    assert (twins.taps == before).all()


def test_component_values_follow_the_profile() -> None:
    board = load_board("lab16")
    ideal = TwinNetworks(board, PROFILES["ideal"], Fixture(), 0).parts
    assert (ideal.pot_ohm == 100_000).all() and (ideal.wiper_ohm == 40).all() and (ideal.offset_V == 0).all()
    lab = [TwinNetworks(board, PROFILES["lab"], Fixture(), seed).parts for seed in range(200)]
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
    ],
)
def test_a_wrong_setting_in_the_url_is_named(url: str, word: str) -> None:
    with pytest.raises(UsageError, match=word) as caught:
        SimSettings.parse(url)
    assert "\n" not in str(caught.value)


def test_a_setting_replaces_the_number_of_the_profile(tmp_path: Path) -> None:
    settings = SimSettings.parse("sim://lab16?profile=lab&noise_V=0.0007")
    assert settings.profile.noise_V == 0.0007 and settings.profile.offset_sd_V == PROFILES["lab"].offset_sd_V


def test_after_an_error_in_a_stream_host_and_board_agree_again() -> None:
    """The chunk in flight behind the failed one makes no tick; a new HELLO says how many the failed one made."""
    with twinohm.open("sim://lab16?profile=ideal&at=100:fault=missing:0x61") as client:
        client.home()
        with pytest.raises(BoardError, match="MCP4728 at 0x61"):
            client.train(400, INPUTS, OUTPUTS, 0.5)
        assert client.exec("learner.twin.ticks, learner.taps") == f"(100, {list(client.taps or ())})\n"
        assert len(client.side_channel.take(100)) == 100 and not client.side_channel.take_available()
        with pytest.raises(BoardError, match="MCP4728 at 0x61"):
            client.train(1, INPUTS, OUTPUTS, 0.5)


def test_component_values_that_come_late_are_awaited() -> None:
    """The side channel is a stream of its own and may be slower than the board's replies."""
    ours, theirs = os.pipe()
    channel = SideChannel(os.fdopen(ours, "rb"))
    twins = (1.0, 2.0), (3.0, 4.0)
    truth = GroundTruth(twins, twins, twins, 2.5, {"cmp": (0.1, 0.2), "sgn": (0.3, 0.4)}, 0.005, 0.0)
    threading.Timer(0.3, lambda: os.write(theirs, encode(truth).encode())).start()
    assert channel.truth == truth
    os.close(theirs)


def test_a_side_channel_without_component_values_is_an_error_with_its_last_line() -> None:
    ours, theirs = os.pipe()
    channel = SideChannel(os.fdopen(ours, "rb"))
    os.write(theirs, b"Segmentation fault\n")
    os.close(theirs)
    with pytest.raises(LinkLost, match="component values: Segmentation fault"):
        _ = channel.truth
