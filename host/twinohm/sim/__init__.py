"""Virtual and emulated boards: part models, their circuit, faults, and the process that runs the firmware."""
