"""Every example of the documents runs: blocks of `python`, `sh` and `console`, page by page, in a folder of the page.

`sh` has commands. `console` has them behind `$ `, and below each the lines that its output must have; `# exit code 1`
behind a command says how it ends. A block that is not run has its reason above it: `<!-- not run: needs a Pico -->`.
Blocks of `python` below `<!-- at the prompt -->` are for a board's prompt.
"""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "firmware" / "README.md", *(ROOT / "hardware").rglob("*.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"(?:^ *<!-- ([^\n]+) -->\n)?^( *)```([^\n]*)\n(.*?)^\2```$", re.MULTILINE | re.DOTALL)
RUN = ("python", "sh", "console")
NOT_RUN = ("text", "toml", "{eval-rst}", "pycon")  # tests of their own have toml and pycon
PROMPT = "at the prompt"
HELPERS = """
import re, subprocess

def run_commands(commands):
    subprocess.run(["bash", "-euo", "pipefail", "-c", commands], check=True)

def check_command(command, code, lines):
    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    words = " ".join(done.stdout.split())
    assert done.returncode == code, f"{command}: exit code {done.returncode}: {done.stdout}"
    for line in lines:
        assert " ".join(line.split()) in words, f"{command} does not print {line!r}, but {done.stdout}"
"""


@dataclass(frozen=True)
class Block:
    """A block of code of a page, with the comment above it."""

    remark: str
    language: str
    code: str

    @property
    def is_run(self) -> bool:
        return self.language in RUN and not self.remark.startswith("not run: ")

    def program(self) -> str:
        """Return the block as a part of a program in Python."""
        if self.remark == PROMPT:
            return f"subprocess.run(['twinohm', 'exec', {self.code!r}, '--port', 'sim://lab16'], check=True)"
        if self.language == "python":
            return self.code
        if self.language == "sh":
            return f"run_commands({self.code!r})"
        sessions = re.split(r"^\$ ", self.code, flags=re.MULTILINE)[1:]
        return "\n".join(check_call(*session.splitlines()) for session in sessions)


def check_call(command: str, *lines: str) -> str:
    code = re.search(r"# exit code (\d)$", command)
    return f"check_command({command!r}, {int(code[1]) if code else 0}, {[line for line in lines if line.strip()]!r})"


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(remark or "", language, dedent(code)) for remark, _, language, code in BLOCK.findall(text)]


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_block_names_its_language_and_is_run_or_says_why_not(page: Path) -> None:
    fences = re.findall(r"^ *```", page.read_text(encoding="utf-8"), re.MULTILINE)
    found = blocks(page)
    assert len(fences) == 2 * len(found)
    assert [block for block in found if block.language not in (*RUN, *NOT_RUN)] == []


def drew(folder: Path, output: str) -> None:
    assert (folder / "run.pdf").read_bytes().startswith(b"%PDF") and (folder / "network.svg").exists()


def renamed_and_learned(folder: Path, output: str) -> None:
    assert "0 is N0" in output.replace("'", "")
    assert max(float(line) for line in re.findall(r"^\d\.\d+$", output, re.MULTILINE)) > 1.5


def learned_better_with_levers(folder: Path, output: str) -> None:
    assert float(output.splitlines()[-1]) < 0.02


def showed_what_five_edges_did(folder: Path, output: str) -> None:
    rms_mV = [
        (int(before), int(after)) for before, after in re.findall(r"(\d+) mV before, (\d+) mV just after", output)
    ]
    assert len(rms_mV) == 5
    assert all(after > before for before, after in rms_mV)


CHECKS: dict[str, Callable[[Path, str], None]] = {
    "docs/library.md": drew,
    "docs/guides/own-graph.md": renamed_and_learned,
    "docs/guides/log.md": showed_what_five_edges_did,
    "docs/guides/levers.md": learned_better_with_levers,
}


@pytest.mark.parametrize("page", [page for page in PAGES if any(block.is_run for block in blocks(page))], ids=page_id)
def test_every_example_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "twinohm"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m twinohm.cli "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    folder = tmp_path / "here"
    folder.mkdir()
    code = "\n".join([HELPERS, *(block.program() for block in blocks(page) if block.is_run)])
    environment = os.environ | {
        "TWINOHM_DATA": str(tmp_path / "data"),  # no calibration of another page
        "COLUMNS": "240",
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        [sys.executable, "-u", "-c", code],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    CHECKS.get(page_id(page), lambda folder, output: None)(folder, done.stdout)
