"""`python -m tests.page_cost`: what an open page costs a run, and how late it shows a tick.

A run on a virtual board is made alternately without a page and with one open in chromium (`twinohm watch --web`).
Printed is the CPU time of a tick, user and system time of host and board together by getrusage, less that of a run of
a few ticks, so that the start of the programs is not in it; and by how much it rises in each pair.

Then ticks are appended to a log one by one, at random times, and so is a run's own log at its full speed: how long it
takes until the page has the text of a tick, from the time that its line was written.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.browser.chromium import Browser, open_chromium, served
from tests.command_line import COMMAND
from tests.run_records import description, tick
from twinohm.runlog.folder import RunFolder

SHORT = 200  # ticks of the run whose CPU time is subtracted
LONG = 20_000  # of the run whose delays are measured: it must go on when the page is open
# Notes when the page first has the number of a tick: in its text, not only in its data.
WATCH_TEXT = """
const find = (node) => { for (const one of node.querySelectorAll("*")) { if (!one.shadowRoot) continue;
  const text = one.shadowRoot.textContent.match(/(\\d+) of \\d+ ticks/); if (text) return one;
  const deep = find(one.shadowRoot); if (deep) return deep; } };
window.seen = []; let element = null, last = "";
setInterval(() => { element ??= find(document); if (!element) return;
  const ticks = element.shadowRoot.textContent.match(/(\\d+) of \\d+ ticks/)[1];
  if (ticks !== last) { last = ticks; window.seen.push([Number(ticks), Date.now()]); } }, 20);
"""


def start(ticks: int, out: Path) -> subprocess.Popen[bytes]:
    """Start a run of the paper's network on a virtual board."""
    command = [*COMMAND, "run", "allostery", "--ticks", str(ticks), "--no-plot", "--out", str(out)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Wait for a run and return the CPU time of its two processes, s."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def newest(out: Path) -> Path:
    """Return the newest run in a folder once it is there."""
    while not (found := sorted(out.glob("[!.]*/run.json"), key=lambda path: path.stat().st_mtime)):
        time.sleep(0.01)
    return found[-1].parent


@contextmanager
def opened(browser: Browser, run: Path) -> Iterator[None]:
    """Show a run in chromium."""
    with served("watch", str(run), "--web", cwd=run) as address:
        browser.open(address)
        browser.driver.execute_script(WATCH_TEXT)
        yield
        browser.driver.get("about:blank")


def seen(browser: Browser) -> dict[int, float]:
    """Return when the page had the number of ticks, s, by number."""
    return {int(ticks): at / 1000 for ticks, at in browser.driver.execute_script("return window.seen")}


def with_page(browser: Browser, ticks: int, out: Path) -> float:
    """Return the CPU time of a run whose page is open, s."""
    process = start(ticks, out)
    with opened(browser, newest(out)):
        return cpu_s(process)


def single_delays(browser: Browser, out: Path, count: int) -> list[float]:
    """Return how late ticks are seen that are appended one by one, s."""
    written: dict[int, float] = {}
    with RunFolder.create(out, description()) as folder, opened(browser, folder.path):
        for number in range(count):
            time.sleep(random.uniform(0.8, 1.6))
            folder.append([tick(number)])
            written[number + 1] = time.time()
        time.sleep(2)
        shown = seen(browser)
    return [min(when for have, when in shown.items() if have >= number) - at for number, at in written.items()]


def run_delays(browser: Browser, ticks: int, out: Path) -> list[float]:
    """Return how late a run at full speed is seen, s: from the writing of the newest tick shown to its showing."""
    process = start(ticks, out)
    log = newest(out) / "ticks.jsonl"
    sizes: list[tuple[float, int]] = []  # time, bytes
    with opened(browser, log.parent):
        while process.poll() is None:
            sizes.append((time.time(), log.stat().st_size if log.exists() else 0))
            time.sleep(0.01)
        time.sleep(2)
        shown = seen(browser)
    at = 0
    ends: dict[int, int] = {}  # byte after a tick's line, by number of ticks
    for line in log.read_bytes().splitlines(keepends=True):
        at += len(line)
        if line.startswith(b'{"tick":'):
            ends[len(ends) + 1] = at
    delays = []
    for number, when in shown.items():
        written = next((moment for moment, size in sizes if size >= ends[number]), None)
        if written is not None:
            delays.append(when - written)
    return delays


def spread(values: list[float], form: str) -> str:
    """Return median, least and greatest of some values."""
    return f"median {median(values):{form}}, {min(values):{form}} to {max(values):{form}}, n = {len(values)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ticks", type=int, default=10_000, help="ticks of each run")
    parser.add_argument("--pairs", type=int, default=5, help="pairs of runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        browser = Browser(open_chromium(folder / "chromium", traced=False))
        try:
            begin_s = min(cpu_s(start(SHORT, folder / "short")) for _ in range(3))
            rises = []
            for number in range(options.pairs):
                pair = {}
                for page in (False, True) if number % 2 else (True, False):
                    out = folder / f"{number}-{page}"
                    used_s = with_page(browser, options.ticks, out) if page else cpu_s(start(options.ticks, out))
                    pair[page] = 1e6 * (used_s - begin_s) / (options.ticks - SHORT)
                rises.append(100 * (pair[True] / pair[False] - 1))
                print(f"without {pair[False]:.1f} us, with {pair[True]:.1f} us a tick: {rises[-1]:+.2f} %", flush=True)
            print("rise of the CPU time of a tick, %:", spread(rises, "+.2f"))
            print("delay of single ticks, s:", spread(single_delays(browser, folder / "single", 30), ".2f"))
            print("delay in a run, s:", spread(run_delays(browser, LONG, folder / "delays"), ".2f"))
        finally:
            browser.driver.quit()


if __name__ == "__main__":
    sys.exit(main())
