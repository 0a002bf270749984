"""The circuit of a board of boards.toml, which says which chip does what; how it is connected is here."""

from collections.abc import Callable

from hardware.generator.circuit import Circuit
from hardware.generator.directions import CONTROL, directions
from hardware.generator.passives import capacitor, precise, resistor, test_point
from twinohm.model.board import Board
from twinohm.model.board_tables import RP2040, Line, SpiAdc
from twinohm.model.diodes import SOCKET_OHM
from twinohm.model.networks import NETWORKS

DAC_OUTPUTS = ("VOUTA", "VOUTB", "VOUTC", "VOUTD")
LETTERS = "ABCDEFGH"
# More than a line needs that ends it: pots sit all along it, and this makes its edges slow and smooth.
CLOCK_OHM = "220"
GATES = (1, 2, 3, 4)  # of a 74AHCT125; each drives the CLK of a quarter of the edges


def build(board: Board) -> Circuit:
    """Return the circuit of a board."""
    if board.through_hole:
        return build_kit(board)
    circuit = Circuit(board.name, board.title)
    _power(circuit)
    _controller(circuit, board, {"VBUS": "VBUS", "VSYS": "VSYS"})
    _drive(circuit, board)
    if board.switches:
        _switches(circuit, board)
    _sense(circuit, board)
    _registers(circuit, board)
    if board.flip_flops:
        directions(circuit, board)
    for i in range(board.n_edges):
        _edge(circuit, board, i)
    return circuit


# -- names of nets ---------------------------------------------------------------------------------------------------


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


# -- sheets ----------------------------------------------------------------------------------------------------------


def _power(circuit: Circuit) -> None:
    sheet = "/power"
    circuit.add("jack", "Jack", sheet, {"+": "/power/JACK", "GND": "GND"})
    circuit.add("fuse", "Fuse", sheet, {"1": "/power/JACK", "2": "/power/FUSED"})
    circuit.add("surge", "TVS", sheet, {"K": "/power/FUSED", "A": "GND"})
    circuit.add("polarity", "Schottky", sheet, {"A": "/power/FUSED", "K": "+9V"})
    circuit.add("regulator", "L7805", sheet, {"IN": "+9V", "GND": "GND", "OUT": "+5V"})
    # Without it 5 V could stand above the regulator's input.
    circuit.add("discharge", "Rectifier", sheet, {"A": "+5V", "K": "+9V"})
    circuit.add("to_pico", "Schottky", sheet, {"A": "+5V", "K": "VSYS"})
    circuit.add("from_usb", "Schottky", sheet, {"A": "VBUS", "K": "+5V"})
    for key, net in (
        ("c_9v", "+9V"),
        ("c_5v", "+5V"),
        ("c_vsys", "VSYS"),
        ("c_edges_9v", "+9V"),
        ("c_edges_5v", "+5V"),
    ):
        capacitor(circuit, key, sheet, net, "10u")
    for key, net in (("c_9v_fast", "+9V"), ("c_5v_fast", "+5V")):
        capacitor(circuit, key, sheet, net)
    for key, net in (("9v", "+9V"), ("5v", "+5V"), ("3v3", "+3V3"), ("gnd1", "GND"), ("gnd2", "GND")):
        test_point(circuit, key, sheet, net)
    _lamp(circuit)


def _lamp(circuit: Circuit) -> None:
    """Add the lamp that shows 5 V."""
    resistor(circuit, "r_led", "/power", ("+5V", "/power/LED"), "1k")
    circuit.add("led", "LED", "/power", {"A": "/power/LED", "K": "GND"})


def _controller(circuit: Circuit, board: Board, supplies: dict[str, str]) -> None:
    sheet = "/controller"
    pins = {str(line): net for line, net in line_nets(board).items()}
    pins |= supplies | {"3V3": "+3V3", "AGND": "GND"}
    pins |= dict.fromkeys(("3", "8", "13", "18", "23", "28", "38"), "GND")
    circuit.add("pico", "Pico", sheet, pins)
    for pin, level in board.pulls.items():
        ends = ("+3V3", pins[pin]) if level == "up" else (pins[pin], "GND")
        strong = pin == board.pots.clk and board.pots.chip.stores  # CLK is low before any /CS has risen, at every reset
        resistor(circuit, f"pull_{pin}", sheet, ends, "1k" if strong else "10k")
    capacitor(circuit, "c_3v3", sheet, "+3V3", "10u")
    capacitor(circuit, "c_3v3_fast", sheet, "+3V3")
    for net in ("CLK_IN", "SDA", "SCL"):
        test_point(circuit, net, sheet, net)


def _drive(circuit: Circuit, board: Board) -> None:
    """Add I2C at 5 V, DACs, and an op amp for every node."""
    sheet = "/drive"
    shifter = {"SCL1": "SCL", "SDA1": "SDA", "SCL2": "SCL_5V", "SDA2": "SDA_5V", "GND": "GND"}
    shifter |= {"VREF1": "+3V3", "VREF2": "/drive/VREF2", "EN": "/drive/VREF2"}
    circuit.add("shifter", "PCA9306", sheet, shifter)
    resistor(circuit, "r_vref2", sheet, ("+5V", "/drive/VREF2"), "200k")
    capacitor(circuit, "c_vref2", sheet, "/drive/VREF2", "100p")
    for net, rail in (("SCL", "+3V3"), ("SDA", "+3V3"), ("SCL_5V", "+5V"), ("SDA_5V", "+5V")):
        resistor(circuit, f"r_{net}", sheet, (rail, net), "3k3")
    capacitor(circuit, "c_drive", sheet, "+5V", "10u")
    for net in ("SCL_5V", "SDA_5V"):
        test_point(circuit, net, sheet, net)
    for chip, address in enumerate(board.dac.addresses):
        nodes = board.dac.channels[4 * chip : 4 * chip + 4]
        pins = {DAC_OUTPUTS[i]: f"/drive/DAC.{node}" for i, node in enumerate(nodes) if node}
        ldac = f"LDAC{chip}"
        pins |= {"SCL": "SCL_5V", "SDA": "SDA_5V", "~{LDAC}": ldac, "VDD": "+5V", "VSS": "GND"}
        option = f"A{address - 0x60}"
        mpn = "MCP4728T-E/UN" if option == "A0" else f"MCP4728{option}T-E/UN"
        circuit.add(f"dac{chip}", "MCP4728", sheet, pins, f"MCP4728{option} 0x{address:02X}", mpn)
        capacitor(circuit, f"c_dac{chip}", sheet, "+5V")
        resistor(circuit, f"r_ldac{chip}", sheet, (ldac, "GND"), "10k")  # low: outputs follow each write
    _address_header(circuit, board)
    driven = [node for node in board.dac.channels if node]
    jobs = [(f"/drive/DAC.{node}", f"{node}.driver" if board.switches else f"{node}.clamped") for node in driven]
    if not board.switches:  # the divider's one free node takes the amplifier that is left
        free = [node for node in board.nodes if node not in board.wired_free]
        jobs += [(f"{node}.free", f"{node}.free.sense") for node in free]
    followers(circuit, "driver", sheet, jobs)


def _address_header(circuit: Circuit, board: Board) -> None:
    """Make every /LDAC reachable: a DAC takes a new address while its own falls (DS22187E, page 33)."""
    sheet, chips = "/drive", len(board.dac.addresses)
    if board.dac.ldac is None:
        for chip in range(chips):
            test_point(circuit, f"LDAC{chip}", sheet, f"LDAC{chip}")
        return
    assert chips == 3, "the header has room for the /LDAC of 3 DACs and the line that sets one of them"
    pins = {str(chip + 1): f"LDAC{chip}" for chip in range(chips)}
    circuit.add("header_ldac", "Header4", sheet, pins | {"4": "LDAC_5V"}, "LDAC 0, 1, 2; set")


def followers(circuit: Circuit, key: str, sheet: str, jobs: list[tuple[str, str]]) -> None:
    """Add unity-gain op amps from input to output, four a chip; unused ones have their input on ground."""
    for chip in range(-(-len(jobs) // 4)):
        pins = {"V+": "+5V", "V-": "GND"}
        for unit in range(4):
            job = 4 * chip + unit
            source, output = jobs[job] if job < len(jobs) else ("GND", f"{sheet}/SPARE{job}")
            pins |= {f"+{unit + 1}": source, f"-{unit + 1}": output, f"out{unit + 1}": output}
        circuit.add(f"{key}{chip}", "TLV9064", sheet, pins)
        capacitor(circuit, f"c_{key}{chip}", sheet, "+5V")


def _switches(circuit: Circuit, board: Board) -> None:
    """Add ADG715s between drivers and nodes, and headers to measure the nodes."""
    sheet, switches = "/switches", board.switches
    assert switches is not None
    for chip, address in enumerate(switches.addresses):
        pins = {"SCL": "SCL_5V", "SDA": "SDA_5V", "~{RESET}": "SWITCH_ON_5V", "VDD": "+5V", "VSS": "GND", "GND": "GND"}
        pins |= {f"A{bit}": "+5V" if address >> bit & 1 else "GND" for bit in (0, 1)}
        for network in NETWORKS:
            for node, number in zip(board.nodes, getattr(switches, network), strict=True):
                if number // 8 == chip:
                    pins |= {f"S{number % 8 + 1}": f"{node}.driver", f"D{number % 8 + 1}": f"{node}.{network}"}
        circuit.add(f"switches{chip}", "ADG715", sheet, pins, f"ADG715BRUZ 0x{address:02X}")
        capacitor(circuit, f"c_switches{chip}", sheet, "+5V")
    capacitor(circuit, "c_switches", sheet, "+5V", "10u")
    test_point(circuit, "SWITCH_ON", sheet, "SWITCH_ON_5V")
    assert len(board.nodes) == 9, "the socket has room for 9 nodes and GND"
    for network in NETWORKS:
        pins = {}
        for i, node in enumerate(board.nodes):
            pins[str(i + 1)] = f"{sheet}/SOCKET.{node}.{network}"
            resistor(circuit, f"r_{node}_{network}", sheet, (f"{node}.{network}", pins[str(i + 1)]), f"{SOCKET_OHM:g}")
        circuit.add(f"header_{network}", "Socket10", sheet, pins | {"10": "GND"}, f"nodes {network}")


def _sense(circuit: Circuit, board: Board) -> None:
    """Add a buffer for every node that no driver holds, and the ADCs."""
    sheet = "/sense"
    if board.switches:
        jobs = [(f"{node}.{network}", f"{node}.{network}.sense") for network in NETWORKS for node in board.nodes]
        followers(circuit, "buffer", sheet, jobs)
    else:
        names = dict.fromkeys(node_net(board, node, network) for node in board.nodes for network in NETWORKS)
        assert len(names) == 4, "the divider's header has room for 4 nodes and GND"
        pins = {str(i + 1): net for i, net in enumerate(names)}
        circuit.add("header", "Header5", sheet, pins | {"5": "GND"})
    for adc in board.adc:
        if isinstance(adc, RP2040):
            for channel in adc.channels:
                _adc_divider(circuit, board, channel)
        else:
            _ads7953(circuit, board, adc)


def _adc_divider(circuit: Circuit, board: Board, channel: str) -> None:
    """Add a divider 10k/18k: the Pico's ADC ends at 3.3 V, which is 5.133 V at the node."""
    sheet, net = "/sense", f"ADC.{channel}"
    node, network = channel.split(".")
    precise(circuit, f"r_top_{channel}", sheet, (sense_net(board, node, network), net), "10k")
    precise(circuit, f"r_bottom_{channel}", sheet, (net, "GND"), "18k")
    capacitor(circuit, f"c_{channel}", sheet, net, "1n")


def _ads7953(circuit: Circuit, board: Board, adc: SpiAdc) -> None:
    sheet = "/sense"
    pins = {f"CH{i}": sense_net(board, *channel.split(".")) for i, channel in enumerate(adc.channels)}
    pins |= {"SCLK": "ADC_SCK", "SDI": "ADC_DIN", "SDO": "ADC_DOUT", "~{CS}": "~{ADC_CS}", "REFP": "/sense/VREF"}
    pins |= {"MXO": "/sense/MXO", "AINP": "/sense/MXO", "5": "+5V", "29": "+5V", "+VBD": "+3V3"}
    pins |= dict.fromkeys(("REFM", "AINM", "BDGND", "6", "10", "19", "20", "30"), "GND")
    pins |= {f"GPIO{i}": f"/sense/GPIO{i}" for i in range(4)}
    circuit.add("adc", adc.part, sheet, pins)
    for i in range(4):  # inputs that nobody uses
        resistor(circuit, f"r_adc{i}", sheet, (f"/sense/GPIO{i}", "GND"), "10k")
    circuit.add("reference", "REF3025", sheet, {"IN": "+5V", "OUT": "/sense/VREF", "GND": "GND"})
    for key, net, value in (
        ("c_adc", "+5V", "100n"),
        ("c_adc2", "+5V", "100n"),
        ("c_adc_io", "+3V3", "100n"),
        ("c_reference", "+5V", "100n"),
        ("c_vref", "/sense/VREF", "10u"),
        ("c_sense", "+5V", "10u"),
    ):
        capacitor(circuit, key, sheet, net, value)
    test_point(circuit, "VREF", sheet, "/sense/VREF")


def _registers(circuit: Circuit, board: Board) -> None:
    """Add shift registers, and the drivers of CLK for all pots."""
    if board.shift_out is None or board.shift_in is None:
        resistor(circuit, "r_clk", "/controller", ("CLK_IN", "CLK"), CLOCK_OHM)
        return
    sheet = "/registers"
    _chain_out(circuit, board)
    _chain_in(circuit, board)
    capacitor(circuit, "c_registers", sheet, "+3V3", "10u")
    supply = {"VCC": "+5V", "GND": "GND"} | {f"~{{{gate}OE}}": "GND" for gate in GATES}
    pins = {f"{gate}A": "CLK_IN" for gate in GATES} | {f"{gate}Y": f"{sheet}/CLK_{gate}" for gate in GATES}
    circuit.add("clock_buffer", "74AHCT125", sheet, supply | pins)
    capacitor(circuit, "c_clock_buffer", sheet, "+5V")
    for gate in GATES:
        resistor(circuit, f"r_clk{gate}", sheet, (f"{sheet}/CLK_{gate}", f"CLK{gate}"), CLOCK_OHM)
    pins = {f"{gate}A": "GND" for gate in GATES} | {"1A": "SWITCH_ON", "1Y": "SWITCH_ON_5V"}
    if board.dac.ldac:
        pins |= {"2A": "LDAC_SET", "2Y": "LDAC_BUFFER"}
        resistor(circuit, "r_ldac", sheet, ("LDAC_BUFFER", "LDAC_5V"), "100")
    circuit.add("level_buffer", "74AHCT125", sheet, supply | pins)
    capacitor(circuit, "c_level_buffer", sheet, "+5V")


def bit_nets(board: Board, lines: Callable[[Board, int], dict[str, Line]]) -> dict[int, str]:
    """Return the nets of the bits of one chain. `lines` has the lines of an edge."""
    nets: dict[int, str] = {}
    for i, edge in enumerate(board.edges):
        nets |= {line: f"{net}.{edge}" for net, line in lines(board, i).items() if isinstance(line, int)}
    return nets


def _chain_out(circuit: Circuit, board: Board) -> None:
    """Add the 74HC595s. Bit 0 is sent first and ends at QH of the last chip."""
    chain = board.shift_out
    assert chain is not None
    nets = bit_nets(board, set_lines)
    for chip in range(chain.chips):
        base = 8 * (chain.chips - 1 - chip)
        pins = {f"Q{LETTERS[7 - i]}": nets[base + i] for i in range(8) if base + i in nets}
        pins |= {"SRCLK": "OUT_CLOCK", "RCLK": "OUT_LATCH", "~{OE}": "~{OUT_ENABLE}", "~{SRCLR}": "+3V3"}
        pins |= {"VCC": "+3V3", "GND": "GND", "SER": f"OUT_CHAIN{chip}" if chip else "OUT_DATA"}
        if chip < chain.chips - 1:
            pins["QH'"] = f"OUT_CHAIN{chip + 1}"
        circuit.add(f"out{chip}", "74HC595", "/registers", pins)
        capacitor(circuit, f"c_out{chip}", "/registers", "+3V3")


def _chain_in(circuit: Circuit, board: Board) -> None:
    """Add the 74HC165s. Bit 0 arrives first: it is H of the last chip."""
    chain = board.shift_in
    assert chain is not None
    nets = bit_nets(board, read_lines)
    for chip in range(chain.chips):
        base = 8 * (chain.chips - 1 - chip)
        pins = {LETTERS[7 - i]: nets.get(base + i, "GND") for i in range(8)}
        last = chip == chain.chips - 1
        pins |= {"CLK": "IN_CLOCK", "SH/~{LD}": "IN_LOAD", "CLK_INH": "GND", "VCC": "+3V3", "GND": "GND"}
        pins |= {"SER": f"IN_CHAIN{chip}" if chip else "GND", "QH": "IN_DATA" if last else f"IN_CHAIN{chip + 1}"}
        circuit.add(f"in{chip}", "74HC165", "/registers", pins)
        capacitor(circuit, f"c_in{chip}", "/registers", "+3V3")


# -- the edge cell ---------------------------------------------------------------------------------------------------

PORTS = {  # of the edge cell, and the kind of line
    "node_a.free": "passive",
    "node_b.free": "passive",
    "node_a.clamped": "passive",
    "node_b.clamped": "passive",
    "node_a.free.sense": "input",
    "node_b.free.sense": "input",
    "node_a.clamped.sense": "input",
    "node_b.clamped.sense": "input",
    "CLK": "input",
    "UD": "input",
    "~{CS}": "input",
    "CMP": "output",
    "SGN": "output",
}


def edge_ports(board: Board, i: int) -> dict[str, str]:
    """Return the net on every port of the cell of edge i."""
    edge = board.edges[i]
    nets = {}
    for end, node in zip("ab", edge.split("-"), strict=True):
        for network in NETWORKS:
            nets[f"node_{end}.{network}"] = node_net(board, node, network)
            nets[f"node_{end}.{network}.sense"] = sense_net(board, node, network)
    nets["CLK"] = f"CLK{1 + len(GATES) * i // board.n_edges}" if board.shift_out else "CLK"
    return nets | {net: f"{net}.{edge}" for net in LINES}


def _edge(circuit: Circuit, board: Board, i: int, comparators_on: str = "+9V") -> None:
    """Add two pots, each behind 1 kohm and a header, and the two comparators of equation 6."""
    name, first = board.edges[i], 100 * (i + 1)
    sheet, port = f"/edges/{name}", edge_ports(board, i)
    series = {1000: "1k"}[int(board.pots.series_ohm)]
    for network in NETWORKS:
        inner, wiper = f"{sheet}/R_{network}", f"{sheet}/W_{network}"
        pins = {"CLK": port["CLK"], "U/~{D}": port["UD"], "~{CS}": port["~{CS}"], "VDD": "+5V", "GND": "GND"}
        pins |= {"W": wiper, "B": port[f"node_b.{network}"]}
        circuit.add(f"{name}/pot_{network}", board.pots.part, sheet, pins, first=first)
        capacitor(circuit, f"{name}/c_pot_{network}", sheet, "+5V", first=first)
        precise(circuit, f"{name}/series_{network}", sheet, (port[f"node_a.{network}"], inner), series, first)
        value = f"{network}"
        circuit.add(f"{name}/jumper_{network}", "Header2", sheet, {"1": inner, "2": wiper}, value, first=first)
    plus, minus = f"{sheet}/PLUS", f"{sheet}/MINUS"
    for key, source, target in (
        ("plus_a", "node_a.clamped", plus),
        ("plus_b", "node_b.free", plus),
        ("minus_a", "node_a.free", minus),
        ("minus_b", "node_b.clamped", minus),
    ):
        precise(circuit, f"{name}/{key}", sheet, (port[f"{source}.sense"], target), "10k", first)
    pins = {"+1": plus, "-1": minus, "out1": port["CMP"], "V+": comparators_on, "V-": "GND"}
    pins |= {"+2": port["node_a.free.sense"], "-2": port["node_b.free.sense"], "out2": port["SGN"]}
    comparator = board.comparators.part if board.comparators else "LM393A"
    circuit.add(f"{name}/comparator", comparator, sheet, pins, first=first)
    capacitor(circuit, f"{name}/c_comparator", sheet, comparators_on, first=first)
    for line in ("CMP", "SGN"):
        resistor(circuit, f"{name}/pull_{line}", sheet, ("+3V3", port[line]), "4k7", first)
    if board.shift_out:  # elsewhere boards.toml pulls the Pico's own pins
        resistor(circuit, f"{name}/pull_cs", sheet, ("+3V3", port["~{CS}"]), "10k", first)
    if board.pots.updown:  # elsewhere a flip-flop always drives it
        resistor(circuit, f"{name}/pull_ud", sheet, (port["UD"], "GND"), "10k", first)
    if board.pots.chip.stores:  # a pot would store its tap if /CS rose before CLK fell: see _controller
        capacitor(circuit, f"{name}/c_cs", sheet, port["~{CS}"], "1n", first)


# -- boards of parts with leads --------------------------------------------------------------------------------------

LEADED = {"R": "R_leaded", "R_precise": "R_precise_leaded", "C": "C_leaded", "TLV9064": "MCP6004"}


def build_kit(board: Board) -> Circuit:
    """Return the circuit of a board whose parts have leads.

    The Pico's USB is its 5 V. The DAC, on a board with two rows of pins, runs from 3.3 V, and so does I2C. Nodes stay
    below what comparators at 5 V compare, and below 3.3 V, so that the Pico measures them without dividers.
    """
    circuit = Circuit(board.name, board.title, swaps=dict(LEADED))
    sheet = "/power"
    for key, net, value in (("c_5v", "+5V", "10u"), ("c_5v_fast", "+5V", "100n"), ("c_edges_5v", "+5V", "10u")):
        capacitor(circuit, key, sheet, net, value)
    _lamp(circuit)
    for key, net in (("5v", "+5V"), ("3v3", "+3V3"), ("gnd1", "GND"), ("gnd2", "GND")):
        test_point(circuit, key, sheet, net)
    _controller(circuit, board, {"VBUS": "+5V"})
    _kit_drive(circuit, board)
    _kit_sense(circuit, board)
    _registers(circuit, board)
    for i in range(board.n_edges):
        _edge(circuit, board, i, "+5V")
    return circuit


def _kit_drive(circuit: Circuit, board: Board) -> None:
    """Add the board with the DAC, and an op amp for every driver and every node that no driver holds."""
    sheet = "/drive"
    for net in ("SCL", "SDA"):
        resistor(circuit, f"r_{net}", sheet, ("+3V3", net), "3k3")
    bus = {"VCC": "+3V3", "GND": "GND", "SCL": "SCL", "SDA": "SDA", "~{LDAC}": "GND"}
    circuit.add("dac_bus", "MCP4728_bus", sheet, bus)
    outputs = {f"V{LETTERS[i]}": f"/drive/DAC.{node}" for i, node in enumerate(board.dac.channels) if node}
    circuit.add("dac_outputs", "MCP4728_outputs", sheet, outputs | {"VCC": "+3V3", "GND": "GND"})
    capacitor(circuit, "c_dac", sheet, "+3V3", "10u")
    jobs = [(f"/drive/DAC.{node}", f"{node}.clamped") for node in board.dac.channels if node]
    free = [node for node in board.nodes if node not in board.wired_free]
    followers(circuit, "driver", sheet, jobs + [(f"{node}.free", f"{node}.free.sense") for node in free])


def _kit_sense(circuit: Circuit, board: Board) -> None:
    """Add a header with all nodes, and 1 kohm in front of each ADC pin: the Pico is safe when it is not powered."""
    sheet = "/sense"
    names = dict.fromkeys(node_net(board, node, network) for node in board.nodes for network in NETWORKS)
    assert len(names) == 6, "the header has room for 6 nodes and GND"
    pins = {str(i + 1): net for i, net in enumerate(names)}
    circuit.add("header", "Header7", sheet, pins | {"7": "GND"})
    for adc in board.adc:
        for channel in adc.channels:
            net, (node, network) = f"ADC.{channel}", channel.split(".")
            resistor(circuit, f"r_{channel}", sheet, (sense_net(board, node, network), net), "1k")
            capacitor(circuit, f"c_{channel}", sheet, net, "1n")
