"""Ctrl-C, kept away from what has to be finished.

MicroPython raises KeyboardInterrupt at jumps of Python code: not in machine code, and not between an exception and the
first call in its `finally`, or in an `except` that names no class. So a second Ctrl-C cannot keep such a call from
beginning, and the functions here keep it from being cut short.
"""

from micropython import kbd_intr

CTRL_C = 3
NO_CHARACTER = -1
ONCE = (0,)


def hold(act):
    """Call act() with Ctrl-C off. One that had come before may still end it."""
    kbd_intr(NO_CHARACTER)
    try:
        act()
    finally:
        kbd_intr(CTRL_C)


def finish(act):
    """Call act() until it has come to its end, whatever Ctrl-C comes before or meanwhile."""
    kbd_intr(NO_CHARACTER)
    while True:
        try:
            for _ in ONCE:
                act()
            break  # the jump at the end of the loop has raised a Ctrl-C that had come before
        except KeyboardInterrupt:
            pass
    kbd_intr(CTRL_C)
