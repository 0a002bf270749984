"""From a netlist and a placement to a routed KiCad board. Run: python -m hardware.layout BOARD

Placing and filling need KiCad's own Python module pcbnew; routing runs here.
"""
