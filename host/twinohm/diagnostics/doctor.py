"""Examine what is between a user and a board, in a fixed order, from the permission on its device to its calibration.

Nothing is driven, no pot moves, and nothing is written on the board: it is examined at its raw prompt, and its firmware
is not started. A program that runs there is stopped, as by every command that opens a board.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from twinohm.errors import BoardBusy, BoardError, LinkError, LinkLost, TwinOhmError, UsageError
from twinohm.firmware.manifest import MANIFEST, NEW, Ownership, file_hash, parse_manifest
from twinohm.firmware.sources import STARTED, firmware_hash, firmware_sources
from twinohm.install import bootsel
from twinohm.install.board_files import FOLDERS, read_hashes
from twinohm.install.installer import LIST
from twinohm.json_records import Count, RecordError, RecordType, parse_record, shorten
from twinohm.link.hello import is_id
from twinohm.link.interpreter import QUERY, Interpreter
from twinohm.link.open_errors import check_holder, check_permission
from twinohm.link.port_stream import PortStream
from twinohm.link.port_tokens import named_port
from twinohm.link.repl import RawRepl
from twinohm.link.request_channel import import_error
from twinohm.link.timeouts import Timeouts
from twinohm.link.transports import find_device, hold_port, open_port, port_at, serial_ports
from twinohm.locks import Lock
from twinohm.model.board import Board
from twinohm.model.board_file import load_boards
from twinohm.model.calibration import load_calibration
from twinohm.model.chips import RP2040, Chip
from twinohm.model.firmware_config import config_key
from twinohm.protocol.port import Port
from twinohm.remedies import Symptom
from twinohm.runlog.calibration_choice import kept_misfit
from twinohm.sim.settings import complete_url

WELL, WRONG, LEFT_OUT = "ok", "wrong", "left out"  # states
NO_DEVICE = "the port is no device of this computer"
NOT_PLUGGED_IN = "no board with MicroPython is plugged in"
ANSWER_S = 10.0  # that a board has for a question; an emulated chip is as slow as a tenth of a real one
SHOWN = 3  # names of files in a finding
READ_CONFIG = """
import json
from twinohm_board import BOARD
print(json.dumps([BOARD.get(key) for key in ("board", "firmware", "key", "settle_us")]))
"""
READ_ID = """
import binascii, machine
print(binascii.hexlify(machine.unique_id()).decode())
"""
READ_FILE = """
with open({name!r}) as file:
    for line in file:
        print(line, end="")
"""


@dataclass(frozen=True)
class Finding:
    """What a step has found. `remedy`: what the user does about it, "" if there is nothing to do."""

    step: str
    state: str  # WELL, WRONG or LEFT_OUT
    text: str
    remedy: str = ""

    def record(self) -> dict[str, str]:
        """Return the JSON form."""
        return asdict(self)


class _LeftOut(Exception):
    """A step cannot be examined. The text is the reason."""


class _Config(NamedTuple):
    """What the configuration on a board says; None for what an earlier firmware did not say."""

    board: str | None
    firmware: str | None
    key: str | None
    settle_us: Count | None


_CONFIG = RecordType[_Config](_Config)


def examine(where: str, boards: Path | None = None) -> Iterator[Finding]:
    """Yield the finding of each of STEPS; the port is open meanwhile.

    where: as for twinohm.open(). boards: a boards.toml of the user's. Raises UsageError for a port or a file that is
    no possible one.
    """
    if port_at(where).virtual:  # it is made from its URL alone
        where = complete_url(where, boards)
    with closing(_Examination(where, load_boards(boards))) as board:
        for step, look in STEPS.items():
            try:
                yield Finding(step, WELL, look(board))
            except _LeftOut as reason:
                yield Finding(step, LEFT_OUT, str(reason))
            except TwinOhmError as error:
                if step == "port" and isinstance(error, UsageError):  # what the user has named can be no port
                    raise
                if isinstance(error, LinkLost):
                    board.answers = False
                text = str(error).removeprefix(f"{board.name}: ").removesuffix(f"; {error.remedy}")
                odd = isinstance(error, BoardError | LinkLost)
                yield Finding(step, WRONG, text, error.remedy or (Symptom.ODD_ANSWER.remedy if odd else ""))


def require_installable(where: str) -> None:
    """Raise what is wrong with a port and its board, before anything is written there.

    Nothing is asked of a virtual port: opening it would power on another board.
    """
    if port_at(where).virtual:
        return
    with closing(_Examination(where, {})) as board:
        for step in PREFLIGHT:
            with suppress(_LeftOut):
                STEPS[step](board)


class _Examination:
    """One port and the board behind it. Its methods return what is well, or raise _LeftOut or what is wrong."""

    def __init__(self, where: str, boards: dict[str, Board]) -> None:
        port = port_at(where)
        self.name = port.name  # of the port, once it is known
        self._where = where
        self._boards = boards
        self._is_device, self._virtual = port.is_device, port.virtual
        self._lock: Lock | None = None
        self._port: Port | None = None
        self._repl: RawRepl | None = None
        self.answers = False  # at its prompt
        self._denied = False
        self._foreign: list[str] = []  # files of the user's that the board starts
        self._interpreter: Interpreter | None = None
        self._found: tuple[dict[str, str], list[bytes]] | None = None
        self._config: _Config | None = None

    def close(self) -> None:
        """Leave the board at its prompt and close the port."""
        try:
            if self._repl is not None:
                self._repl.leave()
        except LinkError:
            pass  # it has gone
        finally:
            if self._port is not None:
                self._port.close()
            if self._lock is not None:
                self._lock.release()

    # -- the computer

    def permission(self) -> str:
        if not self._is_device:
            raise _LeftOut(NO_DEVICE)
        if sys.platform == "win32":
            raise _LeftOut("serial devices of this system have no permissions")
        devices = self._devices()
        if not devices:
            raise _LeftOut(NOT_PLUGGED_IN)
        for device in devices:
            try:
                check_permission(device)
            except OSError as error:
                raise _LeftOut(f"{device}: {error.strerror}") from None
            except BoardBusy:
                self._denied = True
                raise
        return f"you may open {', '.join(devices)}"

    def port(self) -> str:
        if self._is_device:
            if not self._devices():
                raise _LeftOut(NOT_PLUGGED_IN)
            if self._denied:
                raise _LeftOut("you may not open it")
            self.name = find_device(self._where)
        self._lock = hold_port(self._where)
        opened = open_port(self._where)
        self.name = opened.name
        if opened.is_device:
            try:
                check_holder(self.name)
            except LinkError:
                opened.close()
                raise
        self._port = opened
        if opened.board is not None:
            self._boards = {opened.board.name: opened.board}
        return f"{self.name} is a new virtual board" if self._virtual else f"{self.name} is held by no other program"

    def bootsel(self) -> str:
        if not self._is_device:
            raise _LeftOut(NO_DEVICE)
        if there := [device for device in self._devices() if os.path.exists(device)]:
            return f"the board is at {', '.join(there)}, so not in BOOTSEL"
        drives_unknown = ""
        try:
            found = bootsel.drives()
        except TwinOhmError as error:
            found, drives_unknown = [], str(error)
        if found:
            raise Symptom.IN_BOOTSEL.error(str(found[0]))
        if (waiting := bootsel.waiting_error()) is not None:
            raise waiting
        if not self._devices():
            raise Symptom.NO_PICO.error("port auto")
        if drives_unknown:
            raise _LeftOut(drives_unknown)
        return "no Pico is in BOOTSEL"

    def _devices(self) -> list[str]:
        """Return the devices that the port can mean: for auto all with MicroPython."""
        if self._where == "auto":
            return [info.device for info in serial_ports() if info.micropython]
        return [find_device(self._where)]

    # -- MicroPython

    def micropython(self) -> str:
        if self._port is None:
            raise _LeftOut("the port is not open")
        repl = RawRepl(PortStream(self._port))
        repl.enter(Timeouts().scaled(self._port.timeout_factor).enter_s)
        self._repl, self.answers = repl, True
        try:
            answer = self._ask(QUERY)
        except BoardError as error:  # the text is the board's traceback
            reason = f"asked for its chip and version, it failed with {shorten(str(error).splitlines()[-1])}"
            raise Symptom.ODD_ANSWER.error(self.name, reason=reason) from None
        found = self._interpreter = Interpreter.parse(answer, self.name)
        if found.name == "cpython":
            raise _LeftOut(f"a virtual board, CPython {found.release} runs its firmware")
        found.check_version(self.name)
        return f"MicroPython {found.release}"

    def chip(self) -> str:
        interpreter, _ = self._chip()
        interpreter.check_chip(self.name)
        return interpreter.machine

    def _prompt(self) -> RawRepl:
        if self._repl is None or not self.answers:
            raise _LeftOut("no MicroPython answers")
        return self._repl

    def _ask(self, code: str) -> str:
        """Return what a question prints on the board."""
        return self._prompt().exec(code, ANSWER_S)

    def _chip(self) -> tuple[Interpreter, RawRepl]:
        """Return what runs on a chip, and its prompt."""
        repl = self._prompt()
        assert self._interpreter is not None  # a prompt that does not say which Python it is does not answer
        if self._interpreter.name == "cpython":
            raise _LeftOut("a virtual board has neither a chip nor files")
        return self._interpreter, repl

    # -- files on the board

    def start_files(self) -> str:
        there, lists = self._files()
        owners, sources = Ownership(there, lists), firmware_sources()
        foreign = [name for name in STARTED if owners.is_users(name) and there[name] != file_hash(sources[name])]
        self._foreign = foreign
        if foreign:
            kept = " and ".join(map(owners.backup_name, foreign))
            raise Symptom.FOREIGN_START.error(self.name, names=" and ".join(foreign), kept=kept)
        found = [name for name in STARTED if name in there]
        return f"TwinOhm's {' and '.join(found)}" if found else f"there is no {' and no '.join(STARTED)}"

    def firmware(self) -> str:
        there, lists = self._files()
        if not any(name.startswith(FOLDERS[0] + "/") for name in there):
            raise Symptom.NO_FIRMWARE.error(self.name, reason=f"no folder {FOLDERS[0]}")
        if left := [name for name in (LIST, MANIFEST + NEW) if name in there]:
            raise Symptom.CUT_OFF.error(self.name, name=left[0])
        config = self._read_config()
        if config.firmware != firmware_hash():
            theirs = shorten(str(config.firmware))
            raise Symptom.OTHER_FIRMWARE.error(self.name, theirs=theirs, ours=firmware_hash())
        chip = self._chip()[0].chip or RP2040  # the step before has named another
        wrong = _changed_files(chip, there, {line for text in lists for line in parse_manifest(text)})
        wrong = [name for name in wrong if name not in self._foreign]  # the step before has named them
        if wrong:
            more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
            raise Symptom.CHANGED_FILES.error(self.name, names=", ".join(wrong[:SHOWN]) + more)
        if config.board not in self._boards or config.key != config_key(self._boards[config.board]):
            raise Symptom.OTHER_TABLES.error(self.name, board=shorten(str(config.board)))
        return f"{config.firmware} for {config.board}, as this host has it"

    def _files(self) -> tuple[dict[str, str], list[bytes]]:
        """Return the hash by path of the board's files, and the lists of those that were installed."""
        _, repl = self._chip()
        if self._found is None:
            there = read_hashes(repl.exec)
            names = [name for name in (MANIFEST, MANIFEST + NEW) if name in there]
            self._found = there, [self._ask(READ_FILE.format(name=name)).encode() for name in names]
        return self._found

    def _read_config(self) -> _Config:
        """Return the board's configuration. Raises BoardMismatch if it is missing or no possible one."""
        if self._config is None:
            try:
                printed = self._ask(READ_CONFIG)
                self._config = parse_record(_CONFIG, printed.encode())
            except BoardError as error:
                last = str(error).strip().splitlines()[-1]
                raise import_error(last, self.name) or error from None
            except RecordError:
                raise Symptom.CHANGED_FILES.error(self.name, names="twinohm_board") from None
        return self._config

    def _board(self) -> Board:
        """Return the board's table, as its port or its configuration names it."""
        if self._port is not None and self._port.board is not None:
            return self._port.board
        try:
            name = self._read_config().board
        except LinkError:
            name = None
        if name not in self._boards:
            raise _LeftOut("it is not known which board this is")
        return self._boards[name]

    # -- what a run uses

    def settling(self) -> str:
        board = self._board()
        theirs = self._read_config().settle_us
        if theirs != board.settle_us:
            raise Symptom.SHORT_WAIT.error(self.name, theirs=theirs, ours=board.settle_us, board=board.name)
        return f"nodes settle within {board.settle_us} us in every placement; the board waits for it"

    def calibration(self) -> str:
        board = self._board()
        board_id = self._id()
        kept = load_calibration(board.name, board_id)
        if kept is None and self._virtual:
            raise _LeftOut("none is kept, and runs on virtual boards use none by default")
        if kept is None:
            raise Symptom.NOT_CALIBRATED.error(self.name, port=named_port(self.name))
        if (why := kept_misfit(kept, board, board_id)) is not None:
            raise Symptom.MISFIT.error(self.name, made=kept.made, reason=why, port=named_port(self.name))
        return f"{kept.title} fits board and tables; each run measures whether it still holds"

    def _id(self) -> str:
        """Return the chip's id. Raises LinkLost if the board prints another thing."""
        if self._port is not None and self._port.unique_id is not None:
            return self._port.unique_id
        printed = self._ask(READ_ID).strip()
        if not is_id(printed):
            reason = f"asked for its id, the board printed {shorten(repr(printed))}"
            raise Symptom.ODD_ANSWER.error(self.name, reason=reason)
        return printed


def _changed_files(chip: Chip, there: Mapping[str, str], installed: Collection[tuple[str, str]]) -> list[str]:
    """Return the files of the chip's firmware that are missing or have another content.

    there: hash by path of all files. installed: (path, hash) of those that `flash` has installed. A module in source
    form is compared with this host's; all else was compiled, or is of other makers, and is compared with the list.
    """
    wrong, known = [], dict(installed)
    for name, source in firmware_sources(chip).items():
        module, digest = name, file_hash(source)
        compiled = name.removesuffix(".py") + ".mpy"
        if name not in there and (compiled in there or compiled in known):
            module, digest = compiled, known.get(compiled, "not installed")
        if there.get(module) != digest:
            wrong.append(module)
        known.pop(name, None)
        known.pop(compiled, None)
    return sorted([*wrong, *(name for name, digest in known.items() if name and there.get(name) != digest)])


STEPS: dict[str, Callable[[_Examination], str]] = {
    "permission": _Examination.permission,
    "port": _Examination.port,
    "BOOTSEL": _Examination.bootsel,
    "MicroPython": _Examination.micropython,
    "chip": _Examination.chip,
    "start files": _Examination.start_files,
    "firmware": _Examination.firmware,
    "settling": _Examination.settling,
    "calibration": _Examination.calibration,
}
PREFLIGHT = ("permission", "port", "MicroPython", "chip")  # what must be well before `flash` writes
