"""Ctrl-C, SIGTERM and SIGHUP: each ends any command within a second, and the second one ends it sooner.

The first raises KeyboardInterrupt in the main thread, so that files and boards are closed in order. A thread watches:
the main thread may be inside a library that returns late, or that drops exceptions. What is lost then is what a power
cut would take: logs and kept results are written as they come, and child processes end with this one.
"""

import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

from twinohm.plain_text import plain
from twinohm.processes import SIGNALS, remove_scratch_folders

GRACE_S = 0.8  # from the first signal on, for the main thread to close what is open
RUN_GRACE_S = 0.95  # the same while a run ends in order; that takes half a second on a computer that is not busy
HASTE_S = 0.2  # from the second signal on
NOT_BEGUN = "nothing was begun"
SHOW_CURSOR = "\x1b[?25h"  # a progress bar hides it


class Interrupts:
    """Handles the signals inside its `with` block. A signal that was ignored (nohup, a shell's background) still is.

    how_to_go_on: what to tell the user when a command is ended; the command line sets it once it knows the command.
    grace_s: how long the command may live on after a signal.
    """

    def __init__(self) -> None:
        self.how_to_go_on = NOT_BEGUN
        self.grace_s = GRACE_S
        self.raised = False  # KeyboardInterrupt, for a signal
        self.number = 0  # of that signal
        self._seen = self._told = False

    def __enter__(self) -> "Interrupts":
        self._before = {}
        if threading.current_thread() is not threading.main_thread():
            return self  # Python delivers signals to the main thread alone
        self._before = {number: signal.getsignal(number) for number in SIGNALS}
        self._hook_before, sys.unraisablehook = sys.unraisablehook, self._drop_interrupt
        watched, self._wakeup = socket.socketpair()
        self._wakeup.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(watched,), daemon=True).start()
        for number, handler in self._before.items():
            if handler != signal.SIG_IGN:
                signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        self._told = True
        if not self._before:
            return
        if self._seen or self.raised:  # the watch goes on until the interpreter has ended, which more signals let end
            for number in self._before:
                signal.signal(number, signal.SIG_IGN)  # the interpreter's end sets what else there is to SIG_DFL
            return
        for number, handler in self._before.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._hook_before
        signal.set_wakeup_fd(self._wakeup_before)
        self._wakeup.close()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt at the first signal; the second one must not disturb the tidying up.

        While modules are imported there is nothing to tidy up, and an exception there may end up anywhere.
        """
        if self.how_to_go_on == NOT_BEGUN:
            self._end_now()
        self.raise_once(number)

    def raise_once(self, number: int) -> None:
        """Raise KeyboardInterrupt for a signal, unless that was done for one before."""
        if not self.raised:
            self.raised, self.number = True, number
            raise KeyboardInterrupt

    def _drop_interrupt(self, unraisable: Any) -> None:
        """Show no traceback of a KeyboardInterrupt that came where none can leave, such as as a generator is closed.

        The watch ends the process all the same.
        """
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._hook_before(unraisable)

    def _watch(self, watched: socket.socket) -> None:
        """Wait for a signal, then for the end of the process, and end it when it is late."""
        with watched:
            if self._signalled(watched):
                self._seen = True
                watched.settimeout(self.grace_s)
                if self._signalled(watched):
                    time.sleep(HASTE_S)
                self._end_now()

    @staticmethod
    def _signalled(watched: socket.socket) -> bool:
        """Wait for a signal that counts. Return False once there can be none: time is over, or the block was left.

        Python's handler in C writes the numbers of signals, also while the main thread is busy.
        """
        with suppress(TimeoutError):
            while number := watched.recv(1):
                if number[0] in SIGNALS:
                    return True
        return False

    def tell(self, *notes: str) -> None:
        """Tell the user, once, that the command was stopped, and how to go on: by `notes` if there are any."""
        if not self._told:
            self._told = True
            cursor = SHOW_CURSOR if os.isatty(2) else ""
            text = f"{cursor}twinohm: stopped; {plain('; '.join(notes)) or self.how_to_go_on}\n"
            with suppress(OSError):
                os.write(2, text.encode(errors="replace"))

    def _end_now(self) -> NoReturn:
        self.tell()
        remove_scratch_folders()
        os._exit(1)
