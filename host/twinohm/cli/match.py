"""twinohm match: pair pots before they are soldered."""

from pathlib import Path

import click

import twinohm
from twinohm.cli.number_types import Whole
from twinohm.cli.port_option import port_option, refuse_script
from twinohm.cli.run import ask, boards_option, json_option
from twinohm.cli.show import print_json, print_rows
from twinohm.cli.streams import say

USUAL_LIMIT = 0.01  # twins that differ by more make many update signs wrong: hardware/README.md, electrical figures


@click.command()
@click.argument("pots", type=Whole(min=2))
@port_option("sim://divider")
@boards_option
@json_option
def match(pots: int, port: str, boards: Path | None, as_json: bool) -> None:
    """Measure POTS potentiometers and pair the most alike.

    All are measured in one socket, one after the other. Disconnect the board from USB and supply while you change the
    pot. On a virtual board that pot alone is drawn anew: the first with the seed of the port, the next with the next
    seed.
    """
    from twinohm.diagnostics.pot_matching import Ratio, find_jig, measure_pot, pair_pots
    from twinohm.link.transports import port_at
    from twinohm.model.networks import FREE, channel_name
    from twinohm.sim.settings import SimSettings, extend_url

    virtual = port_at(port).virtual
    settings = SimSettings.parse(port, boards) if virtual else None
    refuse_script(port, boards, "matching makes no tick")
    found: list[Ratio] = []
    for number in range(1, pots + 1):
        if not virtual:
            ask(f"disconnect the board, put pot {number} in, connect it, and press Enter:")
        here = port
        if settings is not None:
            in_place = f"{channel_name(find_jig(settings.board).edge, FREE)}:{settings.seed + number - 1}"
            here = extend_url(port, [("pot", in_place)])
        with twinohm.open(here, boards) as client:
            jig = find_jig(client.board)
            if number == 1:
                say(f"each pot is measured at {jig.edge} of the free network; that of {jig.reference} stays", err=True)
            found.append(measure_pot(client, jig))
            client.safe()
        value, error = found[-1]
        say(f"pot {number}: {value:.4f} of the reference (standard error {100 * error / value:.2f} %)", err=True)
    pairs, left = pair_pots([ratio.value for ratio in found])
    rows = [
        {"pair": k, "pots": f"{pair.first + 1} and {pair.second + 1}", "differ by %": 100 * pair.differs}
        for k, pair in enumerate(pairs, 1)
    ]
    if as_json:
        print_json(
            {
                "port": port,
                "edge": jig.edge,
                "reference": jig.reference,
                "pots": [{"ratio": ratio.value, "standard_error": ratio.error} for ratio in found],
                "pairs": [
                    {"pots": [pair.first + 1, pair.second + 1], "differ_%": 100 * pair.differs} for pair in pairs
                ],
                "left_over": None if left is None else left + 1,
            }
        )
        return
    print_rows(rows, False)
    if left is not None:
        say(f"left over: pot {left + 1}", err=True)
    if apart := sum(pair.differs > USUAL_LIMIT for pair in pairs):
        say(f"{apart} of {len(pairs)} pairs differ by more than {100 * USUAL_LIMIT:g} %: measure more pots", err=True)
