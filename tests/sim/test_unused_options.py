"""An option that a task, a board, the levers or a command would not use is refused by name."""

from pathlib import Path

import pytest

import twinohm
from tests.command_line import run_here
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.model.levers import ETA_ONE, Levers, check_eta
from twinohm.paths import boards_file
from twinohm.protocol.shared import messages
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.resume import plan_resume
from twinohm.runlog.runner import run
from twinohm.sim.settings import SimSettings
from twinohm.studies.sweep_grid import grid, parse_axes
from twinohm.tasks import TASKS, find_task
from twinohm.tasks.presets import PRESETS, Preset
from twinohm.tasks.task import Task

URL = "sim://lab16?seed=3&profile=quiet"
UNUSED = [
    # The task does not use it.
    ("run sequence --eta 0.5", "eta = 0.5: sequence has its own for each of its parts; leave it out"),
    ("run sequence --placement A,B,C", "--placement A,B,C: sequence places each of its tasks itself; leave it out"),
    ("run allostery --amplify 2", "amplify = 2.0: allostery has no classes with targets to move; leave it out"),
    ("place sequence", "sequence places each of its tasks itself: there is no placement to search for"),
    ("sweep sequence --vary eta=0.5,1", "eta = 0.5: sequence has its own for each of its parts; leave it out"),
    ("sweep allostery --vary amplify=2,3", "amplify = 2.0: allostery has no classes with targets to move"),
    # The levers do not use it.
    ("run allostery --vote up", "vote = up: a single reading of each comparator has nothing to vote on"),
    ("run allostery --p-floor 0.03", "p_floor = 0.03: p does not fall with the error, give error_full_V; leave it out"),
    ("run allostery --whole", "whole: every edge takes part in every tick, give p below 1 or error_full_V"),
    ("sweep allostery --vary whole=no,yes", "whole = False: every edge takes part in every tick"),
    # The board does not use it, or it is 0 there.
    ("run allostery --eta 1e-5", "eta = 1e-05: 0 in the board's steps of 1/4096; give 0.00024 or more"),
    ("run allostery --eta-end 1e-5", "eta_end = 1e-05: 0 in the board's steps of 1/4096"),
    ("run allostery --p 1e-5", "p = 1e-05: 0 in the board's steps of 1/32768"),
    ("run allostery --error-full 1e-12", "error_full_V = 1e-12: 0 in the steps of board lab16; give 8e-05 V or more"),
    ("sweep allostery --vary eta=1e-5", "eta = 1e-05: 0 in the board's steps of 1/4096"),
    ("sweep allostery --vary error_full_V=1e-12", "error_full_V = 1e-12: 0 in the steps of board lab16"),
    ("sweep iris --vary amplify=0,1", "amplify = 0: a number above 0"),
    ("run allostery --port /dev/ttyX --seed 0", "seed = 0: /dev/ttyX is no virtual board"),
    ("run allostery --port /dev/ttyX --profile lab", "profile = lab: /dev/ttyX is no virtual board"),
    ("place divider --board divider --limit 5", "limit = 5: the nodes of divider are soldered"),
    # Two options say it.
    (f"run allostery --port {URL} --seed 4", "seed = '3', and seed = '4' is given too; give it once"),
    (f"run allostery --port {URL} --profile lab", "profile = 'quiet', and profile = 'lab' is given too; give it once"),
    ("run allostery --set seed=3 --seed 4", "seed = '3', and seed = '4' is given too; give it once"),
    (
        "sim lab16 --set profile=lab --profile quiet",
        "profile = 'lab', and profile = 'quiet' is given too; give it once",
    ),
    ("reproduce --seeds 2 --full", "--full: --seeds says how many; leave it out"),
    ("sim lab16 --pty --tcp 0", "--tcp 0: --pty offers the board as a serial device; leave it out"),
    # The command does not use it.
    ("bench ensemble --ticks 500", "--ticks 500: bench ensemble has a number of ticks of its own; leave it out"),
    ("bench sim --port sim://", "--port sim://: bench sim opens no port; leave it out"),
    ("bench ensemble --out x.png", "--out x.png: bench ensemble draws no figure; leave it out"),
    ("bench scaling --set noise_V=0", "--set: bench scaling makes no virtual board; leave it out"),
    ("selftest --seeds 2", "--seeds 2: it belongs to the test with --faults; leave it out"),
    ("selftest --jobs 2", "--jobs 2: it belongs to the test with --faults; leave it out"),
    ("selftest --faults --boards x.toml", "--boards x.toml: --faults takes the boards that come with TwinOhm"),
    ("selftest --faults --set noise_V=0", "--faults uses its board and its profile alone; give --port"),
    ("calibrate --list --port COM5", "--port COM5: --list reads what was calibrated before"),
    ("flash --to there --port COM5", "--port COM5: --to writes a folder, and touches no board; leave it out"),
    ("flash --port emu:// --drive there", "--drive there: emu:// is no Pico on USB, which has a drive; leave it out"),
    ("flash --port socket://x:1 --uf2 there", "--uf2 there: socket://x:1 is no Pico on USB"),
    ("watch somewhere --out runs", "--out runs: the run is named already; leave it out"),
    # A script goes on after the last tick.
    (
        "run allostery --ticks 9 --port sim://?at=9:remove=EH",
        "at = 9:remove=E-H: the run has 9 ticks, 0 to 8; leave it out",
    ),
    (
        "run allostery --ticks 9 --port sim://?at=40:fault=high:CMP.E-H",
        "at = 40:fault=high:CMP.E-H: the run has 9 ticks, 0 to 8; leave it out",
    ),
    ("selftest --port sim://?at=1:remove=EH", "at = 1:remove=E-H: a self-test makes no tick; leave it out"),
    ("calibrate --port sim://?at=1:remove=EH", "at = 1:remove=E-H: a calibration makes no tick; leave it out"),
    # A part of a URL.
    ("run allostery --port SIM://lab16", "SIM://lab16: write the scheme in small letters, sim://lab16"),
    ("run allostery --port sim://lab16/path", "sim://lab16/path: nothing uses '/path'; write for example sim://lab16?"),
    ("exec 1 --port sim://lab16?seed=1#frag", "sim://lab16?seed=1#frag: nothing uses 'frag'"),
    (
        "exec 1 --port SOCKET://localhost:1",
        "SOCKET://localhost:1: write the scheme in small letters, socket://localhost:1",
    ),
    (
        "exec 1 --port socket://localhost:1/x#y",
        "socket://localhost:1/x#y: nothing uses 'x#y'; write socket://HOST:PORT",
    ),
    ("run allostery --port sim://lab16?boards=", "boards has no value; give it one, or leave it out"),
    (
        "run allostery --port sim://[::1",
        "sim://[::1: this is no URL (Invalid IPv6 URL); write it as in sim://lab16?seed=1",
    ),
]


@pytest.mark.parametrize("option", ["--board", "--port", "--out", "--boards", "--placement", "--profile"])
@pytest.mark.parametrize("equals", [False, True])
def test_an_empty_value_is_not_the_default(option: str, equals: bool, tmp_path: Path) -> None:
    done = run_here("run", "allostery", *([f"{option}="] if equals else [option, ""]), cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith(f"twinohm: {option}: empty; give it a value"), done.stderr


@pytest.mark.parametrize(("arguments", "words"), UNUSED, ids=[arguments for arguments, _ in UNUSED])
def test_what_would_be_ignored_is_refused(arguments: str, words: str, tmp_path: Path) -> None:
    done = run_here(*arguments.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert words in done.stderr.splitlines()[-1], done.stderr
    assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())


def test_a_lever_that_some_points_of_a_sweep_use_may_be_varied() -> None:
    axes = parse_axes(["readings=1,3", "vote=unanimous"])
    assert [point.levers.readings for point in grid(find_task("allostery"), load_board("lab16"), axes)] == [1, 3]


@pytest.mark.parametrize("name", ["seed", "profile"])
def test_an_option_that_repeats_the_url_is_no_contradiction(name: str) -> None:
    plan = plan_run(find_task("allostery"), port=URL, **{name: {"seed": 3, "profile": "quiet"}[name]})
    assert (plan.seed, plan.profile) == (3, "quiet")
    assert (plan_run(find_task("allostery"), port=URL).seed, plan_run(find_task("allostery")).seed) == (3, 0)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_presets_set_nothing_that_a_task_refuses(preset: Preset, task: Task) -> None:
    chosen = preset.for_task(task)
    plan = plan_run(chosen.apply_to(task), eta=chosen.eta_for(task), levers=chosen.levers, bias_V=chosen.bias_V)
    assert plan.eta == (task.eta if task.name == "sequence" or chosen.eta is None else chosen.eta)


def test_library_and_command_line_refuse_the_same() -> None:
    with pytest.raises(UsageError, match=r"eta = 0\.5: sequence has its own"):
        plan_run(find_task("sequence"), eta=0.5)
    with pytest.raises(UsageError, match="vote = up: a single reading"):
        plan_run(find_task("allostery"), levers=Levers(vote="up"))
    with pytest.raises(UsageError, match="amplify = inf: a number above 0"):
        find_task("iris").amplified(float("inf"))
    with pytest.raises(UsageError, match="eta = nan: more than 0, at most 4"):
        plan_run(find_task("allostery"), eta=float("nan"))


def test_the_smallest_eta_is_the_smallest_that_a_board_can_do() -> None:
    assert ETA_ONE == messages.ETA_ONE
    for eta in (0.00013, 1.0, 4.0):
        check_eta(eta)
        assert round(eta * messages.ETA_ONE) > 0


def test_amplify_moves_the_targets_of_a_users_classes(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("in1,in2,label\n4,1,a\n1,4,b\n3,1,a\n")
    plain = find_task(str(tmp_path / "mine.csv"))

    def targets(task: Task) -> list[tuple[float, ...]]:
        block = next(task.blocks(60, 0, lambda inputs_V: [tuple(row) for row in inputs_V]))
        return sorted({tuple(desired_V) for _, _, desired_V in block.examples})

    (low, high), (lower, higher) = targets(plain), targets(plain.amplified(1.1))
    assert higher[0] - lower[0] == pytest.approx(1.1 * (high[0] - low[0]))
    done = run_here("run", "mine.csv", "--amplify", "1.1", "--ticks", "3", "--no-plot", cwd=tmp_path)
    assert done.returncode == 0 and "class targets 1.1 times" in done.stderr
    folder = RunFolder(next((tmp_path / "runs").iterdir()))
    assert getattr(plan_resume(folder).task, "amplify", None) == 1.1


def test_a_virtual_board_is_made_from_the_boards_file_that_is_given(tmp_path: Path) -> None:
    text = boards_file().read_text()
    (tmp_path / "mine.toml").write_text(text.replace("[divider", "[mine"))
    with twinohm.open("sim://mine", tmp_path / "mine.toml") as board:
        assert board.board.name == "mine"
    with pytest.raises(UsageError, match="boards = 'other.toml', and boards = .* is given too; give it once"):
        twinohm.open("sim://mine?boards=other.toml", tmp_path / "mine.toml")
    done = run_here("selftest", "--port", "sim://mine", "--boards", "mine.toml", cwd=tmp_path)
    assert done.returncode == 0 and "mine: no fault found" in done.stderr, done.stderr


def test_resume_uses_boards_on_a_virtual_board_too(tmp_path: Path) -> None:
    folder = run(plan_run(find_task("divider"), "divider", ticks=2), tmp_path)
    mine = tmp_path / "mine.toml"
    mine.write_bytes(boards_file().read_bytes())
    plan = plan_resume(folder, boards=mine)
    assert SimSettings.parse(plan.port).boards == mine.resolve()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *(("dashboard --no-browser", "FOLDER"), ("watch --once", "RUN"), ("check", "RUN"), ("export", "RUN")),
        *(("plot", "RUN|SWEEP"), ("resume", "RUN"), ("compare --json a", "RUNS"), ("run", "TASK"), ("data", "FILE")),
        *(("exec", "CODE"), ("sweep --seeds 1", "TASK"), ("place", "TASK")),
    ],
)
def test_an_empty_argument_is_no_folder_and_no_default(command: str, name: str, tmp_path: Path) -> None:
    done = run_here(*command.split(), "", cwd=tmp_path)
    assert done.returncode == 2 and ": empty; give it a value" in done.stderr, done.stderr
    assert done.stderr.startswith(f"twinohm: {name}") and done.stderr.count("\n") == 1


def test_an_empty_path_is_no_folder_in_the_library() -> None:
    for call in (twinohm.runs, twinohm.load_run, lambda path: twinohm.run("allostery", ticks=1, out=path)):
        with pytest.raises(UsageError, match="'': give the path of a fo?"):
            call("")
