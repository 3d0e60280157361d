"""Several runs compared with one: each difference is that of the pair, and one report and one page have them all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import GraphDifference, GraphDifferences, Tensor, diff_graphs, record_run, tensor
from tests.player.browsing import text, texts
from tests.player.reading import data_of

X = np.random.default_rng(0).normal(size=(6, 4))


def run(act: Any, scale: float = 1.0) -> tuple[Callable[[], Any], dict[str, Tensor]]:
    rng = np.random.default_rng(1)
    v, w = (tensor(rng.normal(size=shape), requires_grad=True) for shape in ((4, 5), (5, 1)))
    return lambda: ((act(X @ v) * scale) @ w).sum(), {"v": v, "w": w}


def several() -> tuple[Any, dict[str, Any], tuple[Any, ...]]:
    first, *others = run(np.tanh), run(np.tanh), run(np.sin), run(np.tanh, 2.0)
    runs = dict(zip(["again", "<sine>", "doubled"], [each for each, _ in others], strict=True))
    return first[0], runs, tuple(params for _, params in (first, *others))


def test_each_is_the_difference_of_the_pair() -> None:
    a, runs, params = several()
    found = diff_graphs(a, runs, params)
    assert isinstance(found, GraphDifferences)
    assert [*found] == [*runs]
    for (name, b), own in zip(runs.items(), params[1:], strict=True):
        pair = diff_graphs(a, b, (params[0], own))
        assert isinstance(pair, GraphDifference)
        assert found[name].verdict == pair.verdict
        assert str(found[name].first_difference) == str(pair.first_difference)
    assert [each.same for each in found.values()] == [True, False, False]
    assert not found.same
    assert found.verdict == "2 of 3 runs differ from run a: <sine>, doubled"
    report = str(found)
    assert "  again: no difference in 7 nodes" in report
    assert report.index("run <sine>\n") < report.index("  tanh → sin:") < report.index("run doubled\n")
    assert repr(found) == f"<GraphDifferences: {found.verdict}>"


def test_lists_have_letters_and_recorded_runs_count() -> None:
    a, runs, _ = several()
    found = diff_graphs(record_run(a), [record_run(each) for each in runs.values()])
    assert [*found] == ["b", "c", "d"]
    assert diff_graphs(a, [a]).verdict == "no difference in 1 run"
    assert diff_graphs(a, [a]).same
    assert [*diff_graphs(a, (a,) * 30)][:2] == ["2", "3"]


def test_what_does_not_fit_is_refused() -> None:
    a, runs, params = several()
    with pytest.raises(ValueError, match="no run"):
        diff_graphs(a, [])
    with pytest.raises(ValueError, match="all 4 runs, or one for each; not 3"):
        diff_graphs(a, runs, params[:3])
    with pytest.raises(TypeError):
        diff_graphs(a, [3])  # type: ignore[list-item]


def test_a_page_without_a_script(tmp_path: Path) -> None:
    a, runs, params = several()
    page = diff_graphs(a, runs, params).to_html(tmp_path / "page.html")
    static, _, _ = page.read_text("utf-8").partition('<script id="data"')
    assert static.count('<div class="comparison">') == 3
    assert static.count("First difference") == 2
    assert "&lt;sine&gt;" in static
    assert "<sine>" not in page.read_text("utf-8")
    assert static.count('<th scope="col">doubled</th>') == 1
    assert [each["name"] for each in data_of(page)["runs"]] == [*runs]


def test_a_page_shows_one_run_at_a_time(browser: Any, tmp_path: Path) -> None:
    a, runs, params = several()
    browser.get(diff_graphs(a, runs, params).to_html(tmp_path / "page.html").as_uri())

    def shown() -> list[str]:
        return [each.text for each in browser.find_elements("css selector", ".comparison > h2") if each.is_displayed()]

    assert shown() == ["Run a and run <sine>"]  # the first one that differs
    assert "tanh → sin" in texts(browser, "#rows .what")
    buttons = browser.find_elements("css selector", "[data-run]")
    buttons[2].click()
    assert shown() == ["Run a and run doubled"]
    assert texts(browser, "#rows .what")[0] == "multiply"
    buttons[0].click()
    assert shown() == ["Run a and run again"]
    assert text(browser, "#count") == "7 of 7 nodes"
    assert [button.get_attribute("aria-pressed") for button in buttons] == ["true", "false", "false"]
