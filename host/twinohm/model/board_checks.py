"""Check what must hold between the tables of a board."""

from collections.abc import Sequence

from twinohm.model.board import Board
from twinohm.model.board_diodes import find_mistake
from twinohm.model.board_tables import RP2040
from twinohm.model.codes import CODES, COUNTS, GAIN_ONE, STEP, TOP_COUNT
from twinohm.model.mistakes import KeyPath, Mistake, path_text
from twinohm.model.networks import NETWORKS
from twinohm.model.wires import check_wires, edge_lines

DAC_CHANNELS, SWITCHES = 4, 8  # per chip
SMALL_INT = 1 << 30  # MicroPython's integers are quick below


def check_board(board: Board) -> None:
    """Check a board whose tables fit their types. Raises Mistake for the first thing that is wrong."""
    _check_graph(board)
    _check_kind(board)
    _check_lengths(board)
    _check_dac(board)
    _check_drive(board)
    _check_adc(board)
    _check_role_order(board)
    _check_diodes(board)
    if board.wired:
        check_wires(board)
    _check_ranges(board)


def _check_node(board: Board, at: KeyPath, node: str) -> None:
    if node not in board.nodes:
        raise Mistake(at, f"there is no node {node!r}; nodes are {', '.join(board.nodes)}")


def _check_graph(board: Board) -> None:
    for i, node in enumerate(board.nodes):
        if node in board.nodes[:i]:
            raise Mistake(("nodes", i), "a second node of this name; give one of them another")
    pairs: list[set[str]] = []
    for i, edge in enumerate(board.edges):
        pair = set(edge.split("-"))
        for node in edge.split("-"):
            _check_node(board, ("edges", i), node)
        if len(pair) == 1:
            raise Mistake(("edges", i), "joins a node to itself; join two nodes")
        if pair in pairs:
            raise Mistake(("edges", i), f"joins the nodes of edges[{pairs.index(pair)}] again; remove one of the two")
        pairs.append(pair)
    reached = {board.nodes[0]}
    while grown := [pair for pair in pairs if len(pair & reached) == 1]:
        reached.update(*grown)
    for node in board.nodes:
        if node not in reached:
            raise Mistake(("edges",), f"node {node} cannot be reached from {board.nodes[0]}; add an edge to it")


def _check_role_order(board: Board) -> None:
    for i, node in enumerate(board.role_order):
        _check_node(board, ("role_order", i), node)
        if node in board.role_order[:i]:
            raise Mistake(("role_order", i), "this node is there twice; remove one of them")
    if board.role_order and board.switches is None:
        raise Mistake(("role_order",), "the roles of a board without switches are soldered; remove this key")


def _check_diodes(board: Board) -> None:
    if mistake := find_mistake(board, board.diodes):
        raise Mistake(("diodes", mistake[0]), mistake[1])


def _check_kind(board: Board) -> None:
    """Either the firmware decides by comparators, U/D and /CS, or flip-flops decide on every edge."""
    if board.flip_flops is None:
        if board.comparators is None:
            raise Mistake(("comparators",), "neither comparators nor flip_flops; add one of these tables")
        for key in ("updown", "cs"):
            if not getattr(board.pots, key):
                raise Mistake(("pots", key), "missing; with comparators the firmware needs a line for each edge")
    elif board.comparators is not None:
        raise Mistake(("flip_flops",), "there are comparators as well; remove one of these tables")
    elif board.pots.updown is not None:
        raise Mistake(("pots", "updown"), "the flip_flops set U/D; remove this key")
    elif board.pots.chip.stores:
        text = f"the {board.pots.part} stores its tap where the flip_flops' /CS rises; use a part that does not"
        raise Mistake(("pots", "part"), text)
    elif not board.planned:
        for at, lines in ((("flip_flops", "readback"), board.flip_flops.readback), (("pots", "cs"), board.pots.cs)):
            if not lines or isinstance(lines[0], str):
                raise Mistake(at, "missing or pins; the firmware wants a bit of the shift registers for each edge")


def _check_lengths(board: Board) -> None:
    for at, lines in edge_lines(board):
        _check_length(at, lines, "edges", len(board.edges))
    if board.switches is not None:
        for network in NETWORKS:
            _check_length(("switches", network), getattr(board.switches, network), "nodes", len(board.nodes))


def _check_length(at: KeyPath, entries: Sequence[object], what: str, wanted: int) -> None:
    if len(entries) != wanted:
        raise Mistake(at, f"{len(entries)} given for {wanted} {what}; give one for each, in the order of {what}")


def _check_chips(table: str, addresses: Sequence[int], needed: int, what: str) -> None:
    if len(addresses) != needed:
        advice = "remove addresses" if len(addresses) > needed else "add addresses"
        raise Mistake((table, "addresses"), f"{len(addresses)} chips, and {what} take {needed}; {advice}")


def _check_dac(board: Board) -> None:
    dac = board.dac
    users: dict[str, int] = {}
    for i, node in enumerate(dac.channels):
        if node:
            _check_node(board, ("dac", "channels", i), node)
            if (user := users.setdefault(node, i)) != i:
                raise Mistake(("dac", "channels", i), f"channels[{user}] drives this node already; remove one of them")
    for node in board.nodes:
        if node not in users:
            raise Mistake(("dac", "channels"), f"node {node} has no driver channel; add it")
    _check_chips("dac", dac.addresses, -(-len(dac.channels) // DAC_CHANNELS), f"{len(dac.channels)} channels")


def _check_drive(board: Board) -> None:
    """How drivers reach nodes: by switches, or soldered."""
    switches = board.switches
    wired = {"wired_free": board.wired_free, "wired_clamped": board.wired_clamped}
    for key, nodes in wired.items():
        if switches is not None and nodes:
            raise Mistake((key,), "a board with switches has no soldered roles; remove this key or the switches")
        if switches is None and not nodes:
            raise Mistake((key,), "no switches; add that table, or name the nodes that are soldered to their drivers")
        for i, node in enumerate(nodes):
            _check_node(board, (key, i), node)
            if node in nodes[:i]:
                raise Mistake((key, i), "this node is there twice; remove one of them")
    for i, node in enumerate(board.wired_free):
        if node not in board.wired_clamped:
            raise Mistake(("wired_free", i), "an input is driven in both networks; add it to wired_clamped")
    if switches is not None:
        _check_switches(board)


def _check_switches(board: Board) -> None:
    switches = board.switches
    assert switches is not None
    last = SWITCHES * len(switches.addresses) - 1
    users: dict[int, KeyPath] = {}
    for key in NETWORKS:
        for i, number in enumerate(getattr(switches, key)):
            at: KeyPath = ("switches", key, i)
            if not 0 <= number <= last:
                raise Mistake(at, f"the switches are 0..{last}; use one of them, or add an address")
            if (user := users.setdefault(number, at)) != at:
                raise Mistake(at, f"{path_text(user)} uses this switch already; give one of them another")
    for i in range(len(switches.addresses)):
        if not any(number // SWITCHES == i for number in users):
            raise Mistake(("switches", "addresses", i), "no switch of this chip is used; remove it")


def _check_adc(board: Board) -> None:
    users: dict[str, KeyPath] = {}
    for a, adc in enumerate(board.adc):
        for i, channel in enumerate(adc.channels):
            at: KeyPath = ("adc", a, "channels", i)
            _check_node(board, at, channel.split(".")[0])
            if (user := users.setdefault(channel, at)) != at:
                raise Mistake(at, f"{path_text(user)} measures this already; remove one of them")
        if isinstance(adc, RP2040):
            _check_adc_pins(("adc", a), adc)


def _check_adc_pins(at: KeyPath, adc: RP2040) -> None:
    if adc.mux is None and len(adc.pins) != len(adc.channels):
        raise Mistake(
            (*at, "pins"), f"{len(adc.pins)} given for {len(adc.channels)} channels; give one for each, or a mux"
        )
    if adc.mux is not None and len(adc.pins) != 1:
        raise Mistake((*at, "pins"), f"{len(adc.pins)} given behind one mux; give one")


def _check_ranges(board: Board) -> None:
    for key in ("min_tap", "start_tap"):
        if getattr(board.pots, key) > board.pots.top_tap:
            raise Mistake(("pots", key), f"too large; give at most {board.pots.top_tap}")
    if board.pots.pulse_us < (least := board.pots.chip.least_pulse_us):
        raise Mistake(("pots", "pulse_us"), f"too short for the {board.pots.part}; give at least {least}")
    if board.pots.start_tap < board.pots.min_tap:
        raise Mistake(("pots", "start_tap"), f"below min_tap = {board.pots.min_tap}; raise it, or lower min_tap")
    (low, high), full_scale = board.range_V, board.dac.full_scale_V
    if low < 0:
        raise Mistake(("range_V", 0), "below 0 V; the DAC gives nothing there")
    if high > full_scale * TOP_COUNT / COUNTS:
        top = full_scale * TOP_COUNT / COUNTS
        raise Mistake(("range_V", 1), f"above the DAC's highest step; give at most {top:.6g} V")
    if (high - low) / full_scale * CODES < STEP:
        raise Mistake(("range_V",), "not one step of the DAC from low to high; give a low and a higher voltage")
    trusted = {board.dac.part, *(adc.part for adc in board.adc)}
    if board.standard is not None and board.standard not in trusted:
        raise Mistake(("standard",), f"no converter of the board; give {' or '.join(sorted(trusted))}")
    for i, adc in enumerate(board.adc):
        at: KeyPath = ("adc", i, "full_scale_V")
        if adc.full_scale_V < high:
            raise Mistake(at, f"less than range_V[1] = {high:g} V; lower that, or scale the ADC's input")
        if adc.full_scale_V / full_scale >= 4 or TOP_COUNT * board.adc_gain(adc) + GAIN_ONE // 2 >= SMALL_INT:
            raise Mistake(at, f"too much for the firmware's integers; give less than {4 * full_scale:g} V")
