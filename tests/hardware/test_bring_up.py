"""The self-test's findings are those that the bring-up tables of hardware/README.md show."""

import re
from pathlib import Path

import pytest

import twinohm
from tests.command_line import run_here
from tests.conftest import ROOT
from twinohm.diagnostics.selftest import selftest
from twinohm.model.board_file import load_board

README = (ROOT / "hardware" / "README.md").read_text(encoding="utf-8")
MISTAKES = re.findall(r"^\| \d \|[^|]+\| `(\w+\?fault=\S+)` \| `([^`]+)` \|$", README, re.M)


def lines(url: str) -> list[str]:
    with twinohm.open(f"sim://{url}") as board:
        return [str(finding) for finding in selftest(board).findings]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "words"), MISTAKES, ids=[fault for fault, _ in MISTAKES])
def test_a_mistake_has_the_finding_of_the_table(fault: str, words: str) -> None:
    (line,) = lines(fault)
    assert line.startswith(f"{words};"), line


def test_the_table_has_every_step_that_a_processor_can_see() -> None:
    steps = set(re.findall(r"^\| (\d) \|[^|]+\| `\w+\?fault", README, re.M))
    assert steps == {"3", "4", "5", "6", "7", "9"} and len(MISTAKES) >= 20
    assert {fault.partition("?")[0] for fault, _ in MISTAKES} == {"divider", "lab16", "edge16"}


@pytest.mark.parametrize(("board", "words", "count"), [("lab16", "stuck high", 32), ("edge16", "stuck low", 16)])
def test_without_9_V_every_comparator_is_named(board: str, words: str, count: int) -> None:
    edges = load_board(board).edges
    found = lines(f"{board}?" + "&".join(f"fault=high:{line}.{edge}" for line in ("CMP", "SGN") for edge in edges))
    assert len(found) == count and all(words in line for line in found)


def test_the_divider_names_its_pots_that_are_not_visible(tmp_path: Path) -> None:
    done = run_here("selftest", "--port", "sim://divider", cwd=tmp_path)
    (line,) = re.findall(r"`(not visible on this board: [^`]+)`", README)
    assert line in done.stderr.splitlines() and done.returncode == 0


def test_without_latch_every_edge_is_named() -> None:
    found = lines("edge16?" + "&".join(f"fault=open:LATCH.{edge}" for edge in load_board("edge16").edges))
    assert len(found) == 16 and all("LATCH at the flip-flop of edge" in line for line in found)
