"""A run by the ensemble engine, of one board: the same rule and parts, without firmware and wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinohm.clock import local_now
from twinohm.ensemble import Ensemble, Result
from twinohm.errors import RunFileError
from twinohm.model.placement import Placement
from twinohm.protocol.telemetry import Example, Tick
from twinohm.runlog.events import Resumed, Taps, Violations
from twinohm.runlog.plan import RunPlan
from twinohm.runlog.run_board import PROCESS_ENDED, BoardFacts, TrainedTick
from twinohm.runlog.run_state import RunState
from twinohm.runlog.tick_record import TickRecord
from twinohm.sim.component_truth import draw_truth
from twinohm.sim.ground_truth import TrueNetwork
from twinohm.sim.settings import SimSettings
from twinohm.tasks.task import Volts

CHUNK_TICKS = 256  # that are made and logged at once

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Made:
    """A tick of the log that the engine has to make again, since its noise goes on from there."""

    placement: Placement
    eta: float
    inputs_V: Volts
    desired_V: Volts
    taps: Taps  # after it


class EngineBoard:
    """One board of the ensemble engine as the board of a run. `state` is the run's.

    A resumed run makes the ticks of its log anew, for the state of its noise. `log` is called with its event,
    once; None: the run is a new one.
    """

    def __init__(self, plan: RunPlan, log: Callable[[Resumed], None] | None = None) -> None:
        settings = SimSettings.parse(plan.port)
        self._plan, self._log = plan, log
        self._levers = replace(plan.levers, eta_end=None)  # the run gives each tick its eta
        self._engine = Ensemble(plan.board, settings.profile, [settings.seed])
        self._now = self._engine.start()
        self._replayed: list[_Made] = []
        truth = draw_truth(plan.board, settings.profile, settings.seed)
        self._true_network = TrueNetwork(plan.board, truth)
        self.facts = BoardFacts(_taps(self._now.taps), truth)
        self.state = RunState(plan.board, plan.levers, self.facts.start_taps, plan.placement, plan.eta)

    def place(self, placement: Placement, eta: float) -> None:
        """Give the nodes their roles."""
        self.state.placement, self.state.eta = placement, eta

    def infer(self, inputs_V: Sequence[Volts]) -> list[tuple[float, ...]]:
        """Return the measured outputs (examples, outputs) of the free network for inputs_V (examples, inputs)."""
        self._catch_up()
        state = self.state
        present = self._plan.present(state.ticks)
        measured_V = self._engine.measured(state.placement, np.array(state.taps), np.array(inputs_V), present)[0]
        return [tuple(row) for row in measured_V.round(6).tolist()]

    def train(
        self, examples: Sequence[tuple[int, Example]], more: Callable[[], bool]
    ) -> Iterator[tuple[list[TrainedTick], Violations | None]]:
        """Train on (ticks, example) pairs; yield the ticks of each chunk."""
        self._catch_up()
        state = self.state
        inputs_V, desired_V = (
            np.repeat([getattr(example, name) for _, example in examples], [ticks for ticks, _ in examples], axis=0)
            for name in ("inputs_V", "desired_V")
        )
        done = 0
        while done < len(inputs_V) and more():
            chunk = slice(done, done + self._most_ticks(state.ticks))
            made = self._make(inputs_V[chunk], desired_V[chunk])
            done += len(made)
            yield made, None

    def restore(self, taps: Taps) -> None:
        """Set these taps."""
        self._catch_up()
        self.state.taps = taps
        self._now = replace(self._now, taps=np.array([taps], dtype=self._now.taps.dtype))

    def safe(self) -> None:
        """There is nothing to make safe."""

    def violations_event(self) -> Violations | None:
        """The engine checks no limits of parts."""
        return None

    def replay_tick(self, record: TickRecord) -> None:
        """Adopt a tick of the log."""
        state = self.state
        inputs_V, desired_V = list(record.inputs_V.values()), list(record.desired_V.values())
        self._replayed.append(_Made(state.placement, state.eta, inputs_V, desired_V, record.taps))
        self.state.count_tick(
            record.t_us, record.taps, [record.free_V[name] for name in state.placement.outputs], desired_V
        )

    def close(self) -> None:
        """There is nothing to close."""

    # -- ticks -----------------------------------------------------------------------------------------------------

    def _most_ticks(self, tick: int) -> int:
        """Return how many ticks from `tick` on are made at once: to the next tick at which an edge is pulled."""
        return min([CHUNK_TICKS, *(at - tick for at, _, _ in self._plan.pulled if at > tick)])

    def _advance(self, placement: Placement, eta: float, inputs_V: Floats, desired_V: Floats, first: int) -> Result:
        """Make ticks from tick `first` on; they are not counted."""
        result = self._engine.train(
            placement,
            inputs_V,
            desired_V,
            eta,
            self._levers,
            self._now,
            self._plan.present(first),
            record=("taps", "up", "free", "clamp"),
        )
        self._now = result.state
        return result

    def _make(self, inputs_V: Floats, desired_V: Floats) -> list[TrainedTick]:
        """Make and count a tick for each row: inputs_V (ticks, inputs), desired_V (ticks, outputs)."""
        state, board = self.state, self._plan.board
        result = self._advance(state.placement, state.eta, inputs_V, desired_V, state.ticks)
        made = []
        self._true_network.present = self._plan.present(state.ticks)
        for k in range(len(inputs_V)):
            taps, before = _taps(result.taps[:, k]), state.taps
            free_V = tuple(round(board.task_volts(code), 6) for code in result.free[0, k].tolist())
            clamp_V = tuple(round(board.driven_volts(code), 6) for code in result.clamp[0, k].tolist())
            driven_V = dict(zip(state.placement.inputs, inputs_V[k].tolist(), strict=True))
            true_V = self._true_network.node_V(self._true_network.edge_S(before), driven_V)
            moved = [a != b for a, b in zip(taps, before, strict=True)]
            tick = Tick(0, free_V, clamp_V, None, None, _word(result.up[0, k]), _word(np.array(moved)), taps)
            made.append(TrainedTick(state.ticks, before, tick, None, board.task(true_V).round(9).tolist()))
            self.state.count_tick(None, taps, free_V, desired_V[k].tolist())
        return made

    def _catch_up(self) -> None:
        """Make the ticks of a resumed run's log again. Raises RunFileError if they are others."""
        if self._log is None:
            return
        replayed, self._replayed = self._replayed, []
        first = 0
        while first < len(replayed):
            one = replayed[first]
            last = first + 1
            end = min(first + self._most_ticks(first), len(replayed))
            while last < end and (replayed[last].placement, replayed[last].eta) == (one.placement, one.eta):
                last += 1
            part = replayed[first:last]
            inputs_V, desired_V = (
                np.array([getattr(tick, name) for tick in part]) for name in ("inputs_V", "desired_V")
            )
            result = self._advance(one.placement, one.eta, inputs_V, desired_V, first)
            for k, tick in enumerate(part):
                if _taps(result.taps[:, k]) != tick.taps:
                    raise RunFileError(
                        f"tick {first + k} of the log has other taps than the engine makes now: the log was changed, "
                        "or another version made it; begin a new run"
                    )
            first = last
        state, log, self._log = self.state, self._log, None
        log(
            Resumed(
                tick=state.ticks,
                time=local_now().isoformat(timespec="milliseconds"),
                why=PROCESS_ENDED,
                taps=state.taps,
                port=self._plan.port,
            )
        )


def _taps(values: NDArray[Any]) -> Taps:
    """Return the taps of the only replica, (1, n_edges)."""
    return tuple(values[0].tolist())


def _word(bits: NDArray[Any]) -> int:
    """Return the word whose bit i is bits[i]."""
    return int.from_bytes(np.packbits(bits.astype(np.uint8), bitorder="little").tobytes(), "little")
