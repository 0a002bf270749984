"""What is wrong with a board, and where."""

Path = tuple[str | int, ...]  # where a value stands: ("pots", "updown", 3)


class Mistake(ValueError):
    """`at`: where the wrong value stands; `text`: what is wrong, and what to do."""

    def __init__(self, at: Path, text: str) -> None:
        super().__init__(f"{shown(at)}: {text}")
        self.at = at
        self.text = text


def shown(at: Path) -> str:
    """pots.updown[3], or "adc #2 pins[0]" in an array of tables."""
    table, rest = "", at
    if len(at) > 1 and isinstance(at[1], int) and at[0] == "adc":
        table, rest = f"adc #{at[1] + 1} ", at[2:]
    return (table + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest).lstrip(".")).strip()
