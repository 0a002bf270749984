"""Which columns of a table are inputs, targets and the test mark, and whether their numbers are volts.

A table whose columns are in1, in2, ... and out1, out2, ... or label is in task volts. In any other the user names the
target, or it is the last column if no other could be it.
"""

import csv
import io
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from twinohm.errors import UsageError
from twinohm.model.mistakes import FileMistake, value_text
from twinohm.model.number_text import WHOLE
from twinohm.tasks.data_file import DataTable, is_missing
from twinohm.tasks.data_options import DataOptions

COLUMNS = "columns are in1, in2, ... and either out1, out2, ... or label; set (train or test) if you like"
MILLI = 1e-3
MOST_NAMED = 40  # columns in a message
MOST_LETTERS = 200  # of the name of a column or class
LEAST_COUNTED = 20  # rows that count from 0 or 1 in a column that has another name than an index has
INDEX_NAMES = frozenset(("", "index", "id", "no", "no.", "nr", "row", "rownames", "unnamed: 0"))
TARGET_NAMES = frozenset(("target", "label", "class", "y", "output", "outcome"))
SET_NAMES = frozenset(("set", "split"))
SETS = ("train", "test")
_VOLTS = re.compile(r"(in|out)[ _]?(\d+)(?:[ _/]*[\[(]?(m?)v(?:olts?)?[\])]?)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Roles:
    """Indices of a table's columns by role. `volts_form`: whether their names say that they are volts.

    factors: volts of 1 in a column, of those that are not 1. index: the column of row numbers or names that is left
    out. problems: what is wrong with the columns, to be said with what is wrong in the rows. notes: what is to be known
    of them, a sentence each without its full stop.
    """

    inputs: tuple[int, ...]
    targets: tuple[int, ...]
    set_column: int | None
    volts_form: bool
    factors: dict[int, float]
    index: int | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_roles(table: DataTable, options: DataOptions) -> Roles:
    """Return the roles of the columns. Raises FileMistake if they are not clear: it names the columns and an option."""
    named = {*options.inputs, *options.target}
    index = None if table.names[0] in named else _index_column(table)
    columns = [k for k in range(len(table.names)) if k != index]
    volts = {k: found for k in columns if (found := _VOLTS.fullmatch(table.names[k]))}
    meant = {k: f"{found[1].lower()}{int(found[2])}" for k, found in volts.items()}
    meant |= {k: table.names[k].lower() for k in columns if table.names[k].lower() in ("label", "set")}
    whole = len(meant) == len(columns) and bool(volts)
    has_input, has_output = "in1" in meant.values(), bool({"out1", "label"} & set(meant.values()))
    if table.named and (whole or (has_input and has_output)):
        factors = {k: MILLI for k, found in volts.items() if found[3]}
        return _volts_roles(table, options, meant, columns, factors, index)
    return _other_roles(table, options, columns, index)


def check_names(table: DataTable) -> None:
    """Raise FileMistake for a name of a column that no table or figure has room for."""
    for k, name in enumerate(table.names):
        if len(name) > MOST_LETTERS:
            raise FileMistake(
                f"row 1, column {k + 1} = {value_text(name)}: a name of {len(name)} letters; {MOST_LETTERS} at most"
            )


def find_column(table: DataTable, name: str) -> int:
    """Return the index of the column of that name, of any case if that is clear. Raises FileMistake if none has it."""
    for exact in (True, False):
        found = [k for k, other in enumerate(table.names) if _equal(other, name, exact)]
        if len(found) == 1:
            return found[0]
        if found:
            raise FileMistake(f"row 1, column {name}: there {len(found)} times; name each column once")
    close = get_close_matches(name, table.names, 1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    raise FileMistake(f"no column {value_text(name)}{meant}: there are {_listed(table.names)}; name one of them")


def _equal(one: str, other: str, exact: bool) -> bool:
    return one == other if exact else one.strip().lower() == other.strip().lower()


# -- volts -------------------------------------------------------------------------------------------------------------


def _volts_roles(
    table: DataTable,
    options: DataOptions,
    meant: dict[int, str],
    columns: Sequence[int],
    factors: dict[int, float],
    index: int | None,
) -> Roles:
    """Return the roles of columns in volts. meant: in1, out1, ..., label or set of each column that is one."""
    where = {name: k for k, name in meant.items()}
    inputs, outputs = (_numbered(prefix, where) for prefix in ("in", "out"))
    by_name = not options.inputs and not options.target
    known = {*inputs, *outputs, *(where[name] for name in ("label", "set") if name in where)}
    for k in columns:
        name = table.names[k]
        same = [other for other in columns if meant.get(other, other) == meant.get(k, k)]
        if len(same) > 1:
            raise FileMistake(f"row 1, column {name}: there {len(same)} times; name each column once")
        if k not in known and by_name:
            raise FileMistake(
                f"row 1, column {value_text(name)}: not known here; {COLUMNS}; or choose columns, "
                f"{options.option('inputs', 'A,B')}"
            )
    if not inputs:
        raise FileMistake(f"row 1, column in1: missing; {COLUMNS}")
    if bool(outputs) == ("label" in where) and not options.target:
        raise FileMistake(f"row 1, columns out1 and label: {'both' if outputs else 'neither'} there; {COLUMNS}")
    targets = [find_column(table, name) for name in options.target] or outputs or [where["label"]]
    chosen = [find_column(table, name) for name in options.inputs] or [k for k in inputs if k not in targets]
    _check_apart(table, chosen, targets)
    return Roles(tuple(chosen), tuple(targets), where.get("set"), True, factors, index)


def _numbered(prefix: str, where: dict[str, int]) -> list[int]:
    """Return the columns in1, in2, ... up to the first that is missing."""
    count = 0
    while f"{prefix}{count + 1}" in where:
        count += 1
    return [where[f"{prefix}{k + 1}"] for k in range(count)]


# -- any other table ---------------------------------------------------------------------------------------------------


def _other_roles(table: DataTable, options: DataOptions, columns: list[int], index: int | None) -> Roles:
    for k in columns:
        if table.names.count(table.names[k]) > 1:
            raise FileMistake(
                f"row 1, column {table.names[k]}: there {table.names.count(table.names[k])} times; name each column "
                "once"
            )
    marks = [
        k
        for k in columns
        if table.names[k].lower() in SET_NAMES
        and table.rows
        and {cell.lower() for cell in table.column(k)} <= set(SETS)
        and table.names[k] not in (*options.inputs, *options.target)
    ]
    set_column = marks[0] if marks else None
    notes = [] if marks else _nearly_sets(table, options, columns)
    columns = [k for k in columns if k != set_column]
    inputs = [find_column(table, name) for name in options.inputs]
    targets = [find_column(table, name) for name in options.target]
    if not targets:
        targets = [_last_column(table, options, [k for k in columns if k not in inputs], inputs, notes)]
    if not inputs and 0 in columns and 0 not in targets and _counts_rows(table):
        notes.append(f"column {table.names[0]} numbers the rows, and is an input: in {LEAST_COUNTED} rows it would not")
    inputs = inputs or [k for k in columns if k not in targets]
    _check_apart(table, inputs, targets)
    if not inputs:
        raise FileMistake(f"row 1: {table.names[targets[0]]} is the only column; give one of inputs and one of targets")
    numeric = [k for k in inputs if table.is_numeric(k)]
    texts = [k for k in inputs if k not in numeric and any(not is_missing(cell) for cell in table.column(k))]
    problems = ["; also ".join([_text_problem(table, options, texts[0], numeric), *notes])] if texts else []
    return Roles(tuple(inputs), tuple(targets), set_column, False, {}, index, tuple(problems), tuple(notes))


def _nearly_sets(table: DataTable, options: DataOptions, columns: Sequence[int]) -> list[str]:
    """Return why a column by the name of one that marks test rows, with such marks in it, is none."""
    notes = []
    for k in columns:
        cells = [cell.lower() for cell in table.column(k)]
        others = [row for row, cell in enumerate(cells) if cell not in SETS]
        unnamed = table.names[k].lower() in SET_NAMES and table.names[k] not in (*options.inputs, *options.target)
        if unnamed and 0 < len(others) < len(cells):
            notes.append(
                f"column {table.names[k]} does not say which rows are test rows: row {table.numbers[others[0]]} has "
                f"{value_text(table.rows[others[0]][k])} there, neither train nor test"
            )
    return notes


def _last_column(
    table: DataTable, options: DataOptions, columns: list[int], inputs: list[int], notes: list[str]
) -> int:
    """Return the last column as the target. Raises FileMistake if another could be it, naming a missing value."""
    if not columns:
        raise FileMistake(f"every column is an input; name another as the target, {options.option('target', 'NAME')}")
    *others, last = columns
    texts = [k for k in others if not table.is_numeric(k) and _may_name_classes(table, k)]
    called = [k for k in others if table.names[k].lower() in TARGET_NAMES]
    if not texts and not called:
        return last
    first = (called or texts)[0]
    text = (
        f"which column is the target? name it: {options.option('target', quote_names([table.names[first]]))} "
        f"(columns {_listed([table.names[k] for k in (*inputs, *columns)])})"
    )
    holes = [(row, k) for k in columns for row, cell in enumerate(table.column(k)) if is_missing(cell)]
    if holes:
        row, k = min(holes)
        text += f"; also row {table.numbers[row]}, column {table.names[k]} = {value_text(table.rows[row][k])}: " + (
            f"a missing value; {options.option('drop-missing')} takes out such rows"
        )
    raise FileMistake("; also ".join([text, *notes]))


def _may_name_classes(table: DataTable, column: int) -> bool:
    """Return whether values of a column come twice on average; others are names, dates or numbers in another form."""
    cells = [cell for cell in table.column(column) if not is_missing(cell)]
    return 2 * len(set(cells)) <= max(2, len(cells))


def _text_problem(table: DataTable, options: DataOptions, column: int, numeric: Sequence[int]) -> str:
    row = next(row for row, cell in enumerate(table.column(column)) if not is_missing(cell))
    infinite = table.rows[row][column].lower().lstrip("+-") in ("inf", "infinity")
    why = "no finite number" if infinite else "a text is no input"
    remedy = (
        f"name the inputs, {options.option('inputs', named_columns([table.names[k] for k in numeric]))}"
        if numeric
        else "write numbers there"
    )
    return (
        f"row {table.numbers[row]}, column {table.names[column]} = {value_text(table.rows[row][column])}: {why}; "
        f"{remedy}"
    )


# -- both --------------------------------------------------------------------------------------------------------------


def _index_column(table: DataTable) -> int | None:
    """Return the first column if it numbers or names the rows, and another one is left for inputs."""
    if len(table.names) < 3 or not table.rows:
        return None
    cells, name = table.column(0), table.names[0].lower()
    distinct = len(set(cells)) == len(cells)
    if name in ("", "unnamed: 0"):
        return 0 if distinct else None
    if name in INDEX_NAMES:
        return 0 if distinct and all(map(WHOLE.fullmatch, cells)) else None
    return 0 if _counts_rows(table) and len(cells) >= LEAST_COUNTED else None


def _counts_rows(table: DataTable) -> bool:
    """Return whether the first column is 0, 1, 2, ... or 1, 2, 3, ..."""
    cells = table.column(0)
    return any(cells == [str(k + first) for k in range(len(cells))] for first in (0, 1))


def _check_apart(table: DataTable, inputs: Sequence[int], targets: Sequence[int]) -> None:
    for k in (*inputs, *targets):
        if [*inputs, *targets].count(k) > 1:
            raise FileMistake(f"column {table.names[k]}: named twice; give each column one role")


def quote_names(names: Sequence[str]) -> str:
    """Return names of columns as one word of a command, for the option that is read by parse_names()."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return shlex.quote(text.getvalue())


def named_columns(names: Sequence[str]) -> str:
    """Return quote_names() for a remedy: A,B in the place of none, or of more than a message has room for."""
    return quote_names(names) if 0 < len(names) <= MOST_NAMED else "A,B"


def parse_names(text: str) -> tuple[str, ...]:
    """Return the names of columns that a text lists; one that has a comma stands in double quotes.

    Raises UsageError for an empty name: whoever names the column without a name must not get the others alone.
    """
    names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    if not all(names):
        raise UsageError(
            f"{value_text(text)}: one of these names of columns is empty; name each, in the file's first row too"
        )
    return names


def _listed(names: Sequence[str]) -> str:
    """Return names in a row; of more than MOST_NAMED the first and how many there are."""
    more = f", ... ({len(names)} columns)" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
