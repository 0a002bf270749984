"""Check that a netlist does what the firmware and boards.toml say: ERC-clean is not correct.

The checker reads the netlist alone. It builds the circuit equations with pin functions from data sheets and compares
them with the learning rule. It imports nothing of the generator: an error of the generator must not repeat itself here.

Run: python -m hardware.netcheck [BOARD...]
"""
