"""The self-test: find which part of a board fails. Nothing here is imported before it is asked for."""
