"""A board whose ticks are logged as it is driven: twinohm.open(port, log="runs")."""

from __future__ import annotations

import weakref
from pathlib import Path

from twinohm.errors import RunError
from twinohm.link.board_client import BoardClient, TickRequest
from twinohm.link.timeouts import Timeouts
from twinohm.protocol.telemetry import Tick
from twinohm.runlog.session_log import SessionLog, TrainedChunk


class LoggedBoard(BoardClient):
    """An open board that logs what it trains, in run folders below `out`.

    A folder begins with the first ticks; another one begins after set_levers(), correct(), set_clock(), exec() and
    reopen(). An error of the disk is a RunError of the next of these calls, of the next one that trains, or of close();
    that call does nothing else, and another folder begins after it.
    After exec() or correct() true voltages of a virtual board are not logged any more: code may have made ticks.
    """

    def __init__(self, port: str, boards: Path | None, out: Path, timeouts: Timeouts | None = None) -> None:
        self._out = out.absolute()
        self._session: SessionLog | None = None
        self._truth_known = True
        self._last_log: Path | None = None
        super().__init__(port, boards, timeouts)

    @property
    def log(self) -> Path | None:
        """The run folder of the last ticks, also of a closed board; None if there is none yet."""
        return self._last_log

    def close(self) -> bool:
        """Close the board as BoardClient does, then its log. Raises RunError if that could not be written."""
        safe = super().close()
        if self._link.closed:  # else it is closed at the end of the call that a signal handler has interrupted
            self._end_session()
        return safe

    def _before_change(self, unseen_ticks: bool = False) -> None:
        self._truth_known = self._truth_known and not unseen_ticks
        self._end_session()

    def _before_ticks(self) -> None:
        if self._session is not None:
            try:
                self._session.check()
            except RunError:
                self._end_session()  # raises it again
            return
        channel = self.side_channel if self._truth_known else None
        if channel is not None:
            channel.discard()
        roles = self._roles
        session = SessionLog(self._out, self, roles.placement, roles.eta, self._levers_set, channel)
        self._session, self._last_log = session, session.path
        weakref.finalize(self, session.close_quietly)  # a board that is dropped, and a program that ends, has its ticks

    def _made_ticks(self, request: TickRequest, taps: tuple[int, ...], ticks: list[Tick]) -> None:
        if self._session is not None:
            self._session.add(TrainedChunk(request, taps, ticks))

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
