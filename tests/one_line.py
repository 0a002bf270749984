"""A pattern for `pytest.raises(match=...)`: the whole message is one line."""

import re


def one_line(start: str, *words: str) -> str:
    """Return the pattern of a message of one line that begins with `start`; each of `words` comes later, in order."""
    return r"\A" + ".*".join(map(re.escape, (start, *words))) + r".*\Z"
