"""KiCad's file format becomes lists of strings, and what is missing is named."""

import pytest

from twinohm.model.sexp import find, first, parse

TEXT = '(export (part "R 1" (value 10k) empty) (part "a \\"b\\"\\n") () other) (not read)'


def test_lists_are_nested_as_their_brackets_are() -> None:
    assert parse(TEXT) == ["export", ["part", "R 1", ["value", "10k"], "empty"], ["part", 'a "b"\n'], [], "other"]


def test_children_are_found_by_name_in_order() -> None:
    parts = find(parse(TEXT), "part")
    assert [part[1] for part in parts] == ["R 1", 'a "b"\n']
    assert first(parse(TEXT), "part") == parts[0]
    assert find(parse(TEXT), "other") == []


def test_a_child_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match=r"\(export \.\.\.\) has no \(net \.\.\.\)"):
        first(parse(TEXT), "net")


def test_brackets_that_stay_open_are_counted() -> None:
    with pytest.raises(ValueError, match="ends at character 7 with 2 open brackets"):
        parse("(a (b c")
