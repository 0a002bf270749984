"""Wheel and sdist hold what they should, and an installation of either finds firmware and boards.toml."""

import os
import shutil
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

# A user's program in strict types, and two mistakes that a type checker must find in it.
PROGRAM = ROOT / "tests" / "data" / "user_script.py"  # uses the whole library
MISTAKES = """
import twinohm

twinohm.open(7)
twinohm.run("allostery", ticks="10")
"""

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


def git_files(which: str) -> set[str]:
    """Return names of files that git knows: --cached, --deleted or --others (new and not ignored). Skip without git."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs git and a checkout")
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z", "--exclude-standard", which]
    return set(run(*command).split("\0")) - {""}


def unzip(wheel: Path) -> dict[str, bytes]:
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", tmp_path_factory.mktemp("sdist"))


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
    for name in [
        f"hardware/{board}/{board}.net" for board in ("divider", "kit5", "lab16", "edge16")
    ]:  # references of parts
        assert data.pop(name) == (ROOT / name).read_bytes()
    assert data == {f"firmware/{name}": code for name, code in files(ROOT / "firmware").items()}


def test_wheel_holds_the_host_package_and_nothing_else(wheel: Path) -> None:
    content = unzip(wheel)
    about = f"twinohm-{__version__}.dist-info/"
    for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"):
        del content[about + name]
    code = {name: text for name, text in content.items() if not name.startswith("twinohm/_data/")}
    assert code.pop("twinohm_command.py") == (ROOT / "host/twinohm_command.py").read_bytes()
    assert code == {f"twinohm/{name}": text for name, text in files(ROOT / "host" / "twinohm").items()}


@pytest.mark.slow
def test_sdist_holds_every_tracked_file_and_nothing_else(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        members = [member.name.partition("/")[2] for member in archive if member.isfile()]
    assert len(members) == len(set(members))
    packed = set(members) - {"PKG-INFO"}
    tracked = git_files("--cached") - git_files("--deleted")
    assert tracked - packed == set(), "add these to [tool.hatch.build.targets.sdist] in pyproject.toml"
    assert packed - tracked - git_files("--others") == set()


def test_the_citation_names_this_version() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.slow
def test_sdist_makes_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    tree = tmp_path / f"twinohm-{__version__}"
    assert unzip(build("wheel", tmp_path / "wheel", tree)) == unzip(wheel)
    for name in ("Makefile", "LICENSE", "requirements.txt", "requirements-test.txt"):
        assert (tree / name).read_bytes() == (ROOT / name).read_bytes()
    for name in ("docs", "hardware", "tests"):
        assert files(tree / name) == files(ROOT / name)


def test_wheel_finds_its_own_copy(wheel: Path, install: Paths, find: Paths) -> None:
    python, site = install(wheel)
    firmware, boards = find(python)
    assert firmware.is_relative_to(site) and files(firmware) == files(ROOT / "firmware")
    assert boards.is_relative_to(site) and boards.read_bytes() == (ROOT / "boards.toml").read_bytes()


@pytest.mark.slow
def test_a_users_program_is_checked_against_the_types_of_the_wheel(wheel: Path, install: Paths, tmp_path: Path) -> None:
    python, _ = install(wheel)
    (tmp_path / "program.py").write_bytes(PROGRAM.read_bytes())
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [python, "-m", "mypy", "--strict", "--no-incremental", "program.py", "mistakes.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    reports = [line.split(": ", 1)[0] + line[line.rindex("[") :] for line in done.stdout.splitlines() if "[" in line]
    assert reports == ["mistakes.py:4[arg-type]", "mistakes.py:5[arg-type]"], done.stdout + done.stderr


@pytest.mark.slow
def test_editable_install_finds_the_tree(install: Paths, find: Paths) -> None:
    python, _ = install("--editable", ROOT)
    assert find(python) == (ROOT / "firmware", ROOT / "boards.toml")


def test_checkout_finds_the_tree(find: Paths) -> None:
    assert find(sys.executable, PYTHONPATH=str(ROOT / "host")) == (ROOT / "firmware", ROOT / "boards.toml")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("programs", [("python",), ("python", "pip")], ids=["made by uv, no pip", "with pip"])
def test_make_makes_an_environment_without_pip_anew(programs: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for program in programs:
        (tmp_path / "bin" / program).touch()
    plan = subprocess.run(
        ["make", "--dry-run", "demo", f"VENV={tmp_path}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (f"-m venv --clear {tmp_path}" in plan.stdout) == ("pip" not in programs)
