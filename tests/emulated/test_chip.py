"""The emulated chip itself: it boots, keeps time with the host, and its buses and pins behave as copper's."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import twinohm
from tests.conftest import EMULATORS, Url, shared_lab16
from twinohm.diagnostics.dac_address import give_address
from twinohm.errors import BoardError
from twinohm.firmware.sources import firmware_hash
from twinohm.firmware.uf2 import Uf2
from twinohm.link.board_client import BoardClient
from twinohm.link.port_stream import PortStream
from twinohm.link.repl import RawRepl
from twinohm.link.transports import open_port
from twinohm.sim import emulator_fixes as rp2040py_faults

SETUP = "from machine import *; import time; i2c = I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000)\n"
TIMED = """
def timed(do):
    start = time.ticks_us()
    do()
    return time.ticks_diff(time.ticks_us(), start)
"""


@pytest.fixture(scope="module", params=EMULATORS)
def chip(request: pytest.FixtureRequest) -> Iterator[BoardClient]:
    """An open lab16, by the one emulator and then by the other. Tests of this module share it."""
    with shared_lab16(request, request.param) as client:
        yield client


def numbers(machine: BoardClient, code: str) -> list[float]:
    return [float(word) for word in machine.exec(SETUP + TIMED + code).split()]


def test_it_boots_and_says_hello(chip: BoardClient) -> None:
    assert chip.hello.firmware == firmware_hash()
    assert (chip.hello.board, chip.hello.edges, chip.taps) == ("lab16", 16, (64,) * 16)
    assert "RP2040" in chip.exec("import sys; print(sys.implementation._machine)")


def test_the_lamp_is_lit_while_nodes_are_driven_and_blinks_by_pwm_after_a_failure(chip: BoardClient) -> None:
    """IO_BANK0 GPIO25_CTRL selects SIO (5) or PWM (4), and slice 4 then counts: RP2040 datasheet 2.19, 4.5."""
    state = (
        "from machine import mem32; print(mem32[0x400140CC] & 31, mem32[0xD0000010] >> 25 & 1, mem32[0x40050050] & 1)"
    )
    assert chip.exec(state).split()[:2] == ["5", "0"]
    assert chip.exec("learner.apply({'A': 5})\n" + state).split()[:2] == ["5", "1"]
    failing = "try:\n learner.train(0)\nexcept ValueError:\n pass\n"
    assert chip.exec(failing + state).split()[::2] == ["4", "1"]
    assert chip.exec("learner.apply({'A': 5})\n" + state).split()[:2] == ["5", "1"]


def test_the_newest_micropython_boots_and_says_hello(emu_newest: Url) -> None:
    with twinohm.open(emu_newest("lab16")) as machine:
        assert machine.hello.firmware == firmware_hash()
        release = machine.exec("import sys; print('%d.%d' % sys.implementation.version[:2])").strip()
    major, minor = map(int, release.split("."))
    assert (major, minor) > (1, 25)


def test_its_time_keeps_to_the_hosts_while_it_waits(chip: BoardClient) -> None:
    """It never runs ahead; what it lost while the host's cores were busy is not made up, so half is enough."""
    code = "import time; print(time.ticks_ms())"
    before, start = int(chip.exec(code)), time.monotonic()
    time.sleep(2)
    passed_s = (int(chip.exec(code)) - before) / 1000
    assert 1 < passed_s < time.monotonic() - start + 0.1


def test_bytes_take_their_time_on_every_bus(chip: BoardClient) -> None:
    eight, one = numbers(
        chip,
        "f = bytes(8); r = bytearray(1); i2c.writeto(0x60, f)\n"
        "print(timed(lambda: i2c.writeto(0x60, f)), timed(lambda: i2c.readfrom_into(0x48, r)))",
    )
    slow, fast = numbers(
        chip,
        "b = bytearray(1000)\n"
        "for hz in (1_000_000, 4_000_000):\n"
        "    spi = SPI(0, hz, sck=Pin(18), mosi=Pin(19), miso=Pin(16)); print(timed(lambda: spi.write(b)))",
    )
    (adc,) = numbers(chip, "adc = ADC(27); print(timed(adc.read_u16))")
    bit_us = 2.656  # the SDK's counts for 400 kHz give 332 cycles of 8 ns
    assert 83 * bit_us < eight < 83 * bit_us + 60 and 20 * bit_us < one < 20 * bit_us + 60
    assert 8000 < slow < 8240 and 2000 < fast < 2060
    assert 2 <= adc < 30


def test_nobody_at_an_address_is_eio_and_the_bus_goes_on(chip: BoardClient) -> None:
    chip.safe()
    for call in ("i2c.writeto(0x55, b'ab')", "i2c.readfrom(0x55, 1)"):
        with pytest.raises(BoardError, match=r"\[Errno 5\] EIO"):
            chip.exec(SETUP + call)
        assert chip.exec(SETUP + "print(i2c.writeto(0x60, bytes(8)), i2c.readfrom(0x48, 1))") == "8 b'\\x00'\n"


def test_a_driven_pin_reads_what_it_drives(chip: BoardClient) -> None:
    code = "p = Pin(15, Pin.OUT)\nfor level in (1, 0, 1): p(level); print(p())"
    assert numbers(chip, code) == [1, 0, 1]


def test_a_reset_lets_the_pins_float(uf2: Uf2, tmp_path: Path) -> None:
    """ADG715's /RESET has a pull-down: switches that were closed are open after a reset, whatever runs then."""
    port = open_port(f"emu://lab16?flash={tmp_path / 'flash'}&holds=micropython")
    repl = RawRepl(PortStream(port))
    closed = "i2c.writeto(0x48, bytes([255])); print(i2c.readfrom(0x48, 1)[0])"
    repl.enter()
    assert repl.exec(SETUP + "Pin(3, Pin.OUT, value=1)\n" + closed) == "255\n"
    repl.start("import machine; machine.reset()")
    time.sleep(1)
    repl.enter()
    assert repl.exec(SETUP + "print(i2c.readfrom(0x48, 1)[0], reset_cause() == WDT_RESET)") == "0 True\n"
    port.close()


def test_another_release_of_the_emulator_is_refused(uf2: object, monkeypatch: pytest.MonkeyPatch) -> None:
    rp2040py_faults.check_version()
    monkeypatch.setattr(rp2040py_faults, "version", lambda name: "0.3.7")
    with pytest.raises(RuntimeError, match=r"0\.3\.7.*0\.3\.6"):
        rp2040py_faults.check_version()


def test_a_dac_takes_its_address_from_the_chip(emu: Url) -> None:
    """The lines of the bus are moved one by one, /LDAC too, and the bus works after that."""
    with twinohm.open(emu("lab16", ldac="0x61", fault="moved:0x61=0x60")) as client:
        done = give_address(client, 0x61)
        assert (done.was, done.now, done.answering) == (0x60, 0x61, (0x60, 0x61, 0x62))
        client.home()
        client.place(["A", "E"], ["I"])
        free_V, _ = client.measure()
        assert all(volts is not None for volts in free_V.values())
