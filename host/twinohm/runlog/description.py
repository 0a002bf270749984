"""run.json: everything needed to repeat a run or to resume it, and on virtual ports to compute every voltage again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import BeforeValidator, Field, JsonValue, ValidationError

from twinohm.errors import BoardFileError, RunFileError, UsageError
from twinohm.json_records import (
    Count,
    Finite,
    Name,
    RecordError,
    RecordType,
    check_format,
    json_form,
    parse_record,
    shorten,
)
from twinohm.model.board import Board
from twinohm.model.board_file import board_from
from twinohm.model.board_tables import Pots
from twinohm.model.calibration import Calibration
from twinohm.model.levers import Levers
from twinohm.model.number_text import MOST_WHOLE
from twinohm.model.placement import Placement
from twinohm.protocol.side_channel import GroundTruth
from twinohm.runlog.examples_file import ExamplesFile
from twinohm.sim.events import VERBS
from twinohm.tasks.baselines import Baseline

FORMAT = 1  # the newest of run.json and summary.json that is read, and the one that is written
LOG_FORMAT = 3  # of ticks.jsonl; 1 has no checksums, 2 does not say which run.json it was written with

SESSION = "session"  # task of what a program trained by itself

Names = Annotated[tuple[Name, ...], Field(min_length=1)]


def ticks_text(made: int, planned: int | None) -> str:
    """Return how many ticks a run has, in words. planned: None for a session."""
    return f"{made} ticks" if planned is None else f"{made} of {planned} ticks"


def _known_levers(value: object) -> object:
    """run.json has the levers that are not at their defaults; one that this version lacks must not be left out."""
    known = {field.name for field in dataclasses.fields(Levers)}
    if isinstance(value, dict) and (unknown := value.keys() - known):
        raise ValueError(f"this version has no lever {min(unknown)}")
    return value


@dataclass(frozen=True, kw_only=True)
class RunDescription:
    """One run. Lists are in the order of the board's nodes or edges, volts are task volts."""

    format: Count = 1  # of a file without the key
    log_format: Count = 1
    task: Name
    board: Name
    port: str
    serial_number: str | None = None
    board_id: str | None = None
    calibration: Calibration | None = None
    profile: Name | None
    seed: Annotated[int, Field(ge=0)] | None
    eta: Finite
    ticks: Annotated[int, Field(ge=1, le=MOST_WHOLE)] | None  # that are planned; None: a session
    block: Annotated[int, Field(ge=1, le=MOST_WHOLE)] | None  # ticks of a plateau; None: the whole run is one
    ours: str = ""  # what of the task the paper does not print
    placement: Placement
    nodes: Names
    edges: Names
    min_tap: int
    start_taps: tuple[Count, ...]
    levers: Annotated[Levers, BeforeValidator(_known_levers)] = Levers()
    amplify: Finite = 1.0
    restore_best: bool = False
    examples: tuple[tuple[tuple[Finite, ...], tuple[Finite, ...]], ...] = ()
    examples_file: ExamplesFile | None = None  # has the examples instead, if they are many
    task_fields: dict[str, JsonValue] | None = None  # tasks/recorded.py
    baselines: tuple[Baseline, ...] = ()
    command: tuple[str, ...] = ()
    versions: dict[str, str | int] = dataclasses.field(default_factory=dict)
    hello: dict[str, JsonValue] = dataclasses.field(default_factory=dict)
    boards: str | None = None  # path of the user's boards.toml
    board_table: dict[str, JsonValue]
    started: str = ""
    truth: GroundTruth | None = None  # None on copper
    hmac: JsonValue = dataclasses.field(default=None, compare=False)  # run_hmac.py

    @classmethod
    def parse(cls, data: bytes) -> RunDescription:
        """Read run.json. Raises RecordError naming the key, or the format if it is newer than FORMAT."""
        check_format(data, FORMAT)
        check_format(data, LOG_FORMAT, "log_format")
        try:
            run = parse_record(_PARSER, data)
        except UsageError as error:  # a lever out of range
            raise RecordError(f"levers: {error}") from None
        if strange := {*run.placement.inputs, *run.placement.outputs} - set(run.nodes):
            raise RecordError(f"node {shorten(min(strange))} of placement is not among the nodes")
        if len(run.start_taps) != len(run.edges):
            raise RecordError(f"start_taps has {len(run.start_taps)} values for {len(run.edges)} edges")
        return run

    def mistake(self) -> str | None:
        """Return which key contradicts the board's table or the others, None if all agree."""
        board = self.recorded_board
        for name, wanted in (("nodes", board.nodes), ("edges", board.edges), ("min_tap", board.pots.min_tap)):
            if (found := getattr(self, name)) != wanted:
                return f"{name} = {shorten(str(found))}: board_table has {shorten(str(wanted))}"
        if not self.has_possible_truth:
            return "truth is not of the board_table"
        if self.log_format == 1 and self.hmac is not None:
            return "log_format is 1 or missing: a run.json with an HMAC is of a later one"
        return None

    def record(self) -> dict[str, Any]:
        """Return the JSON form."""
        form = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        form["placement"] = self.placement._asdict()
        form["levers"] = self.levers.changed()
        form["calibration"] = self.calibration and self.calibration.record()
        form["truth"] = self.truth and self.truth.record()
        form["baselines"] = [json_form(baseline) for baseline in self.baselines]
        form["examples_file"] = self.examples_file and dataclasses.asdict(self.examples_file)
        for name in ("truth", "examples_file", "hmac"):
            if form[name] is None:
                del form[name]
        return form

    @property
    def _settings(self) -> list[tuple[str, str]]:
        """Keys and values of a virtual port."""
        return parse_qsl(self.port.partition("?")[2])

    @property
    def script(self) -> list[tuple[int, str, bool]]:
        """(tick, edge, whether it is there from then on), from the script in a virtual port."""
        found = []
        names = {edge.replace("-", ""): edge for edge in self.edges}
        for key, value in self._settings:
            tick, _, action = value.partition(":")
            verb, _, edge = action.partition("=")
            if key == "at" and verb in VERBS and edge.replace("-", "") in names and tick.isdecimal():
                found.append((int(tick), names[edge.replace("-", "")], VERBS[verb]))
        return sorted(found)

    @cached_property
    def has_possible_truth(self) -> bool:
        """Whether the component values, if there are any, are those of a network of these nodes and edges."""
        if (truth := self.truth) is None:
            return True
        values = [*truth.pot_ohm, *truth.wiper_ohm, *truth.series_ohm]
        by_node = [*(truth.dac or {}).values()]
        if truth.temperature is not None:
            by_node += [truth.temperature.dac_gain_per_K, truth.temperature.dac_offset_V_per_K]
        if isinstance(truth.switch_ohm, tuple):
            by_node += [*truth.switch_ohm]
            switches_ohm = [ohm for each in truth.switch_ohm for ohm in each]
        else:
            switches_ohm = [truth.switch_ohm]
        return (
            len(truth.diodes.emission_V if truth.diodes else ()) == len(self.recorded_board.diodes)
            and all(len(each) == len(self.edges) and min(each) > 0 for each in values)
            and all(len(each) == len(self.nodes) for each in by_node)
            and min(switches_ohm, default=0.0) >= 0
        )

    @property
    def possible_truth(self) -> GroundTruth | None:
        """The component values; None where the port does not know them. Raises RunFileError if they are impossible."""
        if not self.has_possible_truth:
            raise RunFileError("truth of run.json is not of its board; restore run.json, or name another run")
        return self.truth

    @property
    def known(self) -> Literal["true", "fault-free", "nominal"]:
        """What is known of component values: all, all but what faults of the port break, or those of the parts."""
        if self.truth is None:
            return "nominal"
        broken = any(key == "fault" or (key == "at" and ":fault=" in value) for key, value in self._settings)
        return "fault-free" if broken else "true"

    @property
    def made_by(self) -> str:
        """The version of TwinOhm that made the run."""
        return f"TwinOhm {self.versions.get('twinohm', 'of unknown version')}"

    @cached_property
    def pots(self) -> Pots:
        """The pots of the board that the run began with. Raises RunFileError if they are none to this version."""
        try:
            return Pots.model_validate(self.board_table.get("pots"))
        except ValidationError as error:
            (key, *_), problem = error.errors()[0]["loc"] or ("pots",), error.errors()[0]["msg"]
            raise RunFileError(
                f"board_table of run.json, pots: {key}: {problem}; {self.made_by} made the run: restore "
                "run.json, or use that version"
            ) from error

    @cached_property
    def recorded_board(self) -> Board:
        """The board that the run began with. Raises RunFileError if it is none to this version."""
        table = {key: value for key, value in self.board_table.items() if key != "name"}
        try:
            return board_from(self.board, table)
        except BoardFileError as error:
            raise RunFileError(
                f"board_table of run.json, {error}; {self.made_by} made the run: restore run.json, or use that version"
            ) from error


_PARSER = RecordType[RunDescription](RunDescription)
