"""What can be varied, how --vary reads, and which points come of it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.one_line import one_line
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.studies.sweep_grid import PARAMETERS, Point, grid, parse_axes, parse_vary
from twinohm.tasks import find_task

LAB16, ALLOSTERY = load_board("lab16"), find_task("allostery")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(1e-9, 1e9)


def points(*vary: str, task: str = "allostery", board: str = "lab16") -> list[Point]:
    return grid(find_task(task), load_board(board), parse_axes(vary))


# -- reading


@given(st.lists(NUMBERS, min_size=1))
def test_a_list_is_read_as_written_and_each_value_once(values: list[float]) -> None:
    text = " , ".join(map(repr, values))
    assert parse_vary(f"noise_V={text}") == ("noise_V", tuple(dict.fromkeys(values)))


@given(POSITIVE, POSITIVE, st.integers(2, 50))
def test_a_range_has_its_ends_and_equal_steps(low: float, high: float, number: int) -> None:
    _, values = parse_vary(f"noise_V={low!r}:{high!r}:{number}")
    assert values[0] == low and values[-1] == high and len(values) <= number
    for k, value in enumerate(values):
        wanted = low + (high - low) * k / max(len(values) - 1, 1)
        assert value == pytest.approx(wanted, abs=1e-9 * max(low, high))


@given(POSITIVE, POSITIVE, st.integers(2, 50))
def test_a_log_range_has_its_ends_and_equal_ratios(low: float, high: float, number: int) -> None:
    _, values = parse_vary(f"noise_V={low!r}:{high!r}:{number}:log")
    assert values[0] == low and values[-1] == high and len(values) <= number
    for k, value in enumerate(values):
        assert value == pytest.approx(low * (high / low) ** (k / max(len(values) - 1, 1)), rel=1e-9)


@given(st.text() | st.sampled_from(sorted(PARAMETERS)).flatmap(lambda name: st.text().map(lambda t: f"{name}={t}")))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        name, values = parse_vary(text)
    except UsageError as error:
        assert str(error).startswith("vary=")
        return
    assert name in PARAMETERS and values and len(set(values)) == len(values)


def test_ranges_of_whole_numbers_are_whole() -> None:
    assert parse_vary("levels=8:1024:8:log")[1] == (8, 16, 32, 64, 128, 256, 512, 1024)
    assert parse_vary("readings=1:4:9")[1] == (1, 2, 3, 4)
    assert parse_vary("eta=0.1:0.5:5")[1] == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert parse_vary("error-full-V=0,0.1:0.3:3")[1] == (0, 0.1, 0.2, 0.3)


def test_names_switches_and_none_are_read() -> None:
    axes = parse_axes(["whole=yes,no", "eta_end=none,0.5", "vote=up", "place=B:D:I:F:G:H"])
    assert axes == {"whole": (True, False), "eta_end": (None, 0.5), "vote": ("up",), "placement": ("B:D:I:F:G:H",)}


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ("eta", "write NAME=VALUE,VALUE or NAME=FROM:TO:NUMBER"),
        ("etta=1", "no parameter 'etta'; there are run: preset, profile, placement, eta"),
        ("eta=", "not a number, and no range"),
        ("eta=1,,2", "not a number"),
        ("eta=nan", "not a number"),
        ("eta=0.1:inf:3", "not a number"),
        ("eta=1:2", "a range is FROM:TO:NUMBER"),
        ("eta=1:2:3:lin", "a range is FROM:TO:NUMBER"),
        ("eta=1:2:1", "a range has 2..10000 values"),
        ("eta=1:2:99999999999", "a range has 2..10000 values"),
        ("eta=0:2:3:log", "lies above 0"),
        ("eta_end=none:2:3", "a range has no none"),
        ("readings=1.5", "not a whole number"),
        ("vote=most", "must be majority or unanimous or up"),
        ("whole=1", "must be yes or no"),
        ("preset=good", "must be paper or "),
        ("place=", "a value is missing"),
    ],
)
def test_what_cannot_be_read_is_refused(vary: str, said: str) -> None:
    with pytest.raises(UsageError, match=one_line("vary=", said)):
        parse_vary(vary)


# -- points


def test_every_parameter_makes_another_point_and_stands_in_its_values() -> None:
    other = {
        "preset": "best",
        "profile": "quiet",
        "placement": "A:B:C:D:E:F:G:H",
        "amplify": "1.25",
        "restore_best": "yes",
        "rule": "desync",
        "vote": "up",
        "eta_end": "0.3",
        "ticks": "60",
        "readings": "3",
        "levels": "64",
        "min_tap": "5",
        "start_tap": "60",
        "whole": "yes",
        "overclamp": "yes",
        "wiper_low_ohm": "41",
        "wiper_high_ohm": "99",
        "twin_sd": "0.02",
        "averager_sd": "0.02",
    }
    needs = {"vote": ["readings=5"], "p_floor": ["error_full_V=0.2"], "whole": ["p=0.5"]}
    (plain,) = points(task="iris")
    assert list(plain.values) == list(PARAMETERS)
    keys = {plain.key}
    of_pairs = ("hinge", "margin_V")  # iris asks for no differences of outputs
    for name, parameter in PARAMETERS.items():
        if name in of_pairs:
            continue
        (point,) = points(*needs.get(name, ()), f"{name}={other.get(name, '0.7')}", task="iris")
        keys.add(point.key)
        assert point.values[name] != plain.values[name], name
        if name != "placement":
            assert point.values[name] == list(point.given.values())[-1], name
        assert point.values[name] is None or isinstance(point.values[name], parameter.kind), name
    assert len(keys) == 1 + len(PARAMETERS) - len(of_pairs)
    xor = [point for text in ("hinge=yes,no", "margin_V=0.1,0.2") for point in points(text, task="xor")]
    assert [point.levers.hinge for point in xor] == [True, False, True, True]
    assert [point.levers.margin_V for point in xor] == [None, None, 0.1, 0.2]
    assert all(point.levers.pairs and point.board.diodes for point in xor)
    assert len({point.key for point in xor}) == 4


def test_the_last_varies_fastest_and_the_same_content_has_the_same_key() -> None:
    made = points("eta=0.5,1", "ticks=100,200,400")
    assert [(p.eta, p.ticks) for p in made] == [(eta, ticks) for eta in (0.5, 1) for ticks in (100, 200, 400)]
    (plain,) = points()
    made = points("preset=paper", "profile=lab,quiet", "noise_V=0.005", "readings=1,3")  # quiet differs by its noise
    assert [p.key == plain.key for p in made] == [True, False, True, False] and made[1].key == made[3].key


def test_a_preset_gives_what_is_not_varied() -> None:
    best, mine = points("preset=best", "readings=9,5")
    assert (best.levers.vote, best.levers.readings, best.ticks) == ("unanimous", 9, 4 * ALLOSTERY.ticks)
    assert (mine.levers.vote, mine.levers.readings, mine.ticks) == ("unanimous", 5, 4 * ALLOSTERY.ticks)


def test_a_changed_task_or_board_has_other_keys(tmp_path: Path) -> None:
    task = tmp_path / "mine.csv"
    keys = set()
    for volts in (1, 2):
        task.write_text(f"in1,in2,out1\n5,0,{volts}\n4,0,{volts}\n")
        keys.add(points(task=str(task))[0].key)
    text = (Path(__file__).parents[2] / "boards.toml").read_text()
    (tmp_path / "boards.toml").write_text(text.replace("series_ohm = 1000", "series_ohm = 1200"))
    board = load_board("lab16", tmp_path / "boards.toml")
    keys |= {grid(ALLOSTERY, b, {})[0].key for b in (LAB16, board)}
    assert len(keys) == 4
    assert grid(ALLOSTERY, LAB16, {"series_ohm": (1200.0,)})[0].key == grid(ALLOSTERY, board, {})[0].key


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ("eta=0", "eta = 0.0: more than 0, at most 4"),
        ("ticks=0", "ticks = 0: 1..10000000"),
        ("levels=3", "levels = 3: 4..1024"),
        ("noise_V=-0.1", "noise_V = '-0.1': must be 0 or more"),
        ("edge_spread=1", "edge_spread = 1: at most 0.99"),
        ("twin_sd=0.5", "twin_sd = 0.5: at most 0.2"),
        ("wiper_low_ohm=200", "wiper_low_ohm = 200.0: more than wiper_high_ohm"),
        ("p=0.5,0", "p = 0.0"),
        ("readings=16", "readings = 16: 1..15"),
        ("place=A:B", "name 6: 3 inputs, then 3 outputs"),
        ("place=B:D:I:F:G:Z", "no node 'Z'"),
        ("min_tap=128", "[lab16.pots] min_tap = 128: too large"),
        ("pot_ohm=0", "[lab16.pots] ohm = 0.0"),
        ("amplify=2", "allostery has no classes with targets to move"),
    ],
)
def test_a_value_that_cannot_be_is_refused_before_anything_runs(vary: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        points(vary)


def test_what_a_task_or_board_does_not_have_cannot_be_varied() -> None:
    with pytest.raises(UsageError, match="sequence has its own"):
        points("eta=1", task="sequence")
    assert points(task="sequence")[0].values["eta"] is None
    with pytest.raises(UsageError, match="divider has no switches"):
        points("switch_ohm=1", task="divider", board="divider")
    assert points(task="divider", board="divider")[0].values["switch_ohm"] is None
    with pytest.raises(UsageError, match="eta is given twice"):
        parse_axes(["eta=1", "eta=2"])
    with pytest.raises(UsageError, match="more than 1000000 points"):
        points("eta=0.1:1:5000", "noise_V=0:1:5000")


def test_place_is_an_earlier_name_of_placement() -> None:
    assert parse_vary("place=A:B:C") == parse_vary("placement=A:B:C") == ("placement", ("A:B:C",))
