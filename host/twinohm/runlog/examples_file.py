"""examples.npz: the examples of a task that has too many for run.json, stored once. run.json has the file's sha256."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twinohm.json_records import Count, RecordError

NAME = "examples.npz"
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class ExamplesFile:
    """What run.json says of examples.npz: its number of examples, and the sha256 of its bytes."""

    examples: Count
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def pack(arrays: Arrays) -> bytes:
    """Return the bytes of the file; the same arrays give the same bytes."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def describe(data: bytes, arrays: Arrays) -> ExamplesFile:
    """Return what run.json says of a file."""
    return ExamplesFile(len(next(iter(arrays.values()))), hashlib.sha256(data).hexdigest())


def unpack(data: bytes, described: ExamplesFile) -> Arrays:
    """Return the arrays of a file. Raises RecordError if it is not the one that run.json describes."""
    if (found := hashlib.sha256(data).hexdigest()) != described.sha256:
        raise RecordError(f"its sha256 is {found}, run.json has {described.sha256}: the file was changed")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return dict(file)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise RecordError(f"no file of arrays ({error})") from None
