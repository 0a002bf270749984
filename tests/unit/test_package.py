"""Firmware and boards.toml are found from a wheel, an editable install and a checkout alike."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from twinohm import __version__

ROOT = Path(__file__).parents[2]
FIND = "from twinohm.paths import boards_file, firmware_dir; print(firmware_dir(), boards_file(), sep='\\n')"

Paths = Callable[..., tuple[Path, Path]]


def run(*command: str | Path, **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind: str, out: Path, tree: Path = ROOT) -> Path:
    run(sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", out, tree)
    (archive,) = out.iterdir()
    return archive


def files(root: Path) -> dict[str, bytes]:
    paths = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def unzip(wheel: Path) -> dict[str, bytes]:
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def find(tmp_path: Path) -> Paths:
    """What a python finds from an empty folder with an empty home, both of which stay empty."""
    empty = tmp_path / "empty"
    empty.mkdir()

    def find(python: Path | str, **extra: str) -> tuple[Path, Path]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment |= {"HOME": str(empty), "USERPROFILE": str(empty), "PYTHONDONTWRITEBYTECODE": "1"} | extra
        firmware, boards = run(python, "-c", FIND, cwd=empty, env=environment).splitlines()
        assert not list(empty.iterdir())
        return Path(firmware), Path(boards)

    return find


@pytest.fixture
def install(tmp_path: Path) -> Paths:
    """Installs one package into an environment of its own, which borrows all else from the one that runs the tests."""

    def install(*package: str | Path) -> tuple[Path, Path]:
        root = tmp_path / "venv"
        venv.create(root)
        scheme = sysconfig.get_paths("venv", vars={"base": str(root), "platbase": str(root)})
        python, site = Path(scheme["scripts"], "python"), Path(scheme["purelib"])
        (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
        alone = ["--ignore-installed", "--no-deps", "--no-index", "--no-build-isolation"]
        run(python, "-m", "pip", "install", "--disable-pip-version-check", *alone, *package)
        return python, site

    return install


def test_wheel_holds_firmware_and_boards(wheel: Path) -> None:
    content = unzip(wheel)
    data = {name.removeprefix("twinohm/_data/"): content[name] for name in content if "/_data/" in name}
    assert data.pop("boards.toml") == (ROOT / "boards.toml").read_bytes()
    for name in [f"hardware/{board}/{board}.net" for board in ("divider", "lab16", "edge16")]:  # references of parts
        assert data.pop(name) == (ROOT / name).read_bytes()
    assert data == {f"firmware/{name}": code for name, code in files(ROOT / "firmware").items()}
    assert {name.split("/")[0] for name in content} == {"twinohm", f"twinohm-{__version__}.dist-info"}


def test_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    tree = tmp_path / f"twinohm-{__version__}"
    assert unzip(build("wheel", tmp_path / "wheel", tree)) == unzip(wheel)
    for name in ("Makefile", "LICENSE", "requirements.txt", "requirements-test.txt"):
        assert (tree / name).read_bytes() == (ROOT / name).read_bytes()
    for name in ("hardware", "tests"):
        assert files(tree / name) == files(ROOT / name)


def test_wheel_finds_its_own_copy(wheel: Path, install: Paths, find: Paths) -> None:
    python, site = install(wheel)
    firmware, boards = find(python)
    assert firmware.is_relative_to(site) and files(firmware) == files(ROOT / "firmware")
    assert boards.is_relative_to(site) and boards.read_bytes() == (ROOT / "boards.toml").read_bytes()


def test_editable_install_finds_the_tree(install: Paths, find: Paths) -> None:
    python, _ = install("--editable", ROOT)
    assert find(python) == (ROOT / "firmware", ROOT / "boards.toml")


def test_checkout_finds_the_tree(find: Paths) -> None:
    assert find(sys.executable, PYTHONPATH=str(ROOT / "host")) == (ROOT / "firmware", ROOT / "boards.toml")
