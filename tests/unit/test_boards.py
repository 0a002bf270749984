"""What follows from a board of boards.toml."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinohm.errors import UsageError
from twinohm.model import board_file as load
from twinohm.model.board import Board
from twinohm.model.board_file import load_board, load_boards
from twinohm.model.firmware_config import board_config
from twinohm.paths import boards_file

USER12 = Path(__file__).parents[1] / "data" / "boards" / "user12.toml"
TEXT = boards_file().read_text(encoding="utf-8")
TABLES = tomllib.loads(TEXT)
LAB16 = load_board("lab16")


@pytest.fixture
def lab16() -> Board:
    return LAB16


def test_boards_toml_has_these_boards_and_no_other() -> None:
    boards = load_boards()
    assert [(name, board.planned) for name, board in boards.items()] == [
        ("divider", False),
        ("kit5", False),
        ("lab16", False),
        ("edge16", False),
    ]
    with pytest.raises(UsageError, match="no board 'lab61'; there are divider, kit5, lab16, edge16"):
        load_board("lab61")
    with pytest.raises(UsageError, match=r"no board 'lab16' in .*user12\.toml; there are user12"):
        load_board("lab16", USER12)


def test_planned_boards_load_and_are_refused(lab16: Board) -> None:
    lab16.require_ready()
    with pytest.raises(UsageError, match="board lab16 is planned: "):
        lab16.model_copy(update={"planned": True}).require_ready()


def test_task_volts_have_these_codes(lab16: Board) -> None:
    assert (lab16.code_low, lab16.code_span) == (3200, 59200)
    assert (lab16.dac_code(0), lab16.dac_code(5.0)) == (3200, 62400)
    assert lab16.task_volts(62400) == 5.0
    assert lab16.physical(2.5) == pytest.approx(2.05)
    assert lab16.task(lab16.physical(1.25)) == pytest.approx(1.25)
    for volts in (-0.001, 5.001, float("nan")):
        with pytest.raises(UsageError, match="task volts are 0..5"):
            lab16.dac_code(volts)


@given(st.floats(0, 5))
def test_a_voltage_comes_back_from_its_code_within_half_a_step(volts: float) -> None:
    board = LAB16
    code_V, dac_V = 5 / board.code_span, 16 * 5 / board.code_span
    assert abs(board.task_volts(board.dac_code(volts)) - volts) <= code_V / 2 + 1e-12
    assert abs(board.dac_volts(volts) - volts) <= (dac_V + code_V) / 2 + 1e-12


def test_nodes_and_edges_are_found_by_name(lab16: Board) -> None:
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
    tables["edge16"]["planned"] = True
    del tables["edge16"]["pots"]["cs"], tables["edge16"]["shift_out"]
    tables["edge16"]["pulls"].pop("GP22")
    monkeypatch.setattr(load, "_boards", lambda text: load.boards_from(tables))
    assert not load_board("edge16").capabilities.holds_edges


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        ("AZ", "C", "board lab16 has no node 'Z'"),
        ("AB", "B", "node B is an input and an output: give it one role"),
        ("AA", "B", "node A is an input twice"),
        ("", "C", "name at least one input node"),
    ],
)
def test_a_placement_with_a_wrong_node_is_refused(inputs: str, outputs: str, expected: str, lab16: Board) -> None:
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
def test_roles_against_the_soldering_are_refused(inputs: list[str], outputs: list[str], expected: str) -> None:
    board = load_board("divider")
    board.check_placement(["BOT", "TOP"], ["MID"])
    board.check_placement(["TOP", "BOT"], [])
    with pytest.raises(UsageError, match=expected):
        board.check_placement(inputs, outputs)


def test_a_board_comes_back_from_its_table_in_run_json() -> None:
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
    config = board_config(board)
    assert plain(config) and eval(repr(config)) == config
    assert all(4095 * adc["gain"] + 2048 < 1 << 30 for adc in config["adc"])
    assert config["code_low"] + config["code_span"] < 1 << 16
    assert len(config["dac"]["channels"]) == 4 * len(config["dac"]["addresses"])


def test_firmware_config_of_lab16(lab16: Board) -> None:
    config = board_config(lab16)
    assert [config[key] for key in ("board", "clk", "min_tap", "start_tap")] == ["lab16", 2, 4, 64]
    assert config["pot"] == {"top_tap": 127, "power_on_tap": 64, "step_edge": "falling", "deselect": "cs_high"}
    assert config["updown"] == {"bits": list(range(16))} and config["sgn"] == {"bits": list(range(16, 32))}
    assert config["shift_in"] == {"chips": 4, "load": 20, "clock": 18, "data": 16}
    assert config["shift_out"] == {"chips": 4, "clock": 19, "data": 17, "latch": 21, "enable": 22}
    assert config["i2c"] == {"sda": 4, "scl": 5, "hz": 400_000}
    assert config["dac"] == {"addresses": [0x60, 0x61, 0x62], "channels": [*range(9), -1, -1, -1]}
    assert config["switches"]["reset"] == 3 and config["switches"]["clamped"] == list(range(1, 18, 2))
    first, second = config["adc"]
    assert (first["part"], first["sck"], first["gain"]) == ("ADS7953", 10, 80_000)
    assert first["channels"][8:10] == [[8, 0], [0, 1]]
    assert second == {"part": "RP2040", "pins": [27, 28], "channels": [[7, 1], [8, 1]], "gain": 82_128}


def test_firmware_config_of_the_divider() -> None:
    config = board_config(load_board("divider"))
    assert config["edges"] == [[0, 1], [1, 2]]
    assert (config["updown"], config["cmp"]) == ({"pins": [6, 7]}, {"pins": [8, 10]})
    assert config["shift_in"] is config["shift_out"] is config["switches"] is None
    assert (config["wired_free"], config["wired_clamped"]) == ([0, 2], [0, 1, 2])


def test_channels_behind_a_mux(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = copy.deepcopy(TABLES)
    tables["lab16"]["adc"][1] |= {
        "pins": ["GP27"],
        "mux": {"part": "CD74HCT4067", "select": ["GP0", "GP1", "GP6", "GP7"]},
    }
    monkeypatch.setattr(load, "_boards", lambda text: load.boards_from(tables))
    assert board_config(load_board("lab16"))["adc"][1]["mux"] == {"select": [0, 1, 6, 7]}


def test_a_dac_channel_without_a_node_drives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = copy.deepcopy(TABLES)
    tables["lab16"]["dac"]["channels"].insert(4, "")
    monkeypatch.setattr(load, "_boards", lambda text: load.boards_from(tables))
    assert board_config(load_board("lab16"))["dac"]["channels"] == [0, 1, 2, 3, -1, 4, 5, 6, 7, 8, -1, -1]


def test_a_users_board_is_loaded_from_its_own_file() -> None:
    board = load_board("user12", USER12)
    board.require_ready()
    assert (len(board.nodes), board.n_edges) == (12, 20)
    assert board.capabilities.measures_free == board.nodes
    assert board.capabilities.measures_clamped == ("A", "F", "G", "L")
    assert board_config(board)["shift_in"]["chips"] == 5


def test_a_copy_of_a_board_with_another_field_computes_anew_what_depends_on_it() -> None:
    board = load_board("divider")
    held = board.capabilities
    fewer = board.model_copy(update={"pots": board.pots.model_copy(update={"cs": ()})})
    assert fewer.capabilities != held == board.capabilities
