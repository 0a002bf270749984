"""What numba keeps on disk is not used once a constant has changed that compiled code imports."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import twinohm

RUN = """
import numpy as np
from twinohm.ensemble import Ensemble
from twinohm.model.board_file import load_board
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES
board = load_board("lab16")
ensemble = Ensemble(board, PROFILES["ideal"], [0])
placement = Placement(("B", "D", "I"), ("F", "G", "H"))
run = ensemble.train(placement, np.full((60, 3), [5.0, 1.0, 0.0]), np.full((60, 3), 3.0))
print(run.state.taps.tolist())
"""


def trained_taps(host: Path, cache: Path) -> str:
    """Taps after 60 ticks by the package in `host`, with compiled code kept in `cache`."""
    environment = {**os.environ, "PYTHONPATH": str(host), "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", RUN], env=environment, cwd=host, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_changed_constant_is_compiled_anew(tmp_path: Path) -> None:
    package = Path(twinohm.__file__).parent
    host, cache = tmp_path / "host", tmp_path / "cache"
    copytree(package, host / "twinohm", ignore=ignore_patterns("__pycache__", "_data"))
    for name in ("boards.toml", "firmware"):
        (tmp_path / name).symlink_to(package.parents[1] / name)
    before = trained_taps(host, cache)
    kept = set(cache.rglob("*.nbc"))
    assert kept and trained_taps(host, cache) == before and set(cache.rglob("*.nbc")) == kept
    components = host / "twinohm" / "model" / "components.py"
    text = components.read_text()
    assert "TIE_V = 1e-10" in text
    components.write_text(text.replace("TIE_V = 1e-10", "TIE_V = 0.05"))
    assert trained_taps(host, cache) != before
