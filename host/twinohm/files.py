"""Write files so that a reader never sees half of one."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from twinohm.errors import DiskError

logger = logging.getLogger(__name__)


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block ends without an error.

    If the block raises, `path` is left as it was. Raises DiskError if the file cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        yield part
        os.replace(part, path)
        logger.info("wrote %s", path)
    except OSError as error:
        why = error.strerror or error
        raise DiskError(f"{path}: cannot be written ({why}); choose another place or free the disk") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
