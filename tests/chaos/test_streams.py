"""Standard input, output and error that are closed, full, or have no UTF-8: words and the exit code, no traceback."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import twinohm
from tests.command_line import COMMAND, run_here, run_process
from tests.run_records import description, tick
from twinohm.paths import boards_file
from twinohm.runlog.folder import RunFolder

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full and sh")
FULL = "twinohm: standard output: cannot be written (No space left on device); send it to another file, or free the"
CASES = {
    "full output": ("boards --json", ">/dev/full", FULL, 1),
    "closed output": ("boards", ">&-", "twinohm: standard output: cannot be written (Bad file descriptor)", 1),
    "closed input": ("repl --port sim://divider", "<&-", "", 0),
    "full error": ("boards -vv --json", "2>/dev/full", "", 0),
}


@pytest.mark.parametrize("name", CASES)
def test_a_stream_that_fails_is_an_error_in_words(name: str, tmp_path: Path) -> None:
    arguments, redirection, words, code = CASES[name]
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *arguments.split()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr.startswith(words) and done.stderr.count("\n") == bool(words) and done.returncode == code


@pytest.mark.parametrize("command", ["boards", "watch --once"])
def test_a_terminal_of_a_thousand_million_columns_has_a_thousand(command: str, tmp_path: Path) -> None:
    """rich would draw every character of each line."""
    folder = RunFolder.create(tmp_path, description())
    folder.append([tick(0)])
    arguments = [*command.split(), *([str(folder.path)] if "watch" in command else [])]
    done = run_process(*arguments, cwd=tmp_path, COLUMNS="1" + "0" * 9)
    assert done.returncode == 0 and max(map(len, done.stdout.splitlines())) <= 1000


def test_settings_of_matplotlib_change_no_figure(tmp_path: Path) -> None:
    """A backend that is not installed, as a notebook names it, and settings that need LaTeX."""
    folder = RunFolder.create(tmp_path, description())
    folder.append([tick(number) for number in range(3)])
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    rc = {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "MPLBACKEND": "module://no.such.backend"}
    done = run_process("plot", str(folder.path), cwd=tmp_path, **rc)
    assert done.returncode == 0 and not done.stderr and (folder.path / "run.png").stat().st_size > 10_000, done


@pytest.mark.parametrize("value", ["", "x", "1e9", "-1", "253402300800", "9" * 20, "9" * 5000])
def test_a_variable_that_numpy_takes_for_a_time_ends_no_command(value: str, tmp_path: Path) -> None:
    command = ["run", "divider", "--board", "divider", "--ticks", "20", "--no-plot", "--out", "runs"]
    done = run_process(*command, cwd=tmp_path, SOURCE_DATE_EPOCH=value)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr


def test_a_time_that_matplotlib_cannot_write_ends_no_figure(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, description())
    folder.append([tick(0)])
    folder.close()
    out = tmp_path / "run.svg"
    done = run_process("plot", str(folder.path), "--out", str(out), cwd=tmp_path, SOURCE_DATE_EPOCH="253402300800")
    assert done.returncode == 0 and out.stat().st_size > 10_000, done.stderr


@pytest.mark.parametrize("zone", ["UTC+24", "XXX-24:59", "no zone"])
def test_a_time_zone_that_python_has_not_ends_no_command(zone: str, tmp_path: Path) -> None:
    command = ["run", "divider", "--board", "divider", "--ticks", "3", "--no-plot", "--out", "runs"]
    done = run_process(*command, cwd=tmp_path, TZ=zone)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("runs/*/run.json")
    started = datetime.fromisoformat(json.loads(path.read_bytes())["started"])
    assert abs(started - datetime.now(UTC)) < timedelta(minutes=5)


def test_watch_shows_a_name_with_markup_in_a_terminal_without_utf8(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, description(task="[/red]"))
    folder.append([tick(0)])
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run(
        [*COMMAND, "watch", "--once", str(folder.path)],
        env=os.environ | environment,
        capture_output=True,
        encoding="ascii",
        timeout=60,
    )
    assert "[/red] on " in done.stdout and "taps " in done.stdout and not done.stderr and done.returncode == 0


ODD = os.fsdecode(b"caf\xe9")
SHOWN = r"caf\udce9"


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """Return a folder whose name is not in UTF-8, with a boards.toml and a data file of such names."""
    folder = tmp_path / ODD
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    (folder / f"{ODD}.toml").write_bytes(boards_file().read_bytes())
    (folder / f"{ODD}.csv").write_text("in1,in2,out1\n1,2,1.5\n2,1,1.5\n")
    return folder


def test_folders_and_files_may_have_names_that_are_not_in_utf8(odd_folder: Path) -> None:
    options = ["--boards", f"{ODD}.toml", "--out", ODD, "--no-plot", "--anyway", "--ticks", "4"]
    done = run_here("run", f"{ODD}.csv", *options, cwd=odd_folder)
    assert done.returncode == 0, done.stderr
    (run,) = (odd_folder / ODD).iterdir()
    described, summary = (json.loads((run / name).read_bytes()) for name in ("run.json", "summary.json"))
    assert described["boards"].endswith(f"{SHOWN}.toml") and summary["run_dir"] == f"{SHOWN}/{run.name}"
    log = run / "ticks.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(True)[:2]))
    name = f"{ODD}/{run.name}"
    for command in ("resume --no-plot", "check", "watch --once", "export --format csv"):
        done = run_here(*command.split(), name, cwd=odd_folder)
        assert done.returncode == 0, (command, done.stderr)
    assert run_here("check", "--json", name, cwd=odd_folder).stdout.startswith(f'{{"run_dir": "{SHOWN[:3]}')


@pytest.fixture
def odd_runs(tmp_path: Path) -> Path:
    """Return a folder with two runs, of which the name of one is not in UTF-8, and a third of such a name, damaged."""
    for name in ("a", ODD, f"z{ODD}"):
        with RunFolder.create(tmp_path / "runs", description(port="sim://square", profile="lab", ticks=3)) as folder:
            folder.append(tick(number, True, True) for number in range(3))
        try:
            folder.path.rename(tmp_path / "runs" / name)
        except OSError:
            pytest.skip("this file system takes names in UTF-8 alone")
    (tmp_path / "runs" / f"z{ODD}" / "run.json").write_text("{")
    return tmp_path


def test_a_folder_of_runs_is_listed_whatever_their_names(odd_runs: Path) -> None:
    done = run_here("runs", cwd=odd_runs)
    assert done.returncode == 0 and SHOWN in done.stdout and f"z{SHOWN}" in done.stderr, done.stderr
    done = run_here("runs", "--json", cwd=odd_runs)
    rows = {row["run"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert set(rows) == {"a", SHOWN, f"z{SHOWN}"}
    assert rows[SHOWN]["ticks"] == 3 and SHOWN in rows[f"z{SHOWN}"]["problem"]
    table = twinohm.runs(odd_runs / "runs")
    assert set(table.index) == set(rows) and table.loc[SHOWN, "plateau_mV"] == table.loc["a", "plateau_mV"]


def test_runs_are_compared_whatever_their_names(odd_runs: Path) -> None:
    done = run_here("compare", "runs/a", f"runs/{ODD}", cwd=odd_runs)
    assert done.returncode == 0 and f"2  runs/{SHOWN}" in done.stdout, done.stderr
    done = run_here("compare", "--json", "runs/a", f"runs/{ODD}", cwd=odd_runs)
    assert all(f"runs/{SHOWN}" in json.loads(line) for line in done.stdout.splitlines()), done.stderr
    assert list(twinohm.compare(odd_runs / "runs/a", odd_runs / "runs" / ODD).columns)[1].endswith(SHOWN)


def test_a_sweep_and_its_figure_may_have_such_names(odd_folder: Path) -> None:
    options = ["--seeds", "2", "--anyway", "--boards", f"{ODD}.toml", "--vary", "eta=0.5,1"]
    done = run_here("sweep", f"{ODD}.csv", *options, "--out", f"{ODD}.parquet", cwd=odd_folder)
    assert done.returncode == 0, done.stderr
    done = run_here("plot", f"{ODD}.parquet", cwd=odd_folder)
    assert done.returncode == 0 and SHOWN in done.stdout, done.stderr
    done = run_here("place", f"{ODD}.csv", "--limit", "1", "--anyway", "--out", f"{ODD}.jsonl", cwd=odd_folder)
    assert done.returncode == 0, done.stderr
    done = run_here("data", f"{ODD}.csv", "--json", "--anyway", cwd=odd_folder)
    assert done.returncode == 0 and SHOWN in json.loads(done.stdout)["file"], done.stderr


@pytest.mark.parametrize("arguments", ["plot {}", "run {}", "boards --boards {}", "sim {}", "exec {}"])
def test_a_wrong_name_that_is_not_in_utf8_is_shown_with_escapes(arguments: str, tmp_path: Path) -> None:
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [*COMMAND, *arguments.format(ODD).split()]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | environment, capture_output=True, encoding="ascii")
    assert SHOWN in done.stderr and "Traceback" not in done.stderr and done.returncode == 2
