"""Settings of a virtual board that are given beside its port, as --set and the argument `set` are."""

from collections.abc import Sequence

from twinohm.errors import UsageError
from twinohm.link.transports import port_at
from twinohm.sim.settings import extend_url, is_ensemble


def is_virtual(port: str) -> bool:
    """Return whether a run at a port has a virtual board: that of the port, or the ensemble engine's."""
    return is_ensemble(port) or port_at(port).virtual


def with_changes(port: str, changes: Sequence[tuple[str, str]]) -> str:
    """Return the URL of a virtual port with `changes`, (key, value), in it. Raises UsageError for another port."""
    if not changes:
        return port
    if not is_virtual(port):
        raise UsageError(f"--set is for virtual boards, not for {port}: leave it out, or give a sim:// port")
    return extend_url(port, changes)
