"""twinohm rules: compare rules of learning."""

from pathlib import Path
from typing import Any

import click

from twinohm import api_studies as api
from twinohm.cli.number_types import Whole
from twinohm.cli.path_type import FilePath
from twinohm.cli.port_option import Changes, set_option
from twinohm.cli.run import json_option, scheduler_option
from twinohm.cli.show import print_rows, remark
from twinohm.data_frames import rows_of
from twinohm.model.rules import RULES


@click.command(epilog=f"Rules: {', '.join(RULES)}.")
@click.argument("rules", metavar="[RULE]...", nargs=-1)
@click.option("--task", "tasks", multiple=True, help="Task to compare on; may be repeated.  [default: all]")
@click.option("--seeds", default=64, show_default=True, type=Whole(min=1), help="Hardware seeds that are scored.")
@click.option("--first-seed", default=0, show_default=True, type=Whole(min=0), help="First hardware seed.")
@click.option("--profile", default="lab", show_default=True, help="Imperfections: ideal, lab or quiet.")
@set_option
@click.option("--out", type=FilePath(), default=Path("rules"), show_default=True, help="Folder of the report.")
@scheduler_option
@json_option
def rules(
    rules: tuple[str, ...],
    tasks: tuple[str, ...],
    seeds: int,
    first_seed: int,
    profile: str,
    changes: Changes,
    out: Path,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Compare rules of learning, all or only each RULE.

    Every rule has the same boards, placements and ticks, by the ensemble engine. Its eta and strength are chosen on
    boards of their own. A table and a figure are written to the folder; those of before are replaced. The same command
    continues one that was stopped.
    """
    rows: Any = rows_of(
        api.rules(
            rules,
            tasks=tasks,
            seeds=seeds,
            first_seed=first_seed,
            profile=profile,
            set=changes,
            out=out,
            scheduler=scheduler,
            note=remark,
        )
    )
    if not as_json:
        from twinohm.studies.rules_benchmark import cells

        rows = [cells(row) for row in rows]
    print_rows(rows, as_json)
