"""From what ADC channels read to the corrections of a board's converters."""

import numpy as np

from twinohm.errors import BoardError
from twinohm.model.adc_curve import ERRORS as ADC_ERRORS
from twinohm.model.board import Board
from twinohm.model.calibration import ROUNDING, Calibration, nominal_corrections
from twinohm.model.circuit import Floats
from twinohm.model.codes import CODES, CORRECTION_BITS, GAIN_ONE, STEP, TASK_SPAN_V, corrected_code
from twinohm.model.dac_curve import ERRORS as DAC_ERRORS
from twinohm.model.networks import FREE, channel_name, parse_channel

CALIBRATION_LEVELS_V = np.linspace(0, TASK_SPAN_V, 21).tolist()  # of the DACs
MOST_GAIN = 0.2  # a DAC that is further off is broken, not inexact; CORRECT carries 0.25 and 8192 codes
MOST_SHIFT = 4096  # codes
Corrections = dict[str, tuple[int, int]]


def fit_dacs(board: Board, asked_V: Floats, read: dict[str, Floats]) -> Corrections:
    """Return (gain, offset) of the DAC of each node that the standard reads; none if the DAC is the standard.

    asked_V: task volts (levels,) of the DACs. read: what each channel read of them (levels,). Raises BoardError naming
    a DAC that is too far off.
    """
    found: Corrections = {}
    one = 1 << CORRECTION_BITS
    for channel in board.standard_channels:
        node, network = parse_channel(channel)
        if network != FREE or channel not in read:
            continue
        slope, intercept = np.polyfit(asked_V / board.code_V, read[channel] / board.code_V, 1)
        shift = board.code_low * (1 - slope) + intercept  # the channel reads slope * code + shift
        gain, offset = (0.0, 0.0) if slope <= 0 else (1 / slope - 1, -shift / slope)
        if slope <= 0 or abs(gain) > MOST_GAIN or abs(offset) > MOST_SHIFT:
            raise BoardError(
                f"the DAC of node {node} cannot be corrected: {channel} reads {slope:.2f} times what it is asked for, "
                f"and {shift * board.code_V:+.2f} V; `twinohm selftest` names the part"
            )
        found[node] = (round(gain * one), round(offset * one) + one // 2)
    return found


def fit_adcs(board: Board, asked_V: Floats, read: dict[str, Floats]) -> Corrections:
    """Return (gain, offset) of the channels of ADCs that are not the standard, against what the standard says.

    asked_V: task volts (levels,) of the DACs. read: what each channel read of them (levels,).
    """
    found: Corrections = {}
    for adc in board.adc:
        if adc.part == board.standard:
            continue
        for channel in adc.channels:
            node, _ = parse_channel(channel)
            standard_V = read.get(channel_name(node, FREE)) if board.standard_channels else asked_V
            if standard_V is None or channel not in read:
                continue
            slope, intercept = np.polyfit(read[channel], standard_V, 1)
            shift = board.code_low * (1 - slope) + intercept / board.code_V
            found[channel] = (round(board.adc_gain(adc) * slope), round(GAIN_ONE * shift) + ROUNDING)
    return found


def uncertainty(board: Board) -> float:
    """Return how far the standard may be off, as a share of every voltage, by its datasheet."""
    if board.standard in ADC_ERRORS:
        return ADC_ERRORS[board.standard].reference.most
    errors = DAC_ERRORS[board.dac.part]
    return errors.reference.most + errors.gain.most


def nominal_channels(board: Board, found: Calibration) -> list[str]:
    """Return the channels that follow no standard, and stay as boards.toml says: "DAC of B" and "B.free"."""
    nominal = nominal_corrections(board)
    dacs = [f"DAC of {node}" for node in board.nodes if node in board.dac.channels and node not in found.dac]
    left = (channel for channel in found.adc if channel not in board.standard_channels)
    return dacs + [channel for channel in left if found.adc[channel] == nominal[channel]]


def doubts(board: Board, found: Calibration) -> list[str]:
    """Return sentences about DACs that are further off than their datasheet allows, or that cannot reach range_V."""
    errors, one, sentences = DAC_ERRORS[board.dac.part], 1 << CORRECTION_BITS, []
    for node, (gain, offset) in found.dac.items():
        chip, _ = board.dac.output_of(node)
        name = f"the DAC of node {node} ({board.dac.part} at 0x{chip:02x})"
        off, off_V = one / (one + gain) - 1, -offset / one / CODES * board.dac.full_scale_V
        if abs(off) > errors.reference.most + errors.gain.most + uncertainty(board):
            sentences.append(f"{name} is {100 * off:+.1f} % off, more than its datasheet allows")
        if abs(off_V) > errors.offset_V.most * (1 + errors.gain.most) + board.dac.full_scale_V / CODES * STEP:
            sentences.append(f"{name} has an offset of {1000 * off_V:+.0f} mV, more than its datasheet allows")
        if corrected_code(board.code_low + board.code_span, gain, offset) >= CODES:
            sentences.append(f"{name} does not reach {board.range_V[1]:g} V: lower range_V[1] of the board")
    return sentences
