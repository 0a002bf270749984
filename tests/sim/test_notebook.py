"""The stop button of a notebook, in a kernel of its own."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = (
    """import twinohm
inputs = {"B": 5, "D": 1, "I": 0}
board = twinohm.open("sim://lab16?seed=1&profile=ideal")
board.home()""",
    'board.train(200_000, inputs, {"F": 3, "G": 3, "H": 3})',
    "made = len(board.last_ticks)\nmade > 0 and made == board.tick",
    "board.safe()",
    'ticks = board.train(10, inputs, {"F": 1, "G": 1, "H": 1})\nlen(ticks), ticks[0].clamp_V',
    "board.measure(), board.home()\nint(board.exec('learner.twin.ticks'))",
    "board.close()",
)
STOPPED = 1  # the cell whose stop button is pressed
STOP_AFTER_S = 0.7


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_the_stop_button_in_a_training_leaves_the_board_usable(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])

    def stop(cell: Any, cell_index: int) -> None:
        if cell_index == STOPPED:
            kernel = client.km.provisioner.process.pid
            threading.Timer(STOP_AFTER_S, os.kill, (kernel, signal.SIGINT)).start()

    client = NotebookClient(
        notebook, timeout=120, allow_errors=True, on_cell_execute=stop, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    errors = [[output.ename for output in cell.outputs if output.output_type == "error"] for cell in notebook.cells]
    assert errors == [["KeyboardInterrupt"] if k == STOPPED else [] for k in range(len(CELLS))], notebook.cells
    shown = [[output.data["text/plain"] for output in cell.outputs if "data" in output] for cell in notebook.cells]
    assert shown[2] == ["True"] and shown[4] == ["(10, (1.0, 1.0, 1.0))"] and shown[5] == ["0"]
