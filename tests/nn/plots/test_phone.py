"""A report on a phone: nothing is broken within a word, and the page does not scroll aside."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from tests.player.conftest import browser

from .runs import trained

__all__ = ["browser"]


@pytest.mark.thorough
def test_words_are_whole_and_the_page_fits(browser: Any, tmp_path: Path) -> None:
    model, history = trained()
    data = np.random.default_rng(1).normal(size=(20, 3)), np.arange(20) % 2
    page = nn.plots.report(tmp_path / "report.html", history, model, data)
    frame = tmp_path / "frame.html"
    frame.write_text(f'<iframe src="{page.name}" width="390" height="800"></iframe>')
    browser.get(frame.as_uri())
    browser.switch_to.frame(0)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    heights = browser.execute_script(
        "return [...document.querySelectorAll('.model tr')].map(row => row.getBoundingClientRect().height)"
    )
    browser.switch_to.default_content()
    assert len(heights) == 7
    assert max(heights) < 1.5 * min(heights)  # one line each
