"""`python -m tests.chaos`: count ticks that are lost, repeated or wrong under random faults of the link."""

import os
import sys

import click

from twinohm.cli.run import json_option
from twinohm.cli.show import print_json, print_rows
from twinohm.errors import RunError, TwinOhmError
from twinohm.progress_bar import counting_bar


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--scenarios", "count", default=1000, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Draws the faults.")
@click.option("--first", default=0, show_default=True, type=click.IntRange(min=0), help="Number of the first scenario.")
@click.option("--jobs", type=click.IntRange(min=1), help="Scenarios at a time.  [default: number of cores]")
@json_option
def chaos(count: int, seed: int, first: int, jobs: int | None, as_json: bool) -> None:
    """Run scenarios of random faults between host and board; fail unless every tick is logged exactly once."""
    from tests.chaos.scenarios import scenarios, table

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


if __name__ == "__main__":
    try:
        chaos(prog_name="python -m tests.chaos")
    except TwinOhmError as error:
        click.echo(f"tests.chaos: {error}", err=True)
        sys.exit(error.exit_code)
