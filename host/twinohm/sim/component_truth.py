"""The component values of a board as its ground truth, from which every voltage can be computed again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twinohm.model.adc_curve import AdcCurve
from twinohm.model.circuit import Floats
from twinohm.model.components import Components, Instruments, draw_adc_curves, draw_components, draw_instruments
from twinohm.model.diode_values import DiodeValues, draw_diodes
from twinohm.model.profile import Profile
from twinohm.model.random_streams import COMPONENTS
from twinohm.protocol.side_channel import DiodeTruth, GroundTruth, TemperatureTruth

if TYPE_CHECKING:
    from twinohm.model.board import Board


def draw_truth(board: "Board", profile: Profile, seed: int) -> GroundTruth:
    """Return the values that a hardware seed draws for a board."""
    parts = draw_components(board, profile, COMPONENTS.generator(seed), board.pots.chip)
    adcs = draw_adc_curves(board, profile, seed)
    instruments = draw_instruments(board, profile, seed)
    return component_truth(board, profile, parts, instruments, adcs, draw_diodes(board, profile, seed))


def component_truth(
    board: "Board",
    profile: Profile,
    parts: Components,
    instruments: Instruments,
    adcs: Sequence[AdcCurve],
    diodes: DiodeValues,
) -> GroundTruth:
    """Return the values of a board at tick 0."""
    return GroundTruth(
        pot_ohm=_by_network(parts.pot_ohm),
        wiper_ohm=_by_network(parts.wiper_ohm),
        series_ohm=_by_network(parts.series_ohm),
        switch_ohm=_by_network(instruments.switch_ohm) if board.switches else 0.0,
        comparator_offset_V={
            name: tuple((board.task_per_V * offsets).tolist())
            for name, offsets in zip(("cmp", "sgn"), parts.offset_V, strict=True)
        },
        comparator_noise_V=board.task_per_V * parts.noise_V,
        comparator_bias_V=board.task_per_V * parts.bias_V,
        dac={name: tuple(values.tolist()) for name, values in instruments.dacs.values().items()},
        buffer_V=_by_network(instruments.buffer_V),
        averager={
            name: tuple(values.tolist()) for name, values in zip(("high", "low"), instruments.averager, strict=True)
        },
        adc_reference=tuple(curve.reference for curve in adcs),
        diodes=_diodes(diodes) if board.diodes else None,
        temperature=_temperature(profile, parts, instruments, adcs) if profile.is_warm else None,
    )


def _diodes(values: DiodeValues) -> DiodeTruth:
    return DiodeTruth(
        _by_network(values.saturation_A), tuple(values.emission_V.tolist()), tuple(values.series_ohm.tolist())
    )


def _temperature(
    profile: Profile, parts: Components, instruments: Instruments, adcs: Sequence[AdcCurve]
) -> TemperatureTruth:
    return TemperatureTruth(
        temperature_K=profile.temperature_K,
        gradient_K=profile.gradient_K,
        drift_K=profile.drift_K,
        pot_per_K=parts.pot.per_K,
        dac_gain_per_K=tuple(instruments.warming.gain_per_K.tolist()),
        dac_offset_V_per_K=tuple(instruments.warming.offset_V_per_K.tolist()),
        adc_reference_per_K=tuple(curve.reference_per_K for curve in adcs),
    )


def _by_network(values: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    free, clamped = values.tolist()
    return tuple(free), tuple(clamped)
