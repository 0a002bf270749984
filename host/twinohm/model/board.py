"""A board: its tables, and the facts that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar

from pydantic import Field

from twinohm.errors import UsageError
from twinohm.model.board_tables import (
    I2C,
    Adc,
    AnyPin,
    Comparators,
    Dac,
    DiodeText,
    Edge,
    Flag,
    FlipFlops,
    Name,
    NodeName,
    Number,
    Pots,
    ShiftIn,
    ShiftOut,
    SpiAdc,
    Switches,
    Table,
    Whole,
)
from twinohm.model.circuit import Floats
from twinohm.model.codes import CODES, COUNTS, GAIN_ONE, TASK_SPAN_V, TOP_COUNT
from twinohm.model.networks import CLAMPED, FREE, channel_name

Volts = TypeVar("Volts", float, Floats)


@dataclass(frozen=True)
class Capabilities:
    """What a board can do, by its wiring."""

    free_roles: bool  # any node can be input, output or hidden
    opens_switches: bool  # drivers can be taken off the nodes
    reads_comparators: bool  # CMP and SGN of every edge
    sets_direction: bool  # U/D of every edge
    host_rule: bool  # firmware decides where an edge goes, not the edge itself
    holds_edges: bool  # an edge can sit a tick out
    reads_direction: bool  # U/D as the edges' own logic set it
    measures_free: tuple[str, ...]  # nodes
    measures_clamped: tuple[str, ...]


# Keys that no run depends on: what is built beside the circuit.
HARDWARE_ONLY: dict[str, bool | dict[str, bool]] = {"node_headers": True, "through_hole": True, "dac": {"ldac": True}}


class Board(Table):
    """One board. Lists in its tables are in the order of nodes or edges; volts are task volts unless said otherwise.

    Raises pydantic.ValidationError for a table that does not fit its type. What must hold between the tables is checked
    by board_checks.check_board; board_file does so for every board that it reads.
    """

    name: Name = Field(description="name of the board")
    title: str = Field(description="one line about the board")
    standard: str | None = Field(None, description="part number of what `calibrate` trusts: of an ADC, or of the DAC")
    planned: Flag = Field(False, description="true while it cannot be run")
    wired: Flag = Field(True, description="false for a graph without pins, which the ensemble engine alone can run")
    nodes: tuple[NodeName, ...] = Field(min_length=2, description="names of the nodes")
    edges: tuple[Edge, ...] = Field(min_length=1, description='pairs of nodes, for example "A-B"')
    range_V: tuple[Number, Number] = Field(description="physical volts of 0 V and 5 V of a task")
    role_order: tuple[str, ...] = Field((), description="nodes in the order in which tasks take inputs, then outputs")
    settle_us: Whole = Field(gt=0, le=65_535, description="longest settling time of a node, in us")
    node_pF: Number = Field(30, gt=0, description="capacitance of a node without pots (switch, buffer and copper)")
    source_limit_mA: Number = Field(gt=0, description="most current that a driver may give")
    edge_limit_mA: Number = Field(gt=0, description="most current that an edge may carry")
    node_headers: Flag = Field(False, description="whether sockets at the nodes take more parts, such as diodes")
    diodes: tuple[DiodeText, ...] = Field((), description='diodes in those sockets, in both networks, such as "C>A"')
    through_hole: Flag = Field(False, description="whether all parts have leads or are boards with pins")
    pulls: dict[AnyPin, Literal["up", "down"]] = Field({}, description="resistors that keep lines safe")
    wired_free: tuple[str, ...] = Field((), description="nodes soldered to their drivers in the free network")
    wired_clamped: tuple[str, ...] = Field((), description="nodes soldered to their drivers in the clamped network")
    pots: Pots = Field(description="a table of the potentiometers")
    comparators: Comparators | None = Field(None, description="a table of the comparators")
    flip_flops: FlipFlops | None = Field(None, description="a table of the flip-flops")
    shift_in: ShiftIn | None = Field(None, description="a table of the input shift registers")
    shift_out: ShiftOut | None = Field(None, description="a table of the output shift registers")
    i2c: I2C = Field(description="a table of the I2C bus")
    dac: Dac = Field(description="a table of the drivers")
    switches: Switches | None = Field(None, description="a table of the switches")
    adc: tuple[Adc, ...] = Field(min_length=1, description="a table of each ADC")

    # -- nodes and edges -----------------------------------------------------------------------------------------

    @property
    def n_edges(self) -> int:
        return len(self.edges)

    @cached_property
    def edge_nodes(self) -> list[tuple[int, int]]:
        """Indices of both nodes of every edge, (n_edges,)."""
        pairs = (edge.split("-") for edge in self.edges)
        return [(self.nodes.index(a), self.nodes.index(b)) for a, b in pairs]

    def node_index(self, name: str) -> int:
        """Return the index of a node. Raises UsageError for a name that is no node."""
        if name not in self.nodes:
            raise UsageError(f"board {self.name} has no node {name!r}; its nodes are {', '.join(self.nodes)}")
        return self.nodes.index(name)

    def edge_index(self, name: str) -> int:
        """Return the index of edge "E-H" or "H-E", or "EH" if its nodes are single letters. Raises UsageError."""
        a, hyphen, b = name.partition("-") if "-" in name else (name[:1], "", name[1:])
        if hyphen or len(name) == 2:
            for edge in (f"{a}-{b}", f"{b}-{a}"):
                if edge in self.edges:
                    return self.edges.index(edge)
        raise UsageError(f"board {self.name} has no edge {name!r}; its edges are {', '.join(self.edges)}")

    @cached_property
    def diode_nodes(self) -> list[tuple[int, int]]:
        """Indices of anode and cathode of every diode."""
        return [(self.nodes.index(diode.anode), self.nodes.index(diode.cathode)) for diode in self.diodes]

    # -- volts ---------------------------------------------------------------------------------------------------

    @cached_property
    def code_low(self) -> int:
        """Code of 0 V."""
        return round(self.range_V[0] / self.dac.full_scale_V * CODES)

    @cached_property
    def code_span(self) -> int:
        """Codes from 0 V to 5 V."""
        return round(self.range_V[1] / self.dac.full_scale_V * CODES) - self.code_low

    @cached_property
    def code_V(self) -> float:
        """Task volts of one code."""
        return TASK_SPAN_V / self.code_span

    @cached_property
    def count_V(self) -> float:
        """Task volts of one count of the DAC, which has 12 bits."""
        return self.code_V * CODES / COUNTS

    def dac_code(self, task_volts: float) -> int:
        """Return the 16-bit code of 0..5 task volts. Raises UsageError outside."""
        if not 0 <= task_volts <= TASK_SPAN_V:
            raise UsageError(f"{task_volts} V cannot be driven; task volts are 0..{TASK_SPAN_V}")
        return self.code_low + self.code_difference(task_volts)

    def code_difference(self, task_volts: float) -> int:
        """Return the codes between two voltages that are `task_volts` apart."""
        return round(task_volts / TASK_SPAN_V * self.code_span)

    def task_volts(self, code: int) -> float:
        """Return the task volts of a code; those of a measured one may lie outside 0..5 V."""
        return (code - self.code_low) / self.code_span * TASK_SPAN_V

    def dac_volts(self, task_volts: float) -> float:
        """Return the task volts that the 12-bit DAC gives for 0..5 task volts. Raises UsageError outside."""
        return self.driven_volts(self.dac_code(task_volts))

    def driven_volts(self, code: int) -> float:
        """Return the task volts that the 12-bit DAC gives for a 16-bit code."""
        return self.task_volts(min((code + 8) >> 4, TOP_COUNT) << 4)

    def adc_gain(self, adc: Adc) -> int:
        """Return the factor of an ADC: a 12-bit count times this, + GAIN_ONE / 2, >> 12, is a 16-bit code."""
        return round(adc.full_scale_V / self.dac.full_scale_V * CODES / COUNTS * GAIN_ONE)

    @cached_property
    def adc_names(self) -> tuple[str, ...]:
        """Names of the ADCs: the part number, with the pin of /CS if there are several of it, "ADS7953@GP14"."""
        parts = [adc.part for adc in self.adc]
        return tuple(
            f"{adc.part}@{adc.cs}" if isinstance(adc, SpiAdc) and parts.count(adc.part) > 1 else adc.part
            for adc in self.adc
        )

    @cached_property
    def i2c_places(self) -> dict[int, str]:
        """Part number of every I2C part by its place (model/i2c_places.py)."""
        parts: dict[int, str] = {}
        if self.i2c.mux is not None:
            parts[self.i2c.mux.address] = self.i2c.mux.part
        for chips in (self.dac, self.switches):
            if chips is not None:
                parts |= dict.fromkeys(chips.places, chips.part)
        return parts

    @cached_property
    def standard_channels(self) -> tuple[str, ...]:
        """ADC channels that a calibration trusts, none if it trusts the DAC."""
        return tuple(channel for adc in self.adc if adc.part == self.standard for channel in adc.channels)

    @cached_property
    def task_per_V(self) -> float:
        """Task volts per physical volt."""
        low, high = self.range_V
        return TASK_SPAN_V / (high - low)

    def physical(self, task_V: float) -> float:
        """Return the physical volts at a node of task volts."""
        low, high = self.range_V
        return low + task_V / TASK_SPAN_V * (high - low)

    def physical_span(self, task_V: float) -> float:
        """Return the physical volts between two nodes that are task_V apart."""
        return self.physical(task_V) - self.physical(0.0)

    def task(self, physical_V: Volts) -> Volts:
        """Return the task volts of a voltage at a node, or of an array of them."""
        low, high = self.range_V
        return (physical_V - low) / (high - low) * TASK_SPAN_V

    # -- what it can do ------------------------------------------------------------------------------------------

    @cached_property
    def capabilities(self) -> Capabilities:
        reads, sets = self.comparators is not None, self.pots.updown is not None
        return Capabilities(
            free_roles=self.switches is not None,
            opens_switches=self.switches is not None,
            reads_comparators=reads,
            sets_direction=sets,
            host_rule=reads and sets,
            holds_edges=bool(self.pots.cs),
            reads_direction=self.flip_flops is not None and self.flip_flops.readback is not None,
            measures_free=self._measured(FREE),
            measures_clamped=self._measured(CLAMPED),
        )

    def _measured(self, network: int) -> tuple[str, ...]:
        channels = {channel for adc in self.adc for channel in adc.channels}
        return tuple(node for node in self.nodes if channel_name(node, network) in channels)

    def require_ready(self) -> None:
        """Raise UsageError for a board that is only planned, or a graph without pins."""
        self.require_wired()
        if self.planned:
            raise UsageError(
                f"board {self.name} is planned: its hardware and driver come later; take one that `twinohm boards` "
                "calls ready"
            )

    def require_wired(self) -> None:
        """Raise UsageError for a graph without pins."""
        if not self.wired:
            raise UsageError(
                f"board {self.name} is a graph without pins, which the ensemble engine alone can run; "
                "`twinohm board new` makes a board that can be built"
            )

    def check_placement(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Raise UsageError naming the node that cannot have its role. Without outputs nothing is to be learned."""
        roles: dict[str, str] = {}
        for role, names in (("an input", inputs), ("an output", outputs)):
            for name in names:
                self.node_index(name)
                if name in roles:
                    twice = f"is {role} twice" if roles[name] == role else f"is {roles[name]} and {role}"
                    raise UsageError(f"node {name} {twice}: give it one role, and name it once")
                roles[name] = role
        if not inputs:
            raise UsageError(f"no input among {', '.join(outputs) or 'no nodes'}: name at least one input node")
        measured = self.capabilities.measures_free
        for name in outputs:
            if name not in measured:
                raise UsageError(
                    f"node {name} cannot be an output: board {self.name} has no ADC channel "
                    f"{channel_name(name, FREE)}; outputs can be {', '.join(measured) or 'nowhere'}"
                )
        if not self.switches:
            self._check_soldered(roles, learns=bool(outputs))

    def _check_soldered(self, roles: dict[str, str], learns: bool) -> None:
        soldered = dict.fromkeys(self.wired_clamped if learns else (), "an output")
        soldered |= dict.fromkeys(self.wired_free, "an input")
        for name in self.nodes:
            if roles.get(name, "hidden") != (must := soldered.get(name, "hidden")):
                raise UsageError(
                    f"node {name} cannot be {roles.get(name, 'hidden')}: board {self.name} has no switches, "
                    f"and {name} is soldered as {must}"
                )
