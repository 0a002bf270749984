"""boards.toml: what follows from it, and one line for everything that can be wrong with it."""

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinohm.boards import Board, load_board, load_boards
from twinohm.boards import load as loading
from twinohm.errors import BoardFileError, UsageError
from twinohm.resources import boards_file

USER12 = Path(__file__).parent / "user12.toml"
TEXT = boards_file().read_text(encoding="utf-8")
TABLES = tomllib.loads(TEXT)
NOTHING = object()

Change = Callable[[dict[str, Any]], None]


def put(board: str, *at: str | int, to: Any = NOTHING) -> Change:
    """Replace one value, or remove it."""

    def change(tables: dict[str, Any]) -> None:
        holder: Any = tables[board]
        for part in at[:-1]:
            holder = holder[part]
        if to is NOTHING:
            del holder[at[-1]]
        else:
            holder[at[-1]] = to

    return change


def both(*changes: Change) -> Change:
    def change(tables: dict[str, Any]) -> None:
        for one in changes:
            one(tables)

    return change


def message_of(change: Change, monkeypatch: pytest.MonkeyPatch) -> str:
    tables = copy.deepcopy(TABLES)
    change(tables)
    monkeypatch.setattr(loading.tomllib, "loads", lambda text: tables)
    with pytest.raises(BoardFileError) as caught:
        load_boards()
    return str(caught.value)


MUX = {"part": "CD74HCT4067", "select": ["GP0", "GP1", "GP6", "GP7"]}
SECOND_AD7490 = TABLES["lab16"]["adc"][0] | {"sck": "GP14", "mosi": "GP15", "miso": "GP8", "cs": "GP9"}

WRONG: dict[str, tuple[Change, str]] = {
    # keys and types
    "unknown key": (
        put("lab16", "dac", "adress", to="x"),
        '[lab16.dac] adress = "x": unknown key; did you mean addresses?',
    ),
    "misspelt key": (
        both(put("lab16", "pots", "clk"), put("lab16", "pots", "clock", to="GP2")),
        '[lab16.pots] clock = "GP2": unknown key; did you mean clk?',
    ),
    "no key like it": (put("lab16", "i2c", "x", to=1), "[lab16.i2c] x = 1: unknown key; known here are sda, scl, hz"),
    "unknown table": (put("lab16", "switch", to={}), "[lab16] switch = { ... }: unknown key; did you mean switches?"),
    "unknown ADC key": (
        put("lab16", "adc", 1, "pin", to="GP26"),
        '[[lab16.adc]] #2 pin = "GP26": unknown key; did you mean pins?',
    ),
    "name": (put("lab16", "name", to="x"), '[lab16] name = "x": unknown key; a board is named by its table, [lab16]'),
    "missing key": (put("lab16", "pots", "clk"), "[lab16.pots] clk: missing; add it: pin whose falling edge"),
    "missing table": (put("lab16", "dac"), "[lab16] dac: missing; add it: a table of the drivers"),
    "missing ADC key": (put("lab16", "adc", 0, "sck"), "[[lab16.adc]] #1 sck: missing; add it: pin of the SPI clock"),
    "missing ADC part": (put("lab16", "adc", 0, "part"), '[[lab16.adc]] #1 part: missing; add "AD7490" or "RP2040"'),
    "not a number": (put("lab16", "pots", "ohm", to="100k"), '[lab16.pots] ohm = "100k": not a number; give one'),
    "not finite": (put("lab16", "pots", "ohm", to=float("nan")), "[lab16.pots] ohm = nan: not a number; give one"),
    "not whole": (put("lab16", "settle_us", to=1.5), "[lab16] settle_us = 1.5: not a whole number; give one"),
    "not whole but true": (
        put("lab16", "settle_us", to=True),
        "[lab16] settle_us = true: not a whole number; give one",
    ),
    "not a bool": (
        put("lab16", "planned", to="no"),
        '[lab16] planned = "no": neither true nor false; give one of them',
    ),
    "not a text": (put("lab16", "title", to=3), "[lab16] title = 3: not a text; put it in quotes"),
    "not a list": (put("lab16", "nodes", to="AB"), '[lab16] nodes = "AB": not a list; put it in [ ]'),
    "not a table": (put("lab16", "pots", to=3), "[lab16] pots = 3: not a table; give one"),
    "not a list of tables": (
        put("lab16", "adc", to={"part": "RP2040"}),
        "[lab16] adc = { ... }: not a list of tables; write its header in [[ ]]",
    ),
    "not a pull": (
        put("lab16", "pulls", "GP2", to="side"),
        '[lab16.pulls] GP2 = "side": not known here; use "up" or "down"',
    ),
    "unknown part": (put("lab16", "dac", "part", to="MCP"), '[lab16.dac] part = "MCP": not known here; use "MCP4728"'),
    "unknown ADC": (
        put("lab16", "adc", 0, "part", to="X"),
        '[[lab16.adc]] #1 part = "X": not known here; use "AD7490", "RP2040"',
    ),
    "too few": (put("lab16", "nodes", to=["A"]), '[lab16] nodes = ["A"]: too few entries; give at least 2'),
    "half a range": (put("lab16", "range_V", to=[0.2]), "[lab16] range_V[1]: too few entries; add one"),
    "huge number": (
        put("lab16", "settle_us", to=1 << 9999),
        "[lab16] settle_us = a huge number: too large; give at most",
    ),
    "not a table but a key": (lambda tables: tables.update(x=3), "x = 3: not a board; put it below the board's [NAME]"),
    # names
    "board name": (lambda tables: tables.update({"9x": {}}), "[9x]: not a name for a board; start with a letter"),
    "node name": (put("lab16", "nodes", 1, to="B-1"), '[lab16] nodes[1] = "B-1": not a name; start with a letter'),
    "two lines": (put("lab16", "nodes", 1, to="B\n\u2028C"), '[lab16] nodes[1] = "B\\n'),
    # graph
    "node twice": (put("lab16", "nodes", 1, to="A"), '[lab16] nodes[1] = "A": a second node of this name; give'),
    "no edge": (put("lab16", "edges", 3, to="AB"), '[lab16] edges[3] = "AB": not an edge; join two nodes by a hyphen'),
    "unknown node": (
        put("lab16", "edges", 3, to="A-Z"),
        "[lab16] edges[3] = \"A-Z\": there is no node 'Z'; nodes are A, B,",
    ),
    "self-loop": (
        put("lab16", "edges", 3, to="A-A"),
        '[lab16] edges[3] = "A-A": joins a node to itself; join two nodes',
    ),
    "edge twice": (
        put("lab16", "edges", 3, to="B-A"),
        '[lab16] edges[3] = "B-A": joins the nodes of edges[0] again; remove',
    ),
    "disconnected": (
        put("divider", "nodes", to=["TOP", "MID", "BOT", "E"]),
        '[divider] edges = ["TOP-MID", "MID-BOT"]: node E cannot be reached from TOP; add an edge to it',
    ),
    # what kind of board it is
    "no comparators": (put("lab16", "comparators"), "[lab16] comparators: neither comparators nor flip_flops; add one"),
    "both kinds": (
        put("lab16", "flip_flops", to=TABLES["edge16"]["flip_flops"]),
        "[lab16] flip_flops = { ... }: there are comparators as well; remove one",
    ),
    "no U/D": (put("lab16", "pots", "updown"), "[lab16.pots] updown: missing; with comparators the firmware needs"),
    "no /CS": (put("lab16", "pots", "cs"), "[lab16.pots] cs: missing; with comparators the firmware needs"),
    "U/D of flip-flops": (
        put("edge16", "pots", "updown", to=["GP0"]),
        '[edge16.pots] updown = ["GP0"]: the flip_flops set U/D; remove this key',
    ),
    "not planned": (
        put("edge16", "planned", to=False),
        "[edge16] planned = false: no firmware drives flip_flops yet; write",
    ),
    # lengths
    "U/D per edge": (
        put("divider", "pots", "updown", to=["GP6"]),
        '[divider.pots] updown = ["GP6"]: 1 entries for 2 edges; give',
    ),
    "/CS per edge": (
        put("lab16", "pots", "cs", to=[16]),
        "[lab16.pots] cs = [16]: 1 entries for 16 edges; give one for each",
    ),
    "CMP per edge": (
        put("lab16", "comparators", "cmp", to=[1]),
        "[lab16.comparators] cmp = [1]: 1 entries for 16 edges; give",
    ),
    "SGN per edge": (
        put("lab16", "comparators", "sgn", to=[1]),
        "[lab16.comparators] sgn = [1]: 1 entries for 16 edges; give",
    ),
    "readback per edge": (
        put("edge16", "flip_flops", "readback", to=[1]),
        "[edge16.flip_flops] readback = [1]: 1 entries for 16",
    ),
    "switches per node": (
        put("lab16", "switches", "free", to=[0]),
        "[lab16.switches] free = [0]: 1 entries for 9 nodes; give",
    ),
    # chain bits
    "comparator bit twice": (
        put("lab16", "comparators", "sgn", 0, to=3),
        "[lab16.comparators] sgn[0] = 3: comparators.cmp[3] uses this bit of shift_in already; give one",
    ),
    "output bit twice": (
        put("lab16", "pots", "cs", 0, to=3),
        "[lab16.pots] cs[0] = 3: pots.updown[3] uses this bit of shift_out already; give one",
    ),
    "bit past the chain": (
        put("lab16", "comparators", "sgn", 0, to=32),
        "[lab16.comparators] sgn[0] = 32: shift_in has bits 0..31; use one of them, or add chips",
    ),
    "bit below the chain": (
        put("lab16", "pots", "cs", 0, to=-1),
        "[lab16.pots] cs[0] = -1: neither a pin nor a chain bit; write",
    ),
    "pins and bits": (
        put("lab16", "pots", "cs", 0, to="GP0"),
        '[lab16.pots] cs[0] = "GP0": pins and bits in one table; make all lines of pots pins, or all bits',
    ),
    "bits without a chain": (
        put("lab16", "shift_out"),
        "[lab16.pots] updown[0] = 0: a chain bit, and there is no table shift_out;",
    ),
    "chain without bits": (
        put("divider", "shift_in", to={"part": "74HC165", "chips": 1, "load": "GP0", "clock": "GP1", "data": "GP13"}),
        "[divider] shift_in = { ... }: no line is a bit of this chain; remove the table",
    ),
    "no chips": (put("lab16", "shift_in", "chips", to=0), "[lab16.shift_in] chips = 0: too small; give more than 0"),
    # pins
    "no pin": (
        put("lab16", "pots", "clk", to="GP99"),
        '[lab16.pots] clk = "GP99": not a pin of the Pico; use GP0..GP22 or GP26..GP28',
    ),
    "number for a pin": (put("lab16", "pots", "clk", to=2), "[lab16.pots] clk = 2: not a pin of the Pico; use GP0"),
    "no pin in a list": (
        put("divider", "pots", "cs", 1, to="GP23"),
        '[divider.pots] cs[1] = "GP23": not a pin of the Pico; use',
    ),
    "no ADC pin": (
        put("lab16", "adc", 1, "pins", 0, to="GP1"),
        '[[lab16.adc]] #2 pins[0] = "GP1": not an ADC pin of the Pico; use',
    ),
    "pin twice": (
        put("lab16", "shift_out", "enable", to="GP20"),
        '[lab16.shift_out] enable = "GP20": shift_in.load uses this pin already; move one of them (free pins: GP0, GP1, GP6,',
    ),
    "pin twice, by ADC": (
        put("lab16", "adc", 1, "pins", 1, to="GP27"),
        '[[lab16.adc]] #2 pins[1] = "GP27": adc #2 pins[0] uses this pin already; move one of them',
    ),
    "pin twice, by mux": (
        put(
            "lab16",
            "adc",
            1,
            to=TABLES["lab16"]["adc"][1] | {"pins": ["GP27"], "mux": MUX | {"select": ["GP0", "GP1", "GP6", "GP0"]}},
        ),
        '[lab16.adc.mux] #2 select[3] = "GP0": adc #2 mux.select[0] uses this pin already; move one of them',
    ),
    "pull on no pin": (put("lab16", "pulls", "GP99", to="up"), '[lab16.pulls] GP99 = "up": not a pin of the Pico; use'),
    "pull on nothing": (
        put("lab16", "pulls", "GP0", to="up"),
        '[lab16.pulls] GP0 = "up": nothing is on this pin; remove',
    ),
    "no SDA": (
        put("lab16", "i2c", "sda", to="GP1"),
        '[lab16.i2c] sda = "GP1": not SDA of the Pico\'s I2C0; use GP0, GP2',
    ),
    "two I2C buses": (
        put("lab16", "i2c", "scl", to="GP7"),
        '[lab16.i2c] scl = "GP7": not SCL of the Pico\'s I2C0; use GP1, GP5',
    ),
    "no MISO": (
        put("lab16", "adc", 0, "miso", to="GP9"),
        '[[lab16.adc]] #1 miso = "GP9": not MISO of the Pico\'s SPI1; use',
    ),
    "one SPI twice": (
        put("lab16", "adc", to=[*TABLES["lab16"]["adc"], SECOND_AD7490]),
        '[[lab16.adc]] #3 sck = "GP14": adc #1 has SPI1; use pins of SPI0',
    ),
    # addresses and chips
    "no DAC's address": (
        put("lab16", "dac", "addresses", 2, to=0x48),
        "[lab16.dac] addresses[2] = 0x48: no MCP4728 has this address; use 0x60..0x67",
    ),
    "no switch's address": (
        put("lab16", "switches", "addresses", 2, to=0x60),
        "[lab16.switches] addresses[2] = 0x60: no ADG715 has this address; use 0x48..0x4b",
    ),
    "address twice": (
        put("lab16", "dac", "addresses", 2, to=0x60),
        "[lab16.dac] addresses[2] = 0x60: dac.addresses[0] has this address already; give",
    ),
    "too many DACs": (
        put("lab16", "dac", "addresses", to=[0x60, 0x61, 0x62, 0x63]),
        "[lab16.dac] addresses = [0x60, 0x61, 0x62, 0x63]: 4 chips, and 9 channels take 3; remove addresses",
    ),
    "too few DACs": (
        put("lab16", "dac", "addresses", to=[0x60, 0x61]),
        "[lab16.dac] addresses = [0x60, 0x61]: 2 chips, and 9 channels take 3; add addresses",
    ),
    "idle switches": (
        put("lab16", "switches", "addresses", to=[0x48, 0x49, 0x4A, 0x4B]),
        "[lab16.switches] addresses[3] = 0x4b: no switch of this chip is used; remove it",
    ),
    # drivers and switches
    "no driver": (
        put("lab16", "dac", "channels", 8, to=""),
        '[lab16.dac] channels = ["A", "B", "C", "D", "E", "F", "G", "H", ""]: node I has no driver channel; add it',
    ),
    "two drivers": (
        put("lab16", "dac", "channels", 8, to="A"),
        '[lab16.dac] channels[8] = "A": channels[0] drives this node already;',
    ),
    "driver of no node": (
        put("lab16", "dac", "channels", 8, to="Z"),
        "[lab16.dac] channels[8] = \"Z\": there is no node 'Z'; nodes",
    ),
    "switch twice": (
        put("lab16", "switches", "clamped", 0, to=0),
        "[lab16.switches] clamped[0] = 0: switches.free[0] uses this switch already; give one",
    ),
    "no such switch": (
        put("lab16", "switches", "clamped", 0, to=24),
        "[lab16.switches] clamped[0] = 24: the switches are 0..23; use one of them, or add an address",
    ),
    "no switches": (put("lab16", "switches"), "[lab16] wired_free: no switches; add that table, or name the nodes"),
    "switches and solder": (
        put("lab16", "wired_free", to=["A"]),
        '[lab16] wired_free = ["A"]: a board with switches has no soldered roles; remove',
    ),
    "solder at no node": (
        put("divider", "wired_free", 0, to="X"),
        "[divider] wired_free[0] = \"X\": there is no node 'X'; nodes",
    ),
    "solder twice": (
        put("divider", "wired_free", 1, to="TOP"),
        '[divider] wired_free[1] = "TOP": this node is there twice; remove',
    ),
    "solder in one network": (
        put("divider", "wired_clamped", to=["MID", "BOT"]),
        '[divider] wired_free[0] = "TOP": an input is driven in both networks; add it to wired_clamped',
    ),
    # ADC
    "no channel name": (
        put("lab16", "adc", 0, "channels", 0, to="A"),
        '[[lab16.adc]] #1 channels[0] = "A": not a node of a network; write',
    ),
    "channel of no node": (
        put("lab16", "adc", 0, "channels", 0, to="Z.free"),
        "[[lab16.adc]] #1 channels[0] = \"Z.free\": there is no node 'Z'; nodes are",
    ),
    "measured twice": (
        put("lab16", "adc", 1, "channels", 0, to="A.free"),
        '[[lab16.adc]] #2 channels[0] = "A.free": adc #1 channels[0] measures this already; remove',
    ),
    "pins for channels": (
        put("lab16", "adc", 1, "pins", to=["GP27"]),
        '[[lab16.adc]] #2 pins = ["GP27"]: 1 pins for 2 channels; give one each, or a mux',
    ),
    "pins behind a mux": (
        put("lab16", "adc", 1, "mux", to=MUX),
        '[[lab16.adc]] #2 pins = ["GP27", "GP28"]: 2 pins behind a mux; give one',
    ),
    "select of a mux": (
        put("lab16", "adc", 1, "mux", to=MUX | {"select": ["GP0"]}),
        '[lab16.adc.mux] #2 select = ["GP0"]: too few entries; give at least 4',
    ),
    # numbers
    "min_tap": (put("lab16", "pots", "min_tap", to=-1), "[lab16.pots] min_tap = -1: too small; give at least 0"),
    "start_tap": (
        put("lab16", "pots", "start_tap", to=128),
        "[lab16.pots] start_tap = 128: too large; give at most 127",
    ),
    "start below min": (
        put("lab16", "pots", "start_tap", to=3),
        "[lab16.pots] start_tap = 3: below min_tap = 4; raise it",
    ),
    "pulse_us": (put("lab16", "pots", "pulse_us", to=0), "[lab16.pots] pulse_us = 0: too small; give more than 0"),
    "settle_us": (put("lab16", "settle_us", to=0), "[lab16] settle_us = 0: too small; give more than 0"),
    "below 0 V": (
        put("lab16", "range_V", 0, to=-0.1),
        "[lab16] range_V[0] = -0.1: below 0 V; the DAC gives nothing there",
    ),
    "above the DAC": (
        put("lab16", "range_V", 1, to=4.096),
        "[lab16] range_V[1] = 4.096: above the DAC's highest step; give at most 4.095",
    ),
    "upside down": (
        put("lab16", "range_V", to=[4.0, 0.2]),
        "[lab16] range_V = [4.0, 0.2]: not one step of the DAC from low to high;",
    ),
    "above the ADC": (
        put("lab16", "adc", 0, "full_scale_V", to=3.3),
        "[[lab16.adc]] #1 full_scale_V = 3.3: less than range_V[1] = 4 V; lower that, or scale",
    ),
    "ADC out of proportion": (
        put("lab16", "adc", 0, "full_scale_V", to=20.0),
        "[[lab16.adc]] #1 full_scale_V = 20.0: too much for the firmware's integers; give less than 16.384 V",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_one_line_says_what_is_wrong(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, expected = WRONG[kind]
    message = message_of(change, monkeypatch)
    assert message.startswith("boards.toml: ") and expected in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[a]\nclk = "GP2\n', "(at line 2, column 11); correct the TOML there"),
        ("[a]\nx = [1,\n", "at line 2, the end of the file); correct the TOML there"),
        ("[a]\nx = 1\nx = 2\n", "(at line 3, column 6); correct"),
        ("[a]\nx = " + "9" * 5000, "not a TOML file of boards: Exceeds the limit"),
        ("x = " + "[" * 5000, "not a TOML file of boards: "),
    ],
)
def test_toml_errors_name_file_and_line(text: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(BoardFileError) as caught:
        load_boards(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: ") and expected in message and len(message.splitlines()) == 1


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


def only_board_file_errors(text: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    try:
        for board in load_boards(file).values():
            board.firmware_config()
            assert board.dac_code(5.0) < 65536
    except BoardFileError as error:
        assert len(str(error).splitlines()) == 1


SCALARS = st.one_of(
    st.none().map(lambda _: {}),
    st.booleans(),
    st.integers(),
    st.integers(-1, 40),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["A", "GP2", "GP26", "A-B", "A.free", "", "up", "RP2040", "AD7490", "\n"]),
    st.dates(),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


def places(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] * bool(at) + [place for key, inner in items for place in places(inner, (*at, key))]


PLACES = places(TABLES)


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.just(NOTHING) | VALUES), min_size=1, max_size=3))
@settings(max_examples=400, deadline=None)
def test_random_values(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    tables = copy.deepcopy(TABLES)
    for (board, *at), value in changes:
        try:
            if at:
                put(str(board), *at, to=value)(tables)
            else:
                tables[str(board)] = value
        except (LookupError, TypeError):
            continue  # an earlier change took the place away
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading.tomllib, "loads", lambda text: tables)
        try:
            for board in load_boards().values():
                board.firmware_config()
                assert board.dac_code(5.0) < 65536
        except BoardFileError as error:
            assert len(str(error).splitlines()) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, len(TEXT)), st.integers(0, 12), st.text(max_size=6) | st.sampled_from(TEXT.split())),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_text(tmp_path: Path, edits: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
    only_board_file_errors(text, tmp_path / "boards.toml")


# -- what follows from a board ----------------------------------------------------------------------------------------


@pytest.fixture
def lab16() -> Board:
    return load_board("lab16")


def test_the_boards_there_are() -> None:
    boards = load_boards()
    assert [(name, board.planned) for name, board in boards.items()] == [
        ("divider", False),
        ("lab16", False),
        ("edge16", True),
    ]
    with pytest.raises(UsageError, match="no board 'lab61'; there are divider, lab16, edge16"):
        load_board("lab61")
    with pytest.raises(UsageError, match=r"no board 'lab16' in .*user12\.toml; there are user12"):
        load_board("lab16", USER12)


def test_planned_boards_load_and_are_refused(lab16: Board) -> None:
    lab16.require_ready()
    with pytest.raises(UsageError, match="board edge16 is planned: "):
        load_board("edge16").require_ready()


def test_codes(lab16: Board) -> None:
    assert (lab16.code_low, lab16.code_span) == (3200, 60800)
    assert (lab16.dac_code(0), lab16.dac_code(5.0)) == (3200, 64000)
    assert lab16.task_volts(64000) == 5.0
    assert lab16.physical(2.5) == pytest.approx(2.1)
    assert lab16.task(lab16.physical(1.25)) == pytest.approx(1.25)
    for volts in (-0.001, 5.001, float("nan")):
        with pytest.raises(UsageError, match="task volts are 0..5"):
            lab16.dac_code(volts)


@given(st.floats(0, 5))
def test_codes_and_back(volts: float) -> None:
    board = load_boards_once()["lab16"]
    code_V, dac_V = 5 / board.code_span, 16 * 5 / board.code_span
    assert abs(board.task_volts(board.dac_code(volts)) - volts) <= code_V / 2 + 1e-12
    assert abs(board.dac_volts(volts) - volts) <= (dac_V + code_V) / 2 + 1e-12


def load_boards_once(boards: dict[str, Board] = {}) -> dict[str, Board]:  # noqa: B006
    return boards or (boards.update(load_boards()) or boards)


def test_nodes_and_edges(lab16: Board) -> None:
    assert lab16.n_edges == len(lab16.edge_nodes) == 16
    assert lab16.edge_nodes[11] == (4, 7)
    assert {lab16.edge_index(name) for name in ("EH", "HE", "E-H", "H-E")} == {11}
    assert lab16.node_index("I") == 8
    divider = load_board("divider")
    assert divider.edge_index("BOT-MID") == 1
    for board, name in ((lab16, "AC"), (lab16, "A"), (lab16, "A-"), (lab16, ""), (divider, "MIDBOT")):
        with pytest.raises(UsageError, match=f"board {board.name} has no edge '{name}'; its edges are"):
            board.edge_index(name)
    with pytest.raises(UsageError, match="board lab16 has no node 'Z'; its nodes are A, B"):
        lab16.node_index("Z")


def test_capabilities_follow_from_the_wiring(lab16: Board) -> None:
    can = lab16.capabilities
    assert can.free_roles and can.opens_switches and can.reads_comparators and can.sets_direction
    assert can.host_rule and can.holds_edges and not can.reads_direction
    assert can.measures_free == can.measures_clamped == lab16.nodes
    can = load_board("divider").capabilities
    assert not can.free_roles and not can.opens_switches and can.host_rule
    assert (can.measures_free, can.measures_clamped) == (("MID",), ())
    can = load_board("edge16").capabilities
    assert can.free_roles and can.holds_edges and can.reads_direction
    assert not can.reads_comparators and not can.sets_direction and not can.host_rule


def test_edges_without_chip_select_cannot_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = copy.deepcopy(TABLES)
    del tables["edge16"]["pots"]["cs"], tables["edge16"]["shift_out"]
    tables["edge16"]["pulls"].pop("GP22")
    monkeypatch.setattr(loading.tomllib, "loads", lambda text: tables)
    assert not load_board("edge16").capabilities.holds_edges


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        ("AZ", "C", "board lab16 has no node 'Z'"),
        ("AB", "B", "node B is an input and an output: give it one role"),
        ("AA", "B", "node A is an input and an input"),
        ("", "C", "name at least one input node"),
    ],
)
def test_placements_refused(inputs: str, outputs: str, expected: str, lab16: Board) -> None:
    lab16.check_placement("BDI", "FGH")
    with pytest.raises(UsageError, match=expected):
        lab16.check_placement(inputs, outputs)


def test_output_needs_an_adc_channel(tmp_path: Path) -> None:
    file = tmp_path / "boards.toml"
    file.write_text(TEXT.replace('"I.free",', ""))
    board = load_board("lab16", file)
    board.check_placement("I", "A")
    with pytest.raises(UsageError, match=r"node I cannot be an output: .* no ADC channel I\.free; outputs can be A, B"):
        board.check_placement("A", "I")


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        (["TOP"], ["MID"], "node BOT cannot be hidden: board divider has no switches, and BOT is soldered as an input"),
        (["TOP", "BOT", "MID"], [], "node MID cannot be an input: .* soldered as hidden"),
        (["TOP", "MID"], [], "node MID cannot be an input"),
    ],
)
def test_soldered_roles(inputs: list[str], outputs: list[str], expected: str) -> None:
    board = load_board("divider")
    board.check_placement(["BOT", "TOP"], ["MID"])
    board.check_placement(["TOP", "BOT"], [])
    with pytest.raises(UsageError, match=expected):
        board.check_placement(inputs, outputs)


def test_a_board_survives_its_log(lab16: Board) -> None:
    for board in load_boards().values():
        assert Board.model_validate(board.model_dump(mode="json")) == board


# -- what the firmware gets -------------------------------------------------------------------------------------------


def plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or type(value) in (int, str)


@pytest.mark.parametrize("board", [*load_boards().values(), load_board("user12", USER12)], ids=lambda board: board.name)
def test_firmware_config_is_plain_and_small(board: Board) -> None:
    config = board.firmware_config()
    assert plain(config) and eval(repr(config)) == config
    assert all(4095 * adc["gain"] + 2048 < 1 << 30 for adc in config["adc"])
    assert config["code_low"] + config["code_span"] < 1 << 16
    assert len(config["dac"]["channels"]) == 4 * len(config["dac"]["addresses"])


def test_firmware_config_of_lab16(lab16: Board) -> None:
    config = lab16.firmware_config()
    assert (config["board"], config["clk"], config["taps"], config["min_tap"], config["start_tap"]) == (
        "lab16",
        2,
        128,
        4,
        64,
    )
    assert config["updown"] == {"bits": list(range(16))} and config["sgn"] == {"bits": list(range(16, 32))}
    assert config["shift_in"] == {"chips": 4, "load": 20, "clock": 18, "data": 16}
    assert config["shift_out"] == {"chips": 4, "clock": 19, "data": 17, "latch": 21, "enable": 22}
    assert config["i2c"] == {"sda": 4, "scl": 5, "hz": 400_000}
    assert config["dac"] == {"addresses": [0x60, 0x61, 0x62], "channels": [*range(9), -1, -1, -1]}
    assert config["switches"]["reset"] == 3 and config["switches"]["clamped"] == list(range(1, 18, 2))
    first, second = config["adc"]
    assert (first["part"], first["sck"], first["gain"]) == ("AD7490", 10, 80_000)
    assert first["channels"][8:10] == [[8, 0], [0, 1]]
    assert second == {"part": "RP2040", "pins": [27, 28], "channels": [[7, 1], [8, 1]], "gain": 82_128}


def test_firmware_config_of_the_divider() -> None:
    config = load_board("divider").firmware_config()
    assert config["edges"] == [[0, 1], [1, 2]]
    assert (config["updown"], config["cmp"]) == ({"pins": [6, 7]}, {"pins": [8, 10]})
    assert config["shift_in"] is config["shift_out"] is config["switches"] is None
    assert (config["wired_free"], config["wired_clamped"]) == ([0, 2], [0, 1, 2])


def test_channels_behind_a_mux(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = copy.deepcopy(TABLES)
    tables["lab16"]["adc"][1] |= {"pins": ["GP27"], "mux": MUX}
    monkeypatch.setattr(loading.tomllib, "loads", lambda text: tables)
    assert load_board("lab16").firmware_config()["adc"][1]["mux"] == {"select": [0, 1, 6, 7]}


def test_a_board_of_ones_own() -> None:
    board = load_board("user12", USER12)
    board.require_ready()
    assert (len(board.nodes), board.n_edges) == (12, 20)
    assert board.capabilities.measures_free == board.nodes
    assert board.capabilities.measures_clamped == ("A", "F", "G", "L")
    assert board.firmware_config()["shift_in"]["chips"] == 5
