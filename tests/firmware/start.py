"""Put MicroPython's stand-ins and the configuration of a board in place, before firmware is imported.

The words of the command line are STANDINS MODELS FIRMWARE BUSDEVICE CONFIG.json; whoever imports this has put the first
four on the path.
"""

import json
import sys

import virtual_time

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
