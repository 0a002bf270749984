"""The firmware as the host sees it: its hash, the configuration it gets, and the wire module that both ends share."""

import hashlib
import importlib.util
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from twinohm.resources import firmware_dir

if TYPE_CHECKING:
    from twinohm.boards import Board


@cache
def firmware_hash() -> str:
    """First 16 digits of the sha256 over names and contents of all firmware files."""
    digest = hashlib.sha256()
    root = firmware_dir()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def firmware_config(board: "Board") -> dict[str, Any]:
    """What becomes `twinohm_board.BOARD` on the microcontroller."""
    return {"firmware": firmware_hash(), **board.firmware_config()}


@cache
def wire() -> ModuleType:
    """firmware/twinohm_fw/wire.py, loaded by path: firmware/ is never on the host's import path."""
    spec = importlib.util.spec_from_file_location("twinohm_wire", firmware_dir() / "twinohm_fw" / "wire.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
