"""End an installation: rename the new files to the names of those that they replace.

`twinohm flash` writes what changes as NAME.new, checks it and then writes a list. Without the list the old firmware is
whole; with it the new one is, and the host or the next boot, whichever is first, renames the files and new folders.
"""

import os

LIST = "/twinohm.todo"
DONE = 2  # ENOENT: this file was renamed or removed before power was lost


def finish():
    """Rename NAME.new to NAME for each NAME of the list, remove NAME for each -NAME. Return whether it was there."""
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
