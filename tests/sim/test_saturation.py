"""Nodes that are asked for more than the board can give: events of the log, and a share in the summary."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.command_line import run_here
from twinohm.model.board_file import load_board
from twinohm.model.levers import Levers
from twinohm.runlog.events import Saturated
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.log_order import LogOrder
from twinohm.runlog.saturation import SaturatedTicks, SaturationWatch

CALIBRATED = RunFolder(Path(__file__).parents[1] / "data" / "runs" / "format2-calibrated")
TOO_MUCH = round(0.06 * 65536)  # the correction of a DAC that gives 6 % too little; 3.9 V of 4.096 V leave 5 %


def test_outputs_that_eq_1_drives_beyond_the_range_are_events_and_shares(tmp_path: Path) -> None:
    arguments = ["--board", "divider", "--eta", "4", "--ticks", "60", "--no-plot"]
    done = run_here("run", "divider", *arguments, cwd=tmp_path)
    (path,) = (tmp_path / "runs").iterdir()
    folder = RunFolder(path)
    ticks: dict[str, list[int]] = {}
    for record in folder.ticks():
        for node, desired_V in record.desired_V.items():
            wanted_V = record.free_V[node] + 4 * (desired_V - record.free_V[node])
            if not 0 <= wanted_V <= 5:
                ticks.setdefault(node, []).append(record.tick)
    events = list(folder.events_of(Saturated))
    assert ticks and {event.node: event.tick for event in events} == {node: found[0] for node, found in ticks.items()}
    assert len(events) == len(ticks)
    assert folder.summary().saturated == {node: len(found) / 60 for node, found in sorted(ticks.items())}
    text = ", ".join(f"{node} at {100 * len(found) / 60:.0f} % of ticks" for node, found in sorted(ticks.items()))
    assert f"saturated: {text}, asked for more than the board's range\n" in done.stdout
    assert "nothing is wrong" in run_here("check", str(path), cwd=tmp_path).stdout


@pytest.mark.parametrize("role", ["inputs_V", "clamp_V"])
def test_a_correction_beyond_the_counts_of_a_dac_is_saturation(role: str) -> None:
    run, record = CALIBRATED.description(), replace(next(iter(CALIBRATED.ticks())), phase="first")
    node = max(getattr(record, role), key=getattr(record, role).get)
    top, middle = (
        replace(record, **{role: getattr(record, role) | {node: volts}}, free_V=record.free_V | {node: volts})
        for volts in (5.0, 2.5)
    )
    corrections = {node: (TOO_MUCH, 0)}
    watch = SaturationWatch(load_board("lab16"), Levers(), corrections, set())
    assert watch.events(middle, 0.5) == []
    (event,) = found = watch.events(top, 0.5)
    assert found == [Saturated(tick=record.tick, node=node, phase="first")] and watch.events(top, 0.5) == []
    counted = SaturatedTicks(replace(run, calibration=replace(run.calibration, dac=corrections)))
    counted.begin(event)
    for each in (top, middle, top, replace(top, phase="next")):
        counted.add(each)
    assert counted.shares() == {node: 0.5}


def test_an_event_of_a_node_that_the_run_has_not_is_wrong() -> None:
    order = LogOrder(CALIBRATED.description())
    assert order.follow(Saturated(tick=0, node="Z")) == "event saturated: node Z is none of run.json"
    assert order.follow(Saturated(tick=1, node="B")) == "event saturated: tick = 1: 0 ticks are before it"
    assert order.follow(Saturated(tick=0, node="B")) is None
