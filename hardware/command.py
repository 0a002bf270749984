"""What all commands of hardware/ do alike: a wrong name or argument is one line, and exit code 2."""

import sys
from collections.abc import Callable, Sequence
from functools import wraps

from twinohm.errors import UsageError


def command(act: Callable[[Sequence[str]], int]) -> Callable[[Sequence[str]], int]:
    """Return `act`, which takes arguments and returns an exit code, so that a UsageError is printed and gives 2."""

    @wraps(act)
    def run(arguments: Sequence[str]) -> int:
        try:
            return act(arguments)
        except UsageError as error:
            print(error, file=sys.stderr)
            return 2

    return run


def named(boards: Sequence[str], known: Sequence[str], what: str = "has hardware") -> Sequence[str]:
    """Return these boards, all that are known if there are none. Raises UsageError for another name."""
    for name in boards:
        if name not in known:
            raise UsageError(f"no board {name!r} {what}; there are {', '.join(known)}")
    return boards or known
