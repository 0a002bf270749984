"""Notebooks of the documents: no outputs in the repository; executed, their cells show what the text says."""

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "docs").rglob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_no_outputs_in_the_repository(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []


Texts = Callable[[str], str]


def execute(name: str, folder: Path) -> Texts:
    """Execute a notebook in a folder. Return a function from the id of a cell to what it printed and showed as text."""
    notebook = nbformat.read(ROOT / "docs" / name, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()

    def text(output: NotebookNode) -> str:
        return str(output.get("text") or output.get("data", {}).get("text/plain", ""))

    cells = {cell.id: cell for cell in notebook.cells}
    return lambda id: "".join(text(output) for output in cells[id].outputs)


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    return execute("tutorial.ipynb", tmp_path_factory.mktemp("tutorial"))


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.\d+", text)]


def test_the_outputs_of_the_tutorial_reach_their_targets(tutorial: Texts) -> None:
    first, *_, last = tutorial("ticks").splitlines()[2:]
    assert float(first.split()[2]) > 1 and float(last.split()[2]) < 0.01  # V^2
    assert all(abs(float(volts) - 3) < 0.1 for volts in last.split()[3:6])
    assert "'error_V2': 'V^2'" in tutorial("units")


def test_a_lever_lowers_the_plateau_in_the_tutorial(tutorial: Texts) -> None:
    plain, steady = (numbers(line)[0] for line in tutorial("levers").splitlines() if "plateau_mV" in line)
    assert steady < 0.6 * plain


def test_the_network_of_the_tutorial_learns_around_a_cut(tutorial: Texts) -> None:
    before, cut, end = numbers(tutorial("faults-numbers"))
    assert cut > 10 * before and end < 2 * before


def test_data_of_the_tutorial_are_learned(tutorial: Texts) -> None:
    before, after, constant, linear = numbers(tutorial("data-scores"))
    assert linear < after < 0.75 * constant < 0.75 * before


def test_a_graph_and_an_estimator_of_the_tutorial_learn(tutorial: Texts) -> None:
    assert numbers(tutorial("graph-scores"))[0] > 2.5
    machine, logistic = numbers(tutorial("sklearn"))
    assert 85 < machine < logistic


def test_xor_is_refused_in_the_tutorial_and_stays_unlearned(tutorial: Texts) -> None:
    assert "no network of resistors" in tutorial("xor")
    volts = [float(line.split()[-1]) for line in tutorial("xor-run").splitlines()[2:]]
    assert len(volts) == 4 and max(volts) - min(volts) < 0.3
