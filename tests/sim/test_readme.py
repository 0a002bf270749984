"""The README's program and prompt session work as written; the architecture page names every module."""

import re
import subprocess
import sys
from pathlib import Path

from tests.command_line import run_process
from tests.conftest import ROOT


def blocks(language: str, page: str = "README.md") -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [text for named, text in found if named == language]


def test_the_python_example_learns(tmp_path: Path) -> None:
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, last = ([float(volts) for volts in line.split()[1:]] for line in done.stdout.splitlines()[-2:])
    assert max(abs(volts - 3) for volts in first) > 0.5
    assert max(abs(volts - 3) for volts in last) < 0.2


def test_the_prompt_session_has_the_boards_replies(tmp_path: Path) -> None:
    """The same input gives the same lines as in the firmware's README."""
    (session,) = blocks("pycon", "firmware/README.md")
    typed = "".join(line[4:] + "\n" for line in session.splitlines() if line.startswith(">>> "))
    done = run_process("repl", cwd=tmp_path, stdin=typed)
    assert session in done.stdout.replace("\r\n", "\n"), done.stdout


def named_files() -> set[Path]:
    """Return files and folders in the tables "Where is ...?" of architecture.md. Fails if one does not exist."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|[^|]+\|([^|]+)\|$", text[text.index("## Where is") :], re.MULTILINE)
    found = set()
    for name in (name for row in rows for name in re.findall(r"`([^`]+)`", row)):
        paths = [path for path in (ROOT / name, ROOT / "host" / "twinohm" / name) if path.exists()]
        assert paths, f"architecture.md names {name}, which does not exist"
        found.add(paths[0])
    return found


def test_every_module_of_host_and_firmware_can_be_found_in_the_architecture() -> None:
    named = named_files()
    modules = [path for root in ("host/twinohm", "firmware") for path in (ROOT / root).rglob("*.py")]
    with_code = [path for path in modules if path.name != "__init__.py" and path.stat().st_size]
    lost = [path for path in with_code if path not in named and not named.intersection(path.parents)]
    assert [path.relative_to(ROOT).as_posix() for path in lost] == []
