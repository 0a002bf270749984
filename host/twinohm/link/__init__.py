"""Talking to a board, whatever port it is on."""
