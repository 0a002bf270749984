"""Documents agree with the code: links lead somewhere, tables are complete, examples can be used."""

import dataclasses
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import twinohm
from docs.tables import TABLES, with_tables
from twinohm.cli import twinohm_command
from twinohm.cli.run import run
from twinohm.link.board_client import BoardClient
from twinohm.model.profile import Profile
from twinohm.tasks.presets import PRESETS
from twinohm.tasks.task_file import load_task

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = ("", "firmware", "hardware", "tests/data")
PAGES = [*(ROOT / folder / "README.md" for folder in FOLDERS), *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")


def page_id(page: Path) -> str:
    """Return the path of a page from the root of the repository."""
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings have: lower case, words joined by '-'."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for name, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), name
        assert not anchor or anchor in anchors(target), f"{name}#{anchor}"


def shown_commands(page: Path) -> list[str]:
    """Return what a page shows behind the word `twinohm`, in code within a line and in blocks of code."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```.*?^ *```$", text.replace("\\\n", " "), re.MULTILINE | re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    shown = [*lines, *re.findall(r"`([^`\n]+)`", text)]
    return [code.removeprefix("twinohm ") for code in shown if code.startswith("twinohm ")]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "changelog.md"], ids=page_id)
def test_every_command_that_a_page_shows_has_these_options(page: Path) -> None:
    for shown in shown_commands(page):
        name, *words = shlex.split(shown, comments=True)
        assert name in twinohm_command.commands, shown
        command = twinohm_command.commands[name]
        if isinstance(command, click.Group) and words:
            command = command.commands[words.pop(0)]
        options = [option for option in command.params if isinstance(option, click.Option)]
        names = {each for option in options for each in (*option.opts, *option.secondary_opts)}
        assert {word.partition("=")[0] for word in words if word.startswith("-")} <= names, shown


@pytest.mark.parametrize("page", ["architecture.md", "contributing.md"])
def test_every_path_in_a_table_exists(page: str) -> None:
    rows = re.findall(r"^\|.*\|$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    paths = [path for row in rows for path in re.findall(r"`([\w./]+(?:\.py|\.toml|/))`", row)]
    assert len(paths) > 5
    assert [path for path in paths if not any((root / path).exists() for root in (ROOT, ROOT / "host/twinohm"))] == []


def test_every_page_is_in_the_index() -> None:
    linked = {name for name, _ in LINK.findall((DOCS / "index.md").read_text(encoding="utf-8"))}
    assert {page.name for page in DOCS.glob("*.md")} - {"index.md"} <= linked


def test_every_guide_is_in_the_index_of_guides() -> None:
    linked = {name for name, _ in LINK.findall((DOCS / "guides" / "index.md").read_text(encoding="utf-8"))}
    assert {page.name for page in (DOCS / "guides").glob("*.md")} - {"index.md"} <= linked


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=page_id)
def test_tables_are_those_of_the_code(page: Path) -> None:
    """`python docs/tables.py` writes them."""
    text = page.read_text(encoding="utf-8")
    assert text == with_tables(text)


def test_every_key_and_remedy_has_a_table() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    assert [name for name in TABLES if f"<!-- table: {name} -->" not in text] == []
    assert "| `min_tap` | whole number, ≥ 0 | required |" in text and "| `split_seed` |" in text


def test_the_setting_table_names_every_number_of_a_profile() -> None:
    text = (DOCS / "ports.md").read_text(encoding="utf-8")
    assert [field.name for field in dataclasses.fields(Profile) if f"`{field.name}`" not in text] == []


def test_the_lever_table_names_every_lever_option_and_preset() -> None:
    text = (DOCS / "guides" / "levers.md").read_text(encoding="utf-8")
    help_texts = {option.opts[0]: getattr(option, "help", "") or "" for option in run.params}
    levers = [name for name, help_text in help_texts.items() if re.search(r"\((local|supervisor)\)", help_text)]
    assert len(levers) >= 9
    assert [name for name in levers if not re.search(rf"{name}\b", text)] == []
    assert [name for name in PRESETS if f"`{name}`" not in text] == []


def test_the_example_of_a_task_file_can_be_loaded(tmp_path: Path) -> None:
    example, data, differences = re.findall(
        r"```toml\n(.*?)```", (DOCS / "task-file.md").read_text(encoding="utf-8"), re.DOTALL
    )
    path = tmp_path / "mean.toml"
    path.write_text(example)
    task = load_task(path)
    assert (task.name, task.eta, task.nodes) == ("mean", 0.5, (("B", "D", "I"), ("F",)))
    assert task.examples == [((5.0, 1.0, 0.0), (2.5,))]
    header, values = "petal length (cm),petal width (cm),target", "".join(f"{k},{k % 3},{k % 2}\n" for k in range(40))
    (tmp_path / "iris.csv").write_text(f"{header}\n{values}")
    path.write_text(data)
    of_data = load_task(path)
    assert (of_data.eta, of_data.targets, of_data.classes) == (2, ("target",), ("0", "1"))
    path.write_text(differences)
    of_pairs = load_task(path)
    assert of_pairs.pairs and of_pairs.diodes == ("C>A",) and of_pairs.nodes == (("E", "A", "I", "F"), ("H", "D"))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_block_of_toml_is_toml(page: Path) -> None:
    for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        assert tomllib.loads(block)


def public_docstrings() -> Iterator[tuple[str, set[str], str]]:
    """Yield name, arguments and docstring of each function, class and method of the library."""
    offered = {name: getattr(twinohm, name) for name in twinohm.__all__ if name != "__version__"}
    offered["BoardClient"] = BoardClient
    for name, thing in offered.items():
        methods = vars(thing).items() if inspect.isclass(thing) else ()
        functions = {f"{name}.{each}": method for each, method in methods if not each.startswith("_")}
        for full_name, described in {name: thing, **functions}.items():
            described = getattr(described, "__func__", described)
            if callable(described):
                yield full_name, set(inspect.signature(described).parameters), inspect.getdoc(described) or ""


def test_each_argument_in_a_docstring_begins_a_line() -> None:
    found = list(public_docstrings())
    assert len(found) > 40
    within = [
        (name, each) for name, names, text in found for each in re.findall(r"[.;] (\w+): ", text) if each in names
    ]
    assert within == []


def test_the_questions_name_every_extra_of_a_user() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    text = (DOCS / "faq.md").read_text(encoding="utf-8")
    assert [name for name in extras if f"| `{name}` |" not in text] == ["docs", "test"]
