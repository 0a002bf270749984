"""Voltages, taps and names that the parts of the self-test share."""

NETWORKS = ("free", "clamped")
START = 32  # tap of every pot while nodes are tested
LOW = 0.5  # task volts
SWING = 2.0  # task volts: until every pot is known to step, driven nodes differ by no more
HIGH = LOW + SWING
COMPARISONS = 3  # readings of a comparator in each state
