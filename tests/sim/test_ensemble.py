"""The compiled ensemble against the firmware, the solver of the fixture, and the rule written out anew."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import twinohm
from twinohm.ensemble import Ensemble, Result
from twinohm.ensemble.arrays import normal_quantiles
from twinohm.ensemble.elimination import eliminate
from twinohm.ensemble.lanes import LANES
from twinohm.ensemble.sparse import SOLVERS, Solver, SparseTwins
from twinohm.errors import UsageError
from twinohm.link.board_client import BoardClient
from twinohm.model.board import Board
from twinohm.model.board_file import load_board
from twinohm.model.circuit import Network
from twinohm.model.components import draw_adc_curves
from twinohm.model.dac_curve import DacCurves
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES, Profile, profile_from
from twinohm.sim.parts.fixture import Fixture
from twinohm.sim.twin_networks import TwinNetworks

LAB16 = load_board("lab16")
ALLOSTERY = Placement(("B", "D", "I"), ("F", "G", "H"))
EVERYTHING = ("true_error", "measured_error", "taps", "up", "free", "clamp")
GIVEN, WANTED = (5.0, 1.0, 0.0), (3.0, 3.0, 3.0)


def allostery(ticks: int) -> tuple[Any, Any]:
    return np.tile(GIVEN, (ticks, 1)), np.tile(WANTED, (ticks, 1))


def random_run(seed: int) -> tuple[Placement, list[float], list[float], float]:
    """Return a placement, input volts, desired volts and eta. Every fifth seed has equal volts: all edges tie."""
    random = np.random.default_rng(seed)
    n_in, n_out = int(random.integers(2, 5)), int(random.integers(1, 5))
    names = random.permutation(LAB16.nodes).tolist()[: n_in + n_out]
    given, wanted = random.integers(0, 501, n_in) / 100, random.integers(0, 501, n_out) / 100
    if seed % 5 == 0:
        given[:], wanted[:] = 3.0, 3.0
    placement = Placement(tuple(names[:n_in]), tuple(names[n_in:]))
    return placement, given.tolist(), wanted.tolist(), float(random.choice([0.1, 0.5, 1.0, 2.0]))


def dac_V(dacs: DacCurves, node: int, code: int) -> float:
    """Return the physical volts of a DAC: 12 bits on 4.096 V, with its errors."""
    x = min((code + 8) >> 4, 4095) / 4096
    bow_V, ess_V = (4.096 / 4096 * part[node] for part in (dacs.bow_lsb, dacs.ess_lsb))
    curve_V = 4.096 * x + 4 * bow_V * x * (1 - x) + 6 * 3**0.5 * ess_V * x * (1 - x) * (1 - 2 * x)
    return max(dacs.offset_V[node] + dacs.gain[node] * curve_V, 0.0)


# -- against the firmware


def train(
    client: BoardClient, placement: Placement, given: Any, wanted: Any, eta: float, ticks: int
) -> tuple[Any, Any]:
    """Train through the firmware. Return the ticks, and their true output volts (ticks, n_out)."""
    inputs, outputs = (dict(zip(*pair, strict=True)) for pair in zip(placement, (given, wanted), strict=True))
    done = client.train(ticks, inputs, outputs, eta)
    nodes = [client.board.node_index(name) for name in outputs]
    return done, np.array([tick.free_V for tick in client.side_channel.take(ticks)])[:, nodes]


def same_as_firmware(
    name: str, query: str, profile: Profile, seed: int, run: Any, ticks: int = 80, board: Board | None = None
) -> None:
    """Check up, taps, measured and clamped voltages of every tick, and true errors to 1e-6 V^2.

    board: what `query` makes of the board of that name; None: nothing.
    The side channel rounds true voltages to 1e-9 V.
    """
    placement, given, wanted, eta = run
    board = board or load_board(name)
    with twinohm.open(f"sim://{name}?seed={seed}&{query}") as client:
        theirs, true_V = train(client, placement, given, wanted, eta, ticks)
    ensemble = Ensemble(board, profile, [seed])
    ours = ensemble.train(placement, [given] * ticks, [wanted] * ticks, eta, record=EVERYTHING)
    assert [int(sum(int(bit) << i for i, bit in enumerate(up))) for up in ours.up[0]] == [tick.up for tick in theirs]
    assert ours.taps[0].tolist() == [list(tick.taps) for tick in theirs]
    free = [[round(board.task_volts(code), 6) for code in codes] for codes in ours.free[0].tolist()]
    clamp = [[board.task_volts(min((code + 8) >> 4, 4095) << 4) for code in codes] for codes in ours.clamp[0].tolist()]
    assert free == [list(tick.free_V) for tick in theirs]
    np.testing.assert_allclose(clamp, [tick.clamp_V for tick in theirs], atol=1e-6)
    np.testing.assert_allclose(ours.true_error[0], ((true_V - wanted) ** 2).mean(1), atol=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_profile_ideal_equals_the_firmware_tick_for_tick(seed: int) -> None:
    same_as_firmware("lab16", "profile=ideal", PROFILES["ideal"], seed, random_run(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 105))
def test_profile_lab_without_noise_equals_the_firmware_tick_for_tick(seed: int) -> None:
    changes = {"noise_V": "0"} | ({"temperature_K": "20", "gradient_K": "10"} if seed % 2 else {})
    query = "&".join(["profile=lab", *(f"{key}={value}" for key, value in changes.items())])
    same_as_firmware("lab16", query, profile_from("lab", changes), seed, random_run(seed))


@pytest.mark.parametrize("name", ["ideal", "lab"])
def test_a_board_with_soldered_roles_learns_as_in_the_firmware(name: str) -> None:
    run = (("TOP", "BOT"), ("MID",)), [5.0, 0.0], [1.5], 1.0
    same_as_firmware("divider", f"profile={name}&noise_V=0", profile_from(name, {"noise_V": "0"}), 3, run)


def plateau_orders(true_error: Any) -> Any:
    """Return the plateau in orders (replicas,) of true_error (replicas, ticks)."""
    quarter = true_error.shape[1] // 4
    return np.log10(true_error[:, 0] / np.median(true_error[:, -quarter:], axis=1))


@pytest.mark.slow
def test_profile_lab_has_the_distribution_of_the_firmware() -> None:
    """Eight runs with noise of their own. The plateau has sd 0.2 orders, so a mean of eight 0.07: 0.3 is four of them.

    64 runs of the ensemble on other hardware hold the median of the eight between their extremes.
    """
    ticks = 400
    theirs = []
    for seed in range(8):
        with twinohm.open(f"sim://lab16?seed={seed}") as client:
            _, true_V = train(client, ALLOSTERY, GIVEN, WANTED, 1.0, ticks)
        theirs.append(((true_V - WANTED) ** 2).mean(axis=1))
    firmware = plateau_orders(np.array(theirs))
    same = Ensemble(LAB16, PROFILES["lab"], list(range(8)) * 8)
    streams = [same.train(ALLOSTERY, *allostery(ticks), state=same.start(stream=k)) for k in range(2)]
    ours = np.concatenate([plateau_orders(run.true_error) for run in streams])
    assert abs(firmware.mean() - ours.mean()) < 0.3
    other = Ensemble(LAB16, PROFILES["lab"], range(64))
    spread = plateau_orders(other.train(ALLOSTERY, *allostery(ticks)).true_error)
    assert np.percentile(spread, 10) < np.median(firmware) < np.percentile(spread, 90)


# -- against the solver of the fixture


@pytest.mark.parametrize("seed", range(4))
def test_output_voltages_are_those_of_the_fixtures_solver(seed: int) -> None:
    """Taps, inputs and present edges are random; some nodes are connected to nothing."""
    random = np.random.default_rng(seed)
    n, examples = 5, 7
    placement, *_ = random_run(seed + 1)
    ensemble = Ensemble(LAB16, PROFILES["lab"], range(n))
    taps = random.integers(4, 128, (n, LAB16.n_edges))
    present = random.random((n, LAB16.n_edges)) < 0.6
    inputs_V = random.uniform(0, 5, (n, examples, len(placement[0])))
    true_V = ensemble.outputs(placement, taps, inputs_V, present)
    measured_V = ensemble.measured(placement, taps, inputs_V, present)
    network = Network(len(LAB16.nodes), LAB16.edge_nodes)
    inputs, outputs = ([LAB16.node_index(name) for name in names] for names in placement)
    for replica in range(n):
        twins = TwinNetworks(LAB16, PROFILES["lab"], Fixture(), replica)
        paths, curve = twins.instruments, draw_adc_curves(LAB16, PROFILES["lab"], replica)[0]
        ohm = taps[replica] * twins.parts.pot_ohm[0] / 128 + twins.parts.wiper_ohm[0] + twins.parts.series_ohm[0]
        drive_S, drive_V = np.zeros((2, len(LAB16.nodes)))
        drive_S[inputs] = 1 / paths.switch_ohm[0, inputs]
        for example in range(examples):
            given = zip(inputs, inputs_V[replica, example], strict=True)
            drive_V[inputs] = [dac_V(paths.dacs, node, LAB16.dac_code(volts)) for node, volts in given]
            volts = network.solve(present[replica] / ohm, drive_S, drive_V)[outputs]
            np.testing.assert_allclose(true_V[replica, example], [LAB16.task(v) for v in volts], atol=1e-9)
            seen = volts + paths.buffer_V[0, outputs]
            codes = [(curve.count(v) * 80000 + 2048) >> 12 for v in seen]
            np.testing.assert_allclose(measured_V[replica, example], [LAB16.task_volts(c) for c in codes], atol=1e-12)


def test_elimination_solves_any_graph() -> None:
    """The determinant of random graphs of 2..64 nodes follows from the arrays alone."""
    random = np.random.default_rng(1)
    for n in (2, 3, 9, 30, 64):
        pairs = {tuple(sorted(pair)) for pair in random.integers(0, n, (3 * n, 2)).tolist() if pair[0] != pair[1]}
        edges = sorted(pairs | {(i, i + 1) for i in range(n - 1)})
        order = eliminate(n, edges)
        assert sorted(order.position) == list(range(n))
        dense = np.diag(random.uniform(0.1, 1.0, n))
        matrix = np.zeros(order.row.size)
        matrix[order.position] = dense.diagonal()
        for i, (a, b) in enumerate(edges):
            dense[[a, b], [b, a]] -= 1.0
            dense[[a, b], [a, b]] += 1.0
            matrix[[order.edge_a[i], order.edge_b[i]]] += 1.0
            matrix[order.edge_slot[i]] -= 1.0
        update = 0
        for k in range(n):
            for slot in range(order.first[k], order.first[k + 1]):
                share = matrix[slot] / matrix[k]
                for other in range(slot, order.first[k + 1]):
                    matrix[order.target[update]] -= share * matrix[other]
                    update += 1
                matrix[slot] = share
        assert update == order.target.size
        assert np.isclose(np.log(matrix[:n]).sum(), np.linalg.slogdet(dense)[1])


@pytest.mark.parametrize("solver", SOLVERS)
def test_sparse_twins_have_the_solvers_voltages_and_learn(solver: Solver) -> None:
    random = np.random.default_rng(2)
    inputs, outputs = [1, 3, 8], [5, 6, 7]
    twins = SparseTwins(9, LAB16.edge_nodes, inputs, outputs, solver=solver)
    taps = random.integers(4, 128, 16).astype(float)
    free, clamped = twins.solve(taps, GIVEN, WANTED, 0.5)
    network, edge_S = Network(9, LAB16.edge_nodes), 1 / (taps * 1e5 / 128 + 1040)
    drive_S, drive_V = np.zeros((2, 9))
    drive_S[inputs], drive_V[inputs] = 0.4, GIVEN
    np.testing.assert_allclose(free, network.solve(edge_S, drive_S, drive_V), atol=1e-9)
    drive_S[outputs], drive_V[outputs] = 0.4, 0.5 * (free[outputs] + WANTED)
    np.testing.assert_allclose(clamped, network.solve(edge_S, drive_S, drive_V), atol=1e-9)
    first = twins.tick(taps, GIVEN, WANTED)
    for _ in range(200):
        last = twins.tick(taps, GIVEN, WANTED)
    assert np.abs(last - WANTED).max() < 0.1 * np.abs(first - WANTED).max()


# -- against the rule written out anew: plain Python, one replica


class Reference:
    """One board in profile `profile` with levers. Random numbers are drawn as ensemble/kernel.py documents it."""

    def __init__(self, board: Board, profile: Profile, seed: int, levers: Levers, placement: Placement, noise: int):
        self.board, self.levers, self.noise = board, levers, noise
        twins = TwinNetworks(board, profile, Fixture(), seed)
        self.parts, self.paths = twins.parts, twins.instruments
        self.curve = draw_adc_curves(board, profile, seed)[0]
        self.noise_V = profile.noise_V * (board.physical(1) - board.physical(0))
        self.inputs, self.outputs = ([board.node_index(name) for name in names] for names in placement)
        self.network = Network(len(board.nodes), board.edge_nodes)
        self.taps = [board.pots.start_tap] * board.n_edges
        self.xyz = [1 + seed % 30268, 1 + seed * 7 % 30306, 1 + seed * 49 % 30322]
        self.high = board.code_low + board.code_span

    def draw(self) -> float:
        """Return a number of the generator by Wichmann and Hill, 15 bits."""
        primes = (30269, 30307, 30323)
        self.xyz = [a * x % m for a, x, m in zip((171, 172, 170), self.xyz, primes, strict=True)]
        return sum(x * 32768 // m for x, m in zip(self.xyz, primes, strict=True)) % 32768

    def noise_of_an_edge_V(self) -> tuple[float, float]:
        x = self.noise
        x ^= x << 13 & (1 << 64) - 1
        x ^= x >> 7
        x ^= x << 17 & (1 << 64) - 1
        self.noise = x
        q = normal_quantiles()
        return self.noise_V * float(q[x >> 48]), self.noise_V * float(q[x >> 16 & 65535])

    def solve(self, network: int, driven: dict[int, int]) -> Any:
        parts = self.parts
        ohm = parts.pot_ohm[network] / 128 * self.taps + parts.wiper_ohm[network] + parts.series_ohm[network]
        drive_S, drive_V = np.zeros((2, len(self.board.nodes)))
        for node, code in driven.items():
            drive_S[node], drive_V[node] = 1 / self.paths.switch_ohm[network, node], dac_V(self.paths.dacs, node, code)
        return self.network.solve(1 / ohm, drive_S, drive_V)

    def tick(self, given: Any, wanted: Any, eta: float) -> tuple[list[bool], list[int]]:
        board, levers = self.board, self.levers
        driven = {node: board.dac_code(volts) for node, volts in zip(self.inputs, given, strict=True)}
        free = self.solve(0, driven)
        squares = 0
        for node, volts in zip(self.outputs, wanted, strict=True):
            measured = min((self.curve.count(free[node] + self.paths.buffer_V[0, node]) * 80000 + 2048) >> 12, 65535)
            desired = board.dac_code(volts)
            squares += (abs(desired - measured) >> 3) ** 2
            if levers.overclamp:
                desired = self.high if desired > measured else board.code_low
            clamp = measured + (((desired - measured) * round(eta * 4096) + 2048) >> 12)
            driven[node] = min(max(clamp, board.code_low), self.high)
        clamped = self.solve(1, driven) + self.paths.buffer_V[1]
        free = free + self.paths.buffer_V[0]
        counts = [0] * board.n_edges
        for _ in range(levers.readings):
            for i, (a, b) in enumerate(board.edge_nodes):
                cmp_V, sgn_V = self.noise_of_an_edge_V() if self.noise_V else (0.0, 0.0)
                high, low = 0.5 + self.paths.averager[:, i]
                margin = high * clamped[a] + (1 - high) * free[b] - low * free[a] - (1 - low) * clamped[b]
                cmp = margin + self.parts.offset_V[0, i] + cmp_V > 1e-10
                sgn = free[a] - free[b] + self.parts.offset_V[1, i] + sgn_V > 1e-10
                counts[i] += cmp == sgn
        p = round(levers.p * 32768)
        if levers.error_full_V:
            rms = int(np.sqrt(squares // len(self.outputs))) << 3
            full = round(levers.error_full_V / 5 * board.code_span)
            p = min(p, max(round(levers.p_floor * 32768), (4096 * rms // full) << 3))
        all_go = p >= 32768 or not levers.whole or self.draw() < p
        ups = []
        for i, count in enumerate(counts):
            go = all_go and (p >= 32768 or levers.whole or self.draw() < p)
            if levers.vote == "majority":
                up = 2 * count > levers.readings
            elif levers.vote == "up":
                up = count > 0
            else:
                up = count == levers.readings
                go = go and count in (0, levers.readings)
            ups.append(up)
            if go:
                self.taps[i] = min(self.taps[i] + 1, 127) if up else max(self.taps[i] - 1, 4)
        return ups, list(self.taps)


LEVERS = {
    "none": Levers(),
    "p": Levers(p=0.3),
    "whole": Levers(p=0.5, whole=True),
    "by error": Levers(error_full_V=0.2),
    "by error, whole, p": Levers(p=0.8, error_full_V=0.4, p_floor=0.1, whole=True),
    "majority": Levers(readings=3),
    "majority of four": Levers(readings=4),
    "unanimous": Levers(readings=5, vote="unanimous"),
    "up": Levers(readings=3, vote="up"),
    "overclamp": Levers(overclamp=True),
    "eta": Levers(eta_end=0.1),
    "best": Levers(readings=5, vote="unanimous", error_full_V=0.2),
}


@pytest.mark.parametrize("name", LEVERS)
def test_each_lever_acts_as_the_rule_written_out_anew(name: str) -> None:
    levers, ticks, seeds = LEVERS[name], 60, [5, 6]
    ensemble = Ensemble(LAB16, PROFILES["lab"], seeds)
    start = ensemble.start()
    ours = ensemble.train(ALLOSTERY, *allostery(ticks), 1.0, levers, start, record=("up", "taps"))
    for replica, seed in enumerate(seeds):
        reference = Reference(LAB16, PROFILES["lab"], seed, levers, ALLOSTERY, int(start.noise[replica]))
        for t in range(ticks):
            eta = 1.0 if levers.eta_end is None else 1.0 + (levers.eta_end - 1.0) * t / (ticks - 1)
            ups, taps = reference.tick(GIVEN, WANTED, eta)
            assert (ours.up[replica, t].tolist(), ours.taps[replica, t].tolist()) == (ups, taps), f"tick {t}"


# -- what the interface promises


def same(a: Result, b: Result, of_a: Any = slice(None), of_b: Any = slice(None)) -> None:
    np.testing.assert_array_equal(a.true_error[of_a], b.true_error[of_b])
    np.testing.assert_array_equal(a.state.taps[of_a], b.state.taps[of_b])


def test_a_replica_does_not_depend_on_its_neighbours() -> None:
    many = Ensemble(LAB16, PROFILES["lab"], range(LANES + 6))
    few = Ensemble(LAB16, PROFILES["lab"], [LANES + 3, 2])
    same(many.train(ALLOSTERY, *allostery(30)), few.train(ALLOSTERY, *allostery(30)), [LANES + 3, 2])


def test_a_run_in_parts_is_the_same_run() -> None:
    ensemble = Ensemble(LAB16, PROFILES["lab"], range(3))
    inputs_V, desired_V = allostery(40)
    whole = ensemble.train(ALLOSTERY, inputs_V, desired_V, levers=LEVERS["best"])
    first = ensemble.train(ALLOSTERY, inputs_V[:15], desired_V[:15], levers=LEVERS["best"])
    second = ensemble.train(ALLOSTERY, inputs_V[15:], desired_V[15:], levers=LEVERS["best"], state=first.state)
    np.testing.assert_array_equal(whole.true_error, np.concatenate([first.true_error, second.true_error], axis=1))
    np.testing.assert_array_equal(whole.state.taps, second.state.taps)


def test_each_replica_may_have_its_own_schedule_and_placement() -> None:
    """Each replica makes the ticks that it makes in an ensemble of one."""
    random = np.random.default_rng(4)
    seeds, ticks = [7, 7, 9], 25
    others = Placement(("A", "B", "C"), ("D", "E", "F")), Placement(("I", "H", "A"), ("B", "C", "D"))
    placements = [ALLOSTERY, *others]
    inputs_V, desired_V = random.uniform(0, 5, (2, len(seeds), ticks, 3))
    together = Ensemble(LAB16, PROFILES["lab"], seeds).train(placements, inputs_V, desired_V)
    for i, (seed, placement) in enumerate(zip(seeds, placements, strict=True)):
        alone = Ensemble(LAB16, PROFILES["lab"], [seed]).train(placement, inputs_V[i], desired_V[i])
        same(together, alone, [i])


@pytest.mark.parametrize("window", [1, 8])
def test_the_taps_of_the_lowest_measured_error_are_remembered(window: int) -> None:
    ensemble = Ensemble(LAB16, PROFILES["lab"], range(4))
    random = np.random.default_rng(3)
    inputs_V = np.column_stack([random.uniform(1, 5, (200, 2)), np.zeros(200)])
    desired_V = inputs_V[:, :2] @ [[0.15, 0.25], [0.20, 0.10]]
    run = ensemble.train(
        Placement(("A", "D", "I"), ("C", "B")), inputs_V, desired_V, remember=window, record=EVERYTHING
    )
    assert run.remembered is not None
    means = np.lib.stride_tricks.sliding_window_view(run.measured_error, window, axis=1).mean(-1)
    np.testing.assert_array_equal(run.remembered.tick, means.argmin(axis=1) + window - 1)
    np.testing.assert_allclose(run.remembered.measured_error, means.min(axis=1))
    for i, tick in enumerate(run.remembered.tick):
        assert run.remembered.taps[i].tolist() == (run.taps[i, tick - 1].tolist() if tick else [64] * 16)
        if window == 1:
            np.testing.assert_allclose(run.remembered.true_error[i], run.true_error[i, tick], rtol=1e-6)


def test_an_edge_that_is_out_carries_nothing() -> None:
    ensemble = Ensemble(LAB16, PROFILES["ideal"], [0])
    present = np.array([name != "E-H" for name in LAB16.edges])
    there, gone = (ensemble.train(ALLOSTERY, *allostery(1), present=p).true_error for p in (None, present))
    assert abs(there - gone).max() > 1e-4


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda e, x, d: e.train(ALLOSTERY, x[:, :2], d),
            r"inputs_V has shape \(4, 2\): \(ticks, 3\) or \(2, ticks, 3\)",
        ),
        (lambda e, x, d: e.train(ALLOSTERY, x, d[:3]), "4 ticks of inputs_V, 3 of desired_V"),
        (lambda e, x, d: e.train(ALLOSTERY, x + 1, d), r"inputs_V has values outside 0\.\.5 V"),
        (lambda e, x, d: e.train(ALLOSTERY, x * np.nan, d), r"inputs_V has values outside 0\.\.5 V"),
        (lambda e, x, d: e.train(ALLOSTERY, x, d, eta=5), "eta: more than 0, at most 4"),
        (lambda e, x, d: e.train([ALLOSTERY] * 3, x, d), "3 placements for 2 replicas"),
        (lambda e, x, d: e.train(Placement(("B", "D", "Z"), ("F", "G", "H")), x, d), "lab16 has no node 'Z'"),
        (lambda e, x, d: e.train(ALLOSTERY, x, d, record=["volts"]), "record = volts: there are true_error, "),
        (lambda e, x, d: e.train(Placement(("B", "D", "I"), ()), x, d[:, :0]), "inputs B, D, I has no outputs"),
        (lambda e, x, d: e.start(taps=[3] * 16), r"taps 3\.\.3: they are 4\.\.127"),
        (lambda e, x, d: e.start(taps=[64] * 15), r"\(15,\) values for \(replicas, edges\) = \(2, 16\)"),
        (lambda e, x, d: Ensemble(LAB16, PROFILES["ideal"], []), "an ensemble needs at least one seed"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(call: Callable[..., object], words: str) -> None:
    ensemble = Ensemble(LAB16, PROFILES["ideal"], range(2))
    with pytest.raises(UsageError, match=words):
        call(ensemble, *allostery(4))
