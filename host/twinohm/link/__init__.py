"""The host's link to a board: ports, raw REPL, requests, and the client of one board."""
