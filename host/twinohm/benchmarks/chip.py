"""What a tick costs on the chip: device microseconds by what they are spent on, beside the least that is possible.

Each part is timed on the board, alone and many times; a whole tick comes from the time stamps of the telemetry. What is
neither is settling: the firmware does what it can while the networks settle. A floor is bytes times bit time, waits and
conversions, and no instruction at all.
"""

import ast
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlencode

import numpy as np

from twinohm.files import write_own
from twinohm.link.board_client import BoardClient
from twinohm.model.board import Board
from twinohm.model.board_tables import SpiAdc
from twinohm.model.i2c_places import channel_at
from twinohm.model.random_streams import BENCHMARK
from twinohm.paths import boards_file
from twinohm.processes import scratch_folder
from twinohm.protocol.telemetry import Example
from twinohm.tasks.allostery import ALLOSTERY
from twinohm.tasks.regression import HIGH_V, LOW_V, REGRESSION, WEIGHTS

EDGES = (8, 16, 32, 64, 128)
TICKS = 512
ETA = 0.5  # the clamped voltages change at every tick
PARTS = ("inputs", "settling", "measuring", "clamping", "comparing", "clocking", "protocol")
NOT_MODELLED = (
    "not modelled: misses of the flash's cache (XIP). The emulated chip reads flash without waiting, so interpreted "
    "code is faster here than on copper; the hot loop's machine code runs from RAM"
)

# firmware/twinohm_fw: a bit takes 200 ns through drivers/blocks/pio.py's _shift_in and 160 ns through _shift_out.
BIT_IN_US, BIT_OUT_US = 0.20, 0.16
PULSE_INTERVALS = 2  # before CLK rises and before it falls
ANSWERED_AFTER = {"ADS7953": 2, "AD7490": 1}  # frames of an ADC on SPI from a command to its answer
RP2040_ADC_US = 2.0  # RP2040 datasheet 4.9.2: 96 clocks of 48 MHz
USB_BYTE_US = 53 / 64  # 19 packets of 64 bytes a frame (USB 2.0, 5.8.4)

HARNESS = """
import time, micropython
twin = learner.twin
networks = twin.networks
put_in = %r
none = bytes(twin.n_bytes)

@micropython.native
def empty(n):
    us = 0
    for _ in range(n):
        start = time.ticks_us()
        us += time.ticks_diff(time.ticks_us(), start)
    return us

@micropython.native
def inputs(n):
    codes = networks.codes
    us = 0
    for k in range(n):
        for i in put_in:
            codes[i] ^= 256
        start = time.ticks_us()
        networks.drive_inputs()
        us += time.ticks_diff(time.ticks_us(), start)
    return us

@micropython.native
def measuring(n):
    wait, sample, channels, gains, desired, free, terms = networks.measuring
    count = len(free)
    us = 0
    for k in range(n):
        start = time.ticks_us()
        sample(channels, free, count)
        us += time.ticks_diff(time.ticks_us(), start)
    return us

@micropython.native
def clamping(n):
    wait, sample, adc_channels, gains, desired, free, terms = networks.measuring
    channels, codes, count, put, flush = networks.output_drivers
    for k in range(count):
        desired[k] = networks.high  # far from where it is, so that every DAC changes
    us = 0
    for k in range(n):
        sample(adc_channels, free, count)
        terms[ETA] = 2048 * (k & 1)
        start = time.ticks_us()
        nudge_codes(gains, desired, free, codes, terms)
        put(channels, codes, count)
        flush()
        us += time.ticks_diff(time.ticks_us(), start)
    return us

@micropython.native
def comparing(n):
    read = twin.comparing.read
    us = 0
    for k in range(n):
        start = time.ticks_us()
        read()
        us += time.ticks_diff(time.ticks_us(), start)
    return us

@micropython.native
def clocking(n):
    plan, write, pulse, words = twin.stepping
    compared = twin.comparing.words
    us = 0
    for k in range(n):
        start = time.ticks_us()
        plan(none, compared, True)
        write()
        pulse(1)
        us += time.ticks_diff(time.ticks_us(), start)
    return us

from twinohm_fw.core.nudge import ETA, nudge_codes
eta = twin.eta
n = 100
parts = {}
for f in (inputs, measuring, clamping, comparing, clocking):
    networks.settling.wait()
    parts[f.__name__] = (f(n) - empty(n)) / n
twin.eta = eta
print(parts)
"""


@dataclass(frozen=True)
class Case:
    """A run to be timed: roles by node name, and the examples of its ticks."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    examples: Sequence[tuple[int, Example]]

    def changing(self) -> list[int]:
        """Return the inputs, as numbers, that change from tick to tick."""
        columns = np.array([example.inputs_V for _, example in self.examples])
        return [k for k, column in enumerate(columns.T) if len(set(column)) > 1]


ChipRow = TypedDict(
    "ChipRow",
    {
        "what": str,
        "edges": int,
        "tick": float,
        "over_floor_%": float | None,
        "inputs": float,
        "settling": float,
        "measuring": float,
        "clamping": float,
        "comparing": float,
        "clocking": float,
        "protocol": float,
        "protocol_%": float | None,
    },
)
"""Times of a tick and its parts, us; those of its protocol in percent of a tick."""


def chip_bench(
    port: str | None = None, profile: str = "lab", changes: Iterable[tuple[str, str]] = ()
) -> Iterator[ChipRow]:
    """Yield two rows for each case, measured and its floor: of the board at `port`, or of emulated boards.

    The emulated boards have 2 to 128 edges, and the settings `changes` (key, value) beside their profile.

    A board without cases of its own has one: the task allostery, as it is placed there. Raises UsageError for a board
    that cannot have that.
    """
    if port is not None:
        with BoardClient(port) as client:
            for case in CASES.get(client.board.name) or [_allostery_on(client.board)]:
                yield from case_rows(client, case)
        return
    boards: list[tuple[str, int | None, list[Case]]] = [(name, None, cases) for name, cases in CASES.items()]
    for edges in EDGES:
        boards.append((f"edges{edges}", edges, [_constant(f"{edges} edges", *GROWN_ROLES)]))
    with scratch_folder() as folder:
        for name, grown, cases in boards:
            settings = {"profile": profile, "flash": str(Path(folder) / f"{name}.flash"), **dict(changes)}
            if grown is not None:
                settings["boards"] = str(Path(folder) / f"{name}.toml")
                write_own({Path(settings["boards"]): grown_board(grown).encode()})
            with BoardClient(f"emu://{name}?{urlencode(settings)}") as client:
                for case in cases:
                    yield from case_rows(client, case)


def case_rows(client: BoardClient, case: Case) -> Iterator[ChipRow]:
    """Yield the measured row of one case on an open board, and its floor."""
    client.place(case.inputs, case.outputs, ETA)
    client.home()
    chunks = list(client.stream(case.examples))
    bare = float(np.median([b.t_us - a.t_us for chunk in chunks for a, b in zip(chunk, chunk[1:], strict=False)]))
    ticks = [tick for chunk in chunks for tick in chunk]
    streamed = (ticks[-1].t_us - ticks[0].t_us) / (len(ticks) - 1)
    parts = ast.literal_eval(client.exec(HARNESS % case.changing()))
    if not case.changing():
        parts["inputs"] = 0.0
    parts["settling"] = bare - sum(parts.values())
    parts["protocol"] = streamed - bare
    waits_us = ast.literal_eval(
        client.exec(f"learner.twin.networks.settling.{'roles_us' if case.changing() else 'step_us'}")
    )
    least = floor(client.board, case, len(chunks[0]), sum(waits_us))
    over = 100 * (bare / (sum(least.values()) - least["protocol"]) - 1)
    yield _row(case.name, client.board, parts, round(over, 1))
    yield _row("  its floor", client.board, least, None)


def _row(name: str, board: Board, parts: dict[str, float], over: float | None) -> ChipRow:
    """Return the row of `parts` (us); `over`: percent by which the tick is longer than its floor, None for a floor."""
    us = {part: round(time_us, 1) for part, time_us in parts.items()}
    tick_us = sum(parts.values()) - parts["protocol"]
    return {
        "what": name,
        "edges": board.n_edges,
        "tick": round(tick_us, 1),
        "over_floor_%": over,
        "inputs": us["inputs"],
        "settling": us["settling"],
        "measuring": us["measuring"],
        "clamping": us["clamping"],
        "comparing": us["comparing"],
        "clocking": us["clocking"],
        "protocol": us["protocol"],
        "protocol_%": None if over is None else round(100 * parts["protocol"] / tick_us, 1),
    }


def floor(board: Board, case: Case, ticks_a_request: int, waits_us: float) -> dict[str, float]:
    """Return the least time of each part of a tick that any firmware can reach on this board, us.

    ticks_a_request: of a TRAIN. waits_us: how long the firmware waits for settling.
    """
    adc_us = sum(
        16e6 / adc.hz * (ANSWERED_AFTER[adc.part] + sum(f"{name}.free" in adc.channels for name in case.outputs))
        if isinstance(adc, SpiAdc) and adc.hz
        else RP2040_ADC_US
        for adc in board.adc
        if any(f"{name}.free" in adc.channels for name in case.outputs)
    )
    n_bytes = (board.n_edges + 7) // 8
    values = len(case.inputs) + len(case.outputs)
    request = 2 * values if case.changing() else 2 * values / ticks_a_request
    reply = 4 + 4 * len(case.outputs) + 4 * n_bytes + board.n_edges / ticks_a_request
    return {
        "inputs": _dac_us(board, [case.inputs[k] for k in case.changing()]),
        "settling": waits_us,
        "measuring": adc_us,
        "clamping": _dac_us(board, case.outputs),
        "comparing": 8 * board.shift_in.chips * BIT_IN_US if board.shift_in else 0.0,
        "clocking": (8 * board.shift_out.chips * BIT_OUT_US if board.shift_out else 0.0)
        + PULSE_INTERVALS * board.pots.pulse_us,
        "protocol": (request + reply) * 4 / 3 * USB_BYTE_US,  # base64
    }


def _dac_us(board: Board, nodes: Sequence[str]) -> float:
    """Fast writes, each chip up to its last channel: start, address, two bytes a channel with their ACKs, stop.

    Chips behind several channels of a multiplexer take one byte more for each channel.
    """
    last: dict[int, int] = {}
    for node in nodes:
        place, channel = board.dac.output_of(node)
        last[place] = max(last.get(place, 0), channel)
    behind = {channel_at(place) for place in last}
    selected = len(behind) if len(behind) > 1 else 0
    bits = sum(2 + 9 * (1 + 2 * (channel + 1)) for channel in last.values()) + selected * (2 + 9 * 2)
    return bits * 1e6 / board.i2c.hz


def _constant(name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Case:
    example = Example((5.0, 1.0, 0.0)[: len(inputs)], (3.0, 3.0, 3.0)[: len(outputs)])
    return Case(f"{name}, inputs constant", inputs, outputs, [(TICKS, example)])


def _allostery_on(board: Board) -> Case:
    (example,) = ALLOSTERY.examples
    placement = ALLOSTERY.placement_on(board)
    return Case(f"{board.name}, inputs constant", *placement, [(TICKS, Example(*example))])


def _changing(name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Case:
    """Two inputs change at every tick, as in regression."""
    pairs = BENCHMARK.generator(0).uniform(LOW_V, HIGH_V, (TICKS, 2)).tolist()
    examples = [
        (1, Example((a, b, 0.0)[: len(inputs)], [u * a + v * b for u, v in WEIGHTS][: len(outputs)])) for a, b in pairs
    ]
    return Case(f"{name}, inputs changing", inputs, outputs, examples)


CASES = {
    "divider": [
        _constant("divider", ("TOP", "BOT"), ("MID",)),
        _changing("divider", ("TOP", "BOT"), ("MID",)),
    ],
    "lab16": [
        _constant("lab16", *ALLOSTERY.placements["lab16"]),
        _changing("lab16", *REGRESSION.placements["lab16"]),
    ],
}
GROWN_ROLES = (("N0", "N1", "N2"), ("N4", "N5"))


def grown_board(edges: int) -> str:
    """A boards.toml with lab16 grown to so many edges (a multiple of 8): soldered roles, longer chains."""
    import tomli_w

    name = f"edges{edges}"
    table = tomllib.loads(boards_file().read_text())["lab16"]
    count = min(32, max(6, edges // 2))
    pairs = {frozenset((i, (i + step) % count)): None for step in range(1, count) for i in range(count)}
    nodes = [f"N{i}" for i in range(count)]
    del table["switches"]
    table["pots"]["min_tap"] = 8  # up to 8 neighbours load a driver
    table |= {
        "title": f"{edges} edges on {count} nodes",
        "nodes": nodes,
        "edges": ["-".join(nodes[i] for i in sorted(pair)) for pair in list(pairs)[:edges]],
        "wired_free": list(GROWN_ROLES[0]),
        "wired_clamped": [*GROWN_ROLES[0], *GROWN_ROLES[1]],
        "pulls": {pin: pull for pin, pull in table["pulls"].items() if pin != "GP3"},
        "dac": table["dac"] | {"addresses": list(range(0x60, 0x60 + -(-count // 4))), "channels": nodes},
        "adc": [table["adc"][0] | {"channels": [f"{node}.free" for node in GROWN_ROLES[1]]}],
    }
    for part, keys in (("pots", ("updown", "cs")), ("comparators", ("cmp", "sgn"))):
        table[part] |= {key: list(range(k * edges, (k + 1) * edges)) for k, key in enumerate(keys)}
    for chain in ("shift_in", "shift_out"):
        table[chain]["chips"] = edges // 4
    return tomli_w.dumps({name: table})
