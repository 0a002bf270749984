"""How to install what an extra of TwinOhm needs, into the Python that runs: from a checkout and from a wheel alike."""

import re
import shlex
import sys
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec

_REQUIREMENT = re.compile(r"""^(?P<what>[^;]+?)\s*;.*\bextra == ['"](?P<extra>[\w-]+)['"]""")
_OURS = re.compile(r"^twinohm\[(?P<extras>[\w, -]+)\]$")


def install_command(*extras: str) -> str:
    """Return the command that installs the packages of these extras.

    Their names and versions are those of the installed metadata. Without metadata, or for an extra that it does not
    know, the extra itself is named.
    """
    try:
        given = requires("twinohm") or []
    except PackageNotFoundError:
        given = []
    packages = sorted({package for extra in extras for package in _packages(extra, given)})
    wanted = shlex.join(packages or [f"twinohm[{','.join(extras)}]"])
    if find_spec("pip") is None:  # as in an environment that uv made
        return f"uv pip install --python {shlex.quote(sys.executable)} {wanted}"
    return f"{shlex.quote(sys.executable)} -m pip install {wanted}"


def _packages(extra: str, given: list[str]) -> set[str]:
    found: set[str] = set()
    for requirement in given:
        if (parts := _REQUIREMENT.match(requirement)) is None or parts["extra"] != extra:
            continue
        if ours := _OURS.match(parts["what"]):
            for other in re.split(r"[, ]+", ours["extras"]):
                found |= _packages(other, given)
        else:
            found.add(parts["what"].replace(" ", ""))
    return found
