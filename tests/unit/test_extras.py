"""The commands that install what an extra needs."""

import shlex
import sys

import pytest

from twinohm import extras
from twinohm.extras import install_command


def test_the_packages_of_an_extra_are_named_with_their_versions() -> None:
    words = shlex.split(install_command("iris", "ensemble"))
    assert words[:4] == [sys.executable, "-m", "pip", "install"]
    assert [word.partition(">")[0] for word in words[4:]] == ["numba", "scikit-learn"]


def test_an_extra_of_an_extra_is_followed() -> None:
    assert "'numba>=" in install_command("sweep") and "distributed" in install_command("sweep")


def test_an_environment_of_uv_has_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert install_command("iris").startswith(f"uv pip install --python {sys.executable} 'scikit-learn>=")


def test_an_unknown_extra_is_named_itself() -> None:
    assert install_command("none").endswith("pip install 'twinohm[none]'")
