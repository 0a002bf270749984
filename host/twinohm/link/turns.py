"""Turns to use a board: one call at a time has it, and safe() and close() may end that call."""

import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING

from twinohm.errors import UsageError

if TYPE_CHECKING:
    from twinohm.link.named_ticks import Ticks

PAUSE_S, LONGEST_WAIT_S = 0.01, 60.0  # between attempts to get a board that another thread uses; the last one


class CallEnded(UsageError):
    """Another call has ended this one.

    ticks: those that the board has made for it and that it has not yielded, if it was a stream.
    """

    ticks: "Ticks | None" = None


class Turn:
    """A call that has the board. `method` is the frame that began it, `due` what a signal handler has asked of it."""

    def __init__(self, method: FrameType) -> None:
        self.thread = threading.current_thread()
        self.method = method
        self.due: list[str] = []

    def is_below(self) -> bool:
        """Return whether the code that runs now was called while this call goes on, in its own thread.

        Only a signal handler is, or a finalizer. A call that an exception has ended anywhere is not on the stack.
        """
        frame: FrameType | None = sys._getframe()
        while frame is not None and frame is not self.method:
            frame = frame.f_back
        return frame is not None


class Turns:
    """Turns of one board. Whatever interrupts a method, the next call gets the board."""

    def __init__(self) -> None:
        self._turn: dict[str, Turn] = {}  # "now": the one that goes on
        # A thread whose safe() or close() waits for its turn, and the name of that call.
        self._waiting: tuple[threading.Thread, str] | None = None

    def take(self, where: str, name: str, method: FrameType, insist: bool = False) -> Turn:
        """Return a turn for the call `name`, whose frame is `method`. Raises UsageError if another call has the board.

        where: name of the port. insist: have the call of another thread end, and wait for that.
        """
        turn, until = Turn(method), time.monotonic() + LONGEST_WAIT_S
        try:
            while (now := self._turn.setdefault("now", turn)) is not turn:
                if now.thread is turn.thread and now.is_below():
                    raise UsageError(
                        f"{where}: {name}() is called within another call of this board; a signal handler may call "
                        "safe() and close() alone then"
                    )
                if now.thread is turn.thread or not now.thread.is_alive():
                    self._turn["now"] = turn  # something has ended that call before it gave the board back
                elif not insist or time.monotonic() > until:
                    raise UsageError(f"{where}: thread {now.thread.name} uses this board; wait until it is done")
                else:
                    self._waiting = turn.thread, name
                    time.sleep(PAUSE_S)
        finally:
            if self._waiting is not None and self._waiting[0] is turn.thread:
                self._waiting = None
        return turn

    def give_back(self, turn: Turn) -> None:
        """End a turn."""
        if self._turn.get("now") is turn:
            self._turn.clear()

    def end_call_below(self, name: str) -> bool:
        """Have the call end that the one named `name` interrupts in its own thread. Return whether there is one."""
        now = self._turn.get("now")
        if now is None or now.thread is not threading.current_thread() or not now.is_below():
            return False
        now.due.append(name)
        return True

    def ender(self) -> str | None:
        """Return which call ends the one of this thread, in words; None: it goes on."""
        now, waiting, me = self._turn.get("now"), self._waiting, threading.current_thread()
        if now is not None and now.thread is me and now.due:
            return f"{now.due[-1]}() in a signal handler"
        if waiting is not None and waiting[0] is not me:
            return f"{waiting[1]}() of thread {waiting[0].name}"
        return None

    def check(self, where: str) -> None:
        """Raise CallEnded if another call ends the one of this thread."""
        if (ender := self.ender()) is not None:
            raise CallEnded(f"{where}: {ender} has ended this call")
