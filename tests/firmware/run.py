"""Run the firmware cases on this interpreter: run.py STANDINS MODELS FIRMWARE BUSDEVICE CONFIG.json [micropython].

Prints one line a case: `ok NAME` or `FAIL NAME: why`. Exit code 1 if any failed.
"""

import json
import sys

here = __file__.rsplit("/", 1)[0]
sys.path[:0] = [here] + sys.argv[1:5]

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

import cases
import rig

failed = 0
for name in sorted(dir(cases)):
    if not name.startswith("case_"):
        continue
    try:
        getattr(cases, name)(rig.Rig(config))
        print("ok", name)
    except Exception as error:
        failed += 1
        print("FAIL %s: %r" % (name, error))
        if hasattr(sys, "print_exception"):
            sys.print_exception(error)
        else:
            import traceback

            traceback.print_exc(file=sys.stdout)
sys.exit(1 if failed else 0)
