"""Values of a parameter, some of which `make test` tries and the others `make test-slow`."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def in_tiers(values: Iterable[T], is_slow: Callable[[T], bool]) -> list[Any]:
    """Return the values, with the mark `slow` on those that `is_slow` names."""
    return [pytest.param(value, marks=pytest.mark.slow) if is_slow(value) else value for value in values]
