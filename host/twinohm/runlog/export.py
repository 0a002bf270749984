"""The log of a run as arrays, and as a file for other programs."""

from __future__ import annotations

import io
import json
import math
from array import array
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twinohm.errors import RunError, TwinOhmError, UsageError
from twinohm.extras import install_command
from twinohm.files import MARK, check_ending, check_output, check_place, is_plain, write_output, write_own
from twinohm.json_records import json_form
from twinohm.runlog.description import RunDescription
from twinohm.runlog.folder import RunFolder

Format = Literal["parquet", "csv", "netcdf"]
Columns = dict[str, NDArray[Any]]

_SUFFIX: dict[Format, str] = {"parquet": "parquet", "csv": "csv", "netcdf": "nc"}
_NULL = -1  # a bit that the board could not read

_TESTS = {  # in the tick after a test set
    "test_error_V2": "V^2",
    "test_accuracy": "1",
    "true_test_error_V2": "V^2",
    "true_test_accuracy": "1",
}
_BY_TICK = {"t_us": "us", "error_V2": "V^2", "true_error_V2": "V^2"} | _TESTS
_BY_NODE = {"inputs_V": "V", "desired_V": "V", "free_V": "V", "clamp_V": "V", "true_free_V": "V"}
_BITS = {"cmp": "1", "sgn": "1", "up": "1", "moved": "1"}
UNITS = {"tick": "1", "taps": "1"} | _BY_TICK | _BY_NODE | _BITS
_OPTIONAL = ("true_error_V2", "true_free_V", *_TESTS)  # true_*: only virtual ports know them


def columns(folder: RunFolder) -> Columns:
    """Return the log as arrays by name, in the order of the log: field x of a record is row `tick` of x.

    tick, t_us: int64 (ticks,). *_V2, *_accuracy: float (ticks,), V^2 and 1. *_V: float (ticks, nodes), V, NaN where a
    node has no such voltage. cmp, sgn, up, moved: int8 (ticks, edges), -1 where the board cannot know. taps: int64
    (ticks, edges). phase: text (ticks,). Nodes and edges come in the order of run.json; t_us, true_*, test_* and phase
    are left out if no record has them. Raises RunFileError for a record that does not fit.
    """
    run = folder.description()
    nodes, n_edges = run.nodes, len(run.edges)
    ints = {name: array("q") for name in ("tick", "t_us", "taps")}
    scores = [name for name in _BY_TICK if name != "t_us"]
    floats = {name: array("d") for name in (*scores, *_BY_NODE)}
    bits = {name: array("b") for name in _BITS}
    phases: list[str] = []
    for record in folder.ticks():
        ints["tick"].append(record.tick)
        if record.t_us is not None:
            ints["t_us"].append(record.t_us)
        ints["taps"].extend(record.taps)
        for name in scores:
            value: float | None = getattr(record, name)
            floats[name].append(math.nan if value is None else value)
        for name in _BY_NODE:
            volts: dict[str, float] = getattr(record, name) or {}
            floats[name].extend(volts.get(node, math.nan) for node in nodes)
        for name in _BITS:
            bits[name].extend(_split_bits(getattr(record, name), n_edges))
        phases.append(record.phase or "")
    if len(ints["t_us"]) < len(ints["tick"]):
        del ints["t_us"]  # the ensemble engine has no board time
    result: Columns = {name: np.array(values, dtype=np.int64) for name, values in ints.items()}
    result |= {name: np.array(values, dtype=np.float64) for name, values in floats.items()}
    result |= {name: np.array(values, dtype=np.int8).reshape(-1, n_edges) for name, values in bits.items()}
    result |= {name: result[name].reshape(-1, len(nodes)) for name in _BY_NODE}
    result["taps"] = result["taps"].reshape(-1, n_edges)
    if any(phases):
        result["phase"] = np.array(phases, dtype=str)
    return {name: values for name, values in result.items() if name not in _OPTIONAL or not np.isnan(values).all()}


def events(folder: RunFolder) -> Columns:
    """Return the events of the log as arrays, a row for each, in order.

    Columns are `tick` (number of ticks before the event), `event` (its kind), and every field that any of them has.
    Numbers are int64, or float64 with NaN where an event has no such field; all else is text, "" where there is none,
    lists as JSON. Raises RunFileError for an event that does not fit.
    """
    records = [json_form(event) for event in folder.events()]
    result: Columns = {}
    for name in dict.fromkeys(("tick", "event", *(name for record in records for name in record))):
        values = [record.get(name) for record in records]
        kinds = {type(value) for value in values} - {type(None)}
        if name != "event" and kinds <= {int, float}:
            whole = kinds == {int} and None not in values
            result[name] = np.array(values, dtype=np.int64 if whole or name == "tick" else np.float64)
        else:
            result[name] = np.array([_cell_text(value) for value in values], dtype=str)
    return result


def events_file(out: Path) -> Path:
    """Return where csv and parquet have the events: run-events.csv beside run.csv."""
    return out.parent / f"{out.stem}-events{out.suffix}"


def format_of(out: Path) -> Format:
    """Return the format that the end of a file's name says; parquet for a name without an end. Raises UsageError."""
    ends: dict[str, Format] = {f".{suffix}": fmt for fmt, suffix in _SUFFIX.items()} | {"": "parquet"}
    if (found := ends.get(out.suffix.lower())) is None or out.name.startswith(".") and not out.suffix:
        raise UsageError(f"{out}: no format; give a name that ends with .parquet, .csv or .nc, or name the format")
    return found


def export(folder: RunFolder, fmt: Format | None = None, out: Path | None = None, force: bool = False) -> Path:
    """Write the log to `out` (default: run.parquet, run.csv or run.nc in the run folder) and return its path.

    fmt: None: what the name of `out` ends with, or parquet; a name that ends with another format is refused.

    netcdf keeps the shapes of `columns` with dimensions tick, node and edge, units, and run.json as text in the
    attribute `run_json`; its group `events` has the events. csv and parquet have one column per quantity and node or
    edge (`free_V.E`, `taps.A-E`), empty where unknown, and the events as a second file (events_file). `force`: replace
    a file at `out` that TwinOhm did not make. Raises UsageError if the format is unknown or `out` may not be written,
    TwinOhmError if a library is missing, RunError if the log is empty or damaged or the disk refuses.
    """
    if out is not None:
        check_place(out)
    if fmt is None:
        fmt = "parquet" if out is None else format_of(out)
    if fmt not in _SUFFIX:
        raise UsageError(f"format {fmt!r} is unknown; use one of {', '.join(_SUFFIX)}")
    path = out or folder.path / f"run.{_SUFFIX[fmt]}"
    if out is not None:
        check_ending(out, fmt, f".{_SUFFIX[fmt]}")
    paths = [path] if fmt == "netcdf" else [path, events_file(path)]
    for one in paths:  # before the work
        is_plain(one) if out is None else check_output(one, force)
    run, data, event_columns = folder.description(), columns(folder), events(folder)
    changed = folder.changed_since
    if not len(data["tick"]):
        raise RunError(f"{folder.path}: the log has no tick, there is nothing to export; run at least 1 tick")
    if fmt == "netcdf":
        contents = [_to_netcdf(run, data, event_columns, changed)]
    else:
        contents = [_to_flat(run, data, fmt, changed), _to_flat(run, event_columns, fmt, changed)]
    files = dict(zip(paths, contents, strict=True))
    if out is None:
        write_own(files)
    else:
        write_output(files, force)
    return path


def _to_netcdf(run: RunDescription, data: Columns, event_columns: Columns, changed: str | None) -> bytes:
    """Return the file's content. It is made in memory: the HDF5 library crashes if the disk gets full."""
    for name in ("h5netcdf", "h5py"):  # xarray misses them only while it writes, with words of its own
        _import_library(name)
    variables: dict[str, Any] = {}
    for name, values in data.items():
        nulls = {"_FillValue": np.int8(_NULL)} if name in _BITS else {}
        variables[name] = (_dimensions(name), values, ({"units": UNITS[name]} if name in UNITS else {}) | nulls)
    title = f"TwinOhm run {run.task} on {run.board}"
    dataset = _import_library("xarray").Dataset
    store = _import_library("xarray.backends").H5NetCDFStore
    arrays = dataset(
        {name: variable for name, variable in variables.items() if name != "tick"},
        coords={"tick": variables["tick"], "node": list(run.nodes), "edge": list(run.edges)},
        attrs={"title": title, "source": MARK, "run_json": json.dumps(run.record(), ensure_ascii=False)}
        | ({"changed": changed} if changed else {}),
    )
    rows = dataset({name: ("row", values) for name, values in event_columns.items()})
    content = io.BytesIO()
    with _import_library("h5netcdf").File(content, "w") as file:
        arrays.dump_to_store(store(file))
        rows.dump_to_store(store(file.create_group("events")))
    return content.getvalue()


def _to_flat(run: RunDescription, data: Columns, fmt: Format, changed: str | None) -> bytes:
    arrow = _import_library("pyarrow")
    table = arrow.table({name: arrow.array(values, mask=unknown) for name, values, unknown in flat_columns(run, data)})
    content = arrow.BufferOutputStream()
    if fmt == "csv":
        _import_library("pyarrow.csv").write_csv(table, content)
    else:
        about = {"run_json": json.dumps(run.record()), "made_by": MARK} | ({"changed": changed} if changed else {})
        _import_library("pyarrow.parquet").write_table(table.replace_schema_metadata(about), content)
    made: bytes = content.getvalue().to_pybytes()
    return made


def flat_columns(run: RunDescription, data: Columns) -> Iterator[tuple[str, NDArray[Any], NDArray[np.bool_] | None]]:
    """Yield name, values (rows,) and where they are unknown (None: nowhere) of each column of a table of `data`.

    A quantity by node or edge has a column for each, `free_V.E`, `taps.A-E`; a node that never has one has none.
    """
    for name, values in data.items():
        unknown = _mask_unknown(name, values)
        if values.ndim == 1:
            yield name, values, unknown
            continue
        for i, place in enumerate(run.nodes if name in _BY_NODE else run.edges):
            if name not in _BY_NODE or unknown is None or not unknown[:, i].all():
                yield f"{name}.{place}", values[:, i], None if unknown is None else unknown[:, i]


def _mask_unknown(name: str, values: NDArray[Any]) -> NDArray[np.bool_] | None:
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    null = _NULL if name in _BITS else "" if values.dtype.kind == "U" else None
    return None if null is None else np.asarray(values == null)


def _import_library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise TwinOhmError(f"export needs {package}, which is missing: {install_command('export')}") from error


def _dimensions(name: str) -> tuple[str, ...]:
    if name in _BY_NODE:
        return ("tick", "node")
    return ("tick", "edge") if name in _BITS or name == "taps" else ("tick",)


def _cell_text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, default=json_form)


def _split_bits(word: int | None, count: int) -> Iterable[int]:
    return [_NULL] * count if word is None else [word >> i & 1 for i in range(count)]
