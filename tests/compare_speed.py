"""`python -m tests.compare_speed OTHER_TREE`: ticks/s of this checkout beside those of another, run alternately.

Each round runs `twinohm bench --json` and `twinohm bench ensemble --json` in both trees, so that a machine that other
programs share slows both alike. Printed are the medians and the median of the ratios of each round.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).parents[1]
BENCHMARKS = {"sim": ["bench", "--json"], "ensemble": ["bench", "ensemble", "--json"]}


def ticks_per_s(tree: Path, arguments: list[str]) -> dict[str, float]:
    """Run one benchmark of a tree; return ticks/s by what was measured, without the alternatives it is compared to."""
    done = subprocess.run(
        [sys.executable, "-m", "twinohm.cli", *arguments],
        env=os.environ | {"PYTHONPATH": str(tree / "host")},
        cwd=tree,
        check=True,
        capture_output=True,
        text=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["what"]: row["ticks_per_s"] for row in rows if row["what"].startswith(("sim://", "ensemble"))}


def main() -> None:
    """Measure and print; exit code 1 if a median ratio is below 0.95."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="checkout to compare with")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of both trees [default: 5]")
    parser.add_argument("--what", choices=[*BENCHMARKS, "all"], default="all")
    options = parser.parse_args()
    slow = False
    for name in BENCHMARKS if options.what == "all" else [options.what]:
        here: dict[str, list[float]] = {}
        other: dict[str, list[float]] = {}
        for _ in range(options.rounds):
            for tree, speeds in ((options.other, other), (HERE, here)):
                for what, speed in ticks_per_s(tree.resolve(), BENCHMARKS[name]).items():
                    speeds.setdefault(what, []).append(speed)
        for what in here:
            ratio = median(new / old for new, old in zip(here[what], other[what], strict=True))
            slow |= ratio < 0.95
            print(f"{what}: {median(here[what]):.4g} ticks/s, other tree {median(other[what]):.4g}, ratio {ratio:.3f}")
    sys.exit(slow)


if __name__ == "__main__":
    main()
