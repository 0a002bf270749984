"""twinohm.files is the one module that writes files; locks and caches are the user's alone."""

import ast
import os
import re
import stat
import tracemalloc
from pathlib import Path

import pytest

import twinohm
from twinohm.errors import BoardBusy, UsageError
from twinohm.files import private_folder, write_own
from twinohm.inputs import MB, read_input
from twinohm.link.transports import hold_port
from twinohm.locks import Lock, is_held
from twinohm.model.calibration import Calibration, save_calibration

HOST = Path(twinohm.__file__).parent
WRITERS = {  # functions and methods of Python and of the libraries here that open a file by its name to write it
    *("write_text", "write_bytes", "touch", "FileIO", "fdopen", "mkstemp", "NamedTemporaryFile", "TemporaryFile"),
    *("copyfile", "copy2", "copytree", "move", "symlink_to", "hardlink_to", "link", "symlink"),
    *("to_netcdf", "to_csv", "to_json", "to_parquet", "tofile", "savetxt"),
}
INTO_MEMORY = {
    "savefig",
    "write_table",
    "write_csv",
    "File",
    "savez_compressed",
}  # also take an object
MEMORY = {"BytesIO", "BufferOutputStream"}
ALLOWED = {
    ("cli/streams.py", "open"): "the null device, in place of a standard stream that is closed",
    ("firmware/sources.py", "write_bytes"): "a module for the compiler, in a temporary folder of its own",
    ("inputs.py", "open"): "it opens files for reading alone",
    ("link/open_errors.py", "open"): "a serial device, to see whether it may be opened",
    ("sim/chip_flash.py", "open"): "a file in the file system of an emulated chip, which is in memory",
    ("sim/virtual_board.py", "fdopen"): "its own standard error",
    ("sim/emulated_board.py", "fdopen"): "its own standard error",
}


def called(node: ast.expr) -> str:
    """Return the last name of what is called."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def writes(call: ast.Call, memory: set[str]) -> bool:
    """Return whether a call opens a file to write it."""
    name = called(call.func)
    first = call.args[0] if call.args else None
    if name in INTO_MEMORY:
        return not any(isinstance(one, ast.Name) and one.id in memory for one in call.args)
    if name != "open":
        return name in WRITERS
    if ast.unparse(call.func) == "os.open":
        return True
    if isinstance(first, ast.Call) and called(first.func) == "open_plain":
        return False
    given = [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
    modes = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes)


def writers(source: str) -> set[str]:
    tree = ast.parse(source)
    made = [one for one in ast.walk(tree) if isinstance(one, ast.Assign) and isinstance(one.value, ast.Call)]
    memory = {ast.unparse(one.targets[0]) for one in made if called(one.value.func) in MEMORY}  # type: ignore[attr-defined]
    return {called(one.func) for one in ast.walk(tree) if isinstance(one, ast.Call) and writes(one, memory)}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("open(path, 'w')", {"open"}),
        ("path.open('ab')", {"open"}),
        ("open(path, mode='r+')", {"open"}),
        ("os.open(path, os.O_RDONLY)", {"open"}),
        ("path.write_text('')", {"write_text"}),
        ("figure.savefig(path)", {"savefig"}),
        ("image = BytesIO()\nfigure.savefig(image)", set()),
        ("open(path, 'rb')\nopen(path)\ntwinohm.open('sim://')", set()),
    ],
)
def test_a_writer_is_recognised(source: str, found: set[str]) -> None:
    assert writers(source) == found


def test_no_other_module_opens_a_file_to_write_it() -> None:
    paths = {path.relative_to(HOST).as_posix(): path for path in HOST.rglob("*.py")}
    found = {(name, word) for name, path in paths.items() for word in writers(path.read_text(encoding="utf-8"))}
    assert {(name, word) for name, word in found if name != "files.py"} == set(ALLOWED)


# -- locks and caches -------------------------------------------------------------------------------------------------

PORT = "socket://127.0.0.1:1"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="symbolic links and modes")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_no_name_beside_another_is_made_by_a_method_that_fails_for_a_folder() -> None:
    """`Path(".").with_name()` raises ValueError; `path.parent / name` is a path that check_place() refuses in words."""
    found = re.compile(r"(?<!__\))\.with_(name|suffix|stem)\(")
    uses = [str(file.relative_to(HOST)) for file in HOST.rglob("*.py") if found.search(file.read_text("utf-8"))]
    assert uses == []


def test_the_lock_of_a_port_is_the_users_alone(cache: Path) -> None:
    lock = hold_port(PORT)
    assert lock is not None
    (file,) = cache.rglob("*.lock")
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    with pytest.raises(BoardBusy, match=f"held by process {os.getpid()} "):
        hold_port(PORT)
    lock.release()
    assert not list(cache.rglob("*.lock"))


def test_the_lock_of_a_port_is_not_taken_through_a_link(cache: Path) -> None:
    lock = hold_port(PORT)
    assert lock is not None
    (file,) = cache.rglob("*.lock")
    lock.release()
    victim = cache / "victim"
    victim.write_text("mine")
    file.symlink_to(victim)
    assert hold_port(PORT) is None and victim.read_text() == "mine"
    file.unlink()
    folder, elsewhere = file.parent, cache / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    assert hold_port(PORT) is None and not list(elsewhere.iterdir())


def test_a_file_that_is_no_lock_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text("mine")
    with pytest.raises(UsageError, match=r"a\.lock: is no lock of twinohm"):
        Lock(tmp_path / "a.lock").take()
    with pytest.raises(UsageError, match=r"a\.lock: is no lock of twinohm"):
        Lock(tmp_path / "a.lock").holder()
    assert (tmp_path / "a.lock").read_text() == "mine"


def test_a_folder_that_others_can_enter_is_closed(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert stat.S_IMODE(private_folder(tmp_path / "open").stat().st_mode) == 0o700


def test_a_board_id_leads_out_of_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINOHM_DATA", str(tmp_path / "data"))
    found = Calibration("lab16", "x/../../../evil", "2026-11-26T00:00:00", {}, (0.0, 0.0), {}, {}, None)
    with pytest.raises(UsageError, match=r"board id 'x/\.\./\.\./\.\./evil'"):
        save_calibration(found)
    assert not list(tmp_path.rglob("*"))


def test_parts_that_killed_writers_left_are_removed_after_a_day(tmp_path: Path) -> None:
    names = {"old": ".0123456789abcdef.part", "new": ".fedcba9876543210.part", "other": ".mine.part"}
    for name in names.values():
        (tmp_path / name).write_bytes(b"x")
    for name in ("old", "other"):
        os.utime(tmp_path / names[name], (0, 0))
    write_own({tmp_path / "summary.json": b"{}"})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([names["new"], names["other"], "summary.json"])


def test_a_file_is_read_into_memory_of_its_size_not_of_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 5000)
    tracemalloc.start()
    try:
        assert read_input(path, 300 * MB) == b"x" * 5000
        assert tracemalloc.get_traced_memory()[1] < MB
    finally:
        tracemalloc.stop()


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * MB)
    assert len(read_input(path, MB)) == MB
    path.write_bytes(b"x" * (MB + 1))
    with pytest.raises(OSError, match="larger than 1 MB"):
        read_input(path, MB)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_a_file_that_says_it_has_no_size_is_read_whole() -> None:
    assert b"VmPeak" in read_input(Path("/proc/self/status"), MB)


def test_whether_a_lock_is_held_is_seen_without_taking_it(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert is_held(path) is False and not path.exists()
    lock = Lock(path)
    assert lock.take() is None
    text = path.read_bytes()
    assert is_held(path) is True and path.read_bytes() == text
    lock.release()
    path.write_bytes(text)  # its holder was killed
    assert is_held(path) is False
    assert lock.take() is None
    lock.release()


@pytest.mark.skipif(os.name == "nt", reason="flock")
def test_a_lock_is_taken_although_another_asks_whether_it_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    path = tmp_path / ".lock"
    path.write_bytes(b"")
    asking = os.open(path, os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    monkeypatch.setattr("twinohm.locks.time.sleep", lambda _: os.close(asking))
    lock = Lock(path)
    assert lock.take() is None
    lock.release()
