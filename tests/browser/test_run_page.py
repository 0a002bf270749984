"""`twinohm watch RUN --web`: what chromium shows of a run."""

import shutil
from pathlib import Path

import pytest

from tests.browser.chromium import Browser, served
from tests.conftest import ROOT
from tests.run_records import description, tick
from twinohm.runlog.events import EdgeRemoved, Ended
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task

RUNS = ROOT / "tests" / "data" / "runs"


def test_the_page_shows_the_last_tick_error_outputs_events_and_scores_of_a_run(
    browser: Browser, tmp_path: Path
) -> None:
    folder = run(plan_run(find_task("damage"), ticks=130), tmp_path)
    *_, last = folder.ticks()
    with served("watch", str(folder.path), "--web", cwd=tmp_path) as address:
        browser.open(address)
        rms_mV = 1000 * last.true_error_V2**0.5
        text = browser.wait_for("130 of 130 ticks", f"true error {rms_mV:.1f} mV rms", "ended: done")
        assert "tick 100: edge E-H pulled" in text and "plateau" in text and "damage on lab16" in text
        for node, desired_V in last.desired_V.items():
            assert f"output {node}  {last.free_V[node]:.4f} V  wanted {desired_V:.4f} V" in text
        errors = browser.column("error", 1, "error")
        assert len(errors) == 130 and abs(errors[-1] / last.true_error_V2 - 1) < 1e-9
        assert browser.complaints() == [] and browser.hosts() == {address.split("/")[2]}


def test_the_page_follows_a_log_that_grows(browser: Browser, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, description()) as folder:
        folder.append([tick(0)])
        with served("watch", "--web", "--out", str(tmp_path), cwd=tmp_path) as address:
            browser.open(address)
            browser.wait_for("1 of 100 ticks")
            folder.append(tick(number) for number in range(1, 30))
            browser.wait_for("running", "30 of 100 ticks", "output B  2.3635 V  wanted 3.0000 V")
            browser.wait(lambda: len(browser.column("error", 1, "error")) == 30, "30 points of the error")
            assert browser.column("error", 1, "error")[-1] == pytest.approx((1 - 29 / 80) ** 2)
            assert browser.column("outputs", 0, "free1")[-1] == pytest.approx(3 - (1 - 29 / 80))
            folder.append([EdgeRemoved(tick=30, edge="B-C"), Ended(tick=30, why="stopped", seconds=1.0)])
            browser.wait_for("tick 30: edge B-C pulled", "ended: stopped", "plateau")


def test_a_run_of_20_000_ticks_is_thinned_and_shown_to_its_end(browser: Browser, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, description(ticks=20_000)) as folder:
        for start in range(0, 20_000, 200):
            folder.append(tick(number) for number in range(start, start + 200))
        with served("watch", str(folder.path), "--web", cwd=tmp_path) as address:
            browser.open(address)
            browser.wait_for("20000 of 20000 ticks")
            ticks = browser.wait(lambda: browser.column("error", 1, "tick"), "the error")
            assert len(ticks) == 625 and ticks[0] == 15.5 and ticks[-1] == 19983.5  # 32 ticks each
            low, high = (browser.column("error", 0, name) for name in ("low", "high"))
            assert high[0] == pytest.approx(1) and low[0] == pytest.approx((1 - 31 / 80) ** 2)
            assert browser.complaints() == []


def test_a_torn_last_line_of_a_log_is_named(browser: Browser, tmp_path: Path) -> None:
    folder = run(plan_run(find_task("allostery"), ticks=10), tmp_path)
    data = folder.log.read_bytes()
    folder.log.write_bytes(data[: data.index(b'{"tick":8,') + 20])
    with served("watch", str(folder.path), "--web", cwd=tmp_path) as address:
        browser.open(address)
        text = browser.wait_for("8 of 10 ticks", "the last line is ignored (torn after 20 bytes)")
        assert "no process writes it any more: `twinohm resume` goes on with it" in text


def test_a_log_that_was_changed_is_named_as_watch_does(browser: Browser, tmp_path: Path) -> None:
    folder = run(plan_run(find_task("allostery"), ticks=10), tmp_path)
    folder.log.write_bytes(folder.log.read_bytes().replace(b'"tick":4,', b'"tick":5,'))
    with served("watch", str(folder.path), "--web", cwd=tmp_path) as address:
        browser.open(address)
        browser.wait_for("ticks.jsonl, line 6: tick 4 is missing")


@pytest.mark.parametrize("name", sorted(path.name for path in RUNS.iterdir()))
def test_a_run_of_every_log_format_is_shown(name: str, browser: Browser, tmp_path: Path) -> None:
    folder = RunFolder(shutil.copytree(RUNS / name, tmp_path / name))
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.path.iterdir()}
    *_, last = folder.ticks()
    with served("watch", str(folder.path), "--web", cwd=tmp_path) as address:
        browser.open(address)
        browser.wait_for(f"{last.tick + 1} of {folder.description().ticks} ticks")
        browser.wait(lambda: len(browser.column("error", 1, "error")), "the error")
        assert browser.complaints() == []
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.path.iterdir()} == before
