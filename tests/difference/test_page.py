"""The page of a difference: what it says without a script, that it is self-contained, and what its script shows."""

import base64
import hashlib
import html.parser
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import diff_graphs, tensor
from autograd.tensors.notebook import heat_map
from tests.player.browsing import text, texts

W = tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)


def product(swapped: bool) -> Any:
    h = W @ np.eye(2)
    return (np.sin(h) if swapped else np.tanh(h)).sum()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("difference") / "page.html"
    difference = diff_graphs(lambda: product(False), lambda: product(True), {"</script><b>": W})
    assert difference.to_html(path, title="Main & <branch>") == path
    return path


def test_the_page_says_the_first_difference_without_a_script(file: Path) -> None:
    page = file.read_text(encoding="utf-8")
    static = page[: page.index('<script id="data"')]
    assert "<title>Main &amp; &lt;branch&gt;</title>" in static
    assert "tanh → sin" in static
    assert static.count("<p>test_page.py:") == 2
    assert str(Path(__file__).parent) not in page  # others read it
    assert "return (np.sin(h) if swapped else np.tanh(h)).sum()" in static
    assert static.count("data:image/png;base64,") == 3  # the values, and their deviation
    assert re.search(r"forward</th><td>[\d.]+ (µs|ms)</td>", static)


def test_the_page_is_self_contained_and_names_break_nothing(file: Path) -> None:
    page = file.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "</script><b>" not in page
    for kind in ("style", "script"):
        content = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)[0]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in page
    parser = html.parser.HTMLParser()
    parser.feed(page)
    assert not re.search(r"\sstyle=", page)  # the policy would stop it


def test_equal_runs_give_a_page_that_says_so(tmp_path: Path) -> None:
    page = diff_graphs(lambda: product(True), lambda: product(True)).to_html(tmp_path / "same.html").read_text("utf-8")
    assert 'class="verdict same">No difference in 4 nodes' in page
    assert "First difference" not in page


def test_the_list_is_filtered_searched_and_opened(browser: Any, file: Path) -> None:
    browser.get(file.as_uri())
    assert text(browser, "#count") == "1 of 4 nodes"
    show = """const one = document.querySelector(arguments[0]);
        one.value = arguments[1]; one.dispatchEvent(new Event(arguments[2]))"""
    assert texts(browser, ".what") == ["tanh → sin"]
    browser.execute_script(show, "#filter", "differ", "change")
    assert text(browser, "#count") == "4 of 4 nodes"
    assert re.fullmatch(r"off by [\d.]+, in 4 of 4", texts(browser, "details .value")[2])
    browser.execute_script(show, "#filter", "all", "change")
    browser.execute_script(show, "#search", "MATMUL", "input")
    assert texts(browser, ".what") == ["matmul"]
    browser.execute_script("document.querySelector('details').open = true")
    told = browser.execute_async_script(
        "const done = arguments[0]; setTimeout(() => done(document.querySelector('.table').textContent), 50)"
    )
    assert "run arun b" in told
    assert "forward" in told
    assert "return (np.sin(h)" not in told
    assert "h = W @ np.eye(2)" in told
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_does_not_scroll_aside(browser: Any, tmp_path: Path, width: int) -> None:
    old, new = nn.MLP([3, 40, 2]), nn.MLP([3, 40, 2])
    page = diff_graphs(lambda: old(np.ones((5, 3))).sum(), lambda: new(np.ones((5, 3))).sum()).to_html(
        tmp_path / "page.html"
    )
    frame = tmp_path / "frame.html"
    frame.write_text(f'<iframe src="{page.name}" width="{width}" height="900"></iframe>')
    browser.get(frame.as_uri())
    browser.switch_to.frame(0)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    browser.switch_to.default_content()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)), np.array(2.0), np.array([1 + 2j, np.nan]), np.array([True, False]), np.zeros((3, 2, 70)),
        np.full((2, 2), np.inf), np.array(["a"], object), np.full((3, 3), 1e308), np.zeros((1, 100_000), np.int8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)  # fmt: skip
def test_heat_maps_of_odd_arrays_stay_small(array: np.ndarray[Any, Any]) -> None:
    picture = heat_map(array, 'odd "one"')
    assert len(picture) < 2000
    assert bool(picture) == (array.size > 0 and array.dtype.kind != "O")


def test_heat_maps_show_signs_and_what_is_not_finite() -> None:
    import io

    image = pytest.importorskip("PIL.Image")
    picture = heat_map(np.array([[-2.0, 1.0], [0.0, np.nan]]), "four")
    data = base64.b64decode(picture.partition("base64,")[2].rstrip('">'))
    pixels = np.asarray(image.open(io.BytesIO(data)))
    assert pixels[..., 3].tolist() == [[255, 128], [0, 255]]
    assert pixels[0, 0, 2] > pixels[0, 0, 0]  # blue
    assert pixels[0, 1, 0] > pixels[0, 1, 2]  # orange
