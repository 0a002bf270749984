"""Options that say how a user's data file is to be read, for every command that takes a task."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from twinohm.cli.number_types import Number, Whole
from twinohm.model.codes import TASK_SPAN_V
from twinohm.tasks.data_columns import parse_names
from twinohm.tasks.data_options import DataOptions

OPTIONS = (
    click.option("--target", metavar="COLUMN,..", help="Columns to learn, of a data file.  [default: the last]"),
    click.option("--inputs", metavar="COLUMN,..", help="Columns that are inputs.  [default: all others]"),
    click.option("--drop-missing", is_flag=True, help="Leave out rows without a value."),
    click.option(
        "--test",
        type=Number(min=0, max=1, max_open=True),
        help="Share of the rows to test with.  [default: 0.3 of 20 or more]",
    ),
    click.option("--split-seed", type=Whole(min=0), help="Seed that draws the test rows.  [default: 0]"),
    click.option(
        "--scale/--volts",
        default=None,
        help="Scale columns to 0..5 V, or take them as volts.  [default: by their names]",
    ),
    click.option(
        "--bias/--no-bias", default=None, help="Add inputs of 0 V and 5 V, or none.  [default: if columns are scaled]"
    ),
    click.option("--complement", is_flag=True, help="Add 5 V - x beside each input x."),
    click.option("--difference", is_flag=True, help="Learn each target as the difference of two outputs."),
    click.option(
        "--target-span",
        "target_span_V",
        type=Number(min=0, min_open=True, max=TASK_SPAN_V),
        help="Span of scaled targets, V.  [default: 5, or 2 with --difference]",
    ),
    click.option(
        "--classes/--regression",
        default=None,
        help="Learn the target as classes or as numbers.  [default: by its values]",
    ),
)


def data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of data files to a command; it is called with them as `data`, a DataOptions."""

    @wraps(command)
    def with_data(
        *arguments: Any,
        target: str | None,
        inputs: str | None,
        drop_missing: bool,
        test: float | None,
        split_seed: int | None,
        scale: bool | None,
        bias: bool | None,
        complement: bool,
        difference: bool,
        target_span_V: float | None,
        classes: bool | None,
        **options: Any,
    ) -> None:
        data = DataOptions(
            parse_names(target or ""),
            parse_names(inputs or ""),
            drop_missing,
            test,
            split_seed,
            scale,
            bias,
            complement,
            classes,
            difference,
            target_span_V,
        )
        command(*arguments, data=data, **options)

    decorated: Callable[..., None] = with_data
    for option in reversed(OPTIONS):
        decorated = option(decorated)
    return decorated
