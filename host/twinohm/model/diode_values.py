"""The values of a board's diodes: those of their parts, and those that a hardware seed draws."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinohm.model.circuit import Floats
from twinohm.model.diode_network import Junctions
from twinohm.model.diodes import DIODE_PARTS, SOCKET_OHM
from twinohm.model.random_streams import DIODES

if TYPE_CHECKING:
    from twinohm.model.board import Board
    from twinohm.model.profile import Profile


@dataclass(frozen=True)
class DiodeValues:
    """The diodes of one board, in the order of board.diodes."""

    saturation_A: Floats  # (2, n) free and clamped
    emission_V: Floats  # (n,)
    series_ohm: Floats  # (n,) of the diode and of the resistors of both sockets

    def junctions(self, network: int) -> Junctions:
        """Return the diodes of one network."""
        return Junctions(self.saturation_A[network], self.emission_V, self.series_ohm)


def nominal_diodes(board: "Board") -> DiodeValues:
    """Return the diodes of a board as their parts are."""
    parts = [DIODE_PARTS[diode.part] for diode in board.diodes]
    saturation_A = np.array([part.saturation_A for part in parts])
    sockets_ohm = 2 * SOCKET_OHM if board.node_headers else 0.0
    return DiodeValues(
        saturation_A=np.array([saturation_A, saturation_A]),
        emission_V=np.array([part.emission_V for part in parts]),
        series_ohm=np.array([part.series_ohm + sockets_ohm for part in parts]),
    )


def draw_diodes(board: "Board", profile: "Profile", seed: int) -> DiodeValues:
    """Draw the diodes of one board. Diodes of one bag differ by `diode_spread`, those of twins by `diode_twin`."""
    n, nominal = len(board.diodes), nominal_diodes(board)
    random = DIODES.generator(seed)
    each = profile.diode_spread * random.standard_normal(n)
    twins = profile.diode_twin * random.standard_normal((2, n))
    return DiodeValues(nominal.saturation_A * np.exp(each + twins), nominal.emission_V, nominal.series_ohm)
