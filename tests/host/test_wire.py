"""Frames: whole ones come back, anything else is a ValueError, and a bad line costs time but never a tick."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinohm.firmware import wire
from twinohm.link.patience import Patience
from twinohm.machine import Machine

INPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}
OUTPUTS = {"F": 3.0, "G": 3.0, "H": 3.0}
W: Any = wire()


@given(st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=4000))
def test_what_is_encoded_is_decoded(kind: int, seq: int, payload: bytes) -> None:
    line = W.encode(kind, seq, payload)
    assert W.decode(line) == (kind, seq, payload)
    assert line.endswith(b"\n") and all(32 < byte < 127 for byte in line[:-1])


@given(st.binary(max_size=300))
def test_garbage_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):
        W.decode(line + b"\n")


@given(st.binary(max_size=60), st.data())
def test_a_changed_or_cut_frame_is_refused(payload: bytes, data: st.DataObject) -> None:
    line = bytearray(W.encode(4, 77, payload))
    at = data.draw(st.integers(0, len(line) - 2))
    if data.draw(st.booleans()):
        del line[at : data.draw(st.integers(at + 1, len(line) - 1))]
    else:
        line[at] ^= data.draw(st.integers(1, 255))
    try:
        assert W.decode(bytes(line)) == (4, 77, payload)  # base64 ignores foreign characters and spare bits
    except ValueError:
        pass


class BadLine:
    """A port on which lines are torn, doubled and lost, in both directions."""

    def __init__(self, port: Any, seed: int) -> None:
        self._port = port
        self._random = random.Random(seed)
        self.on = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def _spoil(self, data: bytes) -> bytes:
        if not self.on or not data or self._random.random() < 0.85:
            return data
        kind = self._random.randrange(4)
        at = self._random.randrange(len(data))
        if kind == 0:
            return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
        if kind == 1:
            return data + data
        if kind == 2:
            return data[:at] + data[at + 1 :]
        return b""

    def write(self, data: bytes) -> None:
        self._port.write(self._spoil(data))

    def read(self, size: int) -> bytes:
        return self._spoil(self._port.read(size))


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_line_never_costs_or_doubles_a_tick(seed: int) -> None:
    ticks = []
    for spoiled in (False, True):
        with Machine(
            "sim://lab16?profile=ideal", patience=Patience(resend_s=0.1 if spoiled else 1.0, tries=8)
        ) as machine:
            line = BadLine(machine._link.port, seed)
            machine._link.stream.port = line  # type: ignore[assignment]
            machine.home()
            line.on = spoiled
            ticks.append(machine.train(640, INPUTS, OUTPUTS))
            line.on = False
            assert (machine._link.resent > 0) == spoiled
    assert [tick.taps for tick in ticks[0]] == [tick.taps for tick in ticks[1]]
