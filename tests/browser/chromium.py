"""Debian's chromium, driven by Selenium, and the commands whose pages it shows."""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.actions.action_builder import ActionBuilder

from tests.command_line import COMMAND
from tests.conftest import find_browser

EMPTY = ("data value for log axis", "could not set initial ranges")  # Bokeh says so of a figure without numbers
WAIT_S = 30.0  # for what a page will show
# Text of all elements, also of those in the shadow trees that Bokeh makes.
ALL_TEXT = """
const text = (node) => (node.shadowRoot ? text(node.shadowRoot) : "") + [...node.childNodes].map((child) =>
  child.nodeType === Node.TEXT_NODE ? child.data + "\\n"
  : child.nodeType === Node.ELEMENT_NODE && !["SCRIPT", "STYLE"].includes(child.tagName) ? text(child) : "").join("");
return text(document.body);
"""


class Browser:
    """A window with one page. Elements that TwinOhm names are found by that name."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        for name in self.driver.log_types:
            self.driver.get_log(name)  # of pages before
        self.driver.get(address)

    def text(self) -> str:
        """Return all text of the page."""
        return str(self.driver.execute_script(ALL_TEXT))

    def model(self, name: str, expression: str) -> Any:
        """Return what a JavaScript expression makes of `model`, the model of Bokeh that has a name."""
        code = f"const model = Bokeh.documents[0].get_model_by_name({json.dumps(name)}); return {expression};"
        return self.driver.execute_script(code)

    def click(self, selector: str, text: str = "") -> None:
        """Click on the first element that fits a CSS selector and has a text, also in the shadow trees of Bokeh."""
        code = """
        const all = (node) => [...node.querySelectorAll("*")].flatMap((one) =>
          [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
        all(document).find((one) => one.matches(arguments[0]) && one.textContent.includes(arguments[1])).click();
        """
        self.driver.execute_script(code, selector, text)

    def wait(self, holds: Callable[[], Any], what: str) -> Any:
        """Return what holds() returns as soon as that is true; fail after WAIT_S."""
        end = time.monotonic() + WAIT_S
        while not (found := holds()):
            assert time.monotonic() < end, f"the page does not show {what}:\n{self.text()[:3000]}"
            time.sleep(0.05)
        return found

    def wait_for(self, *texts: str) -> str:
        """Return the text of the page once it has all of `texts`."""
        self.wait(lambda: all(text in self.text() for text in texts), repr(texts))
        return self.text()

    def column(self, name: str, renderer: int, column: str) -> list[float]:
        """Return a column of what one renderer of a figure draws."""
        source = f"model.renderers[{renderer}].data_source"
        return list(self.model(name, f"Array.from({source}.get_array({json.dumps(column)}))"))

    def hover_over(self, name: str, node: int) -> None:
        """Move the mouse to a point of the last scatter of a figure."""
        code = """
        const view = [...Bokeh.index.roots].find((one) => one.model.name === arguments[0]);
        const points = view.model.renderers.findLast((one) => one.glyph.type === "Scatter").data_source;
        const [x, y] = ["x", "y"].map((name) => Array.from(points.get_array(name))[arguments[1]]);
        view.el.scrollIntoView();
        const box = view.canvas_view.el.getBoundingClientRect();
        return [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)];
        """
        x, y = self.driver.execute_script(code, name, node)
        mouse = ActionBuilder(self.driver)
        mouse.pointer_action.move_to_location(int(x) - 3, int(y)).move_to_location(int(x), int(y))
        mouse.perform()

    def complaints(self) -> list[str]:
        """Return warnings and errors of the browser's console since open(), without those of EMPTY."""
        found = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "INFO"]
        return [text for text in found if not any(words in text for words in EMPTY)]

    def hosts(self) -> set[str]:
        """Return the hosts to which requests went since open(), with their ports."""
        return {found[1] for url in self.requests() if (found := re.match(r"\w+://([^/]*)", url))}

    def requests(self) -> list[str]:
        """Return the addresses of all requests since open(), or since the last call."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                url = message["params"].get("url") or message["params"]["request"]["url"]
                found.append(url)
        return found


def open_chromium(profile: Path, traced: bool = True) -> webdriver.Chrome:
    """Start chromium without a window, with its profile in that folder. Nothing is downloaded for it.

    `traced`: keep its requests for Browser.hosts().
    """
    options = webdriver.ChromeOptions()
    options.binary_location = str(find_browser())
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"} | ({"performance": "ALL"} if traced else {}))
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


@contextmanager
def served(*arguments: str, cwd: Path) -> Iterator[str]:
    """Yield the address that a command which serves pages prints; Ctrl-C ends it, and it must say so."""
    command = [*COMMAND, *arguments, "--no-browser"]
    with subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        try:
            found = re.search(r"http://127\.0\.0\.1:\d+/", first)
            assert found is not None, first + process.stderr.read()
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
        process.wait(10)  # a computer that is busy may need its last resort, which has exit code 1
        assert rest.endswith("runs go on; the same command shows them again\n"), rest
