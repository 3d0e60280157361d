"""The page that plays backpropagation, played by a real browser."""

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value

from .browsing import exactly, model, press, small, text, texts

Keys = pytest.importorskip("selenium.webdriver.common.keys", reason="drives a browser: pip install selenium").Keys


def test_played_to_the_end_it_shows_the_gradients_of_the_engine(page: Callable[..., Any]) -> None:
    result, leaves = small()
    browser = page(result, params=leaves)
    browser.execute_script("document.getElementById('speed').value = '100'; document.getElementById('play').click();")
    for _ in range(100):
        if text(browser, "#play span") == "Play":
            break
        time.sleep(0.05)
    events = int(browser.execute_script("return document.getElementById('time').max"))
    assert text(browser, "#status").startswith(f"Step {events} of {events}, backward: multiply")
    result.backward()
    assert [float(exactly(browser, place)["Gradient"]) for place in (0, 1)] == [leaves["a"].grad, leaves["b"].grad]
    assert float(exactly(browser, 6)["Value"]) == result.data
    gradient = texts(browser, ".box.leaf text.gradient")
    assert gradient == [f"∂ {leaf.grad:.4g}".replace("-", "−") for leaf in leaves.values()]
    contributions = texts(browser, "#details tbody tr")
    assert contributions == []  # of the result, which nothing uses


def test_gradients_accumulate_edge_by_edge(page: Callable[..., Any]) -> None:
    a = Value(3.0)
    browser = page(a * a + a, params={"a": a})
    seen = []
    press(browser, Keys.END)
    for _ in range(3):
        seen.append((text(browser, ".box.leaf text.gradient"), len(texts(browser, ".share"))))
        press(browser, Keys.ARROW_LEFT)
    assert seen == [("∂ 7", 4), ("∂ 1 (1/3)", 2), ("", 0)]
    exactly(browser, 0)
    assert texts(browser, "#details tbody td:nth-child(2)") == ["1", "3", "3"]
    assert texts(browser, "#details tbody td:nth-child(3)") == ["14 %", "43 %", "43 %"]
    assert text(browser, "#details tfoot") == "sum7"
    press(browser, Keys.HOME)
    assert texts(browser, ".box.forward") == []
    assert texts(browser, ".line.forward, .line.backward") == []


def test_arrays_have_statistics_and_a_map(page: Callable[..., Any]) -> None:
    function, x, layers = model()
    browser = page(function, x, params=layers)
    press(browser, Keys.END)
    exactly(browser, 0)
    loss = function(x)
    loss.backward()
    weight = next(iter(layers.parameters()))
    assert weight.grad is not None
    details = text(browser, "#details")
    assert "input without a gradient, (3, 4) float32" in details
    exactly(browser, 1)
    details = text(browser, "#details")
    assert "leaf, (5, 4) float32" in details
    length = browser.execute_script("return JSON.parse(document.getElementById('data').textContent).steps[1].size")
    assert length == pytest.approx(float(np.linalg.norm(weight.grad.numpy())), rel=1e-6)
    label = browser.execute_script("return document.querySelector('canvas').getAttribute('aria-label')")
    assert label.startswith("value as a map of 5 by 4 cells, from −")
    exactly(browser, 5)
    assert "in Sequential › 0" in text(browser, "#details")


def test_the_keyboard_does_all(page: Callable[..., Any]) -> None:
    result, leaves = small()
    browser = page(result, params=leaves)
    press(browser, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert text(browser, "#status") == "Step 2 of 11, forward: multiply(·, 3.5) of a = 7"
    press(browser, Keys.ARROW_LEFT)
    assert text(browser, "#status").startswith("Step 1 of 11, forward: multiply of a, b = −6")
    drawn = "return [...document.querySelectorAll('#play path')].filter(each => each.getClientRects().length).length"
    for sign in ("Pause", "Play"):
        press(browser, Keys.SPACE)
        assert text(browser, "#play span") == sign
        assert browser.execute_script(drawn) == 1  # a sign that is drawn needs no font
    transform = "return document.getElementById('world').getAttribute('transform')"
    before = browser.execute_script(transform)
    press(browser, "+")
    larger = browser.execute_script(transform)
    assert float(larger.split("scale(")[1][:-1]) > float(before.split("scale(")[1][:-1])
    press(browser, Keys.SHIFT, Keys.ARROW_LEFT, Keys.NULL)
    assert browser.execute_script(transform) != larger
    press(browser, "0")
    assert browser.execute_script(transform) == before
    press(browser, "?")
    assert browser.execute_script("return document.getElementById('keys').hidden") is False
    press(browser, Keys.ESCAPE)
    assert browser.execute_script("return document.getElementById('keys').hidden") is True
    press(browser, Keys.END, Keys.ARROW_UP)
    assert text(browser, "#list [aria-selected='true'] span") == "b"
    order = []
    browser.execute_script("document.activeElement.blur()")
    for _ in range(30):  # the buttons within the details have no name
        press(browser, Keys.TAB)
        order.append(browser.execute_script("return document.activeElement.id"))
        if order[-1] == "list":
            break
    assert [name for name in order if name] == [
        *("start", "back", "play", "step", "end", "speed", "time", "search", "out", "in", "fit", "help"),
        *("graph", "details", "list"),
    ]


def test_search_finds_and_goes_on(page: Callable[..., Any]) -> None:
    result, leaves = small()
    browser = page(result, params=leaves)
    press(browser, "/")
    press(browser, "multiply")
    assert text(browser, "#found") == "3 found"
    assert len(texts(browser, ".box.hit")) == 3
    press(browser, Keys.ENTER)
    press(browser, Keys.ENTER)
    assert text(browser, "#found") == "2 of 3"
    assert text(browser, "#details h2") == "multiply(·, 3.5)"
    press(browser, Keys.ESCAPE)
    assert texts(browser, ".hit") == []
    assert browser.execute_script("return document.activeElement.id") == "graph"


def test_a_click_on_a_box_shows_what_is_known(page: Callable[..., Any]) -> None:
    result, leaves = small()
    browser = page(result, params={"<b>a</b>": leaves["a"]})
    browser.find_element("css selector", "[data-step='5']").click()
    assert text(browser, "#details h2") == "tanh"
    assert any(rule.startswith("def _tanh_rule(g: Any, x: Any) -> Any:") for rule in texts(browser, "#details pre"))
    browser.find_element("css selector", "[data-step='0']").click()
    assert text(browser, "#details h2") == "<b>a</b>"
    assert texts(browser, "#details h2 b") == []


def test_nothing_is_asked_of_a_network(page: Callable[..., Any]) -> None:
    result, leaves = small()
    browser = page(result, params=leaves)
    browser.get_log("performance")
    browser.refresh()
    press(browser, Keys.END)
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}
    assert asked == {browser.current_url}
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    stopped = browser.execute_async_script(
        "const done = arguments[0]; fetch('data:,x').then(() => done('allowed'), () => done('stopped'));"
    )
    assert stopped == "stopped"
    assert any("Content Security Policy" in entry["message"] for entry in browser.get_log("browser"))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_it_is_readable(page: Callable[..., Any], scheme: str, width: int, height: int) -> None:
    result, leaves = small()
    browser = page(result, params=leaves)
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.refresh()
    press(browser, Keys.END)
    contrasts = browser.execute_script("""
        const light = (colour) => {
          const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(c => c / 255)
            .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
          return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const of = (s, p) => light(getComputedStyle(document.querySelector(s))[p]);
        const body = of('body', 'backgroundColor'), panel = of('aside', 'backgroundColor');
        return ['title', 'value', 'gradient'].flatMap(name => ['leaf', 'operation', 'result'].map(kind =>
            ratio(of(`.box.${kind} .${name}`, 'fill'), of(`.box.${kind} rect`, 'fill'))))
          .concat([ratio(of('#status', 'color'), body), ratio(of('#details .muted', 'color'), panel),
                   ratio(of('.share', 'fill'), body), ratio(of('#play', 'color'), of('#play', 'backgroundColor'))]);
    """)
    assert min(contrasts) >= 4.5  # as the Web Content Accessibility Guidelines have it
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    graph = browser.execute_script("return document.getElementById('graph').getBoundingClientRect()")
    assert graph["width"] >= min(width, 900) * 0.9
    assert graph["height"] > 200
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.thorough
def test_two_thousand_steps_open_in_two_seconds(page: Callable[..., Any]) -> None:
    x = [Value(0.1 * i) for i in range(40)]
    row = x
    for _ in range(24):
        row = [(a * b).tanh() for a, b in zip(row, row[1:] + row[:1], strict=True)]
    result = row[0]
    for y in row[1:]:
        result = result + y
    browser = page(result)
    assert len(texts(browser, ".box")) >= 1990
    times = []
    for _ in range(3):  # others use this machine too
        browser.refresh()
        times.append(browser.execute_script("return performance.getEntriesByType('navigation')[0].domComplete"))
    assert 0 < min(times) < 2000
    press(browser, Keys.END)
    assert len(texts(browser, ".box.backward")) == len(texts(browser, ".box"))
