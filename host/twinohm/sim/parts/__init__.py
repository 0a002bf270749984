"""Part models at the level of pins and bytes. Plain Python that MicroPython also runs; no model knows the circuit."""
