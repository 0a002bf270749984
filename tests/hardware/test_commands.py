"""Commands of hardware/ with a name that is none: one line, exit code 2, and nothing is written."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

COMMANDS = ("generator", "provenance", "netcheck", "layout", "layout.rules", "layout.exceptions", "layout.pictures")


@pytest.mark.parametrize("name", [*COMMANDS, "layout.fabricate", "figures clock"])
def test_a_board_that_is_none_is_named_in_one_line(name: str) -> None:
    module, *arguments = name.split()
    command = [sys.executable, "-m", f"hardware.{module}", *arguments, "lab99"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "lab99" in done.stderr
    assert done.stdout == "" and not (ROOT / "hardware" / "lab99").exists()
