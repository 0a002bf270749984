"""kit5: pots with an EEPROM on a virtual board, a circuit with a bridge, and what its self-test finds."""

import time
from collections import Counter
from pathlib import Path

import pytest

import twinohm
from tests.command_line import run_here
from twinohm.diagnostics.fault_table import cases, outcomes
from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.model.profile import PROFILES
from twinohm.runlog.folder import RunFolder
from twinohm.runlog.plan import plan_run
from twinohm.runlog.runner import run
from twinohm.sim.parts.fixture import Fixture, HardReset
from twinohm.sim.parts.pot import Storage, UpDownPot
from twinohm.sim.wiring import wire
from twinohm.tasks import find_task

KIT5 = load_board("kit5")


class Pot:
    """One X9C104 at tap 50 on three nets, 10 us after each change."""

    def __init__(self) -> None:
        self.reports: list[str] = []
        self.fixture = Fixture(lambda part, text: self.reports.append(text))
        self.clk, self.updown, self.cs = (self.fixture.net(name, name == "cs") for name in ("clk", "updown", "cs"))
        nets = (self.clk, self.updown, self.cs)
        self.part = UpDownPot(
            self.fixture, "X9C104", *nets, lambda tap: None, tap=50, top_tap=99, storage=Storage(2900, 20_000_000)
        )

    def set(self, **levels: int) -> None:
        for name, level in levels.items():
            self.fixture.now_ns += 10_000
            getattr(self, name).set(level)


def test_a_step_with_clk_low_at_the_end_stores_nothing() -> None:
    pot = Pot()
    pot.set(clk=1, updown=1, cs=0)
    pot.set(clk=0, cs=1)
    assert (pot.part.tap, pot.part.stores, pot.reports) == (51, 0, [])


def test_cs_that_rises_while_clk_is_high_stores_the_tap_and_is_reported() -> None:
    pot = Pot()
    pot.set(clk=1, updown=1, cs=0)
    pot.set(clk=0)
    pot.set(clk=1, cs=1)
    assert (pot.part.tap, pot.part.stored, pot.part.stores) == (51, 51, 1)
    assert pot.reports == ["stored tap 51: /CS rose while CLK was high"]
    pot.set(cs=0)
    assert pot.reports[1] == "/CS fell 19990000 ns before it was ready"


def test_cs_that_falls_while_clk_is_low_is_reported() -> None:
    pot = Pot()
    pot.set(cs=0)
    assert pot.reports == ["/CS fell while CLK was low: the tap may have stepped"]


def test_updown_needs_its_time_before_a_step() -> None:
    pot = Pot()
    pot.set(clk=1, cs=0, updown=1)
    pot.fixture.now_ns += 2000
    pot.clk.set(0)
    assert pot.reports == ["U/D set up 2000 ns before the step; 2900 ns is the limit"]


@pytest.mark.parametrize("by_run", [False, True], ids=["watchdog", "RUN"])
def test_a_reset_in_the_middle_of_a_step_stores_nothing(by_run: bool) -> None:
    """The pins float: CLK falls, which steps, and only then does /CS rise (tests/hardware/test_kit5.py)."""
    reports: list[str] = []
    fixture = Fixture(lambda part, text: reports.append(text))
    twins = wire(KIT5, PROFILES["ideal"], fixture, 0)
    before = twins.taps.copy()
    for pin, level in (("GP2", 1), ("GP6", 1), ("GP7", 0), ("GP8", 1), ("GP9", 0)):
        fixture.now_ns += 10_000
        fixture.net(pin).set(level)
    fixture.now_ns += 10_000
    with pytest.raises(HardReset):
        fixture.reset(by_run)
    assert [pot.stores for pot in twins.pots.values()] == [0] * 10 and reports == []
    assert (twins.taps - before)[:, :3].tolist() == [[1.0, 1.0, 0.0]] * 2


def test_a_run_learns_both_outputs_within_every_limit_of_the_parts(tmp_path: Path) -> None:
    folder = run(plan_run(find_task("allostery2"), "kit5", seed=3), tmp_path)
    summary = folder.summary()
    assert summary.violations == 0 and summary.true_orders_plateau > 2
    description = folder.description()
    assert description.placement.inputs == ("B", "D") and description.placement.outputs == ("A", "C")
    assert max(max(record.taps) for record in folder.ticks()) <= 99


def test_the_same_command_gives_the_same_ticks(tmp_path: Path) -> None:
    made = [run(plan_run(find_task("allostery2"), "kit5", ticks=50), tmp_path / name) for name in ("a", "b")]
    one, other = ([record.taps for record in RunFolder(folder.path).ticks()] for folder in made)
    assert one == other


def test_taps_are_not_known_at_power_on_and_home_sets_them() -> None:
    with twinohm.open("sim://kit5") as machine:
        assert machine.taps is None
        machine.home()
        assert machine.taps == (50,) * 5
        assert machine.side_channel.violations == 0


def test_a_wait_that_is_too_short_for_the_wiper_is_reported() -> None:
    with twinohm.open("sim://kit5?profile=ideal") as machine:
        machine.home()
        machine.exec("learner.apply({'B': 5, 'D': 0}); learner.nudge({'A': 2, 'C': 3})")
        machine.exec("learner.twin._settling.set_roles_us((400, 400)); learner.train(4)")
        end = time.monotonic() + 10
        while not machine.side_channel.violation_texts and time.monotonic() < end:
            time.sleep(0.02)  # reports come beside the prompt
        assert "unsettled" in machine.side_channel.violation_texts[0]


@pytest.mark.parametrize(("names", "words"), [("A,B,C,D", "B cannot be an output"), ("B,D,C,A", "")])
def test_roles_are_those_that_are_soldered(names: str, words: str) -> None:
    task = find_task("allostery2")
    if words:
        with pytest.raises(UsageError, match="is soldered as|cannot be"):
            task.placement_on(KIT5, names)
    else:
        assert task.placement_on(KIT5, names).outputs == ("C", "A")


def test_boards_says_where_outputs_are(tmp_path: Path) -> None:
    lines = run_here("boards", cwd=tmp_path).stdout.splitlines()
    assert next(line for line in lines if line.startswith("kit5")).split()[-2:] == ["A", "C"]


@pytest.mark.slow
def test_the_self_test_names_every_fault_that_shows() -> None:
    """Pots of the clamped network do not show: all its nodes are driven."""
    results = list(outcomes(cases("kit5", "lab", 1), 2))
    hidden = [outcome for outcome in results if outcome.case.fault and outcome.case.fault.endswith(".clamped")]
    assert len(results) == 119 and len(hidden) == 20 and not any(outcome.found for outcome in hidden)
    wrong = Counter(outcome.case.fault for outcome in results if outcome not in hidden and not outcome.named)
    assert not wrong, wrong


@pytest.mark.slow
def test_the_self_test_names_faults_of_the_bridge(tmp_path: Path) -> None:
    for fault, words in (
        ("dead:pot.A-C.free", "pot A-C.free never steps"),
        ("twice:pot.B-C.free", "pot B-C.free steps twice at each clock"),
        ("open:driver.D", "driver of node D open"),
        ("swapped:UD.A-B,UD.A-C", "U/D of edge A-B and U/D of edge A-C crossed"),
        ("swapped:adc.A.free,adc.C.free", "ADC A.free and ADC C.free crossed"),
        ("high:SGN.A-C", "SGN of edge A-C stuck high"),
    ):
        done = run_here("selftest", "--port", f"sim://kit5?fault={fault}", cwd=tmp_path)
        assert done.returncode == 1 and words in done.stdout, (fault, done.stdout)
        assert done.stdout.count("\n") == 1, done.stdout
