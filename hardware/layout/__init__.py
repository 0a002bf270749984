"""Make a routed KiCad board of a netlist and a placement. Run: python -m hardware.layout BOARD

Placing and filling need KiCad's own Python module pcbnew; routing runs here.
"""
