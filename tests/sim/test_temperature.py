"""Boards that are warm, warmer at one end, or warm up during a run."""

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.command_line import run_here
from tests.sim.replay import Replay
from twinohm.cli import twinohm_command
from twinohm.ensemble import Ensemble
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.model.profile import PROFILES, profile_from
from twinohm.runlog.events import BestRestored, RestoredTest
from twinohm.runlog.export import columns
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.sim.recorder import recorded_fixture
from twinohm.sim.settings import SimSettings
from twinohm.tasks import find_task


def run_divider(tmp_path: Path, ticks: int, *settings: str) -> RunFolder:
    """Run `twinohm run divider --restore-best` with some --set."""
    given = [word for setting in settings for word in ("--set", setting)]
    arguments = ["--board", "divider", "--ticks", str(ticks), "--restore-best", "--no-plot", *given]
    done = run_here("run", "divider", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "runs").iterdir()
    return RunFolder(path)


def test_a_warm_divider_has_the_voltage_that_its_resistances_give_by_hand(tmp_path: Path) -> None:
    """Half of 100 kohm, 0.08 % more for each kelvin, and 1040 ohm that stay: the pots are at 25 and 65 degrees."""
    folder = run_divider(tmp_path, 1, "profile=ideal", "temperature_K=20", "gradient_K=40")
    upper_ohm, lower_ohm = 50_000 + 1040, 50_000 * (1 + 0.0008 * 40) + 1040
    (tick,) = folder.ticks()
    assert tick.true_free_V["MID"] == pytest.approx(5 * lower_ohm / (upper_ohm + lower_ohm), abs=1e-8)
    assert json.loads((folder.path / "run.json").read_bytes())["truth"]["pot_ohm"] == [[100_000, 103_200]] * 2


def test_drift_is_seen_in_the_true_voltages_of_the_log(tmp_path: Path) -> None:
    """TOP is soldered to its DAC, whose gain and offset follow the temperature of its chip."""
    folder = run_divider(tmp_path, 101, "drift_K=200", "noise_V=0")
    truth = folder.description().truth
    by = truth.temperature
    physical_V = 0.2 + 3.7 / 5 * columns(folder)["true_free_V"][:, 0]
    share = (physical_V[0] - truth.dac["offset_V"][0]) * by.dac_gain_per_K[0] + by.dac_offset_V_per_K[0]
    assert abs(share) > 1e-6 and -128e-6 <= by.dac_gain_per_K[0] <= 122e-6
    assert physical_V[100] - physical_V[0] == pytest.approx(20 * share, abs=3e-9)
    assert physical_V[50] - physical_V[0] == pytest.approx(10 * share, abs=3e-9)
    *_, last = folder.ticks()
    ((best, test),) = zip(folder.events_of(BestRestored), folder.events_of(RestoredTest), strict=True)
    after_V = Replay(folder.description().record()).free_V(101, best.taps, [*last.inputs_V.values()])
    assert test.true_restored_error_V2 == pytest.approx((after_V["MID"] - last.desired_V["MID"]) ** 2, rel=1e-9)


def test_a_warm_board_is_the_same_board_and_a_cool_one_has_no_temperature_in_its_truth() -> None:
    warm, cool = (SimSettings.parse(f"sim://lab16?seed=4{query}") for query in ("&temperature_K=10&drift_K=1", ""))
    assert warm.unique_id == cool.unique_id
    for settings in (warm, cool):
        side_channel = io.StringIO()
        recorded_fixture(settings, side_channel)
        truth = json.loads(side_channel.getvalue().splitlines()[0])["truth"]
        assert ("temperature" in truth) == (settings is warm)


def test_a_board_powered_on_in_the_middle_of_a_run_has_the_temperature_of_its_tick() -> None:
    for scheme in ("sim", "emu"):
        settings = SimSettings.parse(f"{scheme}://lab16?drift_K=2").from_tick(30).from_tick(12)
        assert settings.first_tick == 42 and "first_tick=42" in settings.url()
        assert SimSettings.parse(settings.url()) == settings
    assert "first_tick" not in SimSettings.parse("sim://lab16?temperature_K=2").from_tick(30).url()


@pytest.mark.slow
def test_a_calibration_of_the_cool_board_is_used_on_the_warm_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWINOHM_DATA", str(tmp_path / "data"))
    done = run_here("calibrate", "--port", "sim://lab16?seed=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    warm = ["--set", "temperature_K=20", "--ticks", "2", "--no-plot", "--json", "--calibration", "auto"]
    done = run_here("run", "allostery", "--port", "sim://lab16?seed=2", *warm, cwd=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["calibration"] != "none", done.stderr


NO_DRIFT = ": the ensemble engine has no clock; a run of engine firmware warms its board; leave it out"


@pytest.mark.parametrize(
    ("command", "given"),
    [
        (("sweep", "allostery", "--set", "drift_K=2"), "2"),
        (("sweep", "allostery", "--vary", "drift_K=0,2"), "0,2"),
        (("reproduce", "--set", "drift_K=2"), "2.0"),
        (("rules", "--set", "drift_K=2"), "2.0"),
        (("place", "divider", "--set", "drift_K=2"), "2.0"),
    ],
    ids=["sweep", "vary", "reproduce", "rules", "place"],
)
def test_studies_refuse_drift_by_name(command: tuple[str, ...], given: str) -> None:
    result = CliRunner().invoke(twinohm_command, command)
    assert isinstance(result.exception, UsageError) and str(result.exception) == f"drift_K = {given}{NO_DRIFT}"


def test_an_ensemble_refuses_drift() -> None:
    with pytest.raises(UsageError) as refused:
        Ensemble(load_board("lab16"), profile_from("lab", {"drift_K": "2"}), [0])
    assert str(refused.value) == f"drift_K = 2.0{NO_DRIFT}"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("temperature_K=-1", "temperature_K = '-1': must be 0 or more"),
        ("temperature_K=40&gradient_K=11", "temperature_K = 40, gradient_K = 11: a part is 45.5 K above 25 degrees, "),
        ("drift_K=60", "drift_K = 60: a part is 48 K above 25 degrees after 800 ticks, and parts are specified to 45"),
        ("first_tick=3", "first_tick = 3: drift_K is 0, so nothing warms; leave it out"),
        ("drift_K=1&first_tick=3", "first_tick = 3: a run begins at tick 0; leave it out"),
        ("drift_K=1&first_tick=x", "first_tick = 'x': a whole number, 0 to"),
    ],
)
def test_a_temperature_that_cannot_be_is_refused_by_name(query: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        plan_run(find_task("allostery"), port=f"sim://lab16?{query}", ticks=800)
    assert message in str(refused.value)


def test_no_profile_is_warm() -> None:
    assert not any(profile.is_warm for profile in PROFILES.values())
