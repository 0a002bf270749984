"""Control characters of boards and foreign files become visible text, and nothing else changes."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinohm.errors import BoardMismatch, RunError
from twinohm.link.hello import Hello
from twinohm.plain_text import CONTROLS, plain, plain_json
from twinohm.protocol.shared import messages

PROTOCOL = messages.PROTOCOL
CONTROL = re.compile(f"[{CONTROLS}]")
texts = st.text(st.characters(codec="utf-8") | st.sampled_from("\\\x1b\x9b\x7f\u202e\u2066\r\b"))
HELLO = {
    "protocol": PROTOCOL, "firmware": "f", "board": "lab16", "id": "e66141", "boot": 1, "room": 4096, "ticks": 0,
    "can": [], "nodes": ["A"], "edges": 16, "taps": None,
}  # fmt: skip


@given(texts)
def test_no_control_character_is_left(text: str) -> None:
    assert not CONTROL.search(plain(text))
    if not CONTROL.search(text):
        assert plain(text) == text


@given(texts, st.booleans())
def test_json_stays_json_and_has_the_same_plain_text(text: str, ascii_only: bool) -> None:
    data = plain_json(json.dumps({"key": text}, ensure_ascii=ascii_only).encode())
    found = json.loads(data)["key"]
    assert not CONTROL.search(found)
    if not CONTROL.search(text):
        assert found == text


def test_an_error_shows_what_it_was_given() -> None:
    assert str(RunError("\x1b]0;title\x07 \u202egnp\nnext")) == "\\x1b]0;title\\x07 \\u202egnp\\nnext"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "x/../../evil"),
        ("id", "E66141"),
        ("id", "ab" * 40),
        ("board", "lab16\x1b[2J"),
        ("board", "b" * 200),
        ("nodes", ["A", "\u202eB"]),
        ("firmware", "\n"),
    ],
)
def test_hello_with_other_texts_than_names_is_refused(key: str, value: object) -> None:
    assert Hello.parse(json.dumps(HELLO).encode(), "port").id == "e66141"
    with pytest.raises(BoardMismatch, match=f"HELLO has a wrong {key}"):
        Hello.parse(json.dumps(HELLO | {key: value}).encode(), "port")
