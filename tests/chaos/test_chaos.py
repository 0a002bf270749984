"""Twelve scenarios of `python -m tests.chaos`, and its parts; TWINOHM_FAULTS=1000 runs 1000 scenarios."""

import os
import random

import pytest

from tests.chaos.proxy import BYTES, KINDS, Fault, Way
from tests.chaos.scenarios import Outcome, _walks, scenarios, table

SCENARIOS = int(os.environ.get("TWINOHM_FAULTS", "12"))


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_no_fault_costs_repeats_or_falsifies_a_tick() -> None:
    outcomes = list(scenarios(SCENARIOS, seed=3, jobs=4))
    assert [outcome for outcome in outcomes if not outcome.good] == []
    *_, total = table(outcomes)
    assert total["scenarios"] == SCENARIOS and total["faults"] > SCENARIOS and total["reconnects"] > 0


@pytest.mark.parametrize("kind", BYTES)
def test_a_fault_changes_the_bytes_at_its_place_and_no_others(kind: str) -> None:
    data = bytes(range(100))
    happened: list[Fault] = []
    way = Way([Fault(kind, "to host", 30, 8)], "seed", happened.append)
    out = b"".join(way(data[at : at + 25]) for at in range(0, 100, 25))
    assert (way.passed, way.done, happened) == (100, [kind], [])
    expected = {
        "drop": data[:30] + data[38:],
        "duplicate": data[:38] + data[30:],
        "reorder": data[:30] + data[38:46] + data[30:38] + data[46:],
        "truncate": data[:30] + data[50:],
        "delay": data,
    }
    if kind == "corrupt":
        assert out[:30] + out[38:] == data[:30] + data[38:]
        assert all(out[k] != data[k] for k in range(30, 38))
    else:
        assert out == expected[kind]


def test_the_boards_ticks_may_jump_back_only_to_restores_of_the_log() -> None:
    ticks = list("abcdefab")
    assert _walks(ticks, [], ticks)
    assert _walks(ticks, [2], list("abcdcdefab")), "one restore undoes two ticks"
    assert _walks(ticks, [4, 2], list("abcdcdefab")), "the first restore undoes no tick"
    assert _walks(ticks, [2], list("abcd?cdefab")), "the tick before a restore was broken off"
    assert not _walks(ticks, [], list("ab?cdefab")) and not _walks(ticks, [2], list("abcd?efab"))
    assert not _walks(ticks, [], list("abcdcdefab")), "two ticks are repeated"
    assert not _walks(ticks, [5], list("abcdcdefab"))
    assert not _walks(ticks, [], list("abcefab")), "a tick is missing"
    assert not _walks(ticks, [], list("abcdefa")), "the last tick is missing"
    assert _walks(ticks, [6, 7], list("abcdefabab")), "two ticks may have the same voltages"


def test_the_table_counts_a_scenario_under_each_of_its_faults() -> None:
    draw = random.Random(0)
    outcomes = [Outcome(k, "allostery", [draw.choice(KINDS) for _ in range(3)], undone=k) for k in range(20)]
    rows = {row["fault"]: row for row in table(outcomes)}
    assert rows["all"]["faults"] == 60 == sum(row["faults"] for kind, row in rows.items() if kind != "all")
    assert rows["all"]["ticks undone"] == 190 and rows["drop"]["scenarios"] <= rows["drop"]["faults"]
    outcomes[3].wrong = 1
    assert not outcomes[3].good and table(outcomes)[-1]["wrong"] == 1
