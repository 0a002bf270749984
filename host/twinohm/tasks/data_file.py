"""Read a table from a data file: find its encoding, separator, header and decimal sign, skip comments and empty cells.

What the file is not said to be is worked out from its first lines, by the cells that are numbers in them.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from twinohm.inputs import is_binary, split_mark
from twinohm.model.mistakes import FileMistake, value_text
from twinohm.model.number_text import WHOLE, parse_number

MOST_ROWS = 100_000
REPORT_ROWS = 1_000  # from one report of progress to the next
SAMPLE = 100  # lines by which the separator is found
LEAST_COUNTED = 4  # columns of a header that counts them from 0, as pandas writes it
COMMENTS = ("#", "%")
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank"}
# What spreadsheets write where they have no value: a row that begins so is no comment.
ERROR_CELL = re.compile(r"\s*#(N/A|NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!)(?!\w)")
# How programs write a value that is missing (R, pandas, SPSS, SAS, UCI); never the name of a class.
NO_VALUE = frozenset(("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "<NA>", "NaT", ".", "?"))
PACKED = {  # by the first bytes
    b"\x1f\x8b": "compressed by gzip",
    b"BZh": "compressed by bzip2",
    b"PK\x03\x04": "a zip archive, as spreadsheets (.xlsx, .ods) are, too",
    b"\xfd7zXZ\0": "compressed by xz",
    b"(\xb5/\xfd": "compressed by zstd",
}
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_POINT_NUMBER = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
Progress = Callable[[int, int], None]  # rows read, about how many there are


@dataclass(frozen=True)
class DataTable:
    """Cells of a data file as text, (rows, columns), without blanks around them.

    names: of the columns, as the header has them, or column1, column2, ... if `named` is false. numbers: line of the
    file of each row. class_names: those that scikit-learn's first line gives to the classes 0, 1, ... of the last
    column. notes: what was recognised or left out, a sentence each without its full stop.
    """

    names: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    named: bool = True
    decimal_comma: bool = False
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def column(self, index: int) -> list[str]:
        """Return the cells of a column, (rows,)."""
        return [row[index] for row in self.rows]

    def is_numeric(self, index: int) -> bool:
        """Return whether at least half of the values of a column are numbers. One without values is not."""
        return self._numeric[index]

    @cached_property
    def _numeric(self) -> list[bool]:
        found = []
        for index in range(len(self.names)):
            cells = [cell for cell in self.column(index) if not is_missing(cell)]
            found.append(bool(cells) and 2 * sum(map(self._has_number, cells)) >= len(cells))
        return found

    def _has_number(self, cell: str) -> bool:
        try:
            self.number(cell)
        except ValueError:
            return False
        return True

    def number(self, cell: str) -> float:
        """Return the number that a cell has. Raises ValueError if it is none."""
        if self.decimal_comma:
            if "." in cell:
                raise ValueError("not a number; its file has decimal commas")
            cell = cell.replace(",", ".")
        return parse_number(cell)


def is_missing(cell: str) -> bool:
    """Return whether a cell has no value."""
    return cell in NO_VALUE


def read_table(data: bytes, progress: Progress | None = None) -> DataTable:
    """Return the table of a data file. `progress` is called now and then.

    Raises FileMistake naming the row, and what to do.
    """
    text, encoding = _decode(data)
    if not text.strip():
        raise FileMistake("empty; write a task in it")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept, comments, named = _split_lines(lines)
    if not kept:
        raise FileMistake("comments alone; write a row of names and rows of values below them")
    if len(kept) > MOST_ROWS + 1:
        raise FileMistake(f"about {len(kept) - 1:,} rows; at most {MOST_ROWS:,} are read, take a sample of them")
    separator = named or _find_separator([lines[number - 1] for number in kept[:SAMPLE]], kept[0])
    records = list(_split_cells(lines, kept, separator, progress))
    notes = [f"{encoding} text"] if encoding != "utf-8" else []
    notes += [f"separator {SEPARATORS[separator]}"] if separator != "," else []
    notes += [f"{comments} comment line{'s' * (comments > 1)} skipped"] if comments else []
    return _make_table(records, lines, separator, notes)


# -- text --------------------------------------------------------------------------------------------------------------


def _decode(data: bytes) -> tuple[str, str]:
    """Return the text of a file and the name of its encoding. Raises FileMistake if it is no text."""
    if packed := next((kind for start, kind in PACKED.items() if data.startswith(start)), ""):
        raise FileMistake(f"not text, but {packed}; unpack it, or save the table as CSV")
    marked, rest = split_mark(data)
    encoding = marked or _guess_encoding(data)
    if encoding == "utf-8" and is_binary(data):
        raise FileMistake("a binary file, not text; save the table as CSV")
    try:
        return rest.decode(encoding), encoding
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or marked:
            raise FileMistake(f"not {encoding.upper()} text ({error}); save it as UTF-8") from error
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError as error:
        raise FileMistake(f"not UTF-8 text ({error}); save it as UTF-8") from error


def _guess_encoding(data: bytes) -> str:
    """Return utf-16-le or utf-16-be if every other byte of the beginning is 0, else utf-8."""
    start = data[:1000]
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if zeros.count(0) > 0.8 * len(zeros) and start.count(0) <= len(zeros):
            return encoding
    return "utf-8"


def _split_lines(lines: Sequence[str]) -> tuple[list[int], int, str]:
    """Return the numbers of lines with cells, how many are comments, and the separator that Excel's `sep=;` names."""
    kept: list[int] = []
    comments, named = 0, ""
    for number, line in enumerate(lines, 1):
        if not kept and (found := re.fullmatch(r'"?sep=(.)"?', line.strip("\n"), re.IGNORECASE)):
            named = found[1] if found[1] in SEPARATORS else ""
        elif line.lstrip().startswith(COMMENTS) and not ERROR_CELL.match(line):
            comments += 1
        elif line.strip():
            kept.append(number)
    return kept, comments, named


# -- cells -------------------------------------------------------------------------------------------------------------


def _find_separator(sample: Sequence[str], first: int = 1) -> str:
    """Return the separator with which most lines have as many cells, and most cells are numbers.

    Where comma and another fit alike, and commas may be decimal signs, it is the other. Raises FileMistake if that is
    a blank, which a cell can have in it.
    """
    best, highest = ",", 0.0
    for separator in SEPARATORS:
        if separator == " " and highest > 0.9 and best != ",":
            break
        try:
            cells = [_strip_end(row) for row in _reader(sample, separator, strict=False)]
        except csv.Error:
            continue
        width, often = Counter(map(len, cells)).most_common(1)[0]
        if width < 2:
            continue
        filled = [cell for row in cells for cell in row if cell]
        numbers = sum(_is_number(cell) for cell in filled) / max(1, len(filled))
        score = often / len(cells) * (0.5 + numbers)
        alike = score == highest > 0
        if best == "," and (alike or (separator == " " and highest > 0.9)):
            if not all(_COMMA_NUMBER.fullmatch(cell) for cell in filled if "," in cell):
                continue
            if alike and separator == " ":
                raise FileMistake(
                    f"row {first}: {value_text(sample[0])}: is the comma a decimal sign, or between columns? write "
                    "decimal points, or separate the columns by semicolons"
                )
            if alike:
                best = separator
        if score > highest:
            best, highest = separator, score
    return best


def _is_number(cell: str) -> bool:
    try:
        parse_number(cell)
    except ValueError:
        return _COMMA_NUMBER.fullmatch(cell) is not None
    return True


def _reader(lines: Sequence[str], separator: str, strict: bool = True) -> Iterator[list[str]]:
    rows = csv.reader((f"{line}\n" for line in lines), delimiter=separator, skipinitialspace=True, strict=strict)
    return ([cell.strip() for cell in row] for row in rows)


def _strip_end(cells: Sequence[str]) -> list[str]:
    """Return the cells without empty ones at the end."""
    last = max((k + 1 for k, cell in enumerate(cells) if cell), default=0)
    return list(cells[:last])


def _split_cells(
    lines: Sequence[str], kept: Sequence[int], separator: str, progress: Progress | None
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of each row. Raises FileMistake for quotes that are wrong."""
    given = (f"{lines[number - 1].strip(' ') if separator == ' ' else lines[number - 1]}\n" for number in kept)
    reader = csv.reader(given, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for count, cells in enumerate(reader, 1):
            yield kept[min(reader.line_num, len(kept)) - 1], [cell.strip() for cell in cells]
            if progress is not None and count % REPORT_ROWS == 0:
                progress(count, max(count, len(kept) - 1))
    except csv.Error as error:
        number = kept[min(reader.line_num, len(kept)) - 1]
        raise FileMistake(f"row {number}: {error}; correct the CSV there") from error


# -- the table ---------------------------------------------------------------------------------------------------------

Records = list[tuple[int, list[str]]]


def _make_table(records: Records, lines: Sequence[str], separator: str, notes: list[str]) -> DataTable:
    whole = [(number, cells) for number, cells in records if any(cells)]
    if empty := len(records) - len(whole):
        notes.append(f"{empty} empty row{'s' * (empty > 1)} left out")
    if not whole:
        raise FileMistake("empty; write a task in it")
    class_names: tuple[str, ...] = ()
    if counts := _counts_line(whole):
        class_names = tuple(counts[2:])
        said, whole = counts[0], whole[1:]
        notes.append(
            f"scikit-learn's first line names the classes {', '.join(class_names)}"
            + (f"; it says {said} rows, there are {len(whole)}" if int(said) != len(whole) else "")
        )
    header, whole = _take_header(whole)
    if header is None and not class_names and (found := _comment_header(whole, lines, separator)):
        header = found
        notes.append("names of columns from a comment line")
    elif header is None:
        notes.append("no header")
    width = _width(header, whole)
    names = list(header or ())[:width]
    for number, cells in whole:
        if len(cells) < width or any(cells[width:]):
            count = len(_strip_end(cells) if len(cells) > width else cells)
            remedy = (
                "separate names and values by the same sign" if header and width == 1 else "give one for each column"
            )
            raise FileMistake(
                f"row {number}: {count} value{'s' * (count > 1)} for {width} column{'s' * (width > 1)}; {remedy}"
            )
    widest = max((len(cells) for cells in (names if header else [], *(cells for _, cells in whole))), default=0)
    widest = max(widest, len(header or ()))
    kept = [k for k in range(width) if (names and names[k]) or not whole or any(cells[k] for _, cells in whole)]
    if empty := widest - len(kept):
        notes.append(f"{empty} empty column{'s' * (empty > 1)} left out")
    # Of a header, "" stays the name of a first column without a name: it may be an index.
    names = [names[k] if header and (names[k] or k == 0) else f"column{k + 1}" for k in kept]
    cells_of = [cells if len(kept) == len(cells) else [cells[k] for k in kept] for _, cells in whole]
    comma = _has_decimal_comma(cells_of)
    notes += ["decimal comma"] if comma else []
    numbers = [number for number, _ in whole]
    return DataTable(tuple(names), cells_of, numbers, header is not None, comma, class_names, tuple(notes))


def _counts_line(records: Records) -> list[str]:
    """Return the cells of scikit-learn's first line: rows, inputs, then names of classes; none if there is no such."""
    cells = _strip_end(records[0][1])
    if len(cells) < 4 or len(records) < 2 or not all(WHOLE.fullmatch(cell) for cell in cells[:2]):
        return []
    if any(_is_number(cell) or not cell for cell in cells[2:]):
        return []
    return cells if int(cells[1]) + 1 == len(_strip_end(records[1][1])) else []


def _take_header(records: Records) -> tuple[list[str] | None, Records]:
    """Return the names of the first row, None if it has values, and the rows below."""
    (_, first), rest = records[0], records[1:]
    names = _strip_end(first)
    if any(map(_is_number, names)):
        if _counts_columns(names):
            return [first[0], *(f"column{cell}" if _is_number(cell) else cell for cell in first[1:])], rest
        return None, records
    lengths = {len(_strip_end(cells)) for _, cells in rest}
    if rest and lengths == {len(names) + 1} and all(names):  # R's write.table: the row names have no name
        return ["", *names], rest
    below = list(islice((cells for _, cells in rest), SAMPLE))
    texts = [[cells[k] for cells in below if k < len(cells) and not is_missing(cells[k])] for k in range(len(names))]
    numeric = [cells for cells in texts if cells and 2 * sum(map(_is_number, cells)) >= len(cells)]
    if not rest or numeric or not any(map(_is_number, (cell for row in below for cell in row))):
        return first, rest
    return None, records


def _counts_columns(names: Sequence[str]) -> bool:
    """Return whether a first row counts columns: 0, 1, 2, ..., perhaps after an empty cell, perhaps before names."""
    counted = list(names[1:] if not names[0] else names)
    numbers = [cell for cell in counted if _is_number(cell)]
    if numbers != [str(k) for k in range(len(numbers))] or numbers != counted[: len(numbers)]:
        return False
    return not names[0] or len(numbers) >= LEAST_COUNTED


def _comment_header(records: Records, lines: Sequence[str], separator: str) -> list[str] | None:
    """Return the names that the comment line just above the first row gives its columns, as numpy.savetxt writes."""
    number, cells = records[0]
    above = lines[number - 2].strip() if number > 1 else ""
    if not above.startswith(COMMENTS):
        return None
    (names,) = _reader([above.lstrip("".join(COMMENTS)).strip()], separator, strict=False)
    fits = len(names) == len(_strip_end(cells)) > 1
    return names if fits and all(names) and not any(map(_is_number, names)) else None


def _width(header: Sequence[str] | None, records: Records) -> int:
    """Return the number of columns: those of the header, or those that most rows have."""
    lengths = Counter(len(_strip_end(cells)) for _, cells in records)
    if header is None:
        return max(lengths, key=lambda length: (lengths[length], length))
    named = len(_strip_end(header))
    return max(named, min(len(header), max(lengths, default=0)))


def _has_decimal_comma(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether numbers have a decimal comma. Raises FileMistake if that, or thousands, could be meant."""
    commas = [cell for row in rows for cell in row if "," in cell and _COMMA_NUMBER.fullmatch(cell)]
    if not commas:
        return False
    points = sum("." in cell and _POINT_NUMBER.fullmatch(cell) is not None for row in rows for cell in row)
    if all(map(_THOUSANDS.fullmatch, commas)):
        raise FileMistake(
            f"{value_text(commas[0])}: thousands or a decimal comma? write {commas[0].replace(',', '')} or "
            f"{commas[0].replace(',', '.')}"
        )
    return len(commas) > points
