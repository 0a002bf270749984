"""What numba keeps on disk is not used once a constant has changed that compiled code imports."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

import twinohm

RUN = """
import numpy as np
from twinohm.ensemble.arrays import Parts
from twinohm.ensemble.elimination import eliminate
from twinohm.ensemble.kernel import compare
from twinohm.ensemble.lanes import LANES
none, zeros = np.empty(0), np.zeros((1, 2, 1, LANES))
free, clamped = np.zeros((2, LANES)), np.zeros((2, LANES))
free[0], clamped[0] = 1.0, np.linspace(0.9, 1.1, LANES)
errors = {"offset_V": zeros, "averager": zeros, "buffer_V": zeros}
parts = Parts(none, none, **errors, noise_V=0.0, bias_V=0.0, quantiles=none, alike=False)
ups = np.zeros((1, LANES))
compare(eliminate(2, [(0, 1)]), parts, 0, free, clamped, np.zeros(LANES, np.uint64), *np.empty((2, LANES)), ups)
print(int(ups.sum()))
"""


def edges_up(host: Path, cache: Path) -> int:
    """Number of 64 edges that go up, by the package in `host`, with compiled code kept in `cache`.

    The free network has 1 V across each edge, the clamped one 0.9..1.1 V: half of that difference is compared.
    """
    environment = {**os.environ, "PYTHONPATH": str(host), "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", RUN], env=environment, cwd=host, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow
def test_a_changed_constant_is_compiled_anew(tmp_path: Path) -> None:
    package = Path(twinohm.__file__).parent
    host, cache = tmp_path / "host", tmp_path / "cache"
    copytree(package, host / "twinohm", ignore=ignore_patterns("__pycache__", "_data"))
    for name in ("boards.toml", "firmware"):
        (tmp_path / name).symlink_to(package.parents[1] / name)
    assert edges_up(host, cache) == 32
    kept = set(cache.rglob("*.nbc"))
    assert kept and edges_up(host, cache) == 32 and set(cache.rglob("*.nbc")) == kept
    components = host / "twinohm" / "model" / "components.py"
    text = components.read_text()
    assert "TIE_V = 1e-10" in text
    components.write_text(text.replace("TIE_V = 1e-10", "TIE_V = 0.04"))
    assert edges_up(host, cache) == 7
    assert set(cache.rglob("*.nbc")) > kept
