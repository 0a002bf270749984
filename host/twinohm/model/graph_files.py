"""Read a graph from a file: an edge list as CSV, or GraphML and GML by networkx."""

import csv
from pathlib import Path
from typing import Any

from twinohm.errors import TwinOhmError, UsageError
from twinohm.extras import install_command
from twinohm.inputs import TABLE_BYTES, read_input
from twinohm.model.graphs import Graph, from_networkx, graph_of, named_graph

SUFFIXES = (".graphml", ".gml", ".csv")
HEADERS = ({"source", "target"}, {"from", "to"}, {"node1", "node2"})
LETTERS = ({"a", "b"}, {"u", "v"})


def parse_graph(text: str) -> Graph:
    """Return the graph of a name such as "lattice:5x5", or of a file .graphml, .gml or .csv.

    Raises UsageError saying what is wrong with the name or the file, TwinOhmError without networkx.
    """
    path = Path(text)
    return read_graph(path) if path.suffix.lower() in SUFFIXES else named_graph(text)


def read_graph(path: Path) -> Graph:
    """Return the graph of a file. CSV: two names of nodes a line, more columns and a header do not count."""
    try:
        data = read_input(path, TABLE_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; give a file with a graph") from None
    if path.suffix.lower() == ".csv":
        return _from_csv(path, data)
    return from_networkx(_parse(path, data), str(path))


def _from_csv(path: Path, data: bytes) -> Graph:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    lines = text.splitlines()
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    separator = next((mark for mark in ",;\t" if mark in first), ",")
    pairs: list[tuple[str, str]] = []
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise UsageError(f"{path}: not an edge list ({error}); write two nodes a line, such as A,B") from None
    below = {cell.strip() for row in rows[1:] for cell in row[:2]}  # a name that edges have heads no column
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#"):
            continue
        if len(cells) < 2 or not cells[0] or not cells[1]:
            raise UsageError(f"{path}: line {number}: not an edge; write two nodes a line, such as A{separator}B")
        if number == 1 and below and not below & set(cells[:2]) and _is_header(cells):
            continue
        pairs.append((cells[0], cells[1]))
    if not pairs:
        raise UsageError(f"{path}: no edge; write two nodes a line, such as A,B")
    return graph_of(str(path), dict.fromkeys(name for pair in pairs for name in pair), pairs)


def _is_header(cells: list[str]) -> bool:
    """Whether a first line heads columns. A and B are names of nodes, too, unless a third column has a name."""
    first = {cells[0].lower(), cells[1].lower()}
    return first in HEADERS or (first in LETTERS and any(cell.isalpha() for cell in cells[2:]))


def _parse(path: Path, data: bytes) -> Any:
    try:
        import networkx as nx
    except ImportError:
        text = f"{path}: reading it needs networkx, {install_command('graphs')}; or save an edge list as .csv"
        raise TwinOhmError(text) from None
    kind = path.suffix.lower()
    try:
        if kind == ".graphml":
            return nx.parse_graphml(data.decode("utf-8-sig"))
        return nx.parse_gml(data.decode("utf-8-sig"))
    except Exception as error:  # its parsers raise whatever comes: NetworkXError, ParseError, KeyError, ValueError, ..
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UsageError(
            f"{path}: not {'GraphML' if kind == '.graphml' else 'GML'} ({reason}); export it anew"
        ) from None
