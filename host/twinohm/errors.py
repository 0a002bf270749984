"""Errors whose text is for the user: the command line prints it alone and ends with `exit_code`."""


class TwinOhmError(Exception):
    """The text says who, which value and what to do next."""

    exit_code = 1


class UsageError(TwinOhmError):
    """A wrong argument or a wrong file."""

    exit_code = 2


class BoardFileError(UsageError):
    """A boards.toml that cannot be read or describes no possible board."""


class RunError(TwinOhmError):
    """A run that did not reach its end, or a log that cannot be used."""


class RunFileError(RunError):
    """What is named is no run folder, or its log or run.json cannot be used."""

    exit_code = 2


class RunBusy(RunError):
    """Another process writes the run."""


class DiskError(RunError):
    """The disk refuses: full, read-only, gone. What was logged before stays."""


class LinkError(TwinOhmError):
    """Trouble between host and board."""


class BoardNotFound(LinkError):
    """No board at the port."""


class BoardBusy(LinkError):
    """Another program has the port."""


class BoardMismatch(LinkError):
    """A board that this host cannot drive, or another one than the run's."""


class LinkLost(LinkError):
    """The board fell silent or was unplugged."""


class BoardError(LinkError):
    """The board answered that it could not do it."""
