"""Graphs that a board can be built for: by name, such as `lattice:5x5`, or of networkx.

model/graph_files.py reads files.

paper               the paper's 16 edges on 9 nodes
lattice:5x5         5 columns, 5 rows, named as on a chessboard: A1 to E5
ring:12             12 nodes, N1 to N12
random:16,40,seed=1 16 nodes joined by 40 edges drawn from a seed: a random tree first, so that it is connected
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import UsageError
from twinohm.model.board_file import load_board
from twinohm.model.board_tables import is_node
from twinohm.model.random_streams import GRAPHS

MOST_NODES = 1024  # of a graph by name; no board has so many
KINDS = "paper, lattice:5x5, ring:12, random:16,40,seed=1, or a file .graphml, .gml or .csv"


@dataclass(frozen=True)
class Graph:
    """A connected graph without loops and double edges, its nodes named as boards.toml can have them.

    edges: pairs of node indices. renamed: the new name of each node whose own name boards.toml cannot have.
    """

    title: str
    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def neighbours(self) -> list[set[int]]:
        """Indices of the neighbours of each node."""
        near: list[set[int]] = [set() for _ in self.nodes]
        for a, b in self.edges:
            near[a].add(b)
            near[b].add(a)
        return near


def edge_distances(n_nodes: int, edges: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Return the least number of edges between any two nodes (n_nodes, n_nodes), infinite where there is no way."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import shortest_path

    ends = np.array(edges, dtype=int).reshape(-1, 2).T
    joined = coo_array((np.ones(len(edges)), tuple(ends)), shape=(n_nodes, n_nodes)).tocsr()
    return np.asarray(shortest_path(joined, directed=False, unweighted=True))


def named_graph(text: str) -> Graph:
    """Return the graph of a name such as "lattice:5x5". Raises UsageError saying what a name looks like."""
    kind, _, numbers = text.partition(":")
    if kind == "paper" and not numbers and text == kind:
        board = load_board("lab16")
        return Graph("the paper's graph", board.nodes, tuple(board.edge_nodes))
    if found := re.fullmatch(r"lattice:(\d{1,6})x(\d{1,6})", text, re.ASCII):
        return lattice(int(found[1]), int(found[2]))
    if found := re.fullmatch(r"ring:(\d{1,6})", text, re.ASCII):
        return ring(int(found[1]))
    if found := re.fullmatch(r"random:(\d{1,6}),(\d{1,9})(?:,seed=(\d{1,9}))?", text, re.ASCII):
        return random_graph(int(found[1]), int(found[2]), int(found[3] or 0))
    raise UsageError(f"graph {text!r}: not known; write {KINDS}")


def lattice(columns: int, rows: int) -> Graph:
    """Return a square lattice: each node is joined to the next in its row and in its column."""
    _check_count(f"lattice:{columns}x{rows}", columns * rows, 2)
    at = {(c, r): c + r * columns for r in range(rows) for c in range(columns)}
    edges = [(at[c, r], at[near]) for c, r in at for near in ((c + 1, r), (c, r + 1)) if near in at]
    names = tuple(f"{_column(c)}{r + 1}" for c, r in at)
    return Graph(f"a square lattice of {columns} x {rows} nodes", names, tuple(edges))


def ring(n: int) -> Graph:
    """Return a ring of n nodes, 3 or more."""
    _check_count(f"ring:{n}", n, 3)
    return Graph(f"a ring of {n} nodes", _numbered(n), tuple((i, (i + 1) % n) for i in range(n)))


def random_graph(n: int, n_edges: int, seed: int = 0) -> Graph:
    """Return a connected graph drawn from a seed. Raises UsageError for too few edges, or more than pairs of nodes."""
    text = f"random:{n},{n_edges},seed={seed}"
    _check_count(text, n, 2)
    pairs = n * (n - 1) // 2
    if not n - 1 <= n_edges <= pairs:
        raise UsageError(f"graph {text}: {n} nodes take {n - 1} edges, so that each is reached, to {pairs}")
    random = GRAPHS.generator(seed)
    order = random.permutation(n).tolist()
    tree = [(order[int(random.integers(k))], order[k]) for k in range(1, n)]
    edges = {(min(pair), max(pair)) for pair in tree}
    rest = [pair for pair in combinations(range(n), 2) if pair not in edges]
    more = random.choice(len(rest), n_edges - len(edges), replace=False).tolist() if len(edges) < n_edges else []
    edges |= {rest[k] for k in more}
    return Graph(f"a random graph of seed {seed}", _numbered(n), tuple(sorted(edges)))


def bipartite(inputs: Sequence[str], outputs: Sequence[str]) -> Graph:
    """Return the graph in which every output is joined to every input."""
    edges = tuple((k, len(inputs) + j) for j in range(len(outputs)) for k in range(len(inputs)))
    title = f"every output joined to every input: {len(inputs)} inputs, {len(outputs)} outputs"
    return Graph(title, (*inputs, *outputs), edges)


def from_networkx(graph: Any, title: str = "a graph of networkx") -> Graph:
    """Return a networkx graph, or any object with `nodes` and `edges` like it. Directions of edges do not count.

    Raises UsageError for what has no nodes and edges, and for what graph_of() refuses.
    """
    if not (hasattr(graph, "nodes") and hasattr(graph, "edges")) or isinstance(graph, Graph):
        raise UsageError(f"graph = {graph!r}: not a graph of networkx; give nx.Graph() or a name such as 'lattice:5x5'")
    return graph_of(title, [_label(node) for node in graph.nodes], [tuple(map(_label, e[:2])) for e in graph.edges])


def graph_of(title: str, names: Iterable[str], pairs: Iterable[Sequence[str]]) -> Graph:
    """Return the graph of nodes by any names, and of pairs of them; names that boards.toml cannot have are replaced.

    title: what the messages call it. Raises UsageError for a loop, a double edge, a node without an edge, nodes that
    cannot be reached, two nodes of one name, and fewer than 2 nodes.
    """
    nodes = list(names)
    if len(nodes) < 2:
        raise UsageError(f"{title}: {len(nodes)} nodes; a board needs 2 or more")
    index = {name: i for i, name in enumerate(nodes)}
    if len(index) < len(nodes):
        twice = next(name for name in nodes if nodes.count(name) > 1)
        raise UsageError(f"{title}: two nodes are written {twice!r}; give one of them another name")
    edges: dict[tuple[int, int], None] = {}
    for a, b in pairs:
        if a == b:
            raise UsageError(f"{title}: edge {a!r}-{b!r} joins a node to itself; remove it")
        low, high = sorted((index[a], index[b]))
        if (low, high) in edges:
            raise UsageError(f"{title}: nodes {a!r} and {b!r} are joined twice; one pair of pots joins two nodes")
        edges[low, high] = None
    taken = {name for name in nodes if is_node(name)}
    renamed = {name: _new_name(name, taken) for name in nodes if not is_node(name)}
    graph = Graph(title, tuple(renamed.get(name, name) for name in nodes), tuple(edges), renamed)
    _check_connected(graph, nodes)
    return graph


def _check_connected(graph: Graph, names: Sequence[str]) -> None:
    near = graph.neighbours
    alone = [name for name, neighbours in zip(names, near, strict=True) if not neighbours]
    if alone:
        raise UsageError(f"{graph.title}: node {alone[0]!r} has no edge; join it to another, or remove it")
    reached, border = {0}, {0}
    while border:
        border = set().union(*(near[node] for node in border)) - reached
        reached |= border
    if len(reached) < len(names):
        lost = next(name for i, name in enumerate(names) if i not in reached)
        raise UsageError(
            f"{graph.title}: it has parts that no edge joins, {names[0]!r} and {lost!r} are in two; join them, or "
            "take one part"
        )


def _check_count(text: str, n: int, least: int) -> None:
    if not least <= n <= MOST_NODES:
        raise UsageError(f"graph {text}: {n} nodes; it has {least} to {MOST_NODES}")


def _numbered(n: int) -> tuple[str, ...]:
    return tuple(f"N{i + 1}" for i in range(n))


def _column(number: int) -> str:
    """Return A, B, .., Z, AA, AB, .. for 0, 1, .."""
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _label(node: object) -> str:
    """Return a node of networkx as text: (0, 1) is "0_1"."""
    return "_".join(map(str, node)) if isinstance(node, tuple) else str(node)


def _new_name(name: str, taken: set[str]) -> str:
    """Return a name that boards.toml can have: other characters are _, N is put before what begins with no letter."""
    stem = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:14] or "node"
    stem = stem if stem[0].isalpha() else f"N{stem}"
    new, count = stem, 1
    while new in taken:
        count += 1
        new = f"{stem}_{count}"
    taken.add(new)
    return new
