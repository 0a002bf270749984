"""twinohm dac-address: give a DAC its own address, once, when a board is built."""

from pathlib import Path

import click

import twinohm
from twinohm.cli.port_option import port_option, refuse_script
from twinohm.cli.run import boards_option, json_option
from twinohm.cli.show import print_json
from twinohm.cli.streams import say
from twinohm.errors import UsageError


def _parse(context: click.Context, argument: click.Parameter, text: str | None) -> int | None:
    from twinohm.model.i2c_places import parse_place

    if text is None:
        return None
    if (place := parse_place(text)) is None:
        raise UsageError(f"address {text!r}: write it as boards.toml does, for example 0x61")
    return place


@click.command("dac-address")
@click.argument("address", required=False, callback=_parse)
@port_option()
@boards_option
@json_option
def dac_address(address: int | None, port: str, boards: Path | None, as_json: bool) -> None:
    """Give the DAC whose /LDAC has the wire an ADDRESS.

    New MCP4728 all have address 0x60 unless they were ordered otherwise. Lead a wire from the last pin of the board's
    header LDAC to the pin of one DAC, and run this; then do the next. The chip keeps the address. Without ADDRESS, the
    one that it has is shown. On a virtual board the wire is a setting: sim://lab16?ldac=0x61.
    """
    from twinohm.diagnostics.dac_address import give_address
    from twinohm.model.i2c_places import place_text

    refuse_script(port, boards, "giving an address makes no tick")
    with twinohm.open(port, boards) as client:
        done = give_address(client, address)
    answering = [place_text(place) for place in done.answering]
    if as_json:
        print_json({"port": port, "was": place_text(done.was), "is": place_text(done.now), "answering": answering})
        return
    changed = "" if done.was == done.now else f", and had {place_text(done.was)}"
    say(f"the DAC with the wire has address {place_text(done.now)}{changed}")
    say(f"DACs answer at {', '.join(answering)}", err=True)
