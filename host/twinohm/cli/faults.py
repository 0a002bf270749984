"""twinohm faults: does the link lose, repeat or falsify a tick, whatever happens to it?"""

import os

import click

from twinohm.cli.run import json_option
from twinohm.cli.show import counting_bar, print_json, print_rows
from twinohm.errors import RunError


@click.command()
@click.option("--scenarios", "count", default=1000, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Draws the faults.")
@click.option("--first", default=0, show_default=True, type=click.IntRange(min=0), help="Number of the first scenario.")
@click.option("--jobs", type=click.IntRange(min=1), help="Scenarios at a time.  [default: number of cores]")
@json_option
def faults(count: int, seed: int, first: int, jobs: int | None, as_json: bool) -> None:
    """Random faults between host and board, and whether every tick happened and was logged once."""
    from twinohm.experiments.faults import scenarios, table

    outcomes = []
    with counting_bar("faults", count, "scenarios") as advance:
        for outcome in scenarios(count, seed, first, jobs or os.cpu_count() or 1):
            outcomes.append(outcome)
            advance()
            if not outcome.good:
                text = f"scenario {outcome.number} ({outcome.case}; {', '.join(outcome.faults)}): {outcome}"
                click.echo(text, err=True)
    rows = table(outcomes)
    if as_json:
        print_json({"seed": seed, "first": first, "rows": rows})
    else:
        print_rows(rows, False)
    if bad := [outcome.number for outcome in outcomes if not outcome.good]:
        raise RunError(f"{len(bad)} of {count} scenarios went wrong: --seed {seed} --first {bad[0]} --scenarios 1")
