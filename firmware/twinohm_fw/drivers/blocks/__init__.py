"""Machine code for register blocks that the RP2040 and the RP2350 have alike; platform.registers says where they are.

Offsets and bits stand here once: in pico-sdk 2.1.1 the chips' headers (src/rp2040/hardware_regs and
src/rp2350/hardware_regs, include/hardware/regs/) have the same ones for what is used. An array("I") takes the addresses
to the machine code, which reads them once per call: MicroPython inlines const() only in the module that defines it.
"""
