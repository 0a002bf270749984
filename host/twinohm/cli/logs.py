"""twinohm plot, twinohm export: what can be made of a run folder."""

from pathlib import Path

import click

from twinohm.runs.folder import RunFolder


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
def plot(run: Path) -> None:
    """Draw RUN again, also while it is going on."""
    from twinohm.plot.run_figure import run_figure

    click.echo(run_figure(RunFolder(run)))


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--format", "fmt", type=click.Choice(["parquet", "csv", "netcdf"]), default="parquet", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: beside the log]")
def export(run: Path, fmt: str, out: Path | None) -> None:
    """Write the log of RUN as a table or an array file."""
    from twinohm.runs.export import export as write

    click.echo(write(RunFolder(run), fmt, out))  # type: ignore[arg-type]
