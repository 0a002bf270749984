"""`python -m tests.bench_history`: is a ratio of `twinohm bench` worse than it was?

Each figure is a speed over that of an alternative in the same run, so that a computer that is twice as fast, or twice
as busy, changes little. They are compared with the median of the last measurements on the same kind of processor, in
`tests/data/bench_history.jsonl`; a ratio that is a tenth below it ends the command with exit code 1. `--keep` adds the
new ratios to that file, which is committed. Run it on a computer that does nothing else.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

HERE = Path(__file__).parents[1]
HISTORY = HERE / "tests" / "data" / "bench_history.jsonl"
LAST = 5  # measurements that are compared with
LEAST = 0.9  # of their median
ALTERNATIVES = ("numpy", "libngspice")  # what ratios are to


@dataclass(frozen=True)
class Measurement:
    """Ratios by what was measured, more is better, and of what they are."""

    day: str
    commit: str
    processor: str
    python: str
    numpy: str
    ratios: Mapping[str, float]


_LINE = TypeAdapter(Measurement)


def read(path: Path) -> list[Measurement]:
    """Return the measurements of a file, the oldest first."""
    return [_LINE.validate_json(line) for line in path.read_text().splitlines()] if path.exists() else []


def processor() -> str:
    """Return the model of the processor, on Linux as the system tells it."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def measure(rounds: int) -> dict[str, float]:
    """Return the ratios of both benchmarks, the best of some rounds: others may use the computer too."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for arguments in ([], ["ensemble"]):
            command = [sys.executable, "-m", "twinohm.cli", "bench", *arguments, "--json"]
            done = subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True)
            for what, ratio in ratios(json.loads(line) for line in done.stdout.splitlines()).items():
                best[what] = max(ratio, best.get(what, 0.0))
    return best


def ratios(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return what is how much faster than its alternative, of the rows that `twinohm bench --json` prints."""
    found: dict[str, float] = {}
    for row in rows:
        what, ratio = str(row["what"]), row["ratio"]
        if ratio is not None and not what.startswith(ALTERNATIVES):
            found[what] = 1 / ratio if "us_per_tick" in row else ratio  # of sim: its time over that of a solve
    return found


@dataclass(frozen=True)
class Comparison:
    """A ratio beside the median of the last ones, None where there are none."""

    what: str
    ratio: float
    before: float | None

    @property
    def is_worse(self) -> bool:
        return self.before is not None and self.ratio < LEAST * self.before

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.what}: {self.ratio:.3g}, nothing to compare with"
        change = 100 * (self.ratio / self.before - 1)
        return f"{self.what}: {self.ratio:.3g}, before {self.before:.3g} ({change:+.0f} %)"


def compare(now: Measurement, before: Sequence[Measurement]) -> list[Comparison]:
    """Compare with the last measurements on the same kind of processor."""
    alike = [one for one in before if one.processor == now.processor]
    compared = []
    for what, ratio in now.ratios.items():
        last = [one.ratios[what] for one in alike if what in one.ratios][-LAST:]
        compared.append(Comparison(what, ratio, float(np.median(last)) if last else None))
    return compared


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Return 1 if a ratio is worse."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the best counts [default: 3]")
    parser.add_argument("--keep", action="store_true", help="add the ratios to the history")
    options = parser.parse_args(arguments)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, check=True, capture_output=True, text=True
    ).stdout.strip()
    now = Measurement(
        date.today().isoformat(),
        commit,
        processor(),
        platform.python_version(),
        np.__version__,
        measure(options.rounds),
    )
    compared = compare(now, read(HISTORY))
    for one in compared:
        print(one, "WORSE" if one.is_worse else "", sep="  ")
    if options.keep:
        with HISTORY.open("a") as file:
            file.write(json.dumps(asdict(now)) + "\n")
    return int(any(one.is_worse for one in compared))


if __name__ == "__main__":
    sys.exit(main())
