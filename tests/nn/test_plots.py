"""Pictures hold the data that they were given and say what is wrong with it; the report needs nothing from outside."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nn
from autograd import DtypeError, ShapeError, gradients

pytest.importorskip("matplotlib", reason="draws: pip install -e '.[plot]'").use("Agg")
colors, plt = pytest.importorskip("matplotlib.colors"), pytest.importorskip("matplotlib.pyplot")

plots: Any = nn.plots  # so that wrong calls need no excuse


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def make_history(epochs: int = 4, **columns: Any) -> pd.DataFrame:
    number = np.arange(1, epochs + 1)
    rows = {
        "loss": 1.0 / number,
        "accuracy": 1 - 0.3 / number,
        "mae": 2.0 / number,
        "val_loss": 1.1 / number,
        "val_accuracy": 1 - 0.4 / number,
        "lr": 0.1**number,
        "gradient_norm": number * 1.5,
        "update_ratio": 0.01 / number,
        "steps": 10 * number,
        "seconds": np.full(epochs, 0.5),
        **columns,
    }
    return pd.DataFrame(rows, index=pd.Index(number, name="epoch"))


def trained(recorder: Any = None, epochs: int = 3, **options: Any) -> tuple[Any, pd.DataFrame]:
    nn.manual_seed(0)
    generator = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Dropout(0.1), nn.Linear(5, 2))
    data = generator.normal(size=(32, 3)), generator.integers(0, 2, 32)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    callbacks = [recorder] if recorder is not None else []
    history = nn.fit(
        model, data, nn.CrossEntropyLoss(), optimizer, epochs=epochs, batch_size=8, validation=data,
        metrics="accuracy", callbacks=callbacks, verbose=False, **options,
    )  # fmt: skip
    return model, history


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
        assert last == "ImportError: nn.plots draws with matplotlib: pip install 'plaingrad[plot]'"

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


class TestRecorder:
    def test_it_counts_what_layers_return_and_their_gradients(self) -> None:
        nn.manual_seed(0)
        model, recorder = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)), plots.HistogramRecorder(bins=7)
        X, y = np.float32(np.random.default_rng(0).normal(size=(16, 3))), np.ones((16, 1), np.float32)
        hidden = model[1](model[0](X))
        output = model[2](hidden).data.copy()
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        nn.fit(model, (X, y), nn.MSELoss(), optimizer, epochs=1, batch_size=16, callbacks=[recorder], verbose=False)
        for path, values in {"1": hidden.data, "2": output}.items():
            (histogram,) = recorder.activations[path]
            counts, edges = np.histogram(values.astype(float), 7)
            np.testing.assert_array_equal(histogram.counts, counts)
            np.testing.assert_allclose(histogram.edges, edges, rtol=1e-5)
        (histogram,) = recorder.gradients["2"]
        counts, edges = np.histogram(2 * (output.astype(float) - 1) / 16, 7)
        np.testing.assert_array_equal(histogram.counts, counts)
        np.testing.assert_allclose(histogram.edges, edges, rtol=1e-4)

    @pytest.mark.parametrize(("every", "steps"), [(None, [0, 4, 8]), (5, [0, 5, 10]), (1, list(range(12)))])
    def test_when_it_records(self, every: int | None, steps: list[int]) -> None:
        recorder = plots.HistogramRecorder(every=every)
        trained(recorder)
        for found in (recorder.activations, recorder.gradients):
            assert {path: [histogram.step for histogram in several] for path, several in found.items()} == {
                str(path): steps for path in range(4)
            }
        assert all(histogram.counts.sum() == 8 * 5 for histogram in recorder.activations["0"])

    def test_training_is_the_same_with_it_and_the_model_is_left_as_it_was(self) -> None:
        recorder = plots.HistogramRecorder(every=1)
        model, history = trained(recorder)
        plain, plain_history = trained()
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(array, plain.state_dict()[name])
        np.testing.assert_array_equal(history["val_loss"], plain_history["val_loss"])
        model(np.ones((2, 3), np.float32))
        assert len(recorder.activations["0"]) == 12

    def test_a_layer_counts_once_a_step(self) -> None:
        class Twice(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = nn.Linear(2, 2)

            def forward(self, x: Any) -> Any:
                return self.inner(self.inner(x))

        def squares_of_gradient(output: Any, target: Any) -> Any:
            (slope,) = gradients((output * output).sum(), [model.inner.weight], create_graph=True)
            return (slope * slope).sum()

        model, recorder = Twice(), plots.HistogramRecorder()
        optimizer = nn.optim.SGD(model.parameters(), lr=1e-3)
        data = np.ones((8, 2)), np.ones((8, 2))
        nn.fit(
            model, data, squares_of_gradient, optimizer, epochs=2, batch_size=4, accumulate=2, callbacks=[recorder],
            verbose=False,
        )  # fmt: skip
        for found in (recorder.activations, recorder.gradients):
            assert [(histogram.step, histogram.counts.sum()) for histogram in found["inner"]] == [(0, 8), (1, 8)]

    def test_layers_can_be_chosen(self) -> None:
        recorder = plots.HistogramRecorder(["3", ""])
        trained(recorder)
        assert list(recorder.activations) == ["3", ""]
        with pytest.raises(ValueError, match=r"no layers \['9'\]: there are \['0', '1', '2', '3'\]"):
            trained(plots.HistogramRecorder(["9"]))

    def test_a_resumed_training_has_all(self, tmp_path: Path) -> None:
        def train(epochs: int, name: str) -> Any:
            recorder = plots.HistogramRecorder()
            saving = nn.training.Checkpoint(tmp_path / name, resume=True)
            nn.manual_seed(0)
            model = nn.Sequential(nn.Linear(3, 1))
            data = np.eye(12, 3), np.ones((12, 1))
            optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
            nn.fit(model, data, nn.MSELoss(), optimizer, epochs=epochs, batch_size=4, callbacks=[recorder, saving],
                   verbose=False)  # fmt: skip
            return recorder

        train(2, "a.npz")
        resumed, whole = train(4, "a.npz"), train(4, "b.npz")
        for kind in ("activations", "gradients"):
            pairs = zip(getattr(resumed, kind)["0"], getattr(whole, kind)["0"], strict=True)
            for got, expected in pairs:
                assert isinstance(got, plots.Histogram)
                assert got.step == expected.step
                np.testing.assert_array_equal(got.counts, expected.counts)
                np.testing.assert_array_equal(got.edges, expected.edges)

    def test_values_that_are_not_finite_are_counted_apart(self) -> None:
        from nn.plots._recorder import _count

        histogram = _count(np.array([1, 2, np.nan, np.inf, -np.inf], np.float32), 3, 4)
        assert (histogram.step, histogram.counts.tolist(), histogram.nonfinite) == (3, [1, 0, 0, 1], 3)

    @pytest.mark.parametrize("values", [[0.0, 0.0], [3.0, 3.0], [1e-45, 2e-45], [1e30, 1e30], [], [-2.0]])
    def test_values_that_are_alike(self, values: list[float]) -> None:
        from nn.plots._recorder import _count

        histogram = _count(np.array(values, np.float32), 0, 5)
        assert histogram.counts.sum() == len(values)
        assert (np.diff(histogram.edges) > 0).all()

    def test_errors(self) -> None:
        with pytest.raises(TypeError, match=r"a list of paths: \['0'\]"):
            plots.HistogramRecorder("0")
        with pytest.raises(ValueError, match="every should be 1 step or more, not 0"):
            plots.HistogramRecorder(every=0)
        with pytest.raises(ValueError, match="bins should be 1 or more, not 0"):
            plots.HistogramRecorder(bins=0)


class TestHistograms:
    def test_the_mesh_holds_the_shares_of_the_values(self) -> None:
        recorder = plots.HistogramRecorder()
        even = np.linspace(0.0, 10.0, 11)
        counts = [np.full(10, 10), np.array([0] * 5 + [20] * 5)]
        recorder.activations["a"] = [plots.Histogram(step, c, even, 0) for step, c in zip((0, 10), counts, strict=True)]
        ax = plots.histograms(recorder, "a")
        mesh = ax.collections[0]
        shares = np.ma.filled(mesh.get_array(), 0).reshape(10, 2)
        # 0.5 % of the values are beyond either end: of the first, evenly spread ones, and of the second's upper end
        np.testing.assert_allclose(shares[:, 0], 9.9, rtol=0.01)
        np.testing.assert_allclose(shares[6:9, 1], 19.8, rtol=0.01)
        np.testing.assert_allclose(shares[:4, 1], 0)
        low, median, high = (line.get_ydata() for line in ax.lines)
        np.testing.assert_allclose([low, median, high], [[0.5, 5.25], [5.0, 7.5], [9.5, 9.75]])
        np.testing.assert_array_equal(mesh.get_coordinates()[0, :, 0], [-5, 5, 15])

    def test_a_recorded_training(self) -> None:
        recorder = plots.HistogramRecorder(every=3)
        trained(recorder)
        for kind in ("activations", "gradients"):
            ax = plots.histograms(recorder, "3", kind)
            assert ax.lines[0].get_xdata().tolist() == [0, 3, 6, 9]
            assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "value")
            ax.figure.canvas.draw()

    def test_one_record_and_values_all_alike(self) -> None:
        recorder = plots.HistogramRecorder()
        recorder.gradients["a"] = [plots.Histogram(7, np.array([0, 5, 0]), np.linspace(-1e-12, 1e-12, 4), 0)]
        plots.histograms(recorder, "a", "gradients").figure.canvas.draw()

    def test_errors(self) -> None:
        recorder = plots.HistogramRecorder()
        with pytest.raises(ValueError, match=r"of a layer '0': pass it to nn.fit first, callbacks=\[recorder\]"):
            plots.histograms(recorder, "0")
        with pytest.raises(ValueError, match='"activations" or "gradients", not \'weights\''):
            plots.histograms(recorder, "0", "weights")
        with pytest.raises(TypeError, match=r"takes an nn\.plots\.HistogramRecorder, not a dict"):
            plots.histograms({}, "0")
        recorder.activations["0"] = []
        with pytest.raises(ValueError, match="no activations of layer '0' were recorded"):
            plots.histograms(recorder, "0")
        with pytest.raises(ValueError, match=r"a layer '1': there are \['0'\]"):
            plots.histograms(recorder, "1")


class TestConfusion:
    def test_counts(self) -> None:
        generator = np.random.default_rng(0)
        labels, guesses = generator.integers(0, 4, (2, 50))
        by_hand = [[sum(labels[guesses == guess] == label) for guess in range(4)] for label in range(4)]
        ax = plots.confusion_matrix(labels, guesses)
        shown = ax.images[0].get_array()
        assert isinstance(shown, np.ma.MaskedArray)
        np.testing.assert_array_equal(shown.data, by_hand)
        np.testing.assert_array_equal(shown.mask, np.eye(4, dtype=bool))
        assert f"{np.trace(by_hand)} of 50 right" in ax.get_title()
        written = {text.get_position(): int(text.get_text()) for text in ax.texts}
        assert written == {(j, i): n for i, row in enumerate(by_hand) for j, n in enumerate(row) if n}
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("guess", "label")

    def test_scores_are_guesses_and_tell_the_classes(self) -> None:
        ax = plots.confusion_matrix(nn.Parameter(np.zeros(2)).data.astype(int), np.array([[0, 3, 1], [5, 1, 2]]))
        assert ax.images[0].get_array().data.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 0]]

    def test_names_and_many_classes(self) -> None:
        ax = plots.confusion_matrix([0, 1], [1, 1], names=["cat", "$\\dog"])
        assert [text.get_text() for text in ax.get_xticklabels()] == ["cat", "\\$\\dog"]
        ax.figure.canvas.draw()
        many = plots.confusion_matrix(np.arange(30), np.arange(30))
        assert not many.texts
        plots.confusion_matrix(np.zeros(0, int), np.zeros((0, 3))).figure.canvas.draw()

    def test_errors(self) -> None:
        with pytest.raises(ShapeError, match=r"has 2 rows, but labels of shape \(2, 2\): use labels.argmax\(axis=1\)"):
            plots.confusion_matrix(np.eye(2), [0, 1])
        with pytest.raises(ShapeError, match=r"labels of shape \(3,\): they should have shape \(2,\)"):
            plots.confusion_matrix([0, 1, 1], [0, 1])
        with pytest.raises(DtypeError, match=r"class indices, but have dtype float64: use labels.astype\(int\)"):
            plots.confusion_matrix([0.0, 1.0], [0, 1])
        with pytest.raises(ShapeError, match=r"not float64 of shape \(2,\)"):
            plots.confusion_matrix([0, 1], [0.0, 1.0])
        with pytest.raises(ValueError, match="the label -1 is below 0"):
            plots.confusion_matrix([0, -1], [0, 1])
        with pytest.raises(ValueError, match="has 2 classes, 0 to 1, but there is a class 2"):
            plots.confusion_matrix([0, 2], np.eye(2))
        with pytest.raises(ValueError, match="has 3 classes, but 2 names"):
            plots.confusion_matrix([0, 1], np.eye(2, 3), names=["a", "b"])
        with pytest.raises(DtypeError, match="draws numbers, but guesses has dtype <U1"):
            plots.confusion_matrix([0], ["a"])


class TestMistakes:
    logits = np.array([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 4.0], [2.0, 0.0, 0.0]])
    labels = (0, 0, 1, 2)  # the first is right; the worst is row 2, then 3, then 1

    def test_the_worst_come_first_with_their_pictures(self) -> None:
        images = np.random.default_rng(0).random((4, 5, 6))
        ax = plots.mistakes(images, self.labels, self.logits, names="abc")
        assert [text.get_text().splitlines()[0] for text in ax.texts] == ["b → c", "c → a", "a → b"]
        for picture, row in zip(ax.images, (2, 3, 1), strict=True):
            np.testing.assert_array_equal(picture.get_array(), images[row])
        e = np.exp(4)
        assert ax.texts[0].get_text() == f"b → c\n{e / (e + 2):.1%}"
        assert ax.get_title().startswith("3 mistakes")
        few = plots.mistakes(images, self.labels, self.logits, count=2)
        assert (len(few.images), few.get_title()[:20]) == (2, "The 2 worst of 3 mis")

    def test_logits_and_probabilities_are_the_same(self) -> None:
        probabilities = nn.functional.softmax(self.logits, axis=1)
        expected = [text.get_text() for text in plots.mistakes(np.zeros((4, 9)), self.labels, self.logits).texts]
        for scores in (probabilities, np.log(probabilities)):
            ax = plots.mistakes(np.zeros((4, 9)), self.labels, scores)
            assert [text.get_text() for text in ax.texts] == expected

    @pytest.mark.parametrize(
        ("shape", "drawn"),
        [((4, 9), (3, 3)), ((4, 1, 5, 6), (5, 6)), ((4, 3, 5, 6), (5, 6, 3)), ((4, 5, 6, 3), (5, 6, 3))],
    )
    def test_shapes_of_images(self, shape: tuple[int, ...], drawn: tuple[int, ...]) -> None:
        images = np.random.default_rng(0).normal(size=shape)
        ax = plots.mistakes(images, self.labels, self.logits)
        assert {np.shape(picture.get_array()) for picture in ax.images} == {drawn}
        ax.figure.canvas.draw()

    def test_no_mistakes(self) -> None:
        ax = plots.mistakes(np.zeros((2, 4)), [0, 1], np.eye(2))
        assert (ax.get_title(), len(ax.images)) == ("No mistakes", 0)
        ax.figure.canvas.draw()

    def test_errors(self) -> None:
        images = np.zeros((4, 5, 6))
        with pytest.raises(ShapeError, match=r"not \(4, 10\): use images.reshape\(n, height, width\)"):
            plots.mistakes(np.zeros((4, 10)), self.labels, self.logits)
        with pytest.raises(ShapeError, match=r"has 4 images, but scores of shape \(3, 3\)"):
            plots.mistakes(images, self.labels, self.logits[:3])
        with pytest.raises(ShapeError, match=r"not \(4, 1\): for one probability p a row use np.stack"):
            plots.mistakes(images, self.labels, self.logits[:, :1])
        with pytest.raises(ValueError, match="3 of the scores are nan or infinite"):
            plots.mistakes(images, self.labels, np.where(self.logits > 1, np.nan, 0.0))
        with pytest.raises(ValueError, match="there is a class 5"):
            plots.mistakes(images, [0, 1, 5, 2], self.logits)
        with pytest.raises(ValueError, match="count=0 images"):
            plots.mistakes(images, self.labels, self.logits, count=0)


class TestPlane:
    X = np.array([[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]])

    def test_regions_and_points(self) -> None:
        ax = plots.decision_boundary(lambda p: p[:, 0], self.X, [0, 1, 1, 0], names=["left", "right"], resolution=20)
        mesh, line, left, right = ax.collections
        xs = np.linspace(-1.2, 1.2, 20)
        guesses = np.asarray(mesh.get_array()).reshape(20, 20)
        np.testing.assert_array_equal(guesses, np.tile(xs > 0, (20, 1)))
        np.testing.assert_allclose(line.get_paths()[0].vertices[:, 0], 0, atol=1e-12)
        np.testing.assert_array_equal(left.get_offsets(), self.X[[0, 3]])
        np.testing.assert_array_equal(right.get_offsets(), self.X[[1, 2]])
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["left", "right"]
        assert not np.array_equal(left.get_paths()[0].vertices, right.get_paths()[0].vertices)  # marks

    def test_a_threshold_for_probabilities(self) -> None:
        draw = plots.decision_boundary(
            lambda p: 0.5 + 0.1 * p[:, :1], self.X, [0, 1, 1, 0], threshold=0.5, resolution=8
        )
        assert np.asarray(draw.collections[0].get_array()).mean() == 0.5

    def test_a_module_is_asked_without_training_it(self) -> None:
        model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.9))
        ax = plots.decision_boundary(model, np.float32(self.X), [0, 1, 2, 0], resolution=5)
        points = np.stack(np.meshgrid(*[np.linspace(-1.2, 1.2, 5)] * 2), axis=-1).reshape(-1, 2)
        expected = nn.predict(model, points).argmax(axis=1)
        np.testing.assert_array_equal(np.asarray(ax.collections[0].get_array()).ravel(), expected)
        assert model.training
        ax.figure.canvas.draw()

    def test_embedding(self) -> None:
        points = np.random.default_rng(0).normal(size=(30, 2))
        labels = np.arange(30) % 3
        ax = plots.embedding(points, labels, names=["a", "b", "c"])
        for label, collection in enumerate(ax.collections):
            np.testing.assert_array_equal(collection.get_offsets(), points[labels == label])
            expected = colors.to_rgba(["#0072b2", "#d55e00", "#009e73"][label])
            np.testing.assert_allclose(collection.get_facecolor()[0], expected)
        medians = {text.get_text(): text.get_position() for text in ax.texts}
        np.testing.assert_allclose(medians["b"], np.median(points[labels == 1], axis=0))

    def test_embedding_of_numbers_or_of_nothing(self) -> None:
        points = np.random.default_rng(0).normal(size=(10, 2))
        ax = plots.embedding(points, np.linspace(0, 1, 10))
        np.testing.assert_array_equal(ax.collections[0].get_array(), np.linspace(0, 1, 10))
        np.testing.assert_array_equal(plots.embedding(points).collections[0].get_offsets(), points)
        plots.embedding(np.zeros((0, 2)), np.zeros(0, int)).figure.canvas.draw()

    def test_errors(self) -> None:
        with pytest.raises(ShapeError, match=r"points of a plane, shape \(n, 2\), not \(5, 3\): choose two columns"):
            plots.embedding(np.zeros((5, 3)))
        with pytest.raises(ShapeError, match=r"has 5 rows, but labels of shape \(4,\)"):
            plots.embedding(np.zeros((5, 2)), [0, 1, 1, 0])
        with pytest.raises(ValueError, match="has 3 classes, but 2 names"):
            plots.embedding(np.zeros((3, 2)), [0, 1, 2], names=["a", "b"])
        with pytest.raises(ShapeError, match=r"points of two inputs, shape \(n, 2\), not \(4,\)"):
            plots.decision_boundary(lambda p: p, self.X[:, 0], [0, 1, 1, 0])
        with pytest.raises(ShapeError, match=r"points of shape \(40000, 2\) the model returned \(2,\)"):
            plots.decision_boundary(lambda p: p[0], self.X, [0, 1, 1, 0])
        with pytest.raises(ShapeError, match="has no points"):
            plots.decision_boundary(lambda p: p, np.zeros((0, 2)), np.zeros(0, int))


class TestWeights:
    def test_the_sheet_of_units(self) -> None:
        weight = np.random.default_rng(0).normal(size=(3, 6))
        ax = plots.weights(weight, image_shape=(2, 3))
        sheet = np.ma.filled(ax.images[0].get_array(), np.nan)
        assert sheet.shape == (5, 7)
        np.testing.assert_array_equal(sheet[:2, :3], weight[0].reshape(2, 3))
        np.testing.assert_array_equal(sheet[:2, 4:], weight[1].reshape(2, 3))
        np.testing.assert_array_equal(sheet[3:, :3], weight[2].reshape(2, 3))
        assert np.isnan(sheet[2]).all()
        low, high = ax.images[0].get_clim()
        assert -low == high == np.quantile(np.abs(weight), 0.995)

    def test_kernels_of_several_channels_are_in_rows(self) -> None:
        layer = nn.Conv2d(2, 4, 3)
        ax = plots.weights(layer, count=3)
        sheet = np.ma.filled(ax.images[0].get_array(), np.nan)
        assert sheet.shape == (11, 7)
        np.testing.assert_array_equal(sheet[4:7, 4:], layer.weight.data[1, 1])
        assert ax.get_title() == "Weights of 3 of 4 units, in rows over 2 channels"

    def test_a_linear_layer_of_zeros(self) -> None:
        layer = nn.Linear(16, 2)
        nn.init.zeros_(layer.weight)
        plots.weights(layer).figure.canvas.draw()

    def test_errors(self) -> None:
        with pytest.raises(ShapeError, match=r"\(2, 10\) are no images of shape \(3, 3\): pass image_shape"):
            plots.weights(np.zeros((2, 10)))
        with pytest.raises(ShapeError, match=r"not \(5,\)"):
            plots.weights(np.zeros(5))
        with pytest.raises(TypeError, match="ReLU has none"):
            plots.weights(nn.ReLU())
        with pytest.raises(ValueError, match="count=0"):
            plots.weights(np.zeros((2, 9)), count=0)


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
        data = np.zeros((5, 3)), np.zeros(5, int)
        page = plots.report(tmp_path / "report.html", history, model, data, title="A run").read_text(encoding="utf-8")
        text = Elements(page).text
        for column in ("loss", "val_loss", "accuracy", "gradient_norm"):
            assert all(f"{value:.4g}" in text for value in history[column])
        assert "Ctrl-C & more" in text
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

    def test_the_same_run_gives_the_same_page_and_no_figure_stays_open(self, tmp_path: Path) -> None:
        pages = [plots.report(tmp_path / f"{i}.html", make_history()).read_bytes() for i in range(2)]
        assert pages[0] == pages[1]
        assert not plt.get_fignums()

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
