"""Ends an installation: files that lie beside those they replace take their places.

`twinohm flash` writes what changes as NAME.new, checks it and then leaves a list. Without the list the old firmware is
whole; with it the new one is, and whoever comes first, the host or the next boot, does the renaming.
"""

import os

LIST = "/twinohm.todo"
DONE = 2  # ENOENT: this one was renamed or removed before power went


def finish():
    """Rename NAME.new to NAME for every line of the list, remove NAME for every -NAME. True if there was a list."""
    try:
        with open(LIST) as file:
            lines = file.read().split("\n")
    except OSError:
        return False
    for line in lines:
        try:
            if line.startswith("-"):
                os.remove("/" + line[1:])
            elif line:
                os.rename("/" + line + ".new", "/" + line)
        except OSError as error:
            if error.args[0] != DONE:
                raise
    os.remove(LIST)
    return True
