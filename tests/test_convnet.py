"""The examples that train on distorted digits, a convolutional network and a plain one, as a person runs them."""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas
import pytest
from PIL import Image

import nn
from datasets import load_mnist
from examples.digit_job import MovingAverage, learn, load
from examples.digit_pictures import draw_filters
from examples.digit_recipes import RECIPES
from examples.files import load_model

from .programs import interrupt, interrupted_metrics, run

FILES = {"model.npz", "metrics.json", "history.csv", "curves.png", "mistakes.png"}
PICTURES = {"convnet": "filters.png", "augmented": "weights.png"}


@pytest.mark.parametrize(("name", "least"), [("convnet", 0.94), ("augmented", 0.8)])
def test_a_quick_run_leaves_the_folder_that_it_promises(name: str, least: float, tmp_path: Path) -> None:
    out = tmp_path / "new" / name
    result = run(f"examples.{name}", "--quick", "--seed", 3, "--out", out)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""  # no bar where nobody watches
    assert {path.name for path in out.iterdir()} == FILES | {PICTURES[name]}
    assert all(file in result.stdout for file in FILES | {PICTURES[name]})
    assert result.stdout.count("\nepoch ") == 2
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["seed"], metrics["epochs"], metrics["interrupted"]) == (3, 2, False)
    assert metrics["test_accuracy"] > least
    history = pandas.read_csv(out / "history.csv")
    assert history["average_accuracy"].iloc[-1] == metrics["test_accuracy"]
    for picture in out.glob("*.png"):
        with Image.open(picture) as image:
            image.load()
            assert len(np.unique(np.asarray(image.convert("L")))) > 10
    model = RECIPES[name].build()
    model.load_state_dict(nn.load(out / "model.npz"))
    images, labels = (part[:1000] for part in load_mnist()[1])
    guesses = nn.predict(model, images.reshape(-1, *RECIPES[name].shape)).argmax(axis=1)
    assert np.mean(guesses == labels) == pytest.approx(metrics["test_accuracy"])


def test_predict_reads_the_plain_network(tmp_path: Path) -> None:
    nn.save(RECIPES["augmented"].build(), tmp_path / "model.npz")
    assert next(load_model(tmp_path / "model.npz").parameters()).shape == (128, 784)


def test_the_same_seed_gives_the_same_model_and_another_one_another(tmp_path: Path) -> None:
    recipe = RECIPES["augmented"]
    for number, seed in enumerate((0, 0, 1)):
        options = argparse.Namespace(quick=True, held_out=False, epochs=1, seed=seed, out=tmp_path / str(number))
        learn(recipe, load(recipe, options), options, pictures=False)
        assert {path.name for path in options.out.iterdir()} == {"model.npz", "metrics.json", "history.csv"}
    first, again, other = (nn.load(tmp_path / str(number) / "model.npz") for number in range(3))
    assert all(np.array_equal(first[key], again[key]) for key in first)
    assert not any(np.array_equal(first[key], other[key]) for key in first)


def test_ctrl_c_leaves_a_good_model(tmp_path: Path) -> None:
    result = interrupt("examples.convnet", "--quick", "--epochs", 400, "--out", tmp_path, after="epoch 2/")
    metrics = interrupted_metrics(result, tmp_path)
    assert 2 <= metrics["epochs"] < 400
    assert metrics["test_accuracy"] > 0.8


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--out", "README.md/runs"], 1, "is a file, where a folder is to be written"),
        (["--epochs", "0"], 2, "0 is too few"),
    ],
)
@pytest.mark.parametrize("name", PICTURES)
def test_says_what_is_wrong(name: str, arguments: list[str], code: int, message: str) -> None:
    result = run(f"examples.{name}", *arguments)
    assert result.returncode == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", PICTURES)
def test_help_names_every_option(name: str) -> None:
    result = run(f"examples.{name}", "--help")
    assert result.returncode == 0
    assert all(f"--{option}" in result.stdout for option in ("epochs", "seed", "out", "held-out", "quick"))


def test_held_out_images_are_not_learned_and_are_none_of_the_test_set() -> None:
    options = argparse.Namespace(held_out=True, quick=False)
    data, (images, labels) = load(RECIPES["convnet"], options), load_mnist()[0]
    assert data.name == "held-out"
    np.testing.assert_array_equal(data.train_images, images[:50_000])
    np.testing.assert_array_equal(data.test_images, images[50_000:].reshape(-1, 1, 28, 28))
    np.testing.assert_array_equal(data.train_labels, labels[:50_000])
    np.testing.assert_array_equal(data.test_labels, labels[50_000:])


def test_the_average_soon_forgets_what_it_began_with() -> None:
    model = nn.Linear(2, 2)
    data = np.eye(2, dtype=np.float32), np.arange(2)
    average = MovingAverage(model, data)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.0)

    class Count(nn.training.Callback):
        def on_step(self, training: nn.training.Training) -> None:
            assert model.bias is not None
            nn.init.constant_(model.bias, training.step)

    history = nn.fit(model, data, nn.CrossEntropyLoss(), optimizer, epochs=100, callbacks=[Count(), average],
                     verbose=False)  # fmt: skip
    expected = 1.0
    for count in range(1, 100):
        decay = count / (count + 10)
        expected = decay * expected + (1 - decay) * (count + 1)
    np.testing.assert_allclose(average.model.state_dict()["bias"], expected, rtol=1e-5)
    assert 80 < expected < 100
    assert history["average_accuracy"].iloc[-1] in (0.0, 0.5, 1.0)


def test_a_picture_shows_each_kernel_and_its_answer() -> None:
    figure = draw_filters(nn.Conv2d(1, 3, 3), np.ones((1, 28, 28), np.float32))
    drawn = [axes.images[0].get_array().shape for axes in figure.axes if axes.images]  # type: ignore[union-attr]
    assert sorted(drawn) == [(3, 3)] * 3 + [(26, 26)] * 3
