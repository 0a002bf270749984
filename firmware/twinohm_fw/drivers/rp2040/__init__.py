"""Where the RP2040's registers are."""
