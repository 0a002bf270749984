"""twinohm selftest: test a board, or test the self-test on boards with every single fault."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import twinohm
from twinohm.cli.given_options import refuse_options
from twinohm.cli.number_types import Whole
from twinohm.cli.port_option import port_option, refuse_script
from twinohm.cli.run import boards_option, json_option, scheduler_option
from twinohm.cli.show import print_json, print_rows
from twinohm.cli.streams import say
from twinohm.errors import UsageError
from twinohm.model.board_diodes import parse_diode
from twinohm.progress_bar import counting_bar

if TYPE_CHECKING:
    from twinohm.diagnostics.fault_table import Case, Outcome

WITH_DIODES = "as the parts above or the diodes in the sockets do not allow it"
AT_LEAST_0, AT_LEAST_1 = Whole(min=0), Whole(min=1)


@click.command()
@port_option()
@boards_option
@click.option(
    "--diode",
    "diodes",
    metavar="ANODE>CATHODE[:PART]",
    multiple=True,
    help="Diode in the sockets of both networks, beside those of port and boards.toml.",
)
@click.option("--faults", is_flag=True, help="Test the self-test instead: every single fault on virtual boards.")
@click.option("--seeds", default=1, show_default=True, type=AT_LEAST_1, help="With --faults: boards per fault.")
@click.option("--healthy", default=50, show_default=True, type=AT_LEAST_0, help="With --faults: sound boards per kind.")
@click.option(
    "--every", default=1, show_default=True, type=AT_LEAST_1, help="With --faults: test one fault in this many."
)
@click.option("--jobs", type=AT_LEAST_1, help="With --faults: boards at a time.  [default: number of cores]")
@scheduler_option
@json_option
def selftest(
    port: str,
    boards: Path | None,
    diodes: tuple[str, ...],
    faults: bool,
    seeds: int,
    healthy: int,
    every: int,
    jobs: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Test the parts of a board and name those that fail.

    Tests one part after another. The pots move. Exit code 1 if a part fails.
    """
    if faults:
        from twinohm.diagnostics.fault_table import outcomes

        refuse_options("--faults takes the boards that come with TwinOhm", "--boards", "--diode")
        if scheduler is not None:
            refuse_options("the workers of the scheduler say how many", "--jobs")
        _table(port, seeds, healthy, every, as_json, partial(outcomes, processes=jobs, scheduler=scheduler))
        return
    refuse_options("it belongs to the test with --faults", "--seeds", "--healthy", "--every", "--jobs", "--scheduler")
    from twinohm.diagnostics.selftest import selftest as test

    refuse_script(port, boards, "a self-test makes no tick")
    with twinohm.open(port, boards) as client:
        result = test(client, [parse_diode(text) for text in diodes])
        board = client.board
    plugged = bool(board.diodes or diodes)
    if as_json:
        print_json(
            {
                "port": port,
                "board": board.name,
                "well": not result.findings,
                "findings": [vars(finding) for finding in result.findings],
                "not_tested": result.skipped,
                "not_visible": result.hidden,
                "mismatch_percent": {edge: round(100 * share, 2) for edge, share in result.mismatch.items()},
                "taps": result.taps,
            }
        )
    else:
        for finding in result.findings:
            say(str(finding))
        _print_names(result.skipped, "not tested, " + (WITH_DIODES if plugged else "as they need the parts above"))
        _print_names(result.hidden, "not visible on this board")
        if result.mismatch:
            worst = max(result.mismatch, key=lambda edge: abs(result.mismatch[edge]))
            say(
                f"twins: clamped over free differs by {100 * result.rms:.1f} % rms about its median, "
                f"most at {worst} ({100 * result.mismatch[worst]:+.1f} %)",
                err=True,
            )
        say(
            f"{board.name}: {len(result.findings) or 'no'} fault{'s' * (len(result.findings) > 1)} found",
            err=True,
        )
        say(
            "taps: " + (" ".join(map(str, result.taps)) if result.taps else "not known; learner.home() sets them"),
            err=True,
        )
    sys.exit(bool(result.findings))


def _print_names(names: list[str], what: str) -> None:
    if names:
        say(f"{what}: {', '.join(names)}", err=True)


def _table(
    port: str,
    seeds: int,
    healthy: int,
    every: int,
    as_json: bool,
    tested: "Callable[[Sequence[Case]], Iterator[Outcome]]",
) -> None:
    """Print the tables of the test of the self-test. `tested` tests boards, in any order."""
    from twinohm.diagnostics.fault_table import cases, sound_table, table
    from twinohm.link.transports import port_at
    from twinohm.sim.settings import SimSettings

    settings = SimSettings.parse(port) if port_at(port).virtual else None
    if settings is None or settings.has_flash:
        raise UsageError(f"--faults is for virtual boards, not for {port}: leave --port out, or give it a sim:// port")
    used = f"sim://{settings.board.name}?profile={settings.profile_name}"
    if settings != SimSettings.parse(used):
        raise UsageError(f"{port}: --faults uses its board and its profile alone; give --port '{used}'")
    selected = cases(settings.board.name, settings.profile_name, seeds, every, healthy)
    found = {}
    with counting_bar("selftest", len(selected), "boards") as advance:
        for outcome in tested(selected):
            found[outcome.case] = outcome
            advance()
    results = [found[case] for case in selected]
    fault_rows, sound_rows = table(results), sound_table(results)
    rows = [_named(vars(row), mistaken_for="taken for") for row in fault_rows]
    sound = [
        _named(vars(row), board="sound boards", false_alarms="false alarms", examples="which") for row in sound_rows
    ]
    complete = fault_rows[-1].found == fault_rows[-1].boards and not any(row.false_alarms for row in sound_rows)
    if as_json:
        print_json({"board": settings.board.name, "profile": settings.profile_name, "faults": rows, "sound": sound})
    else:
        print_rows(rows, False)
        if sound:
            print_rows(sound, False)
    if not complete:
        sys.exit(1)


def _named(fields: Mapping[str, Any], **names: str) -> dict[str, object]:
    """Return a row of a printed table: fields under the names of its columns."""
    return {names.get(key, key): value for key, value in fields.items()}
