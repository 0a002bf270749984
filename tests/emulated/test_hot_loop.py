"""The hot loop on the chip: its fast path gives what the portable one gives, within the limits of the parts."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import twinohm
from tests.behind import write_behind
from twinohm.benchmarks.chip import CASES, EDGES, PARTS, case_rows, grown_board
from twinohm.firmware.sources import firmware_files
from twinohm.firmware.uf2 import Uf2
from twinohm.model.board_file import load_board
from twinohm.sim.parts.fixture import Fixture, Net
from twinohm.sim.parts.hc165 import HC165
from twinohm.sim.parts.hc595 import HC595

CHIPS = 5
STATES = 300
# 74HC at 3.3 V, between the datasheets' columns for 2 V and 4.5 V at 85 C (Nexperia 74HC165 and 74HC595, TI SCLS041).
PULSE_NS = 59
SET_UP_NS = 73
GRAIN_NS = 40  # here an edge of a state machine falls on the end of a processor's instruction

SHIFT = """
import random, time, binascii
time.sleep_ms(100)
from array import array
from twinohm_fw.drivers import hc165, hc595, platform
IN = {"load": 20, "clock": 18, "data": 16}
OUT = {"clock": 19, "data": 17, "latch": 21, "enable": 22}
BITS = 8 * %d
STATES = %d

def shuffled(places, n):
    order = list(range(n)) + [0xFFFF] * (places - n)
    for i in range(places - 1, 0, -1):
        k = random.randrange(i + 1)
        order[i], order[k] = order[k], order[i]
    return array("H", order)

def through(order_out, order_in, n):
    sent, got = bytearray((n + 7) // 8), bytearray((n + 7) // 8)
    lines, compared = hc595.HC595(OUT, order_out, sent), hc165.HC165(IN, order_in, got)
    lines.on()
    where = [(order_in[k], order_out[k]) for k in range(BITS)]
    crc = wrong = 0
    for k in range(STATES):
        for b in range(len(sent)):
            sent[b] = random.getrandbits(8)
        lines.write()
        compared.read()
        if k %% 50 == 0:
            expected = bytearray(len(got))
            for to, source in where:
                if to != 0xFFFF and source != 0xFFFF and sent[source >> 3] >> (source & 7) & 1:
                    expected[to >> 3] |= 1 << (to & 7)
            wrong += expected != got
        crc = binascii.crc32(got, crc)
    return wrong, crc

for fast in (True, False):
    platform.FAST = fast
    random.seed(1)
    straight = array("H", range(BITS))
    print("words", fast, through(straight, straight, BITS))
    print("words", fast, through(shuffled(BITS, BITS - 3), shuffled(BITS, BITS - 7), BITS - 3))
print("done")
"""

CLOCK = """
import machine
from twinohm_fw.core.twin import Twin
from twinohm_board import BOARD
machine.freq(%d)
Twin(BOARD)
print(machine.mem32[0x502000C8] >> 8 << 8)
machine.freq(125_000_000)
"""  # SM0_CLKDIV, 16.8 bits over 8

SCL = """
from machine import mem32
from twinohm_fw.drivers.i2c_bus import I2CBus
I2CBus(4, 5, %d)
print(mem32[0x4004401C], mem32[0x40044020], mem32[0x400440A0])
"""  # IC_FS_SCL_HCNT, IC_FS_SCL_LCNT, IC_FS_SPKLEN

TIME_STAMP_US = 1  # a tick is a median of whole microseconds, its parts are means
# Of settling with what sends frames, after the last of them: the parts are timed alone, so it counts twice. Besides,
# each of three parts alone takes 2.6 us more or less from one build of the firmware to the next, and the tick does not.
OVERLAP_US = 12
RANDOM_TASKS = 15
ROLES = """
from twinohm_fw.drivers import platform
from twinohm_fw.core.twin import Twin
from twinohm_fw.protocol.messages import VOTES, record_size
from twinohm_board import BOARD
def placed(eta):
    if not twin.known:
        twin.restore(bytes([BOARD["start_tap"]] * twin.n_edges))
    soldered = BOARD["wired_free"]
    hidden = [node for node in BOARD["wired_clamped"] if node not in soldered]
    twin.place(soldered or [1, 3, 8], hidden or [5, 6, 7], eta)
    return len(twin.networks.inputs), len(twin.networks.outputs)
"""
TICKS = (
    ROLES
    + """
import binascii
if PORTABLE:
    platform.FAST = False
BOARD["pot"]["top_tap"] = TOP_TAP
twin = Twin(BOARD)
seed = 7
def draw(low, high):  # the same on every Python
    global seed
    seed = seed * 75 % 65537
    return low + (seed * 13 >> 2) % (high - low + 1)
n = twin.n_edges
for k in range(RANDOM_TASKS):
    n_in, n_out = placed(draw(400, 8000))
    twin.restore(bytes([TOP_TAP - 1 if k < 5 else draw(4, TOP_TAP) for _ in range(n)]))  # some reach the end
    if k % 5 == 4:
        p, full, readings = draw(9000, 32768), draw(0, 1) * 2432, draw(1, 9)
        vote, flags = VOTES[draw(0, 2)], draw(0, 15)
        pairs = flags & 4 and n_out % 2 == 0
        margin = draw(0, 1) * 3000
        twin.levers.set(
            p, 983, full, readings, vote, flags & 1, flags & 2, pairs, pairs and flags & 8, margin, (5, 6, 7)
        )
    else:
        twin.levers.off()
    size = record_size(n_out, n)
    log = bytearray(size)
    told = b""
    for _ in range(3):
        twin.networks.apply([draw(twin.networks.low, twin.networks.high) for _ in range(n_in)])
        twin.networks.set_desired([draw(twin.networks.low, twin.networks.high) for _ in range(n_out)])
        for _ in range(3):
            twin.tick(log, 0)
            told += bytes(log[4:])
    print(binascii.hexlify(told + twin.taps).decode())
    twin.safe()
""".replace("RANDOM_TASKS", str(RANDOM_TASKS))
)
HEAP = (
    ROLES
    + """
import micropython
_ = depth = 0  # a new global name may make the table of names grow
for fast in (True, False):
    platform.FAST = fast
    twin = Twin(BOARD)
    placed(2000)
    twin.networks.apply([twin.networks.high] * len(twin.networks.inputs))
    log = bytearray(record_size(len(twin.networks.outputs), twin.n_edges))
    off = (32768, 0, 0, 1, "majority", False, False, False, False, 0, (1, 1, 1))
    on = (20000, 983, 2432, 3, "unanimous", True, True, False, False, 0, (1, 1, 1))
    pairs = (32768, 983, 2432, 1, "majority", False, False, True, True, 0, (1, 1, 1))
    for levers in (off, on) + ((pairs,) if len(twin.networks.outputs) % 2 == 0 else ()):
        twin.levers.set(*levers)
        twin.tick(log, 0)
        micropython.heap_lock()
        try:
            for _ in range(5):
                twin.tick(log, 0)
        finally:
            depth = micropython.heap_unlock()
        print(depth)
"""
)
DIES = (
    ROLES
    + """
twin = Twin(BOARD)
placed(2000)
twin.networks.apply([twin.networks.high] * len(twin.networks.inputs))
twin.networks.dacs.addresses[1] = 0x55
try:
    twin.networks.apply([twin.networks.low] * len(twin.networks.inputs))
    twin.networks.set_desired([twin.networks.high] * len(twin.networks.outputs))
    for _ in range(3):
        twin.tick(bytearray(99), 0)
except OSError as error:
    print(error)
twin.networks.dacs.addresses[1] = 0x61
twin.tick(bytearray(99), 0)
"""
)


class Watch:
    """The shortest pulses on some nets, and the shortest time from a change of `data` to a rise of `clock`."""

    def __init__(self, fixture: Fixture, data: Net, clock: Net, *others: Net) -> None:
        self.shortest = {net.name: 1_000_000 for net in (clock, *others)}
        self.set_up_ns = 1_000_000
        for net in (clock, *others):
            net.listeners.append(self._pulses(net.name))
        clock.listeners.append(lambda level, width: self._rise(fixture.now_ns - data.changed_ns) if level else None)

    def _pulses(self, name: str) -> Callable[[int, int], None]:
        def changed(level: int, width: int) -> None:
            self.shortest[name] = min(self.shortest[name], width)

        return changed

    def _rise(self, since_ns: int) -> None:
        self.set_up_ns = min(self.set_up_ns, since_ns)


def run_main(fixture: Fixture, uf2: Uf2, folder: Path, script: str) -> list[str]:
    """What a chip on `fixture` prints that runs `script` as its main.py, until it prints done."""
    from twinohm.sim.chip import Chip
    from twinohm.sim.chip_flash import write_flash

    flash = folder / "flash"
    write_flash(flash, uf2, firmware_files(load_board("lab16")) | {"main.py": script.encode()})
    said = bytearray()
    chip = Chip(fixture, flash.read_bytes(), said.extend, lambda at, data: None)
    end = time.monotonic() + 400
    while b"done\r\n" not in said:
        assert time.monotonic() < end and b"Traceback" not in said, said.decode()
        chip.run()
    return said.decode().splitlines()


@pytest.mark.slow
def test_both_paths_move_the_same_words_through_shift_registers(uf2: Uf2, tmp_path: Path) -> None:
    broken: list[str] = []
    fixture = Fixture(lambda part, text: broken.append(f"{part}: {text}"))
    nets = [fixture.net(f"q{k}") for k in range(8 * CHIPS)]
    clock_out, data_out, latch, enable = (fixture.net(f"GP{k}", int(k == 22)) for k in (19, 17, 21, 22))
    load, clock_in, data_in = (fixture.net(f"GP{k}") for k in (20, 18, 16))
    HC595(fixture, clock_out, data_out, latch, enable, nets)
    HC165(fixture, load, clock_in, data_in, nets)
    watch_out = Watch(fixture, data_out, clock_out, latch)
    watch_in = Watch(fixture, load, clock_in, load)
    lines = [line for line in run_main(fixture, uf2, tmp_path, SHIFT % (CHIPS, STATES)) if line.startswith("words")]
    fast, portable = lines[:2], lines[2:]
    assert len(fast) == 2 and [line.replace("True", "False") for line in fast] == portable
    assert all("(0, " in line for line in lines), lines
    assert [text for text in broken if not text.startswith("I2C0: nobody")] == []  # boot.py looks for the DACs
    for watch in (watch_out, watch_in):
        assert min(watch.shortest.values()) >= PULSE_NS - GRAIN_NS, watch.shortest
        assert watch.set_up_ns >= SET_UP_NS - GRAIN_NS


def test_shift_registers_keep_their_pace_on_a_faster_clock(emu_fast: Callable[..., str]) -> None:
    with twinohm.open(emu_fast("lab16")) as machine:
        for hz in (125_000_000, 250_000_000, 133_000_000):
            cycles = 2 * int(machine.exec(CLOCK % hz)) / 65536  # of two instructions, the shortest pulse and set-up
            assert int(cycles) * 1e9 / hz >= SET_UP_NS
            assert cycles * 1e9 / hz < 1.2 * SET_UP_NS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("board", "profile", "top_tap"),
    [
        ("lab16", "lab", 127),
        ("lab16", "ideal", 99),  # as if the pots had 100 positions
        (
            "divider",
            "ideal",
            127,
        ),  # without noise: one path reads its pins at one moment, the other one after the other
        ("kit5", "ideal", 99),
    ],
)
def test_both_paths_and_the_virtual_board_make_the_same_ticks(
    emu_fast: Callable[..., str], board: str, profile: str, top_tap: int
) -> None:
    """Random taps, targets, eta and levers: time stamps apart, every byte of telemetry."""
    told = {}
    for name, url in (
        ("fast", emu_fast(board, seed=3, profile=profile)),
        ("portable", emu_fast(board, seed=3, profile=profile)),
        ("virtual", f"sim://{board}?seed=3&profile={profile}"),
    ):
        with twinohm.open(url) as machine:
            told[name] = machine.exec(f"PORTABLE, TOP_TAP = {name == 'portable'}, {top_tap}\n" + TICKS).split()
            assert machine.side_channel.violations == 0, name
    assert len(told["fast"]) == RANDOM_TASKS
    assert told["fast"] == told["virtual"] and told["fast"] == told["portable"]
    n_edges = load_board(board).n_edges
    assert max(max(bytes.fromhex(line)[-n_edges:]) for line in told["fast"]) == top_tap


@pytest.mark.parametrize("board", ["lab16", "divider", "kit5"])
def test_a_tick_allocates_nothing(emu_fast: Callable[..., str], board: str) -> None:
    with twinohm.open(emu_fast(board)) as machine:
        assert set(machine.exec(HEAP).split()) == {"0"}


@pytest.mark.slow
@pytest.mark.usefixtures("emu_fast")
def test_both_paths_select_the_channels_of_a_multiplexer(tmp_path: Path) -> None:
    """And several ADCs share a bus: every byte of telemetry, and no allocation."""
    told = {}
    options = f"boards={write_behind(tmp_path)}&seed=3"
    chip = f"emu://behind?{options}&flash={tmp_path / 'flash'}"
    for name, url in (("fast", chip), ("portable", chip), ("virtual", f"sim://behind?{options}")):
        with twinohm.open(url) as machine:
            told[name] = machine.exec(f"PORTABLE, TOP_TAP = {name == 'portable'}, 127\n" + TICKS).split()
            assert machine.side_channel.violations == 0, name
    assert len(told["fast"]) == RANDOM_TASKS
    assert told["fast"] == told["virtual"] and told["fast"] == told["portable"]
    with twinohm.open(chip) as machine:
        assert set(machine.exec(HEAP).split()) == {"0"}


def test_i2c_runs_at_what_the_board_asks_for(emu_fast: Callable[..., str]) -> None:
    """SCL by the controller's registers (RP2040 datasheet 4.3.14.1), and fast mode's least low and high times."""
    with twinohm.open(emu_fast("lab16")) as machine:
        for hz in (100_000, 400_000):
            high, low, spikes = (int(number) for number in machine.exec(SCL % hz).split())
            high, low = high + spikes + 7, low + 1
            assert 0.97 * hz < 125e6 / (high + low) <= hz
            assert low * 8 >= 1300 and high * 8 >= 600


def test_a_part_that_dies_is_named_and_nothing_hangs(emu_fast: Callable[..., str]) -> None:
    with twinohm.open(emu_fast("lab16")) as machine:
        assert "I2C part at 0x55 does not answer" in machine.exec(DIES)


@pytest.mark.slow
@pytest.mark.parametrize(("at", "limit_us"), [(0, 700), (1, 1200)], ids=["constant", "changing"])
def test_a_tick_is_short(emu: Callable[..., str], at: int, limit_us: float) -> None:
    """Inputs constant and changing; every part takes at least what its buses and waits do."""
    case = CASES["lab16"][at]
    with twinohm.open(emu("lab16")) as machine:
        measured, floor = case_rows(machine, case)
    assert measured["tick"] <= min(limit_us, 1.31 * floor["tick"]), measured
    assert measured["protocol_%"] < 20, measured  # 15; a host that is kept waiting adds to it
    for part in PARTS:
        overlap_us = OVERLAP_US if part == "settling" else 0
        assert measured[part] > floor[part] - TIME_STAMP_US - overlap_us, part
    assert sum(measured[part] for part in PARTS if part != "protocol") == pytest.approx(measured["tick"], abs=0.5)


def test_grown_boards_are_boards(tmp_path: Path) -> None:
    for edges in EDGES:
        path = tmp_path / "boards.toml"
        path.write_text(grown_board(edges))
        assert load_board(f"edges{edges}", path).n_edges == edges
