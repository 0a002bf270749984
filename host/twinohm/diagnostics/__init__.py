"""Self-test and calibration of a board."""
