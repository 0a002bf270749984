"""Write SHA256SUMS of hardware/sources/ anew: python -m hardware.sources.sums

Do so only after a file was compared with the document that it names.
"""

import hashlib
from pathlib import Path

from hardware.sources.reader import FOLDER, SUMS, summed_files


def write(folder: Path = FOLDER) -> int:
    """Write the hashes of all files of the folder and return how many there are."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in summed_files(folder)]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8", newline="\n")
    return len(lines)


if __name__ == "__main__":
    print(f"{write()} files in {FOLDER / SUMS}")
