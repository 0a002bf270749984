"""twinohm calibrate."""

from pathlib import Path

import click
import numpy as np

import twinohm
from twinohm.cli.given_options import refuse_options
from twinohm.cli.port_option import port_option, refuse_script
from twinohm.cli.run import boards_option, json_option
from twinohm.cli.show import print_json, print_rows
from twinohm.cli.streams import say
from twinohm.model.board import Board
from twinohm.model.board_file import load_boards
from twinohm.model.calibration import Calibration, nominal_corrections, save_calibration, saved_calibrations
from twinohm.model.codes import CORRECTION_BITS, GAIN_ONE
from twinohm.model.correction_fit import doubts, nominal_channels, uncertainty


@click.command()
@port_option()
@boards_option
@click.option("--list", "as_list", is_flag=True, help="List the boards that have been calibrated.")
@json_option
def calibrate(port: str, boards: Path | None, as_list: bool, as_json: bool) -> None:
    """Calibrate the converters of a board against each other.

    The DACs are calibrated against the ADC, or the ADC against the DACs: the board's table in boards.toml names the
    standard, the one that is trusted. Runs on copper use the result as long as it fits; on a virtual board they do with
    --calibration auto. No pot moves. The offsets of the comparators are estimated too.
    """
    if as_list:
        refuse_options("--list reads what was calibrated before, it opens no port", "--port", "--set")
        known = load_boards(boards)
        print_rows([_row(one, known.get(one.board)) for one in saved_calibrations()], as_json)
        return
    from twinohm.diagnostics.calibrator import calibrate as measure

    refuse_script(port, boards, "a calibration makes no tick")
    with twinohm.open(port, boards) as client:
        found = measure(client)
        board = client.board
        virtual = client.side_channel is not None
    path = save_calibration(found)
    if as_json:
        print_json(found.record() | {"file": str(path)})
        return
    print_rows([*_dac_rows(found), *_adc_rows(board, found)], False)
    for line, offsets in (("CMP", found.cmp_V), ("SGN", found.sgn_V)):
        if offsets:
            worst = max(offsets, key=lambda edge: abs(offsets[edge]))
            rms = float(np.sqrt(np.mean(np.square(list(offsets.values())))))
            text = f"{line}: offsets {1000 * rms:.2f} mV rms, most at {worst} ({1000 * offsets[worst]:+.2f} mV)"
            say(text + "; recorded only, as no board can correct a comparator", err=True)
    if found.noise_V is not None:
        say(f"noise at the comparators: {1000 * found.noise_V:.1f} mV rms", err=True)
    first, then = (1000 * volts for volts in found.rms_V)
    say(f"standard: {found.standard}, which may be {100 * uncertainty(board):.1f} % off", err=True)
    say(f"ADC and DACs: {first:.2f} mV rms apart, corrected {then:.2f} mV: {path}", err=True)
    if nominal := nominal_channels(board, found):
        say(f"as boards.toml says: {', '.join(nominal)}", err=True)
    for doubt in doubts(board, found):
        say(f"warning: {doubt}; `twinohm selftest` names broken parts", err=True)
    if virtual:
        say("runs on this virtual board use it with --calibration auto", err=True)


def _dac_rows(found: Calibration) -> list[dict[str, object]]:
    one = 1 << CORRECTION_BITS
    return [
        {"channel": f"DAC of {node}", "gain_%": 100 * gain / one, "offset_codes": (offset - one // 2) / one}
        for node, (gain, offset) in found.dac.items()
    ]


def _adc_rows(board: Board, found: Calibration) -> list[dict[str, object]]:
    nominal = nominal_corrections(board)
    return [
        {
            "channel": channel,
            "gain_%": 100 * (gain / nominal[channel][0] - 1),
            "offset_codes": (offset - nominal[channel][1]) / GAIN_ONE,
        }
        for channel, (gain, offset) in found.adc.items()
        if channel not in board.standard_channels
    ]


def _row(one: Calibration, board: Board | None) -> dict[str, object]:
    return {
        "board": one.board,
        "id": one.id,
        "made": one.made,
        "fits boards.toml": one.key is not None and board is not None and one.misfit(board, one.id) is None,
        "standard": one.standard,
        "apart, mV rms": 1000 * one.rms_V[0],
        "corrected": 1000 * one.rms_V[1],
        "noise, mV": None if one.noise_V is None else 1000 * one.noise_V,
    }
