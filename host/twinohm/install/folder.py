"""Write the firmware's files to a folder, for a user who copies them to a board with other tools."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copystat

from twinohm.errors import UsageError
from twinohm.files import check_tree, write_own
from twinohm.firmware.manifest import MANIFEST, NEW, Ownership, file_hash

logger = logging.getLogger(__name__)


def write_folder(files: Mapping[str, bytes], folder: Path, report_kept: Callable[[str, str], None]) -> dict[str, str]:
    """Make the files of `folder` those of `files` (path to content); return the copies of files that were in the way.

    A file that TwinOhm did not write there is copied to a free name first; report_kept is called with both paths. What
    `files` does not name stays. Raises UsageError for a folder that cannot be written, or has a link in place of one of
    the files or folders, DiskError if the disk refuses.
    """
    new_list = folder / (MANIFEST + NEW)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_tree(folder, (*files, new_list.name))
        manifests = [path.read_bytes() for path in (folder / MANIFEST, new_list) if path.is_file()]
        there = {path.relative_to(folder).as_posix(): file_hash(path.read_bytes()) for path in _regular(folder, files)}
        owners = Ownership(there, manifests)
        changed = [name for name, data in files.items() if there.get(name) != file_hash(data) and name != MANIFEST]
        kept = {name: owners.backup_name(name) for name in changed if owners.is_users(name)}
        for name, backup in kept.items():
            write_own({folder / backup: (folder / name).read_bytes()})
            copystat(folder / name, folder / backup)
            report_kept(str(folder / name), str(folder / backup))
        write_own({new_list: files[MANIFEST]})
        for name in changed:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_own({folder / name: files[name]})
        new_list.replace(folder / MANIFEST)
    except OSError as error:
        raise UsageError(f"--to {folder}: {error.filename or folder}: {error.strerror}; name another folder") from None
    return {str(folder / name): str(folder / backup) for name, backup in kept.items()}


def _regular(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Return the paths of files that are there already, and of the copies beside them."""
    names = [folder / name for name in files]
    backups = [backup for path in names for backup in path.parent.glob(path.name + ".bak*")]
    return [path for path in (*names, *backups) if path.is_file()]
