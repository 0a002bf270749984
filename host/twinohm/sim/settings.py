"""What stands behind sim:// and emu://: a board's name and the bench's settings."""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.profile import Profile, profile_from
from twinohm.sim.events import VERBS, Event, parse_event
from twinohm.sim.faults import Fault, parse_fault

NUMBERS = [f.name for f in dataclasses.fields(Profile)]
SEVERAL = ("at", "fault")  # settings that may come more than once


@dataclass(frozen=True)
class BenchSettings:
    """Everything that makes a virtual board what it is."""

    board: Board
    seed: int = 0
    profile_name: str = "lab"
    profile: Profile = field(default_factory=Profile)
    events: tuple[Event, ...] = ()
    faults: tuple[Fault, ...] = ()
    wall_clock: bool = False  # sim
    flash: Path | None = None  # emu: the file that is the chip's flash; None: the cache's for this board
    uf2: str | None = None  # emu: MicroPython of a new flash file (twinohm.firmware.uf2)
    bare: bool = False  # emu: a new flash file holds MicroPython alone

    @property
    def pulled(self) -> tuple[tuple[int, int, bool], ...]:
        """(tick, edge, whether it is there from then on) of every event."""
        return tuple((event.tick, event.edge, VERBS[event.verb]) for event in self.events)

    @property
    def unique_id(self) -> bytes:
        """8 bytes: the same for the same board with the same component values."""
        key = (self.board.name, self.seed, *dataclasses.astuple(self.profile))
        return hashlib.sha256(repr(key).encode()).digest()[:8]


def bench_settings(url: str, boards: Path | None = None) -> BenchSettings:
    """Read sim://BOARD?seed=0&profile=lab&at=300:remove=EH&fault=high:CMP.E-H&boards=FILE, or the same after emu://.

    sim alone has clock=wall; emu alone flash=FILE, uf2=FILE and holds=micropython (of a new flash file, else firmware).

    Raises UsageError naming the part of the URL that is wrong.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    single = {key: value for key, value in query if key not in SEVERAL}
    if single.get("boards"):
        boards = Path(single["boards"])
    board = load_board(parts.netloc or "lab16", boards)
    board.require_ready()
    own = {"emu": {"flash", "uf2", "holds"}}.get(parts.scheme, {"clock"})
    known = {"seed", "profile", *SEVERAL, "boards", *NUMBERS, *own}
    for key in single:
        if key not in known:
            raise UsageError(f"{url}: no setting {key!r}; use {', '.join(sorted(known))}")
    seed = single.get("seed", "0")
    if not seed.isdecimal():
        raise UsageError(f"{url}: seed = {seed!r}: a whole number, 0 or more")
    clock = single.get("clock", "virtual")
    if clock not in ("virtual", "wall"):
        raise UsageError(f"{url}: clock = {clock!r}: virtual or wall")
    holds = single.get("holds", "firmware")
    if holds not in ("firmware", "micropython"):
        raise UsageError(f"{url}: holds = {holds!r}: firmware or micropython")
    if holds == "micropython" and not single.get("flash"):
        raise UsageError(f"{url}: holds = micropython needs flash = FILE, a file of its own")
    name = single.get("profile", "lab")
    script = [parse_event(value, board) for key, value in query if key == "at"]
    script += [parse_fault(value, board) for key, value in query if key == "fault"]
    script.sort(key=lambda happening: happening.tick)
    return BenchSettings(
        board=board,
        seed=int(seed),
        profile_name=name,
        profile=profile_from(name, {key: value for key, value in single.items() if key in NUMBERS}),
        events=tuple(event for event in script if isinstance(event, Event)),
        faults=tuple(fault for fault in script if isinstance(fault, Fault)),
        wall_clock=clock == "wall",
        flash=Path(single["flash"]) if single.get("flash") else None,
        uf2=single.get("uf2") or None,
        bare=holds == "micropython",
    )


def complete_url(
    port: str,
    board: str | None,
    seed: int,
    profile: str,
    boards: Path | None,
    removals: Sequence[tuple[int, str]] = (),
    bias_V: float = 0.0,
) -> str:
    """Write board, seed, profile and boards file into a virtual port's URL where it does not name them.

    `removals` are (tick, edge) pairs: edges that a task takes out. `bias_V` is written unless it is 0.

    Raises UsageError if URL and arguments name different boards.
    """
    parts = urlsplit(port)
    if board and parts.netloc and board != parts.netloc:
        raise UsageError(f"{port} is not --board {board}: leave one of them out")
    query = parse_qsl(parts.query, keep_blank_values=True)
    named = {key for key, _ in query}
    wanted = {"seed": str(seed), "profile": profile} | ({"boards": str(boards.resolve())} if boards else {})
    if bias_V:
        wanted["bias_V"] = str(bias_V)
    query = [(key, value) for key, value in wanted.items() if key not in named] + query
    query += [("at", f"{tick}:remove={edge}") for tick, edge in removals]
    return urlunsplit((parts.scheme, parts.netloc or board or "lab16", "", urlencode(query, safe=":=/"), ""))


def from_tick(port: str, tick: int) -> str:
    """The same URL for a board that is powered on when a run has made `tick` ticks: its script begins there."""
    parts = urlsplit(port)
    query = parse_qsl(parts.query, keep_blank_values=True)
    script = sorted((int(at), colon + what) for at, colon, what in (v.partition(":") for k, v in query if k == "at"))
    query = [(key, value) for key, value in query if key != "at"]
    query += [("at", f"{max(0, at - tick)}{what}") for at, what in script]
    return urlunsplit((*parts[:3], urlencode(query, safe=":=/"), ""))
