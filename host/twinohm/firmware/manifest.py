"""The list of what TwinOhm has installed on a board or in a folder: a file there, with the hash of each file.

A file that is not in the list, or whose hash is another, is its user's: before it is replaced or removed, it is copied
to a free name. The list is written under its new name before any other file, and renamed with them: while both are
there, an installation was interrupted, and the files of both are TwinOhm's.
"""

import hashlib
from collections.abc import Mapping

MANIFEST = "twinohm.files"
NEW = ".new"  # of a file or folder that gets its name once all are whole
BACKUP = ".bak"


def file_hash(content: bytes) -> str:
    """Return the sha256 of a file, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def add_manifest(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files (path to content) with the list of them in front."""
    lines = "".join(f"{file_hash(content)} {name}\n" for name, content in sorted(files.items()))
    return {MANIFEST: lines.encode()} | dict(files)


def parse_manifest(content: bytes) -> set[tuple[str, str]]:
    """Return (path, hash) of each line; lines that an interruption has damaged match no file."""
    lines = (line.partition(" ") for line in content.decode(errors="replace").splitlines())
    return {(name, digest) for digest, _, name in lines}


class Ownership:
    """Tells whose a file is.

    there: hash by path of all files that are there. manifests: contents of the lists among them.
    """

    def __init__(self, there: Mapping[str, str], manifests: list[bytes]) -> None:
        self._there = there
        self._installed = {line for content in manifests for line in parse_manifest(content)}
        self._interrupted = MANIFEST + NEW in there

    def is_users(self, name: str) -> bool:
        """Whether a file is there that TwinOhm has not installed as it is. Lists are TwinOhm's by their names."""
        if name not in self._there or name.removesuffix(NEW) == MANIFEST:
            return False
        if self._interrupted and any(part.endswith(NEW) for part in name.split("/")):
            return False
        return (name, self._there[name]) not in self._installed

    def backup_name(self, name: str) -> str:
        """Return the name to keep a file under: NAME.bak, NAME.bak2, ..., the first that is free or has its content."""
        number = 1
        while True:
            backup = name + BACKUP + (str(number) if number > 1 else "")
            if self._there.get(backup, self._there[name]) == self._there[name]:
                return backup
            number += 1
