"""Faults in a port's URL: each breaks what it names on the wired bench; a wrong one is told what would do."""

from typing import Any

import pytest

import twinohm
from twinohm.bench.analog import CLAMPED, FREE, Analog
from twinohm.bench.faults import ACTIONS, EXAMPLES, every_fault, parse_fault
from twinohm.bench.parts.bench import Bench
from twinohm.bench.port_url import bench_settings
from twinohm.bench.profile import PROFILES
from twinohm.bench.wiring import wire
from twinohm.boards import load_board
from twinohm.errors import UsageError

LAB16 = load_board("lab16")
A, B, E = (LAB16.node_index(name) for name in "ABE")
EH = LAB16.edge_index("E-H")


def broken(*faults: str, board: str = "lab16") -> Analog:
    """A wired bench, switches closed, node k of lab16 at 0.3 + 0.1 k V."""
    found = load_board(board)
    analog = wire(found, PROFILES["ideal"], Bench(), 0)
    for text in faults:
        parse_fault(text, found).happen(analog)
    for node in range(len(found.nodes)):
        analog.set_driver(node, 0.3 + 0.1 * node)
        if found.switches:
            for network in (FREE, CLAMPED):
                analog.set_switch(network, node, 1)
    analog.bench.now_ns += 1_000_000
    return analog


def clock(analog: Analog, pulses: int) -> None:
    clk = analog.bench.net(LAB16.pots.clk)
    for _ in range(pulses):
        for level in (1, 0):
            analog.bench.now_ns += 2000
            clk.set(level)


def step_up(analog: Analog, edge: int, pulses: int) -> None:
    """One edge selected, its U/D high."""
    assert LAB16.pots.updown is not None
    for line, level in ((LAB16.pots.updown[edge], 1), (LAB16.pots.cs[edge], 0)):
        analog.bench.net(f"shift_out.{line}").set(level)
    clock(analog, pulses)


def taps(analog: Analog, edge: int) -> list[float]:
    return [float(analog._taps[network, edge]) for network in (FREE, CLAMPED)]


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("melted:pot.E-H.free", "use missing, moved, high"),
        ("high", "cannot be|has no"),
        ("high:CMP.A-Z", "no edge 'A-Z'"),
        ("open:CMP.E-H", "write for example open:pot.E-H.free"),
        ("dead:pot.E-H.upper", "has no 'pot.E-H.upper'"),
        ("missing:0x77", "parts are at 0x60, 0x61"),
        ("missing:0xzz", "write for example missing:0x61"),
        ("swapped:UD.E-H", "write for example swapped:UD.E-H,UD.A-B"),
        ("swapped:UD.E-H,UD.H-E", "write for example"),
        ("swapped:UD.E-H,driver.A", "write for example"),
        ("noisy:supply=loud", "write for example noisy:supply=0.03"),
        ("noisy:supply=nan", "write for example"),
        ("high:CMP.E-H=1", "cannot be"),
        ("high:IN.99", "has no 'IN.99'"),
        ("moved:0x61", "write for example moved:0x61=0x63"),
    ],
)
def test_a_wrong_fault_is_told_what_is_allowed(text: str, tells: str) -> None:
    with pytest.raises(UsageError, match=tells):
        bench_settings(f"sim://lab16?fault={text}")


@pytest.mark.parametrize("board", ["lab16", "divider", "edge16"])
def test_every_fault_of_a_board_can_be_written_and_happen(board: str) -> None:
    found = load_board(board)
    texts = list(every_fault(found))
    assert len(texts) == len(set(texts))
    for text in texts:
        analog = wire(found, PROFILES["ideal"], Bench(), 0)
        parse_fault(text, found).happen(analog)
    kinds = {(fault.verb, fault.places[0].kind) for fault in (parse_fault(text, found) for text in texts)}
    if board == "lab16":
        assert kinds == set(ACTIONS)
    assert {verb for verb, _ in ACTIONS} == set(EXAMPLES)


def test_i2c_parts_go_and_move() -> None:
    assert sorted(address for _, address in broken("missing:0x61").bench.i2c) == [0x48, 0x49, 0x4A, 0x60, 0x62]
    assert (0, 0x63) in broken("moved:0x61=0x63").bench.i2c
    both = broken("moved:0x61=0x60")
    both.bench.i2c[0, 0x60].start(False)
    for byte in (0x08, 0x00):  # fast write of channel A: code 2048
        assert both.bench.i2c[0, 0x60].write(byte)
    assert both._drive_V[A] == both._drive_V[E] != 0.3  # channel A of each chip


def test_lines_stick() -> None:
    assert broken("high:CMP.E-H").compare()[EH] == 1
    assert broken("low:SGN.H-E").compare()[LAB16.n_edges + EH] == 0
    analog = broken("high:UD.E-H", "low:CS.A-B")
    for name, level in (("shift_out.11", 1), ("shift_out.16", 0)):
        net = analog.bench.net(name)
        net.set(1 - level)
        assert net.read() == level
    assert broken("high:IN.12").bench.net("shift_in.12").read() == 1


def test_pots_break_in_one_network() -> None:
    for fault, steps in (("dead", 0), ("twice", 2)):
        analog = broken(f"{fault}:pot.E-H.clamped")
        step_up(analog, EH, 10)
        assert taps(analog, EH) == [74, 64 + 10 * steps]
    analog = broken("shorted:pot.E-H.free")
    assert analog._fixed_ohm[FREE, EH] == 1000 and analog._per_tap[FREE, EH] == 0
    assert analog._per_tap[CLAMPED, EH] > 0
    assert broken("open:pot.E-H.free")._present[:, EH].tolist() == [0, 1]


def test_direction_lines_cross() -> None:
    analog = broken("swapped:UD.E-H,UD.A-B")
    step_up(analog, EH, 10)
    assert taps(analog, EH) == [54, 54]  # A-B's line is low


def test_joints_and_switches() -> None:
    assert broken("open:driver.E")._drive_S[:, E].tolist() == [0, 0]
    assert broken("open:switch.E.free")._drive_S[:, E].tolist() == [0, 0.4]
    closed = broken("closed:switch.E.free")
    closed.set_switch(FREE, E, 0)
    assert closed._drive_S[FREE, E] == 0.4
    assert broken("open:driver.MID", board="divider")._drive_S[CLAMPED, 1] == 0
    crossed = broken("swapped:driver.A,driver.B")._drive_V
    assert (crossed[A], crossed[B]) == (0.4, 0.3)


def test_adc_channels() -> None:
    def read(fault: str, *where: Any) -> float:
        return broken(fault).node(*where)

    assert read("offset:adc.E.free=0.1", FREE, E, "AD7490") == pytest.approx(0.776, abs=1e-3)  # 5 V of a task are 3.8
    assert read("offset:adc.RP2040=0.1", FREE, E, "AD7490") == pytest.approx(0.7, abs=1e-3)
    assert read("swapped:adc.A.free,adc.E.clamped", CLAMPED, E, "AD7490") == pytest.approx(0.3, abs=1e-3)
    open_one = broken("open:adc.E.free")
    open_one.node(FREE, A, "AD7490")
    assert open_one.node(FREE, E, "AD7490") == pytest.approx(0.3, abs=1e-3)  # the charge of the channel before
    noisy = broken("noisy:supply")
    assert len({noisy.node(FREE, E, "AD7490") for _ in range(10)}) == 10


def test_a_fault_comes_at_its_tick() -> None:
    with twinohm.open("sim://lab16?profile=ideal&at=4:fault=high:CMP.E-H&at=4:fault=low:SGN.A-B") as board:
        board.home()
        ticks = board.train(8, {"B": 5.0, "D": 1.0, "I": 0.0}, {"F": 3.0, "G": 3.0, "H": 3.0})
    with twinohm.open("sim://lab16?profile=ideal") as board:
        board.home()
        sound = board.train(8, {"B": 5.0, "D": 1.0, "I": 0.0}, {"F": 3.0, "G": 3.0, "H": 3.0})
    assert [tick.cmp for tick in ticks[:4]] == [tick.cmp for tick in sound[:4]]
    assert all(tick.cmp >> EH & 1 and not tick.sgn & 1 for tick in ticks[4:])
    assert not all(tick.cmp >> EH & 1 and not tick.sgn & 1 for tick in sound[4:])
