"""Read a graph from a file: an edge list as CSV, or GraphML and GML by networkx."""

import codecs
import csv
import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from twinohm.errors import TwinOhmError, UsageError
from twinohm.extras import install_command
from twinohm.inputs import TABLE_BYTES, read_input, split_mark
from twinohm.model.graphs import Graph, from_networkx, graph_of, named_graph

SUFFIXES = (".graphml", ".gml", ".csv")
HEADERS = (
    *({"source", "target"}, {"from", "to"}, {"start", "end"}, {"node1", "node2"}, {"n1", "n2"}, {"u", "v"}),
    *({"from_node", "to_node"}, {"source_node", "target_node"}, {"start_node", "end_node"}, {"node_1", "node_2"}),
)
SEVERAL = "more than one graph in it; save the one that the board is to have alone"
LETTERS = {"a", "b"}
REMARK = re.compile(r'^((?:"[^"]*"|[^"])*?)(?:(?<=\s)|^)#.*$')  # at the beginning or behind a blank, not in quotes
ENCODING = re.compile(rb"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']""")
NO_CHARSET = ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined")  # Python's codecs by their names
ATTRIBUTES = re.compile(r"\s\{.*\}\s*$")  # behind an edge of networkx's write_edgelist()


def parse_graph(text: str) -> Graph:
    """Return the graph of a name such as "lattice:5x5", or of a file .graphml, .gml or .csv.

    Raises UsageError saying what is wrong with the name or the file, TwinOhmError without networkx.
    """
    path = Path(text)
    return read_graph(path) if path.suffix.lower() in SUFFIXES else named_graph(text)


def read_graph(path: Path) -> Graph:
    """Return the graph of a file. CSV: two names of nodes a line; more columns, a header and remarks do not count."""
    try:
        data = read_input(path, TABLE_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; give a file with a graph") from None
    if path.suffix.lower() == ".csv":
        return _from_csv(path, data)
    return from_networkx(_parse(path, data), str(path))


def _from_csv(path: Path, data: bytes) -> Graph:
    text = _decode(path, data)
    lines = [ATTRIBUTES.sub("", REMARK.sub(r"\1", line)).strip(" ") for line in text.splitlines()]
    first = next((line for line in lines if line.strip()), "")
    separator = next((mark for mark in ",;\t " if mark in first), ",")
    pairs: list[tuple[str, str]] = []
    try:
        rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise UsageError(f"{path}: not an edge list ({error}); write two nodes a line, such as A,B") from None
    top = next((number for number, row in enumerate(rows, 1) if any(map(str.strip, row))), 0)
    below = {cell.strip() for row in rows[top:] for cell in row[:2]}  # a name that edges have heads no column
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) < 2 or not cells[0] or not cells[1]:
            raise UsageError(f"{path}: line {number}: not an edge; write two nodes a line, such as A{separator}B")
        if number == top and below and not below & set(cells[:2]) and _is_header(cells):
            continue
        pairs.append((cells[0], cells[1]))
    if not pairs:
        raise UsageError(f"{path}: no edge; write two nodes a line, such as A,B")
    return graph_of(str(path), dict.fromkeys(name for pair in pairs for name in pair), pairs)


def _is_header(cells: list[str]) -> bool:
    """Whether a first line heads columns. A and B are names of nodes, unless a third column has a name, too."""
    first = {cells[0].lower(), cells[1].lower()}
    return first in HEADERS or (first == LETTERS and any(cell.isalpha() for cell in cells[2:]))


def _parse(path: Path, data: bytes) -> Any:
    try:
        import networkx as nx
    except ImportError:
        text = f"{path}: reading it needs networkx, {install_command('graphs')}; or save an edge list as .csv"
        raise TwinOhmError(text) from None
    graphml = path.suffix.lower() == ".graphml"
    text = _decode(path, data, _declared(path, data) if graphml else "utf-8")
    if graphml:
        _check_graphml(path, text)
    try:
        return nx.parse_graphml(text) if graphml else _parse_gml(nx, text)
    except Exception as error:  # its parsers raise whatever comes: NetworkXError, KeyError, ValueError, ..
        format = "GraphML" if graphml else "GML"
        if "more than one graph" in str(error):
            raise UsageError(f"{path}: {SEVERAL}") from None
        # the words of other exceptions are those of Python
        reason = " ".join(str(error).split())[:200] if isinstance(error, nx.NetworkXException) else "not of its form"
        raise UsageError(f"{path}: not {format} ({reason}); correct it, or export it anew") from None


def _decode(path: Path, data: bytes, encoding: str = "utf-8") -> str:
    """Return the text of a file, in the encoding that its first bytes say, else in `encoding`."""
    marked, rest = split_mark(data)
    try:
        text = rest.decode(marked or encoding)
        text.encode()  # some codecs decode to what is no character
    except UnicodeError as error:
        at = f"byte {len(data) - len(rest) + error.start}" if isinstance(error, UnicodeDecodeError) else "the text"
        raise UsageError(f"{path}: {at} is not {(marked or encoding).upper()}; save the file as UTF-8") from None
    return text


def _declared(path: Path, data: bytes) -> str:
    """Return the encoding of XML that has no mark at its beginning. Raises UsageError if Python cannot decode it."""
    if data.startswith((b"<\0", b"\0<")):
        return "utf-16-le" if data.startswith(b"<") else "utf-16-be"
    found = ENCODING.match(data)
    name = found[1].decode() if found else "utf-8"
    try:
        codec = codecs.lookup(name).name
        with suppress(UnicodeError):
            b"a".decode(name)
    except LookupError:  # no codec's name, or one that makes no text, such as rot13
        codec = NO_CHARSET[0]
    if codec in NO_CHARSET:
        raise UsageError(f"{path}: its encoding {name!r} is not known here; save the file as UTF-8")
    # A text whose declaration can be read byte by byte has no characters of two or four bytes each, whatever it says.
    return "utf-8" if codec.startswith(("utf-16", "utf-32")) else codec


def _parse_gml(nx: Any, text: str) -> Any:
    """Return the graph of GML. Nodes are called by their labels, or by their ids where nodes have none."""
    try:
        return nx.parse_gml(text)
    except nx.NetworkXError as error:
        if "has no 'label' attribute" not in str(error):
            raise
    return nx.parse_gml(text, label="id")


def _check_graphml(path: Path, text: str) -> None:
    """Raise UsageError for GraphML that networkx would read in part, or with nodes that it makes up."""
    try:
        root = ElementTree.fromstring(text)  # of a text, unlike of bytes, what it says of its encoding does not count
    except ElementTree.ParseError as error:
        raise UsageError(f"{path}: not XML, so not GraphML ({error}); export it anew") from None
    elements: dict[str, list[Any]] = {"graph": [], "node": [], "edge": []}
    for element in root.iter():
        elements.get(str(element.tag).rpartition("}")[2], []).append(element)
    if len(elements["graph"]) != 1:
        raise UsageError(f"{path}: {SEVERAL if elements['graph'] else 'no <graph> in it; export it anew'}")
    nodes = {node.get("id") for node in elements["node"]}
    if None in nodes:
        raise UsageError(f"{path}: a <node> has no id; give each one of its own")
    for number, edge in enumerate(elements["edge"], 1):
        for end in ("source", "target"):
            if (name := edge.get(end)) not in nodes:
                wrong = "missing" if name is None else f"{name!r}, which no <node> has as its id"
                raise UsageError(f"{path}: <edge> {number}: its {end} is {wrong}; name a node of the file")
