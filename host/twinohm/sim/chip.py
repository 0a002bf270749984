"""An RP2040 emulated by rp2040py, in a fixture; the chip's clock is the fixture's.

Registers: RP2040 datasheet 4.3 (I2C), 4.4 (SPI), 4.9 (ADC).
"""

from collections.abc import Callable
from typing import Any

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.memory_map import FLASH_START_ADDRESS
from rp2040py.simulator import Simulator
from rp2040py.usb.cdc import USBCDC
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from twinohm.sim import emulator_fixes as fixes
from twinohm.sim.chip_connections import ChipConnections
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.parts.i2c_lines import NEVER_NS

CYCLE_NS = 8.0
PIO_CTRL = 0x000  # 3.7
GRAIN_NS = 40  # the emulator reports a state machine's edge when the processor's present instruction ends
SLICE_NS = 2_000_000
LEVELS = {GPIOPinState.LOW: 0, GPIOPinState.HIGH: 1}
SPI_CLOCK_HZ = 48_000_000  # set_sys_clock_khz() in ports/rp2/main.c leaves clk_peri so; rp2040py has clk_sys there


class Chip:
    """The chip, powered on in `fixture`.

    flash: content of its flash. output: called with the bytes that it sends over USB. changed: called with the address
    in the flash and the bytes of each erasure and each page that it writes.
    """

    def __init__(
        self, fixture: Fixture, flash: bytes, output: Callable[[bytes], None], changed: Callable[[int, bytes], None]
    ) -> None:
        fixes.check_version()
        fixture.grain_ns = GRAIN_NS
        self._simulator = Simulator()
        self._simulator.stopped = False
        self.mcu: Any = self._simulator.rp2040  # compiled: its types know less than its attributes
        self.mcu.load_bootrom(BOOTROM_B1)
        self.mcu.logger = ConsoleLogger(LogLevel.ERROR)
        self.mcu.flash[: len(flash)] = flash
        self.clock = self.mcu.clock
        self.mcu.clk_peri = SPI_CLOCK_HZ
        cdc = USBCDC(self.mcu.usb_ctrl)
        cdc.on_serial_data = lambda data: output(bytes(data))
        self._usb = fixes.HostSide(cdc, self.mcu)
        self._slice_end = self.clock.create_alarm(self._pause)
        self.connections = ChipConnections(fixture, lambda: self.clock.nanos, self._set_input)
        fixes.call_on_flash_change(self.mcu, lambda at, size: changed(at, bytes(self.mcu.flash[at : at + size])))
        self._connect_pins()
        self._i2c = [_I2C(self, bus) for bus in range(2)]
        self._spi = [_SPI(self, bus) for bus in range(2)]
        self._connect_adc()
        fixes.call_on_reset(self.mcu, self._reset)
        fixes.reset_blocks(
            self.mcu, {bit: self._i2c[bus].reset for bus, bit in enumerate((fixes.RESET_I2C0, fixes.RESET_I2C1))}
        )
        self._run_pulled = False
        fixture.pull_run = self._pull_run
        fixture.stop_state_machines = self._stop_state_machines
        self.mcu.core.pc = FLASH_START_ADDRESS

    @property
    def now_ns(self) -> float:
        """The chip's time since power-on."""
        return float(self.clock.nanos)

    def send(self, data: bytes) -> None:
        """Send bytes over USB."""
        self._usb.send(data)

    def run(self) -> None:
        """Go on for SLICE_NS of the chip's time, or for some 5 ms of wall time."""
        self._slice_end.schedule(SLICE_NS)
        self._simulator.stopped = False
        execute_batch(self._simulator, 1)
        if self._run_pulled:
            self._run_pulled = False
            fixes.reset_by_run(self.mcu)

    def _pause(self) -> None:
        """End run() after the present instruction."""
        self._simulator.stopped = True

    def _pull_run(self) -> None:
        """Reset the chip after the present instruction."""
        self._run_pulled = True
        self._pause()

    def _stop_state_machines(self) -> None:
        for pio in self.mcu.pio:
            pio.write_uint32(PIO_CTRL, 0)

    # -- pins and converter --------------------------------------------------------------------------------------

    def _connect_pins(self) -> None:
        self._drivers = {pin: self._driver(pin) for pin in self.connections.pins}
        for pin, changed in self._drivers.items():
            self.mcu.gpio[pin].add_listener(changed)
        fixes.correct_pin_reads(self.mcu, self.connections.refresh_inputs)

    def _driver(self, pin: int) -> Callable[[GPIOPinState, GPIOPinState | None], None]:
        return lambda state, before: self.connections.drive(pin, LEVELS.get(state))

    def _set_input(self, pin: int, level: int) -> None:
        self.mcu.gpio[pin].set_input_value(level)

    def _reset(self) -> None:
        for pin, changed in self._drivers.items():
            changed(self.mcu.gpio[pin].value, None)
        for alarm in [bus.alarm for bus in self._i2c] + [bus.alarm for bus in self._spi]:
            alarm.cancel()

    def _connect_adc(self) -> None:
        adc = self.mcu.adc
        convert = adc.on_adc_read

        def sample(channel: int) -> None:
            count = self.connections.sample(channel)
            if count is not None:
                adc.channel_values[channel] = count
            convert(channel)  # its result is ready 2 us later

        adc.on_adc_read = sample


class _I2C:
    """One controller as a bus master: starts, bytes and stops take their time on the wire, then the part answers."""

    def __init__(self, chip: Chip, bus: int) -> None:
        self._connections = chip.connections
        self._bus = bus
        self._controller = i2c = chip.mcu.i2c[bus]
        self._then: Callable[[], None] = i2c.complete_stop
        self.alarm = chip.clock.create_alarm(lambda: self._then())
        fixes.delay_tx_empty(i2c)
        fixes.accept_odd_spike_length(i2c)
        i2c.on_start, i2c.on_connect, i2c.on_stop = self._start, self._connect, self._stop
        i2c.on_write_byte, i2c.on_read_byte = self._write, self._read

    def _call_after(self, bits: int, then: Callable[[], None]) -> None:
        """Call `then` after so many bits. SCL is high for HCNT + SPKLEN + 7 cycles, low for LCNT + 1 (4.3.14.1)."""
        i2c = self._controller
        cycles = i2c.scl_high_period + i2c._spikelen + 7 + i2c.scl_low_period + 1
        self._then = then
        held_ns = self._connections.begin_byte(self._bus) if bits > 1 else 0
        if held_ns < NEVER_NS:
            self.alarm.schedule(held_ns + bits * cycles * CYCLE_NS)

    def reset(self) -> None:
        """Reset the controller: its transfer is cut off."""
        self.alarm.cancel()
        self._connections.cut_off(self._bus)
        self._controller.reset()

    def _start(self, repeated: bool) -> None:
        self._call_after(1, self._controller.complete_start)

    def _connect(self, address: int, mode: int) -> None:
        def connected() -> None:
            self._controller.complete_connect(self._connections.address(self._bus, address, bool(mode)))

        self._call_after(9, connected)

    def _write(self, value: int) -> None:
        self._call_after(9, lambda: self._controller.complete_write(self._connections.write(self._bus, value)))

    def _read(self, acknowledge: bool) -> None:
        self._call_after(9, lambda: self._controller.complete_read(self._connections.read(self._bus)))

    def _stop(self) -> None:
        def stopped() -> None:
            self._connections.stop(self._bus)
            self._controller.complete_stop()

        self._call_after(1, stopped)


class _SPI:
    """One controller as a bus master."""

    def __init__(self, chip: Chip, bus: int) -> None:
        self._connections = chip.connections
        self._bus = bus
        self._controller = spi = chip.mcu.spi[bus]
        self._answer = 0
        self.alarm = chip.clock.create_alarm(lambda: spi.complete_transmit(self._answer))
        spi.on_transmit = self._transmit

    def _transmit(self, value: int) -> None:
        spi = self._controller
        bits, hz = spi.data_bits, spi.clock_frequency
        polarity, phase = spi._control0 >> 6 & 1, spi._control0 >> 7 & 1  # SSPCR0: SPO, SPH
        self._answer = self._connections.shift(self._bus, value, bits, round(hz), polarity, phase)
        self.alarm.schedule(bits * 1e9 / hz)
