"""All files of one board."""

from pathlib import Path

from hardware.generator.breadboard import breadboard
from hardware.generator.build import build
from hardware.generator.lists import bom, wiring
from hardware.generator.netlist import netlist
from hardware.generator.schematic import Schematic
from hardware.generator.spice import body, deck, parameters
from twinohm.model.board_file import load_board
from twinohm.model.networks import NETWORKS

BOARDS = ("divider", "kit5", "lab16", "edge16")


def generate(name: str, boards: Path | None = None) -> dict[str, str]:
    """Return the text of every file in hardware/<name>/ by its name. The same boards.toml gives the same bytes.

    boards: another boards.toml. Diodes of its board are in the deck, the parts list and the wiring list; schematic and
    netlist have the sockets that they are plugged into, since nothing is soldered there.
    """
    board = load_board(name, boards)
    circuit = build(board)
    schematic = Schematic(board, circuit)
    values = parameters(board)
    if board.switches:  # a task, so that the committed deck shows something: 4 V, 2 V and 0.2 V at three nodes
        values |= {f"closed_{node}_{network}": 1 for node in board.nodes[:3] for network in NETWORKS}
    values |= dict(zip((f"dac_{node}" for node in board.nodes), (4.0, 2.0, 0.2), strict=False))
    drawing = {} if board.switches else {"breadboard.svg": breadboard(circuit)}  # too large without a PCB
    return (
        schematic.files
        | drawing
        | {
            f"{name}.net": netlist(circuit, schematic.paths),
            "bom.csv": bom(circuit, board.diodes),
            "wiring.md": wiring(circuit, board.diodes),
            f"{name}.cir": deck(board, values, f"{name}_analogue.inc"),
            f"{name}_analogue.inc": body(board, circuit),
        }
    )
