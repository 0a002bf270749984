"""A computer that cannot load a package of the program says so in one line, whenever that happens."""

from pathlib import Path

import pytest

from tests.command_line import run_process

FAULTS = {
    "scipy": ("raise ImportError('libopenblas.so: failed to map segment from shared object')", "failed to map segment"),
    "click": ("raise MemoryError", "MemoryError: no memory"),
    "pydantic": ("raise OSError(5, 'Input/output error')", "[Errno 5] Input/output error"),
}


@pytest.mark.slow
@pytest.mark.parametrize("package", FAULTS)
def test_a_package_that_cannot_be_loaded_is_one_line(package: str, tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    fault, words = FAULTS[package]
    (tmp_path / "packages" / f"{package}.py").write_text(fault + "\n")
    host = str(Path(__file__).parents[2] / "host")
    run = ("run", "divider", "--board", "divider", "--ticks", "10", "--no-plot")
    done = run_process(*run, cwd=tmp_path, PYTHONPATH=f"{tmp_path / 'packages'}:{host}", TWINOHM_DEBUG="")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    *before, last = done.stderr.splitlines()
    assert len(before) <= 2  # a run's, before its summary
    assert last.startswith("twinohm: this computer cannot load or run a part of the program") and words in last
    shown = run_process(*run, cwd=tmp_path, PYTHONPATH=f"{tmp_path / 'packages'}:{host}", TWINOHM_DEBUG="1")
    assert shown.returncode == 1 and "Traceback" in shown.stderr
