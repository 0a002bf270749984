"""Component values and converters of every hardware seed, those of model/components.py, as blocks of replicas."""

from collections.abc import Mapping, Sequence

import numpy as np

from twinohm.ensemble.arrays import Array, Converters, Dacs, Parts, normal_quantiles
from twinohm.ensemble.blocks import to_blocks
from twinohm.model.adc_curve import AdcCurve
from twinohm.model.board import Board
from twinohm.model.calibration import ROUNDING, nominal_corrections
from twinohm.model.codes import COUNTS, TOP_COUNT, dac_count
from twinohm.model.components import Instruments, draw_adc_curves, draw_components
from twinohm.model.correction_fit import CALIBRATION_LEVELS_V, fit_adcs, fit_dacs
from twinohm.model.dac_curve import SHAPE
from twinohm.model.networks import FREE, parse_channel
from twinohm.model.pot_parts import PotPart
from twinohm.model.profile import Profile
from twinohm.model.random_streams import COMPONENTS

MARGIN = 1e-6  # of a cell; rounding of a voltage to its cell is far less
LINE = 64  # bytes of a cache line: rows of one more do not all compete for the same place in a cache


def draw_parts(
    board: Board,
    profile: Profile,
    seeds: Sequence[int],
    pot: PotPart,
    instruments: Sequence[Instruments],
    nodes: Array,
) -> Parts:
    """Draw the component values of a virtual board of each seed, one replica a seed; every pot is a `pot`.

    instruments: of each replica. nodes: (n_nodes,) in the order of elimination.
    """
    boards = {seed: draw_components(board, profile, COMPONENTS.generator(seed), pot) for seed in set(seeds)}
    per_tap_ohm, fixed_ohm, offset_V = (
        np.array([getattr(boards[seed], name) for seed in seeds]) for name in ("per_tap_ohm", "fixed_ohm", "offset_V")
    )
    return Parts(
        per_tap_ohm=to_blocks(per_tap_ohm),
        fixed_ohm=to_blocks(fixed_ohm),
        offset_V=to_blocks(offset_V),
        averager=to_blocks(np.array([one.averager for one in instruments])),
        buffer_V=to_blocks(np.array([one.buffer_V for one in instruments])[:, :, nodes]),
        noise_V=float(profile.noise_V * board.physical_span(1.0)),
        bias_V=float(profile.bias_V * board.physical_span(1.0)),
        quantiles=normal_quantiles(),
        alike=all(np.array_equal(values[:, 0], values[:, 1]) for values in (per_tap_ohm, fixed_ohm)),
    )


def to_dacs(instruments: Sequence[Instruments], corrections: Array, nodes: Array) -> Dacs:
    """Return the DACs of each replica.

    corrections: (replicas, n_nodes, 2) gain and offset. nodes: (n_nodes,) in the order of elimination.
    """

    def blocks(values: Sequence[Array] | Array) -> Array:
        return to_blocks(np.array(values)[:, nodes])

    dacs = [one.dacs for one in instruments]
    return Dacs(
        offset_V=blocks([one.offset_V for one in dacs]),
        full_V=blocks([one.gain * one.full_scale_V for one in dacs]),
        bow=blocks([4 * one.bow_lsb / COUNTS for one in dacs]),
        ess=blocks([SHAPE * one.ess_lsb / COUNTS for one in dacs]),
        gain=blocks(corrections[:, :, 0].astype(np.float64)),
        offset=blocks(corrections[:, :, 1].astype(np.float64)),
    )


def draw_converters(
    board: Board, profile: Profile, seeds: Sequence[int], instruments: Mapping[int, Instruments], calibrated: bool
) -> tuple[Converters, Array, Array]:
    """Return the curves of every ADC of every seed, which curve measures which node, and the DACs' corrections.

    instruments: by seed. calibrated: whether the converters are corrected, as `twinohm calibrate` does it. The
    second array is (replicas, n_nodes): the curve that measures a node of the free network, -1 if none does. The third
    is (replicas, n_nodes, 2), gain and offset, all 0 unless calibrated.
    """
    distinct = list(dict.fromkeys(seeds)) if profile.adc_faults or calibrated else [0]
    used = [i for i, adc in enumerate(board.adc) if any(parse_channel(channel)[1] == FREE for channel in adc.channels)]
    edges_V = np.full((len(distinct), len(used), COUNTS + LINE // 8), np.inf)
    guess = np.zeros((len(distinct), len(used), COUNTS + LINE // 2), np.uint16)
    gain = np.zeros((len(distinct), len(used)), np.int64)
    offset = np.full((len(distinct), len(used)), ROUNDING)
    corrections = np.zeros((len(distinct), len(board.nodes), 2), np.int64)
    for row, seed in enumerate(distinct):
        curves = draw_adc_curves(board, profile, seed)
        adcs = nominal_corrections(board)
        if calibrated:
            dacs, corrected = correct(board, instruments[seed], curves)
            adcs |= corrected
            for node, pair in dacs.items():
                corrections[row, board.node_index(node)] = pair
        for k, i in enumerate(used):
            edges_V[row, k, :TOP_COUNT] = curves[i].edges
            cells_V = (np.arange(1, COUNTS + 1) - MARGIN) * (board.adc[i].full_scale_V / COUNTS)
            guess[row, k, 1 : COUNTS + 1] = np.searchsorted(edges_V[row, k], cells_V, side="right")
            gain[row, k], offset[row, k] = adcs[board.adc[i].channels[0]]
    curve_of = np.full(len(board.nodes), -1)
    for k, i in enumerate(used):
        for name, network in map(parse_channel, board.adc[i].channels):
            if network == FREE:
                curve_of[board.node_index(name)] = k
    row_of = {seed: row for row, seed in enumerate(distinct)}
    at = np.array([row_of.get(seed, 0) for seed in seeds])
    cells_per_V = [COUNTS / board.adc[i].full_scale_V for i in used] * len(distinct)
    converters = Converters(
        edges_V=edges_V.reshape(-1, edges_V.shape[-1]),
        guess=guess.reshape(-1, guess.shape[-1]),
        scale=np.array([cells_per_V, gain.ravel(), offset.ravel()]),
    )
    return converters, np.where(curve_of < 0, -1, len(used) * at[:, None] + curve_of), corrections[at]


def correct(
    board: Board, instruments: Instruments, curves: Sequence[AdcCurve]
) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Return what `twinohm calibrate` corrects of a board: (gain, offset) of DACs by node, of ADCs by channel.

    On a board without switches the nodes are driven together, and a node without a driver is taken to have the mean
    of those that have one: its edges are alike.
    """
    asked_V = np.array([board.dac_volts(volts) for volts in CALIBRATION_LEVELS_V])
    counts = np.array([dac_count(board.dac_code(volts)) for volts in CALIBRATION_LEVELS_V])
    driven = [board.node_index(name) for name in board.wired_free or board.nodes if name in board.dac.channels]
    mean_V = np.mean([instruments.dacs.volts(node, counts) for node in driven], axis=0)
    read: dict[str, Array] = {}
    for adc, curve in zip(board.adc, curves, strict=True):
        for channel in adc.channels:
            name, network = parse_channel(channel)
            node = board.node_index(name)
            if board.switches and node not in driven:
                continue
            volts = instruments.dacs.volts(node, counts) if node in driven else mean_V
            codes = [
                curve.count(v) * board.adc_gain(adc) + ROUNDING for v in volts + instruments.buffer_V[network, node]
            ]
            read[channel] = np.array([board.task_volts(code >> 12) for code in codes])
    return fit_dacs(board, asked_V, read), fit_adcs(board, asked_V, read)
