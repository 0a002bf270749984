"""Run all firmware cases on this interpreter: run.py STANDINS MODELS FIRMWARE BUSDEVICE CONFIG.json [RP2040 | RP2350].

Prints one JSON object a line for each case: its name, and the traceback if it failed. Exit code 1 if one failed.
"""

import io
import json
import sys

here = __file__.rsplit("/", 1)[0]
sys.path[:0] = [here] + sys.argv[1:5]

import start

config = start.config

import cases
import rig


def traceback_of(error):
    """Return the traceback of an exception as text."""
    if hasattr(sys, "print_exception"):  # MicroPython
        text = io.StringIO()
        sys.print_exception(error, text)
        return text.getvalue()
    import traceback

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


failed = 0
for name in sorted(dir(cases)):
    if not name.startswith("case_"):
        continue
    why = None
    try:
        getattr(cases, name)(rig.Rig(config, start.chip))
    except Exception as error:
        failed += 1
        why = traceback_of(error)
    print(json.dumps({"case": name, "failed": why}))
sys.exit(1 if failed else 0)
