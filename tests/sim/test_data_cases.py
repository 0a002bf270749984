"""Files of tests/data/cases, each given to `twinohm data` and `twinohm run`: read, or refused in one line."""

import json
from pathlib import Path

import pytest

from tests.command_line import run_here

CASES = Path(__file__).parents[1] / "data" / "cases"
NO_BETTER = "no network of resistors names the classes better than the most frequent class does: 50.0 % right"

# File and options; columns that are inputs; targets; notes and remarks that are shown.
READ = [
    ("comment2", ["in1", "in2"], ["out1"], ["1 comment line skipped"]),
    ("semi_comma", ["in1", "in2"], ["out1"], ["separator semicolon", "decimal comma"]),
    ("tab", ["in1", "in2"], ["out1"], ["separator tab"]),
    ("excel", ["in1", "in2"], ["out1"], ["1 empty row left out", "2 empty columns left out"]),
    ("unit", ["in1 (V)", "in2 (V)"], ["out1 (V)"], []),
    ("upper", ["IN1", "IN2"], ["OUT1"], []),
    ("utf16", ["in1", "in2"], ["out1"], ["utf-16-le text"]),
    ("cr", ["in1", "in2"], ["out1"], []),
    ("contra", ["in1", "in2"], ["out1"], ["no answer is better than 300.0 mV rms"]),
    ("onein --bias", ["in1", "", ""], ["out1"], ["bias inputs of 0 V and 5 V"]),
    (
        "wine",
        ["fixed acidity", "volatile acidity", "citric acid", "", ""],
        ["quality"],
        ["separator semicolon", "3 inputs and quality scaled to 0..5 V", "bias inputs of 0 V and 5 V"],
    ),
    (
        "wine --classes",
        ["fixed acidity", "volatile acidity", "citric acid", "", ""],
        ["quality"],
        ["2 classes of quality"],
    ),
    ("xor --anyway", ["in1", "in2", "in3"], ["out1"], []),
    ("xor_trailing --anyway", ["column1", "column2", "", ""], ["column3"], ["no header", "1 empty column left out"]),
    ("xor_pm --anyway", ["column1", "column2", "", ""], ["column3"], ["no header", "2 classes of column3"]),
]

REFUSED = [
    ("iris_r", "row 2 is the only one; give two rows that differ, or more"),
    ("iris_sk", "row 2 is the only one; give two rows that differ, or more"),
    ("volt", "row 4 is the only one; give two rows that differ, or more"),
    (
        "penguins",
        "which column is the target? name it: --target species (columns species, island, culmen_length_mm); also row "
        '3, column culmen_length_mm = "": a missing value; --drop-missing takes out such rows',
    ),
    (
        "penguins --target species",
        'row 2, column island = "Torgersen": a text is no input; name the inputs, --inputs culmen_length_mm; also row '
        '3, column culmen_length_mm = "": a missing value; fill it in, or take the row out, which --drop-missing does',
    ),
    (
        "penguins --target species --inputs culmen_length_mm",
        'row 3, column culmen_length_mm = "": a missing value',
    ),
    (
        "penguins --target species --inputs culmen_length_mm --drop-missing",
        "row 2 is the only one; give two rows that differ, or more; also column species: all rows are "
        '"Adelie"; give two classes or more',
    ),
    ("beyond", "row 2: out1 = 4.5 V is outside 1..2 V, the range of its inputs"),
    ("onein", "row 2: out1 = 0.5 V is outside 1..1 V"),
    ("onein", "give --bias, which adds inputs of 0 V and 5 V"),
    ("xor", "none is better than a constant answer, 2886.8 mV rms against 2500.0 mV rms"),
    ("xor_trailing", NO_BETTER),
    ("xor_pm", NO_BETTER),
    ("xor_trailing --regression", "no network of resistors is better than a constant answer: 2500.0 mV rms against"),
    ("underscore", 'row 2, column in1 = "0_3": not a number; give volts from 0 to 5'),
    ("na", 'row 3, column in2 = "NA": a missing value; fill it in, or take the row out, which --drop-missing does'),
    ("qmark", 'row 3, column in2 = "?": a missing value; fill it in, or take the row out, which --drop-missing does'),
    ("na --drop-missing", 'all rows are "a"; give two classes or more'),
    ("qmark --drop-missing", 'all rows are "2"; give two classes or more'),
]


def words(case: str) -> list[str]:
    name, *options = case.split()
    return [str(CASES / f"{name}.csv"), *options]


def test_every_case_is_here() -> None:
    assert {path.stem for path in CASES.iterdir()} == {case.split()[0] for case, *_ in (*READ, *REFUSED)}


@pytest.mark.parametrize(("case", "inputs", "targets", "shown"), READ, ids=[case for case, *_ in READ])
def test_it_is_read(case: str, inputs: list[str], targets: list[str], shown: list[str], tmp_path: Path) -> None:
    done = run_here("data", *words(case), "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [column["column"] for column in found["columns"] if "input" in column["role"]] == inputs
    assert [column["column"] for column in found["columns"] if "target" in column["role"]] == targets
    text = "; ".join([found["text"], *found["remarks"]])
    assert [one for one in shown if one not in text] == []
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case, *_ in READ])
def test_what_is_read_runs(case: str, tmp_path: Path) -> None:
    done = run_here("run", *words(case), "--ticks", "8", "--no-plot", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ticks"] == 8


@pytest.mark.parametrize("command", ["data", "run"])
@pytest.mark.parametrize(("case", "why"), REFUSED, ids=[f"{case}: {why[:20]}" for case, why in REFUSED])
def test_it_is_refused_in_one_line(command: str, case: str, why: str, tmp_path: Path) -> None:
    done = run_here(command, *words(case), cwd=tmp_path)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"twinohm: {CASES}") and why in last and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == []


def test_targets_of_wine_are_numbers_or_classes_by_request(tmp_path: Path) -> None:
    roles = []
    for option in ("--regression", "--classes"):
        done = run_here("data", *words("wine"), option, "--json", cwd=tmp_path)
        roles += [column["role"] for column in json.loads(done.stdout)["columns"] if column["column"] == "quality"]
    assert roles == ["target, numbers", "target, classes"]
