"""A board for a graph: pins, addresses and chips allotted as on lab16, whose table gives the parts and their values.

An MCP4728 drives four nodes, an ADG715 has eight switches, an ADS7953 measures sixteen nodes and has a /CS of its own;
two bits of each shift chain serve an edge. More chips than a bus has addresses are put behind a TCA9548A.
"""

import copy
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from twinohm.errors import UsageError
from twinohm.model.board import Board
from twinohm.model.board_file import board_from
from twinohm.model.board_tables import AUTO, SHIFT_CHIPS, is_auto, is_name
from twinohm.model.current_limits import widest_edge_mA
from twinohm.model.graphs import Graph, bipartite
from twinohm.model.mistakes import read_text
from twinohm.model.networks import NETWORKS, channel_name
from twinohm.model.pins import PINS
from twinohm.model.role_order import role_order
from twinohm.model.settling import settling_us
from twinohm.model.wires import ADDRESSES, MUX_ADDRESSES, MUX_CHANNELS
from twinohm.paths import boards_file

MODEL = "lab16"
DAC_CHANNELS, SWITCHES, ADC_CHANNELS, CHAIN_BITS = 4, 8, 16, 8  # of a chip
LINES_PER_EDGE = 2  # of each chain: CMP and SGN, U/D and /CS
MOST_SETTLE_US = 65_535  # of a message
MOST_AUTO_EDGES = 20_000  # this many take 16 s and 1 GB to describe, 50,000 take 3 minutes and 6 GB


def auto_board(n_inputs: int, n_outputs: int) -> Board:
    """Return a graph without pins for a task of so many inputs (a bias is one) and outputs: ensemble engine only.

    Every output Y1, Y2, .. is joined to every input X1, X2, ..: an output can then be any mean of the inputs, with the
    weights that the range of the pots allows, and there is no hidden node. Its drivers give as much as its edges take.

    Raises UsageError for less than two inputs, no output, or more than MOST_AUTO_EDGES pairs of them.
    """
    if n_inputs < 2 or n_outputs < 1:
        raise UsageError(
            f"board auto: {n_inputs} inputs and {n_outputs} outputs; it needs 2 inputs and 1 output or more"
        )
    if (edges := n_inputs * n_outputs) > MOST_AUTO_EDGES:
        raise UsageError(
            f"board auto: {n_inputs} inputs and {n_outputs} outputs are {edges} edges, and {MOST_AUTO_EDGES} are the "
            "most; take fewer columns"
        )
    inputs, outputs = ([f"{letter}{k + 1}" for k in range(n)] for letter, n in (("X", n_inputs), ("Y", n_outputs)))
    graph = bipartite(inputs, outputs)
    table = _graph_table(graph, graph.title, [*inputs, *outputs]) | {"wired": False}
    for part in ("shift_in", "shift_out"):
        del table[part]
    table |= _lists(graph, table)
    table["pulls"] = {}
    table["source_limit_mA"] = 2.0 * max(map(len, graph.neighbours)) * table["edge_limit_mA"]
    board = board_from(auto_name(n_inputs, n_outputs), table | {"settle_us": MOST_SETTLE_US})
    return board.model_copy(update={"settle_us": min(settling_us(board, inputs), MOST_SETTLE_US)})


def auto_name(n_inputs: int, n_outputs: int) -> str:
    """Return the name of the board that auto_board() returns."""
    return f"{AUTO}_{n_inputs}_{n_outputs}"


def find_auto_board(name: str) -> Board | None:
    """Return the board of auto_board() that has this name, None if it is another name. Raises UsageError as that."""
    numbers = re.fullmatch(rf"{AUTO}_(\d{{1,4}})_(\d{{1,4}})", name, re.ASCII)
    return auto_board(*map(int, numbers.groups())) if numbers else None


def board_table(graph: Graph, name: str = "own") -> dict[str, Any]:
    """Return the table that boards.toml has of the board for a graph, any node in any role.

    name: of the board.

    Raises UsageError for a graph or a name that a board cannot have, and with the number that binds for a graph that
    does not fit a Pico.
    """
    if not (isinstance(name, str) and is_name(name)):
        raise UsageError(
            f"name = {name!r}: not a name for a board; start with a letter, go on with letters, digits or _"
        )
    if is_auto(name):
        raise UsageError(f"name = {name!r}: the name of a graph without pins; give the board another, such as 'own'")
    bits = LINES_PER_EDGE * len(graph.edges)
    most_bits = CHAIN_BITS * SHIFT_CHIPS
    if bits > most_bits:
        raise _too_large(graph, f"{len(graph.edges)} edges", f"{most_bits // LINES_PER_EDGE} fit the shift chains")
    title = f"{graph.title}: {len(graph.nodes)} nodes, {len(graph.edges)} edges"
    table = _graph_table(graph, title, role_order(graph))
    for chain in ("shift_in", "shift_out"):
        table[chain]["chips"] = -(-bits // CHAIN_BITS)
    table |= _lists(graph, table)
    for key, per_chip, per_node, part in (("dac", DAC_CHANNELS, 1, "MCP4728"), ("switches", SWITCHES, 2, "ADG715")):
        most = len(ADDRESSES[key]) * MUX_CHANNELS * per_chip // per_node
        if len(graph.nodes) > most:
            raise _too_large(graph, f"{len(graph.nodes)} nodes", f"{most} have an {part} behind one TCA9548A")
    _allot_selects(graph, table)
    table["pots"]["min_tap"] = _least_tap(graph, board_from(name, {**table, "settle_us": MOST_SETTLE_US}))
    board = board_from(name, table | {"settle_us": MOST_SETTLE_US})
    slowest_us, node = max((settling_us(board, [node]), node) for node in board.nodes)
    if slowest_us > MOST_SETTLE_US:
        raise _too_large(
            graph,
            f"driven at {node} alone it settles in {slowest_us / 1000:.0f} ms",
            f"{MOST_SETTLE_US} us is the most",
        )
    return table | {"settle_us": -(-slowest_us // 10) * 10}


def _too_large(graph: Graph, what: str, limit: str) -> UsageError:
    return UsageError(f"{graph.title} does not fit a Pico: {what}, and {limit}; take a smaller graph")


def _graph_table(graph: Graph, title: str, order: list[str]) -> dict[str, Any]:
    """Return lab16's table with the nodes and edges of a graph. Its keys have the order of boards.toml."""
    table = copy.deepcopy(tomllib.loads(read_text(boards_file()))[MODEL])
    del table["node_headers"], table["pulls"][table["dac"].pop("ldac")]  # the copper of lab16 has these
    edges = [f"{graph.nodes[a]}-{graph.nodes[b]}" for a, b in graph.edges]
    table |= {"title": title, "nodes": list(graph.nodes), "edges": edges}
    scalars = {key: value for key, value in table.items() if not isinstance(value, dict | list) or key in table_keys()}
    return scalars | {"role_order": order} | {k: v for k, v in table.items() if k not in scalars}


def table_keys() -> tuple[str, ...]:
    """Keys of a board's own table that have lists or tables of one line."""
    return ("nodes", "edges", "range_V", "pulls")


def _lists(graph: Graph, model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables that have a line, channel or switch for each edge or node."""
    edges, nodes = len(graph.edges), len(graph.nodes)
    first, second = list(range(edges)), list(range(edges, 2 * edges))
    switches = {network: list(range(k, 2 * nodes, 2)) for k, network in enumerate(NETWORKS)}
    dac = _chips(model["dac"], "dac", -(-nodes // DAC_CHANNELS))
    switch = _chips(model["switches"], "switches", -(-2 * nodes // SWITCHES))
    i2c = dict(model["i2c"])
    if "behind" in dac or "behind" in switch:
        i2c["mux"] = {"part": "TCA9548A", "address": MUX_ADDRESSES[0]}
    channels = [channel_name(node, network) for network in range(len(NETWORKS)) for node in graph.nodes]
    adc = model["adc"][0]
    groups = [channels[at : at + ADC_CHANNELS] for at in range(0, len(channels), ADC_CHANNELS)]
    return {
        "pots": model["pots"] | {"updown": first, "cs": second},
        "comparators": model["comparators"] | {"cmp": first, "sgn": second},
        "i2c": i2c,
        "dac": dac | {"channels": list(graph.nodes)},
        "switches": switch | switches,
        "adc": [adc | {"channels": group} for group in groups],
    }


def _chips(model: Mapping[str, Any], table: str, count: int) -> dict[str, Any]:
    """Return a table of `count` I2C chips, behind the multiplexer if a bus has too few addresses for them."""
    addresses = ADDRESSES[table]
    chips = dict(model)
    del chips["addresses"]
    given: dict[str, Any] = {
        "part": chips.pop("part"),
        "addresses": [addresses[k % len(addresses)] for k in range(count)],
    }
    if count > len(addresses):
        given["behind"] = [k // len(addresses) for k in range(count)]
    return given | chips


def _allot_selects(graph: Graph, table: dict[str, Any]) -> None:
    """Give every ADS7953 its /CS. Raises UsageError if there are not pins enough."""
    pots, adcs = table["pots"], table["adc"]
    used = {pots["clk"], table["switches"]["reset"]}
    used |= {table["i2c"][key] for key in ("sda", "scl")} | {adcs[0][key] for key in ("sck", "mosi", "miso")}
    for chain in ("shift_in", "shift_out"):
        used |= {value for value in table[chain].values() if value in PINS}
    own = adcs[0]["cs"]
    later = sorted(
        (pin for pin in PINS if pin not in used and pin != own), key=lambda pin: (pin.number < 13, pin.number)
    )
    free: Sequence[str] = [own, *later]
    if len(adcs) > len(free):
        most = len(free) * ADC_CHANNELS // len(NETWORKS)
        what = f"{len(graph.nodes)} nodes take {len(adcs)} ADS7953 with a pin for each /CS"
        raise _too_large(graph, what, f"{len(free)} pins are left, for {most} nodes")
    for adc, pin in zip(adcs, free, strict=False):
        adc["cs"] = str(pin)
    pulls = {pin: pull for pin, pull in table["pulls"].items() if pin != own}
    pulls |= {adc["cs"]: "up" for adc in adcs}
    table["pulls"] = dict(sorted(pulls.items(), key=lambda pair: int(pair[0][2:])))


def _least_tap(graph: Graph, board: Board) -> int:
    """Return the smallest tap at which no driver can give more than it may, whatever the roles of the nodes are."""
    most = max(map(len, graph.neighbours))
    for tap in range(board.pots.min_tap, board.pots.start_tap + 1):
        if len(NETWORKS) * most * widest_edge_mA(board, tap) <= board.source_limit_mA:
            return tap
    node = graph.nodes[[len(near) for near in graph.neighbours].index(most)]
    edge_mA = len(NETWORKS) * widest_edge_mA(board, board.pots.start_tap)
    limit = f"a driver of {board.source_limit_mA:g} mA can have {int(board.source_limit_mA / edge_mA)}"
    raise _too_large(graph, f"node {node} has {most} neighbours", limit)
