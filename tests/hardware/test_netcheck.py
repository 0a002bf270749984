"""The committed netlists obey the learning rule; one mistake anywhere is found. ERC-clean is not correct."""

import random
from pathlib import Path

import pytest

from hardware.generator import build, draw_edges
from hardware.generator.files import BOARDS, generate
from hardware.netcheck import Netlist, check
from tests.conftest import ROOT
from tests.hardware.kicad_files import erc, write
from tests.hardware.mistakes import MISTAKES
from twinohm.model.board import Board
from twinohm.model.board_file import load_board


@pytest.fixture(scope="module", params=BOARDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def netlist(name: str) -> Netlist:
    return Netlist.read(ROOT / "hardware" / name / f"{name}.net")


def test_committed_netlist_is_right(name: str, netlist: Netlist) -> None:
    assert check(netlist, load_board(name), states=40, seed=1) == []


@pytest.mark.parametrize(("name", "mistake"), [(name, mistake) for name in BOARDS for mistake in MISTAKES[name]])
def test_mistake_is_found(name: str, mistake: str) -> None:
    board = load_board(name)
    netlist = Netlist.read(ROOT / "hardware" / name / f"{name}.net")
    MISTAKES[name][mistake](netlist, build.build(board))
    assert check(netlist, board) != []


def test_there_are_twenty_mistakes_a_board() -> None:
    assert all(len(mistakes) >= 20 for mistakes in MISTAKES.values())


def test_any_pin_left_open_is_found(name: str, netlist: Netlist) -> None:
    """Every pin of the divider; 150 of each larger board's."""
    board = load_board(name)
    pins = random.Random(3).sample(list(netlist.pins), min(len(netlist.pins), 250 if name == "divider" else 150))
    for pin in pins:
        wrong = netlist.copy()
        del wrong.pins[pin]
        assert check(wrong, board), f"{pin} was left open and nobody noticed"


def crossed(board: Board, i: int) -> dict[str, str]:
    """Ports of an edge cell, the buffered nodes b of both networks swapped at edge 0."""
    ports = CORRECT(board, i)
    if i == 0:
        free, clamped = "node_b.free.sense", "node_b.clamped.sense"
        ports[free], ports[clamped] = ports[clamped], ports[free]
    return ports


CORRECT = build.edge_ports


def test_erc_clean_is_not_correct(name: str, kicad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (build, draw_edges):
        monkeypatch.setattr(module, "edge_ports", crossed)
    files = generate(name)
    write(files, tmp_path)
    assert erc(kicad, tmp_path / f"{name}.kicad_sch") == []
    findings = check(Netlist.parse(files[f"{name}.net"]), load_board(name))
    assert any("CMP" in finding for finding in findings), findings
