"""The report refers to nothing outside, escapes names, and holds the figures."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError

from .runs import make_history, trained

plt = pytest.importorskip("matplotlib.pyplot", reason="draws: pip install -e '.[plot]'")
plots: Any = nn.plots  # so that wrong calls need no excuse


class Elements(HTMLParser):
    """All that a page refers to, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.references: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
                self.references.append(value or "")
            if name == "aria-label":
                self.labels.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "img"):
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


class TestReport:
    def test_it_refers_to_nothing_outside(self, tmp_path: Path) -> None:
        recorder = plots.HistogramRecorder()
        model, history = trained(recorder)
        X, y = np.zeros((5, 3)), np.array([0, 1, 0, 1, 0])
        path = plots.report(tmp_path / "report.html", history, model, (X, y), recorder=recorder)
        page = path.read_text(encoding="utf-8")
        found = Elements(page)
        assert not found.open
        assert not {"script", "link", "iframe", "object"} & set(found.tags)
        assert found.references
        assert all(reference.startswith(("#", "data:image/png;base64,")) for reference in found.references)
        assert not re.search(r"https?:|@import|url\((?!#)", page)
        assert len(set(found.ids)) == len(found.ids)
        assert {reference[1:] for reference in found.references if reference[0] == "#"} <= set(found.ids)
        assert set(re.findall(r"url\(#([^)]*)\)", page)) <= set(found.ids)
        assert "prefers-color-scheme: dark" in page
        assert found.tags.count("svg") == 5
        assert found.tags.count("img") == 1 + 8

    def test_it_holds_the_figures_and_the_layers(self, tmp_path: Path) -> None:
        model, history = trained()
        history.attrs["stopped"] = "Ctrl-C & more"
        matrices: Any = [np.eye(2, dtype=int)] * len(history)
        history["confusion_matrix"] = matrices  # which no curve is drawn of
        data = np.zeros((5, 3)), np.zeros(5, int)
        page = plots.report(tmp_path / "report.html", history, model, data, title="A run").read_text(encoding="utf-8")
        text = Elements(page).text
        for column in ("loss", "val_loss", "accuracy", "gradient_norm"):
            assert all(f"{value:.4g}" in text for value in history[column])
        assert "Ctrl-C & more" in text
        assert "confusion_matrix" not in text
        assert "Linear" in text
        assert "multiply-adds" in text
        assert f"{history['val_loss'].min():.4g} in epoch {history['val_loss'].idxmin()}" in text
        assert page.count('class="best"') == 1
        assert "<title>A run</title>" in page

    def test_names_are_escaped(self, tmp_path: Path) -> None:
        history = make_history().assign(**{'<i>$\\x$ & "y': np.ones(4)})
        history.attrs["stopped"] = "<script>stop</script>"

        class Odd(nn.Module):
            def extra_repr(self) -> str:
                return "<script>repr</script>"

        page = plots.report(tmp_path / "r.html", history, Odd(), title="<script>t</script>").read_text(encoding="utf-8")
        found = Elements(page)
        assert not {"script", "i"} & set(found.tags)
        assert found.text.count("<script>t</script>") == 2
        assert "<script>stop</script>" in found.text
        assert "<script>repr</script>" in found.text
        assert '<i>$\\x$ & "y' in found.text
        assert '<i>$\\x$ & "y over the epochs' in found.labels

    @pytest.mark.thorough
    def test_pictures_of_digits_and_of_the_plane(self, tmp_path: Path) -> None:
        X, y = np.random.default_rng(0).random((12, 1, 8, 8)), np.arange(12) % 3
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 3))
        flat = nn.Sequential(nn.Linear(64, 3))
        plane = nn.Linear(2, 3)
        for network, inputs, shape, words in (
            (model, X, None, ["confusion matrix", "the worst mistakes", "filters of the first layer"]),
            (flat, X.reshape(12, 64), (8, 8), ["confusion matrix", "the worst mistakes", "weights of the first layer"]),
            (flat, X.reshape(12, 64), None, ["confusion matrix"]),
            (plane, X[:, 0, 0, :2], None, ["confusion matrix", "decision boundary"]),
        ):
            path = plots.report(tmp_path / "r.html", make_history(), network, (inputs, y), image_shape=shape)
            assert re.findall('alt="([^"]*)"', path.read_text(encoding="utf-8")) == words
            assert not plt.get_fignums()  # each was drawn into the page

    @pytest.mark.thorough
    def test_the_same_run_gives_the_same_page_and_no_figure_stays_open(self, tmp_path: Path) -> None:
        pages = [plots.report(tmp_path / f"{i}.html", make_history()).read_bytes() for i in range(2)]
        assert pages[0] == pages[1]
        assert not plt.get_fignums()

    @pytest.mark.thorough
    def test_a_regression_has_no_confusion(self, tmp_path: Path) -> None:
        for X, y in (np.zeros((4, 3)), np.zeros((4, 1))), (np.zeros((4, 2)), np.zeros(4, int)):
            model = nn.Linear(X.shape[1], 1)
            page = plots.report(tmp_path / "r.html", make_history(), model, (X, y)).read_text(encoding="utf-8")
            assert "<img" not in page
            assert "What the model makes" not in page

    def test_errors_leave_no_file(self, tmp_path: Path) -> None:
        path, history, model = tmp_path / "r.html", make_history(), nn.Linear(3, 2)
        X, y = np.zeros((4, 3)), np.zeros(4, int)
        with pytest.raises(ValueError, match="given data but no model"):
            plots.report(path, history, data=(X, y))
        with pytest.raises(TypeError, match=r"takes an nn\.Module, not a dict"):
            plots.report(path, history, {})
        with pytest.raises(TypeError, match=r"data should be a tuple \(X, y\) of arrays, not a ndarray"):
            plots.report(path, history, model, X)
        with pytest.raises(ShapeError, match=r"X has 4 rows, but y has shape \(3,\)"):
            plots.report(path, history, model, (X, y[:3]))
        with pytest.raises(ShapeError, match="data of 0 rows"):
            plots.report(path, history, model, (X[:0], y[:0]))
        with pytest.raises(ShapeError, match=r"X of shape \(4, 3\) are no rows of images of shape \(2, 2\)"):
            plots.report(path, history, model, (X, y), image_shape=(2, 2))
        with pytest.raises(TypeError, match="the DataFrame that"):
            plots.report(path, [1])
        assert not list(tmp_path.iterdir())
        with pytest.raises(FileNotFoundError, match="make it first"):
            plots.report(tmp_path / "nowhere" / "r.html", history)
