"""Converter codes: 16-bit numbers that stand for voltages between host and board, and the 5 V span of task volts."""

TASK_SPAN_V = 5  # task volts run from 0 to this (the paper's range); a board maps them on its range_V
CODES = 65536  # a code is a voltage in 1/CODES of the DAC's full scale
STEP = 16  # codes in a step of a 12-bit DAC
COUNTS = 4096  # counts of a 12-bit ADC, steps of a 12-bit DAC (MCP4728, AD7490, RP2040)
TOP_COUNT = COUNTS - 1
GAIN_ONE = 4096  # a gain of 1 in the firmware's integers: (value * gain + GAIN_ONE / 2) >> 12
