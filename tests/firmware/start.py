"""Put MicroPython's stand-ins and the configuration of a board in place, before firmware is imported.

The words of the command line are STANDINS MODELS FIRMWARE BUSDEVICE CONFIG.json; whoever imports this has put the first
four on the path. After them may come the name of a chip, under CPython: then the firmware finds itself on that chip.
"""

import json
import sys

import virtual_time
from chips import RP2040, chip_named

sys.modules["time"] = virtual_time
try:
    del sys.modules["machine"]
except KeyError:
    pass

with open(sys.argv[5]) as file:
    config = json.load(file)


class Configuration:
    BOARD = config


sys.modules["twinohm_board"] = Configuration

chip = RP2040  # whose registers the virtual boards have
if sys.argv[6:7] and sys.argv[6].startswith("RP"):
    import register_map

    chip = chip_named(sys.argv[6])
    register_map.install(chip, sys.argv[3])
