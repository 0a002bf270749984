"""Same seed, same ticks: runs recorded in November 2026 are reproduced exactly."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.recorder import CASES, Case, run


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_recorded_run_is_reproduced(case: Case, tmp_path: Path) -> None:
    recorded = np.load(case.file)
    now = run(case, tmp_path)
    for name in ("up", "taps", "t_us"):
        assert np.array_equal(now[name], recorded[name]), f"{name} differs from {case.file.name}"
