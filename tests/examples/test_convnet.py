"""The examples that train on distorted digits, a convolutional network and a plain one, as a person runs them."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas
import pytest
from PIL import Image

import nn
from datasets import load_mnist
from examples import augmented, command, convnet

from .programs import interrupt, interrupted_metrics, run, run_here

FILES = {"model.npz", "metrics.json", "history.csv", "report.html"}
PICTURES = {"convnet": {"filters.png"}, "augmented": set[str]()}
MODELS: dict[str, Callable[[], nn.Module]] = {
    "convnet": convnet.ConvolutionalNetwork,
    "augmented": lambda: nn.MLP([784, 128, 64, 10]),
}
SHAPES: dict[str, tuple[int, ...]] = {"convnet": convnet.SHAPE, "augmented": (784,)}


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "least"), [("convnet", 0.94), ("augmented", 0.8)])
def test_a_quick_run_leaves_the_folder_that_it_promises(name: str, least: float, tmp_path: Path) -> None:
    out = tmp_path / "new" / name
    result = run(f"examples.{name}", "--quick", "--seed", 3, "--out", out)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""  # no bar where nobody watches
    assert {path.name for path in out.iterdir()} == FILES | PICTURES[name]
    assert all(file in result.stdout for file in FILES | PICTURES[name])
    assert result.stdout.count("\nepoch ") == 2
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["seed"], metrics["epochs"], metrics["interrupted"]) == (3, 2, False)
    assert metrics["test_accuracy"] > least
    history = pandas.read_csv(out / "history.csv")
    assert history["val_accuracy"].iloc[-1] == metrics["test_accuracy"]
    for picture in out.glob("*.png"):
        with Image.open(picture) as image:
            image.load()
            assert len(np.unique(np.asarray(image.convert("L")))) > 10
    page = (out / "report.html").read_text()
    assert all(words in page for words in ("accuracy over the epochs", "the worst mistakes", "of the first layer"))
    model = MODELS[name]()
    model.load_state_dict(nn.load(out / "model.npz"))
    images, labels = (part[:1000] for part in load_mnist()[1])
    guesses = nn.predict(model, images.reshape(-1, *SHAPES[name])).argmax(axis=1)
    assert np.mean(guesses == labels) == pytest.approx(metrics["test_accuracy"])


@pytest.mark.thorough
def test_predict_reads_the_plain_network(tmp_path: Path) -> None:
    nn.save(MODELS["augmented"](), tmp_path / "model.npz")
    assert run("examples.predict", tmp_path / "model.npz", "test:0").returncode == 0


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_model_and_another_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)  # no pictures, which take longer than the training
    parser = command.parser("augmented", augmented.__doc__, epochs="30", quick="a twentieth")
    parser.set_defaults(held_out=False)
    for number, seed in enumerate((0, 0, 1)):
        given = ["--quick", "--epochs", "1", "--seed", str(seed), "--out", str(tmp_path / str(number))]
        assert command.run(parser, augmented.main, given) == 0
        assert {path.name for path in (tmp_path / str(number)).iterdir()} == {
            "model.npz",
            "metrics.json",
            "history.csv",
        }
    first, again, other = (nn.load(tmp_path / str(number) / "model.npz") for number in range(3))
    assert all(np.array_equal(first[key], again[key]) for key in first)
    assert not any(np.array_equal(first[key], other[key]) for key in first)


@pytest.mark.thorough
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
    result = run_here(f"examples.{name}", *arguments)
    assert result.returncode == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", PICTURES)
def test_help_names_every_option(name: str) -> None:
    result = run_here(f"examples.{name}", "--help")
    assert result.returncode == 0
    assert all(f"--{option}" in result.stdout for option in ("epochs", "seed", "out", "held-out", "quick"))


@pytest.mark.thorough
@pytest.mark.parametrize(("example", "shape"), [(augmented, SHAPES["augmented"]), (convnet, SHAPES["convnet"])])
def test_held_out_images_are_not_learned_and_are_none_of_the_test_set(
    example: ModuleType, shape: tuple[int, ...]
) -> None:
    train, test = example.load(argparse.Namespace(held_out=True, quick=False))
    images, labels = load_mnist()[0]
    np.testing.assert_array_equal(train[0], images[:50_000])
    np.testing.assert_array_equal(test[0], images[50_000:].reshape(-1, *shape))
    np.testing.assert_array_equal(train[1], labels[:50_000])
    np.testing.assert_array_equal(test[1], labels[50_000:])


def test_a_picture_shows_each_kernel_and_its_answer() -> None:
    figure = convnet.draw_filters(nn.Conv2d(1, 3, 3), np.ones((1, 28, 28), np.float32))
    drawn = [axes.images[0].get_array().shape for axes in figure.axes if axes.images]  # type: ignore[union-attr]
    assert sorted(drawn) == [(3, 3)] * 3 + [(26, 26)] * 3
