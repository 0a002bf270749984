"""--set KEY=VALUE changes a setting of a virtual board on every command that has one; SimSettings and URLs agree."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from twinohm.cli import twinohm_command
from twinohm.errors import UsageError
from twinohm.faces import command_line
from twinohm.model.profile import PROFILES
from twinohm.runlog.plan import plan_run
from twinohm.sim.settings import SimSettings, extend_url
from twinohm.studies.reproduction import jobs, run_job
from twinohm.tasks import find_task

UNKNOWN = r"no setting 'colour'; use .*noise_V"


@pytest.mark.parametrize(
    "command",
    [
        ("run", "divider"),
        ("exec", "print(1)"),
        ("repl",),
        ("selftest",),
        ("calibrate",),
        ("sim", "divider"),
        ("emulate", "divider"),
        ("place", "divider", "--board", "divider"),
        ("sweep", "allostery"),
        ("reproduce", "divider"),
        ("rules", "sign"),
        ("bench", "sim"),
    ],
    ids=lambda command: command[0],
)
def test_an_unknown_key_is_refused_with_those_that_exist(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(twinohm_command, [*command, "--set", "colour=red"])
    with pytest.raises(UsageError, match=UNKNOWN):
        raise result.exception or AssertionError(result.output)


@pytest.mark.parametrize(
    ("text", "port", "message"),
    [
        ("noise_V", "sim://lab16", "--set noise_V: write KEY=VALUE, for example noise_V=0.002"),
        ("noise_V=0", "/dev/ttyACM0", "--set is for virtual boards, not for /dev/ttyACM0: leave it out"),
        ("noise_V=much", "sim://lab16", "noise_V = 'much': not a number"),
        ("seed=2", "sim://lab16?seed=1", "seed = '1' and seed = '2'; give it once"),
    ],
)
def test_a_wrong_setting_is_refused(text: str, port: str, message: str) -> None:
    result = CliRunner().invoke(twinohm_command, ["exec", "print(1)", "--port", port, "--set", text])
    with command_line():  # as the program has it
        assert isinstance(result.exception, UsageError) and message in str(result.exception)


def test_set_changes_the_board_of_a_run(tmp_path: Path) -> None:
    arguments = ["run", "divider", "--board", "divider", "--ticks", "2", "--no-plot", "--json", "--out", str(tmp_path)]
    result = CliRunner().invoke(twinohm_command, [*arguments, "--set", "noise_V=0.002", "--set", "seed=7"])
    assert result.exit_code == 0, result.output
    (folder,) = tmp_path.iterdir()
    run = json.loads((folder / "run.json").read_text())
    assert (run["seed"], run["port"]) == (7, "sim://divider?seed=7&profile=lab&noise_V=0.002")


@pytest.mark.slow
def test_set_changes_the_boards_of_a_reproduction_by_firmware_and_engine() -> None:
    silent = ("noise_V", "0"), ("offset_sd_V", "0"), ("edge_spread", "0"), ("twin_sd", "0"), ("wiper_high_ohm", "40")
    silent += (
        ("dac_faults", "0"),
        ("adc_faults", "0"),
        ("switch_spread_ohm", "0"),
        ("buffer_sd_V", "0"),
        ("averager_sd", "0"),
    )
    for changes, distinct in ((silent, 1), ((), 3)):
        todo = jobs(["allostery"], ["paper"], "lab", range(1), range(3), changes=changes)
        firmware, ensemble = (run_job(job).values["best, orders"] for job in todo)
        assert len(set(ensemble)) == distinct and len(firmware) == 1


def test_a_benchmark_without_a_board_refuses_set() -> None:
    result = CliRunner().invoke(twinohm_command, ["bench", "ensemble", "--set", "noise_V=0"])
    with pytest.raises(UsageError, match="set=: bench ensemble makes no virtual board; leave it out"):
        raise result.exception or AssertionError(result.output)


def test_set_in_the_url_is_the_same() -> None:
    url = extend_url("sim://", [("noise_V", "0.002")])
    settings = SimSettings.parse(plan_run(find_task("allostery"), port=url).port)
    assert settings.profile.noise_V == 0.002 and settings.profile.twin_sd == PROFILES["lab"].twin_sd


@given(
    seed=st.integers(0, 2**40),
    profile=st.sampled_from(sorted(PROFILES)),
    noise_V=st.floats(0, 1),
    script=st.permutations(["at=3:remove=E-H", "at=9:insert=E-H", "at=5:fault=high:CMP.E-H", "at=12:remove=E-H"]),
    faults=st.lists(st.sampled_from(["dead:pot.E-H.free", "offset:adc.ADS7953=0.1"]), max_size=2),
    more=st.sampled_from(["", "&clock=wall"]),
)
@pytest.mark.slow
def test_settings_written_to_a_url_are_parsed_back(
    seed: int, profile: str, noise_V: float, script: list[str], faults: list[str], more: str
) -> None:
    query = [
        f"seed={seed}",
        f"profile={profile}",
        f"noise_V={noise_V!r}",
        *script,
        *(f"fault={text}" for text in faults),
    ]
    settings = SimSettings.parse(f"sim://lab16?{'&'.join(query)}{more}")
    assert SimSettings.parse(settings.url()) == settings
    assert (
        settings.seed == seed
        and settings.profile.noise_V == noise_V
        and settings.clock == ("wall" if more else "virtual")
    )


def test_an_emulated_board_keeps_its_own_settings(tmp_path: Path) -> None:
    url = f"emu://divider?seed=3&flash={tmp_path / 'a b.flash'}&holds=micropython&profile=ideal"
    settings = SimSettings.parse(url)
    assert SimSettings.parse(settings.url()) == settings and settings.flash == tmp_path / "a b.flash"


@pytest.mark.parametrize(
    ("script", "event", "state"),
    [
        ("at=9:insert=E-H", "9:insert=E-H", "there"),
        ("at=9:remove=E-H&at=12:remove=EH", "12:remove=E-H", "gone"),
        ("at=5:insert=E-H&at=3:remove=E-H&at=5:insert=E-H", "5:insert=E-H", "there"),
    ],
)
def test_an_event_that_changes_nothing_is_refused(script: str, event: str, state: str) -> None:
    with pytest.raises(UsageError, match=f"at = '{event}': E-H is {state} at tick {event.partition(':')[0]} already"):
        SimSettings.parse(f"sim://lab16?{script}")


def test_a_script_of_edges_is_refused_where_the_task_pulls_some() -> None:
    with pytest.raises(UsageError, match="at = '150:insert=E-H': the task pulls edges itself; leave it out"):
        plan_run(find_task("damage"), port="sim://lab16?at=150:insert=E-H")
