"""Pages for all readers: contrast in light and dark, focus that is seen, names of controls, shapes beside colours."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError, Value, diff_graphs, player

from .browsing import press, texts

Keys = pytest.importorskip("selenium.webdriver.common.keys", reason="drives a browser: pip install selenium").Keys

X = np.ones((3, 4), np.float32)

# Of each text that is shown: its contrast to what is behind it, as the guidelines for accessible pages define it.
CONTRASTS = """
    const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const numbers = (colour) => {
        pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], below) => [r, g, b].map((part, i) => part * a + below[i] * (1 - a));
    const light = (colour) => {
        const [r, g, b] = colour.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        const layers = [];
        for (let each = element; each; each = each.parentElement) {
            const card = each.matches('.mark') ? each.querySelector('path')
                : each.matches('.box, .frame') ? each.card : null;
            const style = getComputedStyle(each);
            if (card) {
                const own = numbers(getComputedStyle(card).fill);
                own[3] *= Number(getComputedStyle(card).fillOpacity);
                layers.push(own);
            } else if (!(each instanceof SVGElement)) layers.push(numbers(style.backgroundColor));
        }
        return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim();
        if (!text || element.closest('script, style, title, option, noscript')) continue;
        if (!element.getClientRects().length) continue;
        const style = getComputedStyle(element);
        if (style.visibility === 'hidden') continue;
        const below = behind(element), colour = element instanceof SVGElement ? style.fill : style.color;
        const [a, b] = [light(over(numbers(colour), below)), light(below)].sort((x, y) => y - x);
        found.push([text.slice(0, 40), (a + 0.05) / (b + 0.05)]);
    }
    return found;
"""

# The names that assistive technology has for the controls that a key can reach.
NAMES = """
    const all = [...document.querySelectorAll('button, select, input, summary, [tabindex="0"]')];
    return all.filter(each => each.getClientRects().length).map(each => [each.outerHTML.slice(0, 60),
        each.getAttribute('aria-label') || (each.getAttribute('aria-labelledby')
            && document.getElementById(each.getAttribute('aria-labelledby')).textContent)
        || (each.labels && each.labels.length && each.labels[0].textContent) || each.textContent.trim()]);
"""

FOCUSED = """
    const each = document.activeElement, style = getComputedStyle(each);
    const name = each === document.body ? '' : each.outerHTML.slice(0, 60);
    return [name, style.outlineStyle, parseFloat(style.outlineWidth)];
"""


class Broken(nn.Module):
    """Its layers do not fit."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 3), nn.Linear(5, 2)

    def forward(self, x: Any) -> Any:
        return self.second(np.tanh(self.first(x)))


def plain(folder: Path) -> Path:
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))
    data = {"0.weight": -2, "0.bias": 1, "2.weight": 7, model[1]: 3, "2": -7}
    return player(lambda: (model(X) ** 2).mean(), folder / "plain.html", params=model, depth=2, data=data)


def closed(folder: Path) -> Path:
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 1))
    return player(lambda: (model(X) ** 2).mean(), folder / "closed.html", params=model, depth=1, data={"0": 1})


def failed(folder: Path) -> Path:
    with pytest.raises(ShapeError):
        player(Broken(), folder / "failed.html", X)
    return folder / "failed.html"


def compared(folder: Path) -> Path:
    a, b = Value(2.0), Value(3.0)
    runs = [lambda: (a * b).tanh(), lambda: (a * b).relu(), lambda: (a * b + a).tanh()]
    return diff_graphs(lambda: (a * b).tanh(), runs, {"a": a, "b": b}).to_html(folder / "compared.html")


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, browser: Any) -> Iterator[str]:
    wanted = [{"name": "prefers-color-scheme", "value": request.param}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
    yield request.param
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("make", [plain, closed, failed, compared])
@pytest.mark.usefixtures("scheme")
def test_every_text_can_be_read(browser: Any, make: Callable[[Path], Path], tmp_path: Path) -> None:
    browser.get(make(tmp_path).as_uri())
    for keys in ((Keys.HOME,), (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT), (Keys.END,), (Keys.ARROW_UP, "?")):
        press(browser, *keys)
        found = browser.execute_script(CONTRASTS)
        assert len(found) > 10
        assert [each for each in found if each[1] < 4.5] == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("make", [plain, failed, compared])
def test_keys_reach_every_control_and_show_where_they_are(
    browser: Any, make: Callable[[Path], Path], width: int, tmp_path: Path
) -> None:
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(make(tmp_path).as_uri())
    names = browser.execute_script(NAMES)
    assert len(names) > 5
    assert [element for element, name in names if not name] == []
    seen = []
    for _ in range(60):
        press(browser, Keys.TAB)
        element, style, outline = browser.execute_script(FOCUSED)
        if not element or element in seen:
            break
        assert style != "none", element
        assert outline >= 2 or style == "auto", element
        seen.append(element)
    reached = {element for element, _ in names}
    assert reached - {*seen} == set()
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width  # nothing is cut off, and nothing has to be scrolled aside


def test_kinds_differ_in_more_than_colour(browser: Any, tmp_path: Path) -> None:
    script = """const shown = [...document.querySelectorAll('#legend i')].filter(each => each.getClientRects().length);
        return shown.map(each => {
            const style = getComputedStyle(each);
            return [each.className, [style.borderRadius, style.transform, style.borderTopStyle].join()];
        })"""
    browser.get(failed(tmp_path).as_uri())
    looks = dict(browser.execute_script(script))
    assert {"input", "leaf", "operation", "result", "failed"} <= {*looks}
    assert len({*looks.values()}) == len(looks), looks


@pytest.mark.parametrize("width", [1280, 390])
def test_numbers_and_remarks_are_seen(browser: Any, width: int, tmp_path: Path) -> None:
    a, b = Value(2.0), Value(3.0)
    page = player(a * b, tmp_path / "page.html", params={"a": a, "b": b}, data={"a": -2, b: 5, Value(1.0): 1})
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(page.as_uri())
    assert texts(browser, ".mark") == ["−2", "5"]
    colours = browser.execute_script("return [...document.querySelectorAll('.mark path')].map(each => each.style.fill)")
    assert ["low" in colours[0], "high" in colours[1]] == [True, True]
    assert "Not in this graph" in browser.find_element("id", "details").text
    if width > 760:
        scale = [each.replace("−", "-") for each in texts(browser, "#legend .scale span")]
        assert scale == ["-5", "-2.5", "0", "2.5", "5"]
    browser.execute_script("document.getElementById('item0').click()")
    assert "data −2" in browser.find_element("id", "details").text
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
