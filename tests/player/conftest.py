"""A real browser, in which pages are opened."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd import player

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,800"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="drives a browser: pip install selenium")
    service = pytest.importorskip("selenium.webdriver.chrome.service")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs a browser: install chromium and chromium-driver (Debian's names)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=service.Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    def opened(result: Any, *inputs: Any, **options: Any) -> Any:
        browser.get(player(result, tmp_path / "page.html", *inputs, **options).as_uri())
        return browser

    yield opened
    assert browser.get_log("browser") == []  # neither an error nor something that the policy stopped
