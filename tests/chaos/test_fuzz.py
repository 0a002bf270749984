"""Nobody's bytes: frames, boards files, data files and logs that are damaged end in a clear error and nothing else.

TWINOHM_FUZZ=1000 tries a thousand times as many: 100,000 frames and 10,000 files of each kind.
"""

import io
import json
import os
import random
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from tests.fake_board import PortWithBytes
from twinohm.cli.watch import View
from twinohm.errors import BoardFileError, BoardMismatch, LinkError, TwinOhmError, UsageError
from twinohm.link.board_client import BoardClient
from twinohm.link.port_stream import PortStream
from twinohm.link.request_channel import RequestChannel
from twinohm.link.timeouts import Timeouts
from twinohm.model.board_file import load_boards
from twinohm.paths import boards_file
from twinohm.plot.history import History
from twinohm.protocol.shared import frames, messages
from twinohm.runlog.check import check_run
from twinohm.runlog.export import columns, events
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_summary import log_summary
from twinohm.runlog.plan import plan_run
from twinohm.runlog.resume import plan_resume
from twinohm.runlog.runner import run
from twinohm.runlog.tail import Tail
from twinohm.tasks import find_task
from twinohm.tasks.task_file import load_task

TIMES = int(os.environ.get("TWINOHM_FUZZ", "3"))
FRAMES, FILES = 100 * TIMES, 10 * TIMES
HURRY = Timeouts(resend_s=0.002, tries=2, enter_s=0.02, reopen_s=0.05)
ROLES = {"B": 5.0, "D": 1.0, "I": 0.0}, {"F": 3.0, "G": 3.0, "H": 3.0}


def many(count: int) -> Callable[..., Any]:
    return settings(
        max_examples=count,
        derandomize=TIMES <= 10,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )


edits = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["cut", "copy", "put", "swap"]),
        st.integers(1, 40),
        st.binary(max_size=6)
        | st.sampled_from([b"\n", b'"', b"{", b"]", b"-", b"1e999", b"NaN", b"null", b"=", b",", b"[["]),
    ),
    min_size=1,
    max_size=4,
)


def edited(data: bytes, changes: list[tuple[float, str, int, bytes]]) -> bytes:
    """Return `data` with pieces cut out, doubled, written over or swapped."""
    for place, what, size, put in changes:
        at = int(place * len(data))
        piece, rest = data[at : at + size], data[at + size :]
        data = (
            data[:at]
            + {
                "cut": rest,
                "copy": piece + piece + rest,
                "put": put + rest,
                "swap": rest[:size] + piece + rest[size:],
            }[what]
        )
    return data


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


def replaced(value: Any, draw: random.Random, by: Any) -> Any:
    """Return a JSON value with one value in it replaced by `by`, or removed where that is possible."""
    if not isinstance(value, dict | list) or not value or draw.random() < 0.1:
        return by
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = draw.choice(keys)
    copy = dict(value) if isinstance(value, dict) else list(value)
    if draw.random() < 0.15:
        del copy[key]
    else:
        copy[key] = replaced(value[key], draw, by)
    return copy


def one_line(error: TwinOhmError) -> None:
    assert len(str(error)) > 10 and "\n" not in str(error)


# -- frames to the board -----------------------------------------------------------------------------------------------


def frame_count(board: BoardClient) -> int:
    """Return how many frames to try: fewer on an emulated chip, which takes ten times as long."""
    return FRAMES if board.port_name.startswith("sim") else min(FRAMES, 100)


OFTEN = [messages.PLACE, messages.TRAIN, messages.LEVERS, messages.RESTORE]
requests = st.tuples(
    st.integers(0, 255).filter(lambda kind: kind != messages.BYE) | st.sampled_from(OFTEN),
    st.binary(max_size=40)
    | st.lists(st.integers(0, 8), min_size=6, max_size=6).map(lambda nodes: b"\0\x10d\0d\0\3\3" + bytes(nodes))
    | st.lists(st.integers(0, 65535), min_size=6, max_size=6).map(
        lambda codes: b"\0\0\0\0\5\0" + b"".join(code.to_bytes(2, "little") for code in codes)
    )
    | st.lists(st.integers(0, 140), min_size=16, max_size=16).map(bytes),
)


lines = st.binary(max_size=200) | st.tuples(requests, edits).map(
    lambda x: edited(frames.encode(x[0][0], 9, x[0][1]), x[1])
)


def test_any_request_has_a_reply(lab16: BoardClient) -> None:
    """The board replies to a frame of any type and payload, with that type or with ERROR and a reason."""
    link = lab16._link
    link.serve()

    @many(frame_count(lab16))
    @given(request=requests)
    def answered(request: tuple[int, bytes]) -> None:
        try:
            link.request(*request)
        except LinkError as error:
            assert type(error).__name__ == "BoardError" and str(error)
        assert link.resent == 0

    answered()


def test_the_board_goes_on_after_bytes_that_are_no_frame(lab16: BoardClient) -> None:
    """The next request is answered. Lines have no Ctrl-C, which always interrupts."""
    link = lab16._link
    link.serve()

    @many(frame_count(lab16))
    @given(line=lines)
    def ignored(line: bytes) -> None:
        link.stream.write(re.sub(rb"\x03", b"", line) + b"\n")
        assert link.request(messages.SAFE) == b""

    ignored()


def test_the_board_learns_as_before_after_the_tests_above(lab16: BoardClient) -> None:
    """Whatever the board received before in this module, it now makes the ticks of a fresh one."""
    lab16._link.leave_serve()
    lab16.home()
    lab16.place(*(tuple(roles) for roles in ROLES))
    with BoardClient("sim://lab16?profile=ideal") as fresh:
        fresh.home()
        assert [t.taps for t in lab16.train(40, *ROLES)] == [t.taps for t in fresh.train(40, *ROLES)]


# -- frames to the host ------------------------------------------------------------------------------------------------


@many(FRAMES)
@given(
    lines=st.lists(st.binary(max_size=60) | requests.map(lambda r: frames.encode(r[0], 8, r[1])), max_size=5),
    changes=edits | st.just([]),
)
def test_any_bytes_from_a_board_are_a_reply_or_a_link_error(lines: list[bytes], changes: list[Any]) -> None:
    replies: list[bytes] = []
    channel = RequestChannel(PortStream(PortWithBytes(edited(b"\n".join(lines), changes))), HURRY, seq=7)
    try:
        channel.send(messages.MEASURE, b"", replies.append)
        channel.finish_next()
        assert isinstance(replies[-1], bytes)
    except LinkError as error:
        assert str(error) or type(error).__name__ == "BoardError"


HELLO = {
    "protocol": messages.PROTOCOL, "firmware": "f", "board": "lab16", "boot": 1, "room": 4096, "ticks": 0,
    "can": ["switch", "compare", "direct", "hold"], "nodes": list("ABCDEFGHI"), "edges": 16, "taps": [64] * 16,
}  # fmt: skip


class Talker(PortWithBytes):
    """A board that answers every request with a whole frame whose payload is replies(type of the request)."""

    def __init__(self, replies: Callable[[int], bytes]) -> None:
        super().__init__()
        self._replies = replies

    def write(self, data: bytes, /) -> None:
        if data.endswith(b"\x01"):
            self._unread += b"raw REPL; CTRL-B to exit\r\n>"
        elif data.endswith(b"\x04"):
            self._unread += b"OK"
        elif data.strip(b"\r\x03\x02"):
            kind, seq, _ = frames.decode(data.lstrip(b"\n"))
            self._unread += frames.encode(kind | messages.REPLY, seq, self._replies(kind)) + (
                b"\x04\x04>" if kind == messages.BYE else b""
            )


@pytest.mark.parametrize("ticks", [-1, 1 << 32])
def test_a_board_at_an_impossible_tick_is_refused(ticks: int) -> None:
    talker = Talker(lambda kind: json.dumps(HELLO | {"ticks": ticks}).encode() if kind == messages.HELLO else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twinohm.link.connection.open_port", lambda *_: talker)
        patch.setattr("twinohm.link.connection.hold_port", lambda *_: None)
        with pytest.raises(BoardMismatch, match=f"at tick {ticks}"):
            BoardClient("babble", timeouts=HURRY)


@many(FILES)
@given(seed=st.integers(0), by=values, reply=st.binary(max_size=80))
def test_wrong_replies_of_a_board_end_in_one_line(seed: int, by: Any, reply: bytes) -> None:
    """HELLO has one wrong value, or later replies are of any content and length."""
    draw = random.Random(seed)
    hello = HELLO if draw.random() < 0.3 else replaced(HELLO, draw, by)
    talker = Talker(lambda kind: json.dumps(hello).encode() if kind == messages.HELLO else reply)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twinohm.link.connection.open_port", lambda *_: talker)
        patch.setattr("twinohm.link.connection.hold_port", lambda *_: None)
        try:
            client = BoardClient("babble", timeouts=HURRY)
        except TwinOhmError as error:
            one_line(error)
            return
        for act in (
            lambda: client.place(*(tuple(roles) for roles in ROLES)),
            client.measure,
            lambda: client.infer([[5, 1, 0]]),
            lambda: client.train(3, *ROLES),
        ):
            try:
                act()
            except TwinOhmError as error:
                one_line(error)
        client.close()


# -- files -------------------------------------------------------------------------------------------------------------


@many(FILES)
@given(changes=edits)
def test_a_damaged_boards_file_is_named(changes: list[Any], tmp_path: Path) -> None:
    file = tmp_path / "boards.toml"
    file.write_bytes(edited(boards_file().read_bytes(), changes))
    try:
        load_boards(file)
    except BoardFileError as error:
        one_line(error)
        assert "boards.toml" in str(error)


@many(FILES)
@given(seed=st.integers(0), by=values)
def test_a_boards_file_with_a_strange_value_is_named(seed: int, by: Any, tmp_path: Path) -> None:
    file, draw = tmp_path / "boards.toml", random.Random(seed)
    file.write_text(toml(replaced(tomllib.loads(boards_file().read_text()), draw, by)))
    try:
        load_boards(file)
    except BoardFileError as error:
        one_line(error)


def toml(value: Any) -> str:
    """A TOML file, all tables inline but the outermost."""
    if not isinstance(value, dict):
        return "x = " + _toml(value)
    return "\n".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if value is None:
        return '""'
    return json.dumps(value)


CSV = "in1,in2,out1,set\n" + "".join(
    f"{k % 5},{k / 10:.2f},{k % 3 + 0.5},{'test' if k % 5 == 0 else 'train'}\n" for k in range(20)
)
TOML = """name = "mine"
about = "what it does"
inputs = ["B", "D", "I"]
outputs = ["F"]
eta = 0.5
block = 20
[[examples]]
inputs = [5, 1, 0]
desired = [3.0]
[[examples]]
inputs = [5.0, 2, 0]
desired = [2]
"""


@pytest.mark.parametrize(("name", "text"), [("mine.csv", CSV), ("mine.toml", TOML)])
@many(FILES)
@given(changes=edits)
def test_a_damaged_data_file_is_named(name: str, text: str, changes: list[Any], tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(edited(text.encode(), changes))
    try:
        task = load_task(file)
        plan_run(task)
        for block in task.blocks(50, 0, lambda inputs_V: [(1.0,) * task.n_outputs for _ in inputs_V]):
            assert block.ticks
    except UsageError as error:
        one_line(error)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Return a run whose log has ticks, test sets and most kinds of events."""
    return run(plan_run(find_task("iris"), ticks=35, restore_best=True), tmp_path_factory.mktemp("runs"))


def read_all(path: Path) -> None:
    """Read a run folder with everything that reads one."""
    for read in (
        lambda: list(RunFolder(path).records()),
        lambda: columns(RunFolder(path)),
        lambda: events(RunFolder(path)),
        lambda: log_summary(RunFolder(path)),
        lambda: History.read(RunFolder(path)),
        lambda: plan_resume(RunFolder(path)),
        lambda: plan_resume(RunFolder(path), port="sim://lab16?seed=0&profile=lab"),
        lambda: check_run(RunFolder(path)),
        lambda: watched(path),
    ):
        try:
            read()
        except TwinOhmError as error:
            one_line(error)


def watched(path: Path) -> None:
    view = View(RunFolder(path))
    view.add(Tail(RunFolder(path)).read())
    Console(file=io.StringIO()).print(view)


@many(FILES)
@given(changes=edits, name=st.sampled_from(["ticks.jsonl", "run.json"]))
def test_a_damaged_log_is_named(logged: RunFolder, changes: list[Any], name: str, tmp_path: Path) -> None:
    for file in ("ticks.jsonl", "run.json"):
        data = (logged.path / file).read_bytes()
        (tmp_path / file).write_bytes(edited(data, changes) if file == name else data)
    read_all(tmp_path)


@many(FILES)
@given(seed=st.integers(0), by=values, which=st.sampled_from(["line", "event", "run.json"]))
def test_a_log_with_a_strange_value_is_named(logged: RunFolder, seed: int, by: Any, which: str, tmp_path: Path) -> None:
    draw = random.Random(seed)
    described = json.loads((logged.path / "run.json").read_bytes())
    lines = [json.loads(line) for line in (logged.path / "ticks.jsonl").open()]
    if which == "run.json":
        described = replaced(described, draw, by)
    else:
        at = draw.choice([k for k, line in enumerate(lines) if which == "line" or "event" in line])
        lines[at] = replaced(lines[at], draw, by)
    (tmp_path / "run.json").write_text(json.dumps(described))
    (tmp_path / "ticks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    read_all(tmp_path)
