"""The recorder counts what layers return and their gradients; its pictures hold the shares."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import gradients

from .runs import trained

plots: Any = nn.plots  # so that wrong calls need no excuse


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
            # on some processors products round by where their memory starts, which is elsewhere in each run
            np.testing.assert_allclose(array, plain.state_dict()[name], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(history["val_loss"], plain_history["val_loss"], rtol=1e-5)
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
        from nn.plots._histogram_recorder import _count

        histogram = _count(np.array([1, 2, np.nan, np.inf, -np.inf], np.float32), 3, 4)
        assert (histogram.step, histogram.counts.tolist(), histogram.nonfinite) == (3, [1, 0, 0, 1], 3)

    @pytest.mark.parametrize("values", [[0.0, 0.0], [3.0, 3.0], [1e-45, 2e-45], [1e30, 1e30], [], [-2.0]])
    def test_values_that_are_alike(self, values: list[float]) -> None:
        from nn.plots._histogram_recorder import _count

        histogram = _count(np.array(values, np.float32), 0, 5)
        assert histogram.counts.sum() == len(values)
        assert (np.diff(histogram.edges) > 0).all()

    def test_errors(self) -> None:
        with pytest.raises(TypeError, match=r"a list of paths: \['0'\]"):
            plots.HistogramRecorder("0")
        with pytest.raises(ValueError, match="every should be an integer of 1 or more or None, not 0"):
            plots.HistogramRecorder(every=0)
        with pytest.raises(ValueError, match="bins should be an integer of 1 or more, not 0"):
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
