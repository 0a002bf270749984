"""The settings of a virtual board: an object, written to the URL of a port and parsed from one."""

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from twinohm.errors import UsageError
from twinohm.faces import option
from twinohm.inputs import possible_path
from twinohm.model.allotment import find_auto_board
from twinohm.model.board import Board
from twinohm.model.board_diodes import parse_diode, with_diodes
from twinohm.model.board_file import BY_OPTION, load_board
from twinohm.model.board_tables import is_name
from twinohm.model.components import ExchangedPot, parse_exchanged
from twinohm.model.diodes import Diode
from twinohm.model.i2c_places import parse_place, place_text
from twinohm.model.number_text import MOST_WHOLE, parse_whole
from twinohm.model.profile import PASSING, PROFILES, Profile, profile_from
from twinohm.model.unused_settings import refuse_unused
from twinohm.sim.events import VERBS, Event, check_changes, parse_event
from twinohm.sim.faults import Fault, parse_fault

Pairs = Iterable[tuple[str, str]]  # keys and values of a URL's query

DEFAULT_BOARD = "lab16"
IN_URL = "boards=FILE in the URL names another file"
NUMBERS = tuple(f.name for f in dataclasses.fields(Profile))
SEVERAL = ("at", "fault", "diode", "pot")  # keys that may come more than once
ENSEMBLE = "ensemble"  # scheme of the ensemble engine: component values and a script, and no firmware
OWN_KEYS: dict[str, tuple[str, ...]] = {
    "sim": ("clock", "pot", "ldac"),
    "emu": ("flash", "uf2", "holds", "pot", "ldac"),
    ENSEMBLE: (),
}
CLOCKS = {  # how long the board waits for the host until the wait counts as its time, s
    "virtual": math.inf,
    "wall": 0.0,
    "patient": 5.0,
}
CONTENTS = ("firmware", "micropython")


@dataclass(frozen=True)
class SimSettings:
    """Everything that makes a virtual board what it is. Its URL:

    sim://BOARD?seed=0&profile=lab&noise_V=0.002&boards=FILE&at=300:remove=E-H&fault=high:CMP.E-H, or emu:// likewise.
    """

    board: Board
    scheme: str = "sim"  # or "emu", or ENSEMBLE
    boards: Path | None = None  # None: the boards.toml that comes with TwinOhm
    seed: int = 0
    profile_name: str = "lab"
    profile: Profile = field(default_factory=Profile)
    events: tuple[Event, ...] = ()
    faults: tuple[Fault, ...] = ()
    diodes: tuple[Diode, ...] = ()  # beside those of boards.toml; `board` has all
    pots: tuple[ExchangedPot, ...] = ()
    ldac: int | None = None  # place of the DAC whose /LDAC has the wire of the board's header
    first_tick: int = 0  # of the run that the board's first tick is: how far it has warmed by drift_K
    clock: str = "virtual"  # sim: one of CLOCKS
    flash: Path | None = None  # emu: the file that is the chip's flash; None: one in the cache for this board
    uf2: str | None = None  # emu: MicroPython of a new flash file (twinohm.firmware.uf2)
    bare: bool = False  # emu: a new flash file holds MicroPython alone

    @classmethod
    def parse(cls, url: str, boards: Path | None = None, changes: Pairs = (), remedy: str = IN_URL) -> "SimSettings":
        """Return the settings that `url` describes.

        `boards` is the boards file if the URL names none. `changes` are keys and values beside those of the URL.
        `remedy`: how another boards file can be named.
        Raises UsageError naming the key that is unknown, not a possible value, or given twice.
        """
        parts = _split(url)
        query = [*_pairs(parts), *changes]
        _check_keys(url, parts.scheme, query)
        single = {key: value for key, value in query if key not in SEVERAL}
        if single.get("boards"):
            boards = possible_path(Path(single["boards"]))
        board = _board(parts, boards, remedy)
        diodes = tuple(parse_diode(value) for key, value in query if key == "diode")
        board = with_diodes(board, diodes)
        clock = _choice(url, "clock", single.get("clock", "virtual"), tuple(CLOCKS))
        holds = _choice(url, "holds", single.get("holds", CONTENTS[0]), CONTENTS)
        if holds == "micropython" and not single.get("flash"):
            raise UsageError(f"{url}: holds = micropython needs flash = FILE, a file of its own")
        name = single.get("profile", "lab")
        script = _parse_script(query, board)
        if parts.scheme == ENSEMBLE and (faults := [entry for entry in script if isinstance(entry, Fault)]):
            raise UsageError(f"{url}: fault = {faults[0].text!r} is for a board with firmware: sim:// or emu://")
        if parts.scheme != "emu" and any(isinstance(entry, Fault) and entry.verb == "stopped" for entry in script):
            raise UsageError(f"{url}: stopped:PIO is for emu://, a sim:// board has no state machines")
        profile = profile_from(name, {key: value for key, value in single.items() if key in NUMBERS})
        if not profile.drift_K:
            refuse_unused({"first_tick": single.get("first_tick")}, {"first_tick": "drift_K is 0, so nothing warms"})
        return cls(
            board=board,
            scheme=parts.scheme,
            boards=boards,
            seed=_whole(url, "seed", single.get("seed", "0")),
            profile_name=name,
            profile=profile,
            events=tuple(entry for entry in script if isinstance(entry, Event)),
            faults=tuple(entry for entry in script if isinstance(entry, Fault)),
            diodes=diodes,
            pots=_parse_pots(url, query, board),
            ldac=_parse_ldac(url, single.get("ldac"), board),
            first_tick=_whole(url, "first_tick", single.get("first_tick", "0")),
            clock=clock,
            flash=possible_path(Path(single["flash"])) if single.get("flash") else None,
            uf2=single.get("uf2") or None,
            bare=holds == "micropython",
        )

    @classmethod
    def complete(
        cls,
        port: str,
        board: str | None,
        seed: int | None,
        profile: str | None,
        boards: Path | None,
        removals: Sequence[tuple[int, str]] = (),
        bias_V: float = 0.0,
        changes: Pairs = (),
    ) -> "SimSettings":
        """Return the settings of `port`, with board, seed, profile, boards file and bias where it does not name them.

        `seed` and `profile` are 0 and lab if nothing names them. `removals` are (tick, edge): edges that a task takes
        out. `changes` are keys and values beside those of the URL. Raises UsageError, also if URL, arguments and
        changes name different boards, seeds, profiles or boards files.
        """
        parts = _split(port)
        if board is not None and not is_name(board):  # it becomes a part of a URL
            load_board(board, boards)
        if board and parts.netloc and board != parts.netloc:
            raise UsageError(f"{port} is not {option('board', board)}: leave one of them out")
        query = _pairs(parts)
        changes = [*changes]
        named = dict((*query, *changes))
        given = {
            "seed": None if seed is None else str(seed),
            "profile": profile,
            "boards": None if boards is None else str(boards.resolve()),
        }
        for key, value in given.items():
            there = str(Path(named[key]).resolve()) if key == "boards" and key in named else named.get(key)
            if value is not None and there is not None and value != there:
                raise UsageError(f"{port}: {key} = {named[key]!r}, and {key} = {value!r} is given too; give it once")
        wanted = {"seed": "0", "profile": "lab"} | {key: value for key, value in given.items() if value is not None}
        if bias_V:
            wanted["bias_V"] = str(bias_V)
        query += [(key, value) for key, value in wanted.items() if key not in named]
        script = [value for key, value in (*query, *changes) if key == "at" and ":fault=" not in value]
        if removals and script:
            raise UsageError(f"at = {script[0]!r}: the task pulls edges itself; leave it out, or choose another task")
        query += [("at", f"{tick}:remove={edge}") for tick, edge in removals]
        url = urlunsplit((parts.scheme, parts.netloc or board or DEFAULT_BOARD, "", _query(query), ""))
        return cls.parse(url, changes=changes, remedy=BY_OPTION if board else IN_URL)

    def url(self) -> str:
        """Return the URL that parse() reads; what is at its default is left out, but not seed and profile."""
        named = PROFILES[self.profile_name]
        query = [("seed", str(self.seed)), ("profile", self.profile_name)]
        if self.boards:
            query.append(("boards", str(self.boards)))
        query += [(key, repr(value)) for key in NUMBERS if (value := getattr(self.profile, key)) != getattr(named, key)]
        if self.first_tick:
            query.append(("first_tick", str(self.first_tick)))
        if self.clock != "virtual":
            query.append(("clock", self.clock))
        for key, value in (("flash", self.flash), ("uf2", self.uf2), ("holds", "micropython" if self.bare else None)):
            if value is not None:
                query.append((key, str(value)))
        query += [("diode", str(diode)) for diode in self.diodes]
        query += [("pot", pot.text(self.board)) for pot in self.pots]
        if self.ldac is not None:
            query.append(("ldac", place_text(self.ldac)))
        query += [("at", text) for _, text in self._script()]
        query += [("fault", fault.text) for fault in self.faults if not fault.tick]
        return urlunsplit((self.scheme, self.board.name, "", _query(query), ""))

    def plugged(self, diodes: Iterable[Diode]) -> "SimSettings":
        """Return the settings with more diodes. Raises UsageError for one that the board cannot have."""
        diodes = tuple(diodes)
        return dataclasses.replace(self, board=with_diodes(self.board, diodes), diodes=(*self.diodes, *diodes))

    def from_tick(self, tick: int, made: int = 0) -> "SimSettings":
        """Return the settings of a board powered on after `tick` ticks of a run: its script and its drift begin there.

        made: number of ticks that the board before it has made, if more than `tick`; what passes is over after them.
        """
        events = tuple(dataclasses.replace(event, tick=max(0, event.tick - tick)) for event in self.events)
        faults = tuple(
            dataclasses.replace(fault, tick=max(0, fault.tick - tick))
            for fault in self.faults
            if not (fault.passes and fault.tick <= max(tick, made))
        )
        first_tick = self.first_tick + tick if self.profile.drift_K else 0
        return dataclasses.replace(self, events=events, faults=faults, first_tick=first_tick)

    def _script(self) -> list[tuple[int, str]]:
        """Return (tick, text) of everything that happens at a tick; the text is that of a key `at`."""
        script = [(event.tick, event.text(self.board)) for event in self.events]
        return script + [(fault.tick, f"{fault.tick}:fault={fault.text}") for fault in self.faults if fault.tick]

    def check_run(self, ticks: int) -> None:
        """Raise UsageError for settings that do not fit a run of so many ticks."""
        refuse_unused({"first_tick": self.first_tick or None}, {"first_tick": "a run begins at tick 0"})
        self.require_reached(ticks, f"the run has {ticks} ticks, 0 to {ticks - 1}")
        self.profile.require_specified(ticks)

    def require_reached(self, ticks: int, why: str) -> None:
        """Raise UsageError for an event or a fault of the script that `ticks` ticks do not reach, and `why` not."""
        for tick, text in self._script():
            if tick >= ticks:
                refuse_unused({"at": text}, {"at": why})

    @property
    def has_flash(self) -> bool:
        """Whether the board's chip has a flash that firmware is installed on: emu, not sim."""
        return self.scheme == "emu"

    @property
    def pulled(self) -> tuple[tuple[int, int, bool], ...]:
        """(tick, edge, whether it is there from then on) of every event."""
        return tuple((event.tick, event.edge, VERBS[event.verb]) for event in self.events)

    @property
    def unique_id(self) -> bytes:
        """8 bytes: the same for the same board with the same component values, at whichever temperature."""
        numbers = (getattr(self.profile, name) for name in NUMBERS if name not in PASSING)
        key = (self.board.name, self.seed, *numbers, *(pot.text(self.board) for pot in self.pots))
        return hashlib.sha256(repr(key).encode()).digest()[:8]


def _split(url: str) -> SplitResult:
    """Return the parts of a URL. Raises UsageError for one that is none, or has parts that no virtual board uses."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"{url}: {error}; write for example sim://{DEFAULT_BOARD}?seed=1") from None
    for part in (parts.path.removesuffix("/"), parts.fragment):
        if part:
            raise UsageError(f"{url}: nothing uses {part!r}; write for example {parts.scheme}://{DEFAULT_BOARD}?seed=1")
    return parts


def is_ensemble(port: str) -> bool:
    """Whether a port is the ensemble engine, which computes a board: there is nothing to open."""
    return port.startswith(f"{ENSEMBLE}://")


def _board(parts: SplitResult, boards: Path | None, remedy: str) -> Board:
    """Return the board that a URL names. One of auto_board() has no pins: the ensemble engine alone has it."""
    name = parts.netloc or DEFAULT_BOARD
    if parts.scheme == ENSEMBLE and (board := find_auto_board(name)) is not None:
        return board
    board = load_board(name, boards, remedy)
    board.require_ready()
    return board


def _parse_pots(url: str, query: Pairs, board: Board) -> tuple[ExchangedPot, ...]:
    pots = [parse_exchanged(value, board) for key, value in query if key == "pot"]
    places = [(pot.network, pot.edge) for pot in pots]
    for pot in pots:
        if places.count((pot.network, pot.edge)) > 1:
            raise UsageError(f"{url}: pot = {pot.text(board)!r}: another pot is in its place; give it once")
    return tuple(pots)


def _parse_ldac(url: str, text: str | None, board: Board) -> int | None:
    """Return the place of a DAC. Raises UsageError for a board that has no line to its /LDAC."""
    if text is None:
        return None
    if board.dac.ldac is None:
        raise UsageError(f"{url}: ldac = {text!r}: board {board.name} has no line to /LDAC (dac.ldac of boards.toml)")
    if (place := parse_place(text)) not in board.dac.places:
        raise UsageError(f"{url}: ldac = {text!r}: {' or '.join(map(place_text, board.dac.places))}")
    return place


def complete_url(port: str, boards: Path | None) -> str:
    """Return the URL of a virtual port whose board is in a boards.toml of the user's. Raises UsageError."""
    return port if boards is None else SimSettings.complete(port, None, None, None, boards).url()


def script_of(url: str, board: Board) -> list[Event | Fault]:
    """Return what happens to a virtual board by its URL, in the order of ticks. Raises UsageError."""
    return _parse_script(_pairs(_split(url)), board)


def _parse_script(query: Pairs, board: Board) -> list[Event | Fault]:
    query = [*query]
    script = [parse_event(value, board) for key, value in query if key == "at"]
    script += [parse_fault(value, board) for key, value in query if key == "fault"]
    script.sort(key=lambda entry: entry.tick)
    check_changes((entry for entry in script if isinstance(entry, Event)), board)
    return script


def extend_url(url: str, pairs: Pairs) -> str:
    """Return `url` with more keys and values in its query. SimSettings.parse() checks them."""
    return f"{url}{'&' if '?' in url else '?'}{_query(pairs)}"


def with_boards(url: str, boards: Path) -> str:
    """Return `url` with `boards` as its boards file, in the place of the one that it names. Raises UsageError."""
    return with_setting(url, "boards", str(boards.resolve()))


def with_setting(url: str, key: str, value: str) -> str:
    """Return `url` with this value of a key, in the place of the one that it has. Raises UsageError for no URL."""
    parts = _split(url)
    query = [pair for pair in _pairs(parts) if pair[0] != key]
    return urlunsplit(parts._replace(query=_query([*query, (key, value)])))


def _query(pairs: Pairs) -> str:
    """Return keys and values as a URL's query; bytes of a file's name that are not UTF-8 are %xx there."""
    return urlencode([*pairs], safe=":=/>", errors="surrogateescape")


def _pairs(parts: SplitResult) -> list[tuple[str, str]]:
    return parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")


def _check_keys(url: str, scheme: str, query: Pairs) -> None:
    """Raise UsageError for a key that no virtual board of this scheme has, or that has two values."""
    own = OWN_KEYS.get(scheme, OWN_KEYS["sim"])
    known = {"seed", "profile", "boards", "first_tick", "at", "fault", "diode", *NUMBERS, *own}
    first: dict[str, str] = {}
    for key, value in query:
        if key not in known:
            raise UsageError(f"{url}: no setting {key!r}; use {', '.join(sorted(known))}")
        if not value:
            raise UsageError(f"{url}: {key} has no value; give it one, or leave it out")
        if key not in SEVERAL and first.setdefault(key, value) != value:
            raise UsageError(f"{url}: {key} = {first[key]!r} and {key} = {value!r}; give it once")


def _whole(url: str, key: str, text: str) -> int:
    try:
        number = parse_whole(text)
    except ValueError:
        number = -1
    if number < 0:
        raise UsageError(f"{url}: {key} = {text!r}: a whole number, 0 to {MOST_WHOLE}")
    return number


def _choice(url: str, key: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise UsageError(f"{url}: {key} = {value!r}: {' or '.join(choices)}")
    return value
