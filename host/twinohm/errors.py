"""Errors whose text is for the user: the command line prints it alone and ends with `exit_code`."""

import errno

from twinohm.faces import of_face
from twinohm.plain_text import one_line, plain

LONGEST = 4000  # characters of an error's text


class TwinOhmError(Exception):
    """The text names what failed, the value, and what to do next.

    Whatever it is made of, its control characters are visible, line feeds too unless `lines`, and of a text that is too
    long both ends are kept. It names the options, or the arguments, of the face that is used (faces.py).
    """

    exit_code = 1
    lines = False  # whether its text may have more than one
    remedy = ""  # the end of its text, if remedies.py has its symptom

    def __str__(self) -> str:
        return (plain if self.lines else one_line)(of_face(super().__str__()), LONGEST)


class UsageError(TwinOhmError):
    """A wrong argument or a wrong file."""

    exit_code = 2


def listen_error(address: str, number: int, error: OSError, any_free: str) -> UsageError:
    """Return the error of a server that cannot have its port. any_free: what to do for a free one, in words."""
    why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
    return UsageError(f"port {number} of {address} {why}; name another, or {any_free} for any free one")


class BoardFileError(UsageError):
    """A boards.toml that cannot be read or describes no possible board."""


class RunError(TwinOhmError):
    """A run that did not reach its end, or a log that cannot be used."""


class RunFileError(RunError):
    """A path that is no run folder, or a run folder whose log or run.json cannot be used."""

    exit_code = 2


class RunBusy(RunError):
    """Another process is writing the run."""


class DiskError(RunError):
    """A file cannot be written: the disk is full, read-only or gone. What was logged before stays."""


class LinkError(TwinOhmError):
    """Trouble between host and board."""


class BoardNotFound(LinkError):
    """No board at the port."""


class BoardBusy(LinkError):
    """Another program has the port, or this user may not open it."""


class BoardMismatch(LinkError):
    """A board that this host cannot drive, or that is not the board of the run."""


class OtherBoard(BoardMismatch):
    """A board that fits, and that is not the one in use."""


class LinkLost(LinkError):
    """The board fell silent or was unplugged."""


class BoardError(LinkError):
    """The board answered a request with an error; the text has its words."""

    lines = True  # tracebacks of its code

    @classmethod
    def of(cls, words: bytes) -> "BoardError":
        """Return the error with the words of a board."""
        return cls(words.decode(errors="replace").strip().replace("\r\n", "\n") or "an error without words")
