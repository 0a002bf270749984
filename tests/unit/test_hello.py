"""HELLO is parsed once, and what is wrong with it is said in words."""

import json
from typing import Any

import pytest

from twinohm.errors import BoardMismatch
from twinohm.link.hello import Hello
from twinohm.model.board_file import load_board
from twinohm.model.firmware_config import config_key
from twinohm.protocol.shared import messages

FIELDS: dict[str, Any] = {
    "protocol": messages.PROTOCOL,
    "firmware": "f00d",
    "board": "divider",
    "id": "cc71",
    "boot": 1,
    "can": [],
    "nodes": ["TOP", "MID", "BOT"],
    "edges": 2,
    "taps": [64, 64],
    "ticks": 3,
    "room": 4096,
    "config": config_key(load_board("divider")),
}


def parsed(**changes: Any) -> Hello:
    return Hello.parse(json.dumps(FIELDS | changes).encode(), "COM5")


def test_a_hello_keeps_its_json_form() -> None:
    assert json.loads(json.dumps(parsed().record())) == FIELDS


def test_taps_may_be_unknown_and_a_board_without_an_id() -> None:
    hello = parsed(taps=None, id=None)
    assert hello.taps is None and hello.id is None


def test_a_board_that_was_flashed_with_other_tables_is_refused() -> None:
    """Of 4.62 V instead of 5.133 V, every voltage would be 10 % off, with the same nodes and edges."""
    divider = load_board("divider")
    able = {"can": ["compare", "direct", "hold"]}
    parsed(**able).check(divider, "COM5")
    parsed(**able, config=None).check(divider, "COM5")  # firmware before it was said
    adc = divider.adc[0].model_copy(update={"full_scale_V": 4.62})
    with pytest.raises(BoardMismatch, match=r"COM5: the board was flashed with other tables of divider.*twinohm flash"):
        parsed(**able).check(divider.model_copy(update={"adc": (adc,)}), "COM5")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"protocol": messages.PROTOCOL + 1}, f"has protocol {messages.PROTOCOL + 1}, this host has"),
        ({"protocol": None}, "not one that this host knows"),
        ({"room": "4096"}, "HELLO has a wrong room;"),
        ({"edges": True, "nodes": [1]}, "HELLO has a wrong nodes, edges;"),
        ({"taps": [64, "64"]}, "HELLO has a wrong taps;"),
        ({"id": 5, "firmware": None}, "HELLO has a wrong firmware, id;"),
        ({"ticks": -1}, "at tick -1, which is impossible"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BoardMismatch, match=f"COM5: .*{words}.*twinohm flash"):
        parsed(**changes)


def test_a_missing_field_is_named_apart_from_wrong_ones() -> None:
    fields = {"protocol": messages.PROTOCOL, "firmware": 7, "board": "lab16", "id": None, "boot": 1, "can": []}
    payload = json.dumps(fields | {"nodes": [], "taps": None, "ticks": 0}).encode()
    with pytest.raises(BoardMismatch, match="COM5: .*HELLO lacks edges, room and has a wrong firmware;"):
        Hello.parse(payload, "COM5")


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_hello_is_refused(payload: bytes) -> None:
    with pytest.raises(BoardMismatch, match="COM5: the reply to HELLO is not one that this host knows"):
        Hello.parse(payload, "COM5")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"nodes": ["TOP", "BOT", "MID"]},
            "nodes = TOP, BOT, MID on the board, TOP, MID, BOT for divider in boards.toml",
        ),
        ({"edges": 3}, "edges = 3 on the board, 2 for divider"),
        ({"can": ["fly"]}, "can = fly on the board"),
    ],
)
def test_another_wiring_than_that_of_boards_toml_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BoardMismatch, match=f"COM5: {words}"):
        parsed(**changes).check(load_board("divider"), "COM5")
