"""Recorded runs: what the command line gave in November 2026, so that no change of the code changes a result unnoticed.

`python -m tests.data.recorder` writes recorded/*.npz anew. Do that only in a commit whose message says why the results
had to change.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).parent / "recorded"


@dataclass(frozen=True)
class Case:
    """One run of `twinohm run`; `ticks` None trains for as long as the task does by default."""

    board: str
    task: str
    profile: str
    ticks: int | None = None

    @property
    def name(self) -> str:
        return f"{self.board}-{self.task}-{self.profile}"

    @property
    def file(self) -> Path:
        return RECORDED / f"{self.name}.npz"


PROFILES = ("lab", "ideal")
LONG = ("regression", "iris", "sequence")
CASES = [Case("divider", "divider", profile) for profile in PROFILES] + [
    Case(board, task, profile, ticks)
    for board in ("lab16", "edge16")
    for profile in PROFILES
    for task, ticks in (
        ("allostery", None),
        ("regression", 300),
        ("iris", 150),
        ("damage", None),
        ("sequence", None if board == "lab16" else 1200),
    )
    if profile == "lab" or task not in LONG
]


def run(case: Case, out: Path) -> dict[str, np.ndarray]:
    """Run the command line in a process of its own, with its logs in `out`; return taps, up and t_us by tick."""
    command = [sys.executable, "-m", "twinohm.cli", "run", case.task, "--board", case.board, "--profile", case.profile]
    command += ["--seed", "3", "--no-plot", "--out", str(out)] + (["--ticks", str(case.ticks)] if case.ticks else [])
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"HOME": str(out)})
    (log,) = out.glob("*/ticks.jsonl")
    ticks = [record for record in map(json.loads, log.open()) if "event" not in record]
    return {
        "taps": np.array([tick["taps"] for tick in ticks], dtype=np.uint8),
        "up": np.array([tick["up"] for tick in ticks], dtype=np.uint32),
        "t_us": np.array([tick["t_us"] for tick in ticks], dtype=np.int64),
    }


if __name__ == "__main__":
    RECORDED.mkdir(exist_ok=True)
    for recorded in CASES:
        with tempfile.TemporaryDirectory() as folder:
            np.savez_compressed(recorded.file, **run(recorded, Path(folder)))  # type: ignore[arg-type]
        print(recorded.file)
