"""Environment variables of a user's shell with which a library of ours would fail, or never come to an end."""

import os

MOST_EPOCH_S = 253_402_300_799  # the end of the year 9999, Python's last time
EPOCH_DIGITS = len(str(MOST_EPOCH_S))
MOST_COLUMNS = 1000  # rich draws every character of a line


def repair_environment() -> None:
    """Change those variables for this process and its children."""
    os.environ["MPLBACKEND"] = "agg"  # figures go to files; a notebook's backend may not be installed beside twinohm
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not epoch.isdecimal() or len(epoch.lstrip("0")) > EPOCH_DIGITS or int(epoch) > MOST_EPOCH_S:
        del os.environ["SOURCE_DATE_EPOCH"]  # numpy.f2py, which scipy imports, takes it for a time
    for name in ("COLUMNS", "LINES"):
        value = os.environ.get(name, "")
        if value.isdecimal() and len(value.lstrip("0")) > len(str(MOST_COLUMNS)) - 1:
            os.environ[name] = str(MOST_COLUMNS)
