"""Outside tools. Where one is absent, tests that need it are skipped; they fail if TWINOHM_REQUIRE=a,b names it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from twinohm.link.board_client import BoardClient

ROOT = Path(__file__).parents[1]
MICROPYTHON = "1.25"  # the release that the boards run
TOOLS = ("ngspice", "micropython", "kicad", "emulator")


def required() -> list[str]:
    return [name.strip() for name in os.environ.get("TWINOHM_REQUIRE", "").split(",") if name.strip()]


def pytest_configure() -> None:
    os.environ["TWINOHM_DATA"] = tempfile.mkdtemp(prefix="twinohm-")  # no calibration of the user's
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
def kicad() -> Path:
    """kicad-cli of KiCad 9, from PATH."""
    path = shutil.which("kicad-cli")
    if path is None:
        absent("kicad", "no kicad-cli on PATH; on Debian 12: apt install -t bookworm-backports kicad")
    version = subprocess.run([path, "version"], check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    if not version.startswith("9."):
        absent("kicad", f"kicad-cli is {version}; the boards are for KiCad 9")
    return Path(path)


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


@pytest.fixture(scope="session")
def uf2() -> Path:
    """MicroPython for the Pico, for emulated boards: TWINOHM_UF2, else from .cache/pico."""
    from twinohm.errors import UsageError
    from twinohm.firmware.uf2 import find_uf2

    try:
        import littlefs  # noqa: F401
        import rp2040py  # noqa: F401

        return find_uf2(os.environ.get("TWINOHM_UF2"))
    except (ImportError, UsageError) as error:
        absent("emulator", f"{error}; on Debian: tests/get_uf2.sh .cache/pico")


Url = Callable[..., str]


@pytest.fixture(scope="session")
def new_flash(uf2: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The flash of a new chip of a board, firmware installed."""
    from twinohm.firmware.sources import firmware_files
    from twinohm.model.board_file import load_board
    from twinohm.sim.chip_flash import write_flash

    folder = tmp_path_factory.mktemp("flash")

    def made(board: str) -> Path:
        path = folder / board
        if not path.exists():
            write_flash(path, uf2, firmware_files(load_board(board)))
        return path

    return made


@pytest.fixture
def emu(new_flash: Callable[[str], Path], tmp_path: Path) -> Url:
    """emu("lab16", seed=1): an emulated board whose flash is this test's own."""

    def url(board: str, **settings: object) -> str:
        flash = tmp_path / f"{board}.flash"
        if not flash.exists():
            shutil.copyfile(new_flash(board), flash)
        return f"emu://{board}?" + urlencode({**settings, "flash": flash})

    return url


@pytest.fixture(params=["sim", "emu"])
def bench(request: pytest.FixtureRequest) -> Url:
    """A board on each of the two benches."""
    if request.param == "emu":
        found: Url = request.getfixturevalue("emu")
        return found
    return lambda board, **settings: f"sim://{board}?" + urlencode(settings)


@pytest.fixture(scope="module", params=["sim", "emu"])
def lab16(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["BoardClient"]:
    """An open, homed lab16 without noise on each of the two benches; all tests of a module share it."""
    from twinohm.link.board_client import BoardClient

    url = "sim://lab16?profile=ideal"
    if request.param == "emu":
        flash = tmp_path_factory.mktemp("chip") / "lab16.flash"
        shutil.copyfile(request.getfixturevalue("new_flash")("lab16"), flash)
        url = f"emu://lab16?profile=ideal&flash={flash}"
    with BoardClient(url) as machine:
        machine.home()
        yield machine
