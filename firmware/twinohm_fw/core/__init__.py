"""The learning rule on the two networks, in integers: no volts, no names of nodes, no host."""
