"""Ctrl-C on the emulated chip, and a second one 1..4 ms later, in train, home and serve."""

import io
import random
from pathlib import Path

from tests.interrupts import CHIP_SHARE, INTERRUPTS
from twinohm.firmware.sources import firmware_files
from twinohm.firmware.uf2 import Uf2
from twinohm.model.networks import CLAMPED, FREE
from twinohm.protocol.shared import frames, messages
from twinohm.sim.chip import Chip
from twinohm.sim.chip_flash import write_flash
from twinohm.sim.recorder import recorded_fixture
from twinohm.sim.settings import SimSettings

PROMPT = b">>> "
SETUP = (
    "learner.apply({'B': 5, 'D': 1, 'I': 0}); learner.nudge({'F': 3, 'G': 3, 'H': 3}, eta=0.5)",
    "t = lambda: learner.train(3)",
    "h = lambda: learner.restore([62 + k % 5 for k in range(16)])",
    "s = lambda: learner.serve()",
)
LONGEST_MS = {"t": 6, "h": 14, "s": 30}  # from the first key on, with the time that the prompt takes
PATIENCE_MS = 100
STATE, WORDS = 2, (0, 1, 3, 5)  # scratch registers of the state word and of the counts
COMMITTED = 1 << 29


class Prompt:
    """The prompt of a chip with lab16 around it, and the true taps."""

    def __init__(self, uf2: Uf2, folder: Path) -> None:
        settings = SimSettings.parse("emu://lab16?profile=ideal")
        write_flash(folder / "flash", uf2, firmware_files(settings.board))
        fixture, recorder = recorded_fixture(settings, io.StringIO())
        self.twins = recorder.twins
        self.said = bytearray()
        self.chip = Chip(fixture, (folder / "flash").read_bytes(), self.said.extend, lambda at, data: None)
        self._keys = [self.chip.clock.create_alarm(lambda: self.chip.send(b"\x03")) for _ in range(2)]
        self._wait(20_000)

    def run(self, line: str) -> str:
        """Type a line. Return what it prints."""
        self.said.clear()
        self.chip.send(line.encode() + b"\r")
        self._wait(2000)
        return self.said.decode().split("\r\n", 1)[1].removesuffix(PROMPT.decode())

    def interrupt(self, name: str, input: bytes, first_ms: float, second_ms: float) -> bool:
        """Type a call and then bytes for it; type Ctrl-C twice meanwhile. Return whether it raised something."""
        self.said.clear()
        self.chip.send(name.encode() + b"()\r")
        for alarm, ms in zip(self._keys, (first_ms, first_ms + second_ms), strict=True):
            alarm.schedule(ms * 1e6)
        if input:
            self.chip.send(input)
        self._run_for(first_ms + second_ms + 1)
        while not self._wait(PATIENCE_MS, required=False):  # it came while the firmware had Ctrl-C off
            self.chip.send(b"\x03")
        self._run_for(2)
        raised = b"Traceback" in self.said
        self.said.clear()
        self.chip.send(b"\x03")  # bytes that were left for serve()
        self._wait(PATIENCE_MS)
        return raised

    def _run_for(self, ms: float) -> None:
        end = self.chip.clock.nanos + ms * 1e6
        while self.chip.clock.nanos < end:
            self.chip.run()

    def _wait(self, ms: float, required: bool = True) -> bool:
        """Run until the prompt is there. Return whether it came within `ms` of the chip's time."""
        end = self.chip.clock.nanos + ms * 1e6
        while not self.said.endswith(PROMPT):
            if self.chip.clock.nanos > end:
                assert not required, self.said.decode(errors="replace")
                return False
            self.chip.run()
        return True

    def true_taps(self) -> list[int]:
        free, clamped = (self.twins.taps[network].tolist() for network in (FREE, CLAMPED))
        assert free == clamped
        return [int(tap) for tap in free]

    def kept_taps(self) -> list[int] | None:
        """Return the taps that a start of the firmware would take for known."""
        registers = self.chip.mcu.watchdog.scratch_data
        check = 0
        for k in WORDS:
            check = (check * 31 + registers[k]) & (COMMITTED - 1)
        if registers[STATE] != COMMITTED | check:
            return None
        return [registers[k] >> 8 * byte & 127 for k in WORDS for byte in range(4)]


def requests() -> bytes:
    """Return HELLO, PLACE and a TRAIN of three ticks, as the host sends them."""
    roles = bytes([1, 3, 8]), bytes([5, 6, 7])
    lines = [
        frames.encode(messages.HELLO, 1, b""),
        frames.encode(messages.PLACE, 2, messages.pack_place(2000, (400, 400), *roles)),
        frames.encode(messages.RESTORE, 3, bytes([64] * 16)),
        frames.encode(messages.TRAIN, 4, messages.pack_train(0, 3, [[60000, 20000, 10000, 30000, 30000, 30000]])),
    ]
    return b"".join(frames.padded(line) for line in lines)


def test_no_interrupt_leaves_wrong_counts_on_the_chip(uf2: Uf2, tmp_path: Path) -> None:
    draw = random.Random(1)
    prompt = Prompt(uf2, tmp_path)
    for line in SETUP:
        assert "Traceback" not in prompt.run(line)
    known = 0
    for k in range(round(CHIP_SHARE * INTERRUPTS) // 2):  # two each
        name = draw.choice("tths")
        raised = prompt.interrupt(
            name, requests() if name == "s" else b"", draw.uniform(0.3, LONGEST_MS[name]), draw.uniform(1, 4)
        )
        true = prompt.true_taps()
        assert prompt.kept_taps() in (None, true), f"{name}, number {k}"
        if raised:
            assert not prompt.twins._drive_S.any(), f"{name}, number {k}: switches are closed"
        told = prompt.run("print(learner.taps)").strip()
        assert told in ("None", str(true)), f"{name}, number {k}"
        known += told != "None"
        if told == "None":
            assert "Traceback" not in prompt.run("learner.home()")
            assert prompt.true_taps() == prompt.kept_taps() == [64] * 16
    print(f"taps known after {known}")  # pytest -s
    assert known > k / 4


def test_a_reset_by_run_leaves_no_known_counts(uf2: Uf2, tmp_path: Path) -> None:
    prompt = Prompt(uf2, tmp_path)
    for name in ("t", "h"):
        for line in SETUP:
            prompt.run(line)
        prompt.chip.send(name.encode() + b"()\r")
        prompt._run_for(4)
        prompt.chip._pull_run()
        prompt.chip.run()
        assert prompt.true_taps() != [64] * 16 and prompt.kept_taps() is None
        prompt.said.clear()
        prompt._wait(20_000)
        assert prompt.run("learner.taps") == ""
        prompt.run("learner.home()")
        assert prompt.run("print(learner.taps)").strip() == str([64] * 16) == str(prompt.true_taps())
