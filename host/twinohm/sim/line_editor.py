"""Edit one line at the prompt of a virtual board: cursor keys, history and completion, as MicroPython's prompt has."""

import rlcompleter
from collections.abc import Callable, Mapping

HISTORY = 50  # lines that are kept
INDENT = "    "
MOST_SHOWN = 60  # names that a Tab lists
BACKSPACES = (8, 127)
# What terminals send for keys, after ESC [ or ESC O.
KEYS = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end",
    "1~": "home", "3~": "delete", "4~": "end", "7~": "home", "8~": "end",
}  # fmt: skip
CONTROLS = {1: "home", 5: "end", 2: "left", 6: "right", 4: "delete", 14: "down", 16: "up"}  # as in a shell


class History:
    """The lines typed before, oldest first; none twice in a row."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Add a line that is not blank."""
        if line.strip() and self.lines[-1:] != [line]:
            self.lines = [*self.lines, line][-HISTORY:]


class LineEditor:
    """One line with its cursor. `write` shows text; `prompt` stands before the line, and is shown already."""

    def __init__(
        self, write: Callable[[str], None], prompt: str, history: History, names: Mapping[str, object]
    ) -> None:
        self._write, self._prompt, self._history = write, prompt, history
        self._completer = rlcompleter.Completer(dict(names))
        self.text = ""
        self._cursor = 0
        self._escape = ""  # the part of a key's sequence that has come
        self._at = len(history.lines)  # the line of the history that is shown; its length: none
        self._typed = ""  # the line that was typed before the history was asked

    def feed(self, byte: int) -> None:
        """Take one byte of what is typed, but for those that end the line or belong to the prompt."""
        if self._escape or byte == 27:
            self._feed_escape(chr(byte))
        elif byte in BACKSPACES:
            if self._cursor:
                self._replace(self.text[: self._cursor - 1], self.text[self._cursor :])
        elif byte == 9:
            self._complete()
        elif byte in CONTROLS:
            self._act(CONTROLS[byte])
        elif byte >= 32:
            self._insert(chr(byte))

    def _feed_escape(self, character: str) -> None:
        self._escape += character
        body = self._escape[2:]
        if len(self._escape) == 2 and character not in "[O":
            self._escape = ""  # Alt and a key: nothing here
        elif body and (body[-1].isalpha() or body[-1] == "~" or len(body) > 4):
            self._escape = ""
            self._act(KEYS.get(body, ""))

    def _act(self, key: str) -> None:
        end = len(self.text)
        if key in ("up", "down"):
            self._recall(-1 if key == "up" else 1)
        elif key == "delete":
            self._replace(self.text[: self._cursor], self.text[self._cursor + 1 :])
        elif key:
            at = {"left": self._cursor - 1, "right": self._cursor + 1, "home": 0, "end": end}[key]
            self._move(min(max(at, 0), end))

    def _recall(self, step: int) -> None:
        lines = self._history.lines
        at = min(max(self._at + step, 0), len(lines))
        if at == self._at:
            return
        if self._at == len(lines):
            self._typed = self.text
        self._at = at
        self._replace(self._typed if at == len(lines) else lines[at], "")

    def _insert(self, text: str) -> None:
        if self._cursor == len(self.text):  # at the end: shown as it comes
            self.text += text
            self._cursor += len(text)
            self._write(text)
        else:
            self._replace(self.text[: self._cursor] + text, self.text[self._cursor :])

    def _replace(self, before: str, after: str) -> None:
        """Show another text, with the cursor between its two parts."""
        self._move(0)
        self.text, self._cursor = before + after, len(before)
        self._write(f"\x1b[K{self.text}" + "\b" * len(after))

    def _move(self, at: int) -> None:
        if at < self._cursor:
            self._write("\b" * (self._cursor - at))
        else:
            self._write(self.text[self._cursor : at])
        self._cursor = at

    # -- completion ----------------------------------------------------------------------------------------------

    def _complete(self) -> None:
        """Complete the name before the cursor as far as it is unique; list the names if it is not."""
        before = self.text[: self._cursor]
        if not before.strip():
            self._insert(INDENT)
            return
        start = len(before)
        while start and (before[start - 1].isidentifier() or before[start - 1].isdigit() or before[start - 1] == "."):
            start -= 1
        word = before[start:]
        found = self._matches(word)
        common = _common_start(found)
        if len(common) > len(word):
            self._insert(common[len(word) :])
        elif len(found) > 1:
            shown = [name.rpartition(".")[2] for name in found[:MOST_SHOWN]]
            more = [f"and {len(found) - MOST_SHOWN} more"] * (len(found) > MOST_SHOWN)
            self._write("\r\n" + "  ".join([*shown, *more]) + f"\r\n{self._prompt}{self.text}")
            self._write("\b" * (len(self.text) - self._cursor))

    def _matches(self, word: str) -> list[str]:
        if not word or word.startswith("."):
            return []
        found: list[str] = []
        while (match := self._completer.complete(word, len(found))) is not None:
            found.append(match)
        return sorted({match.rstrip("(): ") for match in found})


def _common_start(words: list[str]) -> str:
    if not words:
        return ""
    first, last = min(words), max(words)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
