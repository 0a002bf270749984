"""What boards and files of others say is text on a page: no element, no script, no formula, no colour of a terminal."""

from pathlib import Path

import pytest

from tests.browser.chromium import Browser, served
from tests.run_records import change_json, description, tick
from twinohm.model.placement import Placement
from twinohm.runlog.events import Ended, Resumed
from twinohm.runlog.folder import RunFolder

EVIL = '<script>owned=1</script><img src="x" onerror="owned=2"><b>b</b>$$\\frac{1}{2}$$\\(x\\)\x1b[31m</script>'
SHOWN = EVIL.replace("\x1b", "\\u001b")  # as readers of run.json and of the log make it
NODES = (SHOWN, "B", "C", "D")
EDGES = (f"{SHOWN}-B", "B-C", "C-D", f"{SHOWN}-D")
# Elements that only foreign text could have made, in the page and in its shadow trees.
MADE = """
const all = (node) => [...node.querySelectorAll("*")].flatMap((one) =>
  [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
return all(document).filter((one) => one.matches("b, img[onerror], mjx-container, math")).map((one) => one.outerHTML);
"""


def make_run(out: Path) -> RunFolder:
    """Make a run in whose files each name and each text is EVIL."""
    made = description(
        task=EVIL, port=f"sim://{EVIL}", profile=EVIL, started=EVIL, nodes=NODES, edges=EDGES,
        start_taps=(64, 64, 64, 70), placement=Placement((SHOWN, "D"), ("B", "C")), versions={EVIL: EVIL},
    )  # fmt: skip
    with RunFolder.create(out, made) as folder:
        for number in range(3):
            record = tick(number)
            volts = {name: {NODES[0] if node == "A" else node: at for node, at in getattr(record, name).items()}
                     for name in ("inputs_V", "free_V", "true_free_V")}  # fmt: skip
            folder.append([tick(number, **volts)])
        again = Resumed(tick=3, time=EVIL, why=EVIL, taps=record.taps, port=EVIL, boot=1, firmware=EVIL)
        folder.append([again, Ended(tick=3, why=EVIL, seconds=1.0)])
    name = EVIL.replace("/", "|")
    return RunFolder(folder.path.rename(out / name))


def check_page(browser: Browser) -> None:
    assert browser.driver.execute_script("return typeof owned") == "undefined"
    assert browser.driver.execute_script(MADE) == []
    assert browser.complaints() == []
    assert browser.hosts() == {browser.driver.current_url.split("/")[2]}


def test_foreign_text_of_a_run_stays_text(browser: Browser, tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    with served("watch", str(folder.path), "--web", cwd=tmp_path) as address:
        browser.open(address)
        text = browser.wait_for("3 of 100 ticks", f"{SHOWN} on square", f"profile {SHOWN}", f"sim://{SHOWN}")
        assert f"ended: {SHOWN}" in text and f"tick 3: board back, homed, taps restored: {SHOWN}" in text
        assert browser.driver.title == f"{SHOWN} on square"
        browser.hover_over("network", 0)
        browser.wait_for(f"node: \n{SHOWN}")
        check_page(browser)


@pytest.mark.parametrize("damaged", [False, True])
def test_foreign_text_of_a_folder_of_runs_stays_text(damaged: bool, browser: Browser, tmp_path: Path) -> None:
    folder = make_run(tmp_path / "runs")
    if damaged:
        change_json(folder.path / "run.json", board=EVIL)
    with served("dashboard", cwd=tmp_path) as address:
        browser.open(address)
        name = EVIL.replace("/", "|").replace("\x1b", "\\x1b")
        browser.wait_for("1 run", name)
        if not damaged:
            browser.wait_for(f"page of {name}", f"ended: {SHOWN}" if damaged else name)
            browser.click("a", "page of")
            browser.wait_for("3 of 100 ticks", f"{SHOWN} on square")
        else:
            browser.wait_for("not a name for a board")
        check_page(browser)
