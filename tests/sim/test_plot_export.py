"""Figure and export of synthetic runs, read back by other programs' libraries."""

import csv
import dataclasses
import importlib
import json
import math
import struct
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import twinohm
from tests.run_records import NODES, description, tick
from twinohm.errors import RunError, RunFileError, TwinOhmError, UsageError
from twinohm.json_records import json_form
from twinohm.model.levers import Levers
from twinohm.model.placement import Placement
from twinohm.plot.graph import resistance_kohm
from twinohm.plot.history import History
from twinohm.plot.panel import log_axis, spread_out
from twinohm.plot.run_figure import _port, run_figure
from twinohm.plot.style import our_style
from twinohm.protocol.side_channel import GroundTruth, TemperatureTruth
from twinohm.runlog.events import BestRestored, EdgeRemoved, Ended, FinalTest, Resumed, Violations
from twinohm.runlog.export import columns, events, events_file, export
from twinohm.runlog.folder import RunFolder


def make(root: Path, ticks: int = 100, virtual: bool = True, bits: bool = True, **changes: Any) -> RunFolder:
    port, profile = ("sim://square", "lab") if virtual else ("/dev/ttyACM0", None)
    run = description(**{"task": "my $task_1", "port": port, "profile": profile, "ticks": max(ticks, 20)} | changes)
    with RunFolder.create(root, run) as folder:
        folder.append(tick(number, virtual, bits) for number in range(ticks))
        return folder


def test_columns_have_shapes_and_order_of_the_run(tmp_path: Path) -> None:
    data = columns(make(tmp_path, ticks=7))
    assert data["tick"].tolist() == list(range(7))
    assert data["free_V"].shape == (7, 4)
    assert data["taps"].shape == (7, 4)
    assert data["taps"][-1].tolist() == [70, 58, 64, 70]
    np.testing.assert_array_equal(data["inputs_V"][0], [5, np.nan, np.nan, 0])
    assert data["cmp"][0].tolist() == [1, 0, 1, 0]  # bit i = edge i


def test_columns_of_a_real_board_lack_true_values_and_mark_absent_bits(tmp_path: Path) -> None:
    data = columns(make(tmp_path, ticks=2, virtual=False, bits=False))
    assert not {"true_free_V", "true_error_V2"} & set(data)
    assert (data["sgn"] == -1).all()


def test_the_graph_shows_true_resistances_where_they_are_known(tmp_path: Path) -> None:
    """R = tap / 128 * R_AB + R_W + R_series, of the free network."""
    truth = GroundTruth(
        pot_ohm=((128e3, 64e3, 100e3, 100e3), (1e3,) * 4),
        wiper_ohm=((40.0, 50.0, 60.0, 100.0), (7.0,) * 4),
        series_ohm=((1000.0, 1000.0, 1000.0, 2000.0), (7.0,) * 4),
        switch_ohm=2.5,
        comparator_offset_V={},
        comparator_noise_V=0.0,
        comparator_bias_V=0.0,
    )
    known = resistance_kohm(History.read(make(tmp_path / "known", ticks=1, truth=truth)))
    assert known[0] == pytest.approx([65.04, 33.05, 51.06, 70 / 1.28 + 2.1])
    still = (0.0,) * len(NODES)
    warming = TemperatureTruth(0, 0, 10_000, 800e-6, still, still, ())  # 10 K a tick
    warmer = make(tmp_path / "warmer", ticks=2, truth=dataclasses.replace(truth, temperature=warming))
    taps = columns(warmer)["taps"][1, 0]
    assert resistance_kohm(History.read(warmer))[1, 0] == pytest.approx(taps * 1.008 + 1.04)
    nominal = resistance_kohm(History.read(make(tmp_path / "nominal", ticks=1, virtual=False)))
    assert nominal[0] == pytest.approx([51.04, 51.04, 51.04, 70 / 1.28 + 1.04])


def add_line(folder: RunFolder, record: dict[str, Any]) -> None:
    with open(folder.path / "ticks.jsonl", "a", encoding="utf-8") as log:
        log.write(json.dumps(record) + "\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"taps": [1, 2]}, "taps has 2 values for the 4 edges"),
        ({"taps": [1, 2, -1, 4]}, "taps\\[2\\] = -1: input should be greater than or equal to 0"),
        ({"up": 16}, "up = 16 has a bit for more than the 4 edges"),
        ({"free_V": {"Z": 1.0}}, "free_V has node Z"),
        ({"free_V": {"A": 5.0, "B": 1.0, "D": 0.0}}, "free_V.C is missing"),
        ({"free_V": {"A": "x"}}, 'free_V.A = "x": input should be a valid number'),
        ({"free_V": None}, "free_V = null: input should be a"),
        ({"error_V2": "x"}, 'error_V2 = "x": input should be a valid number'),
        ({"error_V2": -1}, "error_V2 = -1: input should be greater than or equal to 0"),
        ({"t_us": 2**70}, "t_us = 1180591620717411303424: input should be less than"),
    ],
)
def test_a_record_that_does_not_fit_the_run_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = make(tmp_path, ticks=2)
    add_line(folder, json_form(tick(2)) | change)
    with pytest.raises(RunFileError, match=rf"ticks\.jsonl, line 5: {message}"):
        columns(folder)


def test_a_missing_key_of_a_record_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path, ticks=0)
    add_line(folder, {key: value for key, value in json_form(tick(0)).items() if key != "moved"})
    with pytest.raises(RunFileError, match="line 1: moved is missing"):
        columns(folder)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 100_000), byte=st.binary(min_size=1, max_size=1))
@pytest.mark.slow
def test_one_wrong_byte_gives_arrays_or_a_run_error(tmp_path: Path, place: int, byte: bytes) -> None:
    folder = make(tmp_path, ticks=3)
    path = folder.path / "ticks.jsonl"
    log = bytearray(path.read_bytes())
    log[place % len(log)] = byte[0]
    path.write_bytes(log)
    try:
        assert len(columns(folder)["tick"]) in (1, 2, 3)  # 1: two lines became one torn last line
    except RunError as error:
        assert "ticks.jsonl" in str(error)


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


@pytest.mark.slow
@pytest.mark.parametrize("ticks", [1, 2, 50, 300, 6001])
def test_the_figure_has_one_size_for_short_and_long_runs(tmp_path: Path, ticks: int) -> None:
    folder = make(tmp_path, ticks)
    path = run_figure(folder)
    assert path == folder.path / "run.png"
    width, height = png_size(path)
    assert 1500 < width < 2200
    assert 1700 < height < 2200
    assert sorted(file.name for file in folder.path.iterdir()) == ["run.json", "run.png", "ticks.jsonl"]


def test_powers_of_ten_on_an_axis_are_plain_text() -> None:
    figure = Figure()
    axes = figure.subplots()
    log_axis(axes)
    axes.set_ylim(2e-4, 20)
    with our_style():
        figure.draw_without_rendering()
    assert {"10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"} <= {label.get_text() for label in axes.get_yticklabels()}


@pytest.mark.slow
def test_a_run_of_a_real_board_with_blocks_is_drawn(tmp_path: Path) -> None:
    png_size(run_figure(make(tmp_path, ticks=250, virtual=False, bits=False, block=100, seed=None)))


@pytest.mark.slow
def test_no_line_of_the_heading_is_wider_than_the_figure(tmp_path: Path) -> None:
    words = {"task": "a task of many words " * 9, "port": f"socket://{'a.very.long.name.' * 9}org:7000"}
    width, _ = png_size(run_figure(make(tmp_path, ticks=5, levers=Levers(p=0.5, whole=True, readings=5), **words)))
    assert width < 2000


@pytest.mark.slow
def test_a_run_with_sixty_edges_is_drawn(tmp_path: Path) -> None:
    nodes, taps = tuple("ABCDEFGHIJKL"), tuple(range(4, 64))
    edges = tuple(f"{a}-{b}" for a, b in combinations(nodes, 2))[:60]
    folder = make(tmp_path, ticks=0, nodes=nodes, edges=edges, start_taps=taps)
    rest = dict.fromkeys(nodes, 0.0)
    for number in range(5):
        one = tick(number, bits=False, moved=0, taps=taps)
        known = {name: rest | (getattr(one, name) or {}) for name in ("free_V", "true_free_V")}
        folder.append([dataclasses.replace(one, **known)])
    png_size(run_figure(folder))


def test_a_run_whose_edges_join_no_nodes_is_not_drawn(tmp_path: Path) -> None:
    folder = make(tmp_path, ticks=0, edges=("A-Z",), start_taps=(5,))
    folder.append([tick(0, bits=False, up=0, moved=0, taps=(5,))])
    with pytest.raises(RunFileError, match="edge A-Z joins no two of its nodes; restore it"):
        run_figure(folder)


@pytest.mark.slow
def test_the_figure_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    folder = make(tmp_path, ticks=30)
    assert run_figure(folder).read_bytes() == run_figure(folder).read_bytes()


def test_heading_says_seed_and_profile_once() -> None:
    assert _port("sim://lab16?seed=3&profile=lab") == "sim://lab16"
    assert _port("sim://lab16?seed=3&noise_V=0.002&at=300:remove=EH&at=400:remove=AH") == "sim://lab16?noise_V=0.002"
    assert _port("/dev/ttyACM0") == "/dev/ttyACM0"


def test_a_run_without_ticks_is_not_drawn(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no tick"):
        run_figure(make(tmp_path, ticks=0))


def test_a_damaged_run_json_is_named_by_the_figure(tmp_path: Path) -> None:
    never_begun = make(tmp_path, ticks=0).path
    (never_begun / "run.json").write_text('{"task": "allostery", "board": "square", "started": ""}')
    with pytest.raises(RunFileError, match=r"run\.json: port is missing"):
        run_figure(RunFolder(never_begun))
    with pytest.raises(RunFileError, match=r"node X of placement is not among the nodes"):
        run_figure(make(tmp_path, placement=Placement(("A",), ("X",))))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_labels_keep_their_distance_and_order(places: list[float]) -> None:
    spread = spread_out(np.sort(places), gap=8, top=100)
    assert len(spread) == len(places)
    assert (np.diff(spread) >= 8 - 1e-9).all()
    assert -1e-9 <= spread[0]
    assert spread[-1] <= 100 + 1e-9


def test_csv_has_a_column_for_each_node_and_edge(tmp_path: Path) -> None:
    folder = make(tmp_path, bits=False)
    path = export(folder, "csv")
    assert path == folder.path / "run.csv"
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    assert float(rows[40]["free_V.B"]) == 2.501
    assert rows[10]["taps.A-B"] == "74"
    assert rows[0]["up.A-B"] == "1"
    assert rows[0]["cmp.A-B"] == ""
    assert "desired_V.A" not in rows[0]


def plain(run_json: bytes | str) -> dict[str, object]:
    """Return what run.json has but its HMAC, which is of the file and of no use elsewhere."""
    return {key: value for key, value in json.loads(run_json).items() if not key.startswith("hmac")}


def described(folder: RunFolder) -> dict[str, object]:
    """Return what the run.json of a folder has but its HMAC."""
    return plain((folder.path / "run.json").read_bytes())


def test_parquet_has_the_logs_values_and_run_json(tmp_path: Path) -> None:
    parquet = importlib.import_module("pyarrow.parquet")
    out = tmp_path / "table.parquet"
    folder = make(tmp_path)
    assert export(folder, "parquet", out) == out
    table = parquet.read_table(out)
    assert table["true_error_V2"].to_pylist() == columns(folder)["true_error_V2"].tolist()
    assert table["cmp.C-D"].to_pylist() == [1] * 100
    assert table["tick"].type == "int64"
    assert plain(table.schema.metadata[b"run_json"]) == described(folder)


def test_netcdf_has_named_dimensions_units_and_run_json(tmp_path: Path) -> None:
    xarray = importlib.import_module("xarray")
    folder = make(tmp_path, bits=False, command=("x" * 200_000,))
    with xarray.open_dataset(export(folder, "netcdf"), engine="h5netcdf") as dataset:
        assert dict(dataset.sizes) == {"tick": 100, "node": 4, "edge": 4}
        assert float(dataset.free_V.sel(node="B", tick=40)) == 2.501
        assert int(dataset.taps.sel(edge="A-B", tick=10)) == 74
        assert dataset.free_V.attrs["units"] == "V"
        assert dataset.error_V2.attrs["units"] == "V^2"
        assert dataset.t_us.attrs["units"] == "us"
        assert int(dataset.t_us[1]) == 2000
        assert math.isnan(dataset.cmp[0, 0])
        assert int(dataset.up[0, 0]) == 1
        assert plain(dataset.attrs["run_json"]) == described(folder)


def eventful(root: Path) -> RunFolder:
    """A run of two phases that lost an edge, was resumed, broke limits and measured test sets."""
    with make(root, ticks=0) as folder:
        folder.append([tick(0, phase="one", test_error_V2=0.25, test_accuracy=0.5), tick(1, phase="one")])
        folder.append(
            [
                EdgeRemoved(tick=2, edge="B-C"),
                Violations(tick=2, count=3, texts=("CLK: short", "LM339: read early")),
                Resumed(
                    tick=2, time="", why='lost, "unplugged"', taps=(65, 63, 64, 70), port="sim://", boot=1, firmware="f"
                ),
                tick(2, phase="two, again"),
                BestRestored(tick=3, taps=(5, 64, 64, 127), loss=0.125),
                FinalTest(tick=3, test_error_V2=0.0625),
                Ended(tick=3, why="done", seconds=1.5),
            ]
        )
    return folder


EVENTS = ["remove", "violations", "resume", "restore", "test", "end"]


def test_events_and_test_sets_are_columns(tmp_path: Path) -> None:
    folder = eventful(tmp_path)
    data, table = columns(folder), events(folder)
    assert data["phase"].tolist() == ["one", "one", "two, again"]
    np.testing.assert_array_equal(data["test_error_V2"], [0.25, np.nan, np.nan])
    assert not {"true_test_error_V2", "true_test_accuracy"} & set(data)
    assert table["event"].tolist() == EVENTS
    assert table["tick"].tolist() == [2, 2, 2, 3, 3, 3]
    assert table["edge"].tolist() == ["B-C", "", "", "", "", ""]
    assert "phase" not in columns(make(tmp_path, ticks=2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tick": 2**70}, "tick = 1180591620717411303424: input should be less than"),
        ({"seconds": 10**400}, "seconds = .*finite number"),
        ({"why": 7}, "why = 7: input should be a valid string"),
        ({"event": "party"}, "'party' found using 'event' does not match any of the expected"),
    ],
    ids=str,
)
def test_an_event_that_does_not_fit_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = make(tmp_path, ticks=1)
    add_line(folder, {"event": "end", "tick": 1, "why": "done", "seconds": 1.0} | change)
    add_line(folder, json_form(tick(1)))
    with pytest.raises(RunFileError, match=f"line 4: .*{message}"):
        events(folder)


def test_csv_has_events_as_a_second_file(tmp_path: Path) -> None:
    pandas = importlib.import_module("pandas")
    path = export(eventful(tmp_path), "csv", tmp_path / "table.csv")
    assert events_file(path) == tmp_path / "table-events.csv"
    ticks, table = pandas.read_csv(path), pandas.read_csv(events_file(path))
    assert ticks["phase"].tolist() == ["one", "one", "two, again"]
    assert ticks["test_accuracy"].dropna().to_dict() == {0: 0.5}
    assert table["event"].tolist() == EVENTS
    assert table["count"].dropna().to_dict() == {1: 3}
    assert table["why"].dropna().to_dict() == {2: 'lost, "unplugged"', 5: "done"}
    assert json.loads(table["taps"][3]) == [5, 64, 64, 127]


def test_parquet_has_events_as_a_second_file(tmp_path: Path) -> None:
    parquet = importlib.import_module("pyarrow.parquet")
    folder = eventful(tmp_path)
    export(folder, "parquet")
    table = parquet.read_table(folder.path / "run-events.parquet")
    assert table["event"].to_pylist() == EVENTS
    assert table["tick"].type == "int64"
    assert table["loss"].to_pylist() == [None, None, None, 0.125, None, None]
    assert json.loads(table["texts"][1].as_py()) == ["CLK: short", "LM339: read early"]
    assert plain(table.schema.metadata[b"run_json"]) == described(folder)


@pytest.mark.parametrize("some", [True, False])
def test_netcdf_has_events_as_a_group(some: bool, tmp_path: Path) -> None:
    xarray = importlib.import_module("xarray")
    folder = eventful(tmp_path) if some else make(tmp_path)
    path = export(folder, "netcdf")
    with xarray.open_dataset(path, group="events", engine="h5netcdf") as table:
        assert table.event.values.tolist() == (EVENTS if some else [])
        if some:
            assert float(table.seconds[5]) == 1.5 and math.isnan(table.seconds[4])
            assert str(table.edge.values[0]) == "B-C"
    with xarray.open_dataset(path, engine="h5netcdf") as dataset:
        assert dict(dataset.sizes) == {"tick": 3 if some else 100, "node": 4, "edge": 4}
        if some:
            assert dataset.phase.values.tolist() == ["one", "one", "two, again"]
            assert dataset.test_error_V2.attrs["units"] == "V^2"


def test_an_unknown_format_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'xls'.*parquet, csv, netcdf"):
        export(make(tmp_path), "xls")  # type: ignore[arg-type]


@pytest.mark.parametrize("fmt", ["csv", "parquet", "netcdf"])
def test_a_path_that_cannot_be_written_is_named(fmt: str, tmp_path: Path) -> None:
    folder = make(tmp_path)
    with pytest.raises(UsageError, match="there is no folder .*absent"):
        export(folder, fmt, tmp_path / "absent" / "run")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is a folder"):
        export(folder, fmt, tmp_path)  # type: ignore[arg-type]


def test_a_run_without_ticks_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="nothing to export"):
        export(make(tmp_path, ticks=0), "csv")


def test_a_missing_library_is_named_and_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path)

    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr("twinohm.runlog.export.import_module", missing)
    for fmt, library in (("csv", "pyarrow"), ("netcdf", "h5netcdf")):
        with pytest.raises(TwinOhmError, match=rf"{library}.*-m pip install .*'pyarrow>=18'"):
            export(folder, fmt)  # type: ignore[arg-type]
    assert not list(folder.path.glob("run.c*"))


def test_a_folder_without_a_run_is_a_wrong_argument(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="give a folder") as error:
        RunFolder(tmp_path)
    assert error.value.exit_code == 2


def test_a_damaged_log_is_a_wrong_argument_of_export(tmp_path: Path) -> None:
    damaged = make(tmp_path, ticks=3).path
    (damaged / "ticks.jsonl").write_text('{"tick": 0}\nx\n{"tick": 2}\n')
    with pytest.raises(RunFileError, match="line 1: t_us is missing") as error:
        export(RunFolder(damaged), "csv")
    assert error.value.exit_code == 2


def test_large_libraries_are_imported_only_when_used() -> None:
    """The command line imports these modules for their names; matplotlib and xarray may wait."""
    for name in ("twinohm.plot.run_figure", "twinohm.plot.report_figures", "twinohm.runlog.export"):
        module = importlib.import_module(name)
        assert not {"matplotlib", "xarray", "pyarrow"} & set(vars(module))


@pytest.mark.slow
def test_a_figure_of_sequence_says_what_its_phases_are(tmp_path: Path) -> None:
    run = twinohm.run("sequence", ticks=1300, engine="ensemble", out=tmp_path, progress=False)
    (phases,) = [text.get_text() for text in run.plot().texts if "ii: " in text.get_text()]
    assert phases.startswith("i: iris  ·  ii: 2 in, 1 out  ·  iii: 2 in, 2 out")
    assert phases.endswith("vi: regression  ·  vii: regression")
