"""Boards without copper: part models, their wiring, and the process that runs the firmware against them."""
