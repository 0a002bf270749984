"""What code at a board's prompt changes, and what the client's next calls do: what they do on an undisturbed board."""

import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

import twinohm
from tests.interrupted_calls import INPUTS, OUTPUTS
from twinohm.errors import LinkError, UsageError
from twinohm.link.board_client import BoardClient
from twinohm.model.levers import Levers
from twinohm.protocol.telemetry import Example, Tick

URL = "sim://lab16?seed=3&profile=ideal"
OTHER_ROLES = 'learner.apply({"A": 5, "C": 1, "E": 0})\nlearner.nudge({"F": 3, "G": 3, "H": 3})\n'
DISTURBANCES = {
    "other inputs": OTHER_ROLES,
    "fewer inputs": 'learner.apply({"B": 5})',
    "inputs in another order": 'learner.apply({"I": 0, "D": 1, "B": 5})',
    "other outputs": 'learner.nudge({"A": 3, "C": 3, "E": 3})',
    "outputs in another order": 'learner.nudge({"H": 3, "G": 3, "F": 3})',
    "eta": 'learner.nudge({"F": 3, "G": 3, "H": 3}, eta=0.1)',
    "waits": 'learner.nudge({"F": 3, "G": 3, "H": 3})',
    "volts": 'learner.apply({"B": 1, "D": 2, "I": 3})',
    "levers": "learner.levers(p=0.2, readings=3)",
    "corrections": "learner.twin.correct([(9, 900)] * 9 + [(5000, 70)] * 18)",
    "taps and ticks": 'learner.apply({"B": 5, "D": 1, "I": 0})\nlearner.nudge({"F": 3})\nlearner.train(7)',
    "self-test": "learner.selftest()",
    "safe": "learner.safe()",
    "error": OTHER_ROLES + "1/0",
    "interrupt": OTHER_ROLES + "while True: pass",
    "interrupt of ticks": OTHER_ROLES + "learner.train(10 ** 7)",
    "exit": OTHER_ROLES + "exit()",
    "SystemExit": OTHER_ROLES + "raise SystemExit",
    "soft reset": OTHER_ROLES + "import machine; machine.soft_reset()",
    "reset": OTHER_ROLES + "import machine; machine.reset()",
}
SETTINGS: dict[str, Callable[[BoardClient], None]] = {
    "as opened": lambda board: board.place(tuple(INPUTS), tuple(OUTPUTS)),
    "eta": lambda board: board.place(tuple(INPUTS), tuple(OUTPUTS), eta=0.5),
    "absent": lambda board: board.place(tuple(INPUTS), tuple(OUTPUTS), absent=["A-B"]),
    "levers": lambda board: board.set_levers(Levers(p=0.5), seed=3),
    "corrections": lambda board: board.correct({}, {"B": (3, 300)}),
}


@pytest.fixture(scope="module", params=SETTINGS)
def setting(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def set_up(board: BoardClient, setting: str) -> None:
    SETTINGS[setting](board)
    if not board.inputs:
        board.place(tuple(INPUTS), tuple(OUTPUTS))


@pytest.fixture(scope="module")
def undisturbed(setting: str) -> list[Any]:
    with twinohm.open(URL) as board:
        set_up(board, setting)
        return seen(board)


@pytest.fixture(scope="module")
def opened(setting: str) -> Iterator[BoardClient]:
    """A board of its own for each setting: what was never set must hold too."""
    with twinohm.open(URL) as board:
        set_up(board, setting)
        yield board


@pytest.fixture
def board() -> Iterator[BoardClient]:
    with twinohm.open(URL) as opened:
        set_up(opened, "as opened")
        yield opened


def seen(board: BoardClient) -> list[Any]:
    """Return what calls that need roles say of a board, and its ticks whole: volts, bits, taps, board time."""
    board.restore(range(60, 76))
    board.set_clock(0)
    inferred = board.infer([[5, 1, 0], [2, 3, 4]])
    board.apply(INPUTS)
    measured = board.measure()
    streamed = [tick for chunk in board.stream([(70, Example([5, 1, 0], [3, 3, 3]))]) for tick in chunk]
    ticks: list[Tick] = [*streamed, *board.train(5, INPUTS, OUTPUTS, eta=board.eta)]
    return [inferred, measured, ticks, board.taps, board.tick]


def same(found: list[Any], expected: list[Any]) -> bool:
    """Return whether both are equal, but for a microsecond of the clock, which counts whole ones."""
    timeless = [[[replace(tick, t_us=0) for tick in part[2]], *part[:2], *part[3:]] for part in (found, expected)]
    times_us = [[tick.t_us for tick in part[2]] for part in (found, expected)]
    return timeless[0] == timeless[1] and times_us[0] == pytest.approx(times_us[1], abs=1)


def disturb(board: BoardClient, code: str) -> None:
    """Run code, interrupt it if it does not end, and let its errors pass."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3 if "while" in code or "10 **" in code else 0)
        with suppress(LinkError, KeyboardInterrupt):
            board.exec(code)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
@pytest.mark.parametrize("disturbance", DISTURBANCES)
def test_after_code_calls_do_what_they_do_on_an_undisturbed_board(
    opened: BoardClient, undisturbed: list[Any], disturbance: str
) -> None:
    disturb(opened, DISTURBANCES[disturbance])
    assert (opened.inputs, opened.outputs) == (tuple(INPUTS), tuple(OUTPUTS))
    assert same(seen(opened), undisturbed)


@pytest.mark.parametrize("again", [BoardClient.reset, BoardClient.reopen])
def test_levers_and_corrections_hold_over_a_reset_and_a_reopening(
    opened: BoardClient, undisturbed: list[Any], again: Callable[[BoardClient], None]
) -> None:
    _, eta, absent, _ = vars(opened._roles).values()
    again(opened)
    assert opened.inputs == opened.outputs == ()
    opened.place(tuple(INPUTS), tuple(OUTPUTS), eta, absent)
    assert same(seen(opened), undisturbed)


@pytest.mark.parametrize(
    "call",
    [
        lambda b: b.infer([[5, 1, 0]]),
        lambda b: b.apply(INPUTS),
        lambda b: [tick.taps for tick in b.train(5, INPUTS, OUTPUTS)],
        lambda b: [tick.taps for chunk in b.stream([(5, Example([5, 1, 0], [3, 3, 3]))]) for tick in chunk],
    ],
)
@pytest.mark.parametrize("disturbance", ["other inputs", "fewer inputs", "soft reset"])
def test_the_first_call_after_code_already_has_the_roles_of_the_client(
    board: BoardClient, call: Callable[[BoardClient], Any], disturbance: str
) -> None:
    found = []
    for code in ("1", DISTURBANCES[disturbance]):
        board.restore(range(60, 76))
        board.exec(code)
        found.append((call(board), board.measure()))
    assert found[0] == found[1]


def test_what_code_drives_can_be_measured(board: BoardClient) -> None:
    board.exec('learner.apply({"A": 5, "C": 1, "E": 0})')
    free_V, _ = board.measure()
    assert [free_V[name] for name in "ACE"] == pytest.approx([5, 1, 0], abs=0.01)


def test_a_board_without_roles_has_none_after_code_either() -> None:
    with twinohm.open(URL) as board:
        board.exec(OTHER_ROLES)
        for call in (
            lambda: board.infer([[5, 1, 0]]),
            lambda: list(board.stream([(1, Example([5, 1, 0], [3, 3, 3]))])),
        ):
            with pytest.raises(UsageError, match=r"place\(\) inputs and outputs first"):
                call()


@pytest.mark.parametrize("code", ["import machine; machine.reset()", "import machine; machine.soft_reset()"])
def test_board_time_goes_on_after_code_that_resets_the_board(board: BoardClient, code: str) -> None:
    board.home()
    before = board.train(5, INPUTS, OUTPUTS)[-1].t_us
    with suppress(LinkError):
        board.exec(code)
    board.home()
    assert before <= board.train(1, INPUTS, OUTPUTS)[0].t_us < before + 60_000_000
