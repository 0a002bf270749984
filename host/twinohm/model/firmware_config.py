"""The configuration of the firmware: a board as a Python literal, with plain numbers for pins."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from twinohm.keys import content_key
from twinohm.model.board import Board
from twinohm.model.board_tables import I2C, RP2040, FlipFlops, Lines, SpiAdc, Switches, Table
from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.networks import NETWORKS, parse_channel
from twinohm.model.pins import Pin

# What a literal of a configuration may hold. MicroPython's parser reads it back.
Plain: TypeAlias = "int | str | None | Sequence[Plain] | Mapping[str, Plain]"


def board_config(board: Board) -> dict[str, Plain]:
    """Return the configuration of a board.

    Nodes and edges are indices, voltages are 16-bit codes; a line that the board lacks is None. An address of a part
    behind the multiplexer is its place (model/i2c_places.py). Raises UsageError for a graph without pins.
    """
    board.require_wired()
    pots, comparators, switches = board.pots, board.comparators, board.switches
    channels = [board.nodes.index(name) if name else -1 for name in board.dac.channels]
    spare = 4 * len(board.dac.addresses) - len(channels)
    return {
        "board": board.name,
        "nodes": list(board.nodes),
        "edges": [list(pair) for pair in board.edge_nodes],
        "code_low": board.code_low,
        "code_span": board.code_span,
        "task_span_V": TASK_SPAN_V,
        "settle_us": board.settle_us,
        "pot": {
            "top_tap": pots.top_tap,
            "power_on_tap": pots.chip.power_on_tap,
            "step_edge": pots.chip.step_edge,
            "deselect": pots.chip.deselect,
        },
        "min_tap": pots.min_tap,
        "start_tap": pots.start_tap,
        "pulse_us": pots.pulse_us,
        "clk": pots.clk.number,
        "updown": _lines(pots.updown),
        "cs": _lines(pots.cs),
        "cmp": _lines(comparators.cmp if comparators else None),
        "sgn": _lines(comparators.sgn if comparators else None),
        "flip_flops": _flip_flops(board.flip_flops),
        "shift_in": _plain(board.shift_in, "chips", "load", "clock", "data"),
        "shift_out": _plain(board.shift_out, "chips", "clock", "data", "latch", "enable"),
        "i2c": _i2c(board.i2c),
        "dac": {"addresses": list(board.dac.places), "channels": channels + [-1] * spare},
        "switches": _switches(switches),
        "wired_free": [board.nodes.index(name) for name in board.wired_free],
        "wired_clamped": [board.nodes.index(name) for name in board.wired_clamped],
        "adc": [_adc(board, *pair) for pair in zip(board.adc, board.adc_names, strict=True)],
    }


def config_key(board: Board) -> str:
    """Return the key of a configuration: a board that says another in HELLO was flashed with other tables."""
    return content_key(config=board_config(board))


def _lines(lines: Lines | None) -> dict[str, list[int]] | None:
    """Return where the lines are: at pins of the microcontroller, or at bits of the shift registers."""
    if not lines:
        return None
    pins = [line.number for line in lines if isinstance(line, Pin)]
    return {"pins": pins} if pins else {"bits": [line for line in lines if isinstance(line, int)]}


def _flip_flops(table: FlipFlops | None) -> dict[str, Plain] | None:
    lines = _plain(table, "latch", "preset", "clear")
    return lines and lines | {"readback": _lines(table.readback if table else None)}


def _i2c(table: I2C) -> dict[str, Plain]:
    lines = _plain(table, "sda", "scl", "hz") or {}
    return lines if table.mux is None else lines | {"mux": table.mux.address}


def _switches(table: Switches | None) -> dict[str, Plain] | None:
    if table is None:
        return None
    return {**(_plain(table, "reset", *NETWORKS) or {}), "addresses": list(table.places)}


def _plain(table: Table | None, *keys: str) -> dict[str, Plain] | None:
    """Return some keys of a table, pins as numbers."""
    if table is None:
        return None
    values = {key: getattr(table, key) for key in keys}
    return {
        key: value.number if isinstance(value, Pin) else list(value) if isinstance(value, tuple) else value
        for key, value in values.items()
    }


def _adc(board: Board, adc: SpiAdc | RP2040, name: str) -> dict[str, Plain]:
    channels = [parse_channel(channel) for channel in adc.channels]
    config: dict[str, Plain] = {
        "part": adc.part,
        "channels": [[board.nodes.index(node), network] for node, network in channels],
        "gain": board.adc_gain(adc),
    }
    if name != adc.part:
        config["name"] = name
    if isinstance(adc, SpiAdc):
        return config | (_plain(adc, "sck", "mosi", "miso", "cs", "hz") or {})
    config["pins"] = [pin.number for pin in adc.pins]
    if adc.mux is not None:
        config["mux"] = {"select": [pin.number for pin in adc.mux.select]}
    return config
