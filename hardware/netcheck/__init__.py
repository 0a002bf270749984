"""Does a netlist do what the firmware believes? Its equations come from the netlist and data sheets alone.

Run: python -m hardware.netcheck [BOARD...]
"""

from hardware.netcheck.check import check
from hardware.netcheck.netlist import Netlist

__all__ = ["Netlist", "check"]
