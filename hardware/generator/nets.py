"""Names of nets: of nodes, of what is behind their buffers, and of every line of the Pico."""

from collections.abc import Callable

from hardware.generator.directions import CONTROL
from twinohm.model.board import Board
from twinohm.model.board_tables import Line, SpiAdc


def node_net(board: Board, node: str, network: str) -> str:
    """Return the net of a node in a network. A node that one driver feeds in both networks is one net."""
    if network == "free" and node in board.wired_free:
        return f"{node}.clamped"
    return f"{node}.{network}"


def sense_net(board: Board, node: str, network: str) -> str:
    """Return the net of a node behind its buffer; a node on its own driver needs no buffer."""
    net = node_net(board, node, network)
    return net if net.endswith(".clamped") and node in board.wired_clamped else f"{net}.sense"


def line_nets(board: Board) -> dict[Line, str]:
    """Return the net on every pin "GPn" of the Pico that boards.toml uses."""
    nets: dict[Line, str] = {board.pots.clk: "CLK_IN", board.i2c.sda: "SDA", board.i2c.scl: "SCL"}
    for i, edge in enumerate(board.edges):
        for net, line in (set_lines(board, i) | read_lines(board, i)).items():
            if isinstance(line, str):
                nets[line] = f"{net}.{edge}"
    if board.flip_flops:
        nets |= {getattr(board.flip_flops, key): source for key, (source, _) in CONTROL.items()}
    if board.shift_in:
        nets |= {board.shift_in.load: "IN_LOAD", board.shift_in.clock: "IN_CLOCK", board.shift_in.data: "IN_DATA"}
    if board.shift_out:
        out = board.shift_out
        nets |= {out.clock: "OUT_CLOCK", out.data: "OUT_DATA", out.latch: "OUT_LATCH", out.enable: "~{OUT_ENABLE}"}
    if board.switches:
        nets[board.switches.reset] = "SWITCH_ON"
    if board.dac.ldac:
        nets[board.dac.ldac] = "LDAC_SET"
    for adc in board.adc:
        if isinstance(adc, SpiAdc):
            nets |= {adc.sck: "ADC_SCK", adc.mosi: "ADC_DIN", adc.miso: "ADC_DOUT", adc.cs: "~{ADC_CS}"}
        else:
            nets |= {pin: f"ADC.{channel}" for pin, channel in zip(adc.pins, adc.channels, strict=True)}
    return nets


LINES = ("UD", "~{CS}", "CMP", "SGN")  # of every edge


def set_lines(board: Board, i: int) -> dict[str, Line]:
    """Return the lines that the firmware sets for edge i."""
    given: dict[str, Line] = {"~{CS}": board.pots.cs[i]} if board.pots.cs else {}
    return given | ({"UD": board.pots.updown[i]} if board.pots.updown else {})


def read_lines(board: Board, i: int) -> dict[str, Line]:
    """Return the lines that the firmware reads of edge i: comparators, or the direction that a flip-flop holds."""
    if board.comparators:
        return {"CMP": board.comparators.cmp[i], "SGN": board.comparators.sgn[i]}
    readback = board.flip_flops.readback if board.flip_flops else None
    return {"UD": readback[i]} if readback else {}


def bit_nets(board: Board, lines: Callable[[Board, int], dict[str, Line]]) -> dict[int, str]:
    """Return the nets of the bits of one chain. `lines` has the lines of an edge."""
    nets: dict[int, str] = {}
    for i, edge in enumerate(board.edges):
        nets |= {line: f"{net}.{edge}" for net, line in lines(board, i).items() if isinstance(line, int)}
    return nets


def socket_net(node: str, network: str) -> str:
    """Return the net of a node's socket, behind its resistor."""
    return f"/switches/SOCKET.{node}.{network}"
