"""Voltages of nodes that hang between driven ones: linear equations of a few unknowns."""


class Bridge:
    """Voltages of the hanging nodes of a network, by conductances. edges: pairs of nodes. hanging: nodes."""

    def __init__(self, edges, hanging):
        self._count = len(hanging)
        rows = {node: k for k, node in enumerate(hanging)}
        self._ends = [(rows.get(a, -1), rows.get(b, -1), a, b) for a, b in edges]  # -1: a driven node

    def volts(self, ohms, driven_V):
        """Return the voltages of the hanging nodes. ohms: by edge; driven_V: by node."""
        n = self._count
        matrix = [[0.0] * (n + 1) for _ in range(n)]
        for (i, j, a, b), ohm in zip(self._ends, ohms):
            conductance = 1 / ohm
            if i >= 0:
                matrix[i][i] += conductance
                matrix[i][j] -= conductance * (driven_V[b] * -1 if j < 0 else 1)
            if j >= 0:
                matrix[j][j] += conductance
                matrix[j][i] -= conductance * (driven_V[a] * -1 if i < 0 else 1)
        return solve(matrix)


def solve(matrix):
    """Return the solution of the n equations of n + 1 numbers in `matrix`, which is used up."""
    n = len(matrix)
    if n == 2:  # the same, three times as fast
        (a, b, x), (c, d, y) = matrix
        determinant = a * d - b * c
        return [(x * d - b * y) / determinant, (a * y - x * c) / determinant]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(matrix[i][k]))
        matrix[k], matrix[pivot] = matrix[pivot], matrix[k]
        top = matrix[k]
        for i in range(n):
            if i != k:
                factor = matrix[i][k] / top[k]
                matrix[i] = [x - factor * y for x, y in zip(matrix[i], top)]
    return [matrix[k][n] / matrix[k][k] for k in range(n)]
