"""Faults in a port's URL: each breaks the part that it names; a wrong fault is refused with what would be right."""

from typing import Any

import pytest

import twinohm
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.board_diodes import with_diodes
from twinohm.model.board_file import load_board
from twinohm.model.diodes import Diode
from twinohm.model.networks import CLAMPED, FREE
from twinohm.model.profile import PROFILES
from twinohm.sim.fault_effects import ACTIONS, _chain_inputs
from twinohm.sim.faults import EXAMPLES, PASSING, every_fault, parse_fault
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.settings import SimSettings
from twinohm.sim.twin_networks import TwinNetworks
from twinohm.sim.wiring import wire

LAB16 = load_board("lab16")
A, B, E = (LAB16.node_index(name) for name in "ABE")
EH = LAB16.edge_index("E-H")


def broken(*faults: str, board: str = "lab16") -> TwinNetworks:
    """Return the networks of a board with faults, switches closed, the driver of node k at 0.3 + 0.1 k V."""
    found = load_board(board)
    twins = wire(found, PROFILES["ideal"], Fixture(), 0)
    for text in faults:
        parse_fault(text, found).apply(twins)
    for node in range(len(found.nodes)):
        twins.set_driver(node, 0.3 + 0.1 * node)
        if found.switches:
            for network in (FREE, CLAMPED):
                twins.set_switch(network, node, 1)
    twins.fixture.now_ns += 1_000_000
    return twins


def clock(twins: TwinNetworks, pulses: int) -> None:
    clk = twins.fixture.net(LAB16.pots.clk)
    for _ in range(pulses):
        for level in (1, 0):
            twins.fixture.now_ns += 2000
            clk.set(level)


def step_up(twins: TwinNetworks, edge: int, pulses: int) -> None:
    """Select one edge, set its U/D high and give CLK pulses."""
    assert LAB16.pots.updown is not None
    for line, level in ((LAB16.pots.updown[edge], 1), (LAB16.pots.cs[edge], 0)):
        twins.fixture.net(f"shift_out.{line}").set(level)
    clock(twins, pulses)


def taps(twins: TwinNetworks, edge: int) -> list[float]:
    return [float(twins.taps[network, edge]) for network in (FREE, CLAMPED)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("melted:pot.E-H.free", "use missing, silent, stuck, stretched, reset, stopped, moved, scaled, high"),
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
        *((f"noisy:supply={value}", "more than 0 and at most 5 V; write for") for value in ("-1", "0", "1e9", "5.01")),
        *((f"offset:adc.E.free={value}", "at least -5 and at most 5 V, but not 0") for value in ("-6", "0", "1e9")),
        *((f"offset:adc.ADS7953={value}", "at least -5 and at most 5 V, but not 0") for value in ("5.1", "-0")),
        *((f"scaled:0x61={value}", "at least 0.833 and at most 1.2, but not 1") for value in ("-1", "0", "1", "1.3")),
        *((f"stuck:SDA={value}", "more than 0 and at most 60000 ms") for value in ("-1", "0", "60001")),
        *((f"stretched:SCL={value}", "more than 0 and at most 60000 ms") for value in ("-1", "0", "1e9")),
        ("stuck:SDA.\u0663", "has no 'SDA.\u0663'"),
        ("high:CMP.E-H=1", "cannot be"),
        ("high:IN.99", "has no 'IN.99'"),
        ("moved:0x61", "write for example moved:0x61=0x63"),
        ("high:XOR.E-H", "board lab16 has no 'XOR.E-H'"),
        ("open:LATCH.E-H", "board lab16 has no 'LATCH.E-H'"),
    ],
)
def test_a_wrong_fault_is_refused_with_what_is_allowed(text: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        SimSettings.parse(f"sim://lab16?fault={text}")


def kinds(found: Board) -> set[tuple[str, str]]:
    """Inject every fault of a board. Return their verbs and kinds of place."""
    texts = list(every_fault(found))
    assert len(texts) == len(set(texts))
    faults = [parse_fault(text, found) for text in texts]
    for fault in faults:
        fault.apply(wire(found, PROFILES["ideal"], Fixture(), 0))
    return {(fault.verb, fault.places[0].kind) for fault in faults}


@pytest.mark.slow
def test_every_fault_of_a_board_can_be_written_and_injected() -> None:
    on = {board: kinds(load_board(board)) for board in ("lab16", "divider", "edge16")}
    with_diode = kinds(with_diodes(LAB16, [Diode("C", "A")]))
    assert with_diode - on["lab16"] == {(verb, "diode") for verb in ("missing", "reversed", "mismatched")}
    assert with_diode | on["edge16"] == {
        action for action in ACTIONS if action[0] not in PASSING
    }  # no self-test finds those
    gates = {("high", "XOR"), ("low", "XOR"), ("open", "LATCH"), ("swapped", "XOR"), ("swapped", "IN")}
    assert on["edge16"] - on["lab16"] == gates
    assert on["divider"] < on["lab16"]
    assert {verb for verb, _ in ACTIONS} == set(EXAMPLES)


def test_an_i2c_part_can_be_missing_or_at_another_address() -> None:
    assert sorted(address for _, address in broken("missing:0x61").fixture.i2c) == [0x48, 0x49, 0x4A, 0x60, 0x62]
    assert (0, 0x63) in broken("moved:0x61=0x63").fixture.i2c
    both = broken("moved:0x61=0x60")
    both.fixture.i2c[0, 0x60].start(False)
    for byte in (0x08, 0x00):  # fast write of channel A: code 2048
        assert both.fixture.i2c[0, 0x60].write(byte)
    assert both._drive_V[A] == both._drive_V[E] != 0.3  # channel A of each chip


def test_a_digital_line_can_be_stuck_at_either_level() -> None:
    assert broken("high:CMP.E-H").compare()[EH] == 1
    assert broken("low:SGN.H-E").compare()[LAB16.n_edges + EH] == 0
    twins = broken("high:UD.E-H", "low:CS.A-B")
    for name, level in (("shift_out.11", 1), ("shift_out.16", 0)):
        net = twins.fixture.net(name)
        net.set(1 - level)
        assert net.read() == level
    assert [_chain_inputs(broken(f"{level}:IN.12"))[12].read() for level in ("high", "low")] == [1, 0]


def test_a_pot_breaks_in_its_own_network_alone() -> None:
    for fault, steps in (("dead", 0), ("twice", 2)):
        twins = broken(f"{fault}:pot.E-H.clamped")
        step_up(twins, EH, 10)
        assert taps(twins, EH) == [74, 64 + 10 * steps]
    twins = broken("shorted:pot.E-H.free")
    assert twins._fixed_ohm[FREE, EH] == 1000 and twins._per_tap_ohm[FREE, EH] == 0
    assert twins._per_tap_ohm[CLAMPED, EH] > 0
    assert broken("open:pot.E-H.free")._present[:, EH].tolist() == [0, 1]


def test_swapped_direction_lines_step_a_pot_by_the_other_edges_direction() -> None:
    twins = broken("swapped:UD.E-H,UD.A-B")
    step_up(twins, EH, 10)
    assert taps(twins, EH) == [54, 54]  # A-B's line is low


def latched(*faults: str, preset: bool = False) -> tuple[list[int], list[int]]:
    """Return U/D of every edge of edge16 after PRESET or CLEAR and a rising LATCH, and what the 74HC165 reads."""
    twins = broken(*faults, board="edge16")
    twins.set_switch(CLAMPED, B, 0)  # so that not all directions are one
    twins.fixture.now_ns += 1_000_000
    lines = twins.board.flip_flops
    assert lines is not None
    for pin, levels in ((lines.preset if preset else lines.clear, (1, 0, 1)), (lines.latch, (0, 1, 0))):
        for level in levels:
            twins.fixture.now_ns += 2000
            twins.fixture.net(pin).set(level)
    directions = [twins.fixture.net(f"updown.{edge}").level for edge in twins.board.edges]
    return directions, [net.read() for net in _chain_inputs(twins)]


def test_gates_flip_flops_and_read_back_can_break_on_edge16() -> None:
    sound, read = latched()
    assert read == sound and set(sound) == {0, 1}
    for level in (0, 1):
        assert latched(f"{('low', 'high')[level]}:XOR.E-H")[0][EH] == 1 - level
        assert latched(f"{('low', 'high')[level]}:IN.11") == (sound, [*sound[:11], level, *sound[12:]])
        assert latched("open:LATCH.E-H", preset=bool(level))[0][EH] == level
    first, second = sound.index(0), sound.index(1)
    names = [load_board("edge16").edges[edge] for edge in (first, second)]
    crossed = [*sound]
    crossed[first], crossed[second] = 1, 0
    assert latched(f"swapped:XOR.{names[0]},XOR.{names[1]}") == (crossed, crossed)
    assert latched(f"swapped:IN.{first},IN.{second}") == (sound, crossed)
    assert latched(f"swapped:UD.{names[0]},UD.{names[1]}") == (sound, sound)  # behind the read-back


def test_a_driver_or_switch_can_be_open_closed_or_swapped() -> None:
    assert broken("open:driver.E")._drive_S[:, E].tolist() == [0, 0]
    assert broken("open:switch.E.free")._drive_S[:, E].tolist() == [0, 0.4]
    closed = broken("closed:switch.E.free")
    closed.set_switch(FREE, E, 0)
    assert closed._drive_S[FREE, E] == 0.4
    assert broken("open:driver.MID", board="divider")._drive_S[CLAMPED, 1] == 0
    crossed = broken("swapped:driver.A,driver.B")._drive_V
    assert (crossed[A], crossed[B]) == (0.4, 0.3)


def test_an_adc_channel_can_be_offset_swapped_open_or_noisy() -> None:
    def read(fault: str, *where: Any) -> float:
        return broken(fault).node(*where)

    assert read("offset:adc.E.free=0.1", FREE, E, "ADS7953") == pytest.approx(0.774, abs=1e-3)  # 5 V of a task are 3.7
    assert read("offset:adc.RP2040=0.1", FREE, E, "ADS7953") == pytest.approx(0.7, abs=1e-3)
    assert read("swapped:adc.A.free,adc.E.clamped", CLAMPED, E, "ADS7953") == pytest.approx(0.3, abs=1e-3)
    open_one = broken("open:adc.E.free")
    open_one.node(FREE, A, "ADS7953")
    assert open_one.node(FREE, E, "ADS7953") == pytest.approx(0.3, abs=1e-3)  # the charge of the channel before
    noisy = broken("noisy:supply")
    assert len({noisy.node(FREE, E, "ADS7953") for _ in range(10)}) == 10


def test_a_fault_begins_at_the_tick_that_the_url_names() -> None:
    with twinohm.open("sim://lab16?profile=ideal&at=4:fault=high:CMP.E-H&at=4:fault=low:SGN.A-B") as board:
        board.home()
        ticks = board.train(8, {"B": 5.0, "D": 1.0, "I": 0.0}, {"F": 3.0, "G": 3.0, "H": 3.0})
    with twinohm.open("sim://lab16?profile=ideal") as board:
        board.home()
        sound = board.train(8, {"B": 5.0, "D": 1.0, "I": 0.0}, {"F": 3.0, "G": 3.0, "H": 3.0})
    assert [tick.cmp for tick in ticks[:4]] == [tick.cmp for tick in sound[:4]]
    assert all(tick.cmp >> EH & 1 and not tick.sgn & 1 for tick in ticks[4:])
    assert not all(tick.cmp >> EH & 1 and not tick.sgn & 1 for tick in sound[4:])
