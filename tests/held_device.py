"""A serial device that another program has open."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_device(lock: bool) -> Iterator[tuple[str, int]]:
    """Yield the name of a device and the number of the process that has it open. lock: that has locked it too."""
    ours, theirs = os.openpty()
    with client_of(os.ttyname(theirs), lock) as other:
        yield os.ttyname(theirs), other
    os.close(ours)
    os.close(theirs)


@contextmanager
def client_of(device: str, lock: bool = False) -> Iterator[int]:
    """Have another process open a device, and lock it, until the end of the block; yield its number."""
    act = "fcntl.flock(f, fcntl.LOCK_EX); " if lock else ""
    code = f"import fcntl; f = open({device!r}, 'rb', buffering=0); {act}print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield other.pid
        other.communicate(b"\n")
