"""The side channel of a virtual board: each message comes back from its line, any other line is text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinohm.protocol.side_channel import GroundTruth, Message, Ready, TrueTick, Violation, decode, encode

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
