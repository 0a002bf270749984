"""Tables of the documents that are made from the code: `python docs/tables.py` writes them into their pages.

A table stands between `<!-- table: NAME -->` and `<!-- end of table -->`. A test compares the pages with the code.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from twinohm.model import board_tables
from twinohm.model.board import Board
from twinohm.model.pot_parts import POT_PARTS
from twinohm.remedies import Symptom
from twinohm.tasks import task_file

DOCS = Path(__file__).parent
TABLE = re.compile(r"(<!-- table: ([\w ]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
KINDS: list[tuple[Any, str]] = [
    (board_tables.AnyPin, "pin"),
    (board_tables.AdcPin, "ADC pin"),
    (board_tables.Line, "pin or bit"),
    (board_tables.Name, "name"),
    (board_tables.NodeName, "name"),
    (board_tables.Edge, "edge"),
    (board_tables.DiodeText, "diode, such as `C>A`"),
    (board_tables.AdcChannel, "channel, such as `E.free`"),
    (board_tables.PotName, " or ".join(f'`"{name}"`' for name in POT_PARTS)),
    (task_file.Volt, "volts, 0 to 5"),
    (task_file.Desired, "volts, 0 to 5, or -5 to 5"),
    (str, "text"),
    (int, "whole number"),
    (float, "number"),
    (bool, "true or false"),
]
LIMITS = {Gt: "> {0.gt:,.15g}", Ge: "≥ {0.ge:,.15g}", Lt: "< {0.lt:,.15g}", Le: "≤ {0.le:,.15g}"}


def keys(model: type[BaseModel]) -> str:
    """Return a table of the keys of a model: key, what its value is, default, meaning."""
    rows = [
        f"| `{name}` | {_field_kind(field)} | {_default(field)} | {field.description} |"
        for name, field in model.model_fields.items()
        if not (model is Board and (name == "name" or _table_of(field)))
    ]
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows])


def board_keys() -> str:
    """Return a heading and a table for each table of a board."""
    parts = [f"### `[NAME]`\n\n{keys(Board)}"]
    for path, model, many in _subtables(Board, "NAME"):
        heading = f"`[[{path}]]`" if many else f"`[{path}]`"
        if "part" in model.model_fields and many:
            heading += f", {model.__name__}"
        about = str(model.__doc__).partition("\n")[0]
        parts.append(f"### {heading}\n\n{about}\n\n{keys(model)}")
    return "\n\n".join(parts)


def remedies() -> str:
    """Return a table of everything that can be wrong between a user and a board."""
    rows = [f"| {_seen(symptom)} | {_cell(symptom.remedy)} |" for symptom in Symptom]
    return "\n".join(["| TwinOhm says | what to do |", "|---|---|", *rows])


TABLES: dict[str, Callable[[], str]] = {
    "board keys": board_keys,
    "task keys": lambda: keys(task_file.TaskTable),
    "example keys": lambda: keys(task_file.ExampleTable),
    "column keys": lambda: keys(task_file.ColumnsTable),
    "remedies": remedies,
}


def with_tables(text: str) -> str:
    """Return the text of a page with its tables as the code has them now."""
    return TABLE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}", text)


def _subtables(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel], bool]]:
    for name, field in model.model_fields.items():
        for table in _table_of(field):
            many = get_origin(field.annotation) is tuple
            yield f"{path}.{name}", table, many
            yield from _subtables(table, f"{path}.{name}")


def _table_of(field: FieldInfo) -> list[type[BaseModel]]:
    """Return the models that a field holds."""

    def models(annotation: Any) -> Iterator[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        for part in get_args(annotation):
            yield from models(part)

    return list(models(field.annotation))


def _field_kind(field: FieldInfo) -> str:
    return _kind(Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)


def _kind(annotation: Any) -> str:
    """Return in words what a value is: type, element type and limits."""
    for kind, words in KINDS:
        if annotation == kind:
            return words
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        facts = [LIMITS[type(check)].format(check) for check in _flat(arguments[1:]) if type(check) in LIMITS]
        return ", ".join([_kind(arguments[0]), *facts])
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_kind(each) for each in arguments if each is not NoneType))
    if origin is Literal:
        return " or ".join(f'`"{each}"`' for each in arguments)
    if origin is tuple:
        many = "list" if arguments[-1] is Ellipsis else f"list of {len(arguments)}"
        return f"{many}: {_kind(arguments[0])}"
    if origin is dict:
        return f"table: {_kind(arguments[0])} = {_kind(arguments[1])}"
    if issubclass(annotation, BaseModel):
        return "table"
    raise TypeError(f"{annotation} has no words in KINDS")


def _flat(checks: tuple[Any, ...]) -> Iterator[Any]:
    """Yield checks, and those within a Field()."""
    for check in checks:
        yield from check.metadata if isinstance(check, FieldInfo) else (check,)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value in ((), {}):
        return ""
    return {True: "`true`", False: "`false`"}[value] if isinstance(value, bool) else f"`{value!r}`".replace("'", '"')


def _seen(symptom: Symptom) -> str:
    """Return the words of a symptom; before a text that is all its own stands what kind of symptom it is."""
    kind = symptom.name.lower().replace("_", " ")
    return f"({kind}) {_cell(symptom.seen)}" if re.fullmatch(r"\{\w+\}", symptom.seen) else _cell(symptom.seen)


def _cell(text: str) -> str:
    """Return a text as a cell of a table, with its {fields} in capitals."""
    text = re.sub(r"(?<!\{)\{(\w+)(?:!r|:g)?\}", lambda field: field[1].removesuffix("_s").upper(), text)
    return text.replace("{{", "{").replace("}}", "}").replace("|", "\\|")


if __name__ == "__main__":
    for page in sorted(DOCS.rglob("*.md")):
        before = page.read_text(encoding="utf-8")
        if (after := with_tables(before)) != before:
            page.write_text(after, encoding="utf-8")
            print(page.relative_to(DOCS.parent))
