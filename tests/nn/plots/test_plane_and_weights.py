"""Boundaries, maps and sheets hold the points and weights that they were given."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError

colors = pytest.importorskip("matplotlib.colors", reason="draws: pip install -e '.[plot]'")
plots: Any = nn.plots  # so that wrong calls need no excuse


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
