"""Foreign text for a terminal, a page or a figure: control characters become visible.

What a board says and what a file of somebody else holds could otherwise move the cursor, write the clipboard, or turn
the direction of reading round. Bytes of a file's name that are not UTF-8, which Python has as surrogates (os.fsdecode),
become visible too.
"""

import re

CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069"  # all but tab and line feed
CUT = " ... "  # in place of the middle of a text that is too long
_CONTROL = re.compile(f"[{CONTROLS}\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# In JSON: their escapes, and those that may stand as they are. An even number of backslashes before is text.
_IN_JSON = re.compile(
    rb"(?<!\\)((?:\\\\)*)(\\[bfr]|\\u00(?:0[0-8b-f]|1[0-9a-f]|7f|[89][0-9a-f])|\\u20(?:0[ef]|2[89a-e]|6[6-9]))"
    rb"|(\x7f|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9])",
    re.IGNORECASE,
)


def plain(text: str, longest: int | None = None) -> str:
    r"""Return `text` with every control character as \x1b or \u202e, every surrogate as \udce9.

    Of more than `longest` characters, both ends are returned.
    """
    if longest is not None and len(text) > longest:
        half = (longest - len(CUT)) // 2
        text = text[:half] + CUT + text[-half:]
    shown = _CONTROL.sub(lambda found: _escape(found[0]), text)
    return shown if longest is None or len(shown) <= longest else plain(shown, longest)


def one_line(text: str, longest: int) -> str:
    r"""Return `text` as plain() does, with every line feed as \n: foreign text cannot begin a line of its own."""
    return plain(text.replace("\n", "\\n"), longest)


def encode_json(text: str) -> bytes:
    """Return JSON in UTF-8; surrogates in its strings, which no reader of JSON takes, become visible text."""
    return _SURROGATE.sub(lambda found: "\\" + _escape(found[0]), text).encode()


def plain_json(data: bytes) -> bytes:
    """Return JSON whose strings have no control characters but tab and line feed: they become visible text."""
    if b"\\" not in data and b"\x7f" not in data and data.isascii():
        return data  # as nearly every line of a log: the search below takes a third of the time of reading one
    return _IN_JSON.sub(_replace, data)


def _replace(found: re.Match[bytes]) -> bytes:
    if found[3] is not None:
        return b"\\" + _escape(found[3].decode()).encode()
    return found[1] + b"\\" + found[2]


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
