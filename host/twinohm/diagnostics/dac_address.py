"""Read and write the address of one MCP4728 of a board (firmware/twinohm_fw/drivers/dac_address.py)."""

from dataclasses import dataclass
from typing import Annotated

from twinohm.errors import BoardError, UsageError
from twinohm.json_records import RecordType
from twinohm.link.board_client import BoardClient
from twinohm.model.board import Board
from twinohm.model.i2c_places import address_at, channel_at, place_of, place_text

CODE = """from twinohm_fw.drivers.dac_address import AddressLine, CHIPS
import json
twin, new = learner.twin, {new!r}
twin.safe()  # it opens the switches first; what it then says of DACs without their address is no news
line = AddressLine(twin.networks.dacs.bus, {ldac}, {place})
was = now = None
heard = []
try:
    heard = [address for address in CHIPS if line.answers(address)]
    was = now = line.read()
    if new is not None and new != was and new not in heard:
        line.write(was, new)
        now = line.read()
        heard = [address for address in CHIPS if line.answers(address)]
    print(json.dumps([was, now, heard, ""]))
except OSError as error:
    print(json.dumps([was, now, heard, str(error)]))
"""
REMEDY = "lead a wire from the last pin of the header LDAC to the pin of one DAC"

_REPORT = RecordType[tuple[int | None, int | None, list[int], str]](
    tuple[
        Annotated[int | None, "was"],
        Annotated[int | None, "is"],
        Annotated[list[int], "heard"],
        Annotated[str, "failure"],
    ]
)


@dataclass(frozen=True)
class DacAddress:
    """The DAC whose /LDAC has the wire: places that it had and has (model/i2c_places.py), and all that answer."""

    was: int
    now: int
    answering: tuple[int, ...]


def give_address(client: BoardClient, place: int | None = None) -> DacAddress:
    """Read the address of the DAC whose /LDAC has the wire, and give it that of `place`, if it is another.

    place: one of client.board.dac.places; None: only read. The chip keeps it in its EEPROM. The board is safe after it.
    Raises UsageError for a board without a line to /LDAC, a place that it has no DAC at, or an address that another
    DAC answers at; BoardError if no chip has the wire, or it did not take the address.
    """
    board = client.board
    check(board, place)
    first = board.dac.places[0] if place is None else place
    channel = channel_at(first)
    new = None if place is None else address_at(place)
    assert board.dac.ldac is not None
    code = CODE.format(new=new, ldac=board.dac.ldac.number, place=first)
    was, now, heard, failure = client.exec_json(code, _REPORT, lambda report: report)
    if was is None or now is None or failure:
        raise BoardError(f"board {board.name}: {failure}; {REMEDY}")
    if new is not None and now != new:
        if now == was and new in heard:
            raise UsageError(
                f"another DAC of board {board.name} answers at {place_text(first)}, and the one with the wire at "
                f"{place_text(place_of(was, channel))}; lead the wire to that other one first, and give it its own"
            )
        raise BoardError(f"board {board.name}: the DAC has address 0x{now:02x}, not 0x{new:02x}; try again")
    places = tuple(place_of(address, channel) for address in heard)
    return DacAddress(place_of(was, channel), place_of(now, channel), places)


def check(board: Board, place: int | None) -> None:
    """Raise UsageError for a board without a line to /LDAC, or a place at which it has no DAC."""
    if board.dac.ldac is None:
        raise UsageError(f"board {board.name} has no line to /LDAC (dac.ldac of boards.toml), to tell its DACs apart")
    if place is not None and place not in board.dac.places:
        has = ", ".join(map(place_text, board.dac.places))
        raise UsageError(f"address {place_text(place)}: the DACs of board {board.name} are at {has}")
