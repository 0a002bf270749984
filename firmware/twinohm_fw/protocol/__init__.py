"""Frames and messages between host and board. The host loads frames.py and messages.py from these very files."""
