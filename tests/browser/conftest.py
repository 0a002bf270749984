"""One chromium for all tests of pages."""

from collections.abc import Iterator

import pytest
from selenium import webdriver

from tests.browser.chromium import Browser, open_chromium


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    driver = open_chromium(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> Iterator[Browser]:
    yield Browser(chromium)
    chromium.get("about:blank")
