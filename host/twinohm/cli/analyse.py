"""twinohm analyse: what the circuit of a run says of its task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from twinohm import api
from twinohm.cli.number_types import Whole
from twinohm.cli.path_type import FilePath
from twinohm.cli.run import json_option
from twinohm.cli.show import print_json, print_rows, warn_changed, warn_unproven
from twinohm.cli.streams import say
from twinohm.data_frames import rows_of


@click.command()
@click.argument("run", type=FilePath())
@click.option("--tick", type=Whole(min=0), help="Number of ticks after which to take the taps.  [default: the end]")
@click.option("--out", type=FilePath(), help="Figure to write, .png, .pdf or .svg.  [default: none]")
@click.option("--force", is_flag=True, help="Replace a file of --out that twinohm did not make.")
@json_option
def analyse(run: Path, tick: int | None, out: Path | None, force: bool, as_json: bool) -> None:
    """Analyse the circuit of RUN with the examples that it learned.

    Prints the rank of the task's Jacobian, spectra of the cost and of the circuit, how the sign rule agrees with the
    gradient, and a table of the edges: susceptibility (how much they move the answers), gradient, step, power. The
    circuit has its true component values where the port knew them, else nominal ones.
    """
    found = api.load_run(run).analyse(tick)
    folder = found.folder
    edges, cost, physical = rows_of(found.edges, "edge"), rows_of(found.cost_modes), rows_of(found.physical_modes)
    if out is not None:
        found.plot(out, force)
    if as_json:
        print_json(
            {
                **found.scores,
                "edges": edges,
                "cost_modes": cost,
                "physical_modes": physical,
                "figure": None if out is None else str(out),
            }
        )
    else:
        say(f"{run}: {found.basis}")
        for name, text in _texts(found.scores).items():
            say(f"{name:<22}{text}")
        say(f"{'cost Hessian':<22}{_spectrum(cost, 'value_mV2', 'mV^2/tap^2', 'edges')}")
        say(f"{'physical Hessian':<22}{_spectrum(physical, 'value_uS', 'uS', 'nodes')}")
        say("")
        print_rows(sorted(edges, key=_less_susceptible), False)
        if out is not None:
            say(f"figure: {out}", err=True)
    warn_unproven(folder, folder.unproven)
    warn_changed(folder)


def _texts(scores: dict[str, float | int | str | None]) -> dict[str, str]:
    """Return single numbers in words, by what they are of."""

    def number(name: str) -> str:
        return "none" if (value := scores[name]) is None else f"{value:.3g}"

    return {
        "rms error": f"{number('rms_error_mV')} mV",
        "Jacobian": f"rank {scores['rank']} of {scores['answers']} answers, condition {number('condition')}, "
        f"effective rank {number('effective_rank')}",
        "response dimension": number("response_dimension"),
        "rule and gradient": f"cosine {number('cosine')} ({number('cosine_of_one_tick')} at one tick; "
        f"chance +-{number('chance')}), {number('agreeing')} of the edges agree",
        "pots at their ends": number("at_ends"),
        "power": f"{number('power_uW')} uW",
    }


def _less_susceptible(row: Mapping[str, Any]) -> float:
    return -float(row["susceptibility_mV"])


def _spectrum(rows: list[dict[str, Any]], name: str, unit: str, parts: str) -> str:
    """Return the ends of a spectrum, and in how many parts its largest mode is."""
    if not rows:
        return "none"
    low, high, most = rows[0][name], rows[-1][name], rows[-1]["participation"]
    return f"{low:.3g} to {high:.3g} {unit}, the largest in {most:.1f} of {len(rows)} {parts}"
