"""What the documents say of learning, measured again on fewer boards."""

import re
import subprocess
import sys
from pathlib import Path

import twinohm
from tests.conftest import ROOT


def test_more_ticks_make_the_plain_rule_worse_and_not_the_levers(tmp_path: Path) -> None:
    vary = ["preset=paper,best-same-ticks", "ticks=100,6400"]
    table = twinohm.sweep("allostery", vary, seeds=16, out=tmp_path / "ticks.parquet", progress=False)
    rms_V = table.set_index(["preset", "ticks"])["true_rms_plateau_V"]
    assert rms_V["paper", 6400] > 1.3 * rms_V["paper", 100]
    assert rms_V["best-same-ticks", 6400] < 1.1 * rms_V["best-same-ticks", 100]


def test_calibrated_dacs_matter_most_with_levers(tmp_path: Path) -> None:
    found = {}
    for name in (None, "dac_faults", "twin_sd", "offset_sd_V"):
        changes = {} if name is None else {name: 0}
        out = tmp_path / f"{name}.parquet"
        table = twinohm.sweep("allostery", preset="best", seeds=32, set=changes, out=out, progress=False)
        found[name] = table["true_rms_plateau_V"].item()
    assert found["dac_faults"] < 0.6 * found[None]
    assert all(0.8 < found[name] / found[None] < 1.25 for name in ("twin_sd", "offset_sd_V"))


def test_estimators_learn_wine_and_lose_to_a_regression(tmp_path: Path) -> None:
    program = ROOT / "docs" / "examples" / "estimators.py"
    command = [sys.executable, program, "wine", "--boards", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    trained, _, _, untrained, _, _, constant, regression = map(float, re.findall(r"0\.\d{3}", done.stdout))
    assert max(untrained, constant) < trained - 0.05 < trained < regression
