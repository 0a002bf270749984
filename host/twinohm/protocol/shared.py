"""Frames and messages, loaded from the firmware's own files: firmware/ is never on the host's import path."""

import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from twinohm.paths import firmware_dir

if TYPE_CHECKING:
    from twinohm_fw.protocol import frames, messages
else:

    def _load(name: str) -> ModuleType:
        """Return firmware/twinohm_fw/protocol/<name>.py as a module."""
        path = firmware_dir() / "twinohm_fw" / "protocol" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"twinohm.protocol.shared.{name}", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    frames, messages = _load("frames"), _load("messages")

__all__ = ["frames", "messages"]
