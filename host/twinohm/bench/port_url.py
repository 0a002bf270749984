"""What stands behind sim:// and emu://: a board's name and the bench's settings."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from twinohm.bench.events import Event, parse_event
from twinohm.bench.profile import Profile, profile_from
from twinohm.boards import Board, load_board
from twinohm.errors import UsageError

NUMBERS = [f.name for f in dataclasses.fields(Profile)]


@dataclass(frozen=True)
class BenchSettings:
    """Everything that makes a virtual board what it is."""

    board: Board
    seed: int = 0
    profile_name: str = "lab"
    profile: Profile = field(default_factory=Profile)
    events: tuple[Event, ...] = ()
    wall_clock: bool = False


def bench_settings(url: str, boards: Path | None = None) -> BenchSettings:
    """Read sim://BOARD?seed=0&profile=lab&at=300:remove=EH&noise_V=0.001&clock=wall&boards=FILE.

    Raises UsageError naming the part of the URL that is wrong.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    single = {key: value for key, value in query if key != "at"}
    if single.get("boards"):
        boards = Path(single["boards"])
    board = load_board(parts.netloc or "lab16", boards)
    board.require_ready()
    known = {"seed", "profile", "at", "clock", "boards", *NUMBERS}
    for key in single:
        if key not in known:
            raise UsageError(f"{url}: no setting {key!r}; use {', '.join(sorted(known))}")
    seed = single.get("seed", "0")
    if not seed.isdecimal():
        raise UsageError(f"{url}: seed = {seed!r}: a whole number, 0 or more")
    clock = single.get("clock", "virtual")
    if clock not in ("virtual", "wall"):
        raise UsageError(f"{url}: clock = {clock!r}: virtual or wall")
    name = single.get("profile", "lab")
    events = sorted((parse_event(value, board) for key, value in query if key == "at"), key=lambda event: event.tick)
    return BenchSettings(
        board=board,
        seed=int(seed),
        profile_name=name,
        profile=profile_from(name, {key: value for key, value in single.items() if key in NUMBERS}),
        events=tuple(events),
        wall_clock=clock == "wall",
    )


def complete_url(
    port: str,
    board: str | None,
    seed: int,
    profile: str,
    boards: Path | None,
    removals: Sequence[tuple[int, str]] = (),
) -> str:
    """Write board, seed, profile and boards file into a virtual port's URL where it does not name them.

    `removals` are (tick, edge) pairs: edges that a task takes out.

    Raises UsageError if URL and arguments name different boards.
    """
    parts = urlsplit(port)
    if board and parts.netloc and board != parts.netloc:
        raise UsageError(f"{port} is not --board {board}: leave one of them out")
    query = parse_qsl(parts.query, keep_blank_values=True)
    named = {key for key, _ in query}
    wanted = {"seed": str(seed), "profile": profile} | ({"boards": str(boards.resolve())} if boards else {})
    query = [(key, value) for key, value in wanted.items() if key not in named] + query
    query += [("at", f"{tick}:remove={edge}") for tick, edge in removals]
    return urlunsplit((parts.scheme, parts.netloc or board or "lab16", "", urlencode(query, safe=":=/"), ""))
