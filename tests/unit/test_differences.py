"""Differences of two outputs of a user's data: scaling, limits of networks, task files, reports."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import twinohm
from tests.one_line import one_line
from twinohm.errors import UsageError
from twinohm.model.board_diodes import with_diodes
from twinohm.model.board_file import load_board
from twinohm.model.diodes import Diode
from twinohm.model.pairs import TARGET_V, differences
from twinohm.tasks.baselines import baselines
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.forecast import forecast
from twinohm.tasks.linear_limits import best_differences, difference_limits
from twinohm.tasks.recorded import recorded_task, task_fields
from twinohm.tasks.task import TestSet
from twinohm.tasks.task_file import load_task
from twinohm.tasks.user import UserTask

LAB16 = load_board("lab16")
X = np.random.default_rng(0).uniform(-1, 1, (30, 2))
Y = X @ [3.0, -2.0]
NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))


def wanted_V(task: UserTask) -> np.ndarray:
    return np.array([differences(row.desired_V) for row in task.rows])


# -- scaling -----------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=3, max_size=19, unique=True), st.integers(1, 2))
def test_any_numbers_become_differences_of_driven_volts_and_themselves_again(
    rows: list[tuple[float, float, float]], targets: int
) -> None:
    table = np.array(rows)
    given_X, wanted = table[:, targets:], table[:, :targets]
    if any(len(set(column)) < 2 for column in table.T):
        return
    task = twinohm.Task.from_arrays(given_X, wanted, difference=True, classes=False if targets == 1 else None)
    assert task.pairs and task.n_outputs == 2 * targets and not task.hinge
    outputs_V = np.array([row.desired_V for row in task.rows])
    assert outputs_V.shape == (len(rows), 2 * targets) and outputs_V.min() >= 0 and outputs_V.max() <= 5
    volts = wanted_V(task)
    assert volts.min(0) == pytest.approx([-1] * targets) and volts.max(0) == pytest.approx([1] * targets)
    assert task.preparation is not None
    span = np.ptp(wanted, axis=0)
    assert np.abs(task.preparation.scaling.undo(outputs_V) - wanted).max() <= 1e-9 * max(
        span.max(), np.abs(wanted).max()
    )
    order = np.argsort(wanted[:, 0])
    assert (np.diff(volts[order, 0]) >= -1e-12).all()  # a larger number is a larger difference


@pytest.mark.parametrize(("difference", "ends"), [(True, (-0.3, 0.3)), (False, (2.2, 2.8))])
def test_the_span_is_the_user_s(difference: bool, ends: tuple[float, float]) -> None:
    task = twinohm.Task.from_arrays(X, Y, difference=difference, target_span_V=0.6, test_size=0)
    assert task.preparation is not None
    volts = wanted_V(task) if difference else np.array([row.desired_V for row in task.rows])
    assert (volts.min(), volts.max()) == pytest.approx(ends)
    assert task.preparation.scaling.undo([row.desired_V for row in task.rows])[:, 0] == pytest.approx(Y)
    assert f"{ends[0]:g}..{ends[1]:g} V" in twinohm.describe_data(task).text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target_span_V": 0}, "target_span_V = 0: give 0.01 to 5 V"),
        ({"target_span_V": 9}, "target_span_V = 9: give 0.01 to 5 V"),
        ({"target_span_V": 1, "scale": False}, "target_span_V=1: the columns are volts; leave it out"),
        ({"target_span_V": 1, "difference": True, "classes": True}, "column y names classes, 0.3 V either way; leave"),
        ({"target_span_V": "wide"}, "target_span_V = 'wide'"),
    ],
)
def test_a_span_that_cannot_be_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as refused:
        twinohm.Task.from_arrays(X + 1, np.arange(30) % 2, **({"classes": False} | arguments))
    assert words in str(refused.value)


def test_volts_stay_as_they_are() -> None:
    task = twinohm.Task.from_arrays([[0, 5], [5, 0], [1, 1]], [-5, 4.5, 0], scale=False, bias=False, difference=True)
    assert wanted_V(task)[:, 0].tolist() == [-5, 4.5, 0] and task.own_scales == ()


def test_classes_are_the_sign_of_the_difference_with_the_hinge() -> None:
    task = twinohm.Task.from_arrays(X, np.where(Y > 0, 1, -1), difference=True, test_size=0)
    assert task.classes == ("-1", "1") and task.hinge and not task.asks_the_board and task.n_outputs == 2
    (block, *_) = task.blocks(60, 0, lambda inputs_V: [])  # nothing is asked of the board
    assert block.test is not None and block.test.pairs and block.test.names == []
    assert [differences(row)[0] for row in block.test.desired_V] == pytest.approx([-TARGET_V, TARGET_V])
    told = {
        tuple(given): differences(aim)[0] > 0 for block in task.blocks(30, 0, list) for _, given, aim in block.examples
    }
    assert told == {tuple(row.inputs_V): bool(row.label) for row in task.rows}
    assert task.amplified(2) == task and "targets are fixed" in task.unused["amplify"]


def test_run_json_has_all_of_it() -> None:
    for task in (
        twinohm.Task.from_arrays(X, Y, difference=True),
        twinohm.Task.from_arrays(X, Y > 0, difference=True),
    ):
        again = recorded_task(task.name, task_fields(task), 1.0)
        assert task_fields(again) == task_fields(task) and again.pairs and again.hinge == bool(task.classes)


def test_errors_of_each_difference() -> None:
    tests = TestSet([(0.0,)] * 2, [(3.0, 2.0, 2.5, 2.5), (2.0, 3.0, 2.5, 2.5)], pairs=True)
    assert tests.mse_of_outputs([(3.0, 3.0, 2.0, 2.0), (1.0, 2.0, 2.0, 3.0)]) == (0.5, 0.5)


# -- limits ------------------------------------------------------------------------------------------------------------


def test_the_best_difference_is_that_of_a_general_solver() -> None:
    random = np.random.default_rng(3)
    for n, m in ((2, 2), (3, 2), (4, 4)):
        plus_V, minus_V = random.uniform(0, 5, (12, n)), random.uniform(0, 5, (12, m))
        wanted, share = random.normal(0, 1, 12), np.full(12, 1 / 12)

        def cost(weights: Any) -> float:
            return float(((plus_V @ weights[:n] - minus_V @ weights[n:] - wanted) ** 2).mean())  # noqa: B023

        sums = [{"type": "eq", "fun": lambda w: w[:n].sum() - 1}, {"type": "eq", "fun": lambda w: w[n:].sum() - 1}]  # noqa: B023
        start = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
        best = minimize(cost, start, bounds=[(0, 1)] * (n + m), constraints=sums, tol=1e-12).fun
        plus, minus = best_differences(plus_V, minus_V, wanted, share)
        assert plus.sum() == pytest.approx(1) and minus.sum() == pytest.approx(1) and min(*plus, *minus) >= 0
        assert cost(np.concatenate([plus, minus])) == pytest.approx(best, rel=1e-5, abs=1e-9)


def test_a_weighted_difference_of_inputs_can_be_had() -> None:
    inputs_V = np.random.default_rng(1).uniform(0, 5, (20, 3))
    wanted = inputs_V @ [0.5, -0.7, 0.2]
    limits = difference_limits(inputs_V, wanted, ([0, 1, 2], [0, 1, 2]))
    assert limits.network == pytest.approx(0, abs=1e-9) and limits.constant > 0.1
    twice = difference_limits(inputs_V, 2 * wanted, ([0, 1, 2], [0, 1, 2]))  # weights of 1.4: beyond any network
    assert twice.network > 0.01
    one_sided = difference_limits(inputs_V, wanted, ([1], [0, 1, 2]))  # a single input reaches the first output
    assert one_sided.network > 0.1


def test_a_forecast_of_differences(tmp_path: Path) -> None:
    task = twinohm.Task.from_arrays(X, Y, difference=True)
    (text,) = forecast(task, LAB16).remarks
    assert "best network of resistors" in text and not forecast(task, LAB16).impossible
    file = tmp_path / "mine.toml"
    file.write_text('difference = true\norder = "blocks"\n[[examples]]\ninputs = [1, 3]\ndesired = [-2.5]\n')
    beyond = load_task(file)
    assert (
        "desired[0] = -2.5 V is outside -2..2 V, the range of differences of its inputs"
        in forecast(beyond, LAB16).impossible
    )
    (network,) = baselines(beyond, 0, 0.001)
    assert network.rms_V == pytest.approx(0.5)


def test_xor_names_what_helps() -> None:
    bits = [[0, 0], [0, 1], [1, 0], [1, 1]]
    alone, pair = (twinohm.Task.from_arrays(bits, [0, 1, 1, 0], difference=one) for one in (False, True))
    assert forecast(alone, LAB16).impossible.endswith(", difference=True and a diode may")
    assert forecast(pair, LAB16).impossible.endswith("a diode may: `twinohm place --diodes 1` searches nodes for it")
    assert "diode" not in forecast(pair, load_board("kit5")).impossible


# -- task files --------------------------------------------------------------------------------------------------------

TOML = 'difference = true\ninputs = ["B", "D", "I"]\noutputs = ["F", "G"]\ndiodes = ["C>A", "E>H:BAT42"]\n'
EXAMPLES = "[[examples]]\ninputs = [5, 1, 0]\ndesired = [-0.25]\n[[examples]]\ninputs = [1, 5, 0]\ndesired = [0.5]\n"


def test_a_task_file_has_differences_and_diodes(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TOML + EXAMPLES)
    task = load_task(file)
    assert task.pairs and task.diodes == ("C>A", "E>H:BAT42") and task.n_outputs == 2
    assert [differences(aim)[0] for _, aim in task.examples] == [-0.25, 0.5]
    assert [str(diode) for diode in task.plugged(LAB16).diodes] == ["C>A", "E>H:BAT42"]
    (lesson,) = task.lessons()
    assert lesson.pairs and lesson.desired_V == ([-0.25], [0.5]) and lesson.outputs == ["desired[0]"]
    first = next(iter(task.blocks(20, 0, list)))
    assert first.test is not None and first.test.pairs


def test_a_task_file_of_data_has_them_too(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    file = tmp_path / "mine.toml"
    nodes = 'inputs = ["E", "A", "I", "F"]\noutputs = ["H", "D"]\n'
    file.write_text(f'data = "mine.csv"\ndifference = true\ndiodes = ["C>A"]\n{nodes}')
    task = load_task(file)
    assert task.pairs and task.hinge and task.diodes == ("C>A",)
    report = twinohm.describe_data(task)
    assert (report.impossible, report.placement) == ("", "E,A,I,F,H,D")
    assert {one.volts for one in report.columns if "target" in one.role} == {"-0.3 V, 0.3 V"}


def test_the_command_line_asks_for_differences_of_examples_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EXAMPLES)
    with pytest.raises(UsageError, match=r"#1 desired\[0\] = -0\.25: outside 0\.\.5 V; .* with difference = true"):
        load_task(file)
    assert load_task(file, options=DataOptions(difference=True)).pairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOML.replace('"F", "G"', '"F"') + EXAMPLES, "examples have 2 outputs, two for each difference; name as many"),
        (TOML.replace("true", '"yes"') + EXAMPLES, "difference = "),
        (TOML.replace("C>A", "C-A") + EXAMPLES, "diodes[0] = "),
        (TOML + EXAMPLES.replace("-0.25", "-7"), "[[examples]] #1 desired[0] = -7: outside -5..5 V"),
        (TOML + EXAMPLES.replace("-0.25", "nan"), "desired[0] = nan: not a number"),
    ],
)
def test_a_mistake_in_it_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=one_line(str(file), words)):
        load_task(file)


def test_reports_show_what_targets_become() -> None:
    report = twinohm.describe_data(twinohm.Task.from_arrays(X, Y, difference=True, test_size=0))
    (target,) = [one for one in report.columns if one.role == "target, numbers"]
    assert (target.least, target.greatest, target.volts) == (
        pytest.approx(Y.min()),
        pytest.approx(Y.max()),
        "-1..1 V",
    )
    assert "y as the difference of two outputs (-1..1 V)" in report.text


@pytest.mark.parametrize("given", [1, None, "yes"])
def test_difference_is_true_or_false(given: Any) -> None:
    with pytest.raises(UsageError, match="difference = .*: give True or False"):
        twinohm.Task.from_arrays(X, Y, difference=given)


def test_nodes_are_chosen_beside_diodes() -> None:
    task = twinohm.Task.from_arrays(X, Y, difference=True)
    first = task.placement_on(LAB16)
    diode = Diode(first.inputs[0], first.outputs[1])
    other = task.placement_on(with_diodes(LAB16, [diode]))
    assert len(other.outputs) == 2 and not {diode.anode, diode.cathode} <= {*other.inputs, *other.outputs}


@pytest.mark.parametrize(("wanted", "helps"), [(Y, True), (Y > 0, False)], ids=["numbers", "classes"])
def test_leaving_differences_out_is_advised_where_it_saves_an_output(wanted: np.ndarray, helps: bool) -> None:
    """Two classes have two outputs either way."""
    task = twinohm.Task.from_arrays(np.hstack([X, X**2, X**3]), wanted, difference=True)
    with pytest.raises(UsageError, match="needs 8 inputs and 2 outputs") as refused:
        task.placement_on(LAB16)
    assert ("one output for each target" in str(refused.value)) == helps
