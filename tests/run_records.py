"""Descriptions and ticks of synthetic runs, for tests of what reads and writes them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twinohm.model.board_file import load_board
from twinohm.model.placement import Placement
from twinohm.runlog.description import FORMAT, LOG_FORMAT, RunDescription
from twinohm.runlog.log_lines import MOST_LINES, ChunkSum, to_line
from twinohm.runlog.run_hmac import run_digest
from twinohm.runlog.tick_record import TickRecord

NODES = ("A", "B", "C", "D")
EDGES = ("A-B", "B-C", "C-D", "A-D")
TABLE = load_board("divider").model_dump(mode="json")  # of its pots and converters


def kill_after_first_chunk(run: Path) -> None:
    """Leave of a run what there would be, had its process been killed after the first chunk."""
    (run / "summary.json").unlink()
    log = (run / "ticks.jsonl").read_bytes()
    end = re.search(rb'"lines":\d\d,"crc32":"\w+"}\n', log)
    assert end is not None
    (run / "ticks.jsonl").write_bytes(log[: end.end()])


def description(**changes: Any) -> RunDescription:
    """Return the description of a run on a square of four nodes."""
    edges = changes.get("edges", EDGES)
    fields: dict[str, Any] = {
        "format": FORMAT,
        "log_format": LOG_FORMAT,
        "task": "allostery",
        "board": "square",
        "port": "sim://square",
        "profile": "lab",
        "seed": 3,
        "eta": 0.5,
        "ticks": 100,
        "block": None,
        "placement": Placement(("A", "D"), ("B", "C")),
        "nodes": NODES,
        "edges": edges,
        "min_tap": 4,
        "start_taps": (64, 64, 64, 70) if edges == EDGES else (64,) * len(edges),
        "board_table": TABLE,
    }
    return RunDescription(**fields | changes)


def tick(number: int, virtual: bool = True, bits: bool = True, **changes: Any) -> TickRecord:
    """Return a tick of a board that comes closer to its target and ends on it exactly; ticks from 0 follow."""
    miss = max(0.0, 1 - number / 80)
    volts = {"A": 5.0, "B": 3 - miss, "C": 2 + miss, "D": 0.0}
    fields: dict[str, Any] = {
        "tick": number,
        "t_us": 2000 * number,
        "inputs_V": {"A": 5.0, "D": 0.0},
        "desired_V": {"B": 3.0, "C": 2.0},
        "free_V": volts | {"B": volts["B"] + 0.001, "C": volts["C"] + 0.001},
        "clamp_V": {"B": 3 - miss / 2 + 0.0005, "C": 2 + miss / 2 + 0.0005},  # eta 0.5
        "cmp": 0b0101 if bits else None,
        "sgn": 0b0011 if bits else None,
        "up": 0b1001,
        "moved": (0 < number <= 127 - 64) | (0 < number <= 64 - 4) << 1,
        "taps": (min(127, 64 + number), max(4, 64 - number), 64, 70),
        "error_V2": miss**2 + 1e-6,
        "true_free_V": volts if virtual else None,
        "true_error_V2": miss**2 if virtual else None,
    }
    return TickRecord(**fields | changes)


def change_json(path: Path, *removed: str, **changes: Any) -> None:
    """Change keys of a file that holds a JSON object, and remove others."""
    value = json.loads(path.read_bytes()) | changes
    path.write_text(json.dumps({key: value[key] for key in value if key not in removed}), encoding="utf-8")


def edit_log(run: Path, change: Callable[[list[dict[str, Any]]], Any] = lambda records: None) -> None:
    """Change ticks and events of a log, and make it the log of the run.json that is there, with right checksums."""
    described = (run / "run.json").read_bytes()
    log_format = json.loads(described).get("log_format", 1)
    records = [json.loads(line) for line in (run / "ticks.jsonl").read_bytes().splitlines()]
    kept = [record for record in records if record.get("event") not in ("begin", "checksum")]
    change(kept)
    if log_format > 2:
        kept.insert(0, {"event": "begin", "tick": 0, "format": log_format, "run_sha256": run_digest(described)})
    sums, lines, ticks = ChunkSum(), [], 0
    for at, record in enumerate(kept, 1):
        lines.append(json.dumps(record, separators=(",", ":")).encode() + b"\n")
        sums.add(lines[-1])
        ticks += "event" not in record
        if log_format > 1 and (sums.lines == MOST_LINES or at == len(kept)):
            checksum = sums.make(ticks)
            sums.compare(checksum)
            lines.append(to_line(checksum))
    (run / "ticks.jsonl").write_bytes(b"".join(lines))
