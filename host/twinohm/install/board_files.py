"""The files on a board's file system, by hash."""

import re
from collections.abc import Callable

from twinohm.errors import LinkLost
from twinohm.json_records import shorten

Execute = Callable[[str], str]  # runs code on a board and returns what it printed

FOLDERS = ("twinohm_fw", "adafruit_bus_device")  # at the top of the board's file system
HASHES = f"""
import os, hashlib
def print_hashes(path):
    for name, kind, *_ in os.ilistdir(path or '/'):
        at = path + name
        if kind & 0x4000:
            if path or name in {FOLDERS}:
                print_hashes(at + '/')
        else:
            sha, buffer = hashlib.sha256(), bytearray(512)
            with open(at, 'rb') as file:
                while True:
                    n = file.readinto(buffer)
                    if not n:
                        break
                    sha.update(memoryview(buffer)[:n])
            print(sha.digest().hex(), at)
"""


def read_hashes(execute: Execute) -> dict[str, str]:
    """Return the hash by path of all files at the top of a board's file system and in FOLDERS.

    Raises LinkLost for a list that is none.
    """
    execute(HASHES)
    # They are printed one by one: the board's heap may be in pieces.
    listed = execute("print_hashes('')").splitlines()
    for line in listed:
        if not re.fullmatch("[0-9a-f]{64} .+", line):
            raise LinkLost(f"asked for its files, the board printed {shorten(repr(line))}")
    return {line[65:]: line[:64] for line in listed}
