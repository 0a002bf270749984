"""twinohm reproduce, twinohm bench: figures, each measured when asked for."""

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from twinohm.cli.run import json_option
from twinohm.cli.show import print_json, print_rows

JOBS = [("divider", "divider"), ("allostery", "lab16")]


@click.command()
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(min=1), help="How many hardware seeds.")
@click.option("--first-seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--profile", default="lab", show_default=True)
@json_option
def reproduce(seeds: int, first_seed: int, profile: str, as_json: bool) -> None:
    """The paper's claims beside true scores through the firmware, spread over hardware seeds."""
    from twinohm.bench.profile import profile_from
    from twinohm.experiments.reproduce import run_seeds, table

    profile_from(profile, {})
    span = range(first_seed, first_seed + seeds)
    columns = (TextColumn("reproduce"), BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=len(JOBS) * seeds)
        results = list(run_seeds(JOBS, profile, span, lambda: bar.advance(task)))
    click.echo(
        f"true scores, profile {profile}, hardware seeds {first_seed}..{first_seed + seeds - 1}, no levers; "
        "placements, eta, targets and ticks are ours",
        err=True,
    )
    print_rows(table(results), as_json)


@click.command()
@click.option("--ticks", default=2000, show_default=True, type=click.IntRange(min=200))
@json_option
def bench(ticks: int, as_json: bool) -> None:
    """Speed of the virtual board as a ratio to one numpy solve of both networks."""
    from twinohm.experiments.bench import sim_bench

    result = sim_bench(ticks)
    if as_json:
        print_json(result)
    else:
        print_rows([result], False)
