"""The commands that install what an extra needs."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from twinohm import extras
from twinohm.extras import install_command


def slow(*values: Any) -> Any:
    """One case of a test that `make test-slow` runs: each is a process of seconds."""
    return pytest.param(*values, marks=pytest.mark.slow)


def test_the_packages_of_an_extra_are_named_with_their_versions() -> None:
    words = shlex.split(install_command("iris", "ensemble"))
    assert words[:4] == [sys.executable, "-m", "pip", "install"]
    assert [word.partition(">")[0] for word in words[4:]] == ["llvmlite", "numba", "scikit-learn"]


def test_an_extra_of_an_extra_is_followed() -> None:
    assert "'numba>=" in install_command("sweep") and "distributed" in install_command("sweep")


def test_an_environment_of_uv_has_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert install_command("iris").startswith(f"uv pip install --python {sys.executable} 'scikit-learn>=")


def test_an_unknown_extra_is_named_itself() -> None:
    assert install_command("none").endswith("pip install 'twinohm[none]'")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "package", "command"),
    [
        ("sklearn", "scikit-learn", ["run", "iris"]),
        slow("sklearn", "scikit-learn", ["run", "sequence"]),
        slow("sklearn", "scikit-learn", ["reproduce", "iris", "--ensemble", "0"]),
        slow("numba", "numba", ["run", "allostery", "--engine", "ensemble"]),
        ("numba", "numba", ["reproduce"]),
        slow("numba", "numba", ["rules"]),
        slow("sklearn", "scikit-learn", ["rules"]),
        slow("numba", "numba", ["place", "allostery"]),
        slow("numba", "numba", ["sweep", "allostery"]),
        ("pyarrow", "pyarrow", ["sweep", "allostery"]),
        slow("distributed", "distributed", ["sweep", "allostery", "--scheduler", "tcp://127.0.0.1:1"]),
        ("rp2040py", "rp2040py", ["run", "allostery", "--port", "emu://lab16"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_missing_package_is_one_line_and_nothing_is_left(
    module: str, package: str, command: list[str], tmp_path: Path
) -> None:
    code = f"import sys; sys.modules[{module!r}] = None; from twinohm.cli import main; sys.argv[1:] = {command}; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode in (1, 2) and list(tmp_path.iterdir()) == []
    assert len(done.stderr.splitlines()) == 1 and f"{sys.executable} -m pip install" in done.stderr
    assert package in done.stderr.partition("pip install")[2]
