"""The command `twinohm`. Ctrl-C must end it in words from its first moment on, so nothing is imported before `try`."""

import os


def main() -> None:
    """Import the command line and run it."""
    try:
        from twinohm.cli import main
    except KeyboardInterrupt:  # cli/interrupts.py handles it from then on
        os.write(2, b"twinohm: stopped; nothing was begun\n")
        os._exit(1)
    main()
