"""Component values and converters of every hardware seed, those of model/components.py, as blocks of replicas."""

from collections.abc import Sequence

import numpy as np

from twinohm.ensemble.arrays import Array, Converters, Parts, normal_quantiles
from twinohm.ensemble.blocks import to_blocks
from twinohm.model.board import Board
from twinohm.model.codes import COUNTS
from twinohm.model.components import draw_adc_curves, draw_components
from twinohm.model.networks import FREE, parse_channel
from twinohm.model.pot_parts import PotPart
from twinohm.model.profile import Profile
from twinohm.model.random_streams import COMPONENTS

MARGIN = 1e-6  # of a cell; rounding of a voltage to its cell is far less


def draw_parts(board: Board, profile: Profile, seeds: Sequence[int], pot: PotPart) -> Parts:
    """Draw the component values of a virtual board of each seed, one replica a seed; every pot is a `pot`."""
    boards = {seed: draw_components(board, profile, COMPONENTS.generator(seed), pot) for seed in set(seeds)}
    per_tap_ohm, fixed_ohm, offset_V = (
        np.array([getattr(boards[seed], name) for seed in seeds]) for name in ("per_tap_ohm", "fixed_ohm", "offset_V")
    )
    return Parts(
        per_tap_ohm=to_blocks(per_tap_ohm),
        fixed_ohm=to_blocks(fixed_ohm),
        offset_V=to_blocks(offset_V),
        noise_V=float(profile.noise_V * board.physical_span(1.0)),
        bias_V=float(profile.bias_V * board.physical_span(1.0)),
        quantiles=normal_quantiles(),
        alike=all(np.array_equal(values[:, 0], values[:, 1]) for values in (per_tap_ohm, fixed_ohm)),
    )


def draw_converters(board: Board, profile: Profile, seeds: Sequence[int]) -> tuple[Converters, Array]:
    """Return the curves of every ADC of every seed, and which curve measures which node.

    The second is (replicas, n_nodes): the curve that measures a node of the free network, -1 if none does.
    """
    distinct = list(dict.fromkeys(seeds)) if profile.adc_faults else [0]
    used = [i for i, adc in enumerate(board.adc) if any(parse_channel(channel)[1] == FREE for channel in adc.channels)]
    edges_V = np.full((len(distinct), len(used), COUNTS), np.inf)
    guess = np.zeros((len(distinct), len(used), COUNTS + 1), np.uint16)
    for edges_of, guess_of, seed in zip(edges_V, guess, distinct, strict=True):
        curves = draw_adc_curves(board, profile, seed)
        for k, i in enumerate(used):
            edges_of[k, :-1] = curves[i].edges
            cells_V = (np.arange(1, COUNTS + 1) - MARGIN) * (board.adc[i].full_scale_V / COUNTS)
            guess_of[k, 1:] = np.searchsorted(edges_of[k], cells_V, side="right")
    curve_of = np.full(len(board.nodes), -1)
    for k, i in enumerate(used):
        for name, network in map(parse_channel, board.adc[i].channels):
            if network == FREE:
                curve_of[board.node_index(name)] = k
    place = {seed: len(used) * i for i, seed in enumerate(distinct)}
    first = np.array([place.get(seed, 0) for seed in seeds])
    converters = Converters(
        edges_V=edges_V.reshape(-1, COUNTS),
        guess=guess.reshape(-1, COUNTS + 1),
        cells_per_V=np.array([COUNTS / board.adc[i].full_scale_V for i in used] * len(distinct)),
        gain=np.array([board.adc_gain(board.adc[i]) for i in used] * len(distinct)),
    )
    return converters, np.where(curve_of < 0, -1, first[:, None] + curve_of)
