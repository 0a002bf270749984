"""A message names what the user has: options of the command line, or arguments of the library."""

from pathlib import Path

import pytest

import twinohm
from tests.command_line import run_here
from twinohm.errors import UsageError
from twinohm.faces import command_line, of_face, option


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("no learning; --anyway runs it all the same", "no learning; anyway=True runs it all the same"),
        ("name one with --port, `twinohm ports --port X` lists", "name one with port=, `twinohm ports --port X` lists"),
        ("--vary eta: write NAME=VALUE", "vary=eta: write NAME=VALUE"),
        ("name one with --uf2 FILE", "name one with uf2=FILE"),
        ("a file called a--out and --outer", "a file called a--out and --outer"),
    ],
)
def test_options_are_arguments_where_no_command_runs(text: str, argument: str) -> None:
    assert of_face(text) == argument
    with command_line():
        assert of_face(text) == text


@pytest.mark.parametrize(
    ("name", "value", "argument"),
    [
        ("port", "/dev/ttyACM0", "port=/dev/ttyACM0"),
        ("split-seed", "N", "split_seed=N"),
        ("drop-missing", "", "drop_missing=True"),
        ("volts", "", "scale=False"),
    ],
)
def test_an_option_inside_a_message_keeps_its_value(name: str, value: str, argument: str) -> None:
    assert of_face(f"give {option(name, value)}, or none") == f"give {argument}, or none"
    with command_line():
        assert option(name, value) == f"--{name} {value}".strip()


def test_both_faces_name_their_own_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave one of them out") as refused:
        twinohm.run("allostery", port="sim://lab16", board="divider", out=tmp_path)
    assert "board=" in str(refused.value) and "--" not in str(refused.value)
    done = run_here("run", "allostery", "--port", "sim://lab16", "--board", "divider", cwd=tmp_path)
    assert done.returncode == 2 and "--board divider" in done.stderr


def test_one_run_is_too_few_to_compare() -> None:
    with pytest.raises(UsageError, match="compare: no run; name two or more"):
        twinohm.compare()
