"""The key of what is kept: equal content alone has equal keys."""

from dataclasses import dataclass, field, replace

import pytest

from twinohm.keys import content_key
from twinohm.model.board_file import load_board
from twinohm.model.placement import Placement
from twinohm.tasks import TASKS


@dataclass(frozen=True)
class Kept:
    number: float = 1.0
    about: str = field(default="", compare=False)


@dataclass(frozen=True)
class Other(Kept):
    pass


def test_equal_content_has_equal_keys() -> None:
    assert content_key(a=1, b=[Kept(), "x"]) == content_key(b=(Kept(about="y"), "x"), a=1)
    assert content_key(a={"x": 1, "y": 2}) == content_key(a={"y": 2, "x": 1})
    assert content_key(board=load_board("lab16")) == content_key(board=load_board("lab16"))


def test_other_content_has_another_key() -> None:
    lab16 = load_board("lab16")
    cases: list[dict[str, object]] = [
        {"a": 1},
        {"b": 1},
        {"a": "1"},
        {"a": True},
        {"a": None},
        {"a": [1]},
        {"a": b"1"},
        {"a": b"2"},
        {"a": Kept()},
        {"a": Kept(2.0)},
        {"a": Other()},
        {"a": {"number": 1.0}},
        {"a": Placement(("A",), ("B", "C"))},
        {"a": Placement(("A", "B"), ("C",))},
        {"a": lab16},
        {"a": lab16.model_copy(update={"settle_us": lab16.settle_us + 1})},
        *({"a": task} for task in TASKS.values()),
        *({"a": replace(task, eta=0.123)} for task in TASKS.values()),
    ]
    assert len({content_key(**case) for case in cases}) == len(cases)


def test_what_is_no_data_has_no_key() -> None:
    with pytest.raises(TypeError, match="it is no data"):
        content_key(a=[print])
