"""Voltages of nodes that hang between driven ones: linear equations of a few unknowns."""


class Bridge:
    """Voltages of the hanging nodes of a network, by conductances. edges: pairs of nodes. hanging: nodes."""

    def __init__(self, edges, hanging):
        self._edges = edges
        self._row = {node: k for k, node in enumerate(hanging)}

    def volts(self, ohms, driven_V):
        """Return the voltages of the hanging nodes. ohms: by edge; driven_V: by node."""
        n = len(self._row)
        matrix = [[0.0] * (n + 1) for _ in range(n)]
        for (a, b), ohm in zip(self._edges, ohms):
            for one, other in ((a, b), (b, a)):
                if one in self._row:
                    row = matrix[self._row[one]]
                    row[self._row[one]] += 1 / ohm
                    if other in self._row:
                        row[self._row[other]] -= 1 / ohm
                    else:
                        row[n] += driven_V[other] / ohm
        return solve(matrix)


def solve(matrix):
    """Return the solution of the n equations of n + 1 numbers in `matrix`, which is used up."""
    n = len(matrix)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(matrix[i][k]))
        matrix[k], matrix[pivot] = matrix[pivot], matrix[k]
        top = matrix[k]
        for i in range(n):
            if i != k:
                factor = matrix[i][k] / top[k]
                matrix[i] = [x - factor * y for x, y in zip(matrix[i], top)]
    return [matrix[k][n] / matrix[k][k] for k in range(n)]
