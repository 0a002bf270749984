"""Numbers that a user writes: in options, URLs, data files. Plain decimal digits, no words, nothing between digits."""

import re

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
DIGITS = re.compile(r"\d{1,18}", re.ASCII)  # a whole number without a sign
MOST_DIGITS = 18  # of a whole number, so that 64 bits hold it
MOST_WHOLE = 10**MOST_DIGITS - 1


def parse_number(text: str) -> float:
    """Return the number that a text is. Raises ValueError for any other text, also for 0_3, nan, inf and 1e999."""
    text = text.strip()
    value = float(text) if NUMBER.fullmatch(text) else float("inf")
    if value in (float("inf"), float("-inf")):
        raise ValueError("not a number; write it as 0.25 or 2.5e-1")
    return value


def parse_whole(text: str) -> int:
    """Return the whole number that a text is. Raises ValueError for any other text, also for 1_000 and 1e3."""
    text = text.strip()
    if not WHOLE.fullmatch(text):
        raise ValueError("not a whole number; write it in digits alone")
    if len(text.lstrip("+-0")) > MOST_DIGITS:
        raise ValueError(f"too large; a whole number has {MOST_DIGITS} digits at most")
    return int(text)
