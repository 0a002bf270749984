"""What a user writes as a number: in options, URLs, --set, --vary and data files alike."""

import re

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_one_owner import HOST, code_lines
from twinohm.cli import twinohm_command
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.model.number_text import parse_number, parse_whole
from twinohm.sim.events import parse_event
from twinohm.sim.faults import parse_fault
from twinohm.sim.settings import SimSettings

NO_NUMBERS = ["0_3", "nan", "inf", "-inf", "1e999", "٣", "0x10", "1,5", "1 2", "", "e3", "."]
# Modules in which a text of a user becomes a number; all but these get numbers.
READERS = ("sim/settings.py", "sim/events.py", "model/profile.py", "tasks/user.py", "studies/sweep_grid.py")


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number; write it as"):
        parse_number(text)
    with pytest.raises(ValueError, match="not a whole number; write it in digits"):
        parse_whole(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_prints_is_read(value: float) -> None:
    assert parse_number(repr(value)) == value
    assert parse_number(f" {value:.3f} ") == float(f"{value:.3f}")


@given(st.integers(-(10**17), 10**17))
def test_every_whole_number_is_read(value: int) -> None:
    assert parse_whole(str(value)) == value == parse_whole(f"+{value}" if value >= 0 else str(value))


NUMBER_OPTIONS = [
    (name, option)
    for name, command in twinohm_command.commands.items()
    for option in command.params
    if isinstance(option, click.Option) and isinstance(option.type, click.FloatRange | click.IntRange)
    if not option.count
]


@pytest.mark.parametrize("text", ["0_3", "nan"])
@pytest.mark.parametrize(("command", "option"), NUMBER_OPTIONS, ids=lambda value: getattr(value, "name", value))
def test_an_option_refuses_what_is_no_number(command: str, option: click.Option, text: str) -> None:
    result = CliRunner().invoke(twinohm_command, [command, option.opts[-1], text])
    assert result.exit_code == 2
    assert re.search(rf"{option.opts[-1]}.*: '{text}': not a .*number; write it", result.output), result.output


def test_every_option_that_is_a_number_is_of_the_strict_types() -> None:
    plain = (click.INT, click.FLOAT)
    for name, command in twinohm_command.commands.items():
        for option in command.params:
            lenient = type(option.type) in (*map(type, plain), click.IntRange, click.FloatRange)
            assert not lenient or (isinstance(option, click.Option) and option.count), f"{name} {option.name}"


@pytest.mark.parametrize("query", ["noise_V=0_3", "noise_V=nan", "seed=1_0", "seed=٣", "seed=-1", "at=1_0:remove=E-H"])
def test_a_url_refuses_what_is_no_number(query: str) -> None:
    with pytest.raises(UsageError, match="not a number|a whole number|write TICK:VERB=EDGE"):
        SimSettings.parse(f"sim://lab16?{query}")


@pytest.mark.parametrize("text", ["offset:adc.E.free=0_3", "noisy:supply=nan", "missing:0x6_1", "high:IN.1_2"])
def test_a_fault_refuses_what_is_no_number(text: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"fault = {text!r}: ")):
        parse_fault(text, load_board("lab16"))


def test_an_event_refuses_what_is_no_number() -> None:
    with pytest.raises(UsageError, match="write TICK:VERB=EDGE"):
        parse_event("3_0:remove=E-H", load_board("lab16"))


@pytest.mark.parametrize("module", READERS)
def test_no_module_reads_numbers_its_own_way(module: str) -> None:
    assert not [
        line for line in code_lines(HOST / module) if re.search(r"isdecimal|isdigit|\bint \( (text|tick)", line)
    ]
