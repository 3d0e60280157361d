"""What is written on the page: it stays in its box, and nothing lies on anything else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, player

from .browsing import press, small, text

WebDriverWait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait
Keys = pytest.importorskip("selenium.webdriver.common.keys", reason="drives a browser: pip install selenium").Keys

SEEN = """
    const shown = (what) => [...document.querySelectorAll(what)].filter(each => each.getClientRects().length);
    const room = (each) => ['left', 'top', 'right', 'bottom'].map(side => each.getBoundingClientRect()[side]);
"""


class Residual(nn.Module):
    """What it adds to its input has a name that is too long for a box."""

    def __init__(self) -> None:
        super().__init__()
        self.a_name_that_is_much_longer_than_any_box_is_wide = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)

    def forward(self, stream: Any) -> Any:
        inner = np.tanh(self.a_name_that_is_much_longer_than_any_box_is_wide(stream))
        return stream + self.norm(inner * 0.5 + inner)


def opened(page: Callable[..., Any], depth: int) -> Any:
    layers = nn.Sequential(Residual(), nn.ReLU(), Residual())
    browser = page(lambda: (layers(np.ones((3, 4), "f4")) ** 2).mean(), params=layers, depth=depth)
    press(browser, Keys.END)
    return browser


@pytest.mark.one_in(4)
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_text_stays_in_its_box(page: Callable[..., Any], depth: int) -> None:
    browser = opened(page, depth)
    script = """return shown('.box text, .frame > text').filter(each => each.textContent).map(each => {
        const [outer, inner] = [each.parentNode.card, each].map(room);
        return [each.textContent, inner[0] - outer[0], inner[1] - outer[1], outer[2] - inner[2], outer[3] - inner[3]];
    })"""
    found = browser.execute_script(SEEN + script)
    assert len(found) > 4
    assert [each for each in found if min(each[1:]) < 0] == []


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_labels_lie_on_nothing_else(page: Callable[..., Any], depth: int) -> None:
    browser = opened(page, depth)
    script = """const labels = shown('.share').map(each => [each.textContent, ...room(each)]);
        const others = shown('.box > rect, .toggle > rect:not(.hand), .frame > text').map(room);
        return [labels, others];"""
    labels, others = browser.execute_script(SEEN + script)
    assert labels
    trim = 2  # the room of a text is higher than its digits

    def meet(a: list[float], b: list[float]) -> bool:
        return a[0] < b[2] and b[0] < a[2] and a[1] + trim < b[3] and b[1] + trim < a[3]

    assert [label[0] for label in labels if any(meet(label[1:], other) for other in others)] == []
    pairs = [(a[0], b[0]) for i, a in enumerate(labels) for b in labels[:i] if meet(a[1:], b[1:])]
    assert pairs == []


@pytest.mark.parametrize("depth", [2, 3])
def test_no_line_runs_through_a_title_or_a_sign(page: Callable[..., Any], depth: int) -> None:
    browser = opened(page, depth)
    script = """const lines = shown('.line').map(line => {
            const matrix = line.getScreenCTM(), length = line.getTotalLength();
            return [...Array(200).keys()].map(k => {
                const {x, y} = line.getPointAtLength(length * k / 199).matrixTransform(matrix);
                return [x, y];
            });
        });
        const things = shown('.frame > text, .frame .toggle > rect:not(.hand)');
        return things.map(each => [each.textContent, ...room(each)]).filter(([, x0, y0, x1, y1]) => lines.some(line =>
            line.some(([x, y]) => x > x0 && x < x1 && y > y0 && y < y1))).map(each => each[0]);"""
    assert browser.execute_script(SEEN + script) == []


def test_steps_are_counted_as_they_are_played(page: Callable[..., Any]) -> None:
    result, leaves = small()
    for browser in (page(result, params=leaves), opened(page, 1)):
        press(browser, Keys.HOME)
        count = int(text(browser, "#status").split()[0])
        assert count == int(browser.execute_script("return document.getElementById('time').max"))
        press(browser, Keys.ARROW_RIGHT)
        assert text(browser, "#status").startswith(f"Step 1 of {count}, ")


@pytest.mark.thorough
def test_a_box_keeps_its_shape_in_every_state(page: Callable[..., Any]) -> None:
    x, w = Value(2.0), Value(3.0)
    browser = page((x * w).tanh(), params={"x": x, "w": w})
    script = """return [...document.querySelectorAll('.box')].map(box => {
        const style = getComputedStyle(box.card);
        return [box.card.getAttribute('width'), box.card.getAttribute('height'), style.rx, style.transform];
    })"""
    shapes = []
    for key in (Keys.HOME, Keys.ARROW_RIGHT, Keys.END, Keys.ARROW_UP):
        press(browser, key)
        shapes.append(browser.execute_script(script))
    assert shapes[0] == shapes[1] == shapes[2] == shapes[3]
    assert len({shape[2] for shape in shapes[0]}) == 2  # of leaves, and of operations


def test_a_page_in_a_cell_that_is_not_seen_yet_begins_with_the_whole_picture(browser: Any, tmp_path: Path) -> None:
    path = player(lambda: (nn.Linear(4, 4)(np.ones((3, 4), "f4")) ** 2).mean(), tmp_path / "page.html")
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<div hidden>{path._repr_html_()}</div>", encoding="utf-8")  # type: ignore[attr-defined]
    browser.get(notebook.as_uri())
    WebDriverWait(browser, 20).until(lambda _: browser.execute_script("return document.readyState === 'complete'"))
    browser.execute_script("document.querySelector('div').hidden = false")
    browser.switch_to.frame(0)
    script = """const outer = room(document.getElementById('graph'));
        return shown('.box').map(room).map(each => [
            each[0] - outer[0], each[1] - outer[1], outer[2] - each[2], outer[3] - each[3]]);"""

    def seen() -> bool:
        found = browser.execute_script(SEEN + script)
        return len(found) > 3 and min(map(min, found)) >= 0

    try:
        WebDriverWait(browser, 20).until(lambda _: seen())
    finally:
        browser.switch_to.default_content()
