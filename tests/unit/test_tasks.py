"""Tasks: what they stream, where they go, and what a user's own file may hold. No board: `infer` is made up."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from tests.one_line import one_line
from twinohm.errors import TwinOhmError, UsageError
from twinohm.model.board_file import load_board, load_boards
from twinohm.tasks import TASKS, find_task
from twinohm.tasks.damage import DAMAGE, PULLED
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.iris import IRIS, amplified
from twinohm.tasks.regression import REGRESSION, Regression
from twinohm.tasks.sequence import SEQUENCE
from twinohm.tasks.task import Block, Task, TestSet, Volts
from twinohm.tasks.task_file import load_task
from twinohm.tasks.user import UserTask

LAB16, DIVIDER = load_board("lab16"), load_board("divider")
USER12 = load_boards(Path(__file__).parents[1] / "data" / "boards" / "user12.toml")["user12"]


class Answers:
    """A board that answers means of its inputs; it counts how often it was asked."""

    def __init__(self, n_outputs: int) -> None:
        self.n_outputs = n_outputs
        self.asked: list[Sequence[Volts]] = []

    def __call__(self, inputs_V: Sequence[Volts]) -> list[tuple[float, ...]]:
        self.asked.append(inputs_V)
        drift = 0.01 * len(self.asked)
        return [tuple(row[k % len(row)] * 0.5 + drift for k in range(self.n_outputs)) for row in inputs_V]


def blocks_of(task: Task, ticks: int | None = None, seed: int = 0) -> list[Block]:
    return list(task.blocks(task.ticks if ticks is None else ticks, seed, Answers(len(task.placement_on(LAB16)[1]))))


# -- every task --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
@pytest.mark.parametrize("ticks", [1, 7, 31, 99, 100, 101, 450, 4301, None])
def test_ticks_add_up_and_volts_are_task_volts(task: Task, ticks: int | None) -> None:
    blocks = blocks_of(task, ticks)
    assert sum(block.ticks for block in blocks) == (task.ticks if ticks is None else ticks)
    assert all(block.ticks > 0 for block in blocks)
    for block in blocks:
        inputs, outputs = block.placement or task.placement_on(LAB16)
        for _, inputs_V, desired_V in block.examples:
            assert (len(inputs_V), len(desired_V)) == (len(inputs), len(outputs))
            assert all(0 <= volts <= 5 for volts in (*inputs_V, *desired_V))


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_the_seed_alone_decides_what_is_streamed(task: Task) -> None:
    assert blocks_of(task, seed=3) == blocks_of(task, seed=3)
    if task.name in ("regression", "iris", "sequence"):
        assert blocks_of(task, seed=3) != blocks_of(task, seed=4)


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_placements_fit_lab16(task: Task) -> None:
    own = task.placement_on(LAB16)
    LAB16.check_placement(*own)
    for block in blocks_of(task):
        if block.placement is not None:
            LAB16.check_placement(*block.placement)
        if block.remove is not None:
            assert block.remove in LAB16.edges


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_divider_runs_a_task_or_refuses_it_by_name(task: Task) -> None:
    if (task.n_inputs, task.n_outputs) == (2, 1):
        assert task.placement_on(DIVIDER) == (("TOP", "BOT"), ("MID",))
        return
    with pytest.raises(UsageError, match=f"{task.name} .*board divider"):
        task.placement_on(DIVIDER)


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_a_users_board_runs_a_task_or_refuses_it_by_name(task: Task) -> None:
    if task is DAMAGE:
        with pytest.raises(UsageError, match="damage pulls .*board user12 has no edge 'E-H'"):
            task.placement_on(USER12)
    else:
        USER12.check_placement(*task.placement_on(USER12))


# -- regression --------------------------------------------------------------------------------------------------------


def test_regression_takes_400_new_examples_and_tests_20_others_before_each() -> None:
    blocks = blocks_of(REGRESSION)
    train = [block.examples[0][1] for block in blocks]
    assert len(blocks) == 400 == len(set(train))
    tests = blocks[0].test
    assert tests is not None and all(block.test == tests for block in blocks)
    assert len(tests.inputs_V) == 20 and not set(tests.inputs_V) & set(train)
    for a, b, ground in (*train, *tests.inputs_V):
        assert 1 <= a <= 5 and 1 <= b <= 5 and ground == 0
    volts = [volt for a, b, _ in train for volt in (a, b)]
    assert min(volts) < 1.1 and max(volts) > 4.9  # all of the range is used
    for inputs_V, desired_V in zip(tests.inputs_V, tests.desired_V, strict=True):
        a, b, _ = inputs_V
        assert desired_V == pytest.approx((0.15 * a + 0.20 * b, 0.25 * a + 0.10 * b))


def test_regression_goes_on_with_its_first_example_and_may_test_seldom() -> None:
    seldom = Regression("r", "", "", (), 400, 1.0, REGRESSION.placements, test_every=30)
    blocks = blocks_of(seldom, 500)
    assert [block.ticks for block in blocks] == [30] * 16 + [20]
    shown = [example for block in blocks for example in block.examples]
    assert shown[400:] == shown[:100]


# -- iris --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_iris_learns_10_of_each_species_and_tests_the_others(seed: int) -> None:
    blocks = blocks_of(IRIS, seed=seed)
    assert [block.ticks for block in blocks] == [30] * 20
    tests = blocks[0].test
    assert tests is not None and tests.labels is not None
    assert [tests.labels.count(label) for label in range(3)] == [40, 40, 40]
    epochs = [sorted(tuple(inputs_V) for _, inputs_V, _ in block.examples) for block in blocks]
    assert all(epoch == epochs[0] for epoch in epochs)
    assert blocks[0].examples != blocks[1].examples
    assert {row[4] for row in (*tests.inputs_V, *epochs[0])} == {0}


def test_iris_scales_its_features_by_the_flowers_to_learn_alone() -> None:
    """Against the flowers as scikit-learn has them; a flower to test that lies beyond is at the end of the range."""
    features = load_iris().data
    for seed in range(3):
        block = blocks_of(IRIS, 30, seed)[0]
        learned = [inputs_V[:4] for _, inputs_V, _ in block.examples]
        assert np.min(learned, axis=0).tolist() == [0] * 4 and np.max(learned, axis=0).tolist() == [5] * 4
        drawn = np.isin(np.arange(150), np.concatenate(_drawn(seed)))
        low, high = features[drawn].min(0), features[drawn].max(0)
        scaled = np.clip(5 * (features[~drawn] - low) / (high - low), 0, 5)
        assert block.test is not None
        assert np.array([row[:4] for row in block.test.inputs_V]) == pytest.approx(scaled)


def _drawn(seed: int) -> list[Any]:
    """The flowers that the task draws, 10 of each species."""
    random = np.random.default_rng([seed, 3])
    return [random.permutation(np.arange(50 * k, 50 * k + 50))[:10] for k in range(3)]


def test_iris_takes_its_targets_from_the_board_at_every_epoch() -> None:
    answers = Answers(3)
    blocks = IRIS.blocks(75, 0, answers)
    first = next(blocks)
    assert len(answers.asked) == 1  # the second epoch's targets wait for the first epoch
    rest = list(blocks)
    assert len(answers.asked) == 3 and [block.ticks for block in rest] == [30, 15]
    assert answers.asked[0] == answers.asked[1]
    for block in (first, *rest):
        assert block.test is not None
        assert {desired_V for _, _, desired_V in block.examples} <= set(block.test.desired_V)
    assert first.test is not None and rest[0].test is not None
    assert first.test.desired_V != rest[0].test.desired_V
    means = answers.asked[0]
    for label, mean in enumerate(means):
        of_class = [row for _, row, aim in first.examples if aim == first.test.desired_V[label]]
        assert len(of_class) == 10
        assert mean == pytest.approx([sum(column) / 10 for column in zip(*of_class, strict=True)])


def test_amplified_targets_stay_within_the_drivers_reach() -> None:
    assert amplified([(1.0, 2.0), (3.0, 2.0)], 1) == [(1.0, 2.0), (3.0, 2.0)]
    assert amplified([(1.0, 2.0), (3.0, 2.0)], 1.5) == [(0.5, 2.0), (3.5, 2.0)]
    assert amplified([(0.1, 2.0), (4.9, 2.0)], 3) == [(0.0, 2.0), (5.0, 2.0)]
    assert amplified([(-0.01, 1.0)], 1) == [(0.0, 1.0)]


def test_without_scikit_learn_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(TwinOhmError, match="-m pip install 'scikit-learn>=1.5'"):
        blocks_of(IRIS)


# -- sequence and damage -----------------------------------------------------------------------------------------------


def test_sequence_has_its_phases_in_the_papers_order_at_their_own_places() -> None:
    phases: dict[str, list[Block]] = {}
    for block in blocks_of(SEQUENCE):
        phases.setdefault(block.phase, []).append(block)
    lengths = {phase: sum(block.ticks for block in blocks) for phase, blocks in phases.items()}
    assert list(lengths) == ["i", "ii", "iii", "iv", "ii again", "v", "vi", "vii", "ii once more"]
    assert list(lengths.values()) == [600, 300, 400, 600, 300, 600, 600, 600, 300]
    assert phases["ii"][0].examples == phases["ii again"][0].examples == phases["ii once more"][0].examples
    assert {block.eta for block in phases["vii"]} == {2.0} and {block.eta for block in phases["i"]} == {1.0}
    assert phases["iv"][0].placement == (("C", "F", "D"), ("A", "B", "E"))
    assert phases["v"][0].examples == [(600, (5.0, 1.0, 0.0), (3.0, 3.0, 2.0, 2.0))]
    assert SEQUENCE.placement_on(LAB16) == phases["i"][0].placement


def test_sequence_cannot_be_placed() -> None:
    with pytest.raises(UsageError, match="placement=A,B,C: sequence places each of its tasks itself"):
        SEQUENCE.placement_on(LAB16, "A,B,C")
    with pytest.raises(UsageError, match="sequence needs the nodes A, B, .*; board divider has no A, B"):
        SEQUENCE.placement_on(DIVIDER)


def test_damage_pulls_an_edge_before_every_block_but_the_first() -> None:
    blocks = blocks_of(DAMAGE)
    assert [block.remove for block in blocks] == [None, *PULLED]
    assert [block.phase for block in blocks][:2] == ["whole", "without E-H"]
    assert {block.ticks for block in blocks} == {100}
    assert [block.remove for block in blocks_of(DAMAGE, 150)] == [None, "E-H"]
    assert [block.ticks for block in blocks_of(DAMAGE, 700)] == [100] * 5 + [200]


def test_what_damage_pulls_leaves_every_node_tied_to_the_others() -> None:
    left = [edge.split("-") for edge in LAB16.edges if edge not in PULLED]
    reached = {"A"}
    for _ in LAB16.nodes:
        reached |= {node for pair in left if reached & set(pair) for node in pair}
    assert reached == set(LAB16.nodes)


# -- a user's own task -------------------------------------------------------------------------------------------------

CSV = "in1,in2,in3,out1,out2,set\n5,1,0,3,2,train\n4,1,0,2,1,train\n\n3,1,0,2,1.5,test\n"
LABELS = "label, in1, in2\nred, 5, 0\nblue, 0, 5\nred, 4, 1\n"
SIZES = "id;size;kind\n" + "".join(f"{k};{k % 4 + 0.5},25;{'ab'[k % 2]}\n".replace(".5,", ",5") for k in range(24))
NUMBERS = "# x\ta\ty\n" + "".join(f"{k % 4 - 1.5}\t{k % 3}\t{k % 5 / 7}\n" for k in range(24))
TOML = """
name = "gate"
about = "a soft gate"
inputs = ["A", "D", "I"]
outputs = ["C"]
eta = 0.5
block = 50
[[examples]]
inputs = [5, 0, 0]
desired = [2.5]
[[examples]]
inputs = [0, 5.0, 0]
desired = [1]
"""


def written(folder: Path, text: str, name: str = "mine.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_toml_file_is_a_task(tmp_path: Path) -> None:
    task = find_task(str(written(tmp_path, TOML, "mine.toml")))
    assert (task.name, task.about, task.eta, task.ticks) == ("gate", "a soft gate", 0.5, 100)
    assert task.placement_on(LAB16) == (("A", "D", "I"), ("C",))
    assert task.placement_on(LAB16, "B,C,D,E") == (("B", "C", "D"), ("E",))
    with pytest.raises(UsageError, match=r"mine.toml: board divider has no node 'A'"):
        task.placement_on(DIVIDER)


def test_examples_of_a_toml_file_are_interleaved(tmp_path: Path) -> None:
    task = load_task(written(tmp_path, TOML, "mine.toml"))
    blocks = blocks_of(task)
    learned = [example for block in blocks for example in block.examples]
    first, second = ((5.0, 0.0, 0.0), (2.5,)), ((0.0, 5.0, 0.0), (1.0,))
    for k in range(0, 100, 2):  # both in every pass
        assert sorted(learned[k : k + 2]) == sorted([(1, *first), (1, *second)])
    assert len(blocks) >= 20 and all(block.test == blocks[0].test for block in blocks)
    assert blocks[0].test is not None and blocks[0].test.inputs_V == [first[0], second[0]]
    assert not task.paced and task.score_ticks is None  # all of it is one plateau, and presets may lengthen it


def test_examples_of_a_toml_file_come_in_blocks_if_it_says_so(tmp_path: Path) -> None:
    task = load_task(written(tmp_path, 'order = "blocks"\n' + TOML, "mine.toml"))
    assert blocks_of(task) == [Block([(50, (5.0, 0.0, 0.0), (2.5,))]), Block([(50, (0.0, 5.0, 0.0), (1.0,))])]


def test_a_single_example_is_one_block(tmp_path: Path) -> None:
    task = load_task(written(tmp_path, TOML[: TOML.rindex("[[examples]]")], "mine.toml"))
    assert blocks_of(task) == [Block([(50, (5.0, 0.0, 0.0), (2.5,))])]


def test_a_csv_file_is_a_task(tmp_path: Path) -> None:
    task = find_task(str(written(tmp_path, CSV)))
    assert (task.name, task.n_inputs, task.n_outputs, task.ticks) == ("mine", 3, 2, 400)
    first, *_ = blocks = blocks_of(task)
    learned = [example for block in blocks for example in block.examples]
    assert sorted(learned[:2]) == [(1, (4.0, 1.0, 0.0), (2.0, 1.0)), (1, (5.0, 1.0, 0.0), (3.0, 2.0))]
    assert first.test is not None and first.test.inputs_V == [(3.0, 1.0, 0.0)]
    LAB16.check_placement(*task.placement_on(LAB16))
    with pytest.raises(
        UsageError, match="mine needs 3 inputs and 2 outputs; board divider is wired for 2 and 1; take a board"
    ):
        task.placement_on(DIVIDER)


@pytest.mark.parametrize(
    ("file", "name"),
    [("my first points.csv", "my-first-points"), (f"{'x' * 50}.csv", "x" * 40), ("--.csv", "task")],
    ids=["blanks", "long", "no letter"],
)
def test_a_csv_task_has_a_name_that_fits_in_a_folders_name(file: str, name: str, tmp_path: Path) -> None:
    assert load_task(written(tmp_path, CSV, file)).name == name


@pytest.mark.parametrize("ticks", [1, 5, 400, 1000])
@pytest.mark.parametrize("text", [CSV, LABELS])
def test_a_csv_task_lasts_as_long_as_is_asked(ticks: int, text: str, tmp_path: Path) -> None:
    task = load_task(written(tmp_path, text))
    assert sum(block.ticks for block in blocks_of(task, ticks)) == ticks
    assert blocks_of(task, ticks, seed=1) == blocks_of(task, ticks, seed=1)


def test_labels_get_class_average_targets(tmp_path: Path) -> None:
    task = load_task(written(tmp_path, LABELS))
    assert (task.n_inputs, task.n_outputs, task.classes) == (2, 2, ("red", "blue"))
    answers = Answers(2)
    blocks = list(task.blocks(60, 0, answers))
    assert len(blocks) == 20 == len(answers.asked)
    assert all(asked == [(4.5, 0.5), (0.0, 5.0)] for asked in answers.asked)
    for block in blocks:
        assert block.ticks == 3 and block.test is not None
        assert block.test.labels == [0, 1, 0]  # without test rows the training rows are measured
        red, blue = block.test.desired_V
        assert all(aim == (red if inputs_V[0] > 1 else blue) for _, inputs_V, aim in block.examples)


def test_a_toml_file_names_its_data_from_its_own_folder(tmp_path: Path) -> None:
    written(tmp_path, CSV, "points.csv")
    head = 'data = "points.csv"\nticks = 60\neta = 2\n'
    task = load_task(written(tmp_path, head, "two words.toml"))
    assert (task.name, task.ticks, task.eta) == ("two-words", 60, 2)
    assert task.about == "2 training and 1 test examples of points.csv"
    nodes = 'inputs = ["A", "D", "I"]\noutputs = ["C", "B"]\n'
    assert load_task(written(tmp_path, head + nodes, "x.toml")).placement_on(LAB16)[1] == ("C", "B")
    written(tmp_path, LABELS, "points.csv")
    nodes = 'inputs = ["A", "D"]\noutputs = ["C", "B", "E"]\n'
    assert load_task(written(tmp_path, head + nodes, "x.toml")).n_outputs == 3


def test_a_toml_file_says_how_the_columns_of_its_data_are_read(tmp_path: Path) -> None:
    written(tmp_path, SIZES, "sizes.csv")
    head = 'data = "sizes.csv"\n[columns]\ntarget = "kind"\ninputs = ["size"]\ntest = 0.5\nbias = false\n'
    task = load_task(written(tmp_path, head, "x.toml"))
    assert (task.n_inputs, task.classes, sum(row.test for row in task.rows)) == (1, ("a", "b"), 12)
    again = load_task(tmp_path / "x.toml", options=DataOptions(bias=True, test=0.25))  # an option goes before the file
    assert (again.n_inputs, sum(row.test for row in again.rows)) == (3, 6)


WRONG_CSV = [
    ("", "empty; write a task in it"),
    ("\n \n", "empty; write a task in it"),
    ("in1,out1\n", "row 2: missing; write an example"),
    ("in1,out2\n1,2\n", 'row 1, column "out2": not known here; columns are in1, in2, ...'),
    ("in1,in3,out1\n1,2,3\n", 'row 1, column "in3": not known here'),
    ("in1:out1\n1:2\n", "row 1: in1:out1 is the only column; give one of inputs and one of targets"),
    ("in1,in1,out1\n1,2,3\n", "row 1, column in1: there 2 times; name each column once"),
    ("out1\n1\n", "row 1, column in1: missing"),
    ("in1\n1\n", "row 1, columns out1 and label: neither there"),
    ("in1,out1,label\n1,1,a\n", "row 1, columns out1 and label: both there"),
    ("in1,out1\n1,2\n\n1,6\n", 'row 4, column out1 = "6": outside 0..5 V; give volts from 0 to 5'),
    ("in1,out1\n-0.1,2\n", 'row 2, column in1 = "-0.1": outside 0..5 V'),
    ("in1,out1\nnan,2\n", 'row 2, column in1 = "nan": a missing value; fill it in, or take the row out'),
    ("in1,out1\ninf,2\n", 'row 2, column in1 = "inf": not a number; give volts from 0 to 5'),
    ("in1,out1\n1,\n", 'row 2, column out1 = "": a missing value; fill it in'),
    ("in1,in2,label\n1,1,a\n4,NA,b\n", 'row 3, column in2 = "NA": a missing value'),
    ("in1,label\n1,a\n4,?\n", 'row 3, column label = "?": a missing value'),
    ("in1,label\n1,a\n4,.\n", 'row 3, column label = ".": a missing value'),
    ("in1,label\n1,NaN\n4,a\n", 'row 2, column label = "NaN": a missing value'),
    ("in1,label,set\n1,a,\n", 'row 2, column set = "": a missing value'),
    ("in1,out1\n0_3,1\n", 'row 2, column in1 = "0_3": not a number; give volts from 0 to 5'),
    ("in1,out1\n\u0663,1\n", "row 2, column in1 = "),  # a digit, but none of ours
    ("in1,out1\n1,3 V\n", 'row 2, column out1 = "3 V": not a number'),
    ("in1,out1\n1,2\n1,2,3\n", "row 3: 3 values for 2 columns; give one for each"),
    ("in1,out1\n1\n", "row 2: 1 value for 2 columns"),
    ("in1,out1,set\n1,2,Trian\n", 'row 2, column set = "Trian": not known; write train or test'),
    ("in1,out1\n1,2\n", "row 2 is the only one; give two rows that differ, or more"),
    ("in1,out1\n1,2\n1,2\n", "row 2 and 1 more are equal; give two rows that differ, or more"),
    ("in1,out1,set\n1,2,test\n2,2,test\n", "column set: every row is test; mark rows to learn from as train"),
    ("in1,label\n1,\n", 'row 2, column label = "": a missing value; fill it in, or take the row out'),
    ("in1,label\n1,a\n2,a\n", 'column label: all rows are "a"; give two classes or more'),
    ("in1,label,set\n1,a,train\n2,b,test\n", 'row 3, column label = "b": no row of this class is train; add one'),
    ('in1,out1\n1,"2', "row 2: unexpected end of data; correct the CSV there"),
]


@pytest.mark.parametrize(("text", "words"), WRONG_CSV, ids=[words[:40] for _, words in WRONG_CSV])
def test_a_wrong_csv_file_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    file = written(tmp_path, text)
    with pytest.raises(UsageError, match=one_line(f"{file}: {words}")):
        load_task(file)


WRONG_TOML = [
    ("", "empty; write a task in it"),
    ("eta = 1", 'no example; write [[examples]] with inputs and desired, or data = "file.csv"'),
    (TOML.replace("5.0", "5.5"), "[[examples]] #2 inputs[1] = 5.5: outside 0..5 V; give volts from 0 to 5"),
    (TOML.replace("5.0", "nan"), "[[examples]] #2 inputs[1] = nan: not a number; give volts from 0 to 5"),
    (TOML.replace("5.0", "0_3"), "Unclosed array (at line 12"),
    (TOML.replace("5.0", '"NA"'), '[[examples]] #2 inputs[1] = "NA": not a number'),
    (TOML.replace("5.0", "true"), "[[examples]] #2 inputs[1] = true: not a number"),
    (TOML.replace("5.0, 0", "5"), "[[examples]] #2 inputs = [0.0, 5.0]: 2 values, but #1 has 3; give as many"),
    (TOML.replace("[1]", "[1, 1]"), "[[examples]] #2 desired = [1.0, 1.0]: 2 values, but #1 has 1; give as many"),
    (TOML.replace("[1]", "[]"), "[[examples]] #2 desired = []: too few entries; give at least 1"),
    (TOML.replace("desired = [1]", ""), "[[examples]] #2 desired: missing; add it"),
    (TOML.replace("desired", "outputs"), "[[examples]] #1 outputs = [2.5]: unknown key; known here are inputs"),
    ("examples = [3]", "[[examples]] #1 = 3: not a table; give one"),
    ("[examples]\ninputs = [1]", "examples = { ... }: a table, where a list is due"),
    ("eat = 1\n" + TOML, "eat = 1: unknown key; known here are name, about"),
    (TOML.replace("0.5", "5"), "eta = 5: too large; give at most 4"),
    (TOML.replace("0.5", "0"), "eta = 0: too small; give more than 0"),
    (TOML.replace("50", "0"), "block = 0: too small; give at least 1"),
    (TOML.replace("50", "5e3"), "block = 5000.0: not a whole number; give one"),
    (TOML.replace("block", "ticks"), "ticks = 50: is for data; with [[examples]] give block"),
    ('data = "x.csv"\nblock = 3', "block = 3: is for [[examples]]; with data give ticks"),
    ('data = "x.csv"\n' + TOML, "examples and data: a task has one of them"),
    (TOML.replace("gate", "../gate"), 'name = "../gate": names a folder of each run; give letters'),
    (TOML.replace('outputs = ["C"]', ""), "inputs and outputs: name the nodes of both, or of neither"),
    (TOML.replace('"C"', '"C", "B"'), 'outputs = ["C", "B"]: examples have 1 outputs; name as many nodes'),
    (TOML.replace('"C"', "3"), "outputs[0] = 3: not a text; put it in quotes"),
    ('data = "x.csv"\n[columns]\ntargets = "a"', 'columns.targets = "a": unknown key; known here are target, inputs'),
    ('data = "x.csv"\n[columns]\ntest = 2', "columns.test = 2: "),
    ('data = "x.csv"\n[columns]\nbias = 1', "columns.bias = 1: neither true nor false; give one of them"),
    (TOML + "[columns]\ntest = 0.3", "columns = { ... }: is for data; add data"),
    ("eta = ", "Invalid value (at line 1, the end of the file)"),
]


@pytest.mark.parametrize(("text", "words"), WRONG_TOML, ids=[words[:40] for _, words in WRONG_TOML])
def test_a_wrong_toml_file_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    file = written(tmp_path, text, "mine.toml")
    with pytest.raises(UsageError, match=one_line(f"{file}: {words}")):
        load_task(file)


def test_a_mistake_in_a_toml_files_data_names_the_data_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'data = "points.csv"', "mine.toml")
    with pytest.raises(UsageError, match=r"points\.csv: No such file or directory; name a file that can be read"):
        load_task(file)
    written(tmp_path, "in1,out1\n1,9\n", "points.csv")
    with pytest.raises(UsageError, match=r'points\.csv: row 2, column out1 = "9"'):
        load_task(file)
    written(tmp_path, "in1,out1\n1,2\n2,2\n", "points.csv")
    written(tmp_path, 'data = "points.csv"\ninputs = ["A"]', "mine.toml")
    with pytest.raises(UsageError, match=r"mine\.toml: inputs and outputs: name the nodes of both"):
        load_task(file)


def test_an_absent_task_or_file_is_named() -> None:
    with pytest.raises(UsageError, match="no task 'juggling': there are divider, allostery,"):
        find_task("juggling")
    with pytest.raises(UsageError, match="nowhere.toml: No such file"):
        find_task("nowhere.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_bytes(b"in1,out1\n1,\x81\n")
    with pytest.raises(UsageError, match=r"odd\.csv: not UTF-8 text"):
        load_task(tmp_path / "odd.csv")
    (tmp_path / "odd.toml").write_bytes(b'name = "\xb5"')
    with pytest.raises(UsageError, match=r"odd\.toml: not UTF-8 text"):
        load_task(tmp_path / "odd.toml")


def test_more_roles_than_the_board_has_nodes_are_refused(tmp_path: Path) -> None:
    names = [f"in{k + 1}" for k in range(12)]
    rows = "".join(",".join([str(value)] * 13) + "\n" for value in (1, 2))
    task = load_task(written(tmp_path, ",".join([*names, "out1"]) + "\n" + rows))
    with pytest.raises(UsageError, match="mine needs 12 inputs and 1 outputs; board lab16 can give 8 and 1"):
        task.placement_on(LAB16)


def is_a_task_or_one_line(file: Path, options: DataOptions | None = None) -> None:
    try:
        task = load_task(file, options=options)
    except UsageError as error:
        assert len(str(error).splitlines()) == 1 and str(file.parent) in str(error)
        return
    assert isinstance(task, UserTask)
    for block in task.blocks(10, 0, Answers(task.n_outputs)):
        for _, inputs_V, desired_V in block.examples:
            assert (len(inputs_V), len(desired_V)) == (task.n_inputs, task.n_outputs)
            assert all(0 <= volts <= 5 for volts in (*inputs_V, *desired_V))


@st.composite
def mutated(draw: st.DrawFn, texts: tuple[str, ...]) -> str:
    """One of the texts with pieces of it cut out, doubled or replaced."""
    text = draw(st.sampled_from(texts))
    pieces = st.sampled_from(["", ",", "\n", '"', "'", "[", "]", "=", "-1", "6", "nan", "1e999", "\x00", "\x85", "in2"])
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        new = draw(st.one_of(pieces, st.just(text[start:end] * 2), st.text(max_size=5)))
        text = text[:start] + new + text[end:]
    return text


FILES = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
POINTS = 'name = "mine"\ndata = "points.csv"\ninputs = ["A", "B", "C"]\noutputs = ["D", "E"]\nticks = 60\n'


@FILES
@given(text=mutated((CSV, LABELS, SIZES, NUMBERS)), difference=st.booleans())
@example(text='in1,out1\n"' + "1" * 200_000 + '",2\n', difference=False)
@example(text="in1,out1\n1\x00,2\n", difference=False)
@example(text="in1,out1\n1,-2\n2,5\n", difference=True)
def test_any_csv_text_is_a_task_or_one_line(text: str, difference: bool, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(text.encode("utf-8", "surrogatepass"))
    is_a_task_or_one_line(tmp_path / "mine.csv", DataOptions(difference=difference))


@FILES
@given(text=mutated((TOML, POINTS, "difference = true\n" + POINTS, 'difference = true\ndiodes = ["C>A"]\n' + TOML)))
@example(text="eta = " + "1" * 5000)
@example(text="eta = " + "[" * 5000)
@example(text="eta = 0x" + "f" * 500 + TOML)
@example(text='data = "a\\u0000.csv"')
@example(text='data = "' + "a" * 5000 + '"')
@example(text='data = "."')
def test_any_toml_text_is_a_task_or_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(CSV)
    (tmp_path / "mine.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    is_a_task_or_one_line(tmp_path / "mine.toml")


# -- test sets ---------------------------------------------------------------------------------------------------------


def test_the_error_of_a_test_set_is_the_mean_over_examples_and_outputs() -> None:
    examples = TestSet(inputs_V=[(5.0,), (0.0,)], desired_V=[(1.0, 2.0), (3.0, 4.0)])
    outputs_V = [(1.5, 2.0), (3.0, 3.0)]
    assert examples.mse(outputs_V) == (0.5**2 + 1.0**2) / 4
    assert examples.loss(outputs_V) == examples.mse(outputs_V)
    assert examples.accuracy(outputs_V) is None


def test_the_nearest_class_wins_and_the_loss_is_the_share_of_wrong_ones() -> None:
    examples = TestSet([(0.0,)] * 4, desired_V=[(1.0, 1.0), (3.0, 2.0)], labels=[0, 0, 1, 1])
    outputs_V = [(1.0, 1.5), (2.0, 1.0), (2.5, 2.0), (1.5, 1.0)]  # the last is nearer to class 0
    assert examples.accuracy(outputs_V) == 0.75
    assert examples.loss(outputs_V) == 0.25
    assert examples.mse(outputs_V) == pytest.approx((0.25 + 1.0 + 0.25 + 2.25 + 1.0) / 8)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"test_size": "0.3"}, "test_size = '0.3': give a number"),
        ({"split_seed": True}, "split_seed = True: give a number"),
        ({"split_seed": 1.5}, "split_seed = 1.5: a whole number of 0 or more; give one"),
        ({"bias": "no"}, "bias = 'no': give True or False"),
        ({"name": 5}, "name = 5: give a text"),
    ],
)
def test_wrong_arguments_of_from_arrays_are_refused(arguments: dict[str, Any], words: str) -> None:
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20.0)
    with pytest.raises(UsageError, match=words):
        UserTask.from_arrays(X, y, **arguments)


def test_what_is_under_a_mask_is_no_value() -> None:
    y = np.ma.masked_equal([1, 2, 1, 2, 9999, 0.5] * 4, 9999)  # its fill value is 9999 too
    with pytest.raises(UsageError, match='row 4, column y = "": a missing value'):
        UserTask.from_arrays(X=np.arange(48).reshape(24, 2), y=y)


def test_a_masked_value_is_missing() -> None:
    X = np.ma.masked_array(np.random.default_rng(0).normal(size=(30, 2)))
    X[3, 0] = np.ma.masked
    X.data[3, 0] = -9999.0
    y = np.arange(30.0) % 7 + 0.5
    with pytest.raises(UsageError, match="missing"):
        UserTask.from_arrays(X, y)
    kept = UserTask.from_arrays(X, y, drop_missing=True, test_size=0)
    assert len(kept.rows) == 29 and kept.preparation is not None
    assert kept.preparation.scaling.inputs[0].low > -10


def test_large_whole_numbers_stay_apart_as_classes() -> None:
    X = np.random.default_rng(0).normal(size=(30, 2))
    task = UserTask.from_arrays(X, np.array([2**53, 2**53 + 1, 5] * 10), classes=True)
    assert set(task.classes) == {"9007199254740992", "9007199254740993", "5"}


def test_a_scaling_refuses_another_shape() -> None:
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30.0)
    preparation = UserTask.from_arrays(X, y).preparation
    assert preparation is not None
    with pytest.raises(UsageError, match=r"inputs_V: values of shape \(2, 30\); give examples x 2 columns"):
        preparation.scaling.inputs_V(X.T)
