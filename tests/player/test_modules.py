"""Modules on the page: collapsed, expanded, within each other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import tensor

from .browsing import model, press, shown, text

Keys = pytest.importorskip("selenium.webdriver.common.keys", reason="drives a browser: pip install selenium").Keys


def test_modules_collapse_and_expand(page: Callable[..., Any]) -> None:
    function, x, layers = model()
    browser = page(function, x, params=layers)
    everything = shown(browser, ".box")
    lines = len(shown(browser, ".line"))
    press(browser, "m")
    collapsed = shown(browser, ".box")
    assert [box for box in collapsed if "operation" in box] == [
        "'0' (Linear) of S…1 operation",
        "'1' (Tanh) of Seq…1 operation",
        "'2' (Linear) of S…1 operation",
    ]
    assert len(collapsed) == len(everything)
    assert len(shown(browser, ".line")) == lines
    press(browser, Keys.END)
    assert len(shown(browser, ".box.now")) == 1
    assert len(shown(browser, ".box.group.backward")) == 3
    press(browser, "m")
    assert len(shown(browser, ".box")) == len(everything)
    assert text(browser, "#modules") == "Collapse modules"


def test_operations_of_a_module_are_one_box(page: Callable[..., Any]) -> None:
    class Block(nn.Module):
        def forward(self, x: Any) -> Any:
            return np.tanh(x * 2.0) + x

    x, block = tensor([1.0, 2.0], requires_grad=True), Block()
    browser = page(lambda x: block(x).sum(), x)
    assert len(shown(browser, ".box")) == 5
    assert len(shown(browser, ".line")) == 5
    press(browser, "m")
    assert len(shown(browser, ".box")) == 3
    assert len(shown(browser, ".line")) == 3
    box = browser.find_element("css selector", ".box.group")
    box.click()
    assert text(browser, "#details h2") == "module Block"
    browser.find_element("css selector", "#details button").click()
    assert len(shown(browser, ".box")) == 5
