"""Converter codes: 16-bit numbers that stand for voltages between host and board, and the 5 V span of task volts."""

from typing import Any

import numpy as np

LEAST_SPAN_V = 0.01  # of scaled targets: some steps of a converter
TASK_SPAN_V = 5  # task volts run from 0 to this (the paper's range); a board maps them on its range_V
CODES = 65536  # a code is a voltage in 1/CODES of the DAC's full scale
STEP = 16  # codes in a step of a 12-bit DAC
COUNTS = 4096  # counts of a 12-bit ADC, steps of a 12-bit DAC (MCP4728, ADS7953, RP2040)
TOP_COUNT = COUNTS - 1
GAIN_ONE = 4096  # a gain of 1 in the firmware's integers: (value * gain + GAIN_ONE / 2) >> 12
CORRECTION_BITS = 16  # of a DAC's gain error and offset: 2^16 are a gain error of 1, and a code


def corrected_code(code: Any, gain: Any, offset: Any) -> Any:
    """Return 16-bit codes with the correction of a DAC's channel, which may lead out of 16 bits; also of arrays."""
    return code + ((code * gain + offset) >> CORRECTION_BITS)


def exceeds_dac(code: int, gain: int, offset: int) -> bool:
    """Return whether a 12-bit DAC would need a count that it does not have for a code with its correction."""
    return not 0 <= (corrected_code(code, gain, offset) + 8) >> 4 <= TOP_COUNT


def dac_count(code: Any, gain: Any = 0, offset: Any = 0) -> Any:
    """Return the 12-bit counts that a DAC gets for 16-bit codes, with the correction of its channel; also of arrays."""
    return np.clip((corrected_code(code, gain, offset) + 8) >> 4, 0, TOP_COUNT)
