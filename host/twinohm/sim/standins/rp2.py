"""Stand-in for MicroPython's `rp2`: no state machines here, so firmware takes its portable path."""
