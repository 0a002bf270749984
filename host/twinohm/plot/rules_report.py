"""The report of `twinohm rules`: the table, what each rule is and what its paper reports, and the figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from twinohm.files import MARK, write_output
from twinohm.model.rules import NEEDS, RULES
from twinohm.plot.rules_figure import draw_rules
from twinohm.studies.rules_benchmark import (
    BASELINE_SEEDS,
    CONTESTS,
    DESCENT,
    FIRST_SEARCHED,
    HELD_TESTS,
    SEARCHED,
    Result,
    RuleRow,
    cells,
    refusal,
)

REPORT, FIGURE = "rules.md", "rules.png"
FILES = (REPORT, FIGURE)


def write_rules_report(
    out: Path, rows: Sequence[RuleRow], results: Sequence[Result], profile: str, seeds: Sequence[int], command: str
) -> Path:
    """Write rules.md and rules.png to folder `out`, which is there; return the path of rules.md.

    Raises UsageError if one of them is not TwinOhm's to replace, DiskError if it cannot be written.
    """
    foot = f"Board lab16, profile {profile}, calibrated, hardware seeds {seeds[0]}..{seeds[-1]}"
    if rows:
        draw_rules(rows, results, foot, out / FIGURE)
    used = list(dict.fromkeys(result.job.rule for result in results))
    parts = ["# Rules of learning, compared", _conditions(foot, command)]
    if rows:
        parts += [_table([cells(row) for row in rows]), f"![Rules of learning, compared]({FIGURE})"]
    parts += [*_cycles(results), *_descent(results)]
    parts += ["## What each rule is", _table([_about(name) for name in RULES if name in used])]
    parts += _left_out(used, {row["contest"] for row in rows})
    path = out / REPORT
    write_output({path: ("\n\n".join(parts) + f"\n\n<!-- {MARK} -->\n").encode()})
    return path


def _conditions(foot: str, command: str) -> str:
    tasks = "; ".join(f"*{one.name}*: {one.about}" for one in CONTESTS.values())
    return (
        f"`{command}` gave every rule the same boards, placements and ticks. {foot}, by the ensemble engine; scores "
        f"are true ones. Eta and strength of each rule are chosen for each task on {SEARCHED} other boards, seeds from "
        f"{FIRST_SEARCHED} on. {tasks}. A cell is the median over the boards and its 95 % interval by bootstrap; "
        "*boards* is how many reach the bound, with Wilson's interval; *ticks* the median tick of the first of "
        f"{HELD_TESTS} successive tests, or all there are, whose mean is within the bound, '-' if fewer than half of "
        "the boards come there; *answer* the energy of the free network for the settling time of its placement after "
        "training. '(end of range)' marks a setting at the end of those that were tried. Baselines of other methods "
        f"are medians over {BASELINE_SEEDS} draws of the data."
    )


def _about(name: str) -> dict[str, str]:
    rule = RULES[name]
    return {
        "rule": name,
        "does": rule.about,
        "from": rule.source,
        "needs": NEEDS[rule.needs],
        "runs in": rule.where,
        "reported": rule.reported,
    }


def _cycles(results: Sequence[Result]) -> list[str]:
    found = [result for result in results if result.job.contest == "cycle"]
    parts: list[str] = []
    for curve, digits, what in (
        ("error_mV", 0, "error of both tasks, mV"),
        ("excursion_taps", 2, "rms change of a tap in a turn"),
    ):
        rows = [
            {"rule": result.job.rule} | {str(one.x): f"{one.median:.{digits}f}" for one in result.curves[curve]}
            for result in found
        ]
        parts += [f"Median {what}, against the ticks of each task in a turn.", _table(rows)] if rows else []
    return ["## Two tasks in turn", *parts] if parts else []


def _descent(results: Sequence[Result]) -> list[str]:
    found = [result for result in results if result.job.contest == DESCENT]
    if not found:
        return []
    rows = []
    for result in found:
        points = result.curves["test_mV"]
        rows.append({"rule": result.job.rule} | {str(one.x): f"{one.median:.0f}" for one in points})
    fitted = found[0].curves["least_squares_mV"]
    rows.append({"rule": "least squares, no network"} | {str(one.x): f"{one.median:.0f}" for one in fitted})
    return ["## Double descent", "Median test error, mV, against the number of noisy training examples.", _table(rows)]


def _left_out(rules: Sequence[str], contests: set[str]) -> list[str]:
    lines = [f"- {name} on {task}: {why}." for task in CONTESTS for name in rules if (why := refusal(task, name))]
    return ["## Left out", "\n".join(lines)] if lines and contests else []


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    columns = list(rows[0])
    cells_of = [[row[name].replace("|", "\\|") for name in columns] for row in rows]
    lines = [columns, ["---"] * len(columns), *cells_of]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
