"""From the DACs to the nodes: I2C at 5 V, op amps, and the switches of each network."""

from hardware.generator.circuit import Circuit
from hardware.generator.nets import socket_net
from hardware.generator.passives import capacitor, resistor, test_point
from twinohm.model.board import Board
from twinohm.model.diodes import SOCKET_OHM
from twinohm.model.networks import NETWORKS

DAC_OUTPUTS = ("VOUTA", "VOUTB", "VOUTC", "VOUTD")


def add_drivers(circuit: Circuit, board: Board) -> None:
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


def add_switches(circuit: Circuit, board: Board) -> None:
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
            pins[str(i + 1)] = socket_net(node, network)
            resistor(circuit, f"r_{node}_{network}", sheet, (f"{node}.{network}", pins[str(i + 1)]), f"{SOCKET_OHM:g}")
        circuit.add(f"header_{network}", "Socket10", sheet, pins | {"10": "GND"}, f"nodes {network}")
