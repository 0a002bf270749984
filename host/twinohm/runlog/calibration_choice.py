"""Which calibration a run uses: none, the one that is kept for its board, or that of a file.

One that does not fit is not used: neither one that is known not to fit, nor one that a measurement contradicts.
"""

from pathlib import Path
from typing import NamedTuple

from twinohm.errors import UsageError
from twinohm.faces import option
from twinohm.link.board_client import BoardClient
from twinohm.link.channel_readings import measured_misfit
from twinohm.link.port_tokens import named_port
from twinohm.model.board import Board
from twinohm.model.calibration import Calibration, load_calibration, read_calibration
from twinohm.remedies import Symptom

AUTO, NONE = "auto", "none"  # anything else is a file
NO_KEY = "it has no key of what it was measured on: an earlier version of TwinOhm made it"


class Choice(NamedTuple):
    """The calibration to use, None for none, and what a person has to know about it: "" or a sentence."""

    calibration: Calibration | None
    note: str = ""


def describe(calibration: Calibration | None) -> str:
    """Return what a summary and the first line of a run say of the calibration that is used."""
    return NONE if calibration is None else calibration.title


def choose_calibration(client: BoardClient, wanted: str) -> Choice:
    """Return the calibration that `wanted` (AUTO, NONE or a file) names for an open board, and correct the board by it.

    Raises UsageError for a file that cannot be read or does not fit, and for a damaged calibration that is kept.
    """
    if wanted == NONE:
        return Choice(None)
    found = load_calibration(client.board.name, client.board_id) if wanted == AUTO else read_calibration(Path(wanted))
    port = named_port(client.port_name)
    if found is None:
        return Choice(None, Symptom.NOT_CALIBRATED.sentence(port=port))
    known = kept_misfit if wanted == AUTO else Calibration.misfit
    why = known(found, client.board, client.board_id) or measured_misfit(client, found)
    if why is None:
        return Choice(found, "" if found.key else f"{NO_KEY}; it is used because --calibration names it")
    if wanted == AUTO:
        return Choice(None, Symptom.MISFIT.sentence(made=found.made, reason=why, port=port))
    raise UsageError(
        f"--calibration {wanted}: does not fit: {why}; {Symptom.MISFIT.remedy.format(port=port)}, "
        f"or run with {option('calibration', NONE)}"
    )


def kept_misfit(kept: Calibration, board: Board, board_id: str | None) -> str | None:
    """Return why a run does not use the calibration that is kept for its board, None if nothing is known against it.

    Whether the board's channels contradict it, only measured_misfit() tells.
    """
    return kept.misfit(board, board_id) or (NO_KEY if kept.key is None else None)


def check_wanted(wanted: str) -> str:
    """Return `wanted`. Raises UsageError if it is a file that cannot be read."""
    if wanted not in (AUTO, NONE):
        read_calibration(Path(wanted))
    return wanted


def check_resumed(wanted: str, used: Calibration | None, board: str, board_id: str | None) -> None:
    """Raise UsageError if `wanted` is another calibration than the one that a run has used."""
    if wanted == NONE:
        found = None
    else:
        found = load_calibration(board, board_id) if wanted == AUTO else read_calibration(Path(wanted))
    if found != used:
        raise UsageError(
            f"--calibration {wanted}: is {describe(found)}, but the run used {describe(used)}; "
            "a resumed run keeps what it used: leave --calibration out"
        )
