"""The grid of a sweep: what can be varied, how `--vary` is read, and what each point of the grid is."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from twinohm.errors import UsageError
from twinohm.keys import content_key
from twinohm.model.board import Board
from twinohm.model.board_file import board_from
from twinohm.model.levers import ASKED_BY_TASKS, Levers, check_eta
from twinohm.model.number_text import parse_number, parse_whole
from twinohm.model.placement import Placement
from twinohm.model.pot_parts import LEAST_POSITIONS, MOST_POSITIONS
from twinohm.model.profile import NOT_IN_ENSEMBLES, PROFILES, Profile, profile_from
from twinohm.model.rules import FIRMWARE_RULES, rule_named
from twinohm.model.run_length import MOST_RUN_TICKS
from twinohm.model.unused_settings import refuse_unused
from twinohm.tasks.forecast import forecast
from twinohm.tasks.presets import PRESETS, Preset
from twinohm.tasks.task import Task
from twinohm.version import __version__

Value = float | int | bool | str | None
Values = Mapping[str, Any]  # a Value by parameter

MOST_STEPS, MOST_POINTS = 10_000, 1_000_000
MOST_ROWS = 1_000_000  # points times hardware seeds; all of them are held in memory
SWITCH = {"yes": True, "no": False}
RANGE = "FROM:TO:NUMBER or FROM:TO:NUMBER:log"
# Numbers of a board's tables. min_tap and start_tap are positions of the board's own pots, whatever `levels` is.
BOARD = {
    "pot_ohm": ("pots", "ohm"),
    "series_ohm": ("pots", "series_ohm"),
    "min_tap": ("pots", "min_tap"),
    "start_tap": ("pots", "start_tap"),
    "switch_ohm": ("switches", "on_ohm"),
}


@dataclass(frozen=True)
class Parameter:
    """What a sweep can vary. `choices`: the only values it has; `or_none`: it can be off."""

    name: str
    group: str
    kind: type
    choices: tuple[str, ...] = ()
    or_none: bool = False


def _fields(group: str, owner: type) -> Iterator[Parameter]:
    for name, hint in get_type_hints(owner).items():
        if get_origin(hint) is Literal:
            yield Parameter(name, group, str, choices=get_args(hint))
        else:
            kinds = [kind for kind in get_args(hint) or (hint,) if kind is not NoneType]
            yield Parameter(name, group, kinds[0], or_none=NoneType in get_args(hint))


_ALL = (
    Parameter("preset", "run", str, choices=tuple(PRESETS)),
    Parameter("profile", "run", str, choices=tuple(PROFILES)),
    Parameter("placement", "run", str),
    Parameter("eta", "run", float),
    Parameter("ticks", "run", int),
    Parameter("amplify", "run", float),
    Parameter("restore_best", "run", bool),
    Parameter("rule", "run", str, choices=FIRMWARE_RULES, or_none=True),
    *(parameter for parameter in _fields("levers", Levers) if parameter.name not in ASKED_BY_TASKS),
    *(parameter for parameter in _fields("profile", Profile) if parameter.name not in NOT_IN_ENSEMBLES),
    Parameter("levels", "board", int),
    *(Parameter(name, "board", int if name.endswith("_tap") else float) for name in BOARD),
)
RENAMED = {"place": "placement"}  # earlier names
PARAMETERS = {parameter.name: parameter for parameter in _ALL}


def known_parameters() -> str:
    """All names, by group."""
    groups = dict.fromkeys(parameter.group for parameter in _ALL)
    return "; ".join(f"{group}: {', '.join(p.name for p in _ALL if p.group == group)}" for group in groups)


# -- how --vary is read ------------------------------------------------------------------------------------------------


def parse_axes(texts: Sequence[str]) -> dict[str, tuple[Value, ...]]:
    """Values by parameter, from "eta=0.1,0.5", "noise_V=0.001:0.01:4:log", ... Raises UsageError."""
    axes: dict[str, tuple[Value, ...]] = {}
    for text in texts:
        name, values = parse_vary(text)
        if name in axes:
            raise UsageError(
                f"--vary {text}: {name} is given twice; write all its values behind one --vary {name}=, and no --set, "
                "--profile or --preset of it"
            )
        axes[name] = values
    return axes


def parse_vary(text: str) -> tuple[str, tuple[Value, ...]]:
    """A parameter and its values, each once and in the order given. Raises UsageError saying what can be written."""
    name, equals, items = text.partition("=")
    name = name.strip().replace("-", "_")
    name = RENAMED.get(name, name)
    if not equals:
        raise UsageError(f"--vary {text}: write NAME=VALUE,VALUE or NAME={RANGE}")
    refuse_unused({name: items}, NOT_IN_ENSEMBLES)
    if name not in PARAMETERS:
        raise UsageError(f"--vary {text}: no parameter {name!r}; there are {known_parameters()}")
    if name == "placement" and items and ":" not in items:
        raise UsageError(
            f"--vary {text}: write the nodes of a placement with colons, B:D:I:F:G:H; commas separate more"
        )
    parameter = PARAMETERS[name]
    values: list[Value] = []
    for item in items.split(","):
        try:
            number = parameter.kind in (int, float) and ":" in item
            values += _range(parameter, item) if number else [_value(parameter, item.strip())]
        except ValueError as error:
            raise UsageError(f"--vary {name}={item.strip()}: {error}") from None
    return name, tuple(dict.fromkeys(values))


def _value(parameter: Parameter, text: str) -> Value:
    """Raises ValueError."""
    if parameter.or_none and text == "none":
        return None
    names = parameter.choices or (tuple(SWITCH) if parameter.kind is bool else ())
    if names and text not in names:
        raise ValueError(f"must be {' or '.join(names)}")
    if parameter.kind is bool:
        return SWITCH[text]
    if parameter.kind is str:
        if not text:
            raise ValueError("a value is missing")
        return text
    try:
        return parse_whole(text) if parameter.kind is int else parse_number(text)
    except ValueError:
        whole = "a whole number" if parameter.kind is int else "a number"
        raise ValueError(f"not {whole}{' or none' if parameter.or_none else ''}, and no range {RANGE}") from None


def _range(parameter: Parameter, text: str) -> list[Value]:
    """NUMBER values from FROM to TO, both included, in equal steps or equal ratios. Raises ValueError."""
    low_text, high_text, *rest = [part.strip() for part in text.split(":")]
    if len(rest) not in (1, 2) or rest[1:] not in ([], ["log"]):
        raise ValueError(f"a range is {RANGE}")
    low, high, steps = _value(parameter, low_text), _value(parameter, high_text), parse_whole(rest[0])
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        raise ValueError("a range has no none")
    if not 2 <= steps <= MOST_STEPS:
        raise ValueError(f"a range has 2..{MOST_STEPS} values")
    if rest[1:] and not (low > 0 and high > 0):
        raise ValueError("a range in equal ratios lies above 0")
    between = (np.geomspace if rest[1:] else np.linspace)(low, high, steps)[1:-1].tolist()
    # 12 digits: 0.3, not 0.30000000000000004.
    rounded = [round(value) if parameter.kind is int else float(f"{value:.12g}") for value in between]
    return [low, *(sorted((low, value, high))[1] for value in rounded), high]


# -- points ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """Everything that decides a row of a sweep but its hardware seed. `given`: the parameters that the grid sets.

    `key` is made of all that counts and of the version of TwinOhm: points with one key have the same rows.
    """

    given: Values
    preset: str
    profile_name: str
    task: Task
    board: Board
    profile: Profile
    levers: Levers
    placement: Placement
    eta: float
    ticks: int
    levels: int
    restore_best: bool
    key: str

    @property
    def values(self) -> Values:
        """Every parameter by its name; eta is None where the task sets its own."""
        inputs, outputs = self.placement
        tables = {name: getattr(self.board, table) for name, (table, _) in BOARD.items()}
        return {
            "preset": self.preset,
            "profile": self.profile_name,
            "placement": ",".join((*inputs, *outputs)),
            "eta": None if "eta" in self.task.unused else self.eta,
            "ticks": self.ticks,
            "amplify": getattr(self.task, "amplify", 1.0),
            "restore_best": self.restore_best,
            "rule": self.given.get("rule"),
            **{name: value for name, value in dataclasses.asdict(self.levers).items() if name in PARAMETERS},
            **{name: value for name, value in vars(self.profile).items() if name in PARAMETERS},
            "levels": self.levels,
            **{name: table and getattr(table, BOARD[name][1]) for name, table in tables.items()},
        }


def check_rows(axes: Mapping[str, Sequence[Value]], seeds: int) -> None:
    """Raise UsageError if a grid on so many hardware seeds has more rows than a sweep may have."""
    points = math.prod(map(len, axes.values()))
    if points * seeds > MOST_ROWS:
        raise UsageError(
            f"{points:,} times {seeds:,} hardware seeds give {points * seeds:,} rows, and a sweep has at most "
            f"{MOST_ROWS:,}; give fewer seeds or values"
        )


def grid(task: Task, board: Board, axes: Mapping[str, Sequence[Value]]) -> list[Point]:
    """All combinations of the values in `axes`, by parameter; the last varies fastest.

    What is not there is the preset's (paper), the profile's (lab), the task's and the board's. Raises UsageError naming
    the value that cannot be.
    """
    if math.prod(map(len, axes.values())) > MOST_POINTS:
        raise UsageError(f"the grid has more than {MOST_POINTS} points; give fewer values")
    board.require_ready()
    makes = _Makes(task, board)
    points = [makes.point(dict(zip(axes, values, strict=True))) for values in product(*axes.values())]
    for name, values in axes.items():  # a lever may be without effect at some points, not at all of them
        unused = [point.levers.unused for point in points]
        if all(name in why for why in unused):
            refuse_unused({name: values[0]}, unused[0])
    return points


def grid_remarks(points: Sequence[Point], anyway: bool) -> tuple[str, ...]:
    """Return what the forecasts of the points say. Raises UsageError as Forecast.require_possible() does."""
    different = {(point.placement, point.ticks): point for point in points}.values()
    remarks: dict[str, None] = {}
    for point in different:
        events = [(tick, edge, False) for tick, edge in point.task.removals(point.ticks)]
        remarks |= dict.fromkeys(forecast(point.task, point.board, point.placement, events).require_possible(anyway))
    return tuple(remarks)


class _Makes:
    """Points of one task and board; what several points share is made once."""

    def __init__(self, task: Task, board: Board) -> None:
        self._task, self._board = task, board
        self._amplified, self._changed = cache(self._amplify), cache(self._change)

    def point(self, given: Values) -> Point:
        preset = PRESETS[given.get("preset", "paper")].for_task(self._task)
        refuse_unused(given, self._task.unused)
        task, task_key = self._amplified(given.get("amplify", preset.amplify))
        board, board_key = self._changed(*((name, given[name]) for name in BOARD if name in given))
        name, profile = self._profile(given, preset)
        levers = {lever.name: given[lever.name] for lever in dataclasses.fields(Levers) if lever.name in given}
        base = task.levers(preset.levers)
        if given.get("rule") is not None:
            rule = rule_named(given["rule"])
            rule.check(board)
            base = rule.on(base)
        decides: dict[str, Any] = {
            "profile": profile,
            "levers": dataclasses.replace(base, **levers),
            "placement": task.placement_on(board, given.get("placement")),
            "eta": self._eta(given, preset),
            "ticks": given.get("ticks", preset.ticks(task)),
            "levels": given.get("levels", board.pots.chip.positions),
            "restore_best": given.get("restore_best", False),
        }
        decides["levers"].check(board)
        for number, least, most in (("levels", LEAST_POSITIONS, MOST_POSITIONS), ("ticks", 1, MOST_RUN_TICKS)):
            if not least <= decides[number] <= most:
                raise UsageError(f"{number} = {decides[number]}: {least}..{most}")
        key = content_key(version=__version__, task=task_key, board=board_key, **decides)
        return Point(given, given.get("preset", "paper"), name, task, board, **decides, key=key)

    def _amplify(self, factor: float) -> tuple[Task, str]:
        task = self._task if factor == 1 else self._task.amplified(factor)
        return task, content_key(task=task)

    def _change(self, *changes: tuple[str, Value]) -> tuple[Board, str]:
        table = self._board.model_dump(mode="json", exclude={"name"})
        for name, value in changes:
            part, key = BOARD[name]
            if table[part] is None:
                raise UsageError(f"{name} = {value}: board {self._board.name} has no {part}")
            table[part][key] = value
        board = self._task.plugged(board_from(self._board.name, table))
        return board, content_key(board=board)

    def _profile(self, given: Values, preset: Preset) -> tuple[str, Profile]:
        """As `twinohm run` makes it: a preset's bias is hardware, so it changes the profile."""
        name = given.get("profile", "lab")
        changes = {"bias_V": preset.bias_V} if preset.bias_V else {}
        changes |= {number.name: given[number.name] for number in dataclasses.fields(Profile) if number.name in given}
        return name, profile_from(name, {number: repr(value) for number, value in changes.items()})

    def _eta(self, given: Values, preset: Preset) -> float:
        eta: float = given.get("eta", preset.eta_for(self._task) or self._task.eta)
        check_eta(eta)
        return eta
