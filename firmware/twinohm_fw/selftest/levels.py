"""Voltages, taps and names that the parts of the self-test share."""

NETWORKS = ("free", "clamped")
START = 32  # tap of every pot while nodes are tested
LOW = 0.5  # task volts
SWING = 2.0  # task volts: until every pot is known to step, driven nodes differ by no more
HIGH = LOW + SWING
WITH_DIODES = 1.0  # SWING with diodes in the sockets: those between two driven nodes then take 2 mA at most
MOST_LEVELS = 32  # in SWING: comparators tell two of them apart, with the errors of DACs and buffers
COMPARISONS = 3  # readings of a comparator in each state
