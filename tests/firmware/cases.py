"""What the firmware must do, on every board. Each case gets a new Rig. run.py runs them, on both Pythons."""

import io
import json
import sys

import machine
from rig import code, is_micropython, learning, on_registers, place_name, raises, record, task


def case_a_tick_obeys_the_rule(rig):
    twin = learning(rig)
    log = record(twin)
    n, nb, n_out = twin.n_edges, twin.n_bytes, len(twin.networks.outputs)
    for _ in range(25):
        before = rig.model_taps()
        twin.tick(log, 0)
        words = [int.from_bytes(log[4 + 4 * n_out + k * nb : 4 + 4 * n_out + (k + 1) * nb], "little") for k in range(4)]
        cmp, sgn, up, moved = words
        assert up == ~(cmp ^ sgn) & ((1 << n) - 1)
        for i, tap in enumerate(rig.model_taps()):
            step = 1 if up >> i & 1 else -1
            expected = before[i] + step
            if moved >> i & 1:
                assert tap == expected
            else:
                assert tap == before[i] and not rig.config["min_tap"] <= expected <= rig.config["pot"]["top_tap"]
        assert list(twin.taps) == rig.model_taps()
    assert rig.faults == [], rig.faults


def case_each_edge_steps_as_its_own_comparators_say(rig):
    """Bits in another order would obey the rule among themselves: only the circuit knows which edge is which."""
    twin = learning(rig)
    log = record(twin)
    n = twin.n_edges
    for _ in range(20):
        before = rig.model_taps()
        twin.tick(log, 0)
        after, rig.circuit.taps = rig.circuit.taps, [before, before]  # as they were when the edges compared
        high = rig.circuit.compare()
        rig.circuit.taps = after
        lowest, top = rig.config["min_tap"], rig.config["pot"]["top_tap"]
        steps = [1 if cmp == sgn else -1 for cmp, sgn in zip(high[:n], high[n:])]
        assert rig.model_taps() == [max(lowest, min(top, tap + step)) for tap, step in zip(before, steps)]


def case_learning_lowers_the_error(rig):
    from twinohm_fw.protocol import messages

    twin = learning(rig)
    log = record(twin)
    errors = []
    while len(errors) < 150 and (not errors or min(errors) * 100 >= errors[0]):
        twin.tick(log, 0)
        ((_, codes, _),) = messages.unpack_records(log, len(twin.networks.outputs), twin.n_edges)
        errors.append(sum([(f - d) ** 2 for f, d in zip(codes, twin.networks.desired)]))
    assert min(errors) * 100 < errors[0], (errors[0], min(errors))


def case_the_clamp_is_eq_1(rig):
    twin = learning(rig)
    for eta in (4096, 2048, 409):
        twin.eta = eta
        twin.networks.nudge()
        for free, clamp, desired in zip(twin.networks.free, twin.networks.clamped, twin.networks.desired):
            exact = free + (desired - free) * eta / 4096
            assert abs(clamp - exact) <= 8.5, (free, clamp, exact)


def case_the_nudge_is_rounded_to_the_nearest_code(rig):
    from array import array

    from twinohm_fw.core.nudge import NudgeTerms, nudge_codes, squared_errors

    gains = array("i", [4096] * 4 + [0] * 4)
    desired, clamped = array("H", [1001, 999, 1003, 200]), array("H", [0] * 4)
    free = array("H", [1000] * 4)  # ADC counts, then codes: every gain is 1
    terms = NudgeTerms(500, 60000)
    terms.n_outputs, terms.eta = 4, 2048
    nudge_codes(gains, desired, free, clamped, terms.words)
    assert list(clamped) == [1001, 1000, 1002, 600]
    assert squared_errors(desired, free, 4, False) == 100 * 100  # of errors / 8
    terms.overclamp = True
    nudge_codes(gains, desired, free, clamped, terms.words)
    assert list(clamped) == [30500, 750, 30500, 750]


def case_a_pair_is_pulled_apart_by_half_of_its_error_each(rig):
    from array import array

    from twinohm_fw.core.nudge import NudgeTerms, nudge_codes, squared_errors

    gains = array("i", [4096] * 4 + [0] * 4)
    desired, clamped = array("H", [32000, 30000, 10000, 20000]), array("H", [0] * 4)
    terms = NudgeTerms(500, 60000)
    terms.n_outputs, terms.eta = 4, 2048

    def clamps(free):
        free = array("H", free)  # ADC counts, then codes: every gain is 1
        nudge_codes(gains, desired, free, clamped, terms.words)
        return list(clamped)

    terms.set_pairs(True, False, 0)
    # Differences wanted: 2000 and -10000. Found: 1000 and -12000.
    assert clamps([3000, 2000, 1000, 3000]) == [3250, 1750, 500, 5000], list(clamped)
    assert not terms.right
    assert squared_errors(desired, array("H", [3000, 2000, 1000, 3000]), 4, True) == 125**2 + 1000**2
    # With the hinge a pair that is right by its target stays; all are right, or the edges step.
    terms.set_pairs(True, True, 0)
    assert clamps([5000, 2000, 1000, 3000]) == [5000, 2000, 500, 5000] and not terms.right
    assert clamps([5000, 2000, 1000, 13000]) == [5000, 2000, 1000, 13000] and terms.right
    assert clamps([2000, 5000, 1000, 13000]) == [3250, 3750, 1000, 13000] and not terms.right  # of the wrong sign
    # By a margin of its own, beyond the target and below it.
    terms.set_pairs(True, True, 3000)
    assert clamps([4999, 2000, 1000, 13000]) == [4749, 2250, 1000, 13000] and not terms.right
    assert clamps([5000, 2000, 1000, 4000]) == [5000, 2000, 1000, 4000] and terms.right
    # The far ends of the range, and the largest eta: no product passes 31 bits.
    terms.set_pairs(True, False, 0)
    terms.eta = 16384
    desired[0], desired[1] = 60000, 500
    assert clamps([500, 60000, 1000, 11000])[:2] == [60000, 500]


def case_the_hinge_holds_all_edges_of_what_is_right(rig):
    from array import array

    from twinohm_fw.protocol import messages

    twin = learning(rig)
    networks = twin.networks
    if len(networks.outputs) % 2:
        return
    log = record(twin)
    networks.nudge()
    free = list(networks.free)
    for right in (True, False, None):  # None: 0 is wanted, which has no sign
        aims = []
        for k in range(0, len(free), 2):
            difference = free[k] - free[k + 1]
            sign = -1 if difference < 0 else 1
            aims += [30000 + sign * {True: 100, False: 20000, None: 0}[right], 30000]
        networks.set_desired(array("H", aims))
        twin.levers.set(32768, 983, 0, 1, "majority", False, False, True, True, 0, (5, 6, 7))
        before = rig.model_taps()
        twin.tick(log, 0)
        ((_, codes, words),) = messages.unpack_records(log, len(networks.outputs), twin.n_edges)
        n = len(networks.outputs)
        if right and min([abs(a - b) for a, b in zip(free[::2], free[1::2])]) > 200:
            assert words[3] == 0 and rig.model_taps() == before
            assert list(codes[n:]) == list(codes[:n])
        elif not right and min([abs(a - b) for a, b in zip(free[::2], free[1::2])]) > 200:
            assert words[3] and rig.model_taps() != before
    twin.levers.off()
    assert rig.faults == [], rig.faults


def case_codes_are_counts_times_gain_rounded(rig):
    twin = learning(rig)
    networks = twin.networks
    for clamped, channels in ((False, networks.free_inputs), (True, networks.clamped_inputs)):
        for node in range(twin.n_nodes):
            if channels[node]:
                adc, channel, gain = channels[node][:3]
                assert networks.read(node, clamped) == (2 * adc.read(channel) * gain + 4096) // 8192
    networks.nudge()
    assert list(networks.free) == [networks.read(node) for node in networks.outputs]


def case_restore_finds_the_taps_from_anywhere(rig):
    twin = learning(rig)
    log = record(twin)
    for _ in range(7):
        twin.tick(log, 0)
    lowest, top = rig.config["min_tap"], rig.config["pot"]["top_tap"]
    wanted = [lowest + (37 * i) % (top + 1 - lowest) for i in range(twin.n_edges)]
    twin.restore(bytes(wanted))
    assert rig.model_taps() == wanted and list(twin.taps) == wanted and twin.ticks == 0
    assert "restore needs" in raises(ValueError, twin.restore, bytes([lowest - 1] * twin.n_edges))
    assert "restore needs" in raises(ValueError, twin.restore, bytes([top + 1] * twin.n_edges))
    assert rig.faults == [], rig.faults


def case_taps_stop_at_the_ends(rig):
    twin = learning(rig)
    log = record(twin)
    lowest = rig.config["min_tap"]
    twin.restore(bytes([lowest] * twin.n_edges))
    for _ in range(20):
        twin.tick(log, 0)
        assert min(rig.model_taps()) >= lowest
    top = rig.config["pot"]["top_tap"]
    twin.restore(bytes([top] * twin.n_edges))
    held = 0
    for _ in range(20):
        before = rig.model_taps()
        twin.tick(log, 0)
        held += sum([a == b == top for a, b in zip(before, rig.model_taps())])
        assert list(twin.taps) == rig.model_taps()
    assert held > 0, "no edge has met the upper end"


def case_a_start_makes_a_driven_board_safe(rig):
    """A soft reset leaves switches closed and pots selected; begin(), which boot.py calls, does not."""
    trained(rig)
    before = rig.model_taps()
    again = rig.twin()
    again.begin()
    assert rig.model_taps() == before
    for network in (0, 1):
        volts = rig.circuit.voltages(network)
        assert max(volts) - min(volts) < 1e-6, volts
    clk = rig.bench.net("GP%d" % rig.config["clk"])
    clk.set(1)
    clk.set(0)
    assert rig.model_taps() == before


def case_importing_and_starting_moves_nothing(rig):
    twin = rig.twin()
    twin.begin()
    if rig.config["pot"]["power_on_tap"] is None:
        assert not twin.known and twin.taps is None
    else:
        assert twin.known and list(twin.taps) == rig.model_taps() == [64] * twin.n_edges
    if rig.config["switches"]:
        assert rig.circuit.drive == [[0.0] * twin.n_nodes] * 2
    else:
        low = rig.circuit.source[0]
        assert rig.circuit.source == [low] * twin.n_nodes


def case_safe_lets_no_current_flow(rig):
    twin = learning(rig)
    twin.tick(record(twin), 0)
    twin.safe()
    for network in (0, 1):
        volts = rig.circuit.voltages(network)
        assert max(volts) - min(volts) < 1e-6, volts
    before = rig.model_taps()
    clk = rig.bench.net("GP%d" % rig.config["clk"])
    clk.set(1)
    clk.set(0)
    assert rig.model_taps() == before, "a pulse on CLK moved a pot of a safe board"


def case_ctrl_c_anywhere_keeps_the_count(rig):
    """Ctrl-C at the n-th pin access of a tick, for every n: the taps are still known and right."""
    if on_registers():
        return  # machine code makes the step, and no Ctrl-C ends it
    from twinohm_fw.drivers import ctrl_c

    real, real_kbd_intr = machine.Pin.__call__, ctrl_c.kbd_intr
    twin = learning(rig)
    log = record(twin)
    left = [-1]
    is_off = [False]

    def kbd_intr(character):
        is_off[0] = character < 0
        if not is_off[0] and left[0] < 0:  # it waited
            left[0] = 0
            raise KeyboardInterrupt

    def interrupted(pin, value=None):
        if left[0] > 0:
            left[0] -= 1
            if left[0] == 0:
                left[0] = -1
                if not is_off[0]:
                    left[0] = 0
                    raise KeyboardInterrupt
        return real(pin, value)

    machine.Pin.__call__, ctrl_c.kbd_intr = interrupted, kbd_intr
    try:
        at = stepped = 0
        while True:
            at += 1
            left[0] = at
            ticks, before = twin.ticks, rig.model_taps()
            try:
                twin.tick(log, 0)
                break
            except KeyboardInterrupt:
                left[0] = 0
                assert twin.known and list(twin.taps) == rig.model_taps(), at
                assert (twin.ticks > ticks) == (rig.model_taps() != before), at
                stepped += twin.ticks > ticks
                twin.safe()
        assert at > 10 and stepped > 0
    finally:
        machine.Pin.__call__, ctrl_c.kbd_intr = real, real_kbd_intr


def case_a_tick_allocates_nothing(rig):
    """With pins and buses that allocate nothing either: the models do. The ADCs see half of their range."""
    if on_registers():
        return  # tests/emulated/test_hot_loop.py has machine code
    import micropython
    import virtual_time

    twin = learning(rig)
    size = len(record(twin))
    log = bytearray(size)
    quiet = Quiet()
    real = [(owner, name, getattr(owner, name)) for owner, name, _ in quiet.stubs(machine, virtual_time)]
    try:
        for owner, name, stub in quiet.stubs(machine, virtual_time):
            setattr(owner, name, stub)
        seeds = (1, 1, 1)
        off, on = (
            (32768, 0, 0, 1, "majority", False, False, False, False, 0, seeds),
            (20000, 983, 2432, 3, "unanimous", True, True, False, False, 0, seeds),
        )
        for levers in (off, on):
            twin.levers.set(*levers)
            for k in range(3):
                twin.eta = 1000 + 1000 * (k & 1)  # every DAC is written
                if k:
                    micropython.heap_lock()
                try:
                    twin.networks.drive_inputs()
                    twin.tick(log, 0)
                finally:
                    if k:
                        micropython.heap_unlock()
    finally:
        for owner, name, method in real:
            setattr(owner, name, method)
    assert twin.ticks == 6 and quiet.writes >= 6


class Quiet:
    """Pins, buses and a clock that do next to nothing."""

    def __init__(self):
        self.writes = 0
        self.us = 0

    def stubs(self, machine, virtual_time):
        quiet = self

        def call(pin, value=None):
            return 0

        def writeto(i2c, address, buffer, stop=True):
            quiet.writes += 1

        def write_readinto(spi, out, into):  # an ADS7953: a channel is named, acquired, and sent
            into[1] = 0
            into[0] = quiet.acquired << 4 | 8
            quiet.acquired = quiet.named
            if out[0] & 0x80:  # or an AD7490, which acquires it at once
                quiet.acquired = out[0] >> 2 & 15
            elif out[0] & 0x10:
                quiet.named = (out[0] & 7) << 1 | out[1] >> 7

        def read_u16(adc):
            return 0x8000

        def ticks_us():
            quiet.us += 7
            return quiet.us

        def sleep_us(us):
            quiet.us += us

        return (
            (machine.Pin, "__call__", call),
            (machine.I2C, "writeto", writeto),
            (machine.SPI, "write_readinto", write_readinto),
            (machine.ADC, "read_u16", read_u16),
            (virtual_time, "ticks_us", ticks_us),
            (virtual_time, "sleep_us", sleep_us),
        )

    named = acquired = 0


def case_counts_survive_a_soft_reset(rig):
    twin = learning(rig)
    log = record(twin)
    for _ in range(5):
        twin.tick(log, 0)
    again = rig.twin()
    if twin.n_edges <= 16:
        assert again.known and again.taps == twin.taps
        rig.bench.memory[rig.registers.TAP_COUNTS[0]] ^= 4
        assert not rig.twin().known, "a damaged count was believed"
    else:
        assert not again.known
    again = rig.twin()
    again.restore(bytes([64] * twin.n_edges))
    assert again.known and list(again.taps) == rig.model_taps()


def trained(rig):
    """A twin that has made five ticks."""
    twin = learning(rig)
    for _ in range(5):
        twin.tick(record(twin), 0)
    return twin


def case_pots_that_may_have_moved_are_not_known_after_any_reset(rig):
    """Not by the twin that moved them, by another one, or after a reset; also where only another twin moved them."""
    twin = trained(rig)
    twin.pots.pulse(0)
    assert not twin.known and not rig.twin().known
    twin = rig.twin()
    twin.restore(bytes([70] * twin.n_edges))
    other = rig.twin()
    other.restore(bytes([60] * twin.n_edges))
    assert other.known and not twin.known
    assert "not known" in raises(OSError, twin.pots.pulse, 1)
    assert list(other.taps) == rig.model_taps()


def case_counts_that_a_reset_lost_are_not_known(rig):
    """RUN clears the registers, and the USB bootloader writes some of them, while the pots keep their taps."""
    trained(rig)
    memory = dict(rig.bench.memory)
    for address in rig.chip.BOOTLOADER_WRITES:
        rig.bench.memory[address] = 0x1234567
    assert not rig.twin().known
    rig.bench.memory.clear()
    rig.bench.memory[rig.registers.CHIP_RESET] = rig.chip.RESETS[0]
    assert not rig.twin().known
    rig.bench.memory.clear()
    rig.bench.memory.update(memory)
    if len(rig.config["edges"]) <= 16:
        assert list(rig.twin().taps) == rig.model_taps()


def case_only_the_first_start_after_power_on_knows_untouched_taps(rig):
    known = rig.config["pot"]["power_on_tap"] is not None
    registers = rig.registers
    power_on = registers.POWER_ON
    others = [{registers.CHIP_RESET: flag} for flag in rig.chip.RESETS]  # RUN, debugger and others
    others += [{registers.CHIP_RESET: power_on | flag} for flag in rig.chip.RESETS]
    others.append({registers.TAP_COUNTS[0]: 0x54574F4D})  # an earlier firmware: lost
    others.append({registers.WATCHDOG_REASON: 2})  # the watchdog has reset the chip: something else may have run
    ignored = {registers.CHIP_RESET: power_on | rig.chip.OTHER_BITS}
    for changes, fresh in [({}, True), (ignored, True)] + [(other, False) for other in others]:
        before = dict(rig.bench.memory)
        rig.bench.memory.update(changes)
        assert rig.twin().known == (known and fresh), changes
        rig.bench.memory.clear()
        rig.bench.memory.update(before)


def case_counts_are_kept_with_a_checksum(rig):
    from array import array

    from twinohm_fw.drivers import tap_store, updown_pots

    for name in ("DIRTY", "COMMITTED", "CHECK"):  # machine code of the pots has its own
        assert getattr(updown_pots, name) == getattr(tap_store, name)
    for n in (2, 4, 8):
        counts = array("I", [0x01020304 * k & 0x7F7F7F7F | 0x40000000 for k in range(2 * n)])
        word = tap_store.commit(counts, n, n)
        assert tap_store.state() == word == tap_store.COMMITTED | tap_store.checksum(counts, n, n)
        kept = tap_store.load(n)
        assert kept is None if n > 4 else list(kept) == list(counts)[n:]
        for place in tap_store.WORDS[:n]:
            rig.bench.memory[place] ^= 1 << 6
            assert tap_store.load(n) is None
            rig.bench.memory[place] ^= 1 << 6


def case_safe_raises_nothing_and_says_what_failed(rig):
    twin = trained(rig)
    assert twin.safe() is None
    devices = dict(rig.bench.i2c)
    twin.networks.apply([code(rig, 2)] * len(twin.networks.inputs))
    rig.bench.i2c.clear()
    failure = twin.safe()
    if rig.config["switches"]:  # RESET opens them
        assert failure is None
    else:
        assert "MCP4728 at 0x60" in str(failure)
    rig.bench.i2c.update(devices)
    assert twin.safe() is None
    for network in (0, 1):
        volts = rig.circuit.voltages(network)
        assert max(volts) - min(volts) < 1e-6, volts


def case_the_lamp_shows_driven_safe_and_failed(rig):
    from twinohm_fw.prompt import Learner

    lamp = rig.bench.net("GP25")
    rig.twin().begin()
    assert (lamp.level, lamp.blinks_hz) == (0, 0)
    twin = learning(rig)
    assert (lamp.level, lamp.blinks_hz) == (1, 0)
    twin.safe()
    assert (lamp.level, lamp.blinks_hz) == (0, 0)
    twin.networks.apply([code(rig, 2)] * len(twin.networks.inputs))
    assert (lamp.level, lamp.blinks_hz) == (1, 0)
    devices = dict(rig.bench.i2c)
    rig.bench.i2c.clear()
    raises(OSError, Learner(twin).train, 1)
    assert lamp.blinks_hz == 10
    rig.bench.i2c.update(devices)
    twin.safe()
    assert lamp.blinks_hz == 10, "a failure shows until nodes are driven again"
    twin.networks.apply([code(rig, 2)] * len(twin.networks.inputs))
    assert (lamp.level, lamp.blinks_hz) == (1, 0)


def case_a_request_that_fails_makes_the_lamp_blink(rig):
    from twinohm_fw.protocol import frames, messages

    lamp = rig.bench.net("GP25")
    _, replies = serve(rig, [frames.encode(messages.HELLO, 1, b""), frames.encode(messages.PLACE, 2, b"nonsense")])
    assert replies[-1][0] == messages.ERROR
    assert lamp.blinks_hz == 10


def case_a_stalled_bus_is_freed_and_the_next_transfer_works(rig):
    """A part that holds SDA in mid-byte, a part that stretches the clock for 30 ms: at every byte of an example."""
    twin = learning(rig)
    lines = rig.bench.i2c_lines[0]
    n = len(twin.networks.inputs)
    for stall in (lambda: lines.hold_sda_for_clocks(9), lambda: lines.stretch_scl(30_000_000)):
        at = 0
        while True:
            lines.act_at_byte(at, stall)
            start = rig.bench.now_ns
            try:
                twin.networks.apply([code(rig, 1 + at % 3)] * n)
                twin.networks.apply([code(rig, 4 - at % 3)] * n)
                if lines._script:
                    break
            except OSError as error:
                assert "does not answer" in str(error)
            assert rig.bench.now_ns - start < 40_000_000
            rig.bench.now_ns += 30_000_000
            twin.networks.apply([code(rig, 2)] * n)
            assert twin.known and list(twin.taps) == rig.model_taps()
            at += 1
        assert at > 4
        lines._script.clear()
    rig.faults.clear()  # frames that were cut off


class DriverCalls:
    """Calls of machine.Pin, I2C, SPI and ADC. The one that `fail` counts down to raises OSError."""

    CALLS = (
        (machine.Pin, "__call__"),
        (machine.I2C, "writeto"),
        (machine.SPI, "write_readinto"),
        (machine.ADC, "read_u16"),
    )

    def __init__(self):
        self.left = -1

    def __enter__(self):
        self._real = [getattr(owner, name) for owner, name in self.CALLS]
        for (owner, name), real in zip(self.CALLS, self._real):
            setattr(owner, name, self._counted(real))
        return self

    def __exit__(self, *_):
        for (owner, name), real in zip(self.CALLS, self._real):
            setattr(owner, name, real)

    def _counted(self, real):
        def call(*arguments, **named):
            self.left -= 1
            if self.left == 0:
                raise OSError("injected")
            return real(*arguments, **named)

        return call


def fail_each_call(rig, twin, act, step=1):
    """Let the n-th call of a driver fail in act(), for every n, or every `step`-th after the first 40.

    No count that the twin knows may be wrong afterwards.
    """
    with DriverCalls() as calls:
        at = 1
        while True:
            calls.left = at
            try:
                act(at)
            except OSError:
                pass
            if calls.left > 0:
                break
            calls.left = -1
            twin.safe()
            assert twin.taps is None or list(twin.taps) == rig.model_taps(), at
            assert not any(pot.stores for pot in rig.pots), at
            if twin.taps is None:
                twin.restore(bytes([64] * twin.n_edges))
            at += 1 if at < 40 else step
    rig.faults.clear()
    return at


def case_an_exception_in_any_driver_call_leaves_no_wrong_counts(rig):
    """In a tick, in homing and while serve() answers."""
    if on_registers():
        return  # machine code makes no such call
    twin = learning(rig)
    log = record(twin)

    def tick(at):
        twin.eta = 1000 + 1000 * (at & 1)  # every DAC is written
        twin.tick(log, 0)

    assert fail_each_call(rig, twin, tick) > 10
    targets = (bytes([50] * twin.n_edges), bytes([70] * twin.n_edges))
    assert fail_each_call(rig, twin, lambda at: twin.restore(targets[at & 1]), 1009) > 100
    lines = requests(rig)
    assert fail_each_call(rig, twin, lambda at: serve(rig, lines, twin), 499) > 100


def case_no_pot_ever_stores_its_tap(rig):
    """Ticks, homing, the self-test and a fresh start: /CS of a pot with an EEPROM rises while CLK is low alone."""
    from twinohm_fw.selftest.self_test import SelfTest

    if rig.config["pot"]["deselect"] == "cs_high":
        return
    twin = learning(rig)
    log = record(twin)
    for _ in range(30):
        twin.tick(log, 0)
    twin.restore(bytes([20 + k for k in range(twin.n_edges)]))
    SelfTest(twin).run()
    rig.twin().safe()
    assert rig.faults == [] and [pot.stores for pot in rig.pots] == [0] * len(rig.pots), rig.faults
    rig.bench.net("GP%d" % rig.config["cs"]["pins"][0]).set(0)
    rig.bench.net("GP%d" % rig.config["clk"]).set(1)  # while it is selected
    rig.bench.net("GP%d" % rig.config["cs"]["pins"][0]).set(1)
    stored = rig.pots[0]
    assert (stored.stores, stored.stored) == (1, stored.tap)
    assert "stored tap %d: /CS rose while CLK was high" % stored.tap in rig.faults[-1], rig.faults


def case_unknown_counts_refuse_to_tick(rig):
    twin = learning(rig)
    twin.pots.pulse(0)
    assert "restore" in raises(OSError, twin.tick, record(twin), 0)


def case_a_missing_part_is_named(rig):
    address = rig.config["dac"]["addresses"][0]
    part = rig.bench.i2c.pop((0, address))
    twin = rig.twin()
    text = raises(OSError, twin.begin)
    assert "MCP4728 at " + place_name(address) in text, text
    rig.bench.i2c[0, address] = part
    twin.begin()


def case_a_dac_takes_an_address_and_the_bus_works_after_it(rig):
    from twinohm_fw.drivers.dac_address import AddressLine

    place = rig.config["dac"]["addresses"][0]
    part, line = rig.bench.i2c[0, place], rig.bench.net("GP26")
    line.listeners.append(lambda level, width: part._ldac.set(level))
    twin = rig.twin()
    address = AddressLine(twin.networks.dacs.bus, 26, place)
    assert address.read() == part.address == 0x60 and address.answers(0x60) and not address.answers(0x65)
    address.write(0x60, 0x65)
    assert address.read() == part.address == 0x65 and address.answers(0x65)
    assert "MCP4728 at " + place_name(place) in raises(OSError, twin.begin)
    raises(OSError, address.write, 0x60, 0x61)
    address.write(0x65, 0x60)
    rig.faults.clear()  # the controller asked for 0x60
    twin.begin()
    twin.networks.apply([code(rig, 2)] * len(twin.networks.inputs))


def case_a_part_that_dies_while_learning_is_named(rig):
    twin = learning(rig)
    address = rig.config["dac"]["addresses"][0]
    del rig.bench.i2c[0, address]
    text = raises(OSError, twin.networks.apply, [code(rig, 2)] * len(twin.networks.inputs))
    assert "MCP4728 at " + place_name(address) in text, text


def case_the_learner_takes_volts_and_names(rig):
    from twinohm_fw.prompt import Learner

    learner = Learner(rig.twin())
    if learner.taps is None:
        learner.home()
    inputs, inputs_V, outputs, desired_V = task(rig.config)
    learner.apply({learner.nodes[node]: volts for node, volts in zip(inputs, inputs_V)})
    learner.nudge({learner.nodes[node]: volts for node, volts in zip(outputs, desired_V)}, eta=0.5)
    learner.train(3)
    learner.tick()
    assert learner.twin.ticks == 4 and learner.taps == rig.model_taps()
    free = learner.measure()
    assert min(free.values()) > -0.01 and max(free.values()) < 5.01, free
    assert "no node" in raises(ValueError, learner.apply, {"Q": 1})
    assert "0..5" in raises(ValueError, learner.apply, {learner.nodes[0]: 6})
    learner.home()
    assert learner.taps == [rig.config["start_tap"]] * len(learner.edges)
    repr(learner)


def serve(rig, lines, twin=None):
    """Frames into serve(), frames out. twin: the one that serves, else a fresh start."""
    from twinohm_fw.protocol import frames
    from twinohm_fw.protocol import server as module

    class Port:
        def __init__(self, buffer):
            self.buffer = buffer

    answers = io.BytesIO()
    twin = twin or rig.twin()
    real = module.sys

    class Sys:
        stdin = Port(io.BytesIO(b"".join([frames.padded(line) for line in lines])))
        stdout = Port(answers)

    module.sys = Sys
    try:
        module.Server(twin).run()
    finally:
        module.sys = real
    replies = [frames.decode(line + b"\n") for line in answers.getvalue().split(b"\n")[:-1]]
    return twin, [(kind, seq, bytes(payload)) for kind, seq, payload in replies]


def example(rig):
    """Codes of the inputs and desired outputs of requests()."""
    _, inputs_V, _, desired_V = task(rig.config)
    return [code(rig, volts) for volts in inputs_V + desired_V]


def requests(rig, ticks=3):
    """HELLO, PLACE, RESTORE, and a TRAIN."""
    from twinohm_fw.protocol import frames, messages

    inputs, _, outputs, _ = task(rig.config)
    train = messages.pack_train(0, ticks, [example(rig)])
    return [
        frames.encode(messages.HELLO, 1, b""),
        frames.encode(messages.PLACE, 2, messages.pack_place(4096, (400, 400), bytes(inputs), bytes(outputs))),
        frames.encode(messages.RESTORE, 3, bytes([64] * len(rig.config["edges"]))),
        frames.encode(messages.TRAIN, 4, train),
    ]


def case_serving_trains_and_ends_with_bye(rig):
    from twinohm_fw.protocol import frames, messages

    twin, replies = serve(
        rig, requests(rig) + [frames.encode(messages.MEASURE, 5, b""), frames.encode(messages.BYE, 6, b"")]
    )
    kinds = [messages.HELLO, messages.PLACE, messages.RESTORE, messages.TRAIN, messages.MEASURE, messages.BYE]
    assert [(kind, seq) for kind, seq, _ in replies] == [(kind | 0x80, i + 1) for i, kind in enumerate(kinds)]
    hello = json.loads(replies[0][2])
    assert hello["board"] == rig.config["board"] and hello["edges"] == twin.n_edges
    first, ticks, records, taps = messages.unpack_train_reply(replies[3][2], len(twin.networks.outputs), twin.n_edges)
    assert (first, ticks) == (0, 3) and twin.ticks == 3
    assert list(taps) == rig.model_taps()
    free, clamped = messages.unpack_measure_reply(replies[4][2], twin.n_nodes)
    assert [code is not None for code in free + clamped] == [
        bool(c) for c in twin.networks.free_inputs + twin.networks.clamped_inputs
    ]
    assert rig.faults == [], rig.faults


def case_a_repeated_request_is_answered_not_repeated(rig):
    lines = requests(rig)
    twin, replies = serve(rig, lines + [lines[-1], lines[-1]])
    assert twin.ticks == 3
    assert replies[3] == replies[4] == replies[5]


def case_a_late_copy_of_an_earlier_request_is_ignored(rig):
    from twinohm_fw.protocol import frames, messages

    lines = requests(rig)
    again = frames.encode(messages.MEASURE, 5, b"")
    twin, replies = serve(rig, [lines[3]] + lines + [again, lines[0], lines[2], again])
    assert [seq for _, seq, _ in replies] == [1, 2, 3, 4, 5, 5]
    assert twin.ticks == 3


def case_two_requests_may_be_in_flight(rig):
    from twinohm_fw.protocol import frames, messages

    lines = requests(rig)
    ahead = frames.encode(messages.TRAIN, 5, messages.pack_train(3, 3, [example(rig)]))
    twin, replies = serve(rig, lines + [ahead, lines[3], ahead, lines[3]])
    assert [seq for _, seq, _ in replies] == [1, 2, 3, 4, 5, 4, 5, 4]
    assert replies[3] == replies[5] == replies[7] and replies[4] == replies[6]
    assert twin.ticks == 6


def case_ticks_begin_where_the_host_thinks(rig):
    from twinohm_fw.protocol import frames, messages

    lines = requests(rig)
    late = messages.pack_train(2, 3, [example(rig)])
    twin, replies = serve(rig, lines + [frames.encode(messages.TRAIN, 5, late)])
    reply = messages.unpack_train_reply(replies[-1][2], len(twin.networks.outputs), twin.n_edges)
    assert reply[:2] == (3, 0) and twin.ticks == 3


def case_the_hot_loop_writes_what_messages_read(rig):
    """read_example() reads what pack_train() packs; a tick's record is that of unpack_records() and pack_record()."""
    from array import array

    from twinohm_fw.core.tick_record import read_example
    from twinohm_fw.protocol import messages

    twin = learning(rig)
    n_in, n_out, n_edges = len(twin.networks.inputs), len(twin.networks.outputs), twin.n_edges
    rows = [[257 * k + row for k in range(n_in + n_out)] for row in (0, 65535 - 257 * (n_in + n_out))]
    payload = messages.pack_train(1, 2, rows)
    first, ticks, starts = messages.unpack_train(payload, n_in + n_out)
    assert (first, ticks, len(starts)) == (1, 2, 2)
    for row, start in zip(rows, starts):
        codes, desired = array("H", [0] * n_in), array("H", [0] * n_out)
        read_example(payload, start, codes, n_in, desired, n_out)
        assert list(codes) + list(desired) == row
    log = record(twin)
    for _ in range(5):
        before = rig.model_taps()
        twin.tick(log, 0)
        ((t_us, codes, words),) = messages.unpack_records(log, n_out, n_edges)
        assert list(codes) == list(twin.networks.free) + list(twin.networks.clamped)
        cmp, sgn, up, moved = words
        assert up == ~(cmp ^ sgn) & ((1 << n_edges) - 1)
        assert moved == sum([(a != b) << i for i, (a, b) in enumerate(zip(before, rig.model_taps()))])
        assert messages.pack_record(
            t_us, list(twin.networks.free), list(twin.networks.clamped), list(words), n_edges
        ) == bytes(log)


def case_garbage_asks_for_a_resend(rig):
    from twinohm_fw.protocol import messages

    lines = requests(rig)
    torn = lines[3][:8] + b"\n"
    flipped = bytes([lines[3][0] ^ 1]) + lines[3][1:]
    twin, replies = serve(rig, lines[:3] + [b"garbage\n", b"\n", torn, flipped, b"\xff\xfe\n"] + lines[3:])
    assert [kind for kind, _, _ in replies[3:7]] == [messages.RESEND] * 4
    assert twin.ticks == 3


def case_bad_requests_are_refused_with_words(rig):
    from twinohm_fw.protocol import frames, messages

    lines = requests(rig)
    n_out = len(task(rig.config)[2])
    too_many = 4096 // messages.record_size(n_out, len(rig.config["edges"])) + 1  # telemetry for 4096 bytes
    bad = [
        frames.encode(99, 4, b""),
        frames.encode(messages.TRAIN, 5, b"\x01"),
        frames.encode(messages.PLACE, 6, messages.pack_place(4096, (400, 400), bytes(9), bytes(9))[:8]),
        frames.encode(messages.RESTORE, 7, b"\x00"),
        frames.encode(messages.TRAIN, 8, messages.pack_train(0, 60000, [])),
        frames.encode(messages.TRAIN, 9, messages.pack_train(0, too_many, [example(rig)])),
    ]
    twin, replies = serve(rig, lines[:3] + bad)
    assert [kind for kind, _, _ in replies[3:]] == [messages.ERROR] * 6
    words = (
        "not of protocol",
        "TRAIN has 1 bytes",
        "PLACE has 8 bytes",
        "RESTORE has 1",
        "TRAIN has 6",
        "4096 at most",
    )
    for word, (_, _, text) in zip(words, replies[3:]):
        assert word in text.decode(), text
    assert twin.ticks == 0


def case_end_of_input_leaves_the_board_safe(rig):
    twin, _ = serve(rig, requests(rig))
    assert not twin.networks.connected
    for network in (0, 1):
        volts = rig.circuit.voltages(network)
        assert max(volts) - min(volts) < 1e-6


def case_silence_makes_the_board_safe(rig):
    from twinohm_fw.protocol.server import Server

    twin = learning(rig)
    server = Server(twin)
    server._idle_since = 0
    rig.bench.now_ns += 4_000_000_000
    server._watch(None)
    assert twin.networks.connected
    rig.bench.now_ns += 2_000_000_000
    server._watch(None)
    assert not twin.networks.connected
    twin.tick(record(twin), 0)  # and it goes on when asked
    assert rig.faults == [], rig.faults


def case_interpreter_is_the_one_asked_for(rig):
    assert is_micropython() == ("micropython" in sys.argv)


def lever_reference(state, n, p, counts, k, vote, whole):
    """What Levers must decide, written from its description: (up, part) as sets of edges."""

    def draw():
        state[0] = 171 * state[0] % 30269
        state[1] = 172 * state[1] % 30307
        state[2] = 170 * state[2] % 30323
        return (state[0] * 32768 // 30269 + state[1] * 32768 // 30307 + state[2] * 32768 // 30323) % 32768

    up = {i for i in range(n) if (2 * counts[i] > k, counts[i] == k, counts[i] > 0)[vote]}
    agreed = {i for i in range(n) if vote != 1 or counts[i] in (0, k)}
    if p >= 32768:
        going = set(range(n))
    elif whole:
        going = set(range(n)) if draw() < p else set()
    else:
        going = {i for i in range(n) if draw() < p}
    return up, going & agreed


def case_levers_decide_as_described(rig):
    from twinohm_fw.core.levers import Levers, isqrt
    from twinohm_fw.core.nudge import NudgeTerms
    from twinohm_fw.protocol import messages

    assert [isqrt(n) for n in (0, 1, 2, 3, 4, 99, 100, 10**9)] == [0, 1, 1, 1, 2, 9, 10, 31622]
    n = len(rig.config["edges"])
    nb = (n + 7) >> 3

    class Comparators:
        """Each edge's CMP changes from reading to reading, in a pattern; SGN is high."""

        words = bytearray(2 * nb)
        taken = 0

        def read(self):
            self.taken += 1
            for i in range(n):
                bit = 1 << (i & 7)
                self.words[i >> 3] &= ~bit & 255
                self.words[nb + (i >> 3)] |= bit
                if (i * 7 + self.taken * (i % 3)) % 5 < 3:
                    self.words[i >> 3] |= bit

    for p, error_full, rms, k, vote, whole in (
        (32768, 0, 0, 5, 0, False),
        (32768, 0, 0, 5, 1, False),
        (32768, 0, 0, 3, 2, False),
        (16384, 0, 0, 1, 0, False),
        (9000, 0, 0, 3, 1, True),
        (32768, 2432, 1000, 5, 1, False),
        (32768, 2432, 8, 1, 0, False),
        (32768, 2432, 60000, 1, 0, True),
    ):
        levers = Levers(n, NudgeTerms(0, 65535))
        levers.set(p, 983, error_full, k, messages.VOTES[vote], False, whole, False, False, 0, (11, 12, 13))
        assert levers.on
        expected_p = min(p, max(983, (4096 * rms // error_full) << 3)) if error_full else p
        state = [11, 12, 13]
        comparators, shadow = Comparators(), Comparators()
        up = bytearray(nb)
        for _ in range(50):
            levers.choose_steps(comparators, up, rms)
            counts = [0] * n
            for _ in range(k):
                shadow.taken = comparators.taken - k + _
                shadow.words = bytearray(2 * nb)
                shadow.read()
                for i in range(n):
                    counts[i] += shadow.words[i >> 3] >> (i & 7) & 1
            wanted = lever_reference(state, n, expected_p, counts, k, vote, whole)
            got = [{i for i in range(n) if word[i >> 3] >> (i & 7) & 1} for word in (up, levers.part)]
            assert got == list(wanted), (p, vote, whole)


def case_levers_hold_edges_and_still_learn(rig):
    from twinohm_fw.protocol import messages

    twin = learning(rig)
    twin.levers.set(16384, 983, 0, 3, "unanimous", False, False, False, False, 0, (5, 6, 7))
    log = record(twin)
    errors, held = [], 0
    while len(errors) < 250 and (len(errors) < 60 or min(errors) * 100 >= errors[0]):
        before = rig.model_taps()
        twin.tick(log, 0)
        held += sum([a == b for a, b in zip(before, rig.model_taps())])
        assert list(twin.taps) == rig.model_taps()
        ((_, codes, _),) = messages.unpack_records(log, len(twin.networks.outputs), twin.n_edges)
        errors.append(sum([(f - d) ** 2 for f, d in zip(codes, twin.networks.desired)]))
    share = held / (len(errors) * twin.n_edges)
    assert 0.3 < share, share
    assert min(errors) * 100 < errors[0]
    twin.levers.off()
    assert not twin.levers.on
    assert rig.faults == [], rig.faults


def case_inferring_moves_no_pot(rig):
    from twinohm_fw.protocol import frames, messages

    lines = requests(rig)
    inputs = [code(rig, volts) for volts in task(rig.config)[1]]
    infer = messages.pack_infer([inputs] * 3)
    twin, replies = serve(
        rig, lines[:3] + [frames.encode(messages.INFER, 4, infer), frames.encode(messages.INFER, 5, b"x")]
    )
    assert replies[3][0] == messages.INFER | 0x80 and replies[4][0] == messages.ERROR
    codes = messages.unpack_infer(replies[3][2], len(twin.networks.outputs))
    assert len(codes) == 3 and codes[0] == codes[1]
    assert rig.model_taps() == [64] * twin.n_edges


def case_the_self_test_finds_nothing_on_a_sound_board(rig):
    from twinohm_fw.selftest.self_test import SelfTest

    twin = rig.twin()
    test = SelfTest(twin)
    assert test.run() == [], test.found
    assert list(twin.taps) == rig.model_taps() == [twin.config["start_tap"]] * twin.n_edges
    assert all(abs(share) < 0.02 for share in test.mismatch if share is not None), test.mismatch
    assert rig.faults == [], rig.faults


def case_the_self_test_names_what_fails(rig):
    from twinohm_fw.selftest.self_test import SelfTest, words

    if len(rig.config["nodes"]) > 9:  # the same, but slow
        return
    twin = rig.twin()
    edge = SelfTest(twin).board.edge(0)
    moved, rig.pots[0]._moved = rig.pots[0]._moved, lambda tap: None
    test = SelfTest(twin)
    (finding,) = [one for one in test.run() if "pot." in one[-1][1]]
    assert finding[-1] == ("dead", "pot.%s.free" % edge), finding
    assert ("pot %s.free never steps" % edge) in words(finding)
    assert twin.taps is None
    rig.pots[0]._moved = moved
    moved(rig.pots[0].tap)
    compare = rig.circuit.compare
    if not rig.config["flip_flops"]:
        rig.circuit.compare = lambda: [1] + compare()[1:]
        assert SelfTest(twin).run()[0][0] == ("high", "CMP." + edge)
        rig.circuit.compare = compare
    address = rig.config["dac"]["addresses"][0]
    del rig.bench.i2c[0, address]
    test = SelfTest(twin)
    assert test.run() == [(("missing", place_name(address)),)] and "nodes" in test.skipped


def case_the_self_test_names_a_dead_multiplexer_alone(rig):
    from twinohm_fw.selftest.self_test import SelfTest, words

    if "mux" not in rig.config["i2c"]:
        return
    twin = rig.twin()
    del rig.bench.i2c[0, 0x70]
    test = SelfTest(twin)
    assert test.run() == [(("missing", "0x70"),)] and "nodes" in test.skipped
    assert words(test.found[0]) == "0x70 does not answer"
    text = raises(OSError, rig.twin().begin)
    assert text.startswith("TCA9548A at 0x70 does not answer"), text


def case_the_self_test_names_the_silent_one_of_several_adcs(rig):
    from twinohm_fw.selftest.self_test import SelfTest

    adcs = [adc for adc in rig.config["adc"] if "name" in adc]
    if not adcs:
        return
    bus = rig.bench.spi[1]
    silent = bus.parts.pop()
    test = SelfTest(rig.twin())
    assert test.run() == [(("silent", "adc." + silent.name),)], test.found


def case_a_multiplexer_that_forgot_its_channel_is_set_again_after_the_error(rig):
    if "mux" not in rig.config["i2c"]:
        return
    twin = learning(rig)
    log = record(twin)
    twin.tick(log, 0)
    rig.bench.i2c_muxes[0].connected = 0  # as after a dip of its supply
    twin.eta = 2048
    assert "MCP4728 at 0x60@1" in raises(OSError, twin.tick, log, 0)
    twin.eta = 1024
    twin.tick(log, 0)
    assert rig.bench.i2c_muxes[0].connected == 1 << 1


def case_corrections_change_what_channels_read(rig):
    from twinohm_fw.protocol import frames, messages

    twin = learning(rig)
    node = twin.networks.outputs[0]
    before = twin.networks.read(node)
    gain = twin.networks.free_inputs[node][2]
    twin.correct([(0, 0)] * twin.n_nodes + [(gain, 2048 + 4096 * 100)] * (2 * twin.n_nodes))
    assert not twin.networks.inputs and not twin.networks.connected
    again = learning(rig)  # a new start has none
    assert again.networks.read(node) == before
    hello = frames.encode(messages.HELLO, 1, b"")
    pairs = [(0, 0)] * twin.n_nodes + [(gain, 2048 + 4096 * 100)] * (2 * twin.n_nodes)
    good = frames.encode(messages.CORRECT, 2, messages.pack_correct(pairs))
    bad = frames.encode(messages.CORRECT, 3, b"123")
    twin, replies = serve(rig, [hello, good, bad])
    assert replies[1][0] == messages.CORRECT | 0x80 and replies[2][0] == messages.ERROR
    assert twin.networks.free_inputs[node][3] == 2048 + 4096 * 100


def case_a_dac_gets_the_corrected_code(rig):
    """Of the code as it was asked for, not of the code rounded to a step."""
    from array import array

    twin = learning(rig)
    networks = twin.networks
    node = networks.inputs[0]
    channel = networks.dac_channels[node]
    nominal = [(0, 0)] * (3 * twin.n_nodes)
    for gain, offset in ((0, 0), (1000, 32768), (-2000, -5 << 20), (16384, 1 << 29), (-16384, -(1 << 29))):
        nominal[node] = (gain, offset)
        twin.correct(nominal)
        for asked in (0, 7, 8, 3201, 40009, 65535):
            codes = array("H", [asked])
            networks.dacs.set(bytes([channel]), codes, 1)
            sent = int.from_bytes(networks.dacs._data[2 * channel : 2 * channel + 2], "big")
            top = min(asked, 65527)
            assert sent == max(0, min((top + ((top * gain + offset) >> 16) + 8) >> 4, 4095)), (gain, offset, asked)
            assert codes[0] == min((asked + 8) >> 4, 4095) << 4
    twin.correct()
    assert not any(networks.dacs.corrections) and not networks.is_corrected
