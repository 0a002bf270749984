"""One line for everything that can be wrong with a boards.toml: file, table, key, value and remedy."""

import copy
import tomllib
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.command_line import run_here
from tests.one_line import one_line
from tests.stopwatch import Stopwatch
from twinohm.errors import BoardFileError
from twinohm.model import board_file as load
from twinohm.model.board_file import load_boards
from twinohm.model.firmware_config import board_config
from twinohm.model.mistakes import FileMistake, parse_toml
from twinohm.paths import boards_file

TEXT = boards_file().read_text(encoding="utf-8")
TABLES = tomllib.loads(TEXT)
GONE = object()

I2C_MUX = {"part": "TCA9548A", "address": 0x70}
MUX = {"part": "CD74HCT4067", "select": ["GP0", "GP1", "GP6", "GP7"]}
SHIFT_IN = {"part": "74HC165", "chips": 1, "load": "GP0", "clock": "GP1", "data": "GP13"}
FLIP_FLOPS = TABLES["edge16"]["flip_flops"]
ADC = TABLES["lab16"]["adc"][0] | {
    "sck": "GP14",
    "mosi": "GP15",
    "miso": "GP8",
    "cs": "GP9",
    "channels": ["H.clamped"],
}

# What is changed in boards.toml, and what is said about it.
WRONG: list[tuple[dict[str, Any], str]] = [
    # keys and types
    ({"lab16.dac.adress": "x"}, '[lab16.dac] adress = "x": unknown key; did you mean addresses?'),
    ({"lab16.pots.clk": GONE, "lab16.pots.clock": "GP2"}, '[lab16.pots] clock = "GP2": unknown key; did you mean clk?'),
    ({"lab16.i2c.x": 1}, "[lab16.i2c] x = 1: unknown key; known here are sda, scl, hz"),
    ({"lab16.switch": {}}, "[lab16] switch = { ... }: unknown key; did you mean switches?"),
    ({"lab16.adc.1.pin": "GP26"}, '[[lab16.adc]] #2 pin = "GP26": unknown key; did you mean pins?'),
    ({"lab16.name": "x"}, '[lab16] name = "x": unknown key; a board is named by its table, [lab16]'),
    ({"lab16.pots.clk": GONE}, "[lab16.pots] clk: missing; add it: pin whose edge"),
    ({"lab16.dac": GONE}, "[lab16] dac: missing; add it: a table of the drivers"),
    ({"lab16.adc.0.sck": GONE}, "[[lab16.adc]] #1 sck: missing; add it: pin of the SPI clock"),
    ({"lab16.adc.0.part": GONE}, '[[lab16.adc]] #1 part: missing; add "ADS7953" or "RP2040"'),
    ({"lab16.pots.ohm": "100k"}, '[lab16.pots] ohm = "100k": not a number; give one'),
    ({"lab16.pots.ohm": float("nan")}, "[lab16.pots] ohm = nan: not a number; give one"),
    ({"lab16.settle_us": 1.5}, "[lab16] settle_us = 1.5: not a whole number; give one"),
    ({"lab16.settle_us": True}, "[lab16] settle_us = true: not a whole number; give one"),
    ({"lab16.planned": "no"}, '[lab16] planned = "no": neither true nor false; give one of them'),
    ({"lab16.title": 3}, "[lab16] title = 3: not a text; put it in quotes"),
    ({"lab16.nodes": "AB"}, '[lab16] nodes = "AB": not a list; put it in [ ]'),
    ({"lab16.pots": 3}, "[lab16] pots = 3: not a table; give one"),
    ({"lab16.adc": {"part": "RP2040"}}, "[lab16] adc = { ... }: a table, where a list is due"),
    ({"lab16.pulls.GP2": "side"}, '[lab16.pulls] GP2 = "side": not known here; use "up" or "down"'),
    ({"lab16.dac.part": "MCP"}, '[lab16.dac] part = "MCP": not known here; use "MCP4728"'),
    ({"lab16.adc.0.part": "X"}, '[[lab16.adc]] #1 part = "X": not known here; use "ADS7953", "AD7490", "RP2040"'),
    ({"lab16.nodes": ["A"]}, '[lab16] nodes = ["A"]: too few entries; give at least 2'),
    ({"lab16.range_V": [0.2]}, "[lab16] range_V[1]: too few entries; add one"),
    ({"lab16.settle_us": 1 << 20000}, "[lab16] settle_us = a huge number: too large; give at most"),
    # names
    ({"x": 3}, "x = 3: not a board; put it below the board's [NAME]"),
    ({"9x": {}}, "[9x]: not a name for a board; start with a letter"),
    ({"lab16.nodes.1": "B-1"}, '[lab16] nodes[1] = "B-1": not a name; start with a letter'),
    ({"lab16.nodes.1": "B\n\u2028C"}, '[lab16] nodes[1] = "B\\n'),
    # graph
    ({"lab16.nodes.1": "A"}, '[lab16] nodes[1] = "A": a second node of this name; give'),
    ({"lab16.edges.3": "AB"}, '[lab16] edges[3] = "AB": not an edge; join two nodes by a hyphen'),
    ({"lab16.edges.3": "A-Z"}, "[lab16] edges[3] = \"A-Z\": there is no node 'Z'; nodes are A, B,"),
    ({"lab16.edges.3": "A-A"}, '[lab16] edges[3] = "A-A": joins a node to itself; join two nodes'),
    ({"lab16.edges.3": "B-A"}, '[lab16] edges[3] = "B-A": joins the nodes of edges[0] again; remove'),
    (
        {"divider.nodes": ["TOP", "MID", "BOT", "E"]},
        '[divider] edges = ["TOP-MID", "MID-BOT"]: node E cannot be reached from TOP; add an edge to it',
    ),
    # the kind of board
    ({"lab16.comparators": GONE}, "[lab16] comparators: neither comparators nor flip_flops; add one"),
    ({"lab16.flip_flops": FLIP_FLOPS}, "[lab16] flip_flops = { ... }: there are comparators as well; remove one"),
    ({"lab16.pots.updown": GONE}, "[lab16.pots] updown: missing; with comparators the firmware needs"),
    ({"lab16.pots.cs": GONE}, "[lab16.pots] cs: missing; with comparators the firmware needs"),
    ({"edge16.pots.updown": ["GP0"]}, '[edge16.pots] updown = ["GP0"]: the flip_flops set U/D; remove this key'),
    ({"edge16.flip_flops.readback": GONE}, "[edge16.flip_flops] readback: missing or pins; the firmware wants a bit"),
    # lists by edge and node
    ({"divider.pots.updown": ["GP6"]}, '[divider.pots] updown = ["GP6"]: 1 given for 2 edges; give'),
    ({"lab16.pots.cs": [16]}, "[lab16.pots] cs = [16]: 1 given for 16 edges; give one for each"),
    ({"lab16.comparators.cmp": [1]}, "[lab16.comparators] cmp = [1]: 1 given for 16 edges; give"),
    ({"lab16.comparators.sgn": [1]}, "[lab16.comparators] sgn = [1]: 1 given for 16 edges; give"),
    ({"edge16.flip_flops.readback": [1]}, "[edge16.flip_flops] readback = [1]: 1 given for 16"),
    ({"lab16.switches.free": [0]}, "[lab16.switches] free = [0]: 1 given for 9 nodes; give"),
    # chain bits
    (
        {"lab16.comparators.sgn.0": 3},
        "[lab16.comparators] sgn[0] = 3: comparators.cmp[3] uses this bit of shift_in already; give one",
    ),
    ({"lab16.pots.cs.0": 3}, "[lab16.pots] cs[0] = 3: pots.updown[3] uses this bit of shift_out already; give one"),
    (
        {"lab16.comparators.sgn.0": 32},
        "[lab16.comparators] sgn[0] = 32: shift_in has bits 0..31; use one of them, or add chips",
    ),
    ({"lab16.pots.cs.0": -1}, "[lab16.pots] cs[0] = -1: neither a pin nor a chain bit; write"),
    (
        {"lab16.pots.cs.0": "GP0"},
        '[lab16.pots] cs[0] = "GP0": pins and bits in one table; make all lines of pots pins, or all bits',
    ),
    ({"lab16.shift_out": GONE}, "[lab16.pots] updown[0] = 0: a chain bit, and there is no table shift_out;"),
    ({"divider.shift_in": SHIFT_IN}, "[divider] shift_in = { ... }: no line is a bit of this chain; remove the table"),
    ({"lab16.shift_in.chips": 0}, "[lab16.shift_in] chips = 0: too small; give more than 0"),
    # pins and buses
    ({"lab16.pots.clk": "GP99"}, '[lab16.pots] clk = "GP99": not a pin of the Pico; use GP0..GP22 or GP26..GP28'),
    ({"lab16.pots.clk": 2}, "[lab16.pots] clk = 2: not a pin of the Pico; use GP0"),
    ({"divider.pots.cs.1": "GP23"}, '[divider.pots] cs[1] = "GP23": not a pin of the Pico; use'),
    ({"lab16.adc.1.pins.0": "GP1"}, '[[lab16.adc]] #2 pins[0] = "GP1": not an ADC pin of the Pico; use'),
    (
        {"lab16.shift_out.enable": "GP20"},
        '[lab16.shift_out] enable = "GP20": shift_in.load uses this pin already; move one of them (free pins: GP0,',
    ),
    (
        {"lab16.adc.1.pins.1": "GP27"},
        '[[lab16.adc]] #2 pins[1] = "GP27": adc #2 pins[0] uses this pin already; move one of them',
    ),
    (
        {"lab16.adc.1.pins": ["GP27"], "lab16.adc.1.mux": MUX, "lab16.adc.1.mux.select.3": "GP0"},
        '[lab16.adc.mux] #2 select[3] = "GP0": adc #2 mux.select[0] uses this pin already; move one of them',
    ),
    ({"lab16.pulls.GP99": "up"}, '[lab16.pulls] GP99 = "up": not a pin of the Pico; use'),
    ({"lab16.pulls.GP3": "up"}, '[lab16.pulls] GP3 = "up": switches.reset must idle down while'),
    ({"lab16.pulls": {"GP2": "down"}}, "[lab16.pulls] GP22: shift_out.enable must idle up while"),
    ({"lab16.pulls.GP0": "up"}, '[lab16.pulls] GP0 = "up": nothing is on this pin; remove'),
    ({"lab16.i2c.sda": "GP1"}, '[lab16.i2c] sda = "GP1": not SDA of the Pico\'s I2C0; use GP0, GP2'),
    ({"lab16.i2c.scl": "GP7"}, '[lab16.i2c] scl = "GP7": not SCL of the Pico\'s I2C0; use GP1, GP5'),
    ({"lab16.adc.0.miso": "GP9"}, '[[lab16.adc]] #1 miso = "GP9": not MISO of the Pico\'s SPI1; use'),
    ({"lab16.adc.1": ADC}, '[[lab16.adc]] #2 sck = "GP14": adc #1 has SPI1 with sck = "GP10"; give both'),
    # addresses
    ({"lab16.dac.addresses.2": 0x48}, "[lab16.dac] addresses[2] = 0x48: no MCP4728 has this address; use 0x60..0x67"),
    (
        {"lab16.switches.addresses.2": 0x60},
        "[lab16.switches] addresses[2] = 0x60: no ADG715 has this address; use 0x48..0x4b",
    ),
    (
        {"lab16.dac.addresses.2": 0x60},
        "[lab16.dac] addresses[2] = 0x60: dac.addresses[0] has this address already; give",
    ),
    (
        {"lab16.dac.addresses": [0x60, 0x61, 0x62, 0x63]},
        "[lab16.dac] addresses = [0x60, 0x61, 0x62, 0x63]: 4 chips, and 9 channels take 3; remove addresses",
    ),
    (
        {"lab16.dac.addresses": [0x60, 0x61]},
        "[lab16.dac] addresses = [0x60, 0x61]: 2 chips, and 9 channels take 3; add addresses",
    ),
    (
        {"lab16.switches.addresses": [0x48, 0x49, 0x4A, 0x4B]},
        "[lab16.switches] addresses[3] = 0x4b: no switch of this chip is used; remove it",
    ),
    # a multiplexer on the bus
    (
        {"lab16.i2c.mux": {"part": "TCA9548A", "address": 0x60}},
        "[lab16.i2c.mux] address = 0x60: no TCA9548A has this address; use 0x70..0x77",
    ),
    ({"lab16.i2c.mux": I2C_MUX}, "[lab16.i2c] mux = { ... }: no chip is behind it; remove it, or give dac or switches"),
    (
        {"lab16.i2c.mux": {"part": "PCA9548A", "address": 0x70}},
        '[lab16.i2c.mux] part = "PCA9548A": not known here; use "TCA9548A"',
    ),
    (
        {"lab16.i2c.mux": I2C_MUX, "lab16.i2c.hz": 1_000_000},
        "[lab16.i2c] hz = 1000000: too fast for the TCA9548A; give at",
    ),
    ({"lab16.i2c.mux": {"part": "TCA9548A"}}, "[lab16.i2c.mux] address: missing; add it: I2C address"),
    ({"lab16.dac.behind": [0, 0, 1]}, "[lab16.dac] behind = [0, 0, 1]: there is no multiplexer; add i2c.mux"),
    (
        {"lab16.i2c.mux": I2C_MUX, "lab16.dac.behind": [0]},
        "[lab16.dac] behind = [0]: 1 given for 3 chips; give one for each",
    ),
    (
        {"lab16.i2c.mux": I2C_MUX, "lab16.dac.behind": [0, 1, 8]},
        "[lab16.dac] behind[2] = 8: a TCA9548A has channels 0..7; use one of them",
    ),
    (
        {"lab16.i2c.mux": I2C_MUX, "lab16.dac.behind": [0, 1, 1], "lab16.dac.addresses": [0x60, 0x60, 0x60]},
        "[lab16.dac] addresses[2] = 0x60: dac.addresses[1] has this address already; give one of the chips another",
    ),
    # the order of roles
    ({"lab16.role_order": ["A", "Z"]}, '[lab16] role_order[1] = "Z": there is no node'),
    ({"lab16.role_order": ["A", "A"]}, '[lab16] role_order[1] = "A": this node is there twice; remove one of them'),
    ({"divider.role_order": ["MID"]}, '[divider] role_order = ["MID"]: the roles of a board without switches'),
    # drivers and switches
    (
        {"lab16.dac.channels.8": ""},
        '[lab16.dac] channels = ["A", "B", "C", "D", "E", "F", "G", "H", ""]: node I has no driver channel; add it',
    ),
    ({"lab16.dac.channels.8": "A"}, '[lab16.dac] channels[8] = "A": channels[0] drives this node already;'),
    ({"lab16.dac.channels.8": "Z"}, "[lab16.dac] channels[8] = \"Z\": there is no node 'Z'; nodes"),
    (
        {"lab16.switches.clamped.0": 0},
        "[lab16.switches] clamped[0] = 0: switches.free[0] uses this switch already; give one",
    ),
    (
        {"lab16.switches.clamped.0": 24},
        "[lab16.switches] clamped[0] = 24: the switches are 0..23; use one of them, or add an address",
    ),
    ({"lab16.switches": GONE}, "[lab16] wired_free: no switches; add that table, or name the nodes"),
    ({"lab16.wired_free": ["A"]}, '[lab16] wired_free = ["A"]: a board with switches has no soldered roles; remove'),
    ({"divider.wired_free.0": "X"}, "[divider] wired_free[0] = \"X\": there is no node 'X'; nodes"),
    ({"divider.wired_free.1": "TOP"}, '[divider] wired_free[1] = "TOP": this node is there twice; remove'),
    (
        {"divider.wired_clamped": ["MID", "BOT"]},
        '[divider] wired_free[0] = "TOP": an input is driven in both networks; add it to wired_clamped',
    ),
    # ADC
    ({"lab16.adc.0.channels.0": "A"}, '[[lab16.adc]] #1 channels[0] = "A": not a node of a network; write'),
    (
        {"lab16.adc.0.channels.0": "Z.free"},
        "[[lab16.adc]] #1 channels[0] = \"Z.free\": there is no node 'Z'; nodes are",
    ),
    (
        {"lab16.adc.1.channels.0": "A.free"},
        '[[lab16.adc]] #2 channels[0] = "A.free": adc #1 channels[0] measures this already; remove',
    ),
    (
        {"lab16.adc.1.pins": ["GP27"]},
        '[[lab16.adc]] #2 pins = ["GP27"]: 1 given for 2 channels; give one for each, or a mux',
    ),
    ({"lab16.adc.1.mux": MUX}, '[[lab16.adc]] #2 pins = ["GP27", "GP28"]: 2 given behind one mux; give one'),
    (
        {"lab16.adc.1.mux": {"part": "CD74HCT4067", "select": ["GP0"]}},
        '[lab16.adc.mux] #2 select = ["GP0"]: too few entries; give at least 4',
    ),
    # numbers
    ({"lab16.pots.min_tap": -1}, "[lab16.pots] min_tap = -1: too small; give at least 0"),
    ({"lab16.pots.start_tap": 128}, "[lab16.pots] start_tap = 128: too large; give at most 127"),
    ({"lab16.pots.start_tap": 3}, "[lab16.pots] start_tap = 3: below min_tap = 4; raise it"),
    ({"lab16.pots.pulse_us": 0}, "[lab16.pots] pulse_us = 0: too small; give more than 0"),
    ({"lab16.settle_us": 0}, "[lab16] settle_us = 0: too small; give more than 0"),
    ({"lab16.range_V.0": -0.1}, "[lab16] range_V[0] = -0.1: below 0 V; the DAC gives nothing there"),
    ({"lab16.range_V.1": 4.096}, "[lab16] range_V[1] = 4.096: above the DAC's highest step; give at most 4.095"),
    ({"lab16.range_V": [4.0, 0.2]}, "[lab16] range_V = [4.0, 0.2]: not one step of the DAC from low to high;"),
    (
        {"lab16.adc.0.full_scale_V": 3.3},
        "[[lab16.adc]] #1 full_scale_V = 3.3: less than range_V[1] = 3.9 V; lower that, or scale",
    ),
    (
        {"lab16.adc.0.full_scale_V": 20.0},
        "[[lab16.adc]] #1 full_scale_V = 20.0: too much for the firmware's integers; give less than 16.384 V",
    ),
]


def put(tables: dict[str, Any], at: str, value: Any) -> None:
    """Replace the value at "lab16.pots.cs.0", or remove it."""
    *path, last = [int(part) if part.isdecimal() else part for part in at.split(".")]
    holder: Any = tables
    for part in path:
        holder = holder[part]
    if value is GONE:
        del holder[last]
    else:
        holder[last] = copy.deepcopy(value)


@pytest.mark.parametrize(("changes", "expected"), WRONG, ids=[expected.split(":")[0] for _, expected in WRONG])
def test_one_line_says_what_is_wrong(changes: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = copy.deepcopy(TABLES)
    for at, value in changes.items():
        put(tables, at, value)
    monkeypatch.setattr(load, "_boards", lambda text: load.boards_from(tables))
    with pytest.raises(BoardFileError, match=one_line(f"boards.toml: {expected}")):
        load_boards()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[a]\nclk = "GP2\n', "(at line 2, column 11); correct the TOML there"),
        ("[a]\nx = [1,\n", "at line 2, the end of the file); correct the TOML there"),
        ("[a]\nx = 1\nx = 2\n", "(at line 3, column 6); correct"),
        ("[a]\nx = " + "9" * 5000, "not a TOML file (a number of more than 4300 digits)"),
        ("x = " + "[" * 5000, "not a TOML file ("),
    ],
)
def test_toml_errors_name_file_and_line(text: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(BoardFileError, match=one_line(f"{file}: ", expected)):
        load_boards(file)


DEEP = [
    "a" + ".a" * 40_000 + "=1",
    "[x]\n" + '\'a\' . "b.c\\"" . ' * 6 + "a = 1",
    "x = 1 # a.b.\n[" + "a." * 11 + "b]",
    'x = """\\""" # no end"""\n' + "a." * 11 + "b = 1",
    "x = {" + "a." * 11 + "b = 1}",
]
SHALLOW = [
    "x = '" + "a." * 50 + "'",
    "x = '''\n" + "a." * 50 + "'''",
    'x = """\n' + "a." * 50 + '"""',
    "x = 1 # " + "a." * 50,
    "x = [" + "0.1," * 50 + "]",
    "a." * 9 + "b = 1",
]


@pytest.mark.parametrize("text", DEEP)
@pytest.mark.parametrize("command", ["boards --boards k.toml", "data k.toml"])
def test_a_key_of_very_many_parts_is_refused_before_it_takes_memory(command: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "k.toml").write_text(text)
    run_here("boards", cwd=tmp_path)  # imports what it needs
    tracemalloc.start()
    done = run_here(*command.split(), cwd=tmp_path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.returncode == 2 and "a key of more than 10 parts at line" in done.stderr, done.stderr
    assert most < 100e6 and len(done.stderr) < 300


@pytest.mark.parametrize("text", SHALLOW)
def test_dots_that_are_in_no_key_are_not_counted(text: str) -> None:
    assert parse_toml(text)


def test_the_parts_of_keys_are_counted_in_no_time() -> None:
    for text in ('"\\' * 500_000, '"""' * 300_001, "'''a" * 250_000, '"a' * 500_000, "a" * 1_000_000, "'" * 999_999):
        watch = Stopwatch()
        with pytest.raises(FileMistake):
            parse_toml(text)
        assert watch.free_s() < 5


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BoardFileError, match=r"none\.toml: No such file or directory; name a boards\.toml"):
        load_boards(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"[a]\ntitle = '\xe9'\n")
    with pytest.raises(BoardFileError, match=r"latin\.toml: not UTF-8 text .* save it as UTF-8"):
        load_boards(tmp_path / "latin.toml")


def test_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "boards.toml"
    file.write_text(TEXT, encoding="utf-8-sig")
    assert list(load_boards(file)) == list(TABLES)


# -- whatever stands in the file, nothing but BoardFileError comes ----------------------------------------------------


def only_board_file_errors(file: Path | None = None) -> None:
    try:
        for board in load_boards(file).values():
            board_config(board)
            assert board.dac_code(5.0) < 65536
    except BoardFileError as error:
        assert len(str(error).splitlines()) == 1


SCALARS = st.one_of(
    st.none().map(lambda _: {}),
    st.booleans(),
    st.integers(),
    st.integers(-1, 40),
    st.floats(),
    st.sampled_from([0.0, 5e-324, 1e308, 10**400, 1 << 9999]),
    st.text(max_size=8),
    st.sampled_from(["A", "GP2", "GP26", "A-B", "A.free", "", "up", "RP2040", "AD7490", "\n"]),
    st.dates(),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


def places(value: Any, at: str = "") -> list[str]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] * bool(at) + [place for key, inner in items for place in places(inner, f"{at}.{key}".lstrip("."))]


PLACES = places(TABLES)


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.just(GONE) | VALUES), min_size=1, max_size=3))
@settings(max_examples=400)
@pytest.mark.slow
def test_random_values(changes: list[tuple[str, Any]]) -> None:
    tables = copy.deepcopy(TABLES)
    for at, value in changes:
        try:
            put(tables, at, value)
        except (LookupError, TypeError):
            continue  # an earlier change took the place away
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "_boards", lambda text: load.boards_from(tables))
        only_board_file_errors()


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.integers(0, len(TEXT)), st.integers(0, 12), st.text(max_size=6) | st.sampled_from(TEXT.split())),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_text(tmp_path: Path, edits: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
    file = tmp_path / "boards.toml"
    file.write_text(text, encoding="utf-8")
    only_board_file_errors(file)
