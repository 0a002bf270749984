"""Boards from graphs, from the command line to ticks on a virtual board: a multiplexer, several ADCs, longer chains."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

import twinohm
from tests.command_line import run_here
from tests.sim.replay import Replay
from twinohm.diagnostics.selftest import selftest
from twinohm.ensemble.engine import Ensemble
from twinohm.errors import UsageError
from twinohm.model.allotment import auto_board
from twinohm.model.board_file import load_board
from twinohm.model.profile import PROFILES
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.sim.faults import every_fault, parse_fault
from twinohm.tasks import find_task

TICKS = 40


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A boards file with lattices of 5 x 5 and 8 x 8 nodes."""
    path = tmp_path_factory.mktemp("boards") / "boards.toml"
    for graph in ("lattice:5x5", "lattice:8x8"):
        twinohm.board_from_graph(graph, name="l" + graph[-1], out=path)
    return path


def test_the_printed_table_runs_as_it_is(tmp_path: Path) -> None:
    printed = run_here("board", "new", "--graph", "random:16,40,seed=1", "--name", "drawn", cwd=tmp_path)
    assert printed.returncode == 0
    (tmp_path / "mine.toml").write_text(printed.stdout)
    options = ("--boards", "mine.toml", "--board", "drawn", "--ticks", "20", "--no-plot", "--json")
    done = run_here("run", "allostery", *options, cwd=tmp_path)
    summary = json.loads(done.stdout)
    assert (summary["board"], summary["ticks"], summary["violations"]) == ("drawn", 20, 0)


def test_the_chips_are_told_beside_the_table(tmp_path: Path) -> None:
    done = run_here("board", "new", "--graph", "lattice:5x5", cwd=tmp_path)
    assert "own: 25 nodes, 40 edges; 7 MCP4728, 7 ADG715, 4 ADS7953, 10 74HC165, 10 74HC595, 1 TCA9548A" in done.stderr
    assert tomllib.loads(done.stdout)["own"]["i2c"]["mux"] == {"part": "TCA9548A", "address": 0x70}


def test_a_board_is_added_to_a_file_and_named_there_once(tmp_path: Path) -> None:
    add = ("board", "new", "--out", "mine.toml", "--graph")
    assert run_here(*add, "ring:4", "--name", "one", cwd=tmp_path).returncode == 0
    assert run_here(*add, "ring:5", "--name", "two", cwd=tmp_path).returncode == 0
    again = run_here(*add, "ring:6", "--name", "two", cwd=tmp_path)
    assert again.returncode == 2 and "mine.toml: has a board two already; give this one another --name" in again.stderr
    shown = run_here("boards", "--boards", "mine.toml", "--json", cwd=tmp_path)
    assert [json.loads(line)["nodes"] for line in shown.stdout.splitlines()] == [4, 5]


@pytest.mark.parametrize("content", ["hello\n", "[task]\nname = 'mine'\n"])
def test_a_file_that_is_no_boards_file_stays(content: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(content)
    done = run_here("board", "new", "--graph", "ring:4", "--out", "mine.toml", cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert (tmp_path / "mine.toml").read_text() == content


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--graph", "lattice:9x9"), "144 edges, and 128 fit the shift chains; take a smaller graph"),
        (("--graph", "donut"), "graph 'donut': not known; write paper, lattice:5x5"),
        (("--graph", "ring:4", "--name", "1st"), "name = '1st': not a name for a board"),
        (("--graph", "ring:4", "--out", "no/where.toml"), "there is no folder no; make it, or name another file"),
        (("--graph", "no.csv"), "no.csv: No such file or directory; give a file with a graph"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(options: tuple[str, ...], text: str, tmp_path: Path) -> None:
    done = run_here("board", "new", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr and len(done.stderr.splitlines()) == 1


def test_other_names_of_nodes_are_told(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("node 1,b\nb,c\nc,node 1\n")
    done = run_here("board", "new", "--graph", "g.csv", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["renamed"] == {"node 1": "node_1"}
    assert "nodes have other names on the board: 'node 1' is node_1" in done.stderr


@pytest.mark.parametrize("name", ["l5", pytest.param("l8", marks=pytest.mark.slow)])
def test_every_tick_of_a_lattice_equals_the_independent_calculation_and_the_ensemble(
    name: str, boards: Path, tmp_path: Path
) -> None:
    task = find_task("allostery")
    plan = plan_run(task, name, profile="ideal", ticks=TICKS, boards=boards)
    folder = run(plan, tmp_path)
    replay = Replay(json.loads((folder.path / "run.json").read_bytes()))
    ((inputs_V, desired_V),) = task.examples
    ensemble = Ensemble(plan.board, PROFILES["ideal"], [0])
    examples = (np.tile(inputs_V, (TICKS, 1)), np.tile(desired_V, (TICKS, 1)))
    taps = ensemble.train(plan.placement, *examples, record={"taps"}).taps[0]
    for record, expected in zip(folder.ticks(), taps, strict=True):
        assert (record.up, list(record.taps)) == replay.tick(list(inputs_V), list(desired_V)), f"tick {record.tick}"
        assert list(record.taps) == expected.tolist()
    assert folder.summary().violations == 0


def test_a_sound_lattice_passes_its_self_test(boards: Path) -> None:
    with twinohm.open("sim://l5", boards) as board:
        assert not selftest(board).findings


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("missing:0x70", "TCA9548A at 0x70: 0x70 does not answer"),
        ("moved:0x70=0x72", "TCA9548A at 0x70: 0x70 answers at 0x72 instead"),
        ("missing:0x49@1", "ADG715 at 0x49@1: 0x49@1 does not answer"),
        ("moved:0x49@1=0x4b@1", "0x49@1 answers at 0x4b@1 instead"),
        ("offset:adc.ADS7953@GP14", "ADS7953@GP14: ADC ADS7953@GP14 reads wrong"),
        ("open:adc.C3.free", "ADS7953@GP13 CH12: ADC C3.free open"),
        ("closed:switch.E5.free", "ADG715 at 0x4a@1, S1: switch of node E5.free never opens"),
    ],
)
def test_a_fault_of_a_lattice_is_named(fault: str, words: str, boards: Path, tmp_path: Path) -> None:
    done = run_here("selftest", "--port", f"sim://l5?boards={boards}&fault={fault}", cwd=tmp_path)
    assert done.returncode == 1 and words in done.stdout and "1 fault found" in done.stderr


def test_every_fault_of_a_board_with_a_multiplexer_can_be_written(boards: Path) -> None:
    board = load_board("l8", boards)
    faults = [text for text in every_fault(board) if text.startswith(("missing", "moved", "scaled", "offset:adc.AD"))]
    assert len([text for text in faults if text.startswith("missing")]) == 16 + 16 + 1
    assert [parse_fault(text, board).text for text in faults] == faults


def test_a_part_that_is_not_behind_a_channel_is_refused(boards: Path) -> None:
    with pytest.raises(UsageError, match="nothing is at 0x60@1; parts are at 0x70, 0x60, .* 0x48@0"):
        parse_fault("missing:0x60@1", load_board("l5", boards))


def test_an_automatic_board_learns_in_the_ensemble() -> None:
    board, task = auto_board(3, 3), find_task("allostery")
    examples = (np.tile(value, (200, 1)) for value in task.examples[0])
    error = Ensemble(board, PROFILES["lab"], [0, 1, 2]).train(task.placement_on(board), *examples).true_error
    assert (error[:, 150:].mean(axis=1) < 0.01).all() and (error[:, 0] > 0.3).all()


@pytest.mark.parametrize(
    ("graph", "task"), [("lattice:1x2", None), ("ring:3", "divider"), ("lattice:3x3", "allostery")]
)
def test_the_hint_names_a_task_that_the_board_has_nodes_for(graph: str, task: str | None, tmp_path: Path) -> None:
    done = run_here("board", "new", "--graph", graph, "--out", "my boards.toml", cwd=tmp_path)
    runs = f"; `twinohm run {task} --boards 'my boards.toml' --board own` runs it" if task else ""
    assert done.returncode == 0 and done.stderr.splitlines()[-1] == f"added to my boards.toml{runs}"
    if task:
        command = ("run", task, "--boards", "my boards.toml", "--board", "own", "--ticks", "4", "--no-plot")
        assert run_here(*command, cwd=tmp_path).returncode == 0
