"""The firmware as the host sees it: its sources, their hash, and MicroPython's UF2."""
