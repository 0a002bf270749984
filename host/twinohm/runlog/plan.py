"""What to run and where, with a value for everything that the user left open."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import UsageError
from twinohm.link.port_tokens import take_token
from twinohm.model.allotment import auto_name
from twinohm.model.board import Board
from twinohm.model.board_diodes import parse_diode, with_diodes
from twinohm.model.board_file import load_board
from twinohm.model.board_tables import AUTO as AUTO_BOARD
from twinohm.model.calibration import Calibration
from twinohm.model.current_limits import check_currents
from twinohm.model.levers import Levers, check_eta
from twinohm.model.placement import Placement
from twinohm.model.rules import LearningRule
from twinohm.model.run_length import check_run_ticks
from twinohm.model.unused_settings import refuse_unused
from twinohm.runlog.calibration_choice import AUTO, NONE, check_wanted
from twinohm.runlog.port_changes import is_virtual
from twinohm.sim.settings import SimSettings, is_ensemble
from twinohm.tasks.baselines import Baseline, baselines
from twinohm.tasks.forecast import forecast
from twinohm.tasks.task import Task


@dataclass(frozen=True)
class RunPlan:
    """A run before it starts. `port`: a virtual one has its seed, profile and the edges that the task pulls.

    `pulled`: (tick, edge, whether it is there from then on), from a virtual port's script. `calibration` is known once
    the board is open; `wanted_calibration` names it: "auto", "none" or a file.

    Raises UsageError for values that the board cannot have, whether a user or a run.json gives them.
    """

    task: Task
    board: Board
    port: str
    placement: Placement
    eta: float
    ticks: int
    seed: int | None = None  # seed and profile are None on copper
    profile: str | None = None
    levers: Levers = field(default_factory=Levers)
    restore_best: bool = False
    pulled: tuple[tuple[int, int, bool], ...] = ()
    wanted_calibration: str = NONE
    calibration: Calibration | None = None
    remarks: tuple[str, ...] = ()  # what its forecast says
    baselines: tuple[Baseline, ...] = ()
    boards: Path | None = None  # the boards.toml that `board` is from; None: the one that comes with TwinOhm

    @property
    def has_firmware(self) -> bool:
        """Whether a board with firmware makes the run's ticks; else the ensemble engine makes them."""
        return not is_ensemble(self.port)

    def __post_init__(self) -> None:
        check_eta(self.eta)
        if self.ticks < 1:
            raise UsageError(f"ticks = {self.ticks}: 1 or more")
        self.board.check_placement(*self.placement)
        given, wanted = tuple(map(len, self.placement)), (self.task.n_inputs, self.task.n_outputs)
        if given != wanted and "placement" not in self.task.unused:
            raise UsageError(
                f"placement {self.placement.text}: inputs and outputs are {given}, those of {self.task.name} {wanted}"
            )
        check_currents(self.board, *self.placement)
        self.levers.check(self.board)

    def present(self, tick: int) -> NDArray[np.float64]:
        """Return 0 for an edge that the port's script has pulled at a tick, else 1, (n_edges,)."""
        present = np.ones(self.board.n_edges)
        for at, edge, there in self.pulled:
            if at <= tick:
                present[edge] = float(there)
        return present

    @property
    def absent(self) -> frozenset[str]:
        """Edges that the task or the port's script pulls at some time."""
        by_script = {self.board.edges[edge] for _, edge, there in self.pulled if not there}
        return frozenset(by_script | {edge for _, edge in self.task.removals(self.ticks)})


def plan_run(
    task: Task,
    board_name: str | None = None,
    port: str = "sim://",
    profile: str | None = None,
    seed: int | None = None,
    eta: float | None = None,
    ticks: int | None = None,
    placement: str | None = None,
    boards: Path | None = None,
    levers: Levers | None = None,
    restore_best: bool = False,
    bias_V: float = 0.0,
    calibration: str | None = None,
    anyway: bool = False,
    diodes: Sequence[str] | None = None,
    rule: LearningRule | None = None,
) -> RunPlan:
    """Return the plan of a run.

    `eta`, `ticks` and `placement` ("B,D,I,F,G,H", inputs first) default to the task's. `seed`, `profile` and `bias_V`
    (of the comparators) are for a virtual board, which has seed 0 and profile lab unless its port names others.
    `calibration`: "auto", the one that is kept for the board, "none", or a file; by default "auto" on copper and "none"
    on a virtual board, which nothing outside the command changes. `anyway`: plan also what cannot be learned.
    `diodes` are plugged into the board's sockets, in both networks: "C>A", or "C>A:BAT42"; None: those of the task's
    that neither board nor port has. `rule`: the one that `levers` are of, if a board that cannot do it is to be refused
    by its name.

    Raises UsageError for options that do not fit together, for one that task, board or levers do not use, and for a
    task that no network of resistors can learn; TwinOhmError if a library that the task needs is missing.
    """
    task.require_libraries()
    if levers is not None and levers.pairs and not task.pairs:
        raise UsageError(f"pairs = True: task {task.name} asks for no differences of outputs; leave it out")
    levers = task.levers(Levers()) if levers is None else replace(levers, pairs=task.pairs)
    port = take_token(port)
    refuse_unused({"eta": eta}, task.unused)
    refuse_unused(levers.changed(), levers.unused)
    eta = task.eta if eta is None else eta
    ticks = task.ticks if ticks is None else ticks
    check_run_ticks(ticks)
    given = None if diodes is None else [parse_diode(text) for text in diodes]
    seed_of_run: int | None = None
    profile_of_run: str | None = None
    pulled: tuple[tuple[int, int, bool], ...] = ()
    to_do: tuple[str, ...] = ()
    if is_virtual(port):
        if board_name == AUTO_BOARD:
            board_name = auto_name(task.n_inputs, task.n_outputs)
        settings = SimSettings.complete(port, board_name, seed, profile, boards, task.removals(ticks), bias_V)
        settings = settings.plugged(task.missing_diodes(settings.board) if given is None else given)
        settings.check_run(ticks)
        port = settings.url()
        board, seed_of_run, profile_of_run = settings.board, settings.seed, settings.profile_name
        pulled = settings.pulled
    elif bias_V:
        raise UsageError(f"{port} is no virtual board: a bias is a resistor there; solder it and use preset paper")
    else:
        real = f"{port} is no virtual board, its parts are what they are"
        refuse_unused({"seed": seed, "profile": profile}, {"seed": real, "profile": real})
        board = load_board(board_name or "lab16", boards)
        plugged = task.missing_diodes(board) if given is None else given
        if plugged:
            where = ", ".join(f"{one.part} from {one.anode} to {one.cathode}" for one in plugged)
            to_do = (f"plug into the sockets of both networks: {where}",)
        board = with_diodes(board, plugged)
        board.require_ready()
    if rule is not None:
        rule.check(board)
    roles = task.placement_on(board, placement)
    events = [(tick, board.edges[edge], there) for tick, edge, there in pulled if tick < ticks]
    events += [(tick, edge, False) for tick, edge in task.removals(ticks) if not pulled]
    remarks = (*forecast(task, board, roles, events).require_possible(anyway), *to_do)
    if is_ensemble(port):
        refuse_unused({"calibration": calibration}, {"calibration": "the ensemble engine has no board to calibrate"})
    wanted = check_wanted(calibration or (AUTO if seed_of_run is None else NONE))
    return RunPlan(
        task,
        board,
        port,
        roles,
        eta,
        ticks,
        seed_of_run,
        profile_of_run,
        levers,
        restore_best,
        pulled,
        wanted,
        remarks=remarks,
        baselines=baselines(task, seed_of_run or 0, board.count_V),
        boards=boards,
    )
