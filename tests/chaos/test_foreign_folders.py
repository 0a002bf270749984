"""No port of a foreign run folder is opened: `resume` wants one from the user, unless the HMAC of run.json is right."""

import json
import os
import shutil
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.command_line import run_here, tcp_board
from tests.conftest import ROOT
from tests.run_records import change_json, edit_log, kill_after_first_chunk
from tests.sim.test_formats import earlier_boards
from tests.tcp_port import port_that
from twinohm.errors import UsageError
from twinohm.paths import boards_file
from twinohm.remedies import Symptom
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.resume import plan_resume
from twinohm.runlog.run_hmac import why_foreign, with_hmac

OURS = "sim://divider?seed=0&profile=lab"  # the port of the run here
NOT = "that it names is not opened:"
TICKS = 80
KEY = Path(".local/share/twinohm/keys/run_hmac")


def go_home(patch: pytest.MonkeyPatch, home: Path) -> Path:
    """Make `home` the user's home folder."""
    home.mkdir(exist_ok=True)
    for name in ("TWINOHM_DATA", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        patch.delenv(name, raising=False)
    patch.setenv("HOME", str(home))
    return home


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a home folder `a`, and a run of its user that was killed after some of its ticks."""
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        go_home(patch, root / "a")
        done = run_here("run", "divider", "--board", "divider", "--ticks", str(TICKS), "--no-plot", cwd=root)
    assert done.returncode == 0, done.stderr
    (run,) = root.glob("runs/*")
    kill_after_first_chunk(run)
    run.rename(root / "run")
    yield root


@pytest.fixture
def run(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the run, in the home folder of its user."""
    shutil.copytree(made / "a", tmp_path / "a")
    go_home(monkeypatch, tmp_path / "a")
    return shutil.copytree(made / "run", tmp_path / "run")


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """The port of a TCP server, and what each of its clients sent first."""
    clients: list[bytes] = []

    def talk(client: socket.socket) -> None:
        clients.append(b"")
        client.settimeout(1)
        with suppress(OSError):
            clients[-1] = client.recv(100)

    with port_that(talk) as url:
        yield url, clients


def change_own(run: Path, **changes: object) -> None:
    """Change a run.json as if a run of this user had written it so."""
    record = json.loads((run / "run.json").read_bytes()) | changes
    del record["hmac"]
    (run / "run.json").write_text(json.dumps(with_hmac(record)))


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def refused(run: Path, words: str, *options: str) -> None:
    """Check that `resume` refuses a run in words, and changes nothing in its folder."""
    before = contents(run)
    done = run_here("resume", str(run), *options, cwd=run.parent)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1 and contents(run) == before


def goes_on(run: Path, *options: str) -> None:
    """Check that `resume` brings a run to its end, and leaves its run.json as it was."""
    before = (run / "run.json").read_bytes()
    done = run_here("resume", str(run), "--no-plot", *options, cwd=run.parent)
    assert done.returncode == 0, done.stderr
    assert RunFolder(run).logged_ticks == TICKS and (run / "run.json").read_bytes() == before


def test_a_run_goes_on_in_any_folder_for_the_user_who_made_it(run: Path, tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    goes_on(run.rename(tmp_path / "moved" / "run"))
    key = tmp_path / "a" / KEY
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (key, key.parent)]
    assert modes == [0o600, 0o700] and key.stat().st_size == 32
    assert key.read_bytes().hex() not in (tmp_path / "moved" / "run" / "run.json").read_text()


PORTS: dict[str, Callable[[str, Path], str]] = {
    "a server": lambda url, _: url,
    "rfc2217": lambda url, _: url.replace("socket", "rfc2217"),
    "spy": lambda url, victim: f"spy://{url.partition('//')[2]}?file={victim}",
    "spy of ours": lambda _, victim: f"spy://loop://?file={victim}",
    "a flash file": lambda _, victim: f"emu://divider?flash={victim}",
    "a boards.toml": lambda _, victim: f"sim://divider?boards={victim}",
    "a device": lambda _, victim: str(victim),
    "control characters": lambda url, _: url + "/\x1b[2J",
}


@pytest.mark.parametrize("port", PORTS)
def test_the_port_of_a_changed_run_json_is_not_opened(
    port: str, run: Path, listener: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine\n")
    change_json(run / "run.json", port=PORTS[port](listener[0], victim))
    edit_log(run)
    shown = PORTS[port](listener[0], victim).replace("\x1b", "\\u001b")[:40]
    refused(run, f"its HMAC is wrong: it was changed after a run of yours wrote it), so the port {NOT} {shown}")
    refused(run, f"`twinohm resume {run} --port PORT`")
    goes_on(run, "--port", OURS)
    refused(run, "its HMAC is wrong")  # a resume does not make the file the user's
    assert listener[1] == [] and victim.read_bytes() == b"mine\n"


def test_a_serial_number_is_a_port_too(run: Path) -> None:
    change_json(run / "run.json", serial_number="loop://")
    edit_log(run)
    refused(run, "is not opened: loop://;")


@pytest.mark.parametrize("change", ["added", "removed", "empty", "no text", "of another run", "twice"])
def test_a_run_json_that_is_not_as_it_was_written_is_foreign(change: str, run: Path) -> None:
    file = run / "run.json"
    match change:
        case "added":
            change_json(file, restore_best=True)
        case "removed":
            change_json(file, "hmac")
        case "empty":
            change_json(file, hmac="")
        case "no text":
            change_json(file, hmac=["é"])
        case "of another run":
            change_json(file, hmac=with_hmac({"port": OURS})["hmac"])
        case "twice":  # another reader of JSON could take the first
            file.write_text('{"port": "loop://",' + file.read_text()[1:])
    edit_log(run)
    reasons = {"removed": "it has no HMAC", "empty": "it has no HMAC", "twice": "it is not as a run writes it"}
    refused(run, f"({reasons.get(change, 'its HMAC is wrong')}")


def test_order_and_spaces_of_run_json_do_not_matter(run: Path) -> None:
    file = run / "run.json"
    file.write_text(json.dumps(dict(reversed(json.loads(file.read_bytes()).items()))))
    goes_on(run)


def test_another_user_names_the_port(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = go_home(monkeypatch, tmp_path / "b")
    refused(run, "there is no key to check its HMAC with")
    assert not list(home.rglob("*")), "a check makes no key"
    assert run_here("run", "divider", "--ticks", "2", "--no-plot", cwd=home).returncode == 0  # makes one
    refused(run, "its HMAC is of another user or computer")
    goes_on(run, "--port", OURS)


@pytest.mark.parametrize("command", ["plot", "export --format csv", "check", "watch --once"])
def test_what_reads_a_foreign_run_opens_nothing_and_wants_no_port(
    command: str, run: Path, listener: tuple[str, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = go_home(monkeypatch, tmp_path / "b")
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine\n")
    for port in (listener[0], f"spy://loop://?file={victim}"):
        change_json(run / "run.json", port=port, serial_number=port, boards=port)
        edit_log(run)
        done = run_here(*command.split(), str(run), cwd=tmp_path)  # pytest lets nobody read standard input
        assert done.returncode == 0, done.stderr
    assert listener[1] == [] and victim.read_bytes() == b"mine\n" and not list(home.rglob("*hmac*"))


@pytest.mark.parametrize("port", ["loop://", "hwgrep://.", "alt:///dev/null?class=Serial", "spy://loop://?file=victim"])
def test_only_the_documented_schemes_are_opened_from_a_file_of_the_user_too(port: str, run: Path) -> None:
    victim = run.parent / "victim"
    victim.write_bytes(b"mine\n")
    change_own(run, port=port)
    refused(run, f"{port}: {Symptom.NOT_FROM_FILES.seen.format(scheme=port.partition(':')[0])}")
    assert victim.read_bytes() == b"mine\n"


def test_a_boards_file_that_a_foreign_run_names_is_not_read(run: Path, tmp_path: Path) -> None:
    """On copper: the port of a virtual board names its own, and the user has given the port."""
    change_own(run, profile=None, seed=None, boards=str(tmp_path / "none.toml"), port="/dev/ttyACM0")
    with pytest.raises(UsageError, match=r"none\.toml"):
        plan_resume(RunFolder(run))
    change_json(run / "run.json", "hmac")
    assert plan_resume(RunFolder(run), port="/dev/ttyACM0").board.name == "divider"


def test_a_run_on_copper_goes_on_with_the_boards_file_of_its_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board at a TCP port is copper to the host."""
    go_home(monkeypatch, tmp_path / "a")
    boards = tmp_path / "mine.toml"
    boards.write_text(boards_file().read_text().replace("[divider", "[mine"))
    with tcp_board("mine", "--boards", str(boards)) as port:
        command = ["run", "divider", "--board", "mine", "--boards", str(boards), "--ticks", str(TICKS), "--no-plot"]
        done = run_here(*command, "--port", port, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        (own,) = tmp_path.glob("runs/*")
        kill_after_first_chunk(own)
        foreign = shutil.copytree(own, tmp_path / "foreign")
        change_json(foreign / "run.json", "hmac")
        goes_on(own, "--port", port)
        words = "no board 'mine'; there are divider, kit5, lab16, edge16; --boards names another file"
        refused(foreign, words, "--port", port)
        goes_on(foreign, "--port", port, "--boards", str(boards))


def test_what_a_run_is_checked_for_is_checked_again(run: Path) -> None:
    change_json(run / "run.json", eta=1e9)
    refused(run, "eta", "--port", OURS)


def test_a_run_of_format_1_has_no_hmac_and_its_port_is_not_opened(tmp_path: Path) -> None:
    run = shutil.copytree(ROOT / "tests" / "data" / "runs" / "format1-torn", tmp_path / "run")
    refused(run, "it has no HMAC")
    done = run_here("resume", str(run), "--port", "sim://lab16?seed=0&profile=lab", "--no-plot", cwd=tmp_path)
    assert done.returncode == 2 and "made the run on a virtual board with ideal DACs" in done.stderr


def test_a_run_of_a_version_before_has_no_hmac_and_goes_on_at_a_port_that_is_given(tmp_path: Path) -> None:
    run = shutil.copytree(ROOT / "tests" / "data" / "runs" / "format2-calibrated", tmp_path / "run")
    change_json(run / "run.json", "hmac")
    log = run / "ticks.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:20]))
    (run / "summary.json").unlink()
    refused(run, "it has no HMAC")
    port = f"sim://lab16?seed=4&profile=lab&boards={earlier_boards(tmp_path)}"
    done = run_here("resume", str(run), "--port", port, "--no-plot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


# -- the key -----------------------------------------------------------------------------------------------------------


def _link(key: Path) -> None:
    key.rename(key.with_name("elsewhere"))
    key.symlink_to(key.with_name("elsewhere"))


KEYS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "there is no key"),
    "short": (lambda key: key.write_bytes(b"x" * 31), "is no key of 32 bytes"),
    "long": (lambda key: key.write_bytes(b"x" * 33), "is no key of 32 bytes"),
    "readable": (lambda key: key.chmod(0o640), "others may open it (mode 640)"),
    "a link": (_link, "is a symbolic link"),
    "a pipe": (lambda key: (key.unlink(), os.mkfifo(key)), "is a pipe"),
    "foreign": (lambda key: os.chown(key, 12345, -1), "belongs to another user"),
}  # fmt: skip


@pytest.mark.parametrize("change", KEYS)
def test_a_key_that_must_not_be_used_stops_no_run_and_makes_no_hmac(
    change: str, run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if change == "foreign" and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    damage, words = KEYS[change]
    key = tmp_path / "a" / KEY
    damage(key)
    before = None if change in ("missing", "a pipe") else key.read_bytes()
    refused(run, words)
    done = run_here("run", "divider", "--ticks", "2", "--no-plot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (new,) = tmp_path.glob("runs/*/run.json")
    if change == "missing":
        assert why_foreign(new.read_bytes()) is None and key.stat().st_size == 32
    else:
        assert why_foreign(new.read_bytes()) == "it has no HMAC" and words in caplog.text
        assert before is None or key.read_bytes() == before


def test_without_a_home_to_write_to_a_run_is_made_and_resumed_with_its_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = go_home(monkeypatch, tmp_path / "home")
    (home / ".local").write_text("no folder")
    monkeypatch.setattr("twinohm.cli.run.StopOnCtrlC.__call__", lambda stop: setattr(stop, "asked", True) or True)
    done = run_here("run", "divider", "--board", "divider", "--ticks", str(TICKS), cwd=tmp_path)
    (path,) = tmp_path.glob("runs/*")
    assert done.returncode == 1 and f"`twinohm resume runs/{path.name} --port PORT` goes on" in done.stderr
    monkeypatch.undo()
    go_home(monkeypatch, home)
    refused(path, "it has no HMAC")
    goes_on(path, "--port", OURS)


def test_processes_that_start_together_use_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = go_home(monkeypatch, tmp_path / "home")
    start, made = threading.Barrier(8), []

    def make() -> None:
        start.wait()
        made.append(with_hmac({"port": OURS})["hmac"])

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and len(set(made)) == 1
    assert [file.name for file in (home / KEY).parent.iterdir()] == ["run_hmac"]


@pytest.mark.parametrize("wrong", [lambda ohm: [-1e5, *ohm[1:]], lambda ohm: [0, *ohm[1:]], lambda ohm: ohm[1:]])
@pytest.mark.parametrize("command", [["plot"], ["plot", "--out", "x.gif"], ["analyse"], ["check"]])
def test_component_values_of_no_network_are_named(
    command: list[str], wrong: Callable[[list[float]], list[float]], tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "tests/data/runs/format2-iris", tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_bytes())
    record["truth"]["pot_ohm"][0] = wrong(record["truth"]["pot_ohm"][0])
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    done = run_here(command[0], "run", *command[1:], cwd=tmp_path)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    assert "truth" in done.stderr + done.stdout and "board" in done.stderr + done.stdout
