"""The public library: the same names, defaults and results as the command line."""

import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import click
import numpy as np
import pytest

import twinohm
from twinohm import api, api_studies
from twinohm.cli.commands import twinohm_command
from twinohm.cli.data import data as data_command
from twinohm.errors import RunFileError, TwinOhmError, UsageError
from twinohm.model.levers import Levers
from twinohm.run_results import Run

# What only one of the two faces has, and why.
HOOKS = {"progress", "stop", "ask", "begin", "note"}  # a program's own functions; the command line prints and asks
PRINTED = {"as_json", "plot"}  # how the command shows its result; a program calls Run.plot()
ALIASES = {"place"}
SPELT = {"changes": "set"}
DATA = {option.name for option in data_command.params} - {
    "file",
    "board",
    "anyway",
    "boards",
    "diodes",
    "as_json",
    "verbose",
}


@pytest.fixture(scope="module")
def allostery(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return twinohm.run("allostery", ticks=60, seed=3, out=tmp_path_factory.mktemp("runs"), progress=False)


@pytest.mark.parametrize("name", ["run", "resume", "runs", "compare", "place", "sweep", "reproduce", "rules", "flash"])
def test_a_function_has_the_options_and_defaults_of_its_command(name: str) -> None:
    levers = set(Levers.__dataclass_fields__)
    options = {
        SPELT.get(str(option.name), str(option.name)): option
        for option in twinohm_command.commands[name].params
        if option.name not in PRINTED | ALIASES | DATA | levers | {"verbose"}
    }
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(getattr(twinohm, name)).parameters.items()
        if name not in HOOKS | {"levers"}
    }
    assert set(options) == set(parameters)
    for name, parameter in parameters.items():
        option = options[name]
        if isinstance(option, click.Option) and not option.multiple:
            default = option.get_default(click.Context(twinohm_command))
            unset = repr(default) == "Sentinel.UNSET"
            assert (None if unset else str(default) if isinstance(default, Path) else default) == parameter.default, (
                name
            )


def test_every_lever_is_an_option_of_the_command() -> None:
    options = {option.name for option in twinohm_command.commands["run"].params}
    assert set(Levers.__dataclass_fields__) - {"pairs"} <= options  # the task asks for pairs


def test_no_public_function_is_hidden_by_a_module() -> None:
    for module in walk_packages(twinohm.__path__, "twinohm."):
        if "_data" not in module.name and "url_handlers" not in module.name and "__main__" not in module.name:
            import_module(module.name)
    for name in set(twinohm.__all__) - {"__version__"}:
        assert not inspect.ismodule(getattr(twinohm, name)), name
    assert set(dir(twinohm)) == set(twinohm.__all__)
    assert {*api.__all__, *api_studies.__all__} <= set(twinohm.__all__)


def test_the_tables_of_a_run_are_those_of_its_log(allostery: Run) -> None:
    lines = [json.loads(line) for line in (allostery.path / "ticks.jsonl").read_text().splitlines()]
    logged = [line for line in lines if "taps" in line]
    ticks = allostery.ticks
    assert list(ticks.index) == [line["tick"] for line in logged] == list(range(60))
    assert list(ticks["free_V.F"]) == [line["free_V"]["F"] for line in logged]
    assert list(ticks["taps.A-E"]) == [line["taps"][1] for line in logged]
    assert list(ticks["cmp.A-E"]) == [line["cmp"] >> 1 & 1 for line in logged]
    assert "inputs_V.A" not in ticks  # A is no input
    units = ticks.attrs["units"]
    assert (units["free_V.F"], units["error_V2"], units["t_us"]) == ("V", "V^2", "us")
    assert set(units) == set(ticks.columns)
    assert list(allostery.events["event"]) == ["end"]


def test_resistances_are_those_of_the_circuit(allostery: Run) -> None:
    truth = json.loads((allostery.path / "run.json").read_text())["truth"]
    taps = allostery.ticks["taps.A-E"].to_numpy()
    ohm = taps * truth["pot_ohm"][0][1] / 128 + truth["wiper_ohm"][0][1] + truth["series_ohm"][0][1]
    assert allostery.resistances["A-E"].to_numpy() == pytest.approx(ohm, rel=1e-9)


def test_edges_that_the_board_cannot_read_are_missing(tmp_path: Path) -> None:
    done = twinohm.run("allostery", board="edge16", ticks=4, out=tmp_path, progress=False)
    assert done.ticks["cmp.A-B"].isna().all() and done.ticks["taps.A-B"].notna().all()


def test_a_run_is_the_one_that_the_command_makes(tmp_path: Path) -> None:
    arguments = "run regression --ticks 40 --seed 5 --profile quiet --set noise_V=0.001 --p 0.5 --no-plot --placement"
    out = tmp_path / "command"
    command = [*arguments.split(), "B,D,I,F,G", "--out", str(out)]
    twinohm_command.main(command, standalone_mode=False)
    made = twinohm.run(
        "regression",
        ticks=40,
        seed=5,
        profile="quiet",
        set={"noise_V": 0.001},
        levers={"p": 0.5},
        placement=(["B", "D", "I"], ["F", "G"]),
        out=tmp_path / "library",
        progress=False,
    )
    (by_command,) = (twinohm.load_run(out / name) for name in twinohm.runs(out).index)
    assert by_command.ticks.equals(made.ticks)
    assert by_command.settings.levers == made.settings.levers == Levers(p=0.5)


def test_a_stopped_run_is_resumed(tmp_path: Path) -> None:
    made: list[int] = []
    begun = twinohm.run(
        "allostery",
        ticks=200,
        profile="ideal",
        out=tmp_path,
        progress=lambda done, error_V2: made.append(done),
        stop=lambda: bool(made),
    )
    assert 0 < len(begun.ticks) < 200
    done = twinohm.resume(begun.path, progress=False)
    whole = twinohm.run("allostery", ticks=200, profile="ideal", out=tmp_path, progress=False)
    assert list(done.ticks["free_V.F"]) == list(whole.ticks["free_V.F"])


def test_progress_is_reported_to_a_function(tmp_path: Path) -> None:
    seen: list[tuple[int, float]] = []
    twinohm.run("allostery", ticks=130, out=tmp_path, progress=lambda done, error_V2: seen.append((done, error_V2)))
    assert seen[-1][0] == 130 and [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
@pytest.mark.parametrize("draw", ["plot", "network"])
def test_figures_are_written_in_the_format_of_their_name(
    allostery: Run, tmp_path: Path, draw: str, suffix: str, magic: bytes
) -> None:
    path = tmp_path / f"figure.{suffix}"
    getattr(allostery, draw)(path)
    getattr(allostery, draw)(path)  # a figure of ours is replaced
    assert path.read_bytes().startswith(magic)
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        getattr(allostery, draw)(path)
    assert path.read_bytes() == b"mine"


def test_a_notebook_shows_settings_scores_and_network(allostery: Run) -> None:
    page = allostery._repr_html_()
    assert "B D I → F G H" in page and "60 of 60" in page and "orders" in page
    assert page.count("data:image/png;base64,") == 1


def test_a_folder_with_markup_in_its_name_stays_text(tmp_path: Path) -> None:
    done = twinohm.run("allostery", ticks=3, out=tmp_path / "<script>x", progress=False)
    assert "<script>" not in done._repr_html_() and "&lt;script&gt;x" in done._repr_html_()


def test_runs_lists_what_is_there_and_says_what_is_damaged(allostery: Run, tmp_path: Path) -> None:
    done = twinohm.run("allostery", ticks=30, seed=1, out=tmp_path, progress=False)
    broken = twinohm.run("iris", ticks=5, out=tmp_path, progress=False)
    (broken.path / "run.json").write_text("{")
    table = twinohm.runs(tmp_path)
    row = table.loc[done.path.name]
    assert (row["task"], row["seed"], row["ticks"], row["of"]) == ("allostery", 1, 30, 30)
    assert row["plateau_mV"] == pytest.approx(1000 * (done.summary.true_rms_plateau_V or 0), abs=1e-3)
    assert "run.json" in table.loc[broken.path.name, "problem"]


def test_compare_shows_what_differs_and_the_scores(tmp_path: Path) -> None:
    one, two = (twinohm.run("allostery", ticks=30, seed=1, eta=eta, out=tmp_path, progress=False) for eta in (0.5, 1.0))
    table = twinohm.compare(one, two.path)
    assert list(table.index[:1]) == ["eta"] and "seed" not in table.index
    assert list(table.loc["eta"]) == [0.5, 1.0]
    assert table.loc["score: plateau_mV", str(one.path)] == pytest.approx(
        1000 * (one.summary.true_rms_plateau_V or 0), abs=1e-3
    )


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: twinohm.run(3), "task = 3: give the name"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostry"), "no task 'allostry'"),
    (lambda: twinohm.run("allostery", preset="bst"), "preset = 'bst': give one of paper"),
    (lambda: twinohm.run("allostery", levers={"q": 1}), "there is no lever 'q'; levers are p, readings"),
    (lambda: twinohm.run("allostery", levers=0.5), "levers = 0.5: give a mapping"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostery", levers={"vote": "up"}), "vote"),
    (lambda: twinohm.run("allostery", set=["noise"]), "set = \\['noise'\\]: give a mapping"),  # type: ignore[list-item]
    (lambda: twinohm.run("allostery", set={"nois_V": 1}), "nois_V"),
    (lambda: twinohm.run("allostery", placement=(["B"], ["F"])), "has 3 inputs and 3 outputs"),
    (lambda: twinohm.run("allostery", placement=7), "placement = 7"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostery", ticks=0), "ticks = 0: give a whole number, 1 or more"),
    (lambda: twinohm.run("allostery", seed=-1), "seed = -1"),
    (lambda: twinohm.run("allostery", eta="1"), "eta = '1': give a number"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostery", restore_best=1), "restore_best = 1: give True or False"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostery", progress=3), "progress = 3"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostery", amplify=2.0), "amplify"),
    (lambda: twinohm.run("iris", amplify=0.0), "amplify = 0: more than 0"),
    (lambda: twinohm.run("allostery", reconnect=-1.0), "reconnect = -1: 0 or more"),
    (lambda: twinohm.run("allostery", out=b"x"), "out = b'x': give the path of a folder"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostery", out="a\0"), "give the path of a folder"),
    (lambda: twinohm.run("allostery", stop=5), "stop = 5: give a function"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostery", begin=5), "begin = 5: give a function"),  # type: ignore[arg-type]
    (lambda: twinohm.place("allostery", note=5), "note = 5: give a function"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostery", stop=None), "stop = None: give a function"),  # type: ignore[arg-type]
    (lambda: twinohm.place("allostery", note=None), "note = None: give a function"),  # type: ignore[arg-type]
    (lambda: twinohm.sweep("allostery", note=None), "note = None: give a function"),  # type: ignore[arg-type]
    (lambda: twinohm.rules(note=None), "note = None: give a function"),  # type: ignore[arg-type]
    (lambda: twinohm.rules("signs"), "rule = 'signs': give one of sign, desync"),
    (lambda: twinohm.rules("sign", tasks="divider"), "divider: rules are compared on allostery, regression"),
    (lambda: twinohm.rules("sign", first_seed=90_000), "first_seed = 90000: settings are chosen on seeds 90000 to"),
    (lambda: twinohm.run("allostery", rule="signs"), "rule = 'signs': give one of sign, desync"),
    (lambda: twinohm.run("allostery", rule="gradient"), "rule gradient runs in the ensemble of `twinohm rules` alone"),
    (lambda: twinohm.run("xor", rule="overclamp"), "rule overclamp cannot learn this task: there is no far rail"),
    (lambda: twinohm.run("allostery", rule="desync", preset="best"), "the preset sets readings, vote, error_full_V"),
    (lambda: twinohm.reproduce(note=None), "note = None: give a function"),  # type: ignore[arg-type]
    (lambda: twinohm.place("allostery", first_seed=10**18), "first_seed = 1000000000000000000: give a whole number, 0"),
    (lambda: twinohm.reproduce("allostery", first_seed=10**18), "first_seed = 1000000000000000000: give a whole"),
    (lambda: twinohm.sweep("allostery", first_seed=10**18), "first_seed = 1000000000000000000: give a whole number, 0"),
    (
        lambda: twinohm.sweep("allostery", "ticks=1,2", seeds=500_001),
        "1,000,002 rows, and a sweep has at most 1,000,000",
    ),
    (lambda: twinohm.sweep("allostery", out="."), "^.: is a folder"),
    (lambda: twinohm.sweep("allostery", out=""), "out = '': give the path of a file"),
    (lambda: twinohm.sweep("allostery", out="x.csv"), "x.csv: a sweep is written as a Parquet file; give out= a name"),
    (lambda: twinohm.sweep("allostery", 5), "vary = 5: give a list of texts, such as .'eta=0.1,0.5', 'ticks=400'"),  # type: ignore[arg-type]
    (lambda: twinohm.run("allostery", set={"noise_V": np.float64(-1)}), "noise_V = '-1.0': must be 0"),
    (lambda: twinohm.load_board(5), "name = 5"),  # type: ignore[arg-type]
    (lambda: twinohm.load_board("lab17"), "lab17"),
    (lambda: twinohm.runs("nowhere"), "nowhere: is no folder"),
    (lambda: twinohm.compare("a"), "one run; name two or more"),
]


@pytest.mark.parametrize(("call", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_wrong_argument_is_refused_in_words(
    call: Callable[[], Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words):
        call()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=re.escape(f"{tmp_path}: no run folder")):
        twinohm.load_run(tmp_path)


def test_a_run_is_read_after_the_program_has_changed_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = twinohm.run("allostery", ticks=2, out="runs", progress=False)
    loaded = twinohm.load_run(run.path)
    assert not run.path.is_absolute()
    monkeypatch.chdir("/")
    assert len(loaded.ticks) == len(run.ticks) == 2
    assert loaded.path == run.path and run.path.is_absolute()
    assert len(twinohm.resume(run.path, progress=False).ticks) == 2


def test_errors_of_the_library_are_all_of_one_kind() -> None:
    assert issubclass(UsageError, TwinOhmError) and issubclass(RunFileError, TwinOhmError)


def test_a_board_says_what_it_is() -> None:
    with twinohm.open("sim://lab16?seed=1") as board:
        assert repr(board) == "<BoardClient sim://lab16?seed=1: lab16, 9 nodes, 16 edges, open>"
    assert repr(board).endswith("closed>")
    assert np.all(np.array(board.board.edge_nodes) < 9)


SCRIPT = """
import twinohm
found = twinohm.place("divider", limit=1, progress=False)
print(len(found), len(twinohm.sweep("divider", ["eta=0.5,1"], board="divider", seeds=2, progress=False)))
"""


@pytest.mark.slow
def test_a_script_without_a_main_guard_may_search(tmp_path: Path) -> None:
    """Workers import the script that started them, and must not run it again."""
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.stdout == "1 2\n", done.stderr


def test_a_data_file_is_told_and_its_targets_have_their_own_unit(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [(k, 3 * k % 7, 100 + 2 * k + 3 * k % 7) for k in range(12)]
    (tmp_path / "own.csv").write_text("a,b,price\n" + "".join(f"{a},{b},{y}\n" for a, b, y in rows))
    run = twinohm.run(tmp_path / "own.csv", ticks=24, out=tmp_path, engine="ensemble")
    assert "price" in capfd.readouterr().err
    prices = [row[2] for row in rows]
    low, high = min(prices), max(prices)
    (node,) = run.settings.placement.outputs
    targets = run.targets
    assert list(targets) == ["price", "desired.price", "true.price"]
    assert set(targets["desired.price"].round(6)) <= set(map(float, prices))
    expected = low + run.ticks[f"free_V.{node}"] / 5 * (high - low)
    assert np.allclose(targets["price"], expected)
    with pytest.raises(TwinOhmError, match="outputs are volts or classes"):
        _ = twinohm.run("allostery", ticks=2, out=tmp_path, progress=False).targets
