"""What can be wrong between a user and a board, and what the user does about it: one sentence for each symptom."""

from enum import Enum

from twinohm.errors import BoardBusy, BoardMismatch, BoardNotFound, LinkLost, OtherBoard, TwinOhmError, UsageError

_LIST = "`twinohm ports` lists the ports"
_NAME_IT = "if you want it, name it with --port"
_FLASH = "`twinohm flash` installs it"
_RULE = 'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="2e8a", GROUP="dialout", MODE="0660"'
_TCP = "write {scheme}://HOST:PORT, as in {scheme}://localhost:7000"


class Symptom(Enum):
    """What was seen, and the remedy; both may have {fields} that error() fills in."""

    def __init__(self, kind: type[TwinOhmError], seen: str, remedy: str) -> None:
        self.kind = kind
        self.seen = seen
        self.remedy = remedy

    def error(self, where: str, **values: object) -> TwinOhmError:
        """Return the error to raise. where: port or drive; values: those of the fields."""
        error = self.kind(f"{where}: {self.sentence(**values)}")
        error.remedy = self.remedy.format(**values)
        return error

    def sentence(self, **values: object) -> str:
        """Return what was seen and the remedy."""
        return f"{self.seen}; {self.remedy}".format(**values)

    # -- what the user has written
    EMPTY = UsageError, "the port has no name", f"name a device, a URL or auto; {_LIST}"
    UNPRINTABLE = UsageError, "the port's name has a character that cannot be printed", _LIST
    MALFORMED = UsageError, "this is no URL ({reason})", f"write it as in sim://lab16?seed=1; {_LIST}"
    UNKNOWN_SCHEME = UsageError, "{reason}", _LIST
    NO_OPTION = UsageError, "a port {scheme}:// has no option {option!r}", "it has {known}; leave others out"
    MISSPELT = UsageError, "there is no such device", f"did you mean {{meant}}? {_LIST}"
    NOT_FROM_FILES = UsageError, "a file names this port, and a port {scheme}:// is never opened for a file", _NAME_IT
    NO_TCP_PORT = UsageError, "the URL names no TCP port", _TCP
    BAD_TCP_PORT = UsageError, "the TCP port is no number of 1 to 65535", _TCP
    NO_HOST = UsageError, "the URL names no computer", _TCP

    # -- opening
    NOT_ONE = BoardNotFound, "{number} boards with MicroPython", f"name one with --port, {_LIST}"
    ABSENT = BoardNotFound, "there is no such device", f"plug the board in; {_LIST}"
    NOT_SERIAL = UsageError, "this is no serial port", f"name another one; {_LIST}"
    NOT_IN_GROUP = (
        BoardBusy,
        "permission denied, only group {group} may open it",
        "`sudo usermod -aG {group} $USER`, then log out and in again",
    )
    OLD_LOGIN = (
        BoardBusy,
        "permission denied, your user came into group {group} after you had logged in",
        "log out and in again",
    )
    NO_RULE = (
        BoardBusy,
        "permission denied, only {owner} may open it",
        f"write the line {_RULE} to /etc/udev/rules.d/60-pico.rules and plug the board in again",
    )
    HELD = BoardBusy, "held by {holder}", "end it, or wait until it is done"
    HELD_HERE = BoardBusy, "held by {holder}", "close() its other client first"
    UNKNOWN_HOST = BoardNotFound, "no computer has this name ({reason})", "correct the name, or give its address"
    REFUSED = (
        BoardNotFound,
        "nothing there accepts a connection ({reason})",
        "start the server of the port (`twinohm sim BOARD --tcp PORT`, ser2net), or correct HOST:PORT",
    )
    UNREACHABLE = BoardNotFound, "it cannot be reached ({reason})", "is it switched on, and in this network?"
    NO_RFC2217 = (
        BoardNotFound,
        "what answers there does not speak RFC 2217",
        "use socket://HOST:PORT, or a server of RFC 2217, such as ser2net with a telnet port",
    )
    CLOSED_AT_ONCE = (
        LinkLost,
        "the port closed the connection at once ({reason})",
        "a port of `twinohm sim --tcp` wants its token: copy the whole URL that it printed; another one may be in use",
    )
    LACKS = BoardNotFound, "this kind of port cannot be used ({reason})", _LIST
    CANNOT_OPEN = BoardNotFound, "it cannot be opened ({reason})", _LIST

    # -- what is on the board
    SILENT = (
        BoardNotFound,
        "no MicroPython prompt within {timeout_s:g} s, it sent nothing",
        "is MicroPython on the board? If not, plug it in with BOOTSEL held, and `twinohm flash`",
    )
    FOREIGN_TEXT = (
        BoardNotFound,
        "no MicroPython prompt within {timeout_s:g} s, it sent {text}",
        f"that is another device, or a program that does not end; {_LIST}",
    )
    PRINTS = (
        LinkLost,
        "it prints without pause, {sent}",
        "is a board of TwinOhm there? Stop the program that prints",
    )
    GONE = LinkLost, "{reason}", "is it plugged in and powered?"
    ODD_ANSWER = (
        LinkLost,
        "{reason}",
        "reset the board or plug it in again; if it stays so, plug it in with BOOTSEL held, and `twinohm flash`",
    )
    NO_REPLY = (
        LinkLost,
        "no reply to {request} in {seconds:g} s, sent {tries} times",
        "is the board plugged in and powered?",
    )
    DAMAGED = (
        LinkLost,
        "it says of each {request} that it came damaged, sent {tries} times",
        "use another cable or USB port; if that does not help, `twinohm flash` the board",
    )
    STOPPED = (
        LinkLost,
        "it showed its prompt and accepted the firmware's start (OK), then it stopped: no reply to {request} in "
        "{seconds:g} s, sent {tries} times",
        "reset the board or plug it in again; if it stops again, `twinohm flash` it",
    )
    FOREIGN_REPLY = (
        LinkLost,
        "no reply to {request} in {seconds:g} s, but {text}",
        "what prints on this line is not the firmware: stop it, or `twinohm flash` the board",
    )
    NO_FIRMWARE = BoardMismatch, "MicroPython runs there without the firmware of TwinOhm ({reason})", _FLASH
    WRONG_MPY = BoardMismatch, "its firmware is compiled for another MicroPython ({reason})", f"the host's: {_FLASH}"
    OTHER_CHIP = (
        BoardMismatch,
        "the board has a chip on which the firmware would write wrong registers ({chip})",
        "use a Raspberry Pi Pico, Pico W, Pico 2 or Pico 2 W; nothing was written",
    )
    RISC_V = (
        BoardMismatch,
        "MicroPython uses the RISC-V cores there ({chip}), for which the firmware has no machine code",
        "plug it in with BOOTSEL held, then `twinohm flash --uf2` MicroPython's RPI_PICO2 for the Arm cores; nothing "
        "was written",
    )
    OLD_MICROPYTHON = (
        BoardMismatch,
        "it runs MicroPython {version}, the firmware needs {needed}; nothing was written",
        "plug it in with BOOTSEL held: `twinohm flash` installs that too",
    )
    OTHER_PYTHON = (
        BoardMismatch,
        "{name} runs there, the firmware needs MicroPython; nothing was written",
        "a virtual board needs no firmware; to install MicroPython, plug a Pico in with BOOTSEL held and "
        "`twinohm flash`",
    )
    OTHER_PROTOCOL = BoardMismatch, "the board has protocol {theirs}, this host has {ours}", f"the host's: {_FLASH}"
    BAD_REPLY = BoardMismatch, "{reason}", "put this host's firmware on it: `twinohm flash`"

    OTHER_BOARD = (
        OtherBoard,
        "another board is there: {theirs}, not {ours}",
        "connect that one; for this one, or that one with a new Pico, begin a new run (in Python: twinohm.open())",
    )

    # -- files on the board
    FOREIGN_START = (
        BoardMismatch,
        "the board starts {names} of yours, and not TwinOhm's",
        "`twinohm flash` installs TwinOhm's, and keeps yours as {kept}",
    )
    CUT_OFF = BoardMismatch, "an installation was interrupted ({name} is there)", "`twinohm flash` again"
    OTHER_FIRMWARE = (
        BoardMismatch,
        "it has firmware {theirs}, this host has {ours}",
        f"the host's: {_FLASH}",
    )
    CHANGED_FILES = (
        BoardMismatch,
        "files of its firmware are missing or changed: {names}",
        "`twinohm flash` writes them again",
    )
    OTHER_TABLES = (
        BoardMismatch,
        "the board was flashed with other tables of {board} than those in boards.toml",
        "`twinohm flash` it with this boards.toml, or name the board's own with --boards",
    )

    # -- what a run uses of this board
    SHORT_WAIT = (
        BoardMismatch,
        "it waits {theirs} us for its nodes to settle, those of {board} need {ours} us",
        "`twinohm flash` it with this boards.toml",
    )
    NOT_CALIBRATED = (
        BoardMismatch,
        "no calibration is kept for this board",
        "`twinohm calibrate --port {port}` makes one",
    )
    BAD_CALIBRATION = UsageError, "{reason}", "remove it, or `twinohm calibrate` the board again"
    MISFIT = (
        BoardMismatch,
        "the calibration of {made} does not fit and is not used: {reason}",
        "`twinohm calibrate --port {port}` makes a new one",
    )

    # -- the drive of a Pico in BOOTSEL
    IN_BOOTSEL = (
        BoardNotFound,
        "a Pico is in BOOTSEL, where it runs no program",
        "`twinohm flash` installs MicroPython and the firmware",
    )
    NO_DISK = (
        BoardNotFound,
        "a Pico is in BOOTSEL, but this computer shows no drive of it",
        "wait some seconds; if none comes, plug it in at another socket with BOOTSEL held, and see `lsblk`",
    )
    NO_PICO = (
        BoardNotFound,
        "no Pico, neither with MicroPython nor in BOOTSEL",
        "plug it in, or hold BOOTSEL while you do",
    )
    NO_DRIVE = (
        BoardNotFound,
        "no drive of a Pico within {timeout_s:g} s",
        "mount it and repeat, or name its folder with --drive",
    )
    NOT_MOUNTED = (
        BoardNotFound,
        "a Pico is in BOOTSEL, but its drive is not mounted",
        "open it in the file manager or with `udisksctl mount -b {device}`, then repeat",
    )
    UF2_OF_OTHER_CHIP = (
        UsageError,
        "it is for an {theirs}, the Pico at {pico} has an {ours}",
        "name MicroPython's {release} with --uf2",
    )
    UF2_OF_RISC_V = (
        UsageError,
        "it is for the RISC-V cores of an RP2350, for which the firmware has no machine code",
        "name MicroPython's RPI_PICO2 for the Arm cores with --uf2",
    )
    UF2_OF_CIRCUITPYTHON = (
        UsageError,
        "it is CircuitPython, the firmware needs MicroPython",
        "name MicroPython's {release} with --uf2",
    )
