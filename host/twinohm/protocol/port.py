"""What every transport offers to the code above it: a byte stream, and what the transport knows of the board."""

from abc import ABC, abstractmethod

from serial import SerialBase

from twinohm.model.board import Board
from twinohm.protocol.side_channel import SideChannel


class Port(ABC):
    """A transport to one board. It is created closed; open() raises OSError or TwinOhmError.

    The attributes below describe the transport and are there before it is opened, except those of one board.
    """

    name: str  # device name or URL
    is_device: bool  # a serial device of this computer, which may get another name after a replug
    virtual: bool  # opening it powers on a new virtual board
    timeout_factor: float  # how many times as long as usual the host should wait for a reply

    board: Board | None = None  # the board's table if the transport knows it; None: boards.toml has it
    unique_id: str | None = None  # of a virtual board; None: the board's HELLO has it
    side_channel: SideChannel | None = None  # of a virtual board

    @property
    def shared(self) -> bool:
        """Whether another program could open the same board."""
        return not self.virtual

    @property
    @abstractmethod
    def pyserial(self) -> SerialBase:
        """pyserial's object, for code that needs one: miniterm."""

    @abstractmethod
    def open(self) -> None:
        """Open the port."""

    @property
    @abstractmethod
    def in_waiting(self) -> int:
        """Number of bytes that read() would return at once."""

    @abstractmethod
    def read(self, size: int = 1, /) -> bytes:
        """Return up to `size` bytes, fewer after the port's time-out."""

    @abstractmethod
    def write(self, data: bytes, /) -> int | None:
        """Send bytes."""

    @abstractmethod
    def close(self) -> None:
        """Close the port; a closed port stays closed."""
