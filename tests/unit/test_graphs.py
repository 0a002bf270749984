"""Graphs by name, from files and of networkx, and the boards that are allotted for them."""

import codecs
from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twinohm
from tests.command_line import run_here
from twinohm.errors import UsageError
from twinohm.model.allotment import auto_board, find_auto_board
from twinohm.model.board import Board
from twinohm.model.board_file import load_board, load_boards
from twinohm.model.firmware_config import board_config
from twinohm.model.graph_files import parse_graph
from twinohm.model.graphs import random_graph
from twinohm.model.new_board import new_board
from twinohm.tasks import find_task

GRAPHML = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
ONE_GRAPH = '<graph edgedefault="undirected"><node id="a"/><node id="b"/><edge source="a" target="b"/></graph>'
ONE_GML = 'graph [ node [ id 0 label "a" ] node [ id 1 label "b" ] edge [ source 0 target 1 ] ]\n'


def test_the_papers_graph_is_that_of_lab16() -> None:
    board = twinohm.board_from_graph("paper")
    assert (board.nodes, board.edges) == (load_board("lab16").nodes, load_board("lab16").edges)


def test_a_lattice_is_named_as_a_chessboard() -> None:
    board = twinohm.board_from_graph("lattice:3x2")
    assert board.nodes == ("A1", "B1", "C1", "A2", "B2", "C2")
    assert set(board.edges) == {"A1-B1", "B1-C1", "A2-B2", "B2-C2", "A1-A2", "B1-B2", "C1-C2"}


def test_a_ring_closes() -> None:
    assert "N12-N1" in twinohm.board_from_graph("ring:12").edges


def test_a_seed_draws_one_random_graph() -> None:
    one, same, other = (parse_graph(f"random:16,40,seed={seed}") for seed in (1, 1, 2))
    assert one.edges == same.edges != other.edges
    assert (len(one.nodes), len(one.edges)) == (16, 40)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("g.csv", "a;b;weight\nn1;n2;3\n# a remark\nn2;n3;4\n"),
        ("g.csv", "n1,n2\nn2,n3\n"),
        ("g.csv", "n1,n2\rn2,n3\r"),
        ("g.csv", "\ufeffsource,target\r\nn1,n2\r\nn2,n3\r\n"),
    ],
)
def test_an_edge_list_is_read(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    assert twinohm.board_from_graph(str(tmp_path / name)).edges == ("n1-n2", "n2-n3")


@pytest.mark.parametrize("suffix", ["graphml", "gml"])
def test_files_of_networkx_are_read(suffix: str, tmp_path: Path) -> None:
    graph = nx.cycle_graph(["x", "y", "z"])
    path = tmp_path / f"g.{suffix}"
    getattr(nx, f"write_{suffix}")(graph, path)
    assert set(twinohm.board_from_graph(str(path)).nodes) == {"x", "y", "z"}


def test_nodes_of_gml_without_labels_are_called_by_their_ids(tmp_path: Path) -> None:
    (tmp_path / "g.gml").write_text("graph [ node [ id 3 ] node [ id 5 ] edge [ source 3 target 5 ] ]")
    with pytest.warns(UserWarning, match="'3' is N3, '5' is N5"):
        assert twinohm.board_from_graph(str(tmp_path / "g.gml")).edges == ("N3-N5",)


def test_the_name_of_a_board_is_bounded_since_files_are_named_after_it(tmp_path: Path) -> None:
    assert twinohm.board_from_graph("ring:3", name="a" * 40).name == "a" * 40
    with pytest.raises(UsageError, match=r"a{20,} \.\.\.\]: a name of 250 letters; 40 at most, since files are named"):
        twinohm.board_from_graph("ring:3", name="a" * 250, out=tmp_path / "mine.toml")
    assert list(tmp_path.iterdir()) == []


def test_names_that_a_board_cannot_have_are_replaced_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="'0_1' is N0_1"):
        board = twinohm.board_from_graph(nx.grid_2d_graph(2, 2), name="grid")
    assert board.nodes == ("N0_0", "N0_1", "N1_0", "N1_1")


@pytest.mark.parametrize(
    ("graph", "text"),
    [
        ("lattice:5", "graph 'lattice:5': not known; write paper, lattice:5x5"),
        ("lattice:0x5", "graph lattice:0x5: 0 nodes; it has 2 to"),
        ("ring:2", "graph ring:2: 2 nodes; it has 3 to"),
        ("random:5,3", "graph random:5,3,seed=0: 5 nodes take 4 edges, so that each is reached, to 10"),
        ("random:5,11", "graph random:5,11,seed=0: 5 nodes take 4 edges"),
        ("lattice:9x9", "144 edges, and 128 fit the shift chains"),
        ("ring:60", "it settles in 71 ms, and 65535 us is the most"),
        ("random:98,120", "98 nodes take 13 ADS7953 with a pin for each /CS, and 12 pins are left, for 96 nodes"),
        (nx.star_graph(80), "node N0 has 80 neighbours, and a driver of 15 mA can have 69; take a smaller graph"),
        (nx.Graph([("a", "a")]), "1 nodes; a board needs 2 or more"),
        (nx.Graph([("a", "a"), ("a", "b")]), "edge 'a'-'a' joins a node to itself; remove it"),
        (nx.MultiGraph([("a", "b"), ("b", "a")]), "nodes 'a' and 'b' are joined twice"),
        (nx.Graph([("a", "b"), ("c", "d")]), "'a' and 'c' are in two; join them"),
        (nx.Graph(), "0 nodes; a board needs 2 or more"),
        ([("a", "b")], "not a graph of networkx"),
        ("nowhere.csv", "nowhere.csv: No such file"),
    ],
)
def test_a_graph_that_no_board_can_have_is_refused_in_one_line(graph: object, text: str) -> None:
    with pytest.raises(UsageError, match=text) as refused:
        twinohm.board_from_graph(graph)
    assert "\n" not in str(refused.value)


def test_a_node_without_an_edge_is_named() -> None:
    graph = nx.Graph([("a", "b")])
    graph.add_node("lost")
    with pytest.raises(UsageError, match="node 'lost' has no edge"):
        twinohm.board_from_graph(graph)


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("g.csv", "a\n", "line 1: not an edge; write two nodes a line"),
        ("g.csv", "a," + 200_000 * "b", "not an edge list .field larger than field limit"),
        ("g.csv", "\n", "no edge; write two nodes a line"),
        ("g.csv", b"a,\xff\n", "byte 2 is not UTF-8"),
        ("g.graphml", "<a>", "not XML, so not GraphML .no element found: line 1, column 3"),
        ("g.graphml", "<a/>", "no <graph> in it; export it anew"),
        ("g.graphml", f"{GRAPHML}{2 * ONE_GRAPH}</graphml>", "more than one graph in it; save the one"),
        ("g.graphml", f"{GRAPHML}<graph><node/></graph></graphml>", "a <node> has no id; give each one of its own"),
        ("g.graphml", GRAPHML + ONE_GRAPH.replace(' target="b"', "") + "</graphml>", "<edge> 1: its target is missing"),
        (
            "g.graphml",
            GRAPHML + ONE_GRAPH.replace('"b"/></', '"z"/></') + "</graphml>",
            "'z', which no <node> has as its",
        ),
        ("g.graphml", "<graphml/>".encode("utf-16"), "no <graph> in it; export it anew"),
        ("g.graphml", b"<graphml>\xff</graphml>", "byte 9 is not UTF-8; save the file as UTF-8"),
        ("g.graphml", b'<?xml version="1.0" encoding="gbk"?><a>\xff\xff</a>', "byte 39 is not GBK; save the file as U"),
        ("g.csv", codecs.BOM_UTF16_LE + b"a\0,\0b", "byte 6 is not UTF-16-LE; save the file as UTF-8"),
        ("g.gml", "graph [", "not GML .expected .*; correct it, or export it anew"),
        ("g.gml", "graph [ node 3 ]", "not GML .not of its form.; correct it, or export it anew"),
        ("g.gml", 2 * ONE_GML, "more than one graph in it; save the one"),
        ("g.gml", ONE_GML.replace("id 0", ""), "node #0 has no 'id' attribute"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(name: str, content: str | bytes, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match=text) as refused:
        twinohm.board_from_graph(str(tmp_path / name))
    assert "\n" not in str(refused.value)


@given(st.sampled_from(["g.csv", "g.gml", "g.graphml"]), st.text(max_size=60) | st.text('ab,;\n#\t "', max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_graph_or_one_line(name: str, text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text)
        try:
            assert parse_graph(str(path)).edges
        except UsageError as error:
            assert len(str(error).splitlines()) == 1 and str(error).startswith(str(path))


def test_a_graph_far_too_large_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="1984 edges, and 128 fit the shift chains"):
        twinohm.board_from_graph("lattice:32x32")


@given(st.integers(2, 20), st.integers(0, 60), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_every_printed_table_loads_with_pins_and_addresses_of_its_own(n: int, more: int, seed: int) -> None:
    """board_checks refuses what a chip cannot have; here is what it would have to find."""
    edges = min(n - 1 + more, n * (n - 1) // 2)
    made = new_board(random_graph(n, edges, seed), "drawn")
    board = made.board
    assert board_config(board)["nodes"] == list(board.nodes)
    assert board.switches is not None
    places = [*board.dac.places, *board.switches.places]
    assert len(places) == len(set(places)) and all(len(adc.channels) <= 16 for adc in board.adc)
    selects = [adc.cs for adc in board.adc if adc.part == "ADS7953"]
    assert len(selects) == len(set(selects)) == -(-2 * n // 16)
    assert set(board.capabilities.measures_free) == set(board.capabilities.measures_clamped) == set(board.nodes)


@pytest.mark.parametrize("graph", ["lattice:5x5", "random:30,60"])
def test_a_board_added_to_a_file_is_the_one_that_is_returned(graph: str, tmp_path: Path) -> None:
    path = tmp_path / "boards.toml"
    first = twinohm.board_from_graph("ring:3", name="first", out=path)
    second = twinohm.board_from_graph(graph, name="second", out=path)
    assert load_boards(path) == {"first": first, "second": second}


def test_a_task_without_a_placement_takes_nodes_far_apart() -> None:
    board = twinohm.board_from_graph("lattice:5x5")
    placement = find_task("allostery").placement_on(board)
    assert placement.inputs == ("A1", "E5", "E1")
    assert placement.outputs == ("A5", "C3", "C1")


class TestAutoBoard:
    def test_every_output_is_joined_to_every_input(self) -> None:
        board = auto_board(3, 2)
        assert board.nodes == ("X1", "X2", "X3", "Y1", "Y2")
        assert set(board.edges) == {f"X{i}-Y{j}" for i in (1, 2, 3) for j in (1, 2)}

    def test_inputs_and_outputs_are_placed_on_it_in_their_order(self) -> None:
        assert find_task("allostery").placement_on(auto_board(3, 3)).text == "X1,X2,X3,Y1,Y2,Y3"

    def test_it_has_room_for_more_than_a_pico(self) -> None:
        board: Board = auto_board(129, 10)
        assert board.n_edges == 1290

    def test_it_is_refused_where_pins_are_needed(self) -> None:
        with pytest.raises(
            UsageError, match="auto_3_2 is a graph without pins, which the ensemble engine alone can run"
        ):
            board_config(auto_board(3, 2))

    def test_a_port_cannot_be_one(self) -> None:
        with pytest.raises(UsageError, match="`twinohm board new` makes a board of a graph"):
            twinohm.run("allostery", port="sim://auto")

    @pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (2, 0)])
    def test_too_few_nodes_are_refused(self, inputs: int, outputs: int) -> None:
        with pytest.raises(UsageError, match="it needs 2 inputs and 1 output or more"):
            auto_board(inputs, outputs)

    def test_a_board_that_no_memory_holds_is_refused(self) -> None:
        with pytest.raises(UsageError, match="are 99980001 edges, and 20000 are the most; take fewer columns"):
            find_auto_board("auto_9999_9999")


@pytest.mark.parametrize("content", ["A,B\nB,C\nC,A\n", "A,B\nB,C\n", "source,x\nx,y\n"])
def test_a_first_edge_is_no_header(content: str, tmp_path: Path) -> None:
    path = tmp_path / "g.csv"
    path.write_text(content)
    assert len(parse_graph(str(path)).edges) == content.count("\n")


@pytest.mark.parametrize(
    "content",
    [
        "n1,n2 # a remark\nn2,n3\t# another\n",
        "# of networkx\nn1 n2 {}\nn2 n3 {'weight': 3, 'name': 'x'}\n",
        "# a remark first\nfrom_node to_node\nn1 n2\nn2 n3\n",
        "u,v\nn1,n2\nn2,n3\n",
        "start;end\nn1;n2\nn2;n3\n",
    ],
)
def test_edge_lists_with_remarks_blanks_and_headers_are_read_also_by_a_path(content: str, tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-16"):
        (tmp_path / "g.csv").write_text(content, encoding=encoding)
        assert twinohm.board_from_graph(tmp_path / "g.csv").edges == ("n1-n2", "n2-n3")


DECLARED = '<?xml version="1.0" encoding="{}"?>\n' + GRAPHML + ONE_GRAPH.replace('"a"', '"\u65e5"') + "</graphml>"


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        *((name, name) for name in ("utf-8", "GBK", "Shift_JIS", "EUC-JP", "Big5", "utf-7", "utf-16", "utf-16-le")),
        *(("utf-16", "utf-8"), ("klingon", "utf-16"), ("GBK", "utf-8-sig"), ("UTF-16", "utf-16-be")),
    ],
)
def test_graphml_is_read_in_the_encoding_that_it_has(declared: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "g.graphml").write_text(DECLARED.format(declared), encoding)
    done = run_here("board", "new", "--graph", "g.graphml", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("# node '\u65e5' of the graph is node\n"), done.stderr


@pytest.mark.parametrize(
    "name", ["klingon", "rot13", "windows-31j-x", "hex", "base64", "idna", "punycode", "undefined", "unicode_escape"]
)
def test_graphml_of_an_encoding_that_is_none_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "g.graphml").write_text(DECLARED.format(name).replace("\u65e5", "a"), "ascii")
    done = run_here("board", "new", "--graph", "g.graphml", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert f"its encoding '{name}' is not known here; save the file as UTF-8" in done.stderr


@pytest.mark.parametrize("name", ["auto", "auto_3_2"])
def test_the_name_of_a_graph_without_pins_is_no_name_of_a_board(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"name = '{name}': the name of a graph without pins; give the board another"):
        twinohm.board_from_graph("ring:3", name, tmp_path / "b.toml")
    made = twinohm.board_from_graph("ring:3", "own", tmp_path / "b.toml")
    (tmp_path / "b.toml").write_text((tmp_path / "b.toml").read_text().replace("[own", f"[{name}"))
    with pytest.raises(UsageError, match=rf"b.toml: \[{name}\]: the name of a graph without pins"):
        twinohm.load_board(made.name, tmp_path / "b.toml")


def test_names_of_nodes_are_bounded_as_the_reply_to_hello_is(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text(f"A,{'b' * 20}\nA,{'c' * 200}\n")
    with pytest.warns(UserWarning, match="c+' is c{14}$"):
        board = twinohm.board_from_graph(tmp_path / "g.csv", out=tmp_path / "b.toml")
    assert board.nodes == ("A", "b" * 20, "c" * 14)
    (tmp_path / "b.toml").write_text((tmp_path / "b.toml").read_text().replace("c" * 14, "c" * 21))
    with pytest.raises(UsageError, match=r"nodes\[2\].*: a name of 21 letters; a node has 20 at most"):
        load_boards(tmp_path / "b.toml")
