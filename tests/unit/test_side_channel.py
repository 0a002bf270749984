"""The side channel of a virtual board: each message comes back from its line, any other line is text."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stopwatch import Stopwatch
from twinohm.errors import LinkLost
from twinohm.protocol.side_channel import (
    GroundTruth,
    Message,
    Ready,
    SideChannel,
    TrueTick,
    Violation,
    decode,
    encode,
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
floats = st.lists(numbers, max_size=3).map(tuple)
twins = st.tuples(floats, floats)
truths = st.builds(
    GroundTruth,
    pot_ohm=twins,
    wiper_ohm=twins,
    series_ohm=twins,
    switch_ohm=numbers,
    comparator_offset_V=st.dictionaries(st.sampled_from(["cmp", "sgn"]), floats),
    comparator_noise_V=numbers,
    comparator_bias_V=numbers,
)
ticks = st.builds(TrueTick, tick=st.integers(0), free_V=floats, clamped_V=floats, violations=st.integers(0))
violations = st.builds(Violation, text=st.text(), t_us=st.integers(0))


@given(message=st.one_of(truths, ticks, violations, st.just(Ready())))
def test_a_message_comes_back_from_its_line(message: Message) -> None:
    line = encode(message)
    assert line.count("\n") == 1 and decode(line.encode()) == message


@pytest.mark.parametrize("line", [b"\n", b"Traceback (most recent call last):\n", b"[1]\n", b"{1: 2}\n", b'{"a": 1}\n'])
def test_any_other_line_is_text(line: bytes) -> None:
    assert decode(line) is None


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("pot_ohm", [[1.0]], "pot_ohm has 1 lists; it needs one for each of the two networks"),
        ("wiper_ohm", [[1.0], ["x"]], "wiper_ohm is not a list of numbers"),
        ("switch_ohm", None, "switch_ohm = None is not a number"),
        ("comparator_offset_V", 3, "comparator_offset_V = 3 is not of type dict"),
    ],
)
def test_a_wrong_component_value_is_named(key: str, value: object, words: str) -> None:
    whole = GroundTruth(((1.0,), (2.0,)), ((1.0,), (2.0,)), ((1.0,), (2.0,)), 2.5, {}, 0.005, 0.0)
    record = {name: [list(part) for part in v] if isinstance(v, tuple) else v for name, v in whole.record().items()}
    assert GroundTruth.parse(record) == whole
    with pytest.raises(ValueError, match=words):
        GroundTruth.parse(record | {key: value})


# -- reading from a process ------------------------------------------------------------------------------------------

WHOLE = GroundTruth(((1.0,), (2.0,)), ((1.0,), (2.0,)), ((1.0,), (2.0,)), 2.5, {}, 0.005, 0.0)


def ended(*messages: Message | str) -> SideChannel:
    """The side channel of a process that has sent this and ended; a string is a line that it printed."""
    lines = [message if isinstance(message, str) else encode(message) for message in messages]
    channel = SideChannel(io.BytesIO("".join(lines).encode()))
    assert channel.wait_ready(10) is (Ready() in messages)
    return channel


def test_a_process_that_ends_is_reported_at_once_with_its_last_line() -> None:
    channel = ended("Traceback\n", "MemoryError: no room\n")
    watch = Stopwatch()
    with pytest.raises(LinkLost, match="did not send its component values: MemoryError: no room"):
        channel.truth  # noqa: B018
    with pytest.raises(LinkLost, match="sent true voltages of 0 of 2 ticks: MemoryError: no room"):
        channel.take(2)
    assert watch.free_s() < 5


def test_ticks_are_taken_once_and_in_order() -> None:
    ticks = [TrueTick(k, (1.0,), (2.0,), 0) for k in range(5)]
    channel = ended(WHOLE, Ready())
    assert channel.truth == WHOLE and channel.take_available() == []
    channel = SideChannel(io.BytesIO("".join(map(encode, ticks)).encode()))
    assert channel.take(2) == ticks[:2]
    assert channel.take(1) == ticks[2:3]
    assert channel.wait_ready(10) is False  # all has arrived
    assert channel.take_available() == ticks[3:]
    assert channel.take_available() == []


def test_ticks_that_were_not_taken_can_be_dropped() -> None:
    channel = ended(TrueTick(0, (), (), 0))
    channel.discard()
    assert channel.take_available() == []


def test_violations_are_counted_by_tick_and_by_description() -> None:
    assert ended(Violation("a", 1), Violation("b", 2)).violations == 2
    channel = ended(Violation("a", 1), TrueTick(0, (), (), 7))
    assert (channel.violations, channel.violation_texts) == (7, ["a"])
