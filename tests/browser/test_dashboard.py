"""`twinohm dashboard`: what chromium shows of a folder of runs."""

import subprocess
from pathlib import Path

from tests.browser.chromium import Browser, served
from tests.command_line import COMMAND
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task

# Number of points of each curve, and of its band.
DRAWN = "model.renderers.filter((one) => one.visible).map((one) => one.data_source.length)"


def cell(browser: Browser, table: str, column: str) -> list[object]:
    """Return the values of a column of a table."""
    return list(browser.model(table, f"Array.from(model.source.get_array('{column}'))"))


def test_runs_that_are_added_appear_and_chosen_ones_are_drawn_over_each_other(browser: Browser, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    first = run(plan_run(find_task("allostery"), ticks=40), runs)
    with served("dashboard", "--web-port", "0", cwd=tmp_path) as address:
        browser.open(address)
        browser.wait_for("1 run", first.path.name)
        browser.wait(lambda: cell(browser, "runs", "ticks") == [40], "the ticks of the first run")
        second = run(plan_run(find_task("allostery"), eta=0.5, ticks=60), runs)
        browser.wait_for("2 runs", second.path.name)
        browser.wait(lambda: set(cell(browser, "runs", "ticks")) == {40, 60}, "the ticks of the second run")
        for folder in (first, second):
            row = cell(browser, "runs", "run").index(folder.path.name)
            summary = folder.summary()
            assert cell(browser, "runs", "plateau_mV")[row] == round(1000 * summary.true_rms_plateau_V, 3)
            assert cell(browser, "runs", "plateau_orders")[row] == round(summary.true_orders_plateau, 3)
        assert browser.model("runs", "model.source.selected.indices") == [
            cell(browser, "runs", "run").index(first.path.name)
        ]
        browser.click("input[type=checkbox]")  # the one of the head, which chooses all
        browser.wait(lambda: len(cell(browser, "scores", "run")) == 2, "the scores of both")
        assert all("eta 0.5" in text or "eta 1" in text for text in cell(browser, "scores", "differs"))
        browser.wait(lambda: browser.model("curves", DRAWN) == [40, 40, 60, 60], "both curves")
        browser.click("a", second.path.name)
        browser.wait_for("60 of 60 ticks", "allostery on lab16", "ended: done")
        assert browser.complaints() == [] and browser.hosts() == {address.split("/")[2]}


def test_the_page_of_a_run_that_is_not_in_the_folder_is_refused(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    outside = run(plan_run(find_task("allostery"), ticks=2), tmp_path / "other")
    with served("dashboard", cwd=tmp_path) as address:
        browser.open(address)
        browser.wait_for("no run in it yet; start one with `twinohm run`")
        browser.open(f"{address}run?name=..%2Fother%2F{outside.path.name}")
        browser.wait_for("no run ../other/")


def test_a_folder_that_is_none_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, "dashboard", "none"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "twinohm: none: is no folder; start a run with `twinohm run`, or name the folder of your runs"
    ]
