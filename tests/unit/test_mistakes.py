"""Values in messages look as they do in TOML, and long ones are cut."""

from typing import Any

import pytest

from twinohm.model.mistakes import LONGEST, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (64, "64"),
        (1 << 70, "a huge number"),
        ('a"b', '"a\\"b"'),
        ([1, "A"], '[1, "A"]'),
        ({"a": 1}, "{ ... }"),
        (0.5, "0.5"),
        ("x" * 100, '"' + "x" * (LONGEST - 5) + " ..."),
        ("x" * (LONGEST - 2), '"' + "x" * (LONGEST - 2) + '"'),
    ],
)
def test_a_value_is_shown_as_toml_has_it(value: Any, text: str) -> None:
    assert value_text(value) == text


def test_an_address_is_shown_in_hexadecimal() -> None:
    assert value_text([0x60, 5], hexadecimal=True) == "[0x60, 0x05]"
