"""Register blocks of the RP2040. Section numbers are those of the RP2040 datasheet (Raspberry Pi, build 2024-10).

Addresses stand here once. A driver that works on several blocks puts the addresses it needs into an array("I"), which
its machine code reads once per call: MicroPython inlines const() only in the module that defines it.
"""
