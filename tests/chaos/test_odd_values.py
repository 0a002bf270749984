"""Odd values in the files of a run folder, through every command that reads one: words, and no traceback.

TWINOHM_FUZZ=1000 tries all values at all keys; without it, a sample with a fixed seed is tried.
"""

import json
import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import run_here

WHOLE = int(os.environ.get("TWINOHM_FUZZ", "3")) >= 1000
SAMPLE = 4  # cases of each file
MOST_S = 20  # for one command
MOST_TEXT = 1000  # characters of one line to the user

REMOVED = ""  # the key itself is left out
VALUES = {
    "removed": REMOVED, "null": "null", "true": "true", "zero": "0", "one": "1", "minus": "-1", "half": "0.5",
    "word": '"unknown"', "empty": '""', "list": "[]", "table": "{}", "list of tables": '[{"a": 1}]',
    "2^31": str(2**31), "2^63": str(2**63), "400 digits": "9" * 400, "nan": "NaN", "inf": "-Infinity", "1e999": "1e999",
    "1e308": "1e308", "1e99": "1e99", "smallest": "5e-324", "1 MB": '"' + "x" * 1_000_000 + '"',
    "deep": "[" * 1000 + "]" * 1000,
    "deep table": '{"a":' * 1000 + "1" + "}" * 1000, "controls": r'"\u001b]0;title\u0007\u0000\u202e"',
    "surrogate": r'"\ud800"', "path": '"../../../etc/passwd"', "device": '"/dev/zero"', "url": '"sim://nowhere?a=b"',
}  # fmt: skip
PORT = "sim://lab16?seed=0&at=5:remove=E-H&noise_V=0.001"
RESUME = f"resume --no-plot --port {PORT}"  # a run.json that was changed does not name one
COMMANDS = {  # those that read a file
    "run.json": ("check", "watch --once", "export --format csv", "plot", RESUME),
    "ticks.jsonl": ("check --json", "watch --once", "export --format netcdf", "plot", RESUME),
    "summary.json": ("check", "check --json"),
}
PLACE = "@@@"
DATA = "in1,in2,label,set\n1,2,a,train\n2,1,b,train\n3,1,b,test\n1,3,a,test\n"


def run_folder(root: Path, stopped: bool) -> Path:
    """Make the folder of a run of a data file, with many keys and without checksums; it is stopped at tick 9 of 12."""
    (root / "data.csv").write_text(DATA)
    levers = "--p 0.9 --readings 3 --error-full 0.1 --eta-end 0.2 --restore-best".split()
    run_here(
        "run", "data.csv", "--port", PORT, "--ticks", "12", "--out", ".", "--no-plot", "--anyway", *levers, cwd=root
    )
    (run,) = root.glob("*-data-*")
    lines = [
        line
        for line in (run / "ticks.jsonl").read_bytes().splitlines(True)
        if json.loads(line).get("event") not in ("begin", "checksum")
    ]
    ninth = next(number for number, line in enumerate(lines) if json.loads(line)["tick"] == 9)
    (run / "ticks.jsonl").write_bytes(b"".join(lines[: ninth if stopped else None]))
    described = json.loads((run / "run.json").read_bytes())
    del described["hmac"]
    (run / "run.json").write_text(json.dumps(described | {"log_format": 1}))
    return run


def keys_of(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a JSON value; of lists, the first."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(min(1, len(value))):
            yield (key,)
            for path in keys_of(value[key]):
                yield (key, *path)


def with_value(value: Any, path: tuple[Any, ...], text: str) -> str:
    """Return JSON in which the JSON `text` stands at a path."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if text == REMOVED:
        del inner[path[-1]]
    else:
        inner[path[-1]] = PLACE
    return json.dumps(copy).replace(f'"{PLACE}"', text)


def cases(run: Path, name: str) -> list[tuple[int, tuple[Any, ...], str]]:
    """Return (line, path, name of the value) of every case of a file; of the log, in one line of each kind."""
    lines = (run / name).read_text().splitlines() if name == "ticks.jsonl" else [(run / name).read_text()]
    kinds: dict[Any, int] = {}
    for number, line in enumerate(lines):
        kinds[json.loads(line).get("event", "tick")] = number
    return [
        (number, path, value)
        for number in kinds.values()
        for path in keys_of(json.loads(lines[number]))
        for value in VALUES
    ]


def try_case(run: Path, name: str, case: tuple[int, tuple[Any, ...], str], into: Path) -> Iterator[str]:
    """Run every command on a copy of a run with an odd value; yield what is wrong with what each did."""
    number, path, value = case
    text = (run / name).read_text()
    lines = text.splitlines(True) if name == "ticks.jsonl" else [text]
    lines[number] = with_value(json.loads(lines[number]), path, VALUES[value]) + "\n"
    for command in COMMANDS[name]:
        shutil.rmtree(into, ignore_errors=True)
        shutil.copytree(run, into)
        (into / name).write_text("".join(lines))
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(MOST_S)
        try:
            done = run_here(*command.split(), into.name, cwd=into.parent)
        finally:
            signal.alarm(0)
        said = done.stdout + done.stderr
        COUNTS[command, done.returncode] += 1
        where = f"{name}, line {number}: {path} = {value}: {command}: "
        if done.returncode not in (0, 1, 2) or "Traceback" in said:
            yield where + (said if len(said) < 5000 else said[:1000] + "\n...\n" + said[-4000:])
        elif done.returncode and (max(map(len, done.stderr.splitlines())) > MOST_TEXT or "\x1b" in done.stderr):
            yield where + "long or wild text: " + repr(done.stderr[:200])
        elif done.returncode and not done.stderr.strip().splitlines()[-1].startswith("twinohm: "):
            yield where + "no words: " + done.stderr


def give_up(*_: object) -> None:
    raise TimeoutError(f"not ended after {MOST_S} s")


COUNTS: Counter[tuple[str, int]] = Counter()


@pytest.mark.parametrize("name", COMMANDS)
def test_odd_values_end_in_words(name: str, tmp_path: Path) -> None:
    run = run_folder(tmp_path, stopped=name != "summary.json")
    every = cases(run, name)
    tried = every if WHOLE else random.Random(7).sample(every, SAMPLE)
    wrong = [text for case in tried for text in try_case(run, name, case, tmp_path / "odd")]
    print(f"{len(tried)} of {len(every)} values", *COUNTS.items(), sep="\n")
    assert not wrong, f"{len(wrong)} wrong\n\n" + "\n\n".join(wrong[:400])
