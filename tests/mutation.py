"""Mutation testing: change the code in one place after another, and see whether a test fails.

Run: python -m tests.mutation PACKAGE [--sample N] [--seed N]

PACKAGE is one of protocol, runlog, tasks, model. It needs cosmic-ray (pip install cosmic-ray), which is no dependency
of the project, and a clean commit: a copy of HEAD is changed, in a temporary folder. Prints every mutant that no test
killed. The tests here are the fast ones of a package; a survivor may still be found by the rest of `make test`.
"""

import argparse
import ast
import os
import random
import shlex
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import ROOT

Span = tuple[tuple[int, int], tuple[int, int]]  # (line, column) of both ends

RECORDED = "tests/sim/test_recorded.py"
# By package: its modules, and what pytest runs.
PACKAGES = {
    "protocol": (
        ["host/twinohm/protocol", *(f"firmware/twinohm_fw/protocol/{name}.py" for name in ("frames", "messages"))],
        "tests/unit/test_messages.py tests/unit/test_frames.py tests/unit/test_side_channel.py "
        "tests/unit/test_hello.py tests/unit/test_telemetry.py tests/unit/test_lever_numbers.py "
        f"tests/unit/test_transports.py {RECORDED} -k 'not test_recorded or divider-divider-lab'",
    ),
    "runlog": (
        ["host/twinohm/runlog"],
        "tests/unit/test_runs.py tests/unit/test_scores.py tests/unit/test_tail.py tests/sim/test_formats.py "
        "tests/sim/test_resume.py -k 'not cut_at_any_byte and not drawn and not parquet and not dies and not killed'",
    ),
    "tasks": (
        ["host/twinohm/tasks"],
        f"tests/unit/test_tasks.py {RECORDED} -k 'not any_ and (not test_recorded or lab16 and ideal)'",
    ),
    "model": (
        ["host/twinohm/model"],
        "tests/unit tests/hardware/test_generator.py tests/hardware/test_netcheck.py "
        f"{RECORDED} -k 'not random_ and not test_package and not test_imports and not test_tasks and not part_and_pin "
        "and (not test_recorded or divider-divider-lab)'",
    ),
}


def wording(path: Path) -> list[Span]:
    """Return where a file has type hints and texts with values in them; changes there are no faults."""
    found: list[ast.AST | None] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.AnnAssign | ast.arg):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            found.append(node.returns)
        elif isinstance(node, ast.JoinedStr):
            found.append(node)
        elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            found.append(node)
    return [((n.lineno, n.col_offset), (n.end_lineno, n.end_col_offset)) for n in found if n is not None]  # type: ignore


def draw(session: Path, sample: int, seed: int) -> int:
    """Keep one mutant at each of `sample` places of a cosmic-ray session. Return the number of places there are."""
    with sqlite3.connect(session) as data:
        spans: dict[str, list[Span]] = {}
        places: dict[tuple[str, int, int], list[str]] = {}
        columns = "module_path, start_pos_row, start_pos_col, end_pos_row, end_pos_col, operator_name, occurrence"
        for path, row, column, end_row, end, _, _, job in data.execute(
            f"select {columns}, job_id from mutation_specs order by {columns}"
        ):
            if path not in spans:
                spans[path] = wording(session.parent / path)
            if not any(first <= (row, column) and (end_row, end) <= last for first, last in spans[path]):
                places.setdefault((path, row, column), []).append(job)
        chosen = random.Random(seed)
        kept = [chosen.choice(places[place]) for place in chosen.sample(sorted(places), min(sample, len(places)))]
        for table in ("mutation_specs", "work_items"):
            data.execute(f"delete from {table} where job_id not in ({','.join('?' * len(kept))})", kept)
    return len(places)


def main() -> None:
    parser = argparse.ArgumentParser(description="Change a package in one place after another, and run its tests.")
    parser.add_argument("package", choices=PACKAGES)
    parser.add_argument("--sample", type=int, default=80, help="number of mutants (80)")
    parser.add_argument("--seed", type=int, default=11, help="of the sample (11)")
    given = parser.parse_args()
    modules, tests = PACKAGES[given.package]
    with tempfile.TemporaryDirectory(prefix="twinohm-mutation-") as name:
        tree = Path(name)
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "x", "-C", name], input=archive, check=True)
        command = shlex.join(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *shlex.split(tests)]
        )
        (tree / "mutation.toml").write_text(
            f"[cosmic-ray]\nmodule-path = {modules}\ntimeout = 300.0\nexcluded-modules = []\n"
            f'test-command = """{command}"""\n[cosmic-ray.distributor]\nname = "local"\n'
        )
        environment = dict(os.environ, PYTHONPATH=f"{tree / 'host'}:{tree}", PYTHONDONTWRITEBYTECODE="1")

        def cosmic_ray(verb: str) -> None:
            subprocess.run(
                ["cosmic-ray", verb, "mutation.toml", "mutants.sqlite"], cwd=tree, env=environment, check=True
            )

        cosmic_ray("init")
        places = draw(tree / "mutants.sqlite", given.sample, given.seed)
        cosmic_ray("exec")
        with sqlite3.connect(tree / "mutants.sqlite") as data:
            results = data.execute("select test_outcome, diff from work_results").fetchall()
        for diff in [diff for outcome, diff in results if outcome == "SURVIVED"]:
            print(diff)
        killed = sum(outcome != "SURVIVED" for outcome, _ in results)
        print(f"{given.package}: {killed} of {len(results)} mutants killed; {places} places, seed {given.seed}")


if __name__ == "__main__":
    main()
