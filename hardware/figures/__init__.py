"""Compute the electrical figures of hardware/README.md with ngspice on the generated netlists.

Run: python -m hardware.figures FIGURE
"""
