"""The HMAC of run.json: whether a run of this user wrote the file, as it is now. And its digest, which the log has.

run.json names a port, and a stranger's run folder can name any. Only `resume` would open it, and without this HMAC it
does not. The key is made once, at random; it is in the user's data folder and leaves this computer with no run.
"""

import hashlib
import hmac
import json
import logging
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinohm.errors import DiskError, UsageError
from twinohm.files import open_plain, private_folder, write_once
from twinohm.paths import data_folder
from twinohm.plain_text import encode_json

KEY_BYTES = 32
HMAC = "hmac"  # the key of run.json that has it, in hexadecimal
KEY_ID = "hmac_key"  # the key of run.json that says which user's key it was made with; absent before 0.1.0 was released
CHANGED = "its HMAC is wrong: it was changed after a run of yours wrote it"
OF_ANOTHER = "its HMAC is of another user or computer"
_PURPOSE = b"run.json\n"  # so that it is the HMAC of nothing else

logger = logging.getLogger(__name__)


def with_hmac(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON form of run.json with its HMAC at the end.

    Without one if the user's key cannot be made or must not be used, which is logged: a run needs no key.
    """
    try:
        path = _key_path()
        private_folder(path.parent)
        if not path.exists():
            write_once(path, secrets.token_bytes(KEY_BYTES))
        key = _read_key(path)
    except (OSError, UsageError, DiskError) as error:
        logger.warning("run.json gets no HMAC (%s); a resume of this run will need --port", error)
        return dict(record)
    named = {**record, KEY_ID: _key_id(key)}
    return {**named, HMAC: _digest(key, json.loads(encode_json(json.dumps(named, ensure_ascii=False))))}


def why_foreign(data: bytes) -> str | None:
    """Return why the content of a run.json counts as somebody else's, None if its HMAC is right."""
    try:
        record = json.loads(data, object_pairs_hook=_unique)
        found = str(record.pop(HMAC, ""))
        if not found:
            return "it has no HMAC"
        key = _read_key(_key_path())
        right = _digest(key, record)
    except FileNotFoundError:
        return "there is no key to check its HMAC with"
    except (OSError, UsageError) as error:
        return f"its HMAC cannot be checked: {error}"
    except ValueError:  # a key twice, or a number that Python does not read
        return "it is not as a run writes it"
    if hmac.compare_digest(found.encode(errors="replace"), right.encode()):
        return None
    if record.get(KEY_ID) == _key_id(key):
        return CHANGED
    return OF_ANOTHER if KEY_ID in record else "its HMAC is wrong: it was changed, or is of another user or computer"


def run_digest(data: bytes) -> str:
    """Return the SHA-256 of what a run.json says, in hexadecimal: of its canonical JSON without HMAC and key.

    Of a file that no run writes (a key twice), it is that of its bytes.
    """
    try:
        record = json.loads(data.decode(), object_pairs_hook=_unique)
    except ValueError:
        return hashlib.sha256(data).hexdigest()
    for key in (HMAC, KEY_ID):
        record.pop(key, None)
    return hashlib.sha256(_canonical(record)).hexdigest()


def _key_path() -> Path:
    return data_folder() / "keys" / "run_hmac"


def _read_key(path: Path) -> bytes:
    """Return the key. Raises OSError, and UsageError if it is not whole, not the user's, or not the user's alone."""
    with open(open_plain(path, os.O_RDONLY), "rb") as file:
        there, key = os.fstat(file.fileno()), file.read(KEY_BYTES + 1)
    remedy = "remove it, and the next run makes a new one"
    if hasattr(os, "getuid") and there.st_uid != os.getuid():
        raise UsageError(f"{path}: belongs to another user; {remedy}")
    if os.name != "nt" and there.st_mode & 0o077:
        raise UsageError(f"{path}: others may open it (mode {stat.S_IMODE(there.st_mode):o}); {remedy}")
    if len(key) != KEY_BYTES:
        raise UsageError(f"{path}: is no key of {KEY_BYTES} bytes; {remedy}")
    return key


def _key_id(key: bytes) -> str:
    """Return a name of a key, from which the key cannot be computed."""
    return hmac.new(key, b"name of the key\n", hashlib.sha256).hexdigest()[:16]


def _digest(key: bytes, record: Any) -> str:
    """Return the HMAC-SHA256 over the canonical JSON of a value that was read from JSON."""
    return hmac.new(key, _PURPOSE + _canonical(record), hashlib.sha256).hexdigest()


def _canonical(record: Any) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object. Raises ValueError if it has a key twice: another reader could take the other value."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found
