"""Settings that a user gives and nothing would use are refused: those of a task, of the levers, of a command."""

from collections.abc import Mapping

from twinohm.errors import UsageError


def refuse_unused(given: Mapping[str, object], unused: Mapping[str, str]) -> None:
    """Raise UsageError for the first setting of `given` that stands in `unused`, with the reason that stands there.

    given: values by name; a setting that was not given is None, and an option of the command line is written --NAME.
    unused: by name, why nothing uses the setting.
    """
    for name, value in given.items():
        if value is not None and name in unused:
            equals = " " if name.startswith("--") else " = "
            shown = name if value is True or isinstance(value, tuple) else f"{name}{equals}{value}"
            raise UsageError(f"{shown}: {unused[name]}; leave it out")
