"""A board that answers anything, in frames whose checksum is right: every request ends in a result or in a clear error.

TWINOHM_FUZZ=1000 tries a thousand boards for each kind of request, with more than 10,000 answers in all.
"""

import dataclasses
import itertools
import json
import os
import random
import re
import resource
import shutil
import struct
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.chaos.test_fuzz import edited, edits, replaced
from tests.fake_board import FakeBoard, FakePort, framed
from tests.stopwatch import Stopwatch
from tests.tcp_port import port_that
from twinohm.diagnostics.calibrator import calibrate
from twinohm.diagnostics.selftest import selftest
from twinohm.errors import LONGEST, LinkLost, TwinOhmError, UsageError
from twinohm.install import installer
from twinohm.link.board_client import BoardClient
from twinohm.link.timeouts import Timeouts
from twinohm.model.levers import Levers
from twinohm.plain_text import CONTROLS
from twinohm.protocol.shared import frames, messages
from twinohm.runlog.check import check_run
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task

TIMES = int(os.environ.get("TWINOHM_FUZZ", "3"))
BOARDS = max(12, TIMES)  # for each kind of request
FLASHED = max(4, TIMES // 10)  # over TCP, with mpremote's pauses
HURRY = Timeouts(resend_s=0.002, tries=2, enter_s=0.02, reopen_s=0.02, losses=2)
LONGEST_S = 3.0  # of one call
MOST_MB = 300  # that the process may grow by
ROLES = ("B", "D", "I"), ("F", "G", "H")

EVIL = [
    "\x1b]0;owned\x07\x1b[2J", "\u202eabc\u2066", "[red]x[/red][/bold]", "$\\frac{$ _^", "../../../../tmp/owned",
    "%s %n {0} {where}",
    "x" * 200_000, "\x9b31m\r\nTwinOhm: done\x00", "</svg><script>alert(1)</script>", "ImportError: \x1b[31m no module",
]  # fmt: skip
numbers = st.sampled_from([-1, 2**31, 2**64, 10**4000, 1e308, float("nan"), float("inf"), -0.0, 127, 128, 255])
values = st.recursive(
    st.none() | st.booleans() | numbers | st.integers() | st.sampled_from(EVIL) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
texts = st.sampled_from(EVIL).map(lambda text: text.encode(errors="replace")) | st.binary(max_size=60)
distortions = st.one_of(
    st.tuples(st.just("payload"), st.binary(max_size=80) | texts),
    st.tuples(st.just("bits"), st.integers(0, 2**32)),
    st.tuples(st.just("edited"), edits),
    st.tuples(st.just("json"), st.tuples(st.integers(0, 2**32), values)),
    st.tuples(st.just("error"), texts),
    st.tuples(st.just("line"), texts),
    st.tuples(st.just("traceback"), texts),
    st.tuples(st.just("type"), st.integers(0, 255)),
    st.tuples(st.just("seq"), st.integers(0, 0xFFFF)),
    st.tuples(st.just("twice"), st.none()),
    st.tuples(st.just("never"), st.none()),
    st.tuples(st.just("nested"), st.sampled_from([50, 2_000, 50_000])),
    st.tuples(st.just("long"), st.sampled_from([1, 6_000, 300_000])),
)
plans = st.dictionaries(st.integers(0, 12), distortions, min_size=1, max_size=3) | distortions.map(
    lambda always: dict.fromkeys(range(1, 500), always)
)


def distorted(kind: int, seq: int, reply: bytes, what: str, how: Any) -> bytes:
    """Return what a hostile board sends in place of an honest reply."""
    if what == "payload":
        reply = how
    elif what == "bits":
        draw = random.Random(how)
        reply = bytes(byte ^ (draw.getrandbits(8) if draw.random() < 0.3 else 0) for byte in reply)
    elif what == "edited":
        reply = edited(reply, how)
    elif what == "json":
        with suppress(ValueError):
            reply = json.dumps(replaced(json.loads(reply), random.Random(how[0]), how[1])).encode()
    elif what == "nested":
        reply = b'{"protocol":' + b"[" * how
    elif what == "long":
        reply += b"7" * how
    if what == "never":
        return b""
    if what == "line":
        return bytes(how) + b"\n"
    if what == "traceback" or (what == "error" and kind == 0):
        start = b"OK" if kind == 0 else b""
        return start + b"\x04Traceback (most recent call last):\r\n" + bytes(how).replace(b"\x04", b"") + b"\r\n\x04>"
    if kind == 0:
        return framed(kind, seq, reply) * (2 if what == "twice" else 1)
    if what == "error":
        return bytes(frames.encode(messages.ERROR, seq, how))
    if what == "type":
        return bytes(frames.encode(how, seq, reply))
    return framed(kind, how if what == "seq" else seq, reply) * (2 if what == "twice" else 1)


class Hostile(FakeBoard):
    """A board whose answers with these numbers are distorted. It counts what all such boards have sent."""

    total = 0

    def __init__(self, plan: dict[int, tuple[str, Any]]) -> None:
        super().__init__(self._answer)
        self._plan = plan
        self._count = 0

    def _answer(self, kind: int, seq: int, reply: bytes) -> bytes:
        number, self._count = self._count, self._count + 1
        Hostile.total += 1
        if number not in self._plan:
            return framed(kind, seq, reply)
        return distorted(kind, seq, reply, *self._plan[number])


def judge(act: Callable[[], object], longest_s: float = LONGEST_S) -> None:
    """Check that a call returns or raises an error in words, in time."""
    watch = Stopwatch()
    try:
        act()
    except TwinOhmError as error:
        text = str(error)
        assert text.strip() and len(text) <= LONGEST and not re.search(f"[{CONTROLS}]", text), repr(text)
    assert watch.free_s() < longest_s


def train(client: BoardClient) -> None:
    client.place(*ROLES)
    client.restore([4] * 16)
    for _ in range(2):
        client.train(70, dict.fromkeys(ROLES[0], 2.0), dict.fromkeys(ROLES[1], 1.0))


def infer(client: BoardClient) -> None:
    client.place(*ROLES)
    client.infer([[5, 1, 0]] * 40)


def placed(client: BoardClient) -> None:
    client.place(*ROLES)
    client.apply({"B": 1.0, "D": 2.0, "I": 0.0})
    client.set_levers(Levers(), 3)
    client.correct({"E.free": (4000, 0)})
    client.place(*ROLES[::-1], 0.5)
    client.restore([64] * 16)
    client.safe()


def executed(client: BoardClient) -> None:
    client.exec("1 + 1")
    client.measure()
    client.exec("2 + 2")


def reopened(client: BoardClient) -> None:
    client.reset()
    client.reopen()
    client.home()


ACTS: dict[str, Callable[[BoardClient], object]] = {
    "HELLO": lambda client: client.hello.record(),
    "MEASURE": lambda client: [client.measure() for _ in range(4)],
    "INFER": infer,
    "TRAIN": train,
    "PLACE, APPLY, LEVERS, CORRECT, RESTORE": placed,
    "code": executed,
    "self-test": lambda client: [str(finding) for finding in selftest(client).findings],
    "calibration": lambda client: calibrate(client).record(),
    "reset": reopened,
}


@pytest.fixture(autouse=True)
def _fake_ports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWINOHM_DATA", str(tmp_path_factory.mktemp("data")))
    monkeypatch.setattr("twinohm.link.connection.hold_port", lambda *_: None)
    monkeypatch.setattr("twinohm.link.repl.LONGEST_RUN_S", 0.05)
    monkeypatch.setattr("twinohm.link.repl.QUIET_S", 0.02)
    monkeypatch.setattr("twinohm.link.repl.ANSWER_S", 0.05)
    monkeypatch.setattr("twinohm.link.repl.ENTER_S", 0.05)
    monkeypatch.setattr("twinohm.link.port_stream.DRAIN_S", 0.05)


@pytest.fixture(scope="module", autouse=True)
def _memory() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_MB * (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(f"{Hostile.total} answers of hostile boards")


def many(count: int) -> Callable[..., Any]:
    return settings(
        max_examples=count,
        derandomize=TIMES <= 10,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def plugged(board: FakeBoard) -> Iterator[str]:
    """Yield the port of a board in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twinohm.link.connection.open_port", lambda *_: FakePort(board))
        yield FakePort.name


def opened(where: str) -> BoardClient:
    return BoardClient(where, timeouts=HURRY)


@pytest.mark.parametrize("name", ACTS)
def test_whatever_a_board_answers_a_call_ends_in_words(name: str) -> None:
    """The board can be made safe and closed afterwards, and no file is written."""

    @many(BOARDS)
    @given(plan=plans)
    def ends(plan: dict[int, tuple[str, Any]]) -> None:
        clients: list[BoardClient] = []
        with plugged(Hostile(plan)) as where, warnings.catch_warnings():
            warnings.simplefilter("error")
            judge(lambda: clients.append(opened(where)))
            for client in clients:
                judge(lambda client=client: ACTS[name](client))
                judge(client.safe)
                judge(client.close)
        assert not list(Path.cwd().iterdir())

    ends()


def test_whatever_a_board_answers_a_run_is_a_valid_log_or_none() -> None:
    task = find_task("allostery")

    @many(BOARDS)
    @given(plan=plans)
    def ends(plan: dict[int, tuple[str, Any]]) -> None:
        shutil.rmtree("runs", ignore_errors=True)
        with plugged(Hostile(plan)) as where:
            judge(lambda: run(plan_run(task, port=where, ticks=80), Path("runs"), timeouts=HURRY))
        assert {path.name for path in Path.cwd().iterdir()} <= {"runs"}
        folders = list(Path("runs").glob("*"))
        assert len(folders) <= 1
        for folder in folders:
            assert not check_run(RunFolder(folder)).problems

    ends()


def test_whatever_a_board_answers_flash_ends_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over TCP, with mpremote's transport."""
    monkeypatch.setattr(installer, "PROMPT_S", 0.3)
    monkeypatch.setattr(installer, "SILENCE_S", 0.1)
    monkeypatch.setattr(installer, "TIMEOUT_S", 0.1)
    monkeypatch.setattr(installer, "LONGEST_S", 1.0)

    @many(FLASHED)
    @given(plan=plans)
    def ends(plan: dict[int, tuple[str, Any]]) -> None:
        def talk(client: Any) -> None:
            while data := client.recv(8192):
                client.sendall(board.receive(data))

        board = Hostile(plan)
        with port_that(talk) as where:
            judge(lambda: flash(where), 10.0)

    ends()


FINDING = b'[[[["odd", "moon.E"]]], ["a moon"], [], [], null, null]\n'
SHORT = b"[[], [], [], [], [0.1, 0.2], null]\n"
FLAT = [[[1] * 16] * 2]
FEW = json.dumps([[[1] * 16] * 5] * 2 + FLAT).encode()
MANY = json.dumps([[[301] * 16] * 6] * 2 + FLAT).encode()


@pytest.mark.parametrize(
    ("kind", "answer", "act", "words"),
    [
        (
            0,
            FINDING,
            selftest,
            r"\(this host does not know the fault \[\['odd', 'moon.E'\]\]\); put this",
        ),
        (0, SHORT, selftest, r"\(not 16 numbers by edge\); put this host's firmware"),
        (0, FEW, calibrate, r"\(not 6 rows of 16 counts up to 300\); put this host's firmware"),
        (0, MANY, calibrate, r"\(not 6 rows of 16 counts up to 300\); put this host's firmware"),
        (
            messages.MEASURE,
            b"\0\1" * 18,
            calibrate,
            r"channel A\.free reads the same at every voltage: `twinohm",
        ),
        (messages.SAFE, None, BoardClient.safe, "an error without words"),
    ],
)
def test_an_impossible_answer_is_named(kind: int, answer: bytes | None, act: Any, words: str) -> None:
    def distort(asked: int, seq: int, reply: bytes) -> bytes:
        if asked != kind:
            return framed(asked, seq, reply)
        return bytes(frames.encode(messages.ERROR, seq, b" ")) if answer is None else framed(kind, seq, answer)

    with plugged(FakeBoard(distort)) as where:
        with pytest.raises(TwinOhmError, match=words):
            act(opened(where))


def test_a_channel_at_its_top_end_is_read() -> None:
    """Its number is the one that stands for no channel."""

    def top(kind: int, seq: int, reply: bytes) -> bytes:
        return framed(kind, seq, b"\xff" * len(reply) if kind == messages.MEASURE else reply)

    with plugged(FakeBoard(top)) as where:
        free, clamped = opened(where).measure()
    assert list(free) == list(clamped) == list("ABCDEFGHI") and min(free.values()) > 5


def test_a_correction_beyond_32_bits_is_refused() -> None:
    with plugged(FakeBoard()) as where:
        with pytest.raises(UsageError, match=r"adc\['A.free'\] = \(1, 4294967296\): give .* in 32 bits"):
            opened(where).correct({"A.free": (1, 2**32)})


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        (0, b"\x1b[2J\r\n", r"asked for its chip and version, the board printed '\\x1b\[2J"),
        (1, b"(((", r"the board's reply cannot be read"),
        (
            5,
            b"no hash\r\n",
            r"asked for its files, the board printed 'no hash'; the firmware that was there still",
        ),
    ],
)
def test_flash_names_an_impossible_answer(number: int, answer: bytes, words: str) -> None:
    def distort(kind: int, seq: int, reply: bytes) -> bytes:
        return framed(kind, seq, answer if next(numbers) == number else reply)

    def talk(client: Any) -> None:
        while data := client.recv(8192):
            client.sendall(board.receive(data))

    numbers, board = itertools.count(), FakeBoard(distort)
    with port_that(talk) as where, pytest.raises(TwinOhmError, match=words):
        flash(where)


def flash(where: str) -> None:
    with installer.transport(where) as chip:
        installer.has_twinohm(chip)
        installer.install(chip, {"twinohm.files": b"", "main.py": b"print()"}, lambda *_: None)


def test_a_tick_outside_the_pots_is_refused() -> None:
    def distort(kind: int, seq: int, reply: bytes) -> bytes:
        if kind == messages.TRAIN:  # every edge goes down in every tick, from tap 4
            size = messages.record_size(3, 16)
            (count,) = struct.unpack_from("<H", reply, 4)
            records = b"".join(reply[6 + k * size : 6 + (k + 1) * size - 4] + b"\0\0\xff\xff" for k in range(count))
            reply = reply[:6] + records + bytes(16)
        return framed(kind, seq, reply)

    with plugged(FakeBoard(distort)) as where:
        client = opened(where)
        with pytest.raises(TwinOhmError, match=r"moves edge A-B to tap 3, its taps are 4\.\.127"):
            train(client)


@pytest.mark.parametrize("printed", [b"raw REPL; CTRL-B to exit\r\n>", b"IndentationError: unexpected indent\r\n"])
def test_a_board_that_restarts_at_every_train_is_recognised_soon_and_given_up(printed: bytes, tmp_path: Path) -> None:
    def distort(kind: int, seq: int, reply: bytes) -> bytes:
        return printed if kind == messages.TRAIN else framed(kind, seq, reply)

    patient = dataclasses.replace(Timeouts(), losses=3)  # 31 s without a reply
    watch = Stopwatch()
    with plugged(FakeBoard(distort)) as where, pytest.raises(LinkLost) as lost:
        run(plan_run(find_task("allostery"), port=where, ticks=80), tmp_path, timeouts=patient)
    assert "it shows its prompt (3 times in a row, without a new tick)" in str(lost.value)
    assert watch.free_s() < LONGEST_S
