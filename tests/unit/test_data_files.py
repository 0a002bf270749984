"""A table is read back from any dialect in which programs write it, and a damaged one is refused in one line."""

import bz2
import gzip
import io
import json
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import twinohm
from tests.command_line import run_here
from tests.one_line import one_line
from twinohm.errors import UsageError
from twinohm.faces import command_line
from twinohm.model.mistakes import FileMistake
from twinohm.tasks.data_file import DataTable, read_table
from twinohm.tasks.data_options import DataOptions
from twinohm.tasks.task_file import load_task
from twinohm.tasks.user import UserTask


@dataclass(frozen=True)
class Dialect:
    """How a table is written as a file."""

    separator: str = ","
    decimal: str = "."
    quote: bool = False
    header: bool = True
    encoding: str = "utf-8"
    line_end: str = "\n"
    comments: int = 0
    empty_columns: int = 0
    empty_rows: int = 0
    blanks: bool = False

    def write(self, names: list[str], rows: list[list[float]]) -> bytes:
        def cell(text: str) -> str:
            return f'"{text}"' if self.quote or self.separator in text else text

        lines = [[cell(name) for name in names]] if self.header else []
        lines += [[cell(repr(value).replace(".", self.decimal)) for value in row] for row in rows]
        lines += [[""] * len(names)] * self.empty_rows
        space = " " if self.blanks else ""
        texts = [(self.separator + space).join([*line, *[""] * self.empty_columns]) for line in lines]
        for k in range(self.comments):
            texts.insert(min(2 * k, len(texts)), f"# note {k}, of nobody; 1,5")
        return self.line_end.join([*texts, ""]).encode(self.encoding)


dialects = st.builds(
    Dialect,
    separator=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(".,"),
    quote=st.booleans(),
    header=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "utf-16-le"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    comments=st.integers(0, 3),
    empty_columns=st.integers(0, 3),
    empty_rows=st.integers(0, 2),
    blanks=st.booleans(),
)
names_of_columns = st.lists(
    st.text("abcdefghXYZ ._-()éü", min_size=1, max_size=12).map(str.strip).filter(bool),
    min_size=2,
    max_size=5,
    unique=True,
)
numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@settings(max_examples=300)
@given(data=st.data(), dialect=dialects, names=names_of_columns)
@example(data=None, dialect=Dialect(separator=";", decimal=",", encoding="utf-16"), names=["größe", "b"])
def test_a_table_is_read_back_from_any_dialect(data: st.DataObject | None, dialect: Dialect, names: list[str]) -> None:
    row = st.lists(numbers, min_size=len(names), max_size=len(names))
    rows = data.draw(st.lists(row, min_size=2, max_size=6)) if data else [[1.5, -2.25], [3.0, 1e-3]]
    if dialect.decimal == "," and dialect.separator == ",":  # thousands could be meant
        assume(any(len(str(value).partition(".")[2]) != 3 for row in rows for value in row))
    table = read_table(dialect.write(names, rows))
    assert table.names == (tuple(names) if dialect.header else tuple(f"column{k + 1}" for k in range(len(names))))
    assert [[table.number(cell) for cell in cells] for cells in table.rows] == rows
    assert ("decimal comma" in table.notes) == table.decimal_comma == (dialect.decimal == ",")
    text = (
        dialect.write(names, rows).decode(dialect.encoding).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    )
    first = [text.split("\n")[number - 1] for number in table.numbers]
    assert all(repr(row[0]).replace(".", dialect.decimal) in line for row, line in zip(rows, first, strict=True))


def read(text: str) -> DataTable:
    return read_table(text.encode())


@pytest.mark.parametrize(
    ("text", "names", "rows", "notes"),
    [
        ("sep=;\na;b\n1;2\n3;4\n", ("a", "b"), [["1", "2"], ["3", "4"]], ("separator semicolon",)),
        ("a b  c\n1 2  3\n4 5  6\n", ("a", "b", "c"), [["1", "2", "3"], ["4", "5", "6"]], ("separator blank",)),
        (
            "# a,b\n1.5,2\n3,4\n",
            ("a", "b"),
            [["1.5", "2"], ["3", "4"]],
            ("1 comment line skipped", "names of columns from a comment line"),
        ),
        ('"a","b"\n"r1",1,2\n"r2",3,4\n', ("", "a", "b"), [["r1", "1", "2"], ["r2", "3", "4"]], ()),
        (",0,1,target\n0,1.5,2,1\n1,3.5,4,0\n", ("", "column0", "column1", "target"), None, ()),
        ("0,1,2,3\n1.5,2,3,4\n5,6,7,8\n", ("0", "column1", "column2", "column3"), None, ()),
        ("5.1,3.5,setosa\n4.9,3.0,virginica\n", ("column1", "column2", "column3"), None, ("no header",)),
        ("a,b\n1,x\n2,\n", ("a", "b"), [["1", "x"], ["2", ""]], ()),
        ('a,b\n"1\n2",x\n3,y\n', ("a", "b"), [["1\n2", "x"], ["3", "y"]], ()),
        ("a,,b\n1,,2\n3,,4\n", ("a", "b"), [["1", "2"], ["3", "4"]], ("1 empty column left out",)),
        ("a,,b\n1,5,2\n3,6,4\n", ("a", "column2", "b"), [["1", "5", "2"], ["3", "6", "4"]], ()),
        (
            "2,2,yes,no\n1,2,0\n3,4,1\n",
            ("column1", "column2", "column3"),
            [["1", "2", "0"], ["3", "4", "1"]],
            ("scikit-learn's first line names the classes yes, no", "no header"),
        ),
    ],
)
def test_what_programs_write_is_recognised(
    text: str, names: tuple[str, ...], rows: list[list[str]] | None, notes: tuple[str, ...]
) -> None:
    table = read(text)
    assert (table.names, table.notes) == (names, notes)
    assert rows is None or [list(row) for row in table.rows] == rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# only\n% comments\n", "comments alone; write a row of names and rows of values below them"),
        ('a,b\n"1,234",5\n"2,500",6\n', '"1,234": thousands or a decimal comma? write 1234 or 1.234'),
        ("a,b\n1,2\n1,2,3\n", "row 3: 3 values for 2 columns; give one for each column"),
        ('a,b\n1,2\n3,"4\n', "row 3: unexpected end of data; correct the CSV there"),
        (",,,\n,,\n", "empty; write a task in it"),
    ],
)
def test_what_is_no_table_is_refused(text: str, words: str) -> None:
    with pytest.raises(FileMistake, match=one_line(words)):
        read(text)


def test_a_cell_of_the_other_decimal_sign_is_no_number() -> None:
    table = read("a;b\n1,5;2\n2,25;3.5\n0,5;1\n")
    assert table.decimal_comma and table.number("2,25") == 2.25
    with pytest.raises(ValueError, match="not a number; its file has decimal commas"):
        table.number("3.5")


# -- columns and rows --------------------------------------------------------------------------------------------------


def task(folder: Path, text: str, **options: object) -> UserTask:
    file = folder / "mine.csv"
    file.write_text(text)
    return load_task(file, options=DataOptions(**options))  # type: ignore[arg-type]


GROWN = "size,weight,kind\n" + "".join(f"{k % 7 + k / 100},{k % 5},{'abc'[k % 3]}\n" for k in range(60))
MISTAKES = [
    (GROWN, {"target": ("kond",)}, 'no column "kond" (did you mean kind?): there are size, weight, kind; name one'),
    (GROWN, {"inputs": ("size", "kind"), "target": ("kind",)}, "column kind: named twice; give each column one role"),
    (GROWN, {"test": 0.0, "split_seed": 3}, "--split-seed 3: no row is drawn to test; give --test 0.3 too"),
    (GROWN, {"inputs": ("kind",), "target": ("size",)}, 'row 2, column kind = "a": a text is no input'),
    (GROWN, {"classes": False}, 'row 2, column kind = "a": not a number; correct it, or leave the column out'),
    (GROWN, {"scale": False}, 'row 7, column size = "5.05": outside 0..5 V; give volts from 0 to 5, or scale'),
    (GROWN, {"target": ("size", "weight"), "classes": True}, "2 targets: classes stand in one column"),
    (
        "a,b\n1,2.5\n2,2.5\n3,2.5\n",
        {},
        "row 2, column b = 2.5: the same in every row, which says nothing; name another target",
    ),
    (
        "a,b,c\n1,2,1.5\n1,3,2\n1,4,3.5\n",
        {},
        "row 2, column a = 1: the same in every row, which says nothing; leave it out, --inputs b",
    ),
    ("id,a\n1,2\n2,3\n", {"inputs": ("id", "a")}, "every column is an input; name another as the target, --target"),
    ("a,b,set\n1,2,train\n2,3,test\n", {"test": 0.5}, "--test 0.5: the column set says which rows are test rows"),
    ("a,b\n1,\n2,\n", {}, "column b: no row has a value; leave it out, --inputs A,B"),
    (
        "time,temp,out\n10:00,1.2,3.4\n10:01,1.5,3.9\n10:02,1.7,4.4\n",
        {},
        'row 2, column time = "10:00": a text is no input; name the inputs, --inputs temp',
    ),
    (
        "id,diagnosis,a\n842302,M,17\n842517,M,20\n84300,B,11\n843,B,12\n",
        {},
        "which column is the target? name it: --target diagnosis",
    ),
    ("a,b\n1e308,1\n-1e308,2\n", {}, 'row 2, column a = "1e308": beyond 1e+100; give it in another unit'),
    ("in1,out1,note\n1,1,x\n2,2,y\n", {}, 'row 1, column "note": not known here; columns are in1'),
    ("a,b,a\n1,2,3\n2,3,4\n", {}, "row 1, column a: there 2 times; name each column once"),
    ("label,a,b\n1,2,3\n2,3,4\n", {}, "which column is the target? name it: --target label (columns label, a, b)"),
    ("a,name\n" + "".join(f"{k},n{k}\n" for k in range(60)), {}, "column name: 60 different values are no classes"),
]


@pytest.mark.parametrize(("text", "options", "words"), MISTAKES, ids=[words[:50] for *_, words in MISTAKES])
def test_a_mistake_in_columns_is_one_line(text: str, options: dict[str, object], words: str, tmp_path: Path) -> None:
    with command_line(), pytest.raises(UsageError, match=one_line(f"{tmp_path / 'mine.csv'}: {words}")):
        task(tmp_path, text, **options)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_that_cannot_be_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match=one_line("test=", "from 0 to below 1; give 0.3")):
        DataOptions(test=share)


@pytest.mark.parametrize(
    ("text", "inputs", "left_out"),
    [
        ("id,a,b\n1,2.5,3.5\n2,1.5,4.5\n", ["a"], ("id",)),
        ("ID,a,b\n84230,2.5,3.5\n911,1.5,4.5\n", ["a"], ("ID",)),
        (",a,b\nx,2.5,3.5\ny,1.5,4.5\n", ["a"], ("",)),
        ("Unnamed: 0,a,b\n0,2.5,3.5\n1,1.5,4.5\n", ["a"], ("Unnamed: 0",)),
        ("t,a,b\n" + "".join(f"{k},{k % 7},{k / 3}\n" for k in range(30)), ["a"], ("t",)),
        ("t,a,b\n0,2.5,3.5\n1,1.5,4.5\n", ["t", "a"], ()),
        ("id,b\n1,3.5\n2,4.5\n", ["id"], ()),
    ],
    ids=["named", "numbers of cases", "unnamed", "pandas", "long count", "short count", "nothing else"],
)
def test_a_column_that_numbers_the_rows_is_no_input(
    text: str, inputs: list[str], left_out: tuple[str, ...], tmp_path: Path
) -> None:
    found = task(tmp_path, text, bias=False).preparation
    assert found is not None
    assert (found.scaling.input_names, found.left_out) == (inputs, left_out)


def test_an_index_that_is_asked_for_is_an_input(tmp_path: Path) -> None:
    found = task(tmp_path, "id,a,b\n1,2.5,3.5\n2,1.5,4.5\n", inputs=("id", "a"), bias=False).preparation
    assert found is not None and found.scaling.input_names == ["id", "a"]


def test_millivolts_are_volts(tmp_path: Path) -> None:
    found = task(tmp_path, "in1 [mV],in2,out1\n500,1,0.75\n1500,2,1.75\n")
    assert [row.inputs_V for row in found.rows] == [(0.5, 1.0), (1.5, 2.0)]
    with pytest.raises(UsageError, match=r'column in1 \[mV\] = "5001": outside 0..5 V'):
        task(tmp_path, "in1 [mV],out1\n5001,1\n1500,2\n")


def test_rows_without_a_value_are_dropped_on_request(tmp_path: Path) -> None:
    text = "a,b,kind\n1,2,x\n,3,y\n2,5,y\n4,NA,x\n5,1,x\n"
    with pytest.raises(UsageError, match=one_line(str(tmp_path), 'row 3, column a = "": a missing value (one of 2')):
        task(tmp_path, text)
    found = task(tmp_path, text, drop_missing=True)
    assert [row.number for row in found.rows] == [2, 4, 6]
    assert "2 rows without a value dropped" in found.prepared_text


def test_targets_are_classes_by_their_values(tmp_path: Path) -> None:
    few = "a,y\n" + "".join(f"{k / 3},{k % 3}.0\n" for k in range(12))
    assert task(tmp_path, few).classes == ("0", "1", "2")
    assert task(tmp_path, few, classes=False).classes == ()
    many = "a,y\n" + "".join(f"{k % 5},{k}\n" for k in range(12))
    assert task(tmp_path, many).classes == () and len(task(tmp_path, many, classes=True).classes) == 12
    assert task(tmp_path, few.replace("2.0", "2.5")).classes == ()
    named = "5,2,yes,no\n" + "".join(f"{k / 3},{k % 4},{k % 2}\n" for k in range(5))
    assert task(tmp_path, named).classes == ("yes", "no")


def test_notes_are_told_in_one_line(tmp_path: Path) -> None:
    text = task(tmp_path, "# x\nid;a;b\n1;2,5;3,5\n2;1,5;4,5\n").prepared_text
    assert text == (
        f"{tmp_path / 'mine.csv'}: 1 input and b scaled to 0..5 V by 2 training rows, bias inputs of 0 V and 5 V, no "
        'test rows; separator semicolon; 1 comment line skipped; decimal comma; index column "id" left out'
    )


def test_a_frame_of_pandas_is_read_back(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"a": [0.1, 0.2, 1e-7], "b c": [1, 2, 3], "y": ["u", "v", "u"]})
    for options in ({}, {"index": False}, {"sep": ";", "decimal": ","}, {"sep": "\t", "index": False}, {"quoting": 1}):
        text = io.StringIO()
        frame.to_csv(text, **options)
        found = task(tmp_path, text.getvalue(), bias=False)
        assert found.preparation is not None and found.preparation.scaling.input_names == ["a", "b c"]
        assert [row.label for row in found.rows] == [0, 1, 0]
        assert [row.inputs_V[1] for row in found.rows] == [0.0, 2.5, 5.0]


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#NAME?"])
def test_a_row_that_begins_with_an_error_of_a_spreadsheet_is_no_comment(error: str) -> None:
    table = read_table(f"a,b,y\n#by hand\n1,2,3\n{error},2,4\n2,3,5\n#N/As are missing\n".encode())
    assert [row[0] for row in table.rows] == ["1", error, "2"]
    assert "2 comment lines skipped" in table.notes


DECIMALS = ["1,5", "2,5", "3,5", "4,5", "1,25", "2,25", "3,75", "4,5"]


def _lines(separator: str, header: str = "", values: Sequence[str] = DECIMALS) -> str:
    rows = [f"{value}{separator}{'a' if value < '3' else 'b'}" for value in 3 * values]
    return "\n".join([header.replace(" ", separator), *rows] if header else rows) + "\n"


@pytest.mark.parametrize("header", ["", "x class"])
@pytest.mark.parametrize("separator", [";", "\t", "|", " "])
def test_numbers_with_decimal_commas_are_whole_or_refused(separator: str, header: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(_lines(separator, header))
    done = run_here("data", "x.csv", "--json", "--anyway", cwd=tmp_path)
    if separator == " " and not header:  # "1,5 a" may be 1.5 and a, or 1 and "5 a"
        assert done.returncode == 2 and 'row 1: "1,5 a": is the comma a decimal sign, or' in done.stderr, done.stderr
        return
    assert done.returncode == 0, done.stderr
    column, *_, target = json.loads(done.stdout)["columns"]
    assert (column["least"], column["greatest"], target["classes"]) == (1.25, 4.5, {"a": 12, "b": 12})


def test_blanks_in_the_cells_of_a_comma_file_separate_nothing(tmp_path: Path) -> None:
    for cells, classes in (("{},New York\n{},Los Angeles\n", 2), ("{},12 a\n{},13 b\n", 2), ("{},x 1\n{},x 2\n", 2)):
        rows = "".join(cells.format(k / 4, k / 4 + 0.5) for k in range(8))
        (tmp_path / "x.csv").write_text(f"length,kind of it\n{rows}")
        done = run_here("data", "x.csv", "--json", "--anyway", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)["columns"][-1]["classes"]) == classes


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
def test_thousands_and_decimal_commas_are_told_apart_or_refused(separator: str, tmp_path: Path) -> None:
    quote = '"' * (separator == ",")
    rows = [[f"{quote}{k},{j}00{quote}" for k, j in ((n, 3), (n + 1, 1))] for n in range(1, 9)]
    (tmp_path / "x.csv").write_text("".join(f"{separator.join(cells)}\n" for cells in [["x", "y"], *rows]))
    done = run_here("data", "x.csv", "--anyway", cwd=tmp_path)
    assert done.returncode == 2 and '"1,300": thousands or a decimal comma? write 1300 or 1.300' in done.stderr
    rows[3][0] = f"{quote}0,125{quote}"  # no thousands begin so
    (tmp_path / "x.csv").write_text("".join(f"{separator.join(cells)}\n" for cells in [["x", "y"], *rows]))
    done = run_here("data", "x.csv", "--json", "--anyway", cwd=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["columns"][0]["least"] == 0.125, done.stderr


def test_a_header_with_another_separator_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("x y z\n1,2,3\n2,3,5\n4,4,4\n")
    done = run_here("data", "x.csv", cwd=tmp_path)
    assert done.returncode == 2 and "row 2: 3 values for 1 column; separate names and values by the same" in done.stderr


@pytest.mark.parametrize("rows", [5, 19, 20])
def test_a_column_that_numbers_the_rows_is_left_out_or_named(rows: int, tmp_path: Path) -> None:
    lines = [f"{k + 1},{k * 7 % 11},{k * 5 % 13}" for k in range(rows)]
    (tmp_path / "x.csv").write_text("\n".join(["k,x,y", *lines]))
    done = run_here("data", "x.csv", "--anyway", cwd=tmp_path)
    said = 'index column "k" left out' if rows == 20 else "column k numbers the rows, and is an input"
    assert done.returncode == 0 and said in done.stderr.splitlines()[0], done.stderr
    done = run_here("data", "x.csv", "--anyway", "--inputs", "k,x", cwd=tmp_path)
    assert done.returncode == 0 and "numbers the rows" not in done.stderr and "left out" not in done.stderr


PACKED = {"bzip2": bz2.compress, "xz": lzma.compress, "gzip": gzip.compress}
BINARY = [b"\x7fELF\0\1\2\xff" * 40, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x81", bytes(range(256))]


@pytest.mark.parametrize("kind", PACKED)
def test_a_packed_file_is_named_so(kind: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(PACKED[kind](b"x,y\n"))
    done = run_here("data", "x.csv", cwd=tmp_path)
    assert done.returncode == 2 and f"not text, but compressed by {kind}" in done.stderr and "unpack it" in done.stderr


@pytest.mark.parametrize("data", BINARY, ids=["elf", "png", "all"])
@pytest.mark.parametrize("command", ["data x.csv", "data x.toml", "boards --boards x.toml"])
def test_a_binary_file_is_called_so(command: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / command.split()[-1]).write_bytes(data)
    done = run_here(*command.split(), cwd=tmp_path)
    assert done.returncode == 2 and "a binary file" in done.stderr and "codec" not in done.stderr, done.stderr


@pytest.mark.parametrize("header", ["{},x,y", "x,{},y", "x,y,{}"])
def test_a_name_of_very_many_letters_is_refused_in_a_short_line(header: str, tmp_path: Path) -> None:
    rows = "\n".join(f"{k},{k * 3 % 7},{'a' if k % 2 else 'b'}" for k in range(1, 30))
    (tmp_path / "x.csv").write_text(f"{header.format(100_000 * 'n')}\n{rows}\n")
    (tmp_path / "y.csv").write_text(f"x,z,y\n{rows.replace('a', 100_000 * 'a')}\n")
    said = {"x": "a name of 100000 letters; 200 at most", "y": "a class's name of 100000 letters; 200 at"}
    for name, words in said.items():
        done = run_here("data", f"{name}.csv", "--anyway", cwd=tmp_path)
        assert done.returncode == 2 and words in done.stderr and len(done.stderr) < 300, done.stderr[:500]
    frame = pandas.DataFrame({200 * "n": [1, 2, 3], "n": [3, 1, 2]})
    assert twinohm.Task.from_arrays(frame, [1.0, 2.0, 3.5])
    with pytest.raises(UsageError, match="a name of 201 letters"):
        twinohm.Task.from_arrays(frame.rename(columns={"n": 201 * "n"}), [1.0, 2.0, 3.5])


@pytest.mark.slow
def test_a_remedy_names_some_columns_or_none(tmp_path: Path) -> None:
    names, text = [f"c{k}" for k in range(2000)], ["q", *(str(k % 7) for k in range(1999))]
    constant = ["1", *text[1:]]
    for first in (text, constant):
        rows = [",".join([first[0], *(str(k * j % 7) for k in range(1999)), str(j % 5)]) for j in range(30)]
        (tmp_path / "x.csv").write_text("\n".join([",".join([*names, "y"]), *rows]))
        done = run_here("data", "x.csv", "--target", "y", cwd=tmp_path)
        assert done.returncode == 2 and "--inputs A,B" in done.stderr and len(done.stderr) < 300, done.stderr[:500]
