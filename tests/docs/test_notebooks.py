"""Notebooks of the documents: no outputs in the repository; executed, their cells show what the text says."""

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


def test_the_outputs_of_the_tutorial_reach_their_targets(tutorial: Texts) -> None:
    first, *_, last = tutorial("ticks-table").splitlines()[2:]
    assert float(first.split()[1]) > 1
    assert float(last.split()[1]) < 0.01
    assert [round(float(volts), 1) for volts in last.split()[2:]] == [3.0, 3.0, 3.0]
