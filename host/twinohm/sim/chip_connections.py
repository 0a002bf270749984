"""What an emulated chip is connected to: the fixture's nets and models at its pins, buses and converter.

The emulator of the chip calls these methods, and takes the levels of its inputs. No emulator is known here.
"""

from collections.abc import Callable
from typing import Any

from twinohm.sim.parts.fixture import Fixture, Net

PINS = 30
FIRST_ADC_PIN = 26


class ChipConnections:
    """All connections of a chip to `fixture`.

    now_ns: returns the chip's time. set_input: called with a pin's number and its level, now and after each change.
    """

    def __init__(self, fixture: Fixture, now_ns: Callable[[], float], set_input: Callable[[int, int], None]) -> None:
        self._fixture = fixture
        self._now_ns = now_ns
        self._set_input = set_input
        self._driven: set[int] = set()  # pins that the chip drives
        self._devices: list[Any] = [None, None]  # that have acknowledged their address, by I2C controller
        nets = fixture.nets
        self._nets: dict[int, Net] = {pin: nets[f"GP{pin}"] for pin in range(PINS) if f"GP{pin}" in nets}
        for pin, net in self._nets.items():
            net.listeners.append(self._follow(pin))
            set_input(pin, net.level)

    def _follow(self, pin: int) -> Callable[[int, int], None]:
        def changed(level: int, width: int) -> None:
            if pin not in self._driven:
                self._set_input(pin, level)

        return changed

    def _now(self) -> Fixture:
        """Return the fixture, its time set to the chip's."""
        self._fixture.now_ns = int(self._now_ns())
        return self._fixture

    # -- pins ----------------------------------------------------------------------------------------------------

    @property
    def pins(self) -> list[int]:
        """GPIO numbers that end at a net."""
        return list(self._nets)

    def drive(self, pin: int, level: int | None) -> None:
        """Drive the net of a pin; None: the pin is an input."""
        self._now()
        net = self._nets[pin]
        if level is None:
            self._driven.discard(pin)
            net.release()
            self._set_input(pin, net.level)
        else:
            self._driven.add(pin)
            net.set(level)

    def refresh_inputs(self) -> None:
        """Set the inputs whose level is worked out when it is read."""
        self._now()
        for pin, net in self._nets.items():
            if net.source is not None:
                self._set_input(pin, net.read())

    # -- converter -----------------------------------------------------------------------------------------------

    def sample(self, channel: int) -> int | None:
        """Return the count of an ADC channel, None if nothing is connected to it."""
        pin = self._now().adc.get(f"GP{FIRST_ADC_PIN + channel}")
        return None if pin is None else int(pin.read())

    # -- buses ---------------------------------------------------------------------------------------------------

    def begin_byte(self, bus: int) -> int:
        """Return for how long, ns, the lines are held before an address or a byte can be sent; NEVER_NS: for good."""
        lines = self._now().i2c_lines.get(bus)
        return lines.begin_byte() if lines else 0

    def address(self, bus: int, address: int, read: bool) -> bool:
        """Return whether a part acknowledges its address."""
        fixture = self._now()
        device = fixture.i2c_part(bus, address)
        if device is None:
            fixture.violate(f"I2C{bus}", f"nobody answers at 0x{address:02x}")
        self._devices[bus] = device if device is not None and device.start(read) else None
        return self._devices[bus] is not None

    def write(self, bus: int, value: int) -> bool:
        """Send a byte to the part; return whether it acknowledges."""
        self._now()
        return bool(self._devices[bus].write(value))

    def read(self, bus: int) -> int:
        """Return a byte of the part."""
        self._now()
        return int(self._devices[bus].read())

    def stop(self, bus: int) -> None:
        """End a transfer with a STOP."""
        self._now()
        device = self._devices[bus]
        self.cut_off(bus)
        if device is not None:
            device.stop()

    def cut_off(self, bus: int) -> None:
        """End a transfer without a STOP."""
        self._devices[bus] = None

    def shift(self, bus: int, value: int, bits: int, hz: int, polarity: int, phase: int) -> int:
        """Shift bits out on SPI, first one highest; return those that come in meanwhile."""
        device = self._now().spi.get(bus)
        return 0 if device is None else int(device.shift(value, bits, hz, polarity, phase))
