"""Make a task's rows of a table: read the numbers, drop rows without a value, draw the test rows, scale to volts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinohm.model.codes import TASK_SPAN_V
from twinohm.model.mistakes import FileMistake, value_text
from twinohm.model.pairs import TARGET_V
from twinohm.model.random_streams import USER_SPLIT
from twinohm.tasks.data_columns import MOST_LETTERS, SETS, Roles, check_names, find_roles, named_columns
from twinohm.tasks.data_file import DataTable, is_missing
from twinohm.tasks.data_options import LEAST_SPLIT, TEST_SHARE, DataOptions
from twinohm.tasks.scaling import BIASES_V, ColumnScale, Floats, Preparation, Scaling, fit_scales
from twinohm.tasks.task import Volts

DIFFERENCE_SPAN_V = 2.0  # of numbers: smaller ones drown in noise, larger ones need more than networks reach
MOST_EXACT = 2.0**53  # whole numbers from here on are not all floats: as classes they are names
MOST_CLASSES = 10  # distinct whole numbers of a target that are taken for classes
MOST_VALUE = 1e100  # of a number, so that differences and squares are numbers too
MOST_TEXTS = 50  # distinct texts of a target that can be classes

Flags = NDArray[np.bool_]


class Row(NamedTuple):
    """A row of data. `label`: number of its class, -1 if it has desired_V instead."""

    number: int  # of the line in the file
    inputs_V: Volts
    desired_V: Volts
    label: int
    test: bool


@dataclass(frozen=True)
class PreparedData:
    """The rows of a task in volts, the names of its classes (none if outputs are numbers) and of its targets."""

    rows: tuple[Row, ...]
    classes: tuple[str, ...]
    targets: tuple[str, ...]
    preparation: Preparation


def prepare(table: DataTable, options: DataOptions) -> PreparedData:
    """Return the rows of a table as volts.

    Raises FileMistake, in one line: row and column, value, and what to do.
    """
    if not table.rows:
        raise FileMistake("row 2: missing; write an example below the names of the columns")
    check_names(table)
    roles = find_roles(table, options)
    volts = roles.volts_form if options.scale is None else not options.scale
    classes = _names_classes(table, roles, options)
    reader = _Reader(table, roles, options, volts, classes)
    numbers, notes = reader.kept_rows(), [*table.notes, *roles.notes]
    if roles.index is not None:
        notes.append(f"index column {value_text(table.names[roles.index])} left out")
    if dropped := len(table.rows) - len(numbers):
        notes.append(f"{dropped} row{'s' * (dropped > 1)} without a value dropped")
    inputs = reader.numbers(roles.inputs, numbers)
    names: list[str] = []
    labels, targets = np.full(len(numbers), -1), np.zeros((len(numbers), 0))
    if classes:
        names, labels = reader.labels(numbers)
    else:
        targets = reader.numbers(roles.targets, numbers)
    lines = [table.numbers[row] for row in numbers]
    named = [table.names[k] for k in roles.targets]
    checks = _Checks(table, roles, options, lines, named)
    checks.distinct(np.hstack([inputs, targets, labels[:, None]]), names)
    checks.classes(names)
    checks.sign_of_difference(names)
    test, share, seed = _test_rows(table, roles, options, numbers, labels, names, volts)
    checks.sets(test, labels, names)
    if not volts:
        checks.constant(inputs, targets, test)
    spans = [ColumnScale(table.names[k], 0.0, TASK_SPAN_V / roles.factors.get(k, 1)) for k in range(len(table.names))]
    ends_V = _ends_V(options, named, volts, classes)
    scaling = Scaling(
        fit_scales([table.names[k] for k in roles.inputs], inputs[~test])
        if not volts
        else tuple(spans[k] for k in roles.inputs),
        ()
        if classes
        else fit_scales(named, targets[~test], *ends_V)
        if not volts
        else tuple(spans[k] for k in roles.targets),
        not volts,
        options.complement,
        BIASES_V if (not volts if options.bias is None else options.bias) else (),
        options.difference,
        ends_V,
    )
    inputs_V = scaling.inputs_V(inputs).tolist()
    desired_V = [()] * len(numbers) if classes else scaling.targets_V(targets).tolist()
    rows = tuple(
        Row(line, tuple(given), tuple(wanted), int(label), bool(one))
        for line, given, wanted, label, one in zip(lines, inputs_V, desired_V, labels, test, strict=True)
    )
    clipped = int((scaling.outside(inputs) & test).sum())
    used = {*roles.inputs, *roles.targets, roles.set_column}
    left_out = tuple(name for k, name in enumerate(table.names) if k not in used)
    return PreparedData(
        rows, tuple(names), tuple(named), Preparation(scaling, tuple(notes), share, seed, clipped, left_out)
    )


def _ends_V(options: DataOptions, targets: Sequence[str], volts: bool, classes: bool) -> tuple[float, float]:
    """Return what the least and the greatest target become. Raises FileMistake for a span where nothing is scaled."""
    if (span_V := options.target_span_V) is not None and (volts or classes):
        if classes:
            why = f"column {targets[0]} names classes"
            why += f", {TARGET_V:g} V either way" * options.difference
        else:
            why = "the columns are volts"
        raise FileMistake(f"{options.option('target-span', f'{span_V:g}')}: {why}; leave it out")
    if options.difference:
        half_V = (DIFFERENCE_SPAN_V if span_V is None else span_V) / 2
        return -half_V, half_V
    half_V = (TASK_SPAN_V if span_V is None else span_V) / 2
    return TASK_SPAN_V / 2 - half_V, TASK_SPAN_V / 2 + half_V


def _names_classes(table: DataTable, roles: Roles, options: DataOptions) -> bool:
    """Return whether the target names classes: texts, or few whole numbers that each come twice on average."""
    if len(roles.targets) > 1:
        if options.classes:
            raise FileMistake(f"{len(roles.targets)} targets: classes stand in one column; name one as the target")
        return False
    (target,) = roles.targets
    if options.classes is not None:
        return options.classes
    if roles.volts_form:
        return table.names[target].lower() == "label"
    cells = [cell for cell in table.column(target) if not is_missing(cell)]
    if not table.is_numeric(target):
        return True
    try:
        values = [table.number(cell) for cell in cells]
    except ValueError:
        return False
    distinct = set(values)
    return len(distinct) <= min(MOST_CLASSES, len(values) // 2) and all(value.is_integer() for value in distinct)


# -- cells -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reader:
    """Reads the columns of a table that have a role."""

    table: DataTable
    roles: Roles
    options: DataOptions
    volts: bool
    classes: bool

    def kept_rows(self) -> list[int]:
        """Return the indices of the rows that have all values. Raises FileMistake for the first cell that is wrong."""
        table, roles = self.table, self.roles
        used = [*roles.inputs, *roles.targets, *([] if roles.set_column is None else [roles.set_column])]
        holes = {row for row, cells in enumerate(table.rows) if any(is_missing(cells[k]) for k in used)}
        problems = list(roles.problems)
        if empty := [k for k in used if len(table.rows) > 1 and all(is_missing(cell) for cell in table.column(k))]:
            option = self.options.option("inputs", "A,B")
            problems.append(f"column {table.names[empty[0]]}: no row has a value; leave it out, {option}")
        elif wrong := self._first_wrong(sorted(used), holes):
            problems.append(wrong)
        kept = [row for row in range(len(table.rows)) if row not in holes]
        if problems:
            names = {table.rows[row][roles.targets[0]] for row in kept} if self.classes else set()
            problems += [_one_class(table.names[roles.targets[0]], *names)] if len(names) == 1 else []
            raise FileMistake("; also ".join(problems))
        return kept

    def _first_wrong(self, used: Sequence[int], holes: set[int]) -> str:
        """Return what is wrong with the first cell that cannot be used, "" if all can."""
        table, roles = self.table, self.roles
        texts = {k for k in roles.inputs if not roles.volts_form and not table.is_numeric(k)}
        for row, cells in enumerate(table.rows):
            if row in holes and self.options.drop_missing:
                continue
            for k in used:
                if wrong := self._wrong_cell(k, cells[k], k in texts, len(holes)):
                    return f"row {table.numbers[row]}, column {table.names[k]} = {value_text(cells[k])}: {wrong}"
        return ""

    def _wrong_cell(self, column: int, cell: str, of_texts: bool, holes: int) -> str:
        """Return why a cell cannot be used, "" if it can. of_texts: of an input that is refused for its texts."""
        if is_missing(cell):
            also = f" (one of {holes} such rows)" if holes > 1 else ""
            return (
                f"a missing value{also}; fill it in, or take the row out, which "
                f"{self.options.option('drop-missing')} does"
            )
        if column == self.roles.set_column:
            return "" if cell.lower() in SETS else "not known; write train or test"
        if of_texts or (self.classes and column in self.roles.targets):
            return ""
        try:
            self._number(column, cell)
        except ValueError as error:
            return str(error)
        return ""

    def _number(self, column: int, cell: str) -> float:
        """Return the number of a cell. Raises ValueError that says what to do."""
        try:
            value = self.table.number(cell)
        except ValueError as error:
            if self.volts:
                raise ValueError(f"not a number; give volts from 0 to {TASK_SPAN_V}") from error
            raise ValueError(str(error).partition(";")[0] + "; correct it, or leave the column out") from error
        if abs(value) > MOST_VALUE:
            raise ValueError(f"beyond {MOST_VALUE:g}; give it in another unit")
        volts = value * self.roles.factors.get(column, 1)
        is_target = column in self.roles.targets
        least = -TASK_SPAN_V if is_target and self.options.difference else 0
        if self.volts and not least <= volts <= TASK_SPAN_V:
            remedy = f", or scale the columns, {self.options.option('scale')}"
            if is_target and -TASK_SPAN_V <= volts < least:
                remedy += f", or learn the difference of two outputs, {self.options.option('difference')}"
            raise ValueError(f"outside {least}..{TASK_SPAN_V} V; give volts from {least} to {TASK_SPAN_V}{remedy}")
        return value

    def numbers(self, columns: Sequence[int], rows: Sequence[int]) -> Floats:
        """Return the numbers of columns, (rows, columns)."""
        cells = self.table.rows
        return np.array([[self.table.number(cells[row][k]) for k in columns] for row in rows], float).reshape(
            len(rows), len(columns)
        )

    def labels(self, rows: Sequence[int]) -> tuple[list[str], NDArray[np.int64]]:
        """Return the names of the classes, and the number of each row's class, (rows,).

        Texts are in the order in which they come, numbers in their own order.
        """
        (target,) = self.roles.targets
        cells = [self.table.rows[row][target] for row in rows]
        order = list(dict.fromkeys(cells))
        if not self.roles.volts_form and self.table.is_numeric(target):
            try:
                value_of = {cell: self.table.number(cell) for cell in order}
            except ValueError:  # a text among numbers is a name as well
                value_of = {}
            if value_of and max(map(abs, value_of.values())) < MOST_EXACT:
                values = sorted(set(value_of.values()))
                numbers = np.array([values.index(value_of[cell]) for cell in cells], int)
                return self._name_numbers(values), numbers
        return order, np.array([order.index(cell) for cell in cells], int)

    def _name_numbers(self, values: Sequence[float]) -> list[str]:
        """Return the names of classes that are numbers: those of scikit-learn's first line, or the numbers."""
        names = self.table.class_names
        if names and all(value.is_integer() and 0 <= value < len(names) for value in values):
            return [names[int(value)] for value in values]
        return [str(int(value)) if value.is_integer() else repr(value) for value in values]


def _one_class(target: str, name: str) -> str:
    return f"column {target}: all rows are {value_text(name)}; give two classes or more"


# -- test rows ---------------------------------------------------------------------------------------------------------


def _test_rows(
    table: DataTable,
    roles: Roles,
    options: DataOptions,
    rows: Sequence[int],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    volts: bool,
) -> tuple[Flags, float | None, int | None]:
    """Return which rows are test rows (rows,), and the share and the seed by which they were drawn, if they were."""
    if roles.set_column is not None:
        for name, value in (("test", options.test), ("split-seed", options.split_seed)):
            if value is not None:
                raise FileMistake(
                    f"{options.option(name, f'{value:g}')}: the column {table.names[roles.set_column]} says which rows "
                    "are test rows; leave it out"
                )
        cells = [table.rows[row][roles.set_column].lower() for row in rows]
        return np.array([cell == "test" for cell in cells], bool), None, None
    share = options.test
    if share is None:
        share = 0.0 if volts or len(rows) < LEAST_SPLIT else TEST_SHARE
    if options.split_seed is not None and not share:
        raise FileMistake(
            f"{options.option('split-seed', str(options.split_seed))}: no row is drawn to test; give "
            f"{options.option('test', str(TEST_SHARE))} too"
        )
    if not share:
        return np.zeros(len(rows), bool), None if volts else 0.0, None
    seed = options.split_seed or 0
    random = USER_SPLIT.generator(seed)
    test = np.zeros(len(rows), bool)
    groups = [np.flatnonzero(labels == label) for label in range(len(classes))] if classes else [np.arange(len(rows))]
    for group in groups:
        number = min(max(round(share * len(group)), 1), len(group) - 1)  # one row at least is left to learn
        test[random.permutation(group)[:number]] = True
    if (learned := int((~test).sum())) < 2 <= len(rows):
        given = options.option("test", f"{share:g}")
        raise FileMistake(f"{given}: {learned} of {len(rows)} rows is left to learn; give {TEST_SHARE}")
    return test, share, seed


# -- what cannot be learned --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Checks:
    """Refuses data from which nothing can be learned. lines: of the rows. targets: names of columns."""

    table: DataTable
    roles: Roles
    options: DataOptions
    lines: Sequence[int]
    targets: Sequence[str]

    def distinct(self, values: Floats, names: Sequence[str]) -> None:
        """Require two rows that differ. values: (rows, columns). names: of the classes, if there are any."""
        if len(values) == 0:
            raise FileMistake("no row has all its values; fill in missing values, or leave columns out")
        if len(np.unique(values, axis=0)) > 1:
            return
        rest = f" and {len(values) - 1} more are equal" if len(values) > 1 else " is the only one"
        fixed = "; one fixed pattern is an [[examples]] of a .toml file" if self.roles.volts_form else ""
        fixed = f"; also {_one_class(self.targets[0], names[0])}" if names else fixed
        raise FileMistake(f"row {self.lines[0]}{rest}; give two rows that differ, or more{fixed}")

    def classes(self, names: Sequence[str]) -> None:
        """Require two classes, no more than can be classes, and names that there is room for."""
        if long := next((name for name in names if len(name) > MOST_LETTERS), ""):
            raise FileMistake(
                f"column {self.targets[0]} = {value_text(long)}: a class's name of {len(long)} letters; {MOST_LETTERS} "
                "at most"
            )
        if len(names) == 1:
            raise FileMistake(_one_class(self.targets[0], names[0]))
        if len(names) > MOST_TEXTS:
            raise FileMistake(
                f"column {self.targets[0]}: {len(names)} different values are no classes; name another target, "
                f"{self.options.option('target', 'NAME')}, or numbers, {self.options.option('regression')}"
            )

    def sign_of_difference(self, names: Sequence[str]) -> None:
        """Require that there are two classes, if the sign of a difference is to tell them apart."""
        if self.options.difference and len(names) > 2:
            raise FileMistake(
                f"column {self.targets[0]}: {len(names)} classes, of which the sign of a difference tells two apart; "
                f"leave {self.options.option('difference')} out"
            )

    def sets(self, test: Flags, labels: NDArray[np.int64], names: Sequence[str]) -> None:
        """Require rows to learn from, of every class."""
        if test.all():
            raise FileMistake("column set: every row is test; mark rows to learn from as train")
        learned = set(labels[~test].tolist())
        for row, label in enumerate(labels.tolist()):
            if label not in learned:
                shown = f"row {self.lines[row]}, column {self.targets[0]} = {value_text(names[label])}"
                raise FileMistake(f"{shown}: no row of this class is train; add one")

    def constant(self, inputs: Floats, targets: Floats, test: Flags) -> None:
        """Require that every column has two values, among the training rows too."""
        same = [bool((column == column[0]).all()) for column in inputs[~test].T]
        others = [self.table.names[k] for k, one in zip(self.roles.inputs, same, strict=True) if not one]
        for column, values in zip((*self.roles.inputs, *self.roles.targets), [*inputs.T, *targets.T], strict=False):
            learned = values[~test]
            if (learned != learned[0]).any():
                continue
            everywhere = bool((values == values[0]).all())
            where = "every row" if everywhere else "every training row"
            if column in self.roles.targets:
                remedy = f"name another target, {self.options.option('target', 'NAME')}"
            else:
                remedy = f"leave it out, {self.options.option('inputs', named_columns(others))}"
            if not everywhere:
                remedy += f", or draw other test rows, {self.options.option('split-seed', 'N')}"
            raise FileMistake(
                f"row {self.lines[0]}, column {self.table.names[column]} = {learned[0]:g}: the same in {where}, which "
                f"says nothing; {remedy}"
            )
