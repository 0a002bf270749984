"""A proxy between a host and a virtual board that damages the bytes between them and kills or unplugs either."""

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import serial

from twinohm.errors import LinkLost
from twinohm.protocol.side_channel import TrueTick

BYTES = ("drop", "duplicate", "reorder", "corrupt", "delay", "truncate")
KINDS = (*BYTES, "close port", "replug", "kill board", "kill host")
WAYS = ("to board", "to host")
AWAY_S = 0.5  # a board that was unplugged
MANY = 1 << 60


@dataclass(frozen=True)
class Fault:
    """One fault of the link: `kind`, one of KINDS, happens once `at` bytes have passed in the direction `way`.

    size: number of bytes concerned; of a delay, milliseconds.
    """

    kind: str
    way: str
    at: int
    size: int


class Way:
    """One direction of the link, and the faults that are still to happen in it, in order."""

    def __init__(self, faults: Sequence[Fault], seed: str, happen: Callable[[Fault], None]) -> None:
        self._faults = sorted(faults, key=lambda fault: fault.at)
        self._random = random.Random(seed)
        self._happen = happen
        self._skip = 0
        self.passed = 0
        self.done: list[str] = []

    def __call__(self, data: bytes) -> bytes:
        """Return what is passed on of `data`. Waits if the fault is a delay."""
        start, self.passed = self.passed, self.passed + len(data)
        while self._faults and self._faults[0].at < self.passed:
            fault = self._faults.pop(0)
            self.done.append(fault.kind)
            at = max(0, min(fault.at - start, len(data)))
            data = self._spoilt(fault, data, at) if fault.kind in BYTES else data
            if fault.kind not in BYTES:
                self._happen(fault)
        skip, self._skip = self._skip, max(0, self._skip - len(data))
        return data[skip:]

    def _spoilt(self, fault: Fault, data: bytes, at: int) -> bytes:
        before, hit, after = data[:at], data[at : at + fault.size], data[at + fault.size :]
        if fault.kind == "drop":
            self._skip += fault.size - len(hit)  # the rest, of what comes next
            return before + after
        if fault.kind == "duplicate":
            return before + hit + hit + after
        if fault.kind == "reorder":
            return before + after[: fault.size] + hit + after[fault.size :] if after else before[::-1] + hit
        if fault.kind == "corrupt":
            return before + bytes(byte ^ self._random.randint(1, 255) for byte in hit) + after
        if fault.kind == "truncate":
            return before
        time.sleep(fault.size / 1000)
        return data


class FaultProxy:
    """Offers a virtual board at `port`, to one host at a time, until close().

    board: the open port of the virtual board; a new one takes its place after "kill board".
    `true_ticks` are the ticks that the side channel reports, of all processes of the board.
    """

    def __init__(self, board: Any, faults: Sequence[Fault], seed: str, kill_host: Callable[[], None]) -> None:
        self._kill_host = kill_host
        self._ways = {
            way: Way([fault for fault in faults if fault.way == way], f"{seed} {way}", self._happen) for way in WAYS
        }
        self._client: socket.socket | None = None
        self._closed = False
        self._away = threading.Lock()  # held while the board is unplugged
        self.true_ticks: list[TrueTick] = []
        self.board = board
        board.side_channel.discard()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.1)
        self.port = f"socket://localhost:{self._server.getsockname()[1]}"
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._serve, self._to_host)]
        for thread in self._threads:
            thread.start()

    @property
    def passed(self) -> dict[str, int]:
        """Number of bytes that have passed, by direction."""
        return {name: way.passed for name, way in self._ways.items()}

    @property
    def done(self) -> list[str]:
        """Kinds of the faults that have happened."""
        return [kind for way in self._ways.values() for kind in way.done]

    def close(self) -> None:
        """End the connection and complete `true_ticks`. The board stays open."""
        self._closed = True
        self._hang_up()
        self._server.close()
        for thread in self._threads:
            thread.join()
        while ticks := self.board.side_channel.take_available():
            self.true_ticks += ticks
            time.sleep(0.1)  # more may be in the pipe

    def _serve(self) -> None:
        """Pass what a host sends on to the board, one host after the other."""
        while not self._closed:
            try:
                client, _ = self._server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            client.settimeout(None)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._away:
                self._client = client
            with client, suppress(OSError, ValueError):  # ValueError: of a port that was closed
                while data := client.recv(4096):
                    self.board.write(self._ways["to board"](data))

    def _to_host(self) -> None:
        while not self._closed:
            try:
                data = self.board.read(max(1, self.board.in_waiting))
            except (OSError, TypeError):
                time.sleep(0.01)  # the board was killed; a new one is being started
                continue
            with suppress(OSError, AttributeError):  # AttributeError: no host is connected
                if data and (data := self._ways["to host"](data)):
                    self._client.sendall(data)  # type: ignore[union-attr]

    def _happen(self, fault: Fault) -> None:
        if fault.kind == "kill host":
            self._kill_host()
        elif fault.kind == "kill board":
            with self._away:
                url = str(self.board.port)
                os.kill(self.board.process_id, signal.SIGKILL)
                self.board.close()
                with suppress(LinkLost):
                    self.board.side_channel.take(MANY)  # waits for the end of the side channel
                self.true_ticks += self.board.side_channel.take_available()
                self.board = serial.serial_for_url(url, timeout=0.05)
                self._hang_up()
        else:
            self._hang_up()
            if fault.kind == "replug":
                with self._away:
                    time.sleep(AWAY_S)

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
