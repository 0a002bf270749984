"""How long the host waits for a board before it asks again, and before it gives up."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Timeouts:
    """Seconds. A request is repeated after resend_s, then after twice as long each time, `tries` times in all.

    A run looks for a lost port for reopen_s, and gives up after `losses` in a row without one new tick between them.
    """

    resend_s: float = 1.0
    tries: int = 5
    enter_s: float = 10.0  # for the raw REPL's prompt
    reopen_s: float = 60.0
    losses: int = 6

    def times(self, factor: float) -> "Timeouts":
        """With a board that is so many times as slow."""
        return replace(self, resend_s=self.resend_s * factor, enter_s=self.enter_s * factor)
