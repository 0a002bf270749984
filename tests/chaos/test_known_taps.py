"""What a client says of taps and ticks: what the board counts, or None, never what may be wrong."""

import json
import signal
from collections.abc import Callable, Iterator

import pytest

import twinohm
from tests.interrupted_calls import INPUTS, OUTPUTS, first_and_last_passes, interrupt
from twinohm.errors import BoardError, LinkLost, UsageError
from twinohm.link.board_client import BoardClient
from twinohm.link.repl import RawRepl
from twinohm.link.timeouts import Timeouts
from twinohm.protocol.telemetry import Example

LEARN = "learner.apply({'B': 5, 'D': 1, 'I': 0})\nlearner.nudge({'F': 3})\nlearner.train(20)"


@pytest.fixture
def board() -> Iterator[BoardClient]:
    with twinohm.open("sim://lab16?profile=ideal") as opened:
        opened.home()
        opened.train(5, INPUTS, OUTPUTS)
        yield opened


def counted(board: BoardClient) -> tuple[list[int] | None, int]:
    """Return what the board counts, without the client's help."""
    board._link.leave_serve()
    repl: RawRepl = board._link.repl
    text = repl.exec(
        "import json\nfrom twinohm_fw import learner\nprint(json.dumps([learner.taps, learner.twin.ticks]))"
    )
    taps, tick = json.loads(text)
    return taps, tick


def known(board: BoardClient) -> tuple[list[int] | None, int | None]:
    return list(board.taps) if board.taps is not None else None, board.tick


@pytest.mark.parametrize("code", [LEARN, "learner.home()", "learner.restore([70] * 16)", "learner.twin.pots.pulse(0)"])
def test_after_code_taps_are_those_of_the_board(board: BoardClient, code: str) -> None:
    board.exec(code)
    assert known(board) == counted(board)
    with pytest.raises(BoardError, match="ZeroDivisionError"):
        board.exec(f"{code}\n1/0")
    assert known(board) == counted(board)


def test_after_code_that_hides_its_counts_taps_are_not_known(board: BoardClient) -> None:
    board.exec("twin, learner.twin = learner.twin, None")
    assert known(board) == (None, None)
    board.exec("learner.twin = twin\nlearner.home()")
    assert known(board) == ([64] * 16, 0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
def test_after_an_interrupt_of_code_taps_are_not_known_until_the_next_call(board: BoardClient) -> None:
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            board.exec(f"{LEARN}\nwhile True: learner.train(1)")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert known(board) == (None, None)
    board.measure()
    assert known(board) == counted(board) and (board.tick or 0) > 25


@pytest.mark.parametrize("act", [BoardClient.home, lambda board: board.restore(range(60, 76))])
def test_after_an_interrupt_of_home_and_restore_taps_are_those_of_the_board_or_not_known(
    board: BoardClient, act: Callable[[BoardClient], None]
) -> None:
    seen = set()
    passes = first_and_last_passes(lambda: act(board))
    for after in passes[:: max(1, len(passes) // 40)]:
        board.restore([100] * 16)
        board.train(1, INPUTS, OUTPUTS)
        interrupt(lambda: act(board), after)
        said = known(board)
        board._link.take_time()  # the interrupt has left it little
        board._link.settle()
        if said != (None, None):
            assert said == counted(board)
        seen.add(said[0] is None)
        board.measure()
        assert known(board) == counted(board)
    assert seen == {True, False}


def test_after_an_error_of_restore_taps_are_not_known_until_the_next_call(board: BoardClient) -> None:
    board.exec("twin, before = learner.twin, learner.twin.restore\ndef fails(taps): raise OSError('worn out')")
    board.exec("twin.restore = fails")
    with pytest.raises(BoardError, match="worn out"):
        board.home()
    assert known(board) == (None, None)
    board.exec("twin.restore = before")
    board.home()
    assert known(board) == ([64] * 16, 0)


def test_taps_of_a_lost_board_are_not_known(board: BoardClient) -> None:
    made = board.tick
    board._link.port.close()
    with pytest.raises(LinkLost):
        board.train(1000, INPUTS, OUTPUTS)
    assert known(board) == (None, None) and board.ticks_made == made
    board.reopen()
    assert known(board) == counted(board)


def test_ticks_made_begins_again_as_the_count_of_the_board_does() -> None:
    with BoardClient("sim://lab16?profile=ideal", timeouts=Timeouts(reopen_s=0.1)) as board:
        board.home()
        board.train(30, INPUTS, OUTPUTS)
        board.reset()
        assert (board.ticks_made, board.tick) == (0, None)
        board.safe()
        assert known(board) == counted(board) and board.ticks_made == 0
        board.train(5, INPUTS, OUTPUTS)
        with pytest.raises(LinkLost, match="not back within"):
            board.reopen("socket://127.0.0.1:1")
        assert (board.ticks_made, board.tick) == (5, None)  # of the lost board


@pytest.mark.parametrize("pause_s", [0.005, 0.02, 0.1])
def test_a_training_that_is_interrupted_again_and_again_owes_no_ticks(board: BoardClient, pause_s: float) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.05, pause_s)
                board.train(1000, INPUTS, OUTPUTS)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
    taps, tick = known(board)
    made, (after, at) = board.last_ticks, counted(board)
    assert taps in (None, after) and tick in (None, at)
    assert len(made) == at - 5 and list(made[-1].taps) == after


def test_a_refused_training_has_no_last_ticks(board: BoardClient) -> None:
    for _ in board.stream([(200, Example([5, 1, 0], [3, 3, 3]))]):
        break
    with pytest.raises(UsageError):
        board.train(20, INPUTS, {"F": 3, "Q": 3})
    assert board.last_ticks == []
