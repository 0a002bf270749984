"""`python -m tests.compare_speed OTHER_TREE`: speed of this checkout beside that of another, measured alternately.

Each round runs `twinohm bench` and `twinohm bench ensemble` in both trees, so that other programs on the same machine
slow both alike. Of the virtual board it also measures the CPU time of a tick, user and system time of the host and of
the board's process together, as the difference of a long and a short run: the start of the programs is not in it.
Printed are medians, the median of the ratios of each round with its quartiles, and the ratio of the best rounds. Other
programs only lengthen CPU times, so for the virtual board the ratio of the best decides, for the ensemble the median.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[1]
LEAST_RATIO = 0.95
SHORT, LONG = 200, 4200  # ticks of the two runs whose CPU times are subtracted
BENCHMARKS = ("sim", "ensemble")
CPU = "sim, ticks per CPU second"


@dataclass
class Speeds:
    """What one tree reached, a value for each round; in the unit that its name states."""

    here: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)

    def ratios(self) -> tuple[float, float, float]:
        """Return lower quartile, median and upper quartile of this tree's values by those of the other."""
        low, middle, high = np.percentile(np.array(self.here) / self.other, [25, 50, 75])
        return float(low), float(middle), float(high)

    def best_ratio(self) -> float:
        """Return the best value of this tree by the best of the other."""
        return max(self.here) / max(self.other)


def bench(tree: Path, *arguments: str) -> tuple[dict[str, float], float]:
    """Run `twinohm bench` of a tree.

    Return ticks/s by what was measured, without the alternatives it is compared to, and the CPU time of its processes,
    s.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "twinohm.cli", "bench", *arguments, "--json"],
        env=os.environ | {"PYTHONPATH": str(tree / "host")},
        cwd=tree,
        check=True,
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    ticks_per_s = {row["what"]: row["ticks_per_s"] for row in rows if row["what"].startswith(("sim://", "ensemble"))}
    return ticks_per_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(tree: Path, benchmark: str) -> dict[str, float]:
    """Return the figures of a tree by what they are, all of them the larger the better."""
    if benchmark == "ensemble":
        rates, _ = bench(tree, benchmark)
        return {f"{what}, ticks/s": rate for what, rate in rates.items()}
    _, short_s = bench(tree, benchmark, "--ticks", str(SHORT))
    rates, long_s = bench(tree, benchmark, "--ticks", str(LONG))
    (rate,) = rates.values()
    return {"sim, ticks/s": rate, CPU: (LONG - SHORT) / (long_s - short_s)}


def main() -> None:
    """Measure and print; exit code 1 if a ratio that decides is below LEAST_RATIO."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="checkout to compare with")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of both trees [default: 5]")
    parser.add_argument("--what", choices=[*BENCHMARKS, "all"], default="all")
    options = parser.parse_args()
    slow = False
    for benchmark in BENCHMARKS if options.what == "all" else [options.what]:
        speeds: dict[str, Speeds] = {}
        for _ in range(options.rounds):
            for what, value in measure(options.other.resolve(), benchmark).items():
                speeds.setdefault(what, Speeds()).other.append(value)
            for what, value in measure(HERE, benchmark).items():
                speeds[what].here.append(value)
        for what, both in speeds.items():
            low, middle, high = both.ratios()
            print(
                f"{what}: {np.median(both.here):.4g}, other tree {np.median(both.other):.4g}, "
                f"ratio {middle:.3f} (quartiles {low:.3f}..{high:.3f}), of the best {both.best_ratio():.3f}"
            )
            decides = middle if benchmark == "ensemble" else both.best_ratio() if what == CPU else 1.0
            slow |= decides < LEAST_RATIO
    sys.exit(slow)


if __name__ == "__main__":
    main()
