"""Modules on the page: collapsed, expanded, within each other."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import gradients, tensor

from .browsing import exactly, press, shown, text, texts

Keys = pytest.importorskip("selenium.webdriver.common.keys", reason="drives a browser: pip install selenium").Keys

PLACES = """return [...document.querySelectorAll(arguments[0])].filter(each => each.style.display !== 'none')
    .map(each => {
        const [x, y] = each.getAttribute('transform').match(/-?[\\d.]+/g).map(Number);
        const [width, height] = ['width', 'height'].map(side => Number(each.card.getAttribute(side)));
        return [each.querySelector('.title, :scope > text').textContent, x, y, x + width, y + height];
    })"""


class Block(nn.Module):
    """Two layers, of which the second has two inside."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.rest = nn.Sequential(nn.Tanh(), nn.Linear(4, 2))

    def forward(self, x: Any) -> Any:
        return self.rest(self.first(x) * 2.0)


def nested() -> tuple[Callable[[Any], Any], np.ndarray[Any, Any], nn.Module]:
    layers = nn.Sequential(Block(), nn.ReLU(), nn.Linear(2, 3))
    return lambda x: (layers(x) ** 2).mean(), np.ones((5, 3), np.float32), layers


def titles(browser: Any, what: str) -> list[str]:
    return sorted({each[0] for each in browser.execute_script(PLACES, what)})


def depth(browser: Any) -> str:
    return str(browser.execute_script("return document.getElementById('depth').value"))


def steps(browser: Any) -> Any:
    return browser.execute_script("return JSON.parse(document.getElementById('data').textContent).steps")


def scale(browser: Any) -> float:
    transform = browser.execute_script("return document.getElementById('world').getAttribute('transform')")
    return float(transform.split("scale(")[1][:-1])


def height(browser: Any) -> float:
    """Return how tall the picture is, in its own units."""
    boxes = browser.execute_script(PLACES, ".box")
    return float(max(box[4] for box in boxes) - min(box[2] for box in boxes))


def corner(browser: Any, path: str) -> list[float]:
    """Return the left upper corner of a module's box or frame on the screen."""
    script = """const frames = JSON.parse(document.getElementById('data').textContent).frames;
        const place = frames.findIndex(frame => frame.path === arguments[0]);
        const {left, top} = [...document.querySelectorAll(`[data-toggle="${place}"]`)].map(sign => sign.parentNode)
            .find(each => each.style.display !== 'none').card.getBoundingClientRect();
        return [left, top];"""
    return list(browser.execute_script(script, path))


def toggle(browser: Any, path: str) -> None:
    """Click on the sign that opens or closes a module."""
    script = """const frames = JSON.parse(document.getElementById('data').textContent).frames;
        const place = frames.findIndex(frame => frame.path === arguments[0]);
        return [...document.querySelectorAll(`[data-toggle="${place}"]`)]
            .find(sign => sign.parentNode.style.display !== 'none');"""
    browser.execute_script(script, path).click()


def check_places(browser: Any) -> None:
    """Check that boxes lie apart, and frames around boxes and each other or apart."""
    boxes, frames = (browser.execute_script(PLACES, what) for what in (".box", ".frame"))

    def apart(a: Any, b: Any) -> bool:
        return bool(a[3] <= b[1] or b[3] <= a[1] or a[4] <= b[2] or b[4] <= a[2])

    def around(a: Any, b: Any) -> bool:
        return bool(a[1] <= b[1] and a[2] <= b[2] and a[3] >= b[3] and a[4] >= b[4])

    assert all(apart(a, b) for a, b in itertools.combinations(boxes, 2))
    assert all(apart(frame, box) or around(frame, box) for frame in frames for box in boxes)
    assert all(apart(a, b) or around(a, b) or around(b, a) for a, b in itertools.combinations(frames, 2))


def test_every_depth_can_be_chosen(page: Callable[..., Any]) -> None:
    function, x, layers = nested()
    browser = page(function, x, params=layers, depth=0)
    assert texts(browser, "#depth option") == ["some", "0", "1", "2", "3", "all"]
    found = []
    for number in range(5):
        assert depth(browser) == str(number)
        check_places(browser)
        found.append((titles(browser, ".box"), titles(browser, ".frame")))
        press(browser, "d")
    assert found[0] == (["Sequential", "mean", "power(·, 2)", "x"], [])
    assert found[1] == (["0", "1", "2", "mean", "power(·, 2)", "x"], ["Sequential"])
    operations = ["linear", "mean", "multiply(·, 2)", "power(·, 2)", "relu"]
    assert found[2][0] == ["bias", "first", *operations, "rest", "weight", "x"]
    assert found[3][1] == ["0 · Block", "1 · ReLU", "2 · Linear", "Sequential", "first · Linear", "rest · Sequential"]
    assert found[4][1] == sorted([*found[3][1], "0 · Tanh", "1 · Linear"])
    press(browser, "D")
    assert depth(browser) == "3"
    press(browser, "m")
    assert depth(browser) == "4"
    press(browser, "m")
    assert (titles(browser, ".box"), titles(browser, ".frame")) == found[0]


def test_a_module_opens_beside_one_that_stays_closed(page: Callable[..., Any]) -> None:
    function, x, layers = nested()
    browser = page(function, x, params=layers, depth=1)
    press(browser, "-")
    before = corner(browser, "0")
    toggle(browser, "0")
    assert (depth(browser), text(browser, "#status")) == ("", "4 modules in one box each")
    assert titles(browser, ".box") == ["1", "2", "first", "mean", "multiply(·, 2)", "power(·, 2)", "rest", "x"]
    assert titles(browser, ".frame") == ["0 · Block", "Sequential"]
    assert corner(browser, "0") == pytest.approx(before, abs=1.5)  # where one points at, it stays
    check_places(browser)
    tall = height(browser)
    toggle(browser, "0.rest")
    assert titles(browser, ".frame") == ["0 · Block", "Sequential", "rest · Sequential"]
    check_places(browser)
    for _ in range(2):
        toggle(browser, "")
        check_places(browser)
    assert titles(browser, ".frame") == [
        "0 · Block",
        "Sequential",
        "rest · Sequential",
    ]  # those within stay as they were
    toggle(browser, "0.rest")
    assert height(browser) == tall
    toggle(browser, "0")
    assert depth(browser) == "1"


def test_room_that_closed_modules_leave_is_taken_out(page: Callable[..., Any]) -> None:
    layers = nn.Sequential(*(nn.Sequential(*(nn.Tanh() for _ in range(6))) for _ in range(3)))
    x = tensor(np.ones((2, 2)), requires_grad=True)
    browser = page(lambda x: layers(x).sum(), x, depth=1)
    closed = height(browser)
    toggle(browser, "1")
    one = height(browser)
    for path in ("0", "2"):
        press(browser, "0")
        toggle(browser, path)
    whole = height(browser)
    assert closed < one < closed + (whole - closed) / 2
    check_places(browser)


def test_with_modules_closed_it_plays_to_the_gradients_of_the_engine(page: Callable[..., Any]) -> None:
    function, x, layers = nested()
    browser = page(function, x, params=layers, depth=1)
    names, parameters = zip(*layers.named_parameters(), strict=True)
    press(browser, Keys.ARROW_RIGHT)
    assert (shown(browser, ".box.now"), shown(browser, ".line.now")) == (["0Block1 of 4 operations"], [])
    press(browser, Keys.END)
    assert len(shown(browser, ".box.backward")) == len(shown(browser, ".box:not(.input)")) == 5
    data = browser.execute_script("return JSON.parse(document.getElementById('data').textContent).steps")
    found = {step["path"]: step["size"] for step in data if "path" in step}
    for name, g in zip(names, gradients(function(x), list(parameters)), strict=True):
        assert found[name] == pytest.approx(float(np.linalg.norm(g.numpy())), rel=1e-5)
    toggle(browser, "2")
    bias = [step.get("path") for step in data].index("2.bias")
    shown_there = shown(browser, f".box[data-step='{bias}'] .gradient")
    assert shown_there == [f"‖∂‖ {found['2.bias']:.4g}"]
    press(browser, Keys.HOME)
    assert shown(browser, ".box.backward") == shown(browser, ".box.forward") == []


def test_keys_open_and_close_what_is_chosen(page: Callable[..., Any]) -> None:
    function, x, layers = nested()
    browser = page(function, x, params=layers, depth=0)
    press(browser, Keys.ARROW_RIGHT)
    assert shown(browser, ".box.chosen") == ["Sequential1 of 6 operations"]
    for opened in (["Sequential"], ["0 · Block", "Sequential"], ["0 · Block", "Sequential", "first · Linear"]):
        press(browser, "e")
        assert titles(browser, ".frame") == opened
    assert shown(browser, ".box.chosen")[0].startswith("linear")
    press(browser, "e")
    assert titles(browser, ".frame") == ["0 · Block", "Sequential"]
    assert shown(browser, ".box.chosen")[0].startswith("first")


def test_details_lead_from_steps_to_modules_and_back(page: Callable[..., Any]) -> None:
    function, x, layers = nested()
    browser = page(function, x, params=layers)
    exactly(browser, [step.get("path") for step in steps(browser)].index("0.rest.1.weight"))
    assert text(browser, "#details h2") == "0.rest.1.weight"
    assert texts(browser, "#details .way button") == ["Sequential", "0", "rest", "1"]
    assert browser.execute_script("return document.querySelector('#list [aria-selected=true]').title") == "in 0.rest.1"
    browser.find_elements("css selector", "#details .way button")[2].click()
    assert text(browser, "#details h2") == "0.rest"
    assert texts(browser, "#details button.module") == ["Sequential", "0", "0 · Tanh", "1 · Linear"]
    press(browser, Keys.TAB)  # the first button of the details, or the one that was used
    browser.execute_script("document.querySelector('#details h2 ~ button').focus()")
    wanted = text(browser, "#details h2 ~ button")
    press(browser, Keys.ENTER)
    assert {wanted, text(browser, "#details h2 ~ button")} == {"Expand", "Collapse"}
    assert ("rest · Sequential" in titles(browser, ".frame")) is (wanted == "Expand")
    assert browser.execute_script("return document.activeElement.textContent") in ("Expand", "Collapse")


def test_what_is_found_within_a_closed_module_is_shown(page: Callable[..., Any]) -> None:
    function, x, layers = nested()
    browser = page(function, x, params=layers, depth=0)
    press(browser, "/")
    press(browser, "tanh")
    assert (text(browser, "#found"), shown(browser, ".box.hit")) == ("1 found", ["Sequential6 operations"])
    press(browser, Keys.ENTER)
    assert titles(browser, ".frame") == ["0 · Block", "0 · Tanh", "Sequential", "rest · Sequential"]
    assert shown(browser, ".box.chosen")[0].startswith("tanh")


def test_operations_of_a_module_are_one_box(page: Callable[..., Any]) -> None:
    class Twice(nn.Module):
        def forward(self, x: Any) -> Any:
            return np.tanh(x * 2.0) + x

    x, twice = tensor([1.0, 2.0], requires_grad=True), Twice()
    browser = page(lambda x: twice(x).sum(), x)
    assert len(shown(browser, ".box")) == 5
    assert len(shown(browser, ".line")) == 5
    press(browser, "m")
    assert len(shown(browser, ".box")) == 3
    assert len(shown(browser, ".line")) == 3
    browser.find_element("css selector", ".box.module").click()
    assert text(browser, "#details h2") == "Twice"
    browser.find_element("css selector", "#details button").click()
    assert len(shown(browser, ".box")) == 5


def test_it_opens_with_what_can_be_read(page: Callable[..., Any]) -> None:
    function, x, layers = nested()
    browser = page(function, x, params=layers)
    assert scale(browser) >= 0.62
    deep = nn.Sequential(*(nn.Sequential(*(nn.Tanh() for _ in range(6))) for _ in range(12)))
    browser = page(lambda x: deep(x).sum(), tensor(np.ones(3), requires_grad=True))
    assert depth(browser) == "1"
    assert scale(browser) >= 0.62  # a part of it
    assert corner(browser, "0")[1] > browser.execute_script("return document.getElementById('graph').offsetTop")
