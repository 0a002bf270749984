"""The wire: frames and messages that host and firmware share, and telemetry."""
