"""The example that maps the digits: its bound, its baseline, its picture, and the program as a person runs it."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nn
from autograd import no_grad
from datasets import load_mnist
from examples.autoencoder import (
    ACROSS,
    EDGE,
    QUICK_UNITS,
    Autoencoder,
    bound,
    divergence,
    independent_pixels,
    negative_bound,
    sheet,
)

from .programs import check_interrupted, check_usage, run

FILES = {"model.npz", "metrics.json", "report.html", "map.png"}
PROGRAM = "examples.autoencoder"


def tiny() -> Autoencoder:
    return Autoencoder([8, 6], nn.manual_seed(0))


def noise_images(count: int) -> Any:
    return np.random.default_rng(0).random((count, 784), np.float32)


@pytest.mark.thorough
def test_a_quick_run_is_better_than_its_baseline_and_leaves_the_folder_that_it_promises(tmp_path: Path) -> None:
    out = tmp_path / "new" / "autoencoder"
    result = run(PROGRAM, "--quick", "--epochs", 8, "--seed", 3, "--out", out)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""  # no bar where nobody watches
    assert {path.name for path in out.iterdir()} == FILES
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["seed"], metrics["steps"], metrics["interrupted"]) == (3, 8 * 47, False)
    assert metrics["test_bound"] > metrics["test_log_likelihood_of_independent_pixels"] + 5
    assert metrics["test_bound"] == pytest.approx(metrics["test_log_likelihood"] - metrics["test_divergence"])
    assert metrics["test_divergence"] > 1  # the positions say something
    assert len(metrics["history"]) == 8
    assert f"at least {metrics['test_bound']:.2f}" in result.stdout
    model = Autoencoder(QUICK_UNITS, nn.manual_seed(0))
    model.load_state_dict(nn.load(out / "model.npz"))
    images = load_mnist()[1][0][:1000]
    assert bound(model, images)["bound"] == pytest.approx(metrics["test_bound"], abs=1.0)  # other positions are drawn
    with Image.open(out / "map.png") as image:
        assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 256  # greys, and colours


def test_the_divergence_is_the_integral_of_its_definition() -> None:
    z = np.linspace(-12, 12, 20001)
    means, log_deviations = np.array([[0.5, -1.0], [2.0, 0.0]]), np.array([[-1.0, 0.3], [0.0, -2.0]])
    total = 0.0
    for mean, log_deviation in zip(means.ravel(), log_deviations.ravel(), strict=True):
        log_q = -0.5 * ((z - mean) / math.exp(log_deviation)) ** 2 - log_deviation - 0.5 * math.log(2 * math.pi)
        log_p = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
        total += float((np.exp(log_q) * (log_q - log_p)).sum() * (z[1] - z[0]))
    assert divergence((None, means, log_deviations), means) == pytest.approx(total / 2, rel=1e-6)


@pytest.mark.thorough
def test_the_bound_is_below_the_log_likelihood_by_importance_sampling() -> None:
    """log p(x) is the logarithm of the mean of p(x|z) p(z) / q(z|x) over z drawn from q; its mean bounds it below."""
    model, images = tiny(), noise_images(3)
    with no_grad():
        means, log_deviations = (found.data.astype(float) for found in model.encode(images))
        draws = np.random.default_rng(1).standard_normal((4000, 3, 2))
        z = means + np.exp(log_deviations) * draws
        logits = model.decoder(z.reshape(-1, 2).astype(np.float32)).data.reshape(4000, 3, 784).astype(float)
        log_x = (images * logits - np.logaddexp(0, logits)).sum(axis=-1)
        log_ratio = (0.5 * draws**2 + log_deviations - 0.5 * z**2).sum(axis=-1)
        weights = log_x + log_ratio
        largest = weights.max(axis=0)
        likelihood = float((largest + np.log(np.exp(weights - largest).mean(axis=0))).mean())
        many = -float(np.mean([negative_bound(model(images), images).item() for _ in range(2000)]))
    assert many == pytest.approx(weights.mean(), abs=0.1)
    assert weights.mean() < likelihood
    assert bound(model, images)["bound"] == pytest.approx(many, abs=2.0)


def test_the_gradient_goes_through_the_drawn_position() -> None:
    """Of the loss with the noise held fixed, against central differences in each number that the encoder returns."""
    model, images = tiny(), noise_images(1)
    bias = list(model.encoder.parameters())[-1]

    def loss() -> Any:
        model.generator = np.random.default_rng(5)
        return negative_bound(model(images), images)

    loss().backward()
    gradient, values = np.asarray(bias.grad), bias.data.copy()
    ends = np.empty((4, 2))
    for i, end in np.ndindex(4, 2):
        bias.data[...] = values + 0.02 * (1 - 2 * end) * np.eye(4, dtype=np.float32)[i]
        ends[i, end] = loss().item()
    np.testing.assert_allclose((ends[:, 0] - ends[:, 1]) / 0.04, gradient, rtol=0.02, atol=0.02)
    assert np.abs(gradient).min() > 0.1


def test_independent_pixels_are_those_of_the_definition() -> None:
    train = np.array([[0, 1, 0], [1, 1, 0], [0, 0.5, 0]], np.float32)
    test = np.array([[1, 1, 0], [0, 0.25, 1]], np.float32)
    p = (train.sum(axis=0) + 0.5) / 4
    expected = np.mean([np.sum(row * np.log(p) + (1 - row) * np.log(1 - p)) for row in test.astype(float)])
    assert independent_pixels(train, test) == pytest.approx(expected)


def test_the_map_shows_each_position_where_its_axes_say() -> None:
    model = tiny()
    images = sheet(model).reshape(ACROSS, 28, ACROSS, 28).swapaxes(1, 2)
    step = 2 * EDGE / ACROSS
    for row, column in ((0, 0), (0, ACROSS - 1), (ACROSS - 1, 2)):
        position = np.array([[-EDGE + (column + 0.5) * step, EDGE - (row + 0.5) * step]], np.float32)
        with no_grad():
            drawn = 1 / (1 + np.exp(-model.decoder(position).data))
        np.testing.assert_allclose(images[row, column].ravel(), drawn[0], rtol=1e-4)


@pytest.mark.thorough
def test_ctrl_c_saves_what_there_is(tmp_path: Path) -> None:
    check_interrupted(PROGRAM, "--quick", "--epochs", 10000, out=tmp_path, after="epoch 1/", files=FILES)


def test_help_and_wrong_options() -> None:
    check_usage(PROGRAM, "epochs", wrong=("--epochs", "0", "0 is too few"))
