"""What counts as slower than before."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tests import bench_history
from tests.bench_history import HISTORY, Measurement, compare, main, ratios, read

ROWS: list[dict[str, Any]] = [
    {"what": "sim://lab16", "ticks_per_s": 2000.0, "us_per_tick": 500.0, "numpy_solve_us": 20.0, "ratio": 25.0},
    {"what": "ensemble engine, profile lab", "ticks_per_s": 8_000_000, "ratio": 6.0, "first_s": 0.1},
    {"what": "numpy 2.4.6, batched", "ticks_per_s": 1_300_000, "ratio": 1.0, "first_s": 0.1},
    {"what": "libngspice", "ticks_per_s": None, "ratio": None, "first_s": None, "why": "no libngspice"},
]
NOW = Measurement("2026-11-28", "abc", "EPYC", "3.11.7", "2.4.6", {"sim://lab16": 0.04, "ensemble": 6.0})


def test_ratios_are_of_what_is_ours_and_more_is_better() -> None:
    assert ratios(ROWS) == {"sim://lab16": 0.04, "ensemble engine, profile lab": 6.0}


def test_the_median_of_the_last_five_on_the_same_processor_counts() -> None:
    older = [replace(NOW, ratios={"ensemble": ratio}) for ratio in (100.0, 6.0, 6.5, 6.6, 7.0, 9.0)]
    sim, ensemble = compare(NOW, [*older, replace(NOW, processor="Xeon", ratios={"ensemble": 50.0})])
    assert (sim.before, sim.is_worse) == (None, False) and "nothing to compare with" in str(sim)
    assert (ensemble.before, ensemble.is_worse) == (6.6, False)
    assert str(ensemble) == "ensemble: 6, before 6.6 (-9 %)"
    assert compare(replace(NOW, ratios={"ensemble": 5.9}), older)[0].is_worse


def test_a_worse_ratio_ends_with_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    history = tmp_path / "history.jsonl"
    monkeypatch.setattr(bench_history, "HISTORY", history)
    for speed, code in ((6.0, 0), (5.5, 0), (4.0, 1)):
        monkeypatch.setattr(bench_history, "measure", lambda rounds, speed=speed: {"ensemble": speed})
        assert main(["--keep"] if not code else []) == code
    assert [one.ratios["ensemble"] for one in read(history)] == [6.0, 5.5]
    assert capsys.readouterr().out.splitlines()[-1] == "ensemble: 4, before 5.75 (-30 %)  WORSE"


def test_the_committed_history_can_be_read() -> None:
    lines = [json.loads(line) for line in HISTORY.read_text().splitlines()]
    assert [asdict(one) for one in read(HISTORY)] == lines and lines
