"""The Pico's own LED: dark on a safe board, lit while nodes may be driven, blinking after a failure made it safe."""

from machine import PWM, Pin

from . import platform

LED = 25  # Raspberry Pi Pico Datasheet, section 2.1; on a Pico W the radio has it
BLINK_HZ = 10  # 150 MHz / 256 / 65536 is 8.9 Hz: the slowest that a PWM of an RP2350 counts


class Lamp:
    """Only the Pico and the Pico 2 have the LED at a pin of their own; elsewhere nothing is shown."""

    def __init__(self):
        self._pin = None if platform.HAS_RADIO else Pin(LED, Pin.OUT, value=0)

    def show(self, driven, failed):
        """Show the state of the board. A blinking lamp needs no help of the processor."""
        if self._pin is None:
            return
        if failed and not driven:
            PWM(self._pin, freq=BLINK_HZ, duty_u16=0x8000)
        else:
            self._pin.init(Pin.OUT, value=1 if driven else 0)
