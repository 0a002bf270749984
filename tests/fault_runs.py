"""Short runs of a board that faults disturb."""

from pathlib import Path

from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task

TICKS = 24
URL = "sim://lab16?seed=1&profile=ideal"


def last_taps(url: str, folder: Path) -> tuple[int, ...]:
    """Run allostery for TICKS ticks. Return the taps at its end."""
    plan = plan_run(find_task("allostery"), "lab16", url, ticks=TICKS, eta=0.5)
    ticks = list(run(plan, folder).ticks())
    assert len(ticks) == TICKS
    return tuple(ticks[-1].taps)
