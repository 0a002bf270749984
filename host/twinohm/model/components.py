"""The component values that a hardware seed draws, for virtual boards and ensembles alike. Volts are physical volts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinohm.errors import UsageError
from twinohm.model.adc_curve import ERRORS, AdcCurve
from twinohm.model.circuit import Floats
from twinohm.model.dac_curve import DacCurves, DacWarming
from twinohm.model.networks import FREE, channel_name, parse_channel
from twinohm.model.number_text import parse_whole
from twinohm.model.pot_parts import PotPart
from twinohm.model.profile import Profile
from twinohm.model.random_streams import (
    ADC_CURVES,
    ANALOGUE_PATHS,
    COMPONENTS,
    DAC_CURVES,
    POWER_ON_TAPS,
    TEMPERATURE,
)
from twinohm.model.temperature import edge_K, warmed

if TYPE_CHECKING:
    from twinohm.model.board import Board

SWITCHES, BUFFERS, AVERAGERS, REFERENCES = 1, 2, 3, 4  # parts of the stream `analogue_paths`
DACS, ADC_REFERENCES = 1, 2  # parts of the stream `temperature`
TIE_V = 1e-10  # a simulated comparator is high only above this: ties are real, rounding errors are not (design.md, 2)


@dataclass
class Components:
    """Values of one board at tick 0. Arrays are (2, n_edges): free and clamped network, or CMP and SGN for the
    comparators.
    """

    pot: PotPart
    pot_ohm: Floats  # from end to end
    wiper_ohm: Floats
    series_ohm: Floats
    offset_V: Floats  # at the comparators' inputs
    noise_V: float  # rms at the comparators' inputs
    bias_V: float  # at the input of CMP, towards up

    @property
    def per_tap_ohm(self) -> Floats:
        """Resistance of one step of each pot."""
        return self.pot.per_tap_ohm(self.pot_ohm)

    @property
    def fixed_ohm(self) -> Floats:
        """Resistance of each edge at tap 0."""
        return self.wiper_ohm + self.series_ohm


@dataclass
class Instruments:
    """What drives and senses the nodes of one board, at tick 0. Pairs are free and clamped network."""

    dacs: DacCurves  # by node; those of nodes without a DAC are ideal
    warming: DacWarming  # of them
    switch_ohm: Floats  # (2, n_nodes) closed; 0 on a board without switches
    buffer_V: Floats  # (2, n_nodes) offset of what ADC and averagers see of a node
    averager: (
        Floats  # (2, n_edges) what CMP weighs more than half: the clamped node of its high input, the free of its low
    )


def draw_instruments(board: "Board", profile: Profile, seed: int) -> Instruments:
    """Draw the instruments of one board."""
    nodes, edges = len(board.nodes), board.n_edges
    switches, buffers, averagers = (ANALOGUE_PATHS.generator(seed, part) for part in (SWITCHES, BUFFERS, AVERAGERS))
    dac = board.dac.part, board.dac.full_scale_V, len(board.dac.channels), profile.dac_faults
    channels = [board.dac.channels.index(name) if name in board.dac.channels else None for name in board.nodes]
    dacs = DacCurves.draw(*dac, DAC_CURVES.generator(seed)).by_node(channels)
    warming = DacWarming.draw(*dac, TEMPERATURE.generator(seed, DACS)).by_node(channels)
    spread_ohm = profile.switch_spread_ohm * switches.uniform(0, 1, (2, nodes))
    resistors = profile.averager_sd * averagers.standard_normal((2, 2, edges))
    return Instruments(
        dacs=dacs.warmed(warming, profile.temperature_K),
        warming=warming,
        switch_ohm=board.switches.on_ohm + spread_ohm if board.switches else np.zeros((2, nodes)),
        buffer_V=profile.buffer_sd_V * board.physical_span(1.0) * buffers.standard_normal((2, nodes)),
        averager=(resistors[:, 1] - resistors[:, 0]) / 4,
    )


def draw_components(board: "Board", profile: Profile, random: np.random.Generator, pot: PotPart) -> Components:
    """Draw the values of one board from `random`, at the start of the stream `components` of its seed."""
    pots, edges = board.pots, board.n_edges
    spread = 1 + profile.edge_spread * random.uniform(-1, 1, edges)
    # Each twin takes half of the variance, so that their difference has sd twin_sd.
    twins = 1 + profile.twin_sd / np.sqrt(2) * random.standard_normal((2, edges))
    volt = board.physical_span(1.0)
    return Components(
        pot=pot,
        pot_ohm=warmed(pots.ohm * spread * twins, pot.per_K, edge_K(profile.temperature_K, profile.gradient_K, edges)),
        wiper_ohm=random.uniform(profile.wiper_low_ohm, profile.wiper_high_ohm, (2, edges)),
        series_ohm=np.full((2, edges), float(pots.series_ohm)),
        offset_V=profile.offset_sd_V * volt * random.standard_normal((2, edges)),
        noise_V=profile.noise_V * volt,
        bias_V=profile.bias_V * volt,
    )


@dataclass(frozen=True)
class ExchangedPot:
    """A pot in the place of the one that a board's seed draws: the one that another seed draws there."""

    network: int
    edge: int
    seed: int

    def text(self, board: "Board") -> str:
        """Return the value of the setting `pot`, "A-B.free:7"."""
        return f"{channel_name(board.edges[self.edge], self.network)}:{self.seed}"


def parse_exchanged(text: str, board: "Board") -> ExchangedPot:
    """Return the pot of a text such as "A-B.free:7". Raises UsageError."""
    where, _, seed = text.rpartition(":")
    try:
        edge, network = parse_channel(where)
        if (number := parse_whole(seed)) < 0:
            raise ValueError
        return ExchangedPot(network, board.edge_index(edge), number)
    except ValueError:
        example = f"{channel_name(board.edges[0], FREE)}:7"
        raise UsageError(f"pot = {text!r}: write EDGE.NETWORK:SEED, for example {example}") from None


def exchange_pot(parts: Components, board: "Board", profile: Profile, pot: ExchangedPot) -> None:
    """Exchange a pot of a board; whatever else was drawn stays."""
    other = draw_components(board, profile, COMPONENTS.generator(pot.seed), parts.pot)
    for values, others in ((parts.pot_ohm, other.pot_ohm), (parts.wiper_ohm, other.wiper_ohm)):
        values[pot.network, pot.edge] = others[pot.network, pot.edge]


def draw_adc_curves(board: "Board", profile: Profile, seed: int) -> list[AdcCurve]:
    """Draw the transfer curve of each ADC, in the board's order."""
    random, references = ADC_CURVES.generator(seed), ANALOGUE_PATHS.generator(seed, REFERENCES)
    coefficients, share = TEMPERATURE.generator(seed, ADC_REFERENCES), profile.adc_faults
    curves = []
    for adc in board.adc:
        errors = ERRORS[adc.part]
        reference = 1 + share * float(errors.reference.draw(references, 1)[0])
        per_K = share * float(errors.reference_per_K.draw(coefficients, 1)[0])
        reference = warmed(reference, per_K, profile.temperature_K)
        curves.append(AdcCurve(adc.part, adc.full_scale_V, share, random, reference, per_K))
    return curves


def power_on_taps(board: "Board", seed: int) -> Floats:
    """Return the taps (2, n_edges) of a board that is powered on: the part's, or drawn if it powers on anywhere."""
    pot, shape = board.pots.chip, (2, board.n_edges)
    if pot.power_on_tap is not None:
        return np.full(shape, float(pot.power_on_tap))
    return POWER_ON_TAPS.generator(seed).integers(pot.positions, size=shape).astype(np.float64)
