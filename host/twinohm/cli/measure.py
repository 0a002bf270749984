"""twinohm reproduce, twinohm bench: figures, each measured when asked for."""

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from twinohm.cli.run import json_option
from twinohm.cli.show import print_json, print_rows
from twinohm.errors import UsageError
from twinohm.experiments.presets import PRESETS


@click.command()
@click.argument("tasks", nargs=-1)
@click.option("--seeds", type=click.IntRange(min=1), help="How many hardware seeds.  [default: 2, with --full 20]")
@click.option("--full", is_flag=True, help="20 hardware seeds (a quarter of an hour on two cores).")
@click.option("--first-seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--preset", "presets", multiple=True, type=click.Choice(list(PRESETS)), help="[default: all]")
@click.option("--profile", default="lab", show_default=True)
@json_option
def reproduce(
    tasks: tuple[str, ...],
    seeds: int | None,
    full: bool,
    first_seed: int,
    presets: tuple[str, ...],
    profile: str,
    as_json: bool,
) -> None:
    """The paper's claims (all, or about TASKS) beside true scores, through the firmware, spread over hardware seeds."""
    from twinohm.bench.profile import profile_from
    from twinohm.experiments.claims import CLAIMS
    from twinohm.experiments.reproduce import jobs, run_jobs, table

    profile_from(profile, {})
    known = list(dict.fromkeys(claim.task for claim in CLAIMS))
    for task in tasks:
        if task not in known:
            raise UsageError(f"{task}: the paper's claims are about {', '.join(known)}")
    span = range(first_seed, first_seed + (seeds or (20 if full else 2)))
    todo = jobs(tasks or known, presets or list(PRESETS), profile, span)
    columns = (TextColumn("reproduce"), BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        shown = bar.add_task("", total=len(todo))
        results = list(run_jobs(todo, lambda: bar.advance(shown)))
    click.echo(
        f"true scores, profile {profile}, hardware seeds {span.start}..{span.stop - 1}; "
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
