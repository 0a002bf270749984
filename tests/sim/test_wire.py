"""The protocol at sim:// and emu://: damage on the line costs time, never a tick."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.conftest import Url
from twinohm.errors import BoardError
from twinohm.link.board_client import BoardClient
from twinohm.link.connection import START
from twinohm.link.timeouts import Timeouts
from twinohm.model.levers import Levers
from twinohm.protocol.shared import frames, messages
from twinohm.protocol.telemetry import Tick

INPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}
OUTPUTS = {"F": 3.0, "G": 3.0, "H": 3.0}
ANSWER_S = 10.0


class Line:
    """A port that keeps the whole lines that pass through it, and may damage them."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self._held = b""
        self.sent: list[bytes] = []
        self.heard: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def write(self, data: bytes) -> None:
        self.sent += data.splitlines(keepends=True)
        self._port.write(self.spoilt(data))

    def read(self, size: int) -> bytes:
        """One line, or nothing yet: USB brings a reply in many packets."""
        self._held += self._port.read(size)
        line, newline, rest = self._held.partition(b"\n")
        if not newline:
            return b""
        self._held = rest
        self.heard.append(line + newline)
        return self.spoilt(line + newline)

    def spoilt(self, data: bytes) -> bytes:
        return data


class BadLine(Line):
    """Tears, doubles or loses one line in seven, in both directions."""

    def __init__(self, port: Any, seed: int) -> None:
        super().__init__(port)
        self._random = random.Random(seed)

    def spoilt(self, data: bytes) -> bytes:
        if not data or self._random.random() < 0.85:
            return data
        at = self._random.randrange(len(data))
        return (
            data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :],
            data + data,
            data[:at] + data[at + 1 :],
            b"",
        )[self._random.randrange(4)]


@contextmanager
def through(client: BoardClient, line: Line) -> Iterator[None]:
    """Pass all bytes between host and board through `line`."""
    stream = client._link.stream
    stream.port, whole = line, stream.port  # type: ignore[assignment]
    try:
        yield
    finally:
        stream.port = whole
        stream._received += line._held


def learn(client: BoardClient, ticks: int) -> list[Tick]:
    return client.train(ticks, INPUTS, OUTPUTS)


def frame(kind: int, seq: int, payload: bytes = b"") -> bytes:
    return bytes(frames.padded(frames.encode(kind, seq, payload)))


def ask(client: BoardClient, line: bytes) -> tuple[int, int, bytes]:
    """Return (type, seq, payload) of the first line that the board sends after `line`."""
    client._link.stream.write(line)
    answer = client._link.stream.read_until(b"\n", ANSWER_S)
    assert answer is not None
    found: tuple[int, int, bytes] = frames.decode(answer)
    return found


@contextmanager
def served(client: BoardClient) -> Iterator[None]:
    """Start serve() anew, without a request of the host; Ctrl-C ends it."""
    link = client._link
    link.leave_serve()
    link.repl.start(START, ANSWER_S)
    yield
    link.repl.enter(ANSWER_S)


@pytest.fixture(scope="module")
def wanted() -> list[Tick]:
    """Return the ticks of a board without noise on an undisturbed line."""
    with BoardClient("sim://lab16?profile=ideal") as client:
        client.home()
        return learn(client, 640)


def same(made: list[Tick], wanted: list[Tick]) -> bool:
    """Return whether ticks are the same but for their time."""
    return [(t.free_V, t.up, t.moved, t.taps) for t in made] == [(t.free_V, t.up, t.moved, t.taps) for t in wanted]


def test_every_request_has_its_reply(lab16: BoardClient, wanted: list[Tick]) -> None:
    lab16.home()
    lab16.set_levers(Levers())
    lab16.correct(None)
    lab16.place(tuple(INPUTS), tuple(OUTPUTS))
    lab16.apply(INPUTS)
    free, clamped = lab16.measure()
    assert [free[name] for name in INPUTS] == pytest.approx(list(INPUTS.values()), abs=0.005)
    assert len(free) == len(clamped) == 9
    for row in lab16.infer([list(INPUTS.values())] * 3):
        assert row == pytest.approx([free[name] for name in OUTPUTS], abs=1e-6)
    assert same(learn(lab16, 70), wanted[:70])
    lab16.safe()
    link = lab16._link
    hello = json.loads(link.request(messages.HELLO))
    assert (hello["protocol"], hello["board"], hello["ticks"]) == (messages.PROTOCOL, "lab16", 70)
    assert tuple(hello["taps"]) == lab16.taps and hello["id"] and hello["boot"] == lab16.hello.boot
    assert lab16.side_channel.violations == 0


def test_a_request_that_comes_again_gets_the_kept_reply(lab16: BoardClient, wanted: list[Tick]) -> None:
    lab16.home()
    line = Line(lab16._link.port)
    with through(lab16, line):
        made = learn(lab16, 5)
        for _ in range(3):
            assert ask(lab16, line.sent[-1]) == frames.decode(line.heard[-1])
    assert line.sent[-1] == line.sent[-4] and frames.decode(line.sent[-1])[0] == messages.TRAIN
    assert same(made + learn(lab16, 5), wanted[:10])


def test_a_late_copy_is_ignored(lab16: BoardClient, wanted: list[Tick]) -> None:
    """The board does not reply to it: the first reply is that to the request after it."""
    lab16.home()
    line = Line(lab16._link.port)
    with through(lab16, line):
        made = learn(lab16, 5)
        late = [sent for sent in line.sent if frames.decode(sent)[0] in (messages.PLACE, messages.TRAIN)]
        for _ in range(3):
            lab16.measure()
        assert len(late) >= 1
        assert ask(lab16, b"".join(late) + line.sent[-1])[:2] == (
            messages.MEASURE | messages.REPLY,
            frames.decode(line.sent[-1])[1],
        )
    assert same(made + learn(lab16, 5), wanted[:10])


def test_the_board_asks_again_for_a_line_that_is_no_frame(lab16: BoardClient) -> None:
    lab16.safe()
    line = frames.encode(messages.SAFE, 7, b"abc")
    for junk in (b"x", b"AAAA", line[:9], line[9:-1], line[:4] + line[5:-1], b"\xff\x00\x80"):
        assert ask(lab16, frames.padded(junk + b"\n")) == (messages.RESEND, 0, b""), junk
    empty = b"".join(map(frames.padded, (b"\n", b"\r\n", b"  \n")))
    assert ask(lab16, empty + frames.padded(b"x\n")) == (messages.RESEND, 0, b"")  # empty lines are passed over
    lab16.safe()
    assert lab16._link.stream.pending() == b""


def test_an_impossible_request_is_refused_with_a_reason_and_leaves_the_board_safe(
    lab16: BoardClient, wanted: list[Tick]
) -> None:
    lab16.home()
    made = learn(lab16, 5)
    link = lab16._link
    for kind, payload, words in (
        (99, b"", "request 99"),
        (messages.TRAIN, b"\1", "TRAIN has 1 bytes"),
        (messages.PLACE, bytes(9), "PLACE has 9 bytes, not 8"),
        (messages.RESTORE, bytes(3), "RESTORE has 3 bytes, not 16"),
        (messages.CORRECT, bytes(3), "CORRECT has 3 bytes"),
        (messages.INFER, b"\1", "INFER has 1 bytes"),
        (messages.APPLY, b"\1", "APPLY has 1 bytes, not 6"),
        (messages.LEVERS, b"", "LEVERS has 0 bytes, not 17"),
    ):
        with pytest.raises(BoardError, match=words):
            link.request(kind, payload)
    assert same(made + learn(lab16, 5), wanted[:10])
    with pytest.raises(BoardError, match="request 99"):
        link.request(99)
    assert lab16.exec("learner.twin.networks.connected").strip() == "False"


def test_request_numbers_begin_anywhere_and_wrap_after_65535(lab16: BoardClient) -> None:
    with served(lab16):
        late = [frame(kind, seq) for kind, seq in ((messages.SAFE, 9), (messages.SAFE, 65534))]
        hello = frame(messages.HELLO, 65534)
        assert ask(lab16, b"".join(late) + hello)[:2] == (messages.HELLO | messages.REPLY, 65534)  # HELLO comes first
        for seq in (65535, 1, 2):
            assert ask(lab16, frame(messages.SAFE, seq)) == (messages.SAFE | messages.REPLY, seq, b"")
        for seq in (5, 0, 65534, 65533):  # none of these is the next
            lab16._link.stream.write(frame(messages.SAFE, seq))
        assert ask(lab16, frame(messages.SAFE, 3)) == (messages.SAFE | messages.REPLY, 3, b"")


def test_two_requests_may_be_in_flight(lab16: BoardClient) -> None:
    """They are done in order, and both replies are kept: a request that comes again is not done again."""
    with served(lab16):
        assert ask(lab16, frame(messages.HELLO, 1))[1] == 1
        both = [frame(kind, seq) for kind, seq in ((messages.MEASURE, 2), (messages.SAFE, 3))]
        replies = [ask(lab16, b"".join(both)), ask(lab16, b"")]
        assert [reply[:2] for reply in replies] == [
            (messages.MEASURE | messages.REPLY, 2),
            (messages.SAFE | messages.REPLY, 3),
        ]
        assert [ask(lab16, line) for line in (both[0], both[1], both[0])] == [replies[0], replies[1], replies[0]]


def test_another_host_may_send_hello_to_a_board_that_had_one(lab16: BoardClient) -> None:
    """HELLO may have any seq; later requests are in order. So a host that died after HELLO blocks no other."""
    with served(lab16):
        for seq in (500, 9):
            assert ask(lab16, frame(messages.HELLO, seq))[:2] == (messages.HELLO | messages.REPLY, seq)
        assert ask(lab16, frame(messages.MEASURE, 10))[:2] == (messages.MEASURE | messages.REPLY, 10)


def test_ctrl_c_ends_serve_and_leaves_the_board_safe(lab16: BoardClient) -> None:
    lab16.apply(INPUTS)
    with served(lab16):
        assert ask(lab16, frame(messages.HELLO, 1))[1] == 1
        lab16._link.stream.write(frame(messages.SAFE, 2)[:5] + b"\x03")
        with pytest.raises(BoardError, match="KeyboardInterrupt"):
            lab16._link.repl.finish(ANSWER_S)
        assert lab16._link.repl.exec("print(learner.twin.networks.connected)") == "False\n"


def test_a_bad_line_never_costs_or_doubles_a_tick(board_url: Url, wanted: list[Tick]) -> None:
    url = board_url("lab16", profile="ideal")
    seeds, ticks = (range(3), 640) if url.startswith("sim") else (range(1), 128)
    with BoardClient(url, timeouts=Timeouts(resend_s=0.1, tries=8)) as client:
        for seed in seeds:
            client.home()
            resent = client._link.resent
            with through(client, BadLine(client._link.port, seed)):
                made = learn(client, ticks)
                for _ in range(9):
                    client.measure()
            assert client._link.resent > resent and client.side_channel.violations == 0
            assert same(made, wanted[:ticks])
