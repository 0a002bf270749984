"""The circuit of a run at one of its ticks, with the examples that it learned then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from twinohm.errors import RunError, UsageError
from twinohm.model.networks import FREE
from twinohm.model.placement import Placement
from twinohm.model.profile import PROFILES
from twinohm.runlog.description import RunDescription
from twinohm.runlog.events import BestRestored, EdgeRemoved, Resumed, TapsSet
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_summary import PulledEdges
from twinohm.runlog.tick_record import TickRecord
from twinohm.sim.component_truth import draw_truth
from twinohm.sim.ground_truth import TrueNetwork
from twinohm.studies.analysis import CircuitTask, evenly

MOST_EXAMPLES = 200


@dataclass(frozen=True)
class RunCircuit:
    """The free network of a run after `tick` ticks.

    of: RunDescription.known. learned: number of different inputs that were learned; the circuit has at most
    MOST_EXAMPLES of them, evenly taken. restored: whether the taps are the best ones, which were set at the end.
    """

    circuit: CircuitTask
    of: Literal["true", "fault-free", "nominal"]
    tick: int
    learned: int
    absent: frozenset[str]
    restored: bool


def circuit_of_run(folder: RunFolder, tick: int | None = None) -> RunCircuit:
    """Return the circuit after `tick` ticks, None: as the run left it.

    Its examples are those of the phase or, in a run without phases, of the block that the last of these ticks belongs
    to, also those that were learned later; of equal inputs the last desired voltages count. eta is the run's.

    Raises UsageError for a tick that the log does not have, RunError without a tick or if it is damaged.
    """
    run = folder.description()
    taps, restored, absent, made, part = run.start_taps, False, PulledEdges(run), 0, None
    examples: dict[tuple[float, ...], tuple[float, ...]] = {}
    placement = Placement((), ())
    for record in folder.records():
        before = tick is None or record.tick < tick
        if isinstance(record, TickRecord):
            made = record.tick + 1
            if part != (now := _part(run, record)):
                if examples and not before:
                    continue
                part = now
                examples.clear()
                placement = Placement(tuple(record.inputs_V), tuple(record.desired_V))
            examples[tuple(record.inputs_V.values())] = tuple(record.desired_V.values())
        if isinstance(record, EdgeRemoved) and before:
            absent.removed.add(record.edge)
        elif isinstance(record, TickRecord | Resumed | TapsSet) and before:
            taps, restored = record.taps, False
        elif isinstance(record, BestRestored) and tick is None:
            taps, restored = record.taps, True
    if not examples:
        raise RunError(f"{folder.path}: the log has no tick, there is nothing to analyse; run at least 1 tick")
    if tick is not None and not 0 <= tick <= made:
        raise UsageError(f"tick = {tick}: the run has {made} ticks; give 0 to {made}")
    board, truth = run.recorded_board, run.possible_truth
    corrections = run.calibration.dac if truth is not None and run.calibration is not None else None
    network = TrueNetwork(board, truth or draw_truth(board, PROFILES["ideal"], 0), FREE, corrections)
    at = made if tick is None else tick
    gone = absent.absent(max(at - 1, 0))
    network.set_tick(at)
    network.present = np.array([edge not in gone for edge in board.edges], dtype=float)
    rows = evenly(list(examples.items()), MOST_EXAMPLES)
    inputs_V, desired_V = [given for given, _ in rows], [wanted for _, wanted in rows]
    circuit = CircuitTask(board, network, taps, placement, inputs_V, desired_V, run.levers, run.eta)
    return RunCircuit(circuit, run.known, at, len(examples), gone, restored)


def _part(run: RunDescription, record: TickRecord) -> object:
    """Return what names the phase or block of a tick, and the nodes of its roles."""
    block = record.tick // run.block if record.phase is None and run.block else 0
    return record.phase, block, tuple(record.inputs_V), tuple(record.desired_V)
