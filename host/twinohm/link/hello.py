"""A board's reply to HELLO, the first request of a session: its protocol, firmware, wiring and state."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from twinohm.errors import BoardMismatch
from twinohm.model.board import Board
from twinohm.model.firmware_config import config_key
from twinohm.protocol.shared import messages
from twinohm.remedies import Symptom

LONGEST_NAME = 100  # characters of a text in HELLO
MOST_TICKS = 0xFFFF_FFFF  # ticks are counted in 32 bits
CAPABILITIES = ("switch", "compare", "direct", "hold")  # names in `can`


@dataclass(frozen=True)
class Hello:
    """Fields of HELLO, which the firmware sends as one JSON object. `id` is None where the chip has no id."""

    protocol: int
    firmware: str  # hash of the firmware's files
    board: str  # name in boards.toml
    id: str | None  # of the chip, hexadecimal
    boot: int  # random number of this boot
    can: tuple[str, ...]  # capabilities
    nodes: tuple[str, ...]
    edges: int
    taps: tuple[int, ...] | None  # None: not known
    ticks: int
    room: int  # bytes of telemetry that fit in one reply
    config: str | None = None  # key of its configuration; None in firmware before it was said

    @classmethod
    def parse(cls, payload: bytes, where: str) -> "Hello":
        """Read the payload of a reply to HELLO. `where` is the port's name, for errors.

        Raises BoardMismatch if it is of another protocol, or lacks a field, or one has another type.
        """
        try:
            data: dict[str, Any] = messages.unpack_hello_reply(payload)
        except (ValueError, RecursionError):  # nested thousands of times
            data = {}
        if not _is_int(data.get("protocol")):
            raise Symptom.BAD_REPLY.error(where, reason="the reply to HELLO is not one that this host knows")
        if data["protocol"] != messages.PROTOCOL:
            raise Symptom.OTHER_PROTOCOL.error(where, theirs=data["protocol"], ours=messages.PROTOCOL)
        if wrong := [name for name, fits in _FIELDS.items() if not fits(data.get(name))]:
            missing = [name for name in wrong if name not in data]
            parts = {"lacks": missing, "has a wrong": [name for name in wrong if name not in missing]}
            faults = " and ".join(f"{what} {', '.join(fields)}" for what, fields in parts.items() if fields)
            raise Symptom.BAD_REPLY.error(where, reason=f"HELLO {faults}")
        if not 0 <= data["ticks"] <= MOST_TICKS:
            reason = f"the board is at tick {data['ticks']}, which is impossible"
            raise Symptom.BAD_REPLY.error(where, reason=reason)
        fields = {name: data.get(name) for name in ("protocol", *_FIELDS)}
        values: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in fields.items()}
        return cls(**values)

    def check(self, board: Board, where: str) -> None:
        """Check nodes, edges and capabilities against boards.toml. Raises BoardMismatch."""
        can = board.capabilities
        able = (can.opens_switches, can.reads_comparators, can.sets_direction, can.holds_edges)
        expected = {
            "nodes": (self.nodes, board.nodes),
            "edges": (self.edges, board.n_edges),
            "can": (self.can, tuple(name for name, is_able in zip(CAPABILITIES, able, strict=True) if is_able)),
        }
        for key, (theirs, ours) in expected.items():
            if theirs != ours:
                raise BoardMismatch(
                    f"{where}: {key} = {_text(theirs)} on the board, {_text(ours)} for {board.name} in boards.toml; "
                    f"{Symptom.OTHER_TABLES.remedy}"
                )
        if self.config not in (None, config_key(board)):
            raise Symptom.OTHER_TABLES.error(where, board=board.name)

    def check_same(self, before: "Hello", where: str) -> None:
        """Check that the board which sent `before` has sent this one too. Raises OtherBoard with the ids of both.

        A board without an id counts as any of its name.
        """
        if self.board != before.board or None not in (self.id, before.id) and self.id != before.id:
            raise Symptom.OTHER_BOARD.error(where, theirs=self._who(), ours=before._who())

    def _who(self) -> str:
        return f"a {self.board}" + (f" with the id {self.id}" if self.id is not None else "")

    def record(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_NAME and value.isprintable()


def is_id(value: object) -> bool:
    """Return whether a value can be the id of a chip, or of none."""
    return value is None or isinstance(value, str) and re.fullmatch(r"[0-9a-f]{1,64}", value) is not None


def _is_text_or_none(value: object) -> bool:
    return value is None or _is_text(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_FIELDS = {
    "firmware": _is_text,
    "board": _is_text,
    "id": is_id,
    "boot": _is_int,
    "can": _are_texts,
    "nodes": _are_texts,
    "edges": _is_int,
    "taps": lambda value: value is None or isinstance(value, list) and all(map(_is_int, value)),
    "ticks": _is_int,
    "room": _is_int,
    "config": _is_text_or_none,
}
