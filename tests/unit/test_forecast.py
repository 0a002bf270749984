"""What is said of a task before its run: what no network of resistors can learn is refused, and nothing else is."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.model.placement import Placement
from twinohm.model.reach import inputs_reaching
from twinohm.tasks import TASKS
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.forecast import Forecast, forecast
from twinohm.tasks.linear_limits import best_weights, class_limits, output_limits
from twinohm.tasks.task import Task
from twinohm.tasks.task_file import load_task
from twinohm.tasks.user import UserTask

LAB16, DIVIDER = load_board("lab16"), load_board("divider")
seeds = st.integers(0, 2**31)


def table(folder: Path, rows: Sequence[Sequence[object]], n_inputs: int) -> UserTask:
    """The task of a data file with these rows: inputs, then outputs."""
    names = [f"in{k + 1}" for k in range(n_inputs)] + [f"out{k + 1}" for k in range(len(rows[0]) - n_inputs)]
    return written(folder, "\n".join(",".join(map(str, row)) for row in [names, *rows]))


def written(folder: Path, text: str, name: str = "mine.csv") -> UserTask:
    file = folder / name
    file.write_text(text)
    return load_task(file)


# -- nothing that can be learned is refused ----------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=30)
@given(seed=seeds, n_inputs=st.integers(1, 6), n_outputs=st.integers(1, 3), n_rows=st.integers(2, 30))
def test_what_a_network_gives_is_never_refused(
    tmp_path_factory: pytest.TempPathFactory, seed: int, n_inputs: int, n_outputs: int, n_rows: int
) -> None:
    """Targets are convex combinations of the inputs, some of which are biases or unused, to the digits of a file."""
    random = np.random.default_rng(seed)
    inputs_V = random.uniform(0, 5, (n_rows, n_inputs)) if seed % 3 else random.integers(0, 3, (n_rows, n_inputs)) * 2.5
    for column, bias_V in zip(range(seed % 3), (0.0, 5.0), strict=False):
        inputs_V[:, column % n_inputs] = bias_V
    weights = random.dirichlet([0.3] * n_inputs, n_outputs)
    decimals = 2 + seed % 3
    rows = np.round(np.hstack([inputs_V, inputs_V @ weights.T]), decimals).clip(0, 5)
    assume(len(np.unique(rows, axis=0)) > 1)
    task = table(tmp_path_factory.mktemp("task"), rows.tolist(), n_inputs)
    found = forecast(task, LAB16, task.placement_on(LAB16))
    assert found.impossible == ""
    assert "best network of resistors: " in found.remarks[-1]


@settings(max_examples=30)
@given(seed=seeds)
def test_targets_of_a_real_network_of_resistors_are_never_refused(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """The network is lab16's graph with random conductances, solved here; the answers have the noise of a board."""
    random = np.random.default_rng(seed)
    nodes = random.permutation(len(LAB16.nodes))
    n_in, n_out = int(random.integers(2, 5)), int(random.integers(1, 4))
    inputs, outputs = nodes[:n_in], nodes[n_in : n_in + n_out]
    laplacian = np.zeros((len(nodes), len(nodes)))
    for (a, b), conductance in zip(LAB16.edge_nodes, random.uniform(1, 50, LAB16.n_edges), strict=True):
        laplacian[[a, b], [a, b]] += conductance
        laplacian[[a, b], [b, a]] -= conductance
    inner = np.setdiff1d(nodes, inputs)
    inputs_V = random.uniform(0, 5, (20, n_in))
    volts = -np.linalg.solve(laplacian[np.ix_(inner, inner)], laplacian[np.ix_(inner, inputs)] @ inputs_V.T).T
    desired_V = volts[:, [int(np.flatnonzero(inner == node)[0]) for node in outputs]]
    task = table(tmp_path_factory.mktemp("task"), np.hstack([inputs_V, desired_V]).round(4).tolist(), n_in)
    names = [LAB16.nodes[node] for node in nodes]
    placement = Placement(tuple(names[:n_in]), tuple(names[n_in : n_in + n_out]))
    found = forecast(task, LAB16, placement)
    assert found.impossible == "" and len(found.remarks) == 1
    assert float(found.remarks[0].split(": ")[1].split(" mV")[0]) <= 0.1  # targets have four decimals


@settings(max_examples=30)
@given(seed=seeds, n_classes=st.integers(2, 4), n_inputs=st.integers(1, 4))
def test_classes_around_different_means_are_never_refused(seed: int, n_classes: int, n_inputs: int) -> None:
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), 8)
    means = random.permutation(np.linspace(0.5, 4.5, n_classes))[:, None] * np.ones(n_inputs)
    inputs_V = (means[labels] + random.normal(0, 0.2, (len(labels), n_inputs))).clip(0, 5)
    limits = class_limits(inputs_V, labels, LAB16.count_V)
    assert limits.network <= 0.1 * limits.constant and limits.contradictions == 0


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
@pytest.mark.parametrize("board", [LAB16, DIVIDER], ids=["lab16", "divider"])
def test_built_in_tasks_run(task: Task, board: object) -> None:
    events = [(tick, edge, False) for tick, edge in task.removals(task.ticks)]
    board = task.plugged(LAB16)
    assert forecast(task, board, task.placement_on(board), events) == Forecast()
    if not task.diodes:  # for which the divider has no sockets
        assert forecast(task, DIVIDER) == Forecast()


# -- the best network --------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(seed=seeds, n_inputs=st.integers(1, 3))
def test_no_weights_on_a_grid_are_better_than_the_best(seed: int, n_inputs: int) -> None:
    random = np.random.default_rng(seed)
    inputs_V, desired_V = random.uniform(0, 5, (12, n_inputs)), random.uniform(0, 5, 12)
    share = np.full(12, 1 / 12)
    weights = best_weights(inputs_V, desired_V, share)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)
    best = np.mean((inputs_V @ weights - desired_V) ** 2)
    for steps in itertools.product(range(21), repeat=n_inputs):
        if sum(steps) == 20:
            assert best <= np.mean((inputs_V @ np.array(steps) / 20 - desired_V) ** 2) + 1e-9


def test_contradictions_are_counted_apart() -> None:
    inputs_V = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0], [3.0, 4.0]])
    limits = output_limits(inputs_V, np.array([1.2, 1.8, 3.2, 3.8]))
    assert limits.contradictions == pytest.approx(0.09)
    assert limits.network == pytest.approx(0, abs=1e-12) and limits.constant == pytest.approx(1)


# -- what is refused ---------------------------------------------------------------------------------------------------

XOR = [(0, 0, 5, 0, 0), (0, 5, 5, 0, 5), (5, 0, 5, 0, 5), (5, 5, 5, 0, 0)]


@pytest.mark.parametrize(
    ("rows", "n_inputs", "words"),
    [
        (
            [(1, 2, 1.5), (1, 2, 4.5), (2, 1, 4.5)],
            2,
            "row 3: out1 = 4.5 V is outside 1..2 V, .* its inputs (the first of 2",
        ),
        (
            [(1, 2, 4.5), (2, 1, 4.5)],
            2,
            "no network of resistors reaches it; give bias=True, which adds inputs of 0 V and 5 V",
        ),
        ([(1, 0.5), (2, 1), (4, 2)], 1, "out1 = 0.5 V is outside 1..1 V, .*; give bias=True, which adds"),
        ([(2, 0.5), (1, 3)], 1, "row 2: out1 = 0.5 V is outside 2..2 V"),
        ([(2, 3, 2, 1), (2, 3, 2, 2)], 2, "row 2: out2 = 1 V is outside 2..3 V"),
        (
            XOR,
            4,
            "is better than a constant answer: 2500.0 mV rms against 2500.0 mV rms; more .* do not help",
        ),
        (
            [(*inputs[:3], desired) for *inputs, desired in XOR],
            3,
            "row 5: out1 = 0 V is outside 5..5 V, .* reaches it, and none is better than a constant answer, "
            "2886.8 mV rms against 2500.0 mV rms; more inputs of constant volts do not help",
        ),
        ([(0, 4), (5, 1)], 1, "row 2: out1 = 4 V is outside 0..0 V, "),
        ([(0, 5, 0, 4), (0, 5, 5, 1)], 3, "no network of resistors is better than a constant answer: 1500.0 mV rms"),
    ],
)
def test_what_no_network_can_learn_is_refused(
    rows: list[tuple[float, ...]], n_inputs: int, words: str, tmp_path: Path
) -> None:
    found = forecast(table(tmp_path, rows, n_inputs), LAB16)
    assert found.impossible.startswith(f"{tmp_path / 'mine.csv'}: ") and "\n" not in found.impossible
    with pytest.raises(UsageError, match=words.replace("(", r"\(") + ".*; anyway=True runs it all the same$"):
        found.require_possible(anyway=False)
    assert found.require_possible(anyway=True) == (found.impossible,)


def test_advice_names_only_what_the_board_has_room_for(tmp_path: Path) -> None:
    task = table(tmp_path, [(1, 2, 4.5), (2, 1, 4.5)], 2)
    assert "give --bias" in forecast(task, LAB16).impossible
    assert "more inputs of constant volts do not help" in forecast(task, DIVIDER).impossible
    text = 'inputs = ["A", "B"]\noutputs = ["C"]\n[[examples]]\ninputs = [3, 1]\ndesired = [4.5]\n'
    named = forecast(written(tmp_path, text, "mine.toml"), LAB16).impossible
    assert "[[examples]] #1: desired[0] = 4.5 V" in named
    assert "add an input of 5 V to every example, and name a node for it in inputs" in named


def test_a_target_may_be_a_converter_step_outside(tmp_path: Path) -> None:
    step = LAB16.count_V
    assert forecast(table(tmp_path, [(2, 3, 3 + 0.9 * step), (2, 3, 3)], 2), LAB16).impossible == ""
    assert forecast(table(tmp_path, [(2, 3, 3 + 1.1 * step), (2, 3, 3)], 2), LAB16).impossible


def test_interleaved_examples_of_a_toml_file_are_judged_together_and_those_in_blocks_one_by_one(tmp_path: Path) -> None:
    rows = "".join(f"[[examples]]\ninputs = {list(row[:4])}\ndesired = [{row[4]}]\n" for row in XOR)
    found = forecast(written(tmp_path, rows, "mine.toml"), LAB16)
    assert "no network of resistors is better than a constant answer: 2500.0 mV rms" in found.impossible
    assert forecast(written(tmp_path, 'order = "blocks"\n' + rows, "mine.toml"), LAB16) == Forecast()


def test_what_biases_would_mend_is_a_warning(tmp_path: Path) -> None:
    found = forecast(table(tmp_path, [(1.5, 0, 1.2), (2, 1.1, 1.5)], 2), LAB16)
    assert found.impossible == ""
    assert "is better than a constant answer: 194.0 mV rms against 150.0 mV rms; give --bias" in found.remarks[0]


def test_what_falls_with_its_input_needs_the_complement(tmp_path: Path) -> None:
    text = "x,y\n1,9\n2,8\n3,7\n4,6.5\n5,4\n"
    found = forecast(written(tmp_path, text), LAB16)
    assert found.impossible.endswith("give --complement, which adds inputs of 5 V - x beside each input x")
    (tmp_path / "mine.csv").write_text(text)
    mended = load_task(tmp_path / "mine.csv", options=DataOptions(complement=True))
    assert forecast(mended, LAB16).impossible == ""


LABELS = "in1,in2,label\n0,0,a\n5,5,a\n0,5,b\n5,0,b\n"


def test_classes_of_equal_means_are_refused(tmp_path: Path) -> None:
    found = forecast(written(tmp_path, LABELS), LAB16)
    assert "names the classes better than the most frequent class does: 50.0 % right against 50.0 %" in found.impossible
    assert forecast(written(tmp_path, LABELS.replace("5,5,a", "1,1,a")), LAB16).impossible == ""


# -- what is said, and runs --------------------------------------------------------------------------------------------


def test_contradictions_alone_are_a_warning_with_the_best_error(tmp_path: Path) -> None:
    found = forecast(table(tmp_path, [(1, 2, 1.2), (1, 2, 1.8)], 2), LAB16)
    assert found.impossible == ""
    assert found.remarks == (
        "warning: row 2 and row 3 have equal inputs and different targets; no answer is better than 300.0 mV rms",
        "best network of resistors: 300.0 mV rms, best constant 300.0 mV rms (2 training rows)",
    )
    found = forecast(written(tmp_path, "in1,label\n1,a\n1,b\n"), LAB16)
    assert found.impossible == "" and "at best 50.0 % can be right" in found.remarks[0]


def test_an_output_that_is_hopeless_alone_is_a_warning(tmp_path: Path) -> None:
    rows = [(a, b, 5, 0, (a + b) / 2.5, desired) for a, b, _, _, desired in XOR]
    found = forecast(table(tmp_path, rows, 4), LAB16)
    assert found.impossible == ""
    assert found.remarks[0].startswith("warning: no network of resistors gives out2 better than a constant, 2500.0 mV")


def test_test_rows_teach_nothing(tmp_path: Path) -> None:
    text = "in1,in2,out1,set\n1,3,2,train\n3,1,2,train\n2,4,3,train\n1,5,1,test\n"
    (best,) = forecast(written(tmp_path, text), LAB16).remarks
    assert best == "best network of resistors: 0.0 mV rms, best constant 471.4 mV rms (3 training rows)"


# -- where the nodes are -----------------------------------------------------------------------------------------------


def test_an_input_does_not_reach_through_another() -> None:
    """Of lab16's node D all edges go to C, E and F: with inputs there, others cannot reach it."""
    neighbours = sorted({node for edge in LAB16.edges if "D" in edge for node in edge} - {"D", "-"})
    placement = Placement((*neighbours, "H"), ("D", "I"))
    d, i = inputs_reaching(LAB16, placement)
    assert set(d) == set(range(len(neighbours))) and len(neighbours) in i


def test_nodes_that_cannot_have_a_task_are_a_warning(tmp_path: Path) -> None:
    neighbours = sorted({node for edge in LAB16.edges if "D" in edge for node in edge} - {"D", "-"})
    n = len(neighbours)
    task = table(tmp_path, [(*[1] * n, 5, 4), (*[1] * n, 3, 3)], n + 1)
    placement = Placement((*neighbours, "H"), ("D",))
    found = forecast(task, LAB16, placement)
    assert found.impossible == ""
    assert "row 2: out1 = 4 V is outside 1..1 V, the range of the inputs that reach node D" in found.remarks[0]
    assert "choose other nodes, `twinohm place` searches them" in found.remarks[0]


def test_an_output_that_no_input_reaches_is_named() -> None:
    task, edges = TASKS["allostery1"], [edge for edge in LAB16.edges if "D" in edge]
    placement = task.placement_on(LAB16)
    assert placement.outputs == ("D",)
    cut = [(7, edge, False) for edge in edges]
    found = forecast(task, LAB16, placement, cut).impossible
    assert found.startswith("allostery1: no input reaches output D from tick 7 on, without ")
    assert forecast(task, LAB16, placement, [*cut, (7, edges[0], True)]).impossible == ""
    assert forecast(task, LAB16, placement, cut[1:]).impossible == ""
