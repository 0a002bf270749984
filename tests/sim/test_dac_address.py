"""DACs that take another address while their own /LDAC falls, and keep it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinohm
from tests.command_line import run_here
from twinohm.diagnostics.dac_address import give_address
from twinohm.errors import BoardError, UsageError
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.parts.i2c_bits import I2CBits
from twinohm.sim.parts.mcp4728 import MCP4728

SAME = "sim://lab16?profile=ideal&ldac=0x61&fault=moved:0x61=0x60"  # both new: the wire tells them apart


def test_a_dac_of_the_address_of_another_gets_its_own_and_the_board_works() -> None:
    with twinohm.open(SAME) as client:
        assert give_address(client).was == 0x60
        done = give_address(client, 0x61)
        assert (done.was, done.now, done.answering) == (0x60, 0x61, (0x60, 0x61, 0x62))
        assert client.side_channel is not None
        before = client.side_channel.violations  # nobody answered at 0x61 when the board was made safe
        given_V = {"A": 1.0, "E": 4.0}  # of both chips
        client.place(list(given_V), ["I"])
        client.apply(given_V)
        free_V, _ = client.measure()
        assert client.side_channel.violations == before
    with twinohm.open("sim://lab16?profile=ideal") as sound:
        sound.place(list(given_V), ["I"])
        sound.apply(given_V)
        assert sound.measure()[0] == free_V


@pytest.mark.parametrize(
    ("port", "place", "words"),
    [
        ("sim://lab16", None, "no /LDAC of an MCP4728 is on the line; lead a wire"),
        ("sim://lab16?ldac=0x60&fault=missing:0x60", 0x60, "no /LDAC of an MCP4728 is on the line"),
        (
            "sim://lab16?fault=missing:0x60&fault=missing:0x61&fault=missing:0x62",
            None,
            "no MCP4728 hears a general call",
        ),
    ],
)
def test_without_a_chip_on_the_wire_nothing_is_written(port: str, place: int | None, words: str) -> None:
    with twinohm.open(port) as client:
        with pytest.raises(BoardError, match=words):
            give_address(client, place)


def test_an_address_that_another_dac_has_is_refused_and_nothing_changes() -> None:
    words = "another DAC of board lab16 answers at 0x62, and the one with the wire at 0x60"
    with twinohm.open(SAME) as client:
        with pytest.raises(UsageError, match=words):
            give_address(client, 0x62)
        assert give_address(client).now == 0x60


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["0x63"], "the DACs of board lab16 are at 0x60, 0x61, 0x62"),
        (["61"], "write it as boards.toml does, for example 0x61"),
        (["--port", "sim://kit5"], "board kit5 has no line to /LDAC"),
        (["--port", "sim://kit5?ldac=0x60"], "board kit5 has no line to /LDAC"),
        (["--port", "sim://lab16?ldac=0x63"], "ldac = '0x63': 0x60 or 0x61 or 0x62"),
        (["--port", "sim://lab16?at=3:remove=AB"], "giving an address makes no tick"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = run_here("dac-address", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and words in done.stderr


def test_the_command_says_what_the_chip_had_and_has(tmp_path: Path) -> None:
    done = run_here("dac-address", "0x61", "--port", SAME, "--json", cwd=tmp_path)
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert (answer["was"], answer["is"], answer["answering"]) == ("0x60", "0x61", ["0x60", "0x61", "0x62"])
    assert "has address 0x61, and had 0x60" in run_here("dac-address", "0x61", "--port", SAME, cwd=tmp_path).stdout


def order(moment: tuple[int, int, int]) -> tuple[int, int, int]:
    """A clock's high half comes first."""
    byte, clock, level = moment
    return byte, clock, 1 - level


class Bench:
    """One chip at 0x60 on a bus whose lines are moved by hand."""

    def __init__(self) -> None:
        self.fixture = Fixture()
        self.sda, self.scl, self.ldac = (self.fixture.net(name, pull) for name, pull in (("a", 1), ("c", 1), ("l", 0)))
        self.bits = I2CBits(self.fixture, 0, self.sda, self.scl)
        part = (lambda channel, count: 0.0), (lambda channel, volts: None), 0x60, self.ldac, self.bits
        self.chip = MCP4728(self.fixture, "dac", *part, lambda chip, address: None)
        self.fixture.i2c[0, 0x60] = self.chip

    def send(self, octets: list[int], falls: tuple[int, int, int], rises: tuple[int, int, int]) -> list[bool]:
        """START, bytes, STOP; /LDAC is high at first, and moves at two moments. Return what was acknowledged."""
        self.ldac.set(1)

        def move_ldac() -> None:
            if self.bits.moment is not None and order(self.bits.moment) >= order(falls):
                self.ldac.set(int(order(self.bits.moment) >= order(rises)))

        self.sda.set(0)
        self.scl.set(0)
        heard = []
        for octet in octets:
            for bit in range(7, -2, -1):
                move_ldac()
                self.sda.set(octet >> bit & 1 if bit >= 0 else 1)
                self.scl.set(1)
                move_ldac()
                if bit < 0:
                    heard.append(self.bits.pulls_sda)
                self.scl.set(0)
        self.sda.set(0)
        self.scl.set(1)
        self.sda.set(1)
        self.ldac.set(0)
        return heard


WRITE_5 = [0b1100_0000, 0b0110_0001, 0b0111_0110, 0b0111_0111]  # 0x60 becomes 0x65: DS22187E, figure 5-11
MOMENTS = st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 1))


def test_the_bytes_of_the_data_sheet_give_an_address() -> None:
    bench = Bench()
    assert bench.send(WRITE_5, (1, 8, 0), (9, 0, 0)) == [True] * 4
    assert bench.chip.address == 0x65


@given(st.just((1, 8, 0)) | MOMENTS, MOMENTS)
def test_ldac_that_falls_or_rises_at_another_moment_changes_nothing(
    falls: tuple[int, int, int], rises: tuple[int, int, int]
) -> None:
    bench = Bench()
    bench.send(WRITE_5, falls, rises)
    assert bench.chip.address == (0x65 if falls == (1, 8, 0) and order(rises) > order((2, 8, 0)) else 0x60)


@given(st.lists(st.integers(0, 255), min_size=4, max_size=4))
def test_no_other_bytes_give_an_address(octets: list[int]) -> None:
    bench = Bench()
    bench.send(octets, (1, 8, 0), (9, 0, 0))
    _, old, new, again = octets
    told = octets[0] == 0xC0 and old == 0x61 and new & 0xE3 == 0x62 and again == new + 1
    assert bench.chip.address == (0x60 + (new >> 2 & 7) if told else 0x60)


@pytest.mark.parametrize("at", range(4))
def test_one_wrong_byte_gives_no_address(at: int) -> None:
    for bit in range(8):
        bench, octets = Bench(), list(WRITE_5)
        octets[at] ^= 1 << bit
        bench.send(octets, (1, 8, 0), (9, 0, 0))
        assert bench.chip.address == 0x60
