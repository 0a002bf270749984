"""From the nodes to the ADCs: buffers, and the ADC of the Pico or an ADS7953."""

from hardware.generator.circuit import Circuit
from hardware.generator.drivers import followers
from hardware.generator.nets import node_net, sense_net
from hardware.generator.passives import capacitor, precise, resistor, test_point
from twinohm.model.board import Board
from twinohm.model.board_tables import RP2040, SpiAdc
from twinohm.model.networks import NETWORKS


def add_sense(circuit: Circuit, board: Board) -> None:
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
