"""What a board is: its tables, graph, codes, circuit, settling, levers and calibration."""
