"""The site of the documents is built without a warning, and shows everything without another server."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

import twinohm
from tests.conftest import ROOT
from twinohm.cli import twinohm_command

pytestmark = pytest.mark.sphinx
LOADED = re.compile(
    r"<(?:script|link|img|iframe|source|video|audio|object|embed)\b[^>]*?(?:src|href|data)=\"([^\"]*)\""
)


@pytest.fixture(scope="module")
def site(sphinx: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site as `make docs` builds it, but for the notebooks, which test_notebooks.py executes."""
    out = tmp_path_factory.mktemp("site")
    options = [
        "--quiet",
        "--fail-on-warning",
        "--keep-going",
        "--conf-dir",
        "docs",
        "--define",
        "nb_execution_mode=off",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, ".", out], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def shown(page: Path) -> str:
    """Return the text of a page, without tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def test_every_page_of_the_repository_is_in_the_site(site: Path) -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.ipynb"), *(ROOT / "hardware").rglob("*.md")]
    pages += [ROOT / "README.md", ROOT / "firmware" / "README.md"]
    missing = [page for page in pages if not (site / page.relative_to(ROOT).with_suffix(".html")).exists()]
    assert missing == []


def test_everything_that_the_library_offers_is_on_the_page_of_the_api(site: Path) -> None:
    page = (site / "docs" / "api.html").read_text(encoding="utf-8")
    assert [name for name in twinohm.__all__ if f'id="twinohm.{name}"' not in page] == ["__version__"]


def test_every_command_is_on_the_page_of_the_command_line(site: Path) -> None:
    text = shown(site / "docs" / "cli.html")
    assert [name for name in twinohm_command.commands if f"twinohm {name}" not in text] == []


def test_no_page_loads_anything_from_another_server(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    loaded = {(page.name, url) for page in pages for url in LOADED.findall(page.read_text(encoding="utf-8"))}
    assert [each for each in sorted(loaded) if re.match(r"(https?:)?//", each[1])] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)\"']*", styles) == []


def test_the_first_page_leads_to_the_readme(site: Path) -> None:
    (target,) = re.findall(r"url=([^\"]+)", (site / "index.html").read_text(encoding="utf-8"))
    assert "make demo" in shown(site / target)
