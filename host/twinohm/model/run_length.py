"""How long a run may be."""

from twinohm.errors import UsageError

MOST_RUN_TICKS = 10_000_000  # of a run, of a training, and of each number of ticks in a task file


def check_run_ticks(ticks: int) -> None:
    """Raise UsageError for a number of ticks that no run may have."""
    if not 1 <= ticks <= MOST_RUN_TICKS:
        raise UsageError(f"ticks = {ticks}: 1..{MOST_RUN_TICKS}; divide a longer run into several")
