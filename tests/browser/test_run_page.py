"""`twinohm watch RUN --web`: what chromium shows of a run."""

from pathlib import Path

from tests.browser.chromium import Browser, served
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.tasks import find_task


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
        errors = browser.model("error", "Array.from(model.renderers[1].data_source.get_array('error'))")
        assert len(errors) == 130 and abs(errors[-1] / last.true_error_V2 - 1) < 1e-9
        assert browser.complaints() == [] and browser.hosts() == {address.split("/")[2]}
