"""Models of the shift registers by their data sheets (TI SCLS041, SCLS116), without the firmware's drivers.

boards.toml numbers the places of a chain in the order in which their bits are sent or arrive.
"""

from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.parts.hc165 import HC165
from twinohm.sim.parts.hc595 import HC595

BITS = [1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]


def pulse(fixture: Fixture, name: str, level: int = 1) -> None:
    for value in (level, 1 - level):
        fixture.now_ns += 1000
        fixture.net(name).set(value)


def test_the_bit_that_is_sent_first_ends_at_the_first_place() -> None:
    fixture = Fixture()
    outputs = [fixture.net(f"out{k}") for k in range(16)]
    fixture.net("enable", 1)
    HC595(fixture, *(fixture.net(name) for name in ("clock", "data", "latch", "enable")), outputs)
    for bit in [1] * 5 + BITS:  # a chain forgets what was sent before a full train
        fixture.net("data").set(bit)
        pulse(fixture, "clock")
    fixture.net("enable").set(0)
    assert [net.level for net in outputs] == [0] * 16  # not before the latch
    pulse(fixture, "latch")
    assert [net.level for net in outputs] == BITS
    assert fixture.violations == 0


def test_outputs_that_are_not_enabled_follow_their_pull_resistors() -> None:
    fixture = Fixture()
    outputs = [fixture.net(f"out{k}", 1) for k in range(8)]
    fixture.net("enable", 1)
    HC595(fixture, *(fixture.net(name) for name in ("clock", "data", "latch", "enable")), outputs)
    pulse(fixture, "latch")
    assert [net.level for net in outputs] == [1] * 8
    fixture.net("enable").set(0)
    assert [net.level for net in outputs] == [0] * 8
    fixture.net("enable").set(1)
    assert [net.level for net in outputs] == [1] * 8


def test_inputs_arrive_in_the_order_of_their_places_as_they_were_at_the_load() -> None:
    fixture = Fixture()
    inputs = [fixture.net(f"in{k}") for k in range(16)]
    fixture.net("load", 1)
    HC165(fixture, *(fixture.net(name) for name in ("load", "clock", "data")), inputs)
    for net, bit in zip(inputs, BITS, strict=True):
        net.set(bit)
    pulse(fixture, "load", 0)
    for net in inputs:
        net.set(0)
    arrived = []
    for _ in BITS:
        arrived.append(fixture.net("data").level)
        pulse(fixture, "clock")
    assert arrived == BITS
    assert fixture.violations == 0


def test_a_pulse_that_is_too_short_is_a_violation() -> None:
    fixture = Fixture()
    HC595(fixture, *(fixture.net(name) for name in ("clock", "data", "latch", "enable")), [None] * 8)
    for level in (1, 0):
        fixture.net("clock").set(level)
        fixture.now_ns += 58
    assert fixture.violations == 1
