"""twinohm reproduce, twinohm bench: measure figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from twinohm import api_studies as api
from twinohm.cli.given_options import refuse_options
from twinohm.cli.number_types import Whole
from twinohm.cli.path_type import FilePath
from twinohm.cli.port_option import PORT, Changes, set_option
from twinohm.cli.run import json_option, scheduler_option
from twinohm.cli.show import print_json, print_rows, remark
from twinohm.cli.streams import say
from twinohm.data_frames import rows_of
from twinohm.files import check_ending, check_output
from twinohm.progress_bar import counting_bar
from twinohm.runlog.port_changes import with_changes
from twinohm.tasks.presets import PRESETS

if TYPE_CHECKING:
    from twinohm.benchmarks.scaling import ScalingRow


@click.command()
@click.argument("tasks", nargs=-1)
@click.option("--seeds", type=Whole(min=1), help="Hardware seeds through the firmware.  [default: 2]")
@click.option("--full", is_flag=True, help="Run 20 hardware seeds through the firmware.")
@click.option(
    "--ensemble",
    default=256,
    show_default=True,
    type=Whole(min=0),
    help="Hardware seeds by the ensemble engine.",
)
@click.option("--first-seed", default=0, show_default=True, type=Whole(min=0), help="First hardware seed.")
@click.option(
    "--preset",
    "presets",
    multiple=True,
    type=click.Choice(list(PRESETS)),
    help="Preset to measure; may be repeated.  [default: all]",
)
@click.option("--profile", default="lab", show_default=True, help="Imperfections: ideal, lab or quiet.")
@set_option
@click.option("--uncalibrated", is_flag=True, help="Leave the boards as they are drawn; else each is calibrated first.")
@click.option("--out", type=FilePath(), default=Path("report"), show_default=True, help="Output folder.")
@scheduler_option
@json_option
def reproduce(
    tasks: tuple[str, ...],
    seeds: int | None,
    full: bool,
    ensemble: int,
    first_seed: int,
    presets: tuple[str, ...],
    profile: str,
    changes: Changes,
    uncalibrated: bool,
    out: Path,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Measure the paper's claims and write a report.

    Runs all tasks of the claims, or only TASKS, on many hardware seeds. A report of before in the folder is replaced,
    other files are not. The same command continues one that was stopped.
    """
    if seeds is not None:
        refuse_options("--seeds says how many", "--full")
    rows: Any = rows_of(
        api.reproduce(
            tasks,
            seeds=seeds,
            full=full,
            ensemble=ensemble,
            first_seed=first_seed,
            presets=presets,
            profile=profile,
            set=changes,
            uncalibrated=uncalibrated,
            out=out,
            scheduler=scheduler,
            note=remark,
        )
    )
    if not as_json:
        from twinohm.studies.reproduction import side_by_side

        rows = side_by_side(rows)
    print_rows(rows, as_json)


@click.command()
@click.argument(
    "what", type=click.Choice(["sim", "ensemble", "large", "scaling", "chip", "calibration"]), default="sim"
)
@click.option("--ticks", default=2000, show_default=True, type=Whole(min=200), help="Number of ticks of sim.")
@click.option("--port", type=PORT, help="Port of a board for chip.  [default: emulated boards]")
@click.option("--out", type=FilePath(), help="Draw the figure of scaling to this PNG.")
@set_option
@json_option
def bench(what: str, ticks: int, port: str | None, out: Path | None, changes: Changes, as_json: bool) -> None:
    """Measure how fast boards are, or what a calibration gains.

    sim: the virtual board. ensemble: the ensemble engine. large: simulations of 1e4 to 1e6 edges, by solver. scaling:
    simulations of growing networks, and machines that must settle. chip: each part of a tick on the chip. calibration:
    errors of boards as drawn, calibrated, and with perfect DACs.
    """
    if what in ("ensemble", "large", "scaling", "calibration"):
        refuse_options(f"bench {what} makes no virtual board", "--set")
    if what != "sim":
        refuse_options(f"bench {what} has a number of ticks of its own", "--ticks")
    if what != "chip":
        refuse_options(f"bench {what} opens no port", "--port")
    if what != "scaling":
        refuse_options(f"bench {what} draws no figure", "--out")
    if what == "chip":
        from twinohm.benchmarks.chip import NOT_MODELLED, chip_bench

        chip_rows = chip_bench(with_changes(port, changes) if port else None, changes=changes)
        print_rows(list(chip_rows), as_json, "Device microseconds per tick")
        if port is None:
            say(NOT_MODELLED, err=True)
        return
    if what == "ensemble":
        from twinohm.benchmarks.ensemble import ensemble_bench

        print_rows(ensemble_bench(), as_json)
        return
    if what == "large":
        from twinohm.benchmarks.large import large_bench, steps

        with counting_bar("bench large", steps(), "rows") as advance:
            large_rows = large_bench(advance=advance)
        print_rows(large_rows, as_json)
        return
    if what == "scaling":
        _scaling(out, as_json)
        return
    if what == "calibration":
        from twinohm.benchmarks.calibration import SEEDS, calibration_bench, with_intervals

        rows = calibration_bench()
        title = f"Allostery, rms of the plateau in mV, medians of {len(SEEDS)} boards with their 95 % intervals"
        print_rows(rows if as_json else [with_intervals(row) for row in rows], as_json, title)
        return
    from twinohm.benchmarks.virtual_board import sim_bench

    result = sim_bench(ticks, with_changes("sim://", changes))
    if as_json:
        print_json(result)
    else:
        print_rows([result], False)


def _line(row: "ScalingRow") -> Mapping[str, object]:
    """Return a row of the table, which fits 80 columns."""
    rates, first = row["ticks_per_s"], min(row["ticks_per_s"])
    name = " ".join(part for part in (row["what"], row["drivers"], row["change"]) if part)
    won = {None: "none" if row["change"] else "", first: "all"}.get(row["wins_from"], str(row["wins_from"]))
    return {"": name} | {str(edges): rate for edges, rate in rates.items()} | {"from\nedges": won}


def _scaling(out: Path | None, as_json: bool) -> None:
    from twinohm.benchmarks.scaling import PAPER, scaling, steps

    if out is not None:
        check_ending(out, "a PNG", ".png")
        check_output(out)  # before a minute of work
    with counting_bar("bench scaling", steps(), "steps") as advance:
        rows = scaling(advance=advance)
    if as_json:
        print_rows(rows, True)
    else:
        print_rows(
            [_line(row) for row in rows],
            False,
            "Ticks/s by edges, and from how many edges on a machine is faster",
        )
    say(f'The paper: "{PAPER}". Its machine makes 3 to 5 steps a second.', err=True)
    if out is not None:
        from twinohm.plot.scaling_figure import figure_scaling

        figure_scaling(rows, out)
        say(f"figure: {out}", err=True)
