"""Calibration: channels read what the DACs give, comparators' offsets are found, runs use and record it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.figure import Figure

import twinohm
from tests.command_line import Done, run_here, tcp_board
from twinohm.cli import twinohm_command
from twinohm.diagnostics.calibrator import calibrate, fit_noise, offset_from
from twinohm.errors import BoardError, RunError, UsageError
from twinohm.model.board_file import load_board
from twinohm.model.calibration import (
    CHECKSUM,
    Calibration,
    checksum_of,
    load_calibration,
    nominal_corrections,
    read_calibration,
    save_calibration,
    saved_calibrations,
)
from twinohm.model.circuit import Floats
from twinohm.model.codes import dac_count
from twinohm.model.components import draw_instruments
from twinohm.model.correction_fit import doubts, fit_dacs, nominal_channels
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.resume import plan_resume
from twinohm.runlog.runner import run
from twinohm.runlog.tick_record import TickRecord
from twinohm.sim.settings import SimSettings
from twinohm.tasks import find_task

INPUTS = {"B": 5.0, "D": 1.0, "I": 0.0}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWINOHM_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def command(*arguments: str) -> Result:
    return CliRunner().invoke(twinohm_command, list(arguments))


def driven_V(port: str, found: Calibration | None) -> Floats:
    """Return the true task volts (levels, nodes) of the nodes of an own board in this process, each driven alone."""
    settings = SimSettings.parse(port)
    board = settings.board
    dacs = draw_instruments(board, settings.profile, settings.seed).dacs
    codes = np.array([board.dac_code(volts) for volts in LEVELS_V])[:, None]
    gain, offset = np.array([found.dac[name] if found else (0, 0) for name in board.nodes]).T
    return board.task(dacs.volts(np.arange(len(board.nodes)), dac_count(codes, gain, offset)))


LEVELS_V = np.linspace(0, 5, 11)


@pytest.mark.parametrize("board_name", ["lab16", "edge16"])
@pytest.mark.parametrize("seed", [2, 3])
def test_calibrated_dacs_give_what_they_are_asked_for_in_the_volts_of_the_adcs_reference(
    board_name: str, seed: int
) -> None:
    port = f"sim://{board_name}?seed={seed}"
    with twinohm.open(port) as board:
        found = calibrate(board)
        assert board.side_channel.violations == 0
        reference = board.side_channel.truth.adc_reference[0]
        low_V = board.board.range_V[0] * board.board.task_per_V
    own = [(driven_V(port, used) + low_V) / reference - low_V for used in (None, found)]  # from 0 V physical on
    before, after = (float(np.sqrt(np.mean((volts - LEVELS_V[:, None]) ** 2))) for volts in own)
    assert before > 0.015 and after < 0.0025 and after < found.rms_V[1] + 0.001
    assert found.rms_V[1] < 0.2 * found.rms_V[0] and found.standard == "ADS7953"
    assert found.adc.keys() == nominal_corrections(board.board).keys() and found.dac.keys() == set(board.board.nodes)


def test_the_channels_of_the_standard_stay_and_others_follow_it() -> None:
    with twinohm.open("sim://lab16?seed=2") as board:
        found, nominal = calibrate(board), nominal_corrections(board.board)
    assert {channel for channel in nominal if found.adc[channel] != nominal[channel]} == {"H.clamped", "I.clamped"}


def test_on_the_divider_the_adc_follows_the_dacs_and_what_stays_nominal_is_said() -> None:
    with twinohm.open("sim://divider?seed=6") as board:
        found = calibrate(board)
    assert found.standard == "MCP4728" and found.dac == {}
    assert nominal_channels(board.board, found) == ["DAC of TOP", "DAC of MID", "DAC of BOT"]
    done = command("calibrate", "--port", "sim://divider?seed=6")
    assert "standard: MCP4728, which may be 3.2 % off" in done.stderr
    assert "as boards.toml says: DAC of TOP, DAC of MID, DAC of BOT" in done.stderr


def test_a_correction_is_taken_back() -> None:
    with twinohm.open("sim://lab16?seed=2") as board:

        def read() -> float:
            board.place(["A"], [])
            board.apply({"A": 2.5})
            return board.measure()[0]["A"]

        before = read()
        board.correct(None, {"A": (3000, 1 << 21)})
        assert read() == pytest.approx(before + (32890 * 3000 / 65536 + 32) * board.board.code_V, abs=0.006)
        board.correct(None)
        assert read() == before


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "profile"), [(5, "lab"), (6, "lab"), (6, "quiet")])
def test_comparators_offsets_and_noise_are_found_without_the_dacs_errors(seed: int, profile: str) -> None:
    """What can be found is the offset of comparator and buffers together."""
    port = f"sim://lab16?seed={seed}&profile={profile}"
    with twinohm.open(port) as board:
        found = calibrate(board)
        truth = board.side_channel.truth
    free_V, clamped_V = board.board.task_per_V * np.array(truth.buffer_V)
    at = [(a, b, index) for index, (a, b) in enumerate(board.board.edge_nodes)]
    sgn_V = {board.board.edges[i]: truth.comparator_offset_V["sgn"][i] + free_V[a] - free_V[b] for a, b, i in at}
    half_V = (clamped_V - free_V) / 2
    cmp_V = {board.board.edges[i]: truth.comparator_offset_V["cmp"][i] + half_V[a] - half_V[b] for a, b, i in at}
    for true, offsets in ((cmp_V, found.cmp_V), (sgn_V, found.sgn_V)):
        errors = np.array([offsets[edge] - true[edge] for edge in offsets])
        assert len(offsets) >= 8 and np.sqrt(np.mean(errors**2)) < 0.0002, "their sd is 1 mV"
        missing = [abs(true[edge]) for edge in true.keys() - offsets.keys()]
        assert min(missing, default=1) > 2 * truth.comparator_noise_V
    assert found.noise_V == pytest.approx(truth.comparator_noise_V, rel=0.1)


def test_noise_is_fitted_whatever_constant_is_in_the_margins() -> None:
    margins = np.outer([-2.0, -1.0, 1.0, 2.0], [0.001, 0.004])
    constant = np.array([0.002, -0.003])
    shares = np.vectorize(NormalDist(0, 0.005).cdf)(margins + constant)
    assert fit_noise(margins, shares) == pytest.approx(0.005, rel=1e-6)
    assert fit_noise(margins, (margins + constant > 0).astype(float)) is None
    assert offset_from(1000, 2000, 0.005) == 0 and offset_from(0, 2000, 0.005) is None
    assert offset_from(1683, 2000, 0.005) == pytest.approx(0.005, rel=0.01)


def test_dacs_beyond_their_datasheet_are_named() -> None:
    one = load_board("lab16")
    asked_V = np.linspace(0, 5, 21)
    read = {f"{node}.free": asked_V.copy() for node in one.nodes}
    read["B.free"] = 1.05 * asked_V  # of the first chip
    read["E.free"] = asked_V - 0.04 * one.task_per_V
    dac = fit_dacs(one, asked_V, read)
    found = Calibration("lab16", "0", "", nominal_corrections(one), (0, 0), {}, {}, None, dac=dac)
    assert doubts(one, found) == [
        "the DAC of node B (MCP4728 at 0x60) is +5.0 % off, more than its datasheet allows",
        "the DAC of node E (MCP4728 at 0x61) has an offset of -40 mV, more than its datasheet allows",
    ]
    read["B.free"] = 0.9 * asked_V
    assert "does not reach 3.9 V" in " ".join(doubts(one, replace(found, dac=fit_dacs(one, asked_V, read))))
    read["C.free"] = 1.4 * asked_V
    with pytest.raises(BoardError, match="the DAC of node C cannot be corrected: C.free reads 1.40 times"):
        fit_dacs(one, asked_V, read)


@pytest.mark.slow
def test_a_run_uses_and_records_the_calibration(tmp_path: Path) -> None:
    plan = plan_run(find_task("allostery"), seed=6, ticks=30, calibration="auto")
    before = run(plan, tmp_path / "before")
    assert before.description().calibration is None
    result = command("calibrate", "--port", "sim://lab16?seed=6", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["board"] == "lab16"
    after = run(plan, tmp_path / "after")
    recorded, kept = after.description().calibration, saved_calibrations()[0]
    assert recorded is not None and recorded.id == after.description().board_id
    assert (recorded.adc, recorded.dac) == (kept.adc, kept.dac) and recorded.dac.keys() == set("ABCDEFGHI")
    assert _true_from_asked(after.ticks()) < 0.2 * _true_from_asked(before.ticks())
    assert plan_resume(after).calibration == kept  # resume corrects as the run did, whatever is kept by then
    without = run(replace(plan, wanted_calibration="none"), tmp_path / "without")
    assert [tick.taps for tick in without.ticks()] == [tick.taps for tick in before.ticks()]
    other = run(replace(plan, port=plan.port.replace("seed=6", "seed=7")), tmp_path / "other")
    assert other.description().calibration is None  # another board


def _true_from_asked(ticks: Iterable[TickRecord]) -> float:
    """Return the rms difference of what the inputs have and were asked for, V."""
    ends = [(tick.true_free_V[name], asked_V) for tick in ticks for name, asked_V in tick.inputs_V.items()]
    return float(np.sqrt(np.mean([(true_V - asked_V) ** 2 for true_V, asked_V in ends])))


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
        assert load_calibration("divider", board.board_id) == found
        assert load_calibration("divider", "0" * 16) is None and load_calibration("divider", None) is None
        rows = command("calibrate", "--list", "--json").stdout.splitlines()
        assert [json.loads(row)["id"] for row in rows] == [found.id]
        for text in ("{", "[]", "{}", '{"board": 1}', json.dumps(found.record() | {"adc": {"MID.free": ["x", 1]}})):
            path.write_text(text)
            with pytest.raises(UsageError, match="remove it"):
                load_calibration("divider", board.board_id)


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


# -- a calibration that does not fit is not used, and what is used is said ---------------------------------------------

PORT = "sim://divider?seed=6"
RUN = ["run", "divider", "--port", PORT, "--ticks", "10"]


def ran(*options: str, cwd: Path) -> tuple[Done, dict[str, str]]:
    """Return a run that ended well, and its summary."""
    done = run_here(*RUN, "--no-plot", *options, "--out", "runs", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done, json.loads(max((cwd / "runs").glob("*/summary.json"), key=lambda p: p.stat().st_mtime_ns).read_bytes())


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    with twinohm.open(PORT) as board:
        return calibrate(board)


@pytest.fixture
def kept(calibration: Calibration, data: Path) -> Path:
    """Return the file of a calibration of PORT."""
    return save_calibration(calibration)


def rewrite(file: Path, **changes: object) -> None:
    record = json.loads(file.read_text()) | changes
    del record[CHECKSUM]
    file.write_text(json.dumps(record | {CHECKSUM: checksum_of(record)}))


@pytest.mark.usefixtures("kept")
def test_a_virtual_board_uses_none_unless_the_command_names_it(tmp_path: Path) -> None:
    done, summary = ran(cwd=tmp_path)
    assert done.stderr.splitlines()[0].endswith("eta 1, calibration none")
    assert summary["calibration"] == "none" and "fit" not in done.stderr


def test_copper_uses_what_is_kept() -> None:
    assert plan_run(find_task("divider"), "divider", "/dev/ttyACM0").wanted_calibration == "auto"


def test_what_is_used_stands_in_first_line_summary_and_figure(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Figure.text
    drawn: list[str] = []
    monkeypatch.setattr(Figure, "text", lambda self, x, y, s, **kw: drawn.append(s) or text(self, x, y, s, **kw))
    one = read_calibration(kept)
    done = run_here(*RUN, "--calibration", "auto", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    title = f"{one.made} (key {str(one.key)[:8]})"
    assert done.stderr.splitlines()[0].endswith(f"eta 1, calibration {title}")
    assert json.loads(done.stdout)["calibration"] == title
    assert any(f"calibration of {title}" in line for line in drawn)


def test_another_board_table_does_not_fit(kept: Path, tmp_path: Path) -> None:
    """The full scale of the ADC is 10 % less: the old corrections would be 10 % off."""
    text = (Path(__file__).parents[2] / "boards.toml").read_text()
    changed = text.replace("full_scale_V = 5.133", "full_scale_V = 4.62")
    assert changed != text
    (tmp_path / "boards.toml").write_text(changed)
    done, summary = ran("--boards", "boards.toml", "--calibration", "auto", cwd=tmp_path)
    assert "does not fit and is not used: the tables of divider in boards.toml are not those" in done.stderr
    assert done.stderr.splitlines()[0].endswith("calibration none") and summary["calibration"] == "none"
    refused = run_here(*RUN, "--boards", "boards.toml", "--calibration", str(kept), cwd=tmp_path)
    assert refused.returncode == 2 and f"--calibration {kept}: does not fit: the tables" in refused.stderr
    assert "--calibration none" in refused.stderr and "Traceback" not in refused.stderr


def test_a_pico_that_was_moved_to_another_board_is_found_by_measuring(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id is the Pico's, and stays; so do the tables. The parts around it are others."""
    (id_,) = {bytes.fromhex(read_calibration(kept).id)}
    monkeypatch.setattr(SimSettings, "unique_id", id_)
    done, summary = ran("--port", "sim://divider?seed=5", "--calibration", "auto", cwd=tmp_path)
    assert "does not fit and is not used: with it ADC and DACs are 2" in done.stderr
    assert "the Pico was moved to another board" in done.stderr and summary["calibration"] == "none"


def test_a_calibration_without_a_key_is_used_only_if_it_is_named(kept: Path, tmp_path: Path) -> None:
    """Versions before wrote none."""
    rewrite(kept, key=None)
    done, summary = ran("--calibration", "auto", cwd=tmp_path)
    assert "does not fit and is not used: it has no key" in done.stderr and summary["calibration"] == "none"
    done, summary = ran("--calibration", str(kept), cwd=tmp_path)
    assert "it has no key" in done.stderr and "it is used because --calibration names it" in done.stderr
    assert summary["calibration"].endswith("(without a key)")


def test_a_changed_calibration_is_refused_and_one_that_leaves_much_does_not_fit(kept: Path, tmp_path: Path) -> None:
    whole = kept.read_text()
    kept.write_text(json.dumps(json.loads(whole) | {"rms_V": [0.5, 0.4]}))
    done = run_here(*RUN, "--calibration", "auto", cwd=tmp_path)
    assert done.returncode == 2 and f"{kept}: its checksum does not fit, so it was changed; remove it" in done.stderr
    kept.write_text(whole)
    rewrite(kept, rms_V=[0.5, 0.4])
    done = run_here(*RUN, "--calibration", str(kept), cwd=tmp_path)
    assert done.returncode == 2 and "it leaves 400.0 mV rms, and a sound board has 10 mV at most" in done.stderr


def test_a_calibration_of_another_board_is_refused(kept: Path, tmp_path: Path) -> None:
    for options, why in (
        (("--port", "sim://divider?seed=7"), "it was measured on board"),
        (("--port", "sim://lab16"), "it was measured on a divider, and this is a lab16"),
    ):
        done = run_here(*RUN, *options, "--calibration", str(kept), cwd=tmp_path)
        assert done.returncode == 2 and why in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("file", ["absent.json", ".", "damaged.json"])
def test_a_file_that_is_no_calibration_is_refused(file: str, tmp_path: Path) -> None:
    (tmp_path / "damaged.json").write_text("{}")
    done = run_here(*RUN, "--calibration", file, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith(f"twinohm: {file}: ") and "Traceback" not in done.stderr


def test_none_that_is_kept_is_said(tmp_path: Path) -> None:
    done, _ = ran("--calibration", "auto", cwd=tmp_path)
    assert "no calibration is kept for this board; `twinohm calibrate --port 'sim://" in done.stderr


def test_the_list_says_which_fit(kept: Path, tmp_path: Path) -> None:
    def fits(*options: str) -> list[bool]:
        done = run_here("calibrate", "--list", "--json", *options, cwd=tmp_path)
        return [json.loads(line)["fits boards.toml"] for line in done.stdout.splitlines()]

    text = (Path(__file__).parents[2] / "boards.toml").read_text()
    (tmp_path / "boards.toml").write_text(text.replace("settle_us = ", "settle_us = 1"))
    assert fits() == [True] and fits("--boards", "boards.toml") == [False]
    rewrite(kept, key=None)
    assert fits() == [False]


def test_a_resumed_run_keeps_the_calibration_that_it_used(kept: Path, tmp_path: Path) -> None:
    done = run_here(*RUN, "--ticks", "40", "--calibration", "auto", "--json", "--no-plot", cwd=tmp_path)
    whole = RunFolder(tmp_path / json.loads(done.stdout)["run_dir"])
    ticks = list(whole.ticks())
    log = whole.path / "ticks.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:20]))
    used = read_calibration(kept)
    rewrite(kept, made="2031-01-01T00:00:00+00:00")  # the board was calibrated again
    for wanted in ("none", "auto"):
        other = run_here("resume", str(whole.path), "--calibration", wanted, cwd=tmp_path)
        assert other.returncode == 2 and "a resumed run keeps what it used: leave --calibration out" in other.stderr
    assert len(log.read_bytes().splitlines()) == 20
    again = run_here("resume", str(whole.path), "--json", "--no-plot", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stderr.splitlines()[0].endswith(f"calibration {used.title}")
    assert json.loads(again.stdout)["calibration"] == used.title
    assert [tick.free_V for tick in whole.ticks()][:22] == [tick.free_V for tick in ticks][:22], "corrected as before"


@pytest.mark.slow
def test_on_copper_the_calibration_of_the_board_is_used_and_a_run_is_not_resumed_on_another(tmp_path: Path) -> None:
    """A board at a TCP port is copper to the host."""
    with tcp_board("divider", "--seed", "6") as port:
        assert run_here("calibrate", "--port", port, cwd=tmp_path).returncode == 0
        done = run_here("run", "divider", "--board", "divider", "--port", port, "--ticks", "10", "--json", cwd=tmp_path)
        summary = json.loads(done.stdout)
        assert summary["calibration"] == saved_calibrations()[0].title
    log = tmp_path / summary["run_dir"] / "ticks.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:5]))
    with tcp_board("divider", "--seed", "5") as port:
        done = run_here("resume", summary["run_dir"], "--port", port, cwd=tmp_path)
    assert done.returncode == 2 and "connect that one, or name its port with --port" in done.stderr
    assert "if its Pico was replaced, begin a new run" in done.stderr


@pytest.mark.slow
def test_a_board_that_was_flashed_with_other_tables_is_refused(tmp_path: Path) -> None:
    """The full scale of its ADC in boards.toml was changed since: the host would read every voltage 10 % off."""
    text = (Path(__file__).parents[2] / "boards.toml").read_text()
    (tmp_path / "boards.toml").write_text(text.replace("full_scale_V = 5.133", "full_scale_V = 4.62"))
    with tcp_board("divider", "--boards", str(tmp_path / "boards.toml")) as port:
        command = ["run", "divider", "--board", "divider", "--port", port, "--ticks", "5", "--no-plot"]
        refused = run_here(*command, cwd=tmp_path)
        assert refused.returncode == 1 and "was flashed with other tables of divider" in refused.stderr
        assert "`twinohm flash` it" in refused.stderr and not (tmp_path / "runs").exists()
        assert run_here(*command, "--boards", "boards.toml", cwd=tmp_path).returncode == 0
