"""Where the RP2350's registers are."""
