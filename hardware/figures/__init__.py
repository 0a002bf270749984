"""Electrical figures of hardware/README.md, by ngspice on the generated netlists: python -m hardware.figures WHICH."""
