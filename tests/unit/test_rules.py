"""Each rule of learning on an example worked out by hand, where it steps otherwise than the sign rule."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from twinohm.ensemble import Ensemble
from twinohm.ensemble.arrays import Array, Parts, normal_quantiles
from twinohm.ensemble.by_rule import EnsembleByRule
from twinohm.ensemble.elimination import eliminate
from twinohm.ensemble.kernel import clamp_code, participation, step
from twinohm.ensemble.lanes import LANES
from twinohm.ensemble.rule_kernel import COUPLED, Law, decide, descend
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.levers import Levers
from twinohm.model.profile import profile_from
from twinohm.model.rules import FIRMWARE_RULES, RULES, Steps, rule_of
from twinohm.tasks import find_task

ORDER = eliminate(2, [(0, 1)])  # one edge
IDEAL, LAB = profile_from("ideal", {}), profile_from("lab", {})


def decided(steps: Steps, free_V: float, clamped_V: float, offset_V: float = 0.0) -> int:
    """Return the step of one edge by its drops, V; offset_V is that of CMP."""
    offsets = np.zeros((1, 2, 1, LANES))
    offsets[0, 0] = offset_V
    nothing = np.zeros((1, 2, 1, LANES))
    parts = Parts(nothing, nothing, offsets, nothing, nothing, 0.0, 0.0, normal_quantiles(), True)
    law = Law(steps.sums, steps.free_weight, steps.band_V / 2, steps.centred, 0, 0.0)
    free, clamped, moves = np.zeros((2, LANES)), np.zeros((2, LANES)), np.empty((1, LANES))
    first = ORDER.edge_a[0]
    free[first], clamped[first] = free_V, clamped_V
    decide(ORDER, parts, law, 0, free, clamped, np.ones(LANES, np.uint64), *np.empty((2, LANES)), moves)
    assert len(set(moves[0])) == 1
    return int(moves[0, 0])


def steps_of(name: str) -> Steps:
    steps = RULES[name].steps
    assert steps is not None
    return steps


def kernel_rule(levers: Levers, board: Board) -> Any:
    return Ensemble(board, IDEAL, [0])._rule(levers, 0)


def levers_of(name: str, strength: float | None = None) -> Levers:
    return RULES[name].with_strength(strength).on(Levers())


def test_desync_edges_that_draw_a_number_above_p_hold() -> None:
    board = load_board("divider")
    levers, ticks = levers_of("desync", 0.25), 40
    taps = Ensemble(board, IDEAL, [0]).train(
        find_task("divider").placement_on(board),
        [[5.0, 0.0]] * ticks, [[1.0]] * ticks, 1.0, levers, record=("taps",),
    ).taps[0].astype(int)  # fmt: skip
    moved = np.diff(taps, axis=0, prepend=board.pots.start_tap) != 0
    x, y, z = (int(seed) for seed in Ensemble(board, IDEAL, [0])._draws[0])
    wanted = []
    for _ in range(ticks * board.n_edges):  # Wichmann and Hill, AS 183
        x, y, z = 171 * x % 30269, 172 * y % 30307, 170 * z % 30323
        wanted.append((x * 32768 // 30269 + y * 32768 // 30307 + z * 32768 // 30323) % 32768 < 0.25 * 32768)
    assert 0 < sum(wanted) < len(wanted)
    free = taps[:-1].min() > board.pots.min_tap and taps.max() < board.pots.chip.top_tap
    assert free and moved.ravel().tolist() == wanted


def test_unanimous_holds_where_eight_of_nine_readings_are_up() -> None:
    board = load_board("lab16")

    def stepped(levers: Levers) -> float:
        taps, ups = np.full((1, LANES), 64.0), np.full((1, LANES), 8.0)
        step(kernel_rule(levers, board), np.ones((1, LANES)), ups, taps)
        return float(taps[0, 0])

    assert stepped(Levers(readings=9)) == 65
    assert stepped(levers_of("unanimous")) == 64


def test_by_error_a_quarter_of_the_edges_steps_at_half_of_twice_the_error() -> None:
    """Error 50 mV, full at 200 mV: p is 1/4, in the board's steps; the sign rule has p = 1."""
    board = load_board("lab16")
    code = board.code_difference(0.05)
    by_error, sign = (kernel_rule(levers, board) for levers in (levers_of("by-error", 0.2), Levers()))
    assert participation(by_error, (code // 8) ** 2, 1) / 32768 == pytest.approx(0.25, abs=0.005)
    assert participation(sign, (code // 8) ** 2, 1) == 32768


def test_overclamp_is_heard_above_an_offset() -> None:
    """2.0 V, wanted 2.1 V, eta 0.5: the clamp is 2.05 V, or 3.5 V with the rail. An edge has half of each nudge."""
    board = load_board("lab16")
    free, desired = board.dac_code(2.0), board.dac_code(2.1)
    nudges_V = []
    for levers in (Levers(), levers_of("overclamp")):
        clamp = clamp_code(kernel_rule(levers, board), free, desired, 2048)
        nudges_V.append((clamp - free) * board.code_V)
    assert nudges_V == pytest.approx([0.05, 1.5], abs=0.002)
    weak, strong = (decided(Steps(), 1.0, 1.0 + nudge_V / 2, offset_V=-0.03) for nudge_V in nudges_V)
    assert (weak, strong) == (-1, 1)


def test_exact_follows_the_size_of_drops_of_opposite_signs() -> None:
    assert decided(Steps(), 0.2, -0.3) == -1  # CMP low, SGN high
    assert decided(steps_of("exact"), 0.2, -0.3) == 1  # 0.3 > 0.2
    assert decided(steps_of("exact"), 0.3, -0.2) == -1


def test_a_dead_band_holds_within_20_mV() -> None:
    band = steps_of("dead-band")
    assert [decided(Steps(), 1.0, volts) for volts in (1.015, 0.985)] == [1, -1]
    assert [decided(band, 1.0, volts) for volts in (1.015, 0.985, 1.025, 0.975)] == [0, 0, 1, -1]


def test_centred_has_twice_the_signal() -> None:
    """A nudge of 3 mV either way, an offset of -2 mV: half of 3 mV is below it, half of 6 mV above."""
    assert decided(Steps(), 1.0, 1.003, offset_V=-0.002) == -1
    assert decided(steps_of("centred"), 0.997, 1.003, offset_V=-0.002) == 1


def test_power_aware_prefers_a_high_resistance() -> None:
    """Lambda 0.01 weighs the free drop by 0.99499: a clamped drop of 0.998 V is more, though less than 1 V."""
    assert decided(Steps(), 1.0, 0.998) == -1
    assert decided(steps_of("power-aware"), 1.0, 0.998) == 1
    assert decided(steps_of("power-aware"), 1.0, 0.994) == -1


def test_coupled_learning_changes_a_conductance_in_proportion() -> None:
    """1 V free, 0.9 V clamped, eta 0.5: 10 uS/V^2 times 0.19 V^2 are 1.9 uS. 50 kohm become 1 / 21.9 uS."""
    law = Law(False, 1.0, 0.0, False, COUPLED, 10e-6)
    free, other, taps = np.zeros((2, LANES)), np.zeros((2, LANES)), np.full((1, LANES), 49.0)
    free[ORDER.edge_a[0]], other[ORDER.edge_a[0]] = 1.0, 0.9
    thousand, right = np.full((1, LANES), 1000.0), np.zeros(LANES, np.int64)
    rule: Any = kernel_rule(Levers(), load_board("lab16"))
    descend(ORDER, rule, law, 0.5, right, thousand, thousand, free, other, taps)
    assert 1000 * (taps[0, 0] + 1) == pytest.approx(1 / 21.9e-6)
    assert decided(Steps(), 1.0, 0.9) == -1  # the sign rule: one tap down, to 49 kohm


def changed_S(steps: Steps, eta: float, taps: Array | None = None) -> tuple[Array, SimpleNamespace]:
    """Return the change of both conductances of an ideal divider in a tick, S, and its values before."""
    board = load_board("divider")
    ensemble = EnsembleByRule(steps, board, IDEAL, [0])
    placement = find_task("divider").placement_on(board)
    before = ensemble.start()
    after = ensemble.train(placement, [[5.0, 0.0]], [[1.0]], eta, state=before).state.taps[0]
    ohm = [np.asarray(board.pots.edge_ohm(np.array(taps, float))) for taps in (before.taps[0], after)]
    return 1 / ohm[1] - 1 / ohm[0], SimpleNamespace(edge_S=1 / ohm[0], volt=board.physical_span(1.0))


@pytest.mark.slow  # compiles the kernel of rules
def test_gradient_of_a_divider() -> None:
    """V = 5 V k1 / (k1 + k2), C = (V - 1 V)^2 / 2: dC/dk1 = 1.5 V 5 V k2 / (k1 + k2)^2, dC/dk2 is -k1/k2 of it."""
    change_S, before = changed_S(Steps(ideal="gradient", rate=1.0), 1.0)
    k1, k2 = before.edge_S
    assert k1 == k2
    slope = 1.5 * 5 * k2 / (k1 + k2) ** 2 * before.volt**2
    assert change_S == pytest.approx([-1e-12 * slope, 1e-12 * slope], rel=0.01)  # the DAC's step


@pytest.mark.slow  # compiles the kernel of rules
def test_equilibrium_propagation_of_a_divider() -> None:
    """A nudge of 10 uS to 1 V between two equal edges k: the output falls from 2.5 V by 1.5 V 10 uS / (2 k + 10 uS)."""
    change_S, before = changed_S(Steps(ideal="equilibrium", rate=1.0), 1.0)
    k, beta = before.edge_S[0], 10e-6
    fall = 1.5 * beta / (2 * k + beta)
    slopes = [((2.5 + fall) ** 2 - 2.5**2) / (2 * beta), ((2.5 - fall) ** 2 - 2.5**2) / (2 * beta)]
    assert change_S == pytest.approx([-1e-12 * slope * before.volt**2 for slope in slopes], rel=0.01)


# -- what the rules have in common


@pytest.mark.slow
@pytest.mark.parametrize("task_name", ["allostery", "regression", "xor"])
def test_without_a_difference_the_steps_are_those_of_the_sign_rule_bit_for_bit(task_name: str) -> None:
    task = find_task(task_name)
    board = task.plugged(load_board("lab16"))
    placement, levers = task.placement_on(board), task.levers(Levers())
    block = next(task.tested_every(50).blocks(50, 0, lambda rows: []))
    counts = [ticks for ticks, _, _ in block.examples]
    inputs_V, desired_V = (np.repeat(np.array([one[k] for one in block.examples]), counts, axis=0)[:50] for k in (1, 2))
    record = ("taps", "measured_error", "true_error")
    both = [
        ensemble.train(placement, inputs_V, desired_V, 1.0, levers, record=record)  # type: ignore[arg-type]
        for ensemble in (Ensemble(board, LAB, range(5)), EnsembleByRule(Steps(), board, LAB, range(5)))
    ]
    for name in record:
        assert np.array_equal(getattr(both[0], name), getattr(both[1], name)), name


@pytest.mark.slow
@pytest.mark.parametrize("task_name", ["allostery", "xor"])
def test_the_gradient_is_that_of_the_error_and_of_a_weak_nudge(task_name: str) -> None:
    task = find_task(task_name)
    board = task.plugged(load_board("lab16"))
    placement, levers = task.placement_on(board), task.levers(Levers(hinge=False))
    inputs_V, desired_V = (task.examples or [((5.0, 0.0, 0.0, 5.0), (2.65, 2.35))])[0]
    taps = np.random.default_rng(1).integers(20, 100, board.n_edges)

    def moved(steps: Steps, eta: float) -> Array:
        ensemble = EnsembleByRule(steps, board, LAB, [3])
        state = ensemble.start(taps)
        return ensemble.train(placement, [inputs_V], [desired_V], eta, levers, state).state.taps[0] - taps

    def error(at: Array) -> float:
        off = Ensemble(board, LAB, [3]).outputs(placement, at, [inputs_V])[0, 0] - np.array(desired_V)
        return float((off[0] - off[1]) ** 2 / 2) if task.pairs else float((off**2).sum())

    step = 1e-3
    ohm_slopes = np.array([
        (error(taps + step * one) - error(taps - step * one)) / (2 * step) for one in np.eye(board.n_edges)
    ])  # fmt: skip
    parts = Ensemble(board, LAB, [3])._parts
    per_tap, fixed = (values[0, 0, :, 0] for values in (parts.per_tap_ohm, parts.fixed_ohm))
    per_S = -ohm_slopes * (taps * per_tap + fixed) ** 2 / per_tap / 2 * board.physical_span(1.0) ** 2
    rate = 1e-3
    wanted = rate * 1e-12 * per_S * (taps * per_tap + fixed) ** 2 / per_tap
    by_gradient = moved(Steps(ideal="gradient", rate=rate), 1.0)
    assert by_gradient == pytest.approx(wanted, rel=0.02, abs=0.01 * np.abs(wanted).max())
    by_nudge = moved(Steps(ideal="equilibrium", rate=rate), 0.001)
    assert by_nudge == pytest.approx(by_gradient, rel=0.02, abs=0.01 * np.abs(wanted).max())


@pytest.mark.parametrize("name", [name for name in FIRMWARE_RULES if name != "sign"])
def test_levers_are_known_as_the_rule_that_they_make(name: str) -> None:
    assert rule_of(RULES[name].on(Levers(pairs=False))) == RULES[name]


def test_what_a_rule_cannot_do_is_refused_by_its_name() -> None:
    board = load_board("divider")
    board = board.model_copy(update={"pots": board.pots.model_copy(update={"cs": ()})})
    with pytest.raises(UsageError, match="rule desync: board divider cannot do p: it has no line that holds an edge"):
        RULES["desync"].check(board)
    with pytest.raises(UsageError, match="rule overclamp cannot learn this task: there is no far rail"):
        RULES["overclamp"].on(Levers(pairs=True))
    with pytest.raises(UsageError, match="rule gradient runs in the ensemble of `twinohm rules` alone"):
        RULES["gradient"].on(Levers())
    with pytest.raises(UsageError, match="rule desync: the preset sets readings, vote; give preset= paper, or no rule"):
        RULES["desync"].on(Levers(readings=9, vote="unanimous"))
