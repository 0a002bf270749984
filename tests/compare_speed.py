"""`python -m tests.compare_speed OTHER_TREE`: speed of this checkout beside that of another, measured alternately.

Each round runs `twinohm bench` and `twinohm bench ensemble` in both trees, so that other programs on the same machine
slow both alike. Printed are the medians of ticks/s, and the median of the ratios of each round with its quartiles.

Of the virtual board it also measures the CPU time of a tick, user and system time of host and board together: the
shortest CPU time of a long run less that of a short one, so that the start of the programs is not in it. Other programs
only lengthen CPU times, so this ratio decides for the virtual board, the median for the ensemble.
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


@dataclass
class Figures:
    """What one tree reached, a value for each round."""

    ticks_per_s: dict[str, list[float]] = field(default_factory=dict)  # by what was measured
    cpu_s: dict[int, list[float]] = field(default_factory=dict)  # of the virtual board's runs, by ticks

    def add(self, ticks_per_s: dict[str, float]) -> None:
        """Add the ticks/s of a round."""
        for what, value in ticks_per_s.items():
            self.ticks_per_s.setdefault(what, []).append(value)

    def cpu_us(self) -> float:
        """Return the CPU time of a tick of the virtual board, us."""
        return 1e6 * (min(self.cpu_s[LONG]) - min(self.cpu_s[SHORT])) / (LONG - SHORT)


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


def measure(tree: Path, benchmark: str, into: Figures) -> None:
    """Run one round of a benchmark in a tree."""
    if benchmark == "ensemble":
        into.add(bench(tree, benchmark)[0])
        return
    for ticks in (SHORT, LONG):
        ticks_per_s, cpu_s = bench(tree, benchmark, "--ticks", str(ticks))
        into.cpu_s.setdefault(ticks, []).append(cpu_s)
    into.add(ticks_per_s)


def main() -> None:
    """Measure and print; exit code 1 if a ratio that decides is below LEAST_RATIO."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="checkout to compare with")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of both trees [default: 5]")
    parser.add_argument("--what", choices=[*BENCHMARKS, "all"], default="all")
    options = parser.parse_args()
    slow = False
    for benchmark in BENCHMARKS if options.what == "all" else [options.what]:
        here, other = Figures(), Figures()
        trees = [(options.other.resolve(), other), (HERE, here)]
        for number in range(options.rounds):
            for tree, figures in trees[:: -1 if number % 2 else 1]:  # neither is always the first
                measure(tree, benchmark, figures)
        for what, speeds in here.ticks_per_s.items():
            low, middle, high = np.percentile(np.array(speeds) / other.ticks_per_s[what], [25, 50, 75])
            print(
                f"{what}: {np.median(speeds):.4g} ticks/s, other tree {np.median(other.ticks_per_s[what]):.4g}, "
                f"ratio {middle:.3f} (quartiles {low:.3f}..{high:.3f})"
            )
            slow |= benchmark == "ensemble" and middle < LEAST_RATIO
        if benchmark == "sim":
            ratio = other.cpu_us() / here.cpu_us()
            print(f"CPU time of a tick: {here.cpu_us():.0f} us, other tree {other.cpu_us():.0f} us, ratio {ratio:.3f}")
            slow |= ratio < LEAST_RATIO
    sys.exit(slow)


if __name__ == "__main__":
    main()
