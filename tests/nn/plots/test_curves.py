"""Curves hold the columns of the history; matplotlib is loaded when it is needed."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nn

from .runs import make_history

plt = pytest.importorskip("matplotlib.pyplot", reason="draws: pip install -e '.[plot]'")
plots: Any = nn.plots  # so that wrong calls need no excuse


class TestPackage:
    def test_names(self) -> None:
        assert set(plots.__all__) <= set(dir(plots))
        assert all(callable(getattr(plots, name)) for name in plots.__all__)
        with pytest.raises(AttributeError, match="no attribute 'lines'"):
            plots.lines  # noqa: B018

    def test_matplotlib_is_loaded_when_something_is_drawn_and_its_lack_named(self) -> None:
        program = (
            "import sys, nn; assert 'matplotlib' not in sys.modules and 'nn.plots._axes' not in sys.modules\n"
            "sys.modules['matplotlib'] = None; nn.plots.HistogramRecorder()\n"
            "nn.plots.embedding([[1, 2]])"
        )
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        last = result.stderr.splitlines()[-1]
        assert last == "ImportError: nn.plots draws with matplotlib: pip install matplotlib"

    def test_axes_are_used_or_made(self) -> None:
        figure, (left, right) = plt.subplots(1, 2)
        assert plots.loss(make_history(), left) is left
        assert not right.lines
        assert plots.loss(make_history()).figure is not figure

    def test_what_is_no_axes_is_refused(self) -> None:
        _, several = plt.subplots(1, 2)
        with pytest.raises(TypeError, match="ax should be one matplotlib Axes, not ndarray: pass one of its 2 axes"):
            plots.loss(make_history(), several)
        with pytest.raises(TypeError, match=r"not Figure: such as plt\.gca"):
            plots.loss(make_history(), plt.figure())


class TestHistory:
    @pytest.mark.parametrize(
        ("draw", "columns"),
        [
            (plots.loss, ["loss", "val_loss"]),
            (plots.accuracy, ["accuracy", "val_accuracy"]),
            (plots.learning_rate, ["lr"]),
            (plots.gradient_norm, ["gradient_norm"]),
            (plots.update_ratio, ["update_ratio"]),
            (lambda history: plots.metric(history, "mae"), ["mae"]),
        ],
    )
    def test_lines_are_columns(self, draw: Any, columns: list[str]) -> None:
        history = make_history()
        ax = draw(history)
        assert len(ax.lines) == len(columns)
        for line, column in zip(ax.lines, columns, strict=True):
            np.testing.assert_array_equal(line.get_xdata(), history.index)
            np.testing.assert_array_equal(line.get_ydata(), history[column])
        assert ax.get_xlabel() == "epoch"
        assert ax.get_ylabel()
        assert (ax.get_legend() is not None) == (len(columns) > 1)

    def test_lines_differ_in_more_than_colour(self) -> None:
        first, second = plots.loss(make_history()).lines
        assert first.get_linestyle() != second.get_linestyle()
        assert first.get_marker() != second.get_marker()
        assert [line.get_label() for line in (first, second)] == ["training", "validation"]

    def test_the_axis_is_logarithmic_where_values_are_far_apart(self) -> None:
        assert plots.learning_rate(make_history()).get_yscale() == "log"
        assert plots.learning_rate(make_history()).get_ylabel() == "learning rate (log)"
        assert plots.gradient_norm(make_history()).get_yscale() == "linear"
        with_zero = make_history(loss=[100.0, 1.0, 0.1, 0.0])
        assert plots.loss(with_zero).get_yscale() == "linear"

    @pytest.mark.parametrize("value", [0.002, -3.0, 0.0])
    def test_a_constant_has_one_label_and_no_range(self, value: float) -> None:
        ax = plots.learning_rate(make_history(lr=np.full(4, value) * (1 + np.array([0, 1e-15, 0, -1e-15]))))
        ax.figure.canvas.draw()
        assert [label.get_text().replace("\N{MINUS SIGN}", "-") for label in ax.get_yticklabels()] == [f"{value:g}"]
        low, high = ax.get_ylim()
        assert (low + high) / 2 == pytest.approx(value)
        assert high - low >= 2 * abs(value)
        assert len(plots.accuracy(make_history(accuracy=0.5, val_accuracy=0.75)).get_yticks()) > 1

    def test_nan_leaves_a_gap(self) -> None:
        ax = plots.loss(make_history(loss=[1.0, np.nan, 0.5, np.inf]))
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0, np.nan, 0.5, np.inf])
        ax.figure.canvas.draw()
        plots.gradient_norm(make_history(gradient_norm=[np.nan] * 4)).figure.canvas.draw()

    def test_accuracy_is_shown_in_percent(self) -> None:
        ax = plots.accuracy(make_history())
        assert ax.get_ylabel() == "accuracy, %"
        assert ax.yaxis.get_major_formatter()(0.85, 0) == "85"

    def test_a_table_from_a_file_has_its_epochs_in_a_column(self, tmp_path: Path) -> None:
        make_history().to_csv(tmp_path / "history.csv")
        ax = plots.loss(pd.read_csv(tmp_path / "history.csv"))
        assert ax.lines[0].get_xdata().tolist() == [1, 2, 3, 4]

    def test_errors(self) -> None:
        with pytest.raises(TypeError, match=r"the DataFrame that nn\.fit returns, not a list"):
            plots.loss([1, 2])
        with pytest.raises(
            ValueError, match=r"no column 'accuracy', but \['loss'\]: pass metrics='accuracy' to nn.fit"
        ):
            plots.accuracy(make_history()[["loss"]])
        with pytest.raises(ValueError, match=r"no column 'lr', but \['loss'\]$"):
            plots.learning_rate(make_history()[["loss"]])
        with pytest.raises(ValueError, match="no rows"):
            plots.loss(make_history(0))
