"""What is done with a board: a run of a task, the paper's table, benchmarks."""
