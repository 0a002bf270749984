"""Figures of sweeps: what is drawn of which rows."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

import twinohm
from tests.command_line import run_here
from twinohm.errors import UsageError
from twinohm.files import MARK
from twinohm.plot.sweep_figure import draw_sweep
from twinohm.studies.sweep_results import SweepResults

BOARDS = 5


def write_sweep(path: Path, grid: dict[str, list[Any]], **columns: Any) -> Path:
    """Write the rows of a sweep whose error in mV is 10 times the first parameter, plus the seed."""
    points: list[dict[str, Any]] = [{}]
    for name, values in grid.items():
        points = [point | {name: value} for point in points for value in values]
    rows = [
        {"task": "allostery", "board": "lab16", **point, "seed": seed, "true_mse_first": 4.0}
        | {"true_rms_plateau_V": 0.01 * float(next(iter(point.values()))) + 0.001 * seed, "true_accuracy": None}
        | columns
        for point in points
        for seed in range(BOARDS)
    ]
    table = arrow.Table.from_pylist(rows).replace_schema_metadata({"twinohm_sweep": json.dumps({"given": list(grid)})})
    parquet.write_table(table, path)
    return path


def test_one_parameter_is_a_curve_of_medians_and_quartiles_on_a_logarithmic_axis(tmp_path: Path) -> None:
    axes = draw_sweep(write_sweep(tmp_path / "one.parquet", {"eta": [0.1, 0.5, 1.0]})).axes[0]
    (curve,) = axes.containers
    middle, _, (bars,) = curve
    np.testing.assert_allclose(middle.get_xdata(), [0.1, 0.5, 1.0])
    np.testing.assert_allclose(middle.get_ydata(), [1 + 2, 5 + 2, 10 + 2])
    np.testing.assert_allclose([part[:, 1] for part in bars.get_segments()], [[2, 4], [6, 8], [11, 13]])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in axes.texts] == ["untrained network: 2000 mV"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("η", "rms error of the plateau (mV)")


def test_a_second_parameter_is_a_family_of_curves(tmp_path: Path) -> None:
    axes = draw_sweep(write_sweep(tmp_path / "two.parquet", {"noise_V": [1.0, 2.0, 3.0], "whole": [False, True]})).axes[
        0
    ]
    assert axes.get_xscale() == "linear" and axes.get_xlabel() == "noise (V)"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["whole = no", "whole = yes"]


def test_a_second_parameter_of_many_values_is_a_map_of_medians(tmp_path: Path) -> None:
    file = write_sweep(tmp_path / "map.parquet", {"eta": [0.1, 0.2, *range(1, 6)], "levels": list(range(8, 15))})
    figure = draw_sweep(file)
    (image,) = figure.axes[0].images
    assert image.get_array().shape == (7, 7)
    assert sorted(set(np.round(np.ravel(image.get_array()), 6))) == [3, 4, 12, 22, 32, 42, 52]
    assert figure.axes[1].get_ylabel() == "rms error of the plateau (mV)"


def test_classes_are_drawn_as_the_share_that_is_right(tmp_path: Path) -> None:
    classes = {"true_accuracy": 0.9, "true_accuracy_first": 0.4}
    axes = draw_sweep(write_sweep(tmp_path / "classes.parquet", {"readings": [1, 2]}, **classes)).axes[0]
    assert axes.get_ylabel() == "right (%)" and axes.get_yscale() == "linear"
    assert axes.texts[0].get_text() == "untrained network: 40 %"


def test_the_figure_says_how_many_boards_a_point_has_and_what_is_missing(tmp_path: Path) -> None:
    file = write_sweep(tmp_path / "gaps.parquet", {"eta": [0.1, 0.5, 1.0], "readings": [1, 2]})
    table = parquet.read_table(file)
    parquet.write_table(table.slice(3, table.num_rows - 3 - BOARDS), file)  # boards of the first, all of the last
    (tmp_path / "gaps.parquet.unfinished").write_text("")
    said = [text.get_text() for text in draw_sweep(file).texts]
    assert (
        "Median and quartiles of 2 to 5 virtual boards a point, by the ensemble engine. No result: 1 of 6 points. "
        "Rows in gaps.parquet.unfinished are not shown."
    ) in said


@pytest.mark.parametrize("grid", [{"eta": [1.0]}, {"eta": [0.1, 1.0], "readings": [1, 2], "ticks": [10, 20]}])
def test_none_or_three_parameters_are_refused(grid: dict[str, list[Any]], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="parameters vary.*a figure shows one or two"):
        draw_sweep(write_sweep(tmp_path / "no.parquet", grid))


def test_other_files_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="mine.parquet: is no sweep of twinohm"):
        SweepResults.read(tmp_path / "mine.parquet")
    parquet.write_table(arrow.table({"x": [1]}), tmp_path / "x.parquet")
    with pytest.raises(UsageError, match="x.parquet: is no sweep of twinohm"):
        SweepResults.read(tmp_path / "x.parquet")
    (tmp_path / "s.parquet.unfinished").write_text("")
    with pytest.raises(UsageError, match="the sweep is not finished"):
        SweepResults.read(tmp_path / "s.parquet")


def test_the_command_and_the_library_write_the_figure(tmp_path: Path) -> None:
    file = write_sweep(tmp_path / "one.parquet", {"eta": [0.1, 1.0]})
    done = run_here("plot", "one.parquet", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "one.png\n")
    assert MARK.encode() in (tmp_path / "one.png").read_bytes()
    twinohm.plot_sweep(file, tmp_path / "one.svg")
    assert MARK in (tmp_path / "one.svg").read_text()
    done = run_here("plot", "one.parquet", "--format", "gif", cwd=tmp_path)
    assert done.returncode == 2 and "a sweep has no animation" in done.stderr
