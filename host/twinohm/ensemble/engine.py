"""The ensemble engine: many boards at once without firmware, with the same rule and the same parts, compiled."""

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from twinohm.ensemble.arrays import Array, Best, Log, Now, Parts, Roles, Rule, Schedule
from twinohm.ensemble.blocks import from_blocks, to_blocks
from twinohm.ensemble.components import draw_converters, draw_parts, to_dacs
from twinohm.ensemble.diodes import draw_replicas
from twinohm.ensemble.elimination import eliminate
from twinohm.ensemble.kernel import read, respond, train, transfer
from twinohm.ensemble.lanes import LANES
from twinohm.ensemble.power import dissipate
from twinohm.ensemble.straight_line import NONE, StraightLine, generate
from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.codes import TASK_SPAN_V, dac_count
from twinohm.model.components import draw_instruments
from twinohm.model.dac_curve import DacCurves
from twinohm.model.levers import VOTES, Levers
from twinohm.model.networks import CLAMPED, FREE
from twinohm.model.placement import Placement
from twinohm.model.pot_parts import LEAST_POSITIONS, MOST_POSITIONS
from twinohm.model.profile import Profile
from twinohm.model.random_streams import ENSEMBLE_NOISE
from twinohm.protocol.lever_numbers import lever_numbers
from twinohm.protocol.shared import messages

Record = Literal["true_error", "measured_error", "taps", "up", "free", "clamp"]
GENERATE_FROM = 2_000_000  # ticks of replicas: fewer take less time than to generate machine code for the graph
WIRE_S = 1e12  # a driver soldered to its node; more than this the rounding of 64-bit floats does not tell
NO_LEVERS = Levers()
TRUE_ERROR: tuple[Record, ...] = ("true_error",)


@dataclass(frozen=True)
class State:
    """State of a run between ticks. It has the generators, so a run in parts makes the same ticks as one run."""

    taps: Array  # (replicas, n_edges)
    noise: Array  # (replicas,) generators of the noise
    draws: Array  # (replicas, 3) the boards' own generators


@dataclass(frozen=True)
class Remembered:
    """The taps of least measured error, and both errors with them on the examples that it was measured with, V^2."""

    taps: Array  # (replicas, n_edges)
    tick: Array  # (replicas,) the last of them
    measured_error: Array  # (replicas,)
    true_error: Array  # (replicas,)


@dataclass(frozen=True)
class Result:
    """Records of a run; one that was not asked for has 0 ticks. Errors are means over outputs, V^2, before the step."""

    state: State
    true_error: Array  # (replicas, ticks)
    measured_error: Array  # (replicas, ticks)
    taps: Array  # (replicas, ticks, n_edges) after the tick
    up: Array  # (replicas, ticks, n_edges) 1 up, 0 down
    free: Array  # (replicas, ticks, n_out) measured codes
    clamp: Array  # (replicas, ticks, n_out) codes
    remembered: Remembered | None


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Ensemble:
    """One replica of `board` per hardware seed; a seed may come more than once.

    Placements: one for all replicas, or a list with one for each (all with as many inputs and outputs). Taps:
    (n_edges,) or (replicas, n_edges). `present`: likewise, False for an edge that is taken out. Voltages are task
    volts. Methods raise UsageError for what a board would refuse.

    `levels`: positions of each pot, the part's if None. Others ask what finer or coarser parts would do; the board's
    smallest tap and start tap then become those of the same resistance. `calibrated`: the converters are corrected as
    `twinohm calibrate` does it.

    `threads`: how many share the replicas, one per core if None. `generated`: whether to train with machine code for
    the board's graph (straight_line.py); None: after GENERATE_FROM ticks of replicas. A board with diodes or a large
    graph is trained without. Results depend on neither.
    """

    def __init__(
        self,
        board: Board,
        profile: Profile,
        seeds: Sequence[int],
        levels: int | None = None,
        calibrated: bool = False,
        threads: int | None = None,
        generated: bool | None = None,
    ) -> None:
        if not len(seeds):
            raise UsageError("an ensemble needs at least one seed")
        if levels is not None and not LEAST_POSITIONS <= levels <= MOST_POSITIONS:
            raise UsageError(f"levels = {levels}: a pot has {LEAST_POSITIONS}..{MOST_POSITIONS} positions")
        profile.refuse_drift()
        self.board = board
        self.seeds = list(seeds)
        self._threads, self._generated = threads, generated
        self._ticks = 0
        self._noise: dict[int, Array] = {}
        distinct = set(self.seeds)
        draws = {seed: lever_numbers(NO_LEVERS, board, seed).seeds for seed in distinct}
        self._draws = np.array([draws[seed] for seed in self.seeds])
        self._code_V = board.code_V
        ends = {node for pair in board.diode_nodes for node in pair}
        self._order = eliminate(len(board.nodes), [*board.edge_nodes, *board.diode_nodes], ends)
        self._diodes = draw_replicas(board, profile, self.seeds, self._order)
        sold = board.pots.chip
        pot = sold if levels is None else sold.with_positions(levels)
        self._top_tap = pot.top_tap
        self._min_tap = min(-(-board.pots.min_tap * pot.segments // sold.segments), self._top_tap)
        self._start_tap = max(self._min_tap, round(board.pots.start_tap * pot.segments / sold.segments))
        self._taps_type = np.min_scalar_type(self._top_tap)
        drawn = {seed: draw_instruments(board, profile, seed) for seed in distinct}
        instruments = [drawn[seed] for seed in self.seeds]
        self._dac_curves = DacCurves.stack([one.dacs for one in instruments])
        self._switch_ohm = np.array([one.switch_ohm for one in instruments])
        self._buffer_V = np.array([one.buffer_V for one in instruments])
        self._parts = draw_parts(board, profile, self.seeds, pot, instruments, self._order.node)
        drawn_converters = draw_converters(board, profile, self.seeds, drawn, calibrated)
        self._converters, self._curves, self._corrections = drawn_converters
        self._dacs = to_dacs(instruments, self._corrections, self._order.node)

    def start(self, taps: ArrayLike | None = None, stream: int = 0) -> State:
        """Return the first state of a run, at the board's start tap if taps is None. `stream` chooses the noise."""
        taps = self._per_edge(self._start_tap if taps is None else taps)
        low, top = self._min_tap, self._top_tap
        if taps.min() < low or taps.max() > top:
            raise UsageError(f"taps {taps.min()}..{taps.max()}: they are {low}..{top}")
        if stream not in self._noise:
            own = {seed: ENSEMBLE_NOISE.sequence(seed, stream).generate_state(1, np.uint64) for seed in set(self.seeds)}
            self._noise[stream] = np.concatenate([own[seed] for seed in self.seeds])
        return State(taps, self._noise[stream], self._draws)

    def train(
        self,
        placement: Placement | list[Placement],
        inputs_V: ArrayLike,
        desired_V: ArrayLike,
        eta: ArrayLike = 1.0,
        levers: Levers = NO_LEVERS,
        state: State | None = None,
        present: ArrayLike | None = None,
        remember: int = 0,
        record: Collection[Record] = TRUE_ERROR,
    ) -> Result:
        """Make one tick per example: inputs_V (ticks, n_in), desired_V (ticks, n_out), or both (replicas, ticks, ..).

        eta: one, or one per tick. `remember`: number of ticks that the best taps are judged by (0: not remembered).
        """
        roles = self._roles(placement)
        inputs = self._by_tick(inputs_V, roles.inputs.shape[1], "inputs_V")
        desired = self._by_tick(desired_V, roles.outputs.shape[1], "desired_V")
        ticks = inputs.shape[1]
        if desired.shape[1] != ticks or not 0 <= remember <= ticks:
            raise UsageError(f"{ticks} ticks of inputs_V, {desired.shape[1]} of desired_V, remember = {remember}")
        if len(inputs) != len(desired):
            inputs, desired = (np.broadcast_to(v, (len(self.seeds), *v.shape[1:])) for v in (inputs, desired))
        schedule = Schedule(
            drive=_to_lanes(self._codes(inputs)),
            desired=_to_lanes(self._codes(desired)),
            desired_V=_to_lanes(desired),
            eta=self._eta(eta, levers.eta_end, ticks),
        )
        now = self._now(state or self.start())
        best, log = self._empty(ticks, desired.shape[2], record)
        self._make_ticks(self._parts_with(present), roles, self._rule(levers, remember), schedule, now, best, log)
        done = {name: from_blocks(values, len(self.seeds)) for name, values in log._asdict().items()}
        done["measured_error"] *= self._code_V**2
        kept = self._remembered(roles, best, remember, inputs, desired, present) if remember else None
        return Result(self._state(now), remembered=kept, **done)

    def outputs(
        self,
        placement: Placement | list[Placement],
        taps: ArrayLike,
        inputs_V: ArrayLike,
        present: ArrayLike | None = None,
    ) -> Array:
        """Return true outputs, task volts (replicas, examples, n_out), for inputs_V (examples, n_in) or by replica."""
        return self._task_V(self._solve(self._roles(placement), taps, inputs_V, present))

    def power_W(
        self,
        placement: Placement | list[Placement],
        taps: ArrayLike,
        inputs_V: ArrayLike,
        present: ArrayLike | None = None,
    ) -> Array:
        """Return the power that edges and diodes of the free network take, W (replicas, examples)."""
        roles = self._roles(placement)
        blocks = to_blocks(self.start(taps).taps.astype(np.float64))
        driven_V = self._driven_V(roles, self._by_tick(inputs_V, roles.inputs.shape[1], "inputs_V"))
        each = to_blocks(np.broadcast_to(driven_V, (len(self.seeds), *driven_V.shape[1:])))
        watts = dissipate(self._order, self._parts_with(present), self._diodes, roles, blocks, each)
        return from_blocks(watts, len(self.seeds))

    def measured(
        self,
        placement: Placement | list[Placement],
        taps: ArrayLike,
        inputs_V: ArrayLike,
        present: ArrayLike | None = None,
    ) -> Array:
        """Return the outputs as each board's ADC measures them, task volts (replicas, examples, n_out)."""
        roles = self._roles(placement)
        n = len(self.seeds)
        outputs = self._order.node[from_blocks(roles.outputs, n).astype(np.intp)]
        buffer_V = self._buffer_V[np.arange(n)[:, None], FREE, outputs]
        volts = self._solve(roles, taps, inputs_V, present) + buffer_V[:, None]
        curve = np.broadcast_to(from_blocks(roles.curve, len(self.seeds))[:, None], volts.shape)
        codes = np.empty(volts.size)
        read(self._converters, curve.ravel(), self._converters.scale[:, curve.ravel()], volts.ravel(), codes)
        return (codes.reshape(volts.shape) - self.board.code_low) * self._code_V

    def _make_ticks(
        self, parts: Parts, roles: Roles, rule: Rule, schedule: Schedule, now: Now, best: Best, log: Log
    ) -> None:
        """Make all ticks of `schedule`; changes now, best and log."""
        self._ticks += len(self.seeds) * schedule.eta.size
        straight = self._straight if self._generates() else NONE

        def train_blocks(span: tuple[int, int]) -> None:
            train(
                span,
                straight is not NONE,
                *straight,
                self._order,
                parts,
                self._diodes,
                self._dacs,
                self._converters,
                roles,
                rule,
                schedule,
                now,
                best,
                log,
            )

        threads = min(self._threads or cores(), len(now.taps))
        bounds = [len(now.taps) * i // threads for i in range(threads + 1)]
        if threads == 1:
            train_blocks((bounds[0], bounds[1]))
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(train_blocks, pairwise(bounds)))

    def _generates(self) -> bool:
        wanted = self._ticks >= GENERATE_FROM if self._generated is None else self._generated
        return wanted and not self.board.diodes

    @cached_property
    def _straight(self) -> StraightLine:
        parts, limits = self._parts, (self._min_tap, self._top_tap)
        exact = not (parts.offset_V.any() or parts.averager.any())
        edges = tuple(self.board.edge_nodes)
        return generate(len(self.board.nodes), edges, limits, parts.noise_V, parts.bias_V, exact)

    # -- arguments as blocks -------------------------------------------------------------------------------------

    def _per_edge(self, values: ArrayLike) -> Array:
        """(replicas, n_edges) of what is given for all, by edge, or by replica and edge."""
        shape = len(self.seeds), self.board.n_edges
        try:
            return np.broadcast_to(np.asarray(values), shape)
        except ValueError:
            raise UsageError(f"{np.shape(values)} values for (replicas, edges) = {shape}") from None

    def _roles(self, placement: Placement | list[Placement]) -> Roles:
        board, n = self.board, len(self.seeds)
        placements = placement if isinstance(placement, list) else [placement]
        indices: dict[Placement, list[list[int]]] = {}
        for one in set(placements):
            board.check_placement(*one)
            if not one[1]:
                raise UsageError(f"the placement of inputs {', '.join(one[0])} has no outputs: name at least one")
            indices[one] = [[board.node_index(name) for name in part] for part in one]
        if len(placements) not in (1, n) or len({(len(part[0]), len(part[1])) for part in placements}) > 1:
            raise UsageError(f"{len(placements)} placements for {n} replicas: one, or one each, all of one size")
        roles = ([indices[one][role] for one in placements] for role in (0, 1))
        inputs, outputs = (np.broadcast_to(nodes, (n, len(nodes[0]))) for nodes in roles)
        replica, position = np.arange(n)[:, None], self._order.position
        closed_S = 1 / self._switch_ohm if board.switches else np.full((n, 2, len(board.nodes)), WIRE_S)
        driver_S = np.zeros((n, 2, len(board.nodes)))
        for network, driven in ((FREE, inputs), (CLAMPED, np.hstack([inputs, outputs]))):
            driver_S[replica, network, position[driven]] = closed_S[replica, network, driven]
        curve = self._curves[replica, outputs]
        return Roles(
            inputs=to_blocks(position[inputs].astype(np.uint64)),
            outputs=to_blocks(position[outputs].astype(np.uint64)),
            curve=to_blocks(curve.astype(np.uint64)),
            scale=to_blocks(np.moveaxis(self._converters.scale[:, curve], 0, 1)),
            driver_S=to_blocks(driver_S),
        )

    def _by_tick(self, values: ArrayLike, columns: int, what: str) -> Array:
        """(1 or replicas, ticks, columns) in task volts."""
        volts = np.asarray(values, dtype=np.float64)
        volts = volts[None] if volts.ndim == 2 else volts
        if volts.ndim != 3 or volts.shape[0] not in (1, len(self.seeds)) or volts.shape[2] != columns:
            raise UsageError(
                f"{what} has shape {np.shape(values)}: (ticks, {columns}) or ({len(self.seeds)}, ticks, {columns})"
            )
        if not ((volts >= 0) & (volts <= TASK_SPAN_V)).all():
            raise UsageError(f"{what} has values outside 0..{TASK_SPAN_V} V")
        return volts

    def _codes(self, volts: Array) -> Array:
        """Return codes of task volts, as Board.dac_code does, in whole floats."""
        return np.asarray(self.board.code_low + np.rint(volts / TASK_SPAN_V * self.board.code_span))

    def _driven_V(self, roles: Roles, volts: Array) -> Array:
        """Return the physical volts (replicas, ticks, n_in) that the DACs of the inputs give for task volts."""
        nodes = self._order.node[from_blocks(roles.inputs, len(self.seeds)).astype(np.intp)]
        at = np.arange(len(self.seeds))[:, None, None], nodes[:, None]
        counts = dac_count(self._codes(volts).astype(np.int64), *np.moveaxis(self._corrections[at], -1, 0))
        return self._dac_curves.volts(at, counts)

    def _eta(self, eta: ArrayLike, end: float | None, ticks: int) -> Array:
        """(ticks,) in 1/4096."""
        etas = np.broadcast_to(np.asarray(eta, dtype=np.float64), ticks)
        if end is not None:
            etas = etas + (end - etas) * np.arange(ticks) / max(ticks - 1, 1)
        if not ((etas > 0) & (etas <= 4)).all():
            raise UsageError("eta: more than 0, at most 4")
        return np.rint(etas * messages.ETA_ONE).astype(np.int64)

    def _rule(self, levers: Levers, window: int) -> Rule:
        board = self.board
        numbers = lever_numbers(levers, board)
        return Rule(
            low_code=board.code_low,
            high_code=board.code_low + board.code_span,
            low_V=float(board.range_V[0]),
            task_per_V=board.task_per_V,
            min_tap=self._min_tap,
            top_tap=self._top_tap,
            p=numbers.p,
            p_floor=numbers.p_floor,
            error_full=numbers.error_full,
            readings=numbers.readings,
            vote=VOTES.index(levers.vote),
            overclamp=numbers.overclamp,
            whole=numbers.whole,
            pairs=numbers.pairs,
            hinge=numbers.hinge,
            margin=numbers.margin,
            margin_V=levers.margin_V or 0.0,
            window=window,
        )

    def _parts_with(self, present: ArrayLike | None) -> Parts:
        if present is None:
            return self._parts
        there = to_blocks(self._per_edge(present).astype(bool))[:, None]
        return self._parts._replace(fixed_ohm=np.where(there, self._parts.fixed_ohm, np.inf))

    def _now(self, state: State) -> Now:
        return Now(
            taps=to_blocks(state.taps.astype(np.float64)),
            noise=to_blocks(state.noise),
            draws=to_blocks(state.draws.astype(np.float64)),
        )

    def _empty(self, ticks: int, n_out: int, record: Collection[Record]) -> tuple[Best, Log]:
        if unknown := set(record) - set(get_args(Record)):
            raise UsageError(f"record = {', '.join(sorted(unknown))}: there are {', '.join(get_args(Record))}")
        blocks, n_edges = -(-len(self.seeds) // LANES), self.board.n_edges

        def log(name: Record, dtype: type, *columns: int) -> Array:
            return np.empty((blocks, ticks if name in record else 0, *columns, LANES), dtype)

        return Best(
            error=np.full((blocks, LANES), np.inf),
            tick=np.zeros((blocks, LANES), np.int64),
            taps=np.zeros((blocks, n_edges, LANES)),
        ), Log(
            true_error=log("true_error", np.float64),
            measured_error=log("measured_error", np.float64),
            taps=log("taps", np.uint16, n_edges),
            up=log("up", np.uint8, n_edges),
            free=log("free", np.int32, n_out),
            clamp=log("clamp", np.int32, n_out),
        )

    # -- blocks as results ---------------------------------------------------------------------------------------

    def _state(self, now: Now) -> State:
        taps, noise, draws = (from_blocks(values, len(self.seeds)) for values in (now.taps, now.noise, now.draws))
        return State(taps.astype(self._taps_type), noise, draws.astype(np.int64))

    def _remembered(
        self, roles: Roles, best: Best, window: int, inputs: Array, desired: Array, present: ArrayLike | None
    ) -> Remembered:
        n = len(self.seeds)
        taps, tick, error = (from_blocks(values, n) for values in (best.taps, best.tick, best.error))
        examples = tick[:, None] + np.arange(1 - window, 1)
        given, wanted = (
            np.broadcast_to(volts, (n, *volts.shape[1:]))[np.arange(n)[:, None], examples]
            for volts in (inputs, desired)
        )
        outputs = self._task_V(self._solve(roles, taps, given, present))
        return Remembered(
            taps=taps.astype(self._taps_type),
            tick=tick,
            measured_error=error * self._code_V**2,
            true_error=((outputs - wanted) ** 2).mean(axis=(1, 2)),
        )

    def _solve(self, roles: Roles, taps: ArrayLike, inputs_V: ArrayLike, present: ArrayLike | None) -> Array:
        """Return physical output volts (replicas, examples, n_out)."""
        blocks = to_blocks(self.start(taps).taps.astype(np.float64))
        parts, n = self._parts_with(present), len(self.seeds)
        driven_V = self._driven_V(roles, self._by_tick(inputs_V, roles.inputs.shape[1], "inputs_V"))
        if self.board.diodes:
            each = to_blocks(np.broadcast_to(driven_V, (n, *driven_V.shape[1:])))
            return from_blocks(respond(self._order, parts, self._diodes, roles, blocks, each), n)
        return np.asarray(np.matmul(driven_V, from_blocks(transfer(self._order, parts, roles, blocks), n)))

    def _task_V(self, volts: Array) -> Array:
        return np.asarray(self.board.task(volts))


def _to_lanes(values: Array) -> Array:
    """(1 or replicas, ticks, columns) as one lane or as blocks."""
    return np.ascontiguousarray(values[..., None]) if len(values) == 1 else to_blocks(values)
