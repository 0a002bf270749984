"""Calibration: channels read what the DACs give, comparators' offsets are found, runs use and record it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import twinohm
from twinohm.cli import twinohm_command
from twinohm.diagnostics.calibrator import calibrate, fit_offsets
from twinohm.errors import RunError
from twinohm.link.board_client import BoardClient
from twinohm.model.calibration import (
    Calibration,
    load_calibration,
    nominal_corrections,
    save_calibration,
    saved_calibrations,
)
from twinohm.runlog.plan import plan_run
from twinohm.runlog.resume import plan_resume
from twinohm.runlog.runner import run
from twinohm.runlog.tick_record import TickRecord
from twinohm.tasks import find_task

INPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWINOHM_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def command(*arguments: str) -> Result:
    return CliRunner().invoke(twinohm_command, list(arguments))


def deviation_V(client: BoardClient) -> float:
    """Return the rms deviation of all channels, volts, with all DACs at one voltage so that no current flows."""
    client.apply(dict.fromkeys(client.board.nodes, 2.5))
    free, clamped = client.measure()
    true = client.board.dac_volts(2.5)
    return float(np.sqrt(np.mean([(volts - true) ** 2 for part in (free, clamped) for volts in part.values()])))


def test_channels_read_what_the_dacs_give() -> None:
    with twinohm.open("sim://lab16?seed=2") as board:
        found = calibrate(board)
        assert board.side_channel.violations == 0
        before = deviation_V(board)
        board.correct(found.adc)
        after = deviation_V(board)
        board.correct(None)
        assert deviation_V(board) == before
    assert found.rms_V[1] < 0.7 * found.rms_V[0]
    assert after < before
    assert found.adc.keys() == nominal_corrections(board.board).keys()


def test_comparators_offsets_and_noise_are_found() -> None:
    with twinohm.open("sim://lab16?seed=5") as board:
        found = calibrate(board)
        truth = board.side_channel.truth
    for name, offsets in (("cmp", found.cmp_V), ("sgn", found.sgn_V)):
        errors = np.array(list(offsets.values())) - np.array(truth.comparator_offset_V[name])
        assert np.sqrt(np.mean(errors**2)) < 0.0004  # their sd is 1 mV
    assert found.noise_V == pytest.approx(truth.comparator_noise_V, rel=0.1)


def test_offsets_are_fitted_with_and_without_noise() -> None:
    from statistics import NormalDist

    margins = np.outer([-2.0, -1.0, 1.0, 2.0], [0.001, 0.004])
    true = np.array([0.002, -0.003])
    shares = np.vectorize(NormalDist(0, 0.005).cdf)(margins + true)
    offsets, noise = fit_offsets(margins, shares)
    assert offsets == pytest.approx(true, abs=1e-4) and noise == pytest.approx(0.005, rel=0.03)
    offsets, noise = fit_offsets(margins, (margins + true > 0).astype(float))
    assert noise is None
    assert np.abs(offsets - true).max() <= 0.004  # no further than a step


def test_a_run_uses_and_records_the_calibration(tmp_path: Path) -> None:
    plan = plan_run(find_task("divider"), "divider", seed=6, ticks=150)
    before = run(plan, tmp_path / "before")
    assert before.description().calibration is None
    result = command("calibrate", "--port", "sim://divider?seed=6", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["board"] == "divider"
    after = run(plan, tmp_path / "after")
    recorded = after.description().calibration
    assert (
        recorded is not None
        and recorded.id == after.description().board_id
        and recorded.adc == saved_calibrations()[0].adc
    )
    assert _measured_from_true(after.ticks()) < 0.7 * _measured_from_true(before.ticks())
    assert (
        plan_resume(after).calibration == saved_calibrations()[0]
    )  # resume corrects as the run did, whatever is kept by then
    without = run(replace(plan, calibrated=False), tmp_path / "without")
    assert [tick.taps for tick in without.ticks()] == [tick.taps for tick in before.ticks()]
    other = run(replace(plan, port=plan.port.replace("seed=6", "seed=7")), tmp_path / "other")
    assert other.description().calibration is None  # another board


def _measured_from_true(ticks: Iterable[TickRecord]) -> float:
    return float(np.sqrt(np.mean([(tick.free_V["MID"] - tick.true_free_V["MID"]) ** 2 for tick in ticks])))


def test_a_correction_holds_until_serve_starts_for_another_host() -> None:
    with twinohm.open("sim://lab16?seed=2&profile=ideal") as board:
        board.place(tuple(INPUTS), ())
        board.apply(INPUTS)
        before = board.measure()
        board.correct(
            {channel: (2 * gain, offset) for channel, (gain, offset) in nominal_corrections(board.board).items()}
        )
        board.apply(INPUTS)
        doubled = board.measure()
        assert doubled != before
        corrected = "learner.twin.networks.is_corrected"
        assert board.exec(corrected) == "True\n"  # ends serve(); the next request starts it anew
        board.apply(INPUTS)
        assert board.measure() == doubled
        board.correct(None)
        board.apply(INPUTS)
        assert board.measure() == before
        board.correct(nominal_corrections(board.board))
        board.exec("from twinohm_fw.protocol.server import Server; Server(learner.twin)")  # as another host starts it
        assert board.exec(corrected) == "False\n"


def test_saved_calibrations_are_listed_and_damaged_ones_refused(data: Path) -> None:
    assert saved_calibrations() == [] and command("calibrate", "--list").exit_code == 0
    with twinohm.open("sim://divider?seed=1") as board:
        found = calibrate(board)
        path = save_calibration(found)
        assert load_calibration(board.board, board.board_id) == found
        assert load_calibration(board.board, "0" * 16) is None and load_calibration(board.board, None) is None
        rows = command("calibrate", "--list", "--json").stdout.splitlines()
        assert [json.loads(row)["id"] for row in rows] == [found.id]
        save_calibration(replace(found, adc={}))
        assert load_calibration(board.board, board.board_id) is None  # of another wiring
        for text in ("{", "[]", "{}", '{"board": 1}', json.dumps(found.record() | {"adc": {"MID.free": ["x", 1]}})):
            path.write_text(text)
            with pytest.raises(RunError, match="remove it"):
                load_calibration(board.board, board.board_id)


def test_the_id_of_a_virtual_board_follows_its_component_values(tmp_path: Path) -> None:
    ids = []
    for url in (
        "sim://divider?seed=1",
        "sim://divider?seed=1&at=3:remove=MID-BOT",
        "sim://divider?seed=2",
        "sim://lab16?seed=1",
    ):
        with twinohm.open(url) as board:
            ids.append(board.board_id)
            assert board.hello.id == board.board_id
    assert ids[0] == ids[1] and len(set(ids)) == 3


def test_a_calibration_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TWINOHM_DATA", str(tmp_path / "file"))
    with pytest.raises(RunError, match="TWINOHM_DATA"):
        save_calibration(Calibration("lab16", "0", "", {}, (0.0, 0.0), {}, {}, None))
