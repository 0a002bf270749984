"""Same seed, same ticks: runs recorded in November 2026 are reproduced exactly."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.recorder import CASES, Case, run
from tests.tiers import in_tiers


def is_slow(case: Case) -> bool:
    """Whether `make test-slow` runs the case."""
    return case.name not in ("divider-divider-lab", "lab16-allostery-lab")


@pytest.mark.parametrize(
    "case",
    in_tiers(CASES, is_slow),
    ids=[case.name for case in CASES],
)
def test_a_recorded_run_is_reproduced(case: Case, tmp_path: Path) -> None:
    recorded = np.load(case.file)
    now = run(case, tmp_path)
    for name in ("up", "taps", "t_us"):
        assert np.array_equal(now[name], recorded[name]), f"{name} differs from {case.file.name}"
