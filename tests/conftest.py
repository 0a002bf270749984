"""Outside tools. Where one is absent, tests that need it are skipped; they fail if TWINOHM_REQUIRE=a,b names it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]
MICROPYTHON = "1.25"  # the release that the boards run
TOOLS = ("ngspice", "micropython")


def required() -> list[str]:
    return [name.strip() for name in os.environ.get("TWINOHM_REQUIRE", "").split(",") if name.strip()]


def pytest_configure() -> None:
    if unknown := [name for name in required() if name not in TOOLS]:
        raise pytest.UsageError(f"TWINOHM_REQUIRE names {', '.join(unknown)}; the tools are {', '.join(TOOLS)}")


def absent(tool: str, why: str) -> NoReturn:
    if tool in required():
        pytest.fail(f"{why} (TWINOHM_REQUIRE names {tool})", pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="session")
def ngspice() -> Path:
    """The circuit simulator, from PATH."""
    path = shutil.which("ngspice")
    return Path(path) if path else absent("ngspice", "no ngspice on PATH; on Debian: apt install ngspice")


@pytest.fixture(scope="session")
def micropython() -> Path:
    """The unix port of MicroPython 1.25: TWINOHM_MICROPYTHON, else from PATH or .cache/micropython."""
    here = ROOT / ".cache" / "micropython"
    named = os.environ.get("TWINOHM_MICROPYTHON")
    candidates = [named] if named else [shutil.which("micropython"), shutil.which("micropython", path=str(here))]
    found = []
    for path in filter(None, candidates):
        try:
            release = micropython_release(path)
        except (OSError, subprocess.SubprocessError) as error:
            found.append(f"{path} does not run: {error}")
            continue
        if release == MICROPYTHON:
            return Path(path)
        found.append(f"{path} is {release or 'something else'}")
    why = "; ".join(found) or "none on PATH"
    fetch = "on Debian: tests/get_micropython.sh .cache/micropython"
    absent("micropython", f"no MicroPython {MICROPYTHON}: {why}; {fetch}")


def micropython_release(path: str) -> str:
    code = "import sys; print('%d.%d' % sys.implementation.version[:2])"
    return subprocess.run([path, "-c", code], check=True, capture_output=True, text=True, timeout=30).stdout.strip()
