"""How long the host waits for a board before it repeats a request, and before it gives up."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Timeouts:
    """Times in seconds, and numbers of attempts.

    The host repeats a request after resend_s, then after twice as long each time, and sends it `tries` times in all;
    HELLO, which no work delays, hello_tries times.
    A run waits reopen_s for a lost port. It ends once the link was lost `losses` times in a row without a new tick.
    """

    resend_s: float = 1.0
    tries: int = 5
    hello_tries: int = 3
    enter_s: float = 10.0  # for the raw REPL's prompt; a board that shows it and falls silent is given up then
    reopen_s: float = 60.0
    losses: int = 6

    def scaled(self, factor: float) -> "Timeouts":
        """Return the time-outs for a board that is `factor` times as slow."""
        return replace(self, resend_s=self.resend_s * factor, enter_s=self.enter_s * factor)
