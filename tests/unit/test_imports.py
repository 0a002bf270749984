"""Imports run one way, in the host package, in hardware/ and in the firmware."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sysconfig.get_path("scripts"), "lint-imports")


@pytest.mark.parametrize(
    ("contracts", "path"),
    [("pyproject.toml", ["host"]), ("tests/unit/firmware_imports.toml", ["firmware"])],
    ids=["host", "firmware"],
)
def test_no_contract_is_broken(contracts: str, path: list[str]) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in path)}
    command = [LINT, contracts, "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken." in done.stdout
