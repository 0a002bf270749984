"""The paper's own arrangement: edges with flip-flops learn as those that the firmware steers."""

from pathlib import Path

import pytest

import twinohm
from twinohm.errors import BoardError, UsageError
from twinohm.model.levers import Levers
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task


@pytest.mark.slow
@pytest.mark.parametrize(
    "levers",
    [Levers(), Levers(p=0.4, error_full_V=0.3), Levers(readings=3, vote="unanimous", overclamp=True)],
    ids=lambda levers: ",".join(levers.changed()) or "none",
)
def test_it_learns_as_lab16_tick_for_tick(levers: Levers, tmp_path: Path) -> None:
    task = find_task("allostery")
    logs = []
    for board in ("lab16", "edge16"):
        folder = run(plan_run(task, board, port="sim://?noise_V=0", seed=3, ticks=150, levers=levers), tmp_path / board)
        summary = folder.summary()
        assert summary.violations == 0, summary.violation_texts
        logs.append(list(folder.ticks()))
    for lab16, edge16 in zip(*logs, strict=True):
        assert [getattr(lab16, key) for key in ("up", "moved", "taps", "free_V")] == [
            getattr(edge16, key) for key in ("up", "moved", "taps", "free_V")
        ]
    assert all(record.cmp is record.sgn is None for record in logs[1])
    assert {record.up for record in logs[1]} != {0}


def test_levers_that_it_cannot_do_are_refused_by_name() -> None:
    for vote in ("majority", "up"):
        with pytest.raises(UsageError, match=f"board edge16 cannot do vote={vote}"):
            plan_run(find_task("allostery"), "edge16", levers=Levers(readings=3, vote=vote))
    with twinohm.open("sim://edge16") as board, pytest.raises(BoardError, match="find their own direction"):
        board.exec("learner.levers(readings=3)")


def test_taps_are_found_again_by_preset_and_clear() -> None:
    wanted = [4 + 7 * i for i in range(16)]
    with twinohm.open("sim://edge16?profile=ideal") as board:
        board.home()
        board.train(5, {"B": 5, "D": 1, "I": 0}, {"F": 3, "G": 3, "H": 3})
        board.restore(wanted)
        ticks = board.train(1, {"B": 5, "D": 1, "I": 0}, {"F": 3, "G": 3, "H": 3})
        assert board.taps is not None
        assert [abs(a - b) for a, b in zip(board.taps, wanted, strict=True)] == [
            int(ticks[0].moved >> i & 1) for i in range(16)
        ]
