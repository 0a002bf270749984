"""Same seed, same ticks: runs recorded in November 2026 are reproduced exactly."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.recorder import CASES, Case, run


def is_slow(case: Case) -> bool:
    """Whether `make test-slow` runs the case."""
    return case.name not in ("divider-divider-lab", "lab16-allostery-lab")


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.slow) if is_slow(case) else case for case in CASES],
    ids=[case.name for case in CASES],
)
def test_a_recorded_run_is_reproduced(case: Case, tmp_path: Path) -> None:
    recorded = np.load(case.file)
    now = run(case, tmp_path)
    for name in ("up", "taps", "t_us"):
        assert np.array_equal(now[name], recorded[name]), f"{name} differs from {case.file.name}"
