"""No command writes through a link, onto what is no plain file, or over what TwinOhm did not make."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command_line import Done, run_here
from tests.run_records import description, kill_after_first_chunk, tick
from twinohm.runlog.folder import RunFolder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="symbolic links and pipes")

RUN_NAME = "20261126-000000-divider-divider"
OUTPUTS = {  # by command: what it writes, below the folder where it runs
    "plot run": ["run/run.png"],
    "export run": ["run/run.parquet", "run/run-events.parquet"],
    "export run --format csv": ["run/run.csv", "run/run-events.csv"],
    "export run --format netcdf": ["run/run.nc"],
    "export run --out out": ["out", "out-events"],
    "export run --out out --force": ["out", "out-events"],
    "place allostery1 --limit 1 --out out": ["out"],
    "sweep divider --board divider --out out.parquet": ["out.parquet", "out.parquet.unfinished"],
    "reproduce divider --out .": ["report.md", "fig2-divider.png", "fig5-damage.png"],
    "rules sign --task allostery --out .": ["rules.md", "rules.png"],
    "flash --board divider --source --to .": ["main.py", "twinohm_fw/core/nudge.py"],
}
CASES = [(command, name) for command, names in OUTPUTS.items() for name in names]


def invoke(command: str, cwd: Path) -> Done:
    return run_here(*command.split(), cwd=cwd)


def refused(done: Done, *words: str) -> None:
    """Assert that a command ended with one line for the user."""
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("twinohm: "), done.stderr
    assert all(word in done.stderr for word in words), done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a run in `run`, and a file of its user's in `victim`."""
    with RunFolder.create(tmp_path, description(port="sim://square", profile="lab", ticks=20)) as folder:
        folder.append(tick(number, True, True) for number in range(20))
    folder.path.rename(tmp_path / "run")
    (tmp_path / "victim").write_text("mine\n")
    return tmp_path


@pytest.mark.parametrize(("command", "name"), CASES)
def test_an_output_that_is_a_link_is_refused(command: str, name: str, place: Path) -> None:
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).symlink_to(place / "victim")
    refused(invoke(command, place), name, "is a symbolic link", "name another")
    assert (place / "victim").read_text() == "mine\n" and (place / name).is_symlink()


@pytest.mark.parametrize(("command", "name"), CASES)
def test_a_link_to_nothing_makes_nothing(command: str, name: str, place: Path) -> None:
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).symlink_to(place / "new")
    refused(invoke(command, place), name, "is a symbolic link")
    assert not (place / "new").exists()


@pytest.mark.parametrize("kind", ["pipe", "folder"])
@pytest.mark.parametrize(("command", "name"), CASES)
def test_an_output_that_is_a_pipe_or_a_folder_is_refused(kind: str, command: str, name: str, place: Path) -> None:
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(place / name) if kind == "pipe" else (place / name).mkdir()
    refused(invoke(command, place), name, f"is a {kind}")
    assert (place / name).is_fifo() if kind == "pipe" else not list((place / name).iterdir())


@pytest.mark.parametrize(
    "command", [command for command in OUTPUTS if command.endswith(("--out out", "--out out.parquet"))]
)
def test_a_device_is_refused(command: str, place: Path) -> None:
    refused(invoke(f"{command.rpartition(' ')[0]} /dev/null", place), "/dev/null")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("command", ["export run --out out", "export run --out out --format csv"])
@pytest.mark.parametrize("name", ["out", "out-events"])
def test_export_replaces_a_file_of_the_user_only_with_force(command: str, name: str, place: Path) -> None:
    shutil.copy(place / "victim", place / name)
    refused(invoke(command, place), name, "is there already", "--force")
    assert (place / name).read_text() == "mine\n" and len(list(place.glob("out*"))) == 1
    assert invoke(f"{command} --force", place).returncode == 0
    assert (place / name).read_bytes() != b"mine\n" and not list(place.rglob("*.part"))


FOLDERS = (".", "./", "/", "..", "run")
TO_A_FILE = (
    *("plot run", "export run", "export run --format csv", "export run --format netcdf", "bench scaling"),
    *("place allostery1 --limit 1", "sweep divider --board divider", "board new --graph lattice:2x2"),
)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("command", TO_A_FILE)
def test_an_output_that_names_a_folder_is_refused(command: str, folder: str, place: Path) -> None:
    before = sorted(place.rglob("*"))
    refused(invoke(f"{command} --out {folder}", place), "is a folder" if "plot" not in command else ".png")
    assert sorted(place.rglob("*")) == before


def test_the_name_of_a_folder_is_no_flash_file(place: Path) -> None:
    refused(run_here("exec", "1", "--port", "emu://lab16?flash=.", cwd=place), "flash")


@pytest.mark.parametrize(
    ("name", "begin"), [("x.csv", b'"tick"'), ("x.parquet", b"PAR1"), ("x.nc", b"\x89HDF"), ("x.CSV", b'"tick"')]
)
def test_the_end_of_a_name_says_the_format_of_an_export(name: str, begin: bytes, place: Path) -> None:
    done = invoke(f"export run --out {name}", place)
    assert done.returncode == 0 and (place / name).read_bytes().startswith(begin), done.stderr


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("export run --format csv --out x.parquet", "ends with .parquet, but csv"),
        ("export run --format netcdf --out x.csv", ".nc"),
        ("export run --format parquet --out x.png", ".parquet"),
        ("export run --out x.txt", "name the format"),
        ("place allostery1 --limit 1 --out x.csv", ".jsonl"),
        ("board new --graph lattice:2x2 --out x.json", ".toml"),
        ("bench scaling --out x.pdf", ".png"),
        ("sweep divider --board divider --out x.csv", ".parquet"),
    ],
)
def test_a_name_that_ends_as_another_kind_of_file_is_refused(command: str, wanted: str, place: Path) -> None:
    before = sorted(place.rglob("*"))
    refused(invoke(command, place), "x.", wanted)
    assert sorted(place.rglob("*")) == before


def test_a_file_that_twinohm_made_is_replaced_if_it_says_so(place: Path) -> None:
    for fmt in ("parquet", "netcdf"):
        for _ in range(2):
            done = invoke(f"export run --out out.{fmt} --format {fmt}", place)
            assert done.returncode == 0, done.stderr
    assert invoke("export run --out out.csv --format csv", place).returncode == 0
    refused(invoke("export run --out out.csv --format csv", place), "is there already")
    for command in ("export run", "export run --format csv"):  # names of TwinOhm's own
        assert [invoke(command, place).returncode for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("name", ["ticks.jsonl", "run.json"])
@pytest.mark.parametrize(
    "command",
    [
        "export run --force --out",
        "export run --format csv --force --out",
        "place allostery1 --limit 1 --out",
        "sweep divider --board divider --out",
    ],
)
def test_no_output_replaces_the_records_of_a_run(command: str, name: str, place: Path) -> None:
    before = (place / "run" / name).read_bytes()
    refused(invoke(f"{command} run/{name}", place), name, "is the record of a run")
    assert (place / "run" / name).read_bytes() == before


@pytest.mark.parametrize("name", [".lock", "summary.json", "examples.npz", "Run.json"])
def test_no_output_takes_the_name_of_a_record_that_a_run_has_not_yet(name: str, place: Path) -> None:
    (place / "run" / "summary.json").unlink(missing_ok=True)
    refused(invoke(f"export run --format csv --force --out run/{name}", place), name, "is the record of a run")
    assert not (place / "run" / name).exists()


@pytest.mark.parametrize("text", ["mine\n", "a list\n{}\n", "mine", "\n"])
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("place allostery1 --limit 1 --out out", "out"),
        ("sweep divider --board divider --out out.parquet", "out.parquet.unfinished"),
    ],
)
def test_results_are_not_appended_to_a_file_of_the_user(command: str, name: str, text: str, place: Path) -> None:
    (place / name).write_text(text)
    refused(invoke(command, place), name, "is no result of twinohm; name another --out")
    assert (place / name).read_text() == text


@pytest.mark.parametrize("name", ["report.md", "fig3-tasks.png"])
def test_a_report_replaces_no_file_of_the_user(name: str, place: Path) -> None:
    (place / name).write_text("mine\n")
    refused(invoke("reproduce divider --out .", place), name, "is there already", "name another place")
    assert (place / name).read_text() == "mine\n" and not (place / "runs").exists()


def test_a_folder_below_that_of_flash_is_not_followed_if_it_is_a_link(place: Path) -> None:
    (place / "elsewhere").mkdir()
    (place / "twinohm_fw").symlink_to(place / "elsewhere")
    refused(invoke("flash --board divider --to .", place), "twinohm_fw", "is a symbolic link")
    assert not list((place / "elsewhere").iterdir()) and not (place / "main.py").exists()


@pytest.mark.parametrize("command", ["plot run", "export run", "export run --format netcdf", "export run --format csv"])
def test_a_part_with_a_name_that_can_be_guessed_is_not_followed(command: str, place: Path) -> None:
    for name in ("run.png", "run.parquet", "run.nc", "run.csv"):
        (place / "run" / f"{name}.part").symlink_to(place / "victim")
    assert invoke(command, place).returncode == 0
    assert (place / "victim").read_text() == "mine\n"


# -- a full disk ------------------------------------------------------------------------------------------------------


@contextmanager
def disk_full_after(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("command", ["plot run", "export run", "export run --format csv", "export run --format netcdf"])
def test_a_full_disk_is_an_error_in_words_and_leaves_nothing(command: str, place: Path) -> None:
    before = sorted((place / "run").iterdir())
    with disk_full_after(500):
        done = invoke(command, place)
    assert done.returncode == 1 and "cannot be written (File too large)" in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1 and sorted((place / "run").iterdir()) == before


def test_a_full_disk_leaves_the_file_of_before(place: Path) -> None:
    assert invoke("export run --format csv", place).returncode == 0
    before = (place / "run" / "run.csv").read_bytes()
    with disk_full_after(len(before) - 1):
        assert invoke("export run --format csv", place).returncode == 1
    assert (place / "run" / "run.csv").read_bytes() == before


# -- a run folder of a stranger ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    done = run_here("run", "divider", "--ticks", "20", "--no-plot", "--json", cwd=folder)
    return folder / str(json.loads(done.stdout)["run_dir"])


@pytest.mark.parametrize("command", ["plot run", "export run", "check run", "watch run --once"])
def test_a_log_that_is_a_pipe_is_not_waited_for(command: str, place: Path) -> None:
    (place / "run" / "ticks.jsonl").unlink()
    os.mkfifo(place / "run" / "ticks.jsonl")
    refused(invoke(command, place), "ticks.jsonl: cannot be read (a pipe, not a file)")


@pytest.mark.parametrize("name", [".lock", "ticks.jsonl", "summary.json", "run.png"])
def test_resume_writes_through_no_link(name: str, finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "run")
    there = tmp_path / "run" / name
    victim = tmp_path / "victim"
    victim.write_bytes(there.read_bytes() if there.exists() else b"mine\n")
    before = victim.read_bytes()
    there.unlink(missing_ok=True)
    there.symlink_to(victim)
    done = run_here("resume", "run", cwd=tmp_path)
    if name == "run.png":  # the result comes before the figure
        assert "run.png: is a symbolic link" in done.stderr and "Traceback" not in done.stderr
    else:
        assert (done.returncode, done.stderr.count("\n")) == (2, 2) and f"{name}: is a symbolic link" in done.stderr
    assert victim.read_bytes() == before and there.is_symlink()


@pytest.mark.parametrize("name", ["summary.json", "run.png"])
def test_resume_refuses_an_output_that_is_a_link_before_its_first_tick(name: str, tmp_path: Path) -> None:
    done = run_here("run", "divider", "--board", "divider", "--ticks", "40", "--no-plot", "--out", "runs", cwd=tmp_path)
    (run,) = (tmp_path / "runs").iterdir()
    kill_after_first_chunk(run)
    (run / name).symlink_to(tmp_path / "elsewhere")
    log = (run / "ticks.jsonl").read_bytes()
    done = run_here("resume", str(run), cwd=tmp_path)
    assert done.returncode == 2 and f"{run / name}: is a symbolic link" in done.stderr.splitlines()[-1]
    assert (run / "ticks.jsonl").read_bytes() == log and not (tmp_path / "elsewhere").exists()
