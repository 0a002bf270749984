"""Studies on many boards: reproduction of the paper, placement search, sweeps."""
