"""A board of a few lines: it answers every request of the host as the firmware would, and each answer can be distorted.

It serves on a TCP port (tests/tcp_port.py) or as a Port in this process.
"""

import json
import random
import re
from collections.abc import Callable
from typing import Any, NoReturn

from twinohm.diagnostics.calibrator import READINGS, SCALES
from twinohm.link.hello import CAPABILITIES
from twinohm.link.repl import FRIENDLY_PROMPT, PROMPT
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.calibration import nominal_corrections
from twinohm.model.firmware_config import config_key
from twinohm.model.networks import CLAMPED, FREE, channel_name
from twinohm.protocol.port import Port
from twinohm.protocol.shared import frames, messages

Distort = Callable[[int, int, bytes], bytes]  # type of the request, or 0 for code; number; reply -> what is sent


def framed(kind: int, seq: int, reply: bytes) -> bytes:
    """Return what an honest board sends: a frame, or what code has printed and the prompt."""
    if kind == 0:
        return b"OK" + reply + b"\x04\x04>"
    return bytes(frames.encode(kind | messages.REPLY, seq, reply))


def hello_fields(board: Board) -> dict[str, Any]:
    """Return the HELLO of a board that has been homed."""
    can = board.capabilities
    able = (can.opens_switches, can.reads_comparators, can.sets_direction, can.holds_edges)
    return {
        "protocol": messages.PROTOCOL, "firmware": "f", "board": board.name, "id": "e6614c311b", "boot": 1,
        "can": [name for name, is_able in zip(CAPABILITIES, able, strict=True) if is_able], "nodes": list(board.nodes),
        "edges": board.n_edges, "taps": [64] * board.n_edges, "ticks": 0, "room": 4096, "config": config_key(board),
    }  # fmt: skip


class FakeBoard:
    """A board named `name` in boards.toml; `distort` makes what it sends. `answers` counts what it has sent."""

    def __init__(self, distort: Distort = framed, name: str = "lab16") -> None:
        self.board = load_board(name)
        self.answers = 0
        self._distort = distort
        self._draw = random.Random(1)
        self._received = b""
        self._serving = False
        self._n_in = self._n_out = self._tick = 0
        self._taps = [64] * self.board.n_edges
        self._reading = 0
        self._writes: bytes | None = None

    def receive(self, data: bytes) -> bytes:
        """Return the answer to bytes of the host."""
        sent = b""
        self._received += data
        while True:
            if self._serving and b"\x03" in self._received:
                self._serving, self._received = False, self._received[self._received.index(b"\x03") :]
            mark = re.search(rb"\n" if self._serving else rb"[\x01\x02\x04]", self._received)
            if mark is None:
                return sent
            part, self._received = self._received[: mark.start()], self._received[mark.end() :]
            if self._serving:
                sent += self._serve(part)
            elif mark[0] == b"\x04":
                sent += self._run(part.strip(b"\r\x03").decode(errors="replace")) if part.strip(b"\r\x03") else PROMPT
            else:
                sent += PROMPT if mark[0] == b"\x01" else FRIENDLY_PROMPT

    def _send(self, kind: int, seq: int, reply: bytes) -> bytes:
        self.answers += 1
        return self._distort(kind, seq, reply)

    # -- code at the prompt

    def _run(self, code: str) -> bytes:
        if "learner.serve()" in code:
            self._serving = True
            return b"OK"
        return self._send(0, 0, self._output(code).encode())

    def _output(self, code: str) -> str:
        n = self.board.n_edges
        if "SelfTest" in code:
            found = [[["open", "driver.A"]], [["dead", "pot.E-H.free"], ["low", "CMP.E-H"]]]
            return json.dumps([found, ["no current", "no step"], [], [], [0.01] * n, self._taps]) + "\n"
        if "count_highs" in code:
            return json.dumps([[[READINGS // 2 + 9 * scale] * n for scale in SCALES]] * 2) + "\n"
        if "_machine" in code:
            return "micropython\r\nRaspberry Pi Pico with RP2040\r\n1 25\r\n"
        if "print_hashes('')" in code:
            return f"{'0' * 64} main.py\r\n{'1' * 64} mine.py\r\n"
        if "ilistdir" in code and "print(repr(f)" in code:
            return "('twinohm_fw', 16384, 0, 0),"
        return "b''\r\n" if "print(repr(" in code or "r(256)" in code else ""

    # -- requests

    def _serve(self, line: bytes) -> bytes:
        try:
            kind, seq, payload = frames.decode(line + b"\n")
        except ValueError:
            return b""
        reply = self._send(kind, seq, self._reply(kind, bytes(payload)))
        if kind == messages.BYE:
            self._serving = False
            return reply + b"\x04\x04>"
        return reply

    def _reply(self, kind: int, payload: bytes) -> bytes:
        board = self.board
        if kind == messages.HELLO:
            return json.dumps(hello_fields(board) | {"taps": self._taps, "ticks": self._tick}).encode()
        if kind == messages.PLACE:
            _, _, inputs, outputs = messages.unpack_place(payload)
            self._n_in, self._n_out = len(inputs), len(outputs)
        elif kind == messages.RESTORE:
            self._taps, self._tick = list(payload), 0
        elif kind == messages.APPLY:
            self._reading = int(messages.unpack_apply(payload, self._n_in)[0])  # what is driven is read everywhere
        elif kind == messages.MEASURE:
            channels = nominal_corrections(board)
            codes: list[list[int | None]] = [
                [self._reading if channel_name(node, network) in channels else None for node in board.nodes]
                for network in (FREE, CLAMPED)
            ]
            return messages.pack_measure_reply(*codes)
        elif kind == messages.INFER:
            return messages.pack_infer([[30000] * self._n_out] * (len(payload) // (2 * self._n_in)))
        elif kind == messages.TRAIN:
            return self._train(payload)
        return b""

    def _train(self, payload: bytes) -> bytes:
        first, ticks, examples = messages.unpack_train(payload, self._n_in + self._n_out)
        records, n = b"", self.board.n_edges
        for _ in range(ticks * len(examples)):
            up, moved = self._draw.getrandbits(n), 0
            for i, tap in enumerate(self._taps):
                after = tap + (1 if up >> i & 1 else -1)
                if self.board.pots.min_tap <= after <= self.board.pots.top_tap:
                    self._taps[i], moved = after, moved | 1 << i
            self._tick += 1
            codes = [30000] * self._n_out
            records += messages.pack_record(100 * self._tick, codes, codes, [0, 0, up, moved], n)
        head = bytearray(messages.TRAIN_HEAD)
        messages.pack_train_reply_head(head, 0, first, ticks * len(examples))
        return bytes(head) + records + bytes(self._taps)


class PortWithBytes(Port):
    """A port of this process from which `data` can be read; what is written to it is dropped."""

    name = "socket://fake:1"
    is_device = virtual = False
    timeout_factor = 1.0

    def __init__(self, data: bytes = b"") -> None:
        self._unread = bytearray(data)

    @property
    def pyserial(self) -> NoReturn:
        raise AssertionError("no object of pyserial")

    def open(self) -> None:
        pass

    @property
    def in_waiting(self) -> int:
        return len(self._unread)

    def read(self, size: int = 1, /) -> bytes:
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        self._unread.clear()


class FakePort(PortWithBytes):
    """A port of this process with a fake board behind it."""

    def __init__(self, board: FakeBoard) -> None:
        super().__init__()
        self._board = board

    def write(self, data: bytes, /) -> None:
        self._unread += self._board.receive(data)
