"""Compilation by numba, with a cache on disk that is keyed on the sources of everything that compiled code can use."""

import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
import platformdirs

from twinohm.errors import UsageError
from twinohm.files import private_folder
from twinohm.keys import content_key

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

config: Any = numba.config  # numba has no types of its own
PACKAGE = Path(__file__).parents[1]
SOURCES = ("ensemble", "model")  # packages whose constants, types and functions compiled code uses


@cache
def cache_folder() -> Path | None:
    """Return the folder of what was compiled from the sources as they are now; None if none can be written.

    numba alone looks at the one file that a function is in: it would run old code after a constant that the function
    imports has changed. NUMBA_CACHE_DIR, if it is set, is the parent; otherwise a folder in the user's cache is, which
    nobody else can enter: what is in it runs.
    """
    sources = {f"{name}/{path.name}": path.read_bytes() for name in SOURCES for path in (PACKAGE / name).glob("*.py")}
    own = platformdirs.user_cache_path("twinohm", appauthor=False) / "compiled"
    try:
        folder = Path(config.CACHE_DIR or private_folder(own)) / content_key(sources=sources)[:16]
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder
        reason = f"{folder} cannot be written"
    except (OSError, UsageError) as error:
        reason = str(error)
    logger.warning("what is compiled cannot be kept, and is compiled anew each time: %s", reason)
    return None


def compiled(function: Function) -> Function:
    """Return `function`, compiled at its first call and kept on disk. A thread that runs it leaves the others free."""
    folder = cache_folder()
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder or "")  # read while the decorator runs, and only then
    try:
        made: Any = numba.njit(cache=folder is not None, nogil=True, fastmath={"contract"}, error_model="numpy")(
            function
        )
    finally:
        config.CACHE_DIR = before
    return made  # type: ignore[no-any-return, unused-ignore]
