"""Self-test of the pots and their lines U/D and /CS, seen in node voltages.

A node that hangs on its neighbours, one of them HIGH and all others LOW, shows the share of that edge in the
conductance around it: x = G_e / sum(G). All shares of a network give its conductances up to one factor. Each edge has
a number of its own, from 1; bit by bit the edges that have it set are selected and step up, then those that have not
step down: U/D is that bit. What an edge does spells the numbers of the lines that it hears.
"""

from .selftest import LOW, NETWORKS, START, SWING

UP = 64  # steps: a pot that takes two each reaches its end, tap 127
DOWN = 24
OPEN = 50  # times the median resistance
TINY = 1e-9  # conductance
MOVED = 1.28  # ratio of resistances: START + UP gives 2.9, START - DOWN 0.28
TWICE = (1.5, 2.4)  # tap 127 by 64
FAR = (0.2, 4.2)  # further than any edge can
SHORTED = 0.15  # of the resistance at START
BOTTOM = 0.3
TOP = (2.1, 3.2)  # below, a pot is not at 127; above, not at 64; between, +-30 % leave both possible
FIXED = 1.3  # series resistor and wiper, in taps
ALWAYS = -1
NEVER = -2
ODD = -3


class PotsTest:
    """`seen` are the edges whose pot shows, by network. Looks at the pots as they stand; run() moves them."""

    def __init__(self, test):
        self._test = test
        self._twin = test.twin
        self._edges = test.edges
        n_nodes = len(test.nodes)
        self._around = [[e for e, pair in enumerate(test.edges) if node in pair] for node in range(n_nodes)]
        self._bits = len(bin(len(test.edges))) - 2
        hanging = [[n for n in test.measured[net] if test.switched or n not in test.driven[net]] for net in (0, 1)]
        self._hanging = hanging  # nodes that can, by network
        self.seen = [{e for node in hanging[net] for e in self._around[node]} for net in (0, 1)]
        self._taps = test.twin.taps
        self._before = self._ohms(SWING)

    def run(self):
        self._home()
        start = self._ohms(SWING)
        ratios = {}  # by (bit, whether edges with it were selected): by network, by edge
        for bit in range(self._bits):
            for chosen in (1, 0):
                self._move(bit, chosen)
                ratios[bit, chosen] = self._ratios(start, bit, chosen)
        found = len(self._test.found)
        told = set()
        for edge in range(len(self._edges)):
            if edge not in told:
                self._judge(edge, start, ratios, told)
        if len(self._test.found) == found:
            self._twin.safe()
            self._twin.pots.restore(bytes([self._twin.config["start_tap"]] * len(self._edges)))
            self._test.mismatch = self._mismatch(self._ohms(2 * SWING))

    # -- steps ---------------------------------------------------------------------------------------------------

    def _home(self):
        self._twin.safe()
        self._twin.pots.restore(bytes([START] * len(self._edges)))

    def _move(self, bit, chosen):
        """From START: edges with (or without) that bit step, up if they have it and down if not."""
        self._home()
        pots = self._twin.pots
        n_bytes = self._twin.n_bytes
        together = chosen and self._twin.config["flip_flops"]  # where U/D is all up or all down
        for b in range(2 * n_bytes):
            pots.words[b] = 0 if b < n_bytes and not together else 255
        for edge in range(len(self._edges)):
            at, mask = edge >> 3, 1 << (edge & 7)
            one = (edge + 1) >> bit & 1
            if one and not self._twin.config["flip_flops"]:
                pots.words[at] |= mask
            if one == chosen:
                pots.words[n_bytes + at] &= ~mask & 255
        pots.lines.write()
        pots.lines.on()
        for _ in range(UP if chosen else DOWN):
            pots.pulse()
        pots.deselect()

    # -- resistances ---------------------------------------------------------------------------------------------

    def _ohms(self, swing):
        """Resistance of each edge by network, over the median of those that are seen; None for the others."""
        test = self._test
        every = range(len(test.nodes))
        shares = [{}, {}]
        for node in every:
            networks = [net for net in (0, 1) if node in self._hanging[net]]
            if not networks:
                continue
            test.drive([LOW for _ in every])
            test.connect(*[[n for n in test.driven[net] if n != node] for net in (0, 1)])
            base = [test.read(node, net) for net in networks]
            parts = [{} for _ in networks]
            for edge in self._around[node]:
                a, b = self._edges[edge]
                test.drive([LOW + swing if n == a + b - node else LOW for n in every])
                for k, net in enumerate(networks):
                    parts[k][edge] = max(0, test.read(node, net) - base[k])
            for k, net in enumerate(networks):
                total = sum(parts[k].values()) or 1
                shares[net][node] = {edge: volts / total for edge, volts in parts[k].items()}
        return [self._solve(shares[net], self.seen[net]) for net in (0, 1)]

    def _solve(self, shares, seen):
        """Resistances from `shares`, by node: edge -> share. From node to node, by the edge that both see best."""
        around = {}  # sum of conductances at a node
        while len(around) < len(shares):
            best, at, value = -1, None, 1.0
            for edge in seen:
                a, b = self._edges[edge]
                for one, other in ((a, b), (b, a)):
                    if one in around and other in shares and other not in around:
                        here, there = shares[one][edge], shares[other][edge]
                        if min(here, there) > best and there > 0:
                            best, at, value = min(here, there), other, around[one] * here / there
            if at is None:
                at = [node for node in shares if node not in around][0]
            around[at] = value
        ohms = [None for _ in self._edges]
        for edge in seen:
            ends = [node for node in self._edges[edge] if node in shares]
            conductance = sum([shares[node][edge] * around[node] for node in ends]) / len(ends)
            ohms[edge] = 1 / max(conductance, TINY)
        middle = median([ohms[edge] for edge in seen])
        return [ohm and ohm / middle for ohm in ohms]

    def _ratios(self, start, bit, chosen):
        """Resistances over those at START. The measure is what most edges should do."""
        now = self._ohms(SWING)
        to = START + (UP if chosen else -DOWN)
        ratios = []
        for net in (0, 1):
            row = [r and r / start[net][e] for e, r in enumerate(now[net])]
            moved = [row[e] for e in self.seen[net] if (e + 1) >> bit & 1 == chosen]
            still = [row[e] for e in self.seen[net] if (e + 1) >> bit & 1 != chosen]
            few = len(still) < len(moved)
            scale = median(moved) * (START + FIXED) / (to + FIXED) if few else median(still)
            ratios.append([r and r / scale for r in row])
        return ratios

    def _mismatch(self, ohms):
        """Clamped over free by edge, less 1, median 0; None where not both are seen."""
        both = [e for e in self.seen[0] if e in self.seen[1]]
        ratio = {e: ohms[1][e] / ohms[0][e] for e in both}
        middle = median(list(ratio.values()))
        return [ratio[e] / middle - 1 if e in ratio else None for e in range(len(self._edges))]

    # -- judgement -----------------------------------------------------------------------------------------------

    def _judge(self, edge, start, ratios, told):
        networks = [net for net in (0, 1) if edge in self.seen[net]]
        name = self._test.edge(edge)
        pots = ["pot.%s.%s" % (name, NETWORKS[net]) for net in networks]
        found = self._test.found
        opens = [pot for net, pot in zip(networks, pots) if start[net][edge] > OPEN]
        for pot in opens:
            found.append("open:" + pot)
        if opens or not networks:
            return
        heard = [self._heard(edge, net, ratios) for net in networks]
        stays = [select == NEVER for select, _, _ in heard]
        if all(stays):
            lines = self._stuck(edge, start, networks)
            if len(networks) == 1:  # or the pot of that network
                lines.append(("shorted:" if start[networks[0]][edge] < SHORTED else "dead:") + pots[0])
            found.append("|".join(lines))
        elif any(stays):
            for k, net in enumerate(networks):
                if stays[k]:
                    found.append(("shorted:" if start[net][edge] < SHORTED else "dead:") + pots[k])
        elif any(twice for _, _, twice in heard):
            found.extend(["twice:" + pot for pot, (_, _, twice) in zip(pots, heard) if twice])
        elif all(select == ALWAYS for select, _, _ in heard):
            found.append("low:CS." + name)
        elif any((select, way) != (edge + 1, edge + 1) for select, way, _ in heard):
            self._misled(edge, heard, ratios, told, pots)

    def _stuck(self, edge, start, networks):
        """Which line keeps all pots of an edge where they are: those with U/D stuck have moved on the way to START."""
        name = self._test.edge(edge)
        place = sum([start[net][edge] for net in networks]) / len(networks)
        if place < BOTTOM:
            return ["low:UD." + name]
        if self._taps:
            net = networks[0]
            change = [b and s / b for b, s in zip(self._before[net], start[net])]
            others = [change[e] * (self._taps[e] + FIXED) for e in self.seen[net] if e != edge]
            moved = change[edge] * (START + FIXED) / median(others)
            if moved > MOVED:
                return ["high:UD." + name]
        lines = ["high:CS." + name, "high:UD." + name]
        return lines[:1] if place < TOP[0] else lines if place < TOP[1] else lines[1:]

    def _misled(self, edge, heard, ratios, told, pots):
        """It hears the lines of another edge, or of none."""
        select, way, _ = heard[0]
        other = way - 1
        same = all(one[:2] == (edge + 1, way) for one in heard)
        if same and 0 <= other < len(self._edges):
            net = 0 if other in self.seen[0] else 1
            if self._heard(other, net, ratios)[1] == edge + 1:
                told.add(other)
                names = (self._test.edge(edge), self._test.edge(other))
                self._test.found.append("swapped:UD.%s,UD.%s" % names)
                return
        self._test.found.extend(["odd:" + pot for pot, one in zip(pots, heard) if one[:2] != (edge + 1, edge + 1)])

    def _heard(self, edge, net, ratios):
        """Numbers of the /CS and U/D lines that the pot hears, and whether it steps twice."""
        select = way = 0
        always = never = True
        far = False
        twice = False
        for bit in range(self._bits):
            moves = []
            for chosen in (1, 0):
                ratio = ratios[bit, chosen][net][edge]
                moves.append(1 if ratio > MOVED else -1 if ratio < 1 / MOVED else 0)
            with_it, without = moves
            always = always and with_it != 0 and without != 0
            never = never and with_it == 0 and without == 0
            far = far or not all(FAR[0] < ratios[bit, chosen][net][edge] < FAR[1] for chosen in (0, 1))
            select |= (with_it != 0 and without == 0) << bit
            own = moves[0] if (edge + 1) >> bit & 1 else moves[1]
            way |= (own > 0) << bit
            if (edge + 1) >> bit & 1 and TWICE[0] < ratios[bit, 1][net][edge] < TWICE[1]:
                twice = True
        odd = far and select == way == edge + 1
        return NEVER if never else ALWAYS if always else ODD if odd else select, way, twice


def median(values):
    values = sorted(values)
    n = len(values)
    if not n:
        return 1
    return (values[(n - 1) // 2] + values[n // 2]) / 2
