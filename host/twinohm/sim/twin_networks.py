"""Both networks of a virtual board with its drivers and comparators: the circuit in which all part models meet."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twinohm.model.adc_curve import AdcCurve
from twinohm.model.circuit import Floats, Network
from twinohm.model.components import TIE_V, ExchangedPot, draw_components, draw_instruments, exchange_pot, power_on_taps
from twinohm.model.diode_network import DiodeNetwork, board_network
from twinohm.model.diode_values import draw_diodes
from twinohm.model.networks import CLAMPED, FREE
from twinohm.model.profile import Profile
from twinohm.model.random_streams import COMPONENTS
from twinohm.model.settling import SETTLED_V, SLEW_V_PER_US, Decay, SlowestMode, capacitance_F
from twinohm.model.temperature import warmed
from twinohm.protocol.side_channel import GroundTruth
from twinohm.sim.component_truth import component_truth

if TYPE_CHECKING:
    from twinohm.model.board import Board
    from twinohm.sim.parts.fixture import Fixture


class TwinNetworks:
    """Both twins of one board with one seed's component values. Voltages here are physical volts."""

    def __init__(
        self, board: "Board", profile: Profile, fixture: "Fixture", seed: int, pots: Sequence[ExchangedPot] = ()
    ) -> None:
        self.board = board
        self.fixture = fixture
        self._random = COMPONENTS.generator(seed)  # the noise comes from it too, after the component values
        self.parts = draw_components(board, profile, self._random, board.pots.chip)
        for pot in pots:
            exchange_pot(self.parts, board, profile, pot)
        self.instruments = draw_instruments(board, profile, seed)
        self._profile = profile
        self._kelvin = 0.0  # since tick 0
        self._per_tap_ohm, self._fixed_ohm = self.parts.per_tap_ohm, self.parts.fixed_ohm
        self.diodes = draw_diodes(board, profile, seed)
        self._networks = [board_network(board, self.diodes.junctions(network)) for network in (FREE, CLAMPED)]
        self._diode_ends = [list(board.diode_nodes), list(board.diode_nodes)]
        edges, nodes = board.n_edges, len(board.nodes)
        self.taps = power_on_taps(board, seed)
        self._present = np.ones((2, edges))
        self._comparators = board.comparators.part if board.comparators else "comparators"
        self.dacs = self.instruments.dacs  # as they are now
        self.dac_chips: list[Any] = []  # their models
        self.adcs: list[AdcCurve] = []  # in the board's order
        self.pots: dict[tuple[int, int], Any] = {}  # models of the pots by network and edge
        self.stuck: dict[int, int] = {}  # levels of broken comparators, in the order of compare()
        self._drive_S = np.zeros((2, nodes))
        self._drive_V = np.zeros(nodes)
        self._stale = [True, True]
        self._volts: list[Floats] = [np.zeros(nodes), np.zeros(nodes)]
        self._edge_S: list[Floats] = [np.zeros(edges), np.zeros(edges)]
        self._source_A: list[Floats] = [np.zeros(nodes), np.zeros(nodes)]
        self._capacitance_F = capacitance_F(board)
        plain = Network(nodes, board.edge_nodes)  # diodes make it faster
        self._slowest = [SlowestMode(plain, self._capacitance_F) for _ in (FREE, CLAMPED)]
        self._rest: list[Floats] = [np.zeros(nodes), np.zeros(nodes)]  # voltages from which the last changes began
        self._changed_ns: list[float | None] = [None, None]  # None: nothing has since the last reading
        self._wiper_ns = [0.0, 0.0]  # when every wiper has moved at the latest
        self._compared: tuple[int, list[int]] = (-1, [])
        self._fresh = False
        self._a = np.array([a for a, _ in board.edge_nodes])
        self._b = np.array([b for _, b in board.edge_nodes])
        for network, wired in ((FREE, board.wired_free), (CLAMPED, board.wired_clamped)):
            for name in wired:
                self._drive_S[network, board.node_index(name)] = np.inf

    # -- what the parts do ---------------------------------------------------------------------------------------

    def set_tap(self, network: int, edge: int, tap: int) -> None:
        self.taps[network, edge] = tap
        self._wiper_ns[network] = self.fixture.now_ns + 1000 * self.board.pots.chip.wiper_us
        self._touch(network)

    def set_driver(self, node: int, volts: float) -> None:
        slew_ns = 1000 * abs(volts - self._drive_V[node]) / SLEW_V_PER_US
        self._drive_V[node] = volts
        for network in (FREE, CLAMPED):
            if self._drive_S[network, node]:
                self._touch(network, slew_ns)

    def set_switch(self, network: int, node: int, closed: int) -> None:
        self._drive_S[network, node] = closed / self.instruments.switch_ohm[network, node]
        self._touch(network)

    def set_present(self, edge: int, present: bool, networks: Sequence[int] = (FREE, CLAMPED)) -> None:
        """Remove an edge from the networks (its header pulled), or put it back."""
        for network in networks:
            self._present[network, edge] = float(present)
            self._touch(network)

    def set_ohms(self, network: int, edge: int, pot_ohm: float, wiper_ohm: float) -> None:
        """Change the resistance of a pot from end to end and of its wiper."""
        self.parts.pot_ohm[network, edge], self.parts.wiper_ohm[network, edge] = pot_ohm, wiper_ohm
        self._warm_edges()
        self._touch(network)

    def exchange_diode(self, network: int, diode: int, saturation_A: float, turned: bool = False) -> None:
        """Exchange a diode for one of another saturation current, `turned` for one the other way round."""
        self.diodes.saturation_A[network, diode] = saturation_A
        ends = self._diode_ends[network]
        if turned:
            anode, cathode = ends[diode]
            ends[diode] = cathode, anode
        nodes, junctions = len(self.board.nodes), self.diodes.junctions(network)
        self._networks[network] = DiodeNetwork(nodes, self.board.edge_nodes, ends, junctions)
        self._touch(network)

    def warm(self, kelvin: float) -> None:
        """Have every part `kelvin` warmer than at tick 0. This is too slow for settling to matter."""
        self._kelvin = kelvin
        self._warm_edges()
        self._stale = [True, True]
        for curve in self.adcs:
            curve.drift = warmed(1.0, curve.reference_per_K, kelvin)
        self.refresh_dacs()

    def refresh_dacs(self) -> None:
        """Have the DACs give what they would give now: their values have changed."""
        self.dacs = self.instruments.dacs.warmed(self.instruments.warming, self._kelvin)
        for chip in self.dac_chips:
            chip.refresh()

    def _warm_edges(self) -> None:
        self._per_tap_ohm = warmed(self.parts.per_tap_ohm, self.parts.pot.per_K, self._kelvin)
        self._fixed_ohm = self.parts.fixed_ohm

    def unsolder(self, network: int, node: int) -> None:
        """Take a soldered node off its driver."""
        self._drive_S[network, node] = 0.0
        self._touch(network)

    def add_noise(self, volts: float) -> None:
        """Add noise at the comparators' inputs, V rms."""
        self.parts.noise_V = float(np.hypot(self.parts.noise_V, volts))

    def _touch(self, network: int, takes_ns: float = 0.0) -> None:
        self._stale[network], self._fresh = True, False
        self._changed_ns[network] = self.fixture.now_ns + takes_ns

    # -- what the parts see --------------------------------------------------------------------------------------

    def voltages(self, network: int) -> Floats:
        """Return the settled node voltages (n_nodes,) of one network."""
        if self._stale[network]:
            edge_ohm = self.taps[network] * self._per_tap_ohm[network] + self._fixed_ohm[network]
            edge_S = self._present[network] / edge_ohm
            drive_S = self._drive_S[network]
            volts = self._networks[network].solve(edge_S, drive_S, self._drive_V)
            self._volts[network], self._edge_S[network] = volts, edge_S
            self._stale[network] = False
            self._check_currents(network, edge_S, volts)
        return self._volts[network]

    def _check_currents(self, network: int, edge_S: Floats, volts: Floats) -> None:
        current = edge_S * (volts[self._a] - volts[self._b])
        worst = np.abs(current).max()
        if worst > self.board.edge_limit_mA / 1000:
            edge = self.board.edges[int(np.abs(current).argmax())]
            self.fixture.violate("edge " + edge, f"{worst * 1e3:.2f} mA; {self.board.edge_limit_mA} mA is the limit")
        self._source_A[network] = self._networks[network].leaving_A(edge_S, volts)
        driven = (self._drive_S > 0).any(axis=0)
        total = np.abs(self._source_A[FREE] + self._source_A[CLAMPED]) * driven
        if total.max() > self.board.source_limit_mA / 1000:
            node = self.board.nodes[int(total.argmax())]
            text = f"{total.max() * 1e3:.2f} mA; {self.board.source_limit_mA} mA is the limit"
            self.fixture.violate("driver of " + node, text)

    def check_settled(self, network: int, reader: str) -> None:
        """Report a reading at which a node is not within SETTLED_V of where it goes."""
        changed_ns, self._changed_ns[network] = self._changed_ns[network], None
        if changed_ns is None:
            return
        rest = self.voltages(network)
        offset, self._rest[network] = self._rest[network] - rest, rest
        age_ns = max(self.fixture.now_ns - max(changed_ns, self._wiper_ns[network]), 1.0)
        if np.abs(offset).max() > SETTLED_V and (left_V := self._unsettled(network, offset, age_ns)) > SETTLED_V:
            self.fixture.violate(reader, f"read {age_ns / 1000:.1f} us after a change, {left_V * 1e3:.1f} mV unsettled")

    def _unsettled(self, network: int, offset: Floats, age_ns: float) -> float:
        """Return how far from rest the farthest node is, V, or less than SETTLED_V if no node is farther than that."""
        edge_S, drive_S = self._edge_S[network], self._drive_S[network]
        bound_V = self._slowest[network].bound_V(edge_S, drive_S, offset, age_ns * 1e-9)
        if bound_V < SETTLED_V:
            return bound_V
        free = ~np.isinf(drive_S)
        if not free.any():
            return 0.0
        matrix = self._networks[network].conductance(edge_S) + np.diag(np.where(free, drive_S, 0.0))
        return Decay.exact(matrix[np.ix_(free, free)], self._capacitance_F[free]).largest(offset[free], age_ns * 1e-9)

    def node(self, network: int, node: int, reader: str) -> float:
        """Return the voltage of a node after its buffer, for an ADC channel."""
        self.check_settled(network, reader)
        return max(float(self.voltages(network)[node] + self.instruments.buffer_V[network, node]), 0.0)

    def compare(self) -> list[int]:
        """Return the levels of all comparators (paper, eq. 6): CMP of each edge, then SGN of each edge."""
        now = self.fixture.now_ns
        if self._compared[0] != now:
            self.check_settled(FREE, self._comparators)
            self.check_settled(CLAMPED, self._comparators)
            buffer_V, (high, low) = self.instruments.buffer_V, self.instruments.averager
            free, clamped = self.voltages(FREE) + buffer_V[FREE], self.voltages(CLAMPED) + buffer_V[CLAMPED]
            free_a, free_b, clamped_a, clamped_b = free[self._a], free[self._b], clamped[self._a], clamped[self._b]
            cmp = (clamped_a + free_b - free_a - clamped_b) / 2
            cmp += high * (clamped_a - free_b) - low * (free_a - clamped_b)
            margin = np.concatenate([cmp, free_a - free_b]) + self.parts.offset_V.ravel()
            if self.parts.noise_V:
                margin += self.parts.noise_V * self._random.standard_normal(margin.size)
            if self.parts.bias_V:
                edges = self.board.n_edges
                margin[:edges] += np.where(margin[edges:] > TIE_V, self.parts.bias_V, -self.parts.bias_V)
            self._fresh = True
            self._compared = (now, (margin > TIE_V).astype(int).tolist())
            for output, level in self.stuck.items():
                self._compared[1][output] = level
        return self._compared[1]

    def compared_since(self) -> bool:
        """Whether the comparators were read since this was last asked, and nothing has changed since."""
        fresh, self._fresh = self._fresh, False
        return fresh

    # -- ground truth --------------------------------------------------------------------------------------------

    def task_voltages(self, network: int) -> list[float]:
        """Return the true node voltages in task volts."""
        low, high = self.board.range_V
        return [round(v, 9) for v in (self.board.task_per_V * (self.voltages(network) - low)).tolist()]

    def truth(self) -> GroundTruth:
        """Return the component values at tick 0, from which every voltage can be computed again."""
        return component_truth(self.board, self._profile, self.parts, self.instruments, self.adcs, self.diodes)
