"""The Pico's own LED: dark on a safe board, lit while nodes may be driven, blinking after a failure made it safe.

Only the Pico and the Pico 2 have it at a pin of their own; elsewhere nothing is shown. It is one for the whole chip, so
its state is here: in a Twin it would make the look-ups of the hot loop slower.
"""

from machine import PWM, Pin

from . import platform

LED = 25  # Raspberry Pi Pico Datasheet, section 2.1; on a Pico W the radio has it
BLINK_HZ = 10  # 150 MHz / 256 / 65536 is 8.9 Hz: the slowest that a PWM of an RP2350 counts
_failed = False  # since nodes were driven last


def light():
    """Nodes may be driven from now on."""
    global _failed
    _failed = False
    _put(1)


def fail():
    """Something has failed: the lamp blinks when the board is safe."""
    global _failed
    _failed = True


def dark():
    """The board is safe. A lamp that blinks needs no help of the processor. Raises nothing."""
    try:
        _put(0)
        if _failed and not platform.HAS_RADIO:
            PWM(Pin(LED), freq=BLINK_HZ, duty_u16=0x8000)
    except Exception:  # memory may be full; the board is safe all the same
        pass


def _put(level):
    if not platform.HAS_RADIO:
        Pin(LED, Pin.OUT, value=level)
