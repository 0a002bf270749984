"""One run: a task on a board, every tick into a run folder."""

import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import twinohm
from twinohm.boards import Board, load_board
from twinohm.errors import UsageError
from twinohm.firmware import firmware_hash
from twinohm.machine import Example, Machine, Tick
from twinohm.runs.folder import RunFolder
from twinohm.runs.scores import run_scores
from twinohm.tasks.task import Placement, Task


@dataclass(frozen=True)
class RunPlan:
    """What to run and where. `port` is complete: a virtual one carries its seed and profile."""

    task: Task
    board: Board
    port: str
    placement: Placement
    eta: float
    ticks: int
    seed: int | None = None
    profile: str | None = None


Progress = Callable[[int, float], None]  # ticks done, present error in V^2


def plan_run(
    task: Task,
    board_name: str | None = None,
    port: str = "sim://",
    profile: str = "lab",
    seed: int = 0,
    eta: float | None = None,
    ticks: int | None = None,
    place: str | None = None,
    boards: Path | None = None,
) -> RunPlan:
    """Fill in what the user left open. Raises UsageError for what does not go together."""
    virtual = port.startswith(("sim:", "emu:"))
    seed_of_run: int | None = None
    profile_of_run: str | None = None
    if virtual:
        from twinohm.bench.port_url import bench_settings, complete_url

        port = complete_url(port, board_name, seed, profile, boards)
        settings = bench_settings(port)
        board, seed_of_run, profile_of_run = settings.board, settings.seed, settings.profile_name
    else:
        board = load_board(board_name or "lab16", boards)
        board.require_ready()
    eta = task.eta if eta is None else eta
    ticks = task.ticks if ticks is None else ticks
    if not 0 < eta <= 4:
        raise UsageError(f"--eta {eta}: more than 0, at most 4")
    if ticks < 1:
        raise UsageError(f"--ticks {ticks}: 1 or more")
    return RunPlan(task, board, port, task.placement_on(board, place), eta, ticks, seed_of_run, profile_of_run)


def run(
    plan: RunPlan,
    out: Path,
    progress: Progress | None = None,
    boards: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> RunFolder:
    """Home the board, train, log every tick, score. `stop` is asked after each chunk.

    Raises LinkError or BoardError; what was logged stays, and is scored.
    """
    started = time.monotonic()
    with Machine(plan.port, boards) as machine:
        if machine.board.name != plan.board.name:
            raise UsageError(f"{plan.port} is a {machine.board.name}, not a {plan.board.name}: give --board")
        folder = RunFolder.create(out, plan.task.name, plan.board.name)
        machine.home()
        machine.place(*plan.placement, plan.eta)
        records = machine.records
        if records is not None:
            records.forget()
        folder.write_run(_description(plan, machine))
        errors: list[float] = []
        true_errors: list[float] = []
        schedule = [(n, Example(a, b)) for n, a, b in plan.task.schedule(plan.ticks)]
        wanted = _by_tick(plan)
        try:
            for chunk in machine.stream(schedule):
                truths = records.take(len(chunk)) if records is not None else [None] * len(chunk)
                lines = [
                    _record(len(errors) + k, tick, *next(wanted), truth, plan)
                    for k, (tick, truth) in enumerate(zip(chunk, truths, strict=True))
                ]
                folder.append(lines)
                errors += [line["error_V2"] for line in lines]
                true_errors += [line["true_error_V2"] for line in lines if "true_error_V2" in line]
                if progress is not None:
                    progress(len(errors), errors[-1])
                if stop():
                    break
        finally:
            folder.close()
            if errors:
                seconds = time.monotonic() - started
                violations = records.violations if records is not None else 0
                folder.write_summary(_summary(plan, machine, folder, errors, true_errors, seconds, violations))
    return folder


Volts = dict[str, float]


def _by_tick(plan: RunPlan) -> Iterator[tuple[Volts, Volts]]:
    """(inputs_V as the DAC gives them, desired_V) by node, for each tick."""
    inputs, outputs = plan.placement
    board = plan.board
    for ticks, inputs_V, desired_V in plan.task.schedule(plan.ticks):
        given = {
            name: round(board.dac_volts(volts), 6)
            for name, volts in zip(inputs, inputs_V, strict=True)
        }
        desired = dict(zip(outputs, desired_V, strict=True))
        for _ in range(ticks):
            yield given, desired


def _description(plan: RunPlan, machine: Machine) -> dict[str, Any]:
    """Everything needed to repeat the run, and on virtual ports to compute every voltage again."""
    board = machine.board
    description = {
        "task": plan.task.name,
        "board": board.name,
        "port": plan.port,
        "profile": plan.profile,
        "seed": plan.seed,
        "eta": plan.eta,
        "ticks": plan.ticks,
        "block": plan.task.block,
        "ours": plan.task.ours,
        "placement": {"inputs": list(machine.inputs), "outputs": list(machine.outputs)},
        "nodes": list(board.nodes),
        "edges": list(board.edges),
        "min_tap": board.pots.min_tap,
        "start_taps": list(machine.taps or ()),
        "levers": {},
        "examples": [list(map(list, example)) for example in plan.task.examples],
        "command": sys.argv,
        "versions": {
            "twinohm": twinohm.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "firmware": machine.hello["firmware"],
            "firmware_here": firmware_hash(),
            "protocol": machine.hello["protocol"],
        },
        "hello": machine.hello,
        "board_table": board.model_dump(mode="json"),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    if machine.records is not None:
        description["truth"] = machine.records.truth
    return description


def _record(
    number: int, tick: Tick, inputs_V: Volts, desired_V: Volts, truth: dict[str, Any] | None, plan: RunPlan
) -> dict[str, Any]:
    """One line of ticks.jsonl."""
    outputs = plan.placement[1]
    wanted = list(desired_V.values())
    record: dict[str, Any] = {
        "tick": number,
        "t_us": tick.t_us,
        "inputs_V": inputs_V,
        "desired_V": desired_V,
        "free_V": {**inputs_V, **dict(zip(outputs, tick.free_V, strict=True))},
        "clamp_V": dict(zip(outputs, tick.clamp_V, strict=True)),
        "cmp": tick.cmp,
        "sgn": tick.sgn,
        "up": tick.up,
        "moved": tick.moved,
        "taps": tick.taps,
        "error_V2": _mse(tick.free_V, wanted),
    }
    if truth is not None:
        true_V = dict(zip(plan.board.nodes, truth["free_V"], strict=True))
        record["true_free_V"] = true_V
        record["true_error_V2"] = _mse([true_V[name] for name in outputs], wanted)
    return record


def _mse(volts: Sequence[float], desired: Sequence[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(volts, desired, strict=True)) / len(desired)


def _summary(
    plan: RunPlan,
    machine: Machine,
    folder: RunFolder,
    errors: list[float],
    true_errors: list[float],
    seconds: float,
    violations: int,
) -> dict[str, Any]:
    """The JSON of `twinohm run` (mse_*: measured, true_*: what the circuit had)."""
    measured = run_scores(errors, plan.task.block)
    true = run_scores(true_errors, plan.task.block) if true_errors else None
    summary: dict[str, Any] = {
        "task": plan.task.name,
        "board": plan.board.name,
        "port": plan.port,
        "profile": plan.profile,
        "seed": plan.seed,
        "ticks": len(errors),
        "mse_first": measured.first,
        "mse_best": measured.best,
        "mse_plateau": measured.plateau,
        "orders_best": measured.orders_best,
        "orders_plateau": measured.orders_plateau,
        "rms_plateau_V": measured.rms_plateau_V,
        "accuracy": None,
        "taps": list(machine.taps or ()),
        "placement": {"inputs": list(machine.inputs), "outputs": list(machine.outputs)},
        "run_dir": str(folder.path),
        "seconds": round(seconds, 3),
        "violations": violations,
    }
    if violations:
        summary["violation_texts"] = machine.records.messages
    if true is not None:
        summary["true_orders_best"] = true.orders_best
        summary["true_orders_plateau"] = true.orders_plateau
        summary["true_rms_plateau_V"] = true.rms_plateau_V
    return summary
