"""A chip's file system in memory, with the calls of mpremote's transport that `twinohm flash` uses.

What the board runs is run here, by CPython, with MicroPython's `os`, `sys` and `open`. Power can be cut before any
change.
"""

import builtins
import errno
import hashlib
import io
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from twinohm.link.repl import FRIENDLY_PROMPT, PROMPT
from twinohm.model.chips import RP2040, Chip


class PowerCut(Exception):
    pass


class FakeChip:
    """files: content by path. cut_at: the change before which power is cut, None for never; `changes` counts them.

    The chip describes itself by `name`, `machine` and `version` of its Python, and by `unique_id`.
    """

    name, machine, version = "micropython", "Raspberry Pi Pico with RP2040", (1, 25, 0)
    unique_id = bytes.fromhex("e6614c311b7e2f21")
    chip: Chip = RP2040

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)
        self.folders = {"", *(parent for name in files for parent in _parents(name))}
        self.cut_at: int | None = None
        self.changes = 0
        self.restarts = 0
        self.serial = SimpleNamespace(write=self._restart, flush=lambda: None)
        self._names: dict[str, Any] = {
            "__builtins__": vars(builtins) | {"__import__": self._import, "open": self._open}
        }
        self._output: list[str] = []
        self._names["print"] = lambda *words, end="\n": self._output.append(" ".join(map(str, words)) + end)

    # -- mpremote's transport ----------------------------------------------------------------------------------------

    def exec(self, code: str) -> bytes:
        self._output.clear()
        exec(code, self._names)
        return "".join(self._output).encode()

    def fs_listdir(self, src: str = "") -> list[SimpleNamespace]:
        return [SimpleNamespace(name=name) for name, *_ in self._ilistdir(src)]

    def fs_readfile(self, name: str) -> bytes:
        return self.files[name]

    def fs_writefile(self, name: str, data: bytes, progress_callback: Callable[[int, int], None] | None = None) -> None:
        self._write(name, b"")
        for end in (len(data) // 2, len(data)):
            self._write(name, data[:end])
            if progress_callback is not None:
                progress_callback(end, len(data))

    def fs_hashfile(self, name: str, algorithm: str) -> bytes:
        return hashlib.new(algorithm, self.files[name]).digest()

    def exit_raw_repl(self) -> None:
        pass

    def _restart(self, data: bytes) -> None:
        assert data == b"\x04"
        self.restarts += 1

    # -- MicroPython -------------------------------------------------------------------------------------------------

    def _import(self, name: str, *more: Any) -> Any:
        if name == "os":
            return SimpleNamespace(ilistdir=self._ilistdir, remove=self._remove, rename=self._rename, mkdir=self._mkdir)
        if name == "sys":
            described = SimpleNamespace(name=self.name, _machine=self.machine, version=self.version)
            return SimpleNamespace(implementation=described)
        if name == "machine":
            return SimpleNamespace(unique_id=lambda: self.unique_id)
        if name == "twinohm_board":
            if f"{name}.py" not in self.files:
                raise ImportError(f"no module named '{name}'")
            board: dict[str, Any] = {}
            exec(self.files[f"{name}.py"], board)
            return SimpleNamespace(**board)
        return builtins.__import__(name, *more)

    def _change(self) -> None:
        if self.changes == self.cut_at:
            raise PowerCut
        self.changes += 1

    def _write(self, name: str, data: bytes) -> None:
        self._change()
        if name.rpartition("/")[0] not in self.folders or name in self.folders:
            raise OSError(errno.ENOENT, name)
        self.files[name] = data

    def _open(self, path: str, mode: str = "r") -> Any:
        name = path.lstrip("/")
        if mode == "wb":
            self._write(name, b"")
            return _Written(lambda data: self._write(name, data))
        if name not in self.files:
            raise OSError(errno.ENOENT, path)
        data = self.files[name]
        return io.BytesIO(data) if mode == "rb" else io.StringIO(data.decode())

    def _ilistdir(self, path: str = "") -> list[tuple[str, int, int]]:
        folder = path.strip("/")
        here = [(name, 0x8000) for name in self.files] + [(name, 0x4000) for name in self.folders - {""}]
        return [(name.rpartition("/")[2], kind, 0) for name, kind in here if name.rpartition("/")[0] == folder]

    def _remove(self, path: str) -> None:
        self._change()
        if self.files.pop(path.lstrip("/"), None) is None:
            raise OSError(errno.ENOENT, path)

    def _rename(self, old: str, new: str) -> None:
        """As littlefs does: a file replaces a file; a folder takes along what is in it."""
        self._change()
        old, new = old.lstrip("/"), new.lstrip("/")
        if old in self.files:
            self.files[new] = self.files.pop(old)
        elif old in self.folders:
            moved = {name: new + name.removeprefix(old) for name in (*self.files, *self.folders) if _is_in(name, old)}
            self.files = {moved.get(name, name): data for name, data in self.files.items()}
            self.folders = {moved.get(name, name) for name in self.folders}
        else:
            raise OSError(errno.ENOENT, old)

    def _mkdir(self, path: str) -> None:
        self._change()
        if path in self.folders or path in self.files:
            raise OSError(errno.EEXIST, path)
        self.folders.add(path)


class RawPrompt:
    """The prompt of a chip, raw or not; `ran` is the code that it has run."""

    def __init__(self, chip: FakeChip) -> None:
        self.ran: list[str] = []
        self.is_raw = False
        self._chip = chip
        self._code = bytearray()

    def receive(self, data: bytes) -> bytes:
        """Return the answer to bytes of the host."""
        answer = b""
        for byte in data:
            if byte == 0x04:
                answer += self._run(self._code.decode())
            elif byte in b"\x01\x02":
                self.is_raw = byte == 0x01
                answer += PROMPT if byte == 0x01 else FRIENDLY_PROMPT
            elif byte not in b"\r\x03":
                self._code.append(byte)
                continue
            self._code.clear()
        return answer

    def _run(self, code: str) -> bytes:
        self.ran.append(code)
        output, error = b"", b""
        try:
            output = self._chip.exec(code)
        except Exception:
            error = traceback.format_exc().encode()
        return b"OK" + output + b"\x04" + error + b"\x04>"


class _Written(io.BytesIO):
    """A file that is on the flash from its last byte on."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        super().__init__()
        self._write_all = write

    def close(self) -> None:
        if not self.closed:
            self._write_all(self.getvalue())
        super().close()


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _is_in(name: str, folder: str) -> bool:
    return name == folder or name.startswith(folder + "/")
