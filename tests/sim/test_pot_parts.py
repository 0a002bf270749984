"""Another pot in the part table, of 100 positions and with an unknown tap at power-on, and nothing else changed.

The test edits that table in a copy of the sources; all programs below then run from the copy.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, ignore_patterns

import numpy as np
import pytest

import twinohm

ROOT = Path(twinohm.__file__).parents[2]
PART = """POT_PARTS["POT100"] = PotPart(
    name="POT100",
    positions=100,
    segments=99,
    power_on_tap=None,
    step_edge="falling",
    deselect="cs_high",
    per_K=0.0,
    source="fictitious",
)
"""
DRAW = """
    from pathlib import Path
    from hardware.generator.files import generate
    for board in ("divider", "lab16"):
        Path(f"hardware/{board}/{board}.net").write_text(generate(board)[f"{board}.net"])
"""
Program = Callable[[str], str]  # code -> what it prints


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Return a function that runs code in a copy of the sources whose part table and boards.toml have POT100."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("host", "firmware", "hardware"):
        copytree(ROOT / name, tree / name, ignore=ignore_patterns("__pycache__", "fab", "*.kicad_*", "*.pdf", "*.png"))
    table = tree / "host" / "twinohm" / "model" / "pot_parts.py"
    table.write_text(table.read_text() + PART)
    text = (ROOT / "boards.toml").read_text()
    (tree / "boards.toml").write_text(text.replace('part = "AD5220"', 'part = "POT100"'))

    def run(code: str) -> str:
        environment = {**os.environ, "PYTHONPATH": f"{tree / 'host'}{os.pathsep}{tree}", "TWINOHM_DATA": str(tree)}
        environment["NUMBA_DISABLE_JIT"] = "1"  # compiling the ensemble takes longer than running it
        done = subprocess.run([sys.executable, "-c", code], cwd=tree, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(f"if True:{DRAW}")
    return run


@pytest.mark.slow
def test_boards_and_firmware_configuration_have_the_part(program: Program) -> None:
    code = """if True:
        import json
        from twinohm.model.board_file import load_board
        from twinohm.model.firmware_config import board_config
        board = load_board("lab16")
        print(json.dumps([board.pots.top_tap, board_config(board)["pot"], board.pots.edge_ohm(99.0)]))
    """
    top_tap, pot, ohm = json.loads(program(code))
    assert top_tap == 99 and ohm == 100_000 + 40 + 1000
    assert pot == {"top_tap": 99, "power_on_tap": None, "step_edge": "falling", "deselect": "cs_high"}


def test_a_start_tap_above_its_top_is_refused(program: Program) -> None:
    code = """if True:
        from pathlib import Path
        from twinohm.errors import BoardFileError
        from twinohm.model.board_file import load_boards
        file = Path("high.toml")
        file.write_text(Path("boards.toml").read_text().replace("start_tap = 64", "start_tap = 100"))
        try:
            load_boards(file)
        except BoardFileError as error:
            print(error)
    """
    assert program(code) == "high.toml: [divider.pots] start_tap = 100: too large; give at most 99\n"


@pytest.mark.parametrize("board", ["lab16", "edge16"])
@pytest.mark.slow
def test_taps_are_unknown_until_homed_and_stop_at_both_ends(program: Program, board: str) -> None:
    """Output voltages are those of the taps that the firmware counts, so the pots are at those taps."""
    code = f"""if True:
        import json
        from twinohm.ensemble import Ensemble
        from twinohm.errors import UsageError
        from twinohm.link.board_client import BoardClient
        from twinohm.model.placement import Placement
        from twinohm.model.profile import PROFILES
        inputs, aim, free_V = dict(A=5.0, D=1.0, I=3.0), dict(C=1.5), dict(C=0.0)
        report = {{}}
        with BoardClient("sim://{board}?profile=ideal") as client:
            ensemble = Ensemble(client.board, PROFILES["ideal"], [0])
            report["power_on"] = client.taps
            try:
                client.restore([100] * 16)
            except UsageError as error:
                report["refused"] = str(error)
            for tap in (99, 4):
                client.restore([tap] * 16)
                report[str(tap)] = [tick.taps for tick in client.train(40, inputs, aim)]
                outputs_V = client.infer([list(inputs.values())])[0]
                truth_V = ensemble.outputs(Placement(tuple(inputs), tuple(aim)), client.taps, [list(inputs.values())])
                report[f"off_V {{tap}}"] = abs(outputs_V[0] - truth_V[0, 0, 0])
        print(json.dumps(report))
    """
    report = json.loads(program(code))
    assert report["power_on"] is None and report["refused"].startswith("restore needs 16 taps of 4..99; tap = 100")
    for tap in (99, 4):
        taps = np.array(report[str(tap)])
        assert taps.max() <= 99 and taps.min() >= 4 and np.abs(np.diff(taps, axis=0)).max() == 1
        assert (taps[0] == tap).any() and (taps[0] != tap).any()  # some edges are held at the end, others leave it
        assert report[f"off_V {tap}"] < 0.003


@pytest.mark.slow
def test_ensemble_and_virtual_board_take_the_same_steps(program: Program) -> None:
    code = """if True:
        import json
        from pathlib import Path
        import numpy as np
        from twinohm.ensemble import Ensemble
        from twinohm.model.board_file import load_board
        from twinohm.model.profile import PROFILES
        from twinohm.plot.run_figure import run_figure
        from twinohm.runlog.plan import plan_run
        from twinohm.runlog.runner import run
        from twinohm.tasks import find_task
        task, board = find_task("allostery"), load_board("lab16")
        plan = plan_run(task, "lab16", profile="ideal", ticks=150)
        folder = run(plan, Path("runs"))
        logged = [list(tick.taps) for tick in folder.ticks()]
        inputs_V, desired_V = (np.tile(volts, (150, 1)) for volts in task.examples[0])
        ensemble = Ensemble(board, PROFILES["ideal"], [0])
        engine = ensemble.train(plan.placement, inputs_V, desired_V, eta=plan.eta, record=("taps",)).taps[0]
        print(json.dumps([logged, engine.tolist(), run_figure(folder).name, folder.summary().violations]))
    """
    logged, engine, figure, violations = json.loads(program(code))
    assert logged == engine and violations == 0 and figure == "run.png"
    assert max(map(max, logged)) <= 99 and min(map(min, logged)) >= 4


@pytest.mark.slow
def test_the_self_test_passes_and_names_a_dead_pot(program: Program) -> None:
    code = """if True:
        import json
        from twinohm.diagnostics.selftest import selftest
        from twinohm.link.board_client import BoardClient
        found = []
        for url in ("sim://lab16?seed=1", "sim://lab16?seed=1&fault=dead:pot.C-D.clamped"):
            with BoardClient(url) as client:
                found.append([str(finding) for finding in selftest(client).findings])
        print(json.dumps(found))
    """
    sound, dead = json.loads(program(code))
    assert sound == []
    assert len(dead) == 1 and dead[0].startswith("U702 (POT100) pin 5: pot C-D.clamped never steps")


@pytest.mark.parametrize("board", ["divider", "lab16"])
def test_the_netlist_has_the_part_and_agrees_with_the_board(program: Program, board: str) -> None:
    code = f"""if True:
        import json
        from hardware.netcheck.check import check
        from twinohm.model.board_file import load_board
        from twinohm.model.netlist import load_netlist
        drawn, board = load_netlist("{board}"), load_board("{board}")
        print(json.dumps([len(drawn.parts("POT100")) - 2 * board.n_edges, check(drawn, board, states=6)]))
    """
    assert json.loads(program(code)) == [0, []]
