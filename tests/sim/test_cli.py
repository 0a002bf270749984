"""Commands as a user types them."""

import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.command_line import COMMAND, run_here, run_process, tcp_board
from twinohm.runlog.events import Resumed
from twinohm.runlog.folder import RunFolder

USER12 = Path(__file__).parents[1] / "data" / "boards" / "user12.toml"


def test_run_prints_orders_folder_and_figure(tmp_path: Path) -> None:
    done = run_here("run", "allostery", "--ticks", "80", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(":", 1) for line in done.stdout.splitlines())
    assert "orders" in lines["true"] and "plateau" in lines["measured"]
    assert (tmp_path / lines["figure"].strip()).stat().st_size > 10_000
    folder = RunFolder(tmp_path / lines["run"].strip())
    assert len(list(folder.ticks())) == 80


def test_run_json_is_one_object_alone(tmp_path: Path) -> None:
    done = run_here("run", "allostery", "--json", "--ticks", "60", "--no-plot", cwd=tmp_path)
    result = json.loads(done.stdout)
    expected = (
        "format task board port profile seed ticks mse_first mse_best mse_plateau orders_best orders_plateau "
        "rms_plateau_V accuracy taps placement run_dir seconds violations calibration "
        "true_mse_first true_orders_best true_orders_plateau true_rms_plateau_V "
        "step_V rail_share power baselines mse_held mse_chance orders_held orders_chance "
        "true_mse_held true_mse_best true_mse_chance true_orders_held true_orders_chance"
    )
    assert set(result) == set(expected.split())
    assert (result["board"], result["profile"], result["ticks"], result["violations"]) == ("lab16", "lab", 60, 0)
    record = json.loads((tmp_path / result["run_dir"] / "ticks.jsonl").read_bytes().splitlines()[1])
    fields = "tick t_us inputs_V desired_V free_V clamp_V true_free_V cmp sgn up moved taps error_V2 true_error_V2"
    assert set(record) == set(fields.split())


def test_the_truth_in_run_json_gives_the_true_voltages(tmp_path: Path) -> None:
    from tests.sim.replay import Replay

    done = run_here("run", "allostery", "--json", "--ticks", "30", "--no-plot", "--seed", "4", cwd=tmp_path)
    folder = RunFolder(tmp_path / json.loads(done.stdout)["run_dir"])
    replay = Replay(json.loads((folder.path / "run.json").read_bytes()))
    for record in folder.ticks():
        volts = replay.free_V(record.tick, replay.taps, list(record.inputs_V.values()))
        assert all(abs(volts[name] - value) < 1e-6 for name, value in record.true_free_V.items())
        replay.taps = record.taps


def test_a_users_own_board_trains_without_touching_code(tmp_path: Path) -> None:
    arguments = ["--boards", str(USER12), "--board", "user12", "--json", "--no-plot"]
    for task in ("allostery", "divider"):
        done = run_here("run", task, *arguments, "--ticks", "120", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert len(result["taps"]) == 20 and result["violations"] == 0
        assert result["true_orders_best"] > 0.3
    shown = run_here("boards", "--boards", str(USER12), "--json", cwd=tmp_path)
    assert [json.loads(line)["board"] for line in shown.stdout.splitlines()] == ["user12"]


def test_exec_prints_what_the_board_prints(tmp_path: Path) -> None:
    done = run_here("exec", "learner.taps", "--port", "sim://lab16", cwd=tmp_path)
    assert ast.literal_eval(done.stdout) == [64] * 16
    done = run_here("exec", "print('a'); x = 2", "--port", "sim://divider", cwd=tmp_path)
    assert done.stdout == "a\n"
    done = run_here("exec", "1/0", cwd=tmp_path)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr


def test_repl_takes_piped_lines(tmp_path: Path) -> None:
    done = run_process("repl", "--port", "sim://lab16", cwd=tmp_path, stdin="learner.edges[:2]\n")
    assert ">>> learner.edges[:2]" in done.stdout and "['A-B', 'A-E']" in done.stdout


def test_boards_tasks_and_ports_are_listed(tmp_path: Path) -> None:
    boards = [json.loads(line) for line in run_here("boards", "--json", cwd=tmp_path).stdout.splitlines()]
    assert {row["board"] for row in boards} == {"divider", "kit5", "lab16", "edge16"}
    can = {row["board"]: row for row in boards}
    assert can["lab16"]["any node any role"] and not can["divider"]["any node any role"]
    assert not can["edge16"]["reads CMP, SGN"] and can["edge16"]["holds an edge"] and not can["edge16"]["sets U/D"]
    tasks = [json.loads(line)["task"] for line in run_here("tasks", "--json", cwd=tmp_path).stdout.splitlines()]
    assert {"divider", "allostery", "regression", "iris", "sequence", "damage"} <= set(tasks)
    assert "sim://lab16" in run_here("ports", cwd=tmp_path).stdout
    for command in ("boards", "tasks", "ports"):
        assert run_here(command, cwd=tmp_path).returncode == 0


def test_plot_and_export_read_the_log(tmp_path: Path) -> None:
    run = json.loads(run_here("run", "divider", "--json", "--no-plot", "--ticks", "150", cwd=tmp_path).stdout)[
        "run_dir"
    ]
    assert run_here("plot", run, cwd=tmp_path).stdout.strip().endswith("run.png")
    for fmt in ("parquet", "csv", "netcdf"):
        done = run_here("export", run, "--format", fmt, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / done.stdout.strip()).stat().st_size > 0


def test_sim_offers_a_tcp_port_that_runs_use(tmp_path: Path) -> None:
    with tcp_board("divider") as port:
        done = run_here("run", "divider", "--board", "divider", "--port", port, "--ticks", "20", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["profile"] is None and "true_orders_best" not in result and result["ticks"] == 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "juggling"], ["juggling", "allostery"]),
        (["run", "allostery", "--board", "lab17"], ["lab17", "lab16"]),
        (["run", "allostery", "--board", "edge16", "--readings", "3"], ["edge16", "vote=majority", "unanimous"]),
        (["run", "allostery", "--board", "divider"], ["divider"]),
        (["run", "allostery", "--place", "A,B,C"], ["--placement", "6"]),
        (["run", "allostery", "--place", "A,B,C,D,E,Z"], ["Z"]),
        (["run", "allostery", "--place", "A,B,C,D,E,A"], ["A"]),
        (["run", "allostery", "--eta", "0"], ["eta"]),
        (["run", "allostery", "--ticks", "0"], ["ticks"]),
        (["run", "allostery", "--profile", "perfect"], ["perfect", "ideal"]),
        (["run", "allostery", "--seed", "-1"], ["seed"]),
        (["run", "allostery", "--boards", "nowhere.toml"], ["nowhere.toml"]),
        (["run", "allostery", "--port", "sim://lab16?colour=red"], ["colour"]),
        (["run", "allostery", "--port", "sim://divider", "--board", "lab16"], ["divider", "lab16"]),
        (["frobnicate"], ["frobnicate"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_arguments_end_with_one_line_and_code_2(arguments: list[str], words: list[str], tmp_path: Path) -> None:
    done = run_here(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and done.stdout == ""
    assert all(word in done.stderr.splitlines()[-1] for word in words), done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["run", "allostery", "--port", "/dev/ttyNOWHERE"], "/dev/ttyNOWHERE"),
        (["run", "allostery", "--port", "gopher://x"], "gopher"),
        (["plot", "nowhere"], "nowhere"),
        (["export", "nowhere"], "nowhere"),
    ],
)
def test_an_absent_port_or_run_is_named(arguments: list[str], word: str, tmp_path: Path) -> None:
    done = run_here(*arguments, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr and word in done.stderr.splitlines()[-1]


def start_long_run(tmp_path: Path) -> tuple[subprocess.Popen[str], RunFolder]:
    """A run that would take minutes, once it has logged something."""
    host = subprocess.Popen(
        [*COMMAND, "run", "allostery", "--ticks", "500000", "--no-plot"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 30
    while time.monotonic() < end:
        logs = list(tmp_path.glob("runs/*/ticks.jsonl"))
        if logs and logs[0].stat().st_size > 20_000:
            return host, RunFolder(logs[0].parent)
        time.sleep(0.02)
    host.kill()
    raise AssertionError("the run did not start")


def check_log(folder: RunFolder) -> int:
    """Check that a log has every tick up to its last whole line. Return their number."""
    ticks = [record.tick for record in folder.ticks()]
    assert ticks == list(range(len(ticks)))
    assert folder.description().task == "allostery"
    return len(ticks)


@pytest.mark.parametrize("delay", [0.0, 0.013, 0.05, 0.11])
def test_killing_the_host_leaves_a_readable_log(delay: float, tmp_path: Path) -> None:
    host, folder = start_long_run(tmp_path)
    time.sleep(delay)
    host.kill()
    host.wait()
    assert check_log(folder) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="finds the board's process through /proc")
def test_a_run_goes_on_after_its_board_was_killed(tmp_path: Path) -> None:
    host, folder = start_long_run(tmp_path)
    children = Path(f"/proc/{host.pid}/task/{host.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    end = time.monotonic() + 60
    while not (lost := list(folder.events_of(Resumed))) or lost[0].tick + 64 > sum(1 for _ in folder.ticks()):
        assert time.monotonic() < end and host.poll() is None
        time.sleep(0.1)
    host.send_signal(signal.SIGINT)
    _, stderr = host.communicate(timeout=60)
    assert host.returncode == 1 and "Traceback" not in stderr
    assert "stopped at tick" in stderr.splitlines()[-1] and "twinohm resume" in stderr
    assert folder.summary().ticks == check_log(folder) > lost[0].tick


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_after_the_chunk_in_flight(tmp_path: Path) -> None:
    host, folder = start_long_run(tmp_path)
    host.send_signal(signal.SIGINT)
    _, stderr = host.communicate(timeout=60)
    assert host.returncode == 1 and "stopped at tick" in stderr.splitlines()[-1]
    assert folder.summary().ticks == check_log(folder)


def test_no_board_process_is_left_behind(tmp_path: Path) -> None:
    done = run_process("exec", "import os; print(os.getpid())", cwd=tmp_path)
    pid = int(done.stdout)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except OSError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} still runs")
