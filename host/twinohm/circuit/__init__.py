"""Node voltages of resistor networks."""
