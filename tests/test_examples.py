"""The examples as a person runs them: each a program of its own, started in the root of the repository."""

import doctest
import importlib
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nn
from datasets import load_mnist
from examples.files import load_model
from examples.handwriting import as_mnist
from examples.program import uninterrupted
from examples.training import Data, Plan, Training, evaluate
from nn.training import Interruption

from .programs import ENVIRONMENT, ROOT, Run, interrupt, interrupted_metrics, run

PICTURES = ("curves.png", "confusion.png", "mistakes.png", "weights.png")
GRAPH = "graph.svg"
FILES = {"model.npz", "metrics.json", GRAPH, *PICTURES}


def assert_fine(result: Run) -> None:
    assert result.returncode == 0, result.stderr
    # matplotlib and dot may have something to say about fonts
    assert not re.search(r"Traceback|\w(Warning|Error):", result.stderr), result.stderr


def read_metrics(folder: Path) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return metrics


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("examples") / "new" / "mnist"
    return run("examples.mnist", "--quick", "--seed", 3, "--out", folder), folder


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return load_mnist()[1]


class TestMnist:
    def test_leaves_the_folder_that_it_promises(self, trained: tuple[Run, Path]) -> None:
        result, folder = trained
        assert_fine(result)
        assert {path.name for path in folder.iterdir()} == FILES
        assert all(name in result.stdout for name in FILES)

    def test_pictures_are_complete_images(self, trained: tuple[Run, Path]) -> None:
        for name in PICTURES:
            with Image.open(trained[1] / name) as image:
                image.load()
                assert min(image.size) > 300
                assert len(np.unique(np.asarray(image.convert("L")))) > 10

    def test_the_graph_is_that_of_a_step(self, trained: tuple[Run, Path]) -> None:
        graph = (trained[1] / GRAPH).read_text()
        assert graph.rstrip().endswith("</svg>")
        assert all(name in graph for name in ("0.weight", "4.bias", "relu", "cross_entropy", "(32, 784) float32"))

    def test_learns(self, trained: tuple[Run, Path]) -> None:
        metrics = read_metrics(trained[1])
        assert metrics["train_accuracy"] > 0.9
        assert metrics["test_accuracy"] > 0.85
        assert 0 < metrics["train_loss"] < 0.35

    def test_metrics_say_how(self, trained: tuple[Run, Path]) -> None:
        metrics = read_metrics(trained[1])
        assert metrics["seed"] == 3
        assert metrics["batch_size"] == 32
        assert metrics["epochs"] == len(metrics["history"]) == 4
        assert metrics["steps"] == 4 * 188
        assert metrics["averaged_steps"] == 2 * 188
        assert metrics["sizes"] == [784, 128, 64, 10]
        assert metrics["threads"] == 1
        assert metrics["interrupted"] is metrics["full_batch"] is False
        assert 0 < metrics["seconds"] < 60
        assert metrics["versions"]["numpy"] == np.__version__

    def test_metrics_are_those_of_the_saved_model(
        self, trained: tuple[Run, Path], digits: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
    ) -> None:
        images, labels = digits
        guesses = load_model(trained[1] / "model.npz")(images[:1000]).data.argmax(axis=1)
        assert np.mean(guesses == labels[:1000]) == pytest.approx(read_metrics(trained[1])["test_accuracy"])

    def test_prints_a_line_for_each_epoch_and_labels_beside_guesses(self, trained: tuple[Run, Path]) -> None:
        output = trained[0].stdout
        assert re.findall(r"^epoch (\d)/4: loss \d\.\d{4}, accuracy", output, re.MULTILINE) == list("1234")
        assert re.search(r"^ +label +7 +2 +1 +0 +4 ", output, re.MULTILINE)
        assert re.search(r"^ +guess +7 ", output, re.MULTILINE)

    def test_same_seed_gives_the_same_model(self, trained: tuple[Run, Path], tmp_path: Path) -> None:
        assert run("examples.mnist", "--quick", "--seed", 3, "--out", tmp_path).returncode == 0
        first, second = (load_model(folder / "model.npz").state_dict() for folder in (trained[1], tmp_path))
        assert all(np.array_equal(first[name], second[name]) for name in first)

    def test_full_batch_takes_one_step_an_epoch(self, tmp_path: Path) -> None:
        result = run("examples.mnist", "--full-batch", "--quick", "--epochs", 30, "--out", tmp_path)
        assert_fine(result)
        metrics = read_metrics(tmp_path)
        assert metrics["epochs"] == metrics["steps"] == 30
        assert (metrics["batch_size"], metrics["averaged_steps"]) == (6000, 0)
        assert metrics["train_accuracy"] > 0.8
        losses = [entry["loss"] for entry in metrics["history"]]
        assert losses == sorted(losses, reverse=True)

    def test_trains_on_a_csv_file(
        self, tmp_path: Path, digits: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
    ) -> None:
        images, labels = digits
        table = np.column_stack([labels, np.rint(images * 255)])[:1400].astype(int)
        header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
        np.savetxt(tmp_path / "digits.csv", table, "%d", ",", header=header, comments="")
        out = tmp_path / "out"
        result = run("examples.mnist", "--csv", tmp_path / "digits.csv", "--epochs", 8, "--out", out)
        assert_fine(result)
        metrics = read_metrics(out)
        assert (metrics["train_images"], metrics["test_images"]) == (1200, 200)
        assert metrics["test_accuracy"] > 0.7

    def test_trains_on_a_folder_of_other_images(self, tmp_path: Path) -> None:
        """Images of 3x5 pixels, of which the brightest of three columns is the class."""
        generator = np.random.default_rng(0)
        for part, count in (("train", 600), ("t10k", 100)):
            labels = generator.integers(0, 3, count).astype(np.uint8)
            images = generator.integers(0, 100, (count, 5, 3)).astype(np.uint8)
            images[np.arange(count), :, labels] += 100
            write_idx(tmp_path / f"{part}-images-idx3-ubyte", images)
            write_idx(tmp_path / f"{part}-labels-idx1-ubyte", labels)
        out = tmp_path / "out"
        result = run("examples.mnist", "--data", tmp_path, "--epochs", 10, "--out", out)
        assert_fine(result)
        assert read_metrics(out)["sizes"] == [15, 128, 64, 3]
        assert read_metrics(out)["test_accuracy"] == 1  # and so a picture of no mistakes
        assert {path.name for path in out.iterdir()} == FILES

    def test_a_run_without_matplotlib_says_what_to_install_and_one_without_dot_draws(self, tmp_path: Path) -> None:
        (tmp_path / "curves.png").write_bytes(b"of an earlier run")
        (tmp_path / "graph.svg").write_bytes(b"of an earlier run")
        hidden = (
            "import sys, importlib.util as util; find = util.find_spec; "
            "util.find_spec = lambda name, *rest: None if name == 'matplotlib' else find(name, *rest); "
            "from examples.mnist import main; sys.exit(main(sys.argv[1:]))"
        )
        command = [sys.executable, "-c", hidden, "--quick", "--epochs", "1", "--out", str(tmp_path)]
        environment = {**ENVIRONMENT, "PATH": ""}
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert result.returncode == 0
        assert "pip install matplotlib" in result.stderr
        assert {path.name for path in tmp_path.iterdir()} == {"model.npz", "metrics.json", GRAPH}
        assert "cross_entropy" in (tmp_path / GRAPH).read_text()

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (["--csv", "nowhere.csv"], 1, "nowhere.csv: no such file"),
            (["--data", "nowhere"], 1, "nowhere: no such folder"),
            (["--out", "README.md/runs"], 1, "is a file, where a folder is to be written"),
            (["--epochs", "0"], 2, "argument --epochs: 0 is too few"),
            (["--epochs", "ten"], 2, "'ten' is not a whole number"),
            (["--full-batch", "--batch-size", "8"], 2, "not allowed with argument"),
            (["--csv", "a.csv", "--data", "b"], 2, "not allowed with argument"),
        ],
    )
    def test_says_what_is_wrong(self, arguments: list[str], code: int, message: str) -> None:
        result = run("examples.mnist", *arguments)
        assert result.returncode == code
        assert message in result.stderr
        assert "Traceback" not in result.stderr

    def test_refuses_labels_that_number_no_classes(self, tmp_path: Path) -> None:
        (tmp_path / "negative.csv").write_text("label,a,b\n" + "-1,0,255\n" * 20)
        result = run("examples.mnist", "--csv", tmp_path / "negative.csv", "--out", tmp_path / "out")
        assert result.returncode == 1
        assert "the labels are from -1 to -1" in result.stderr
        assert not (tmp_path / "out").exists()

    def test_the_column_of_labels_can_be_named(self, tmp_path: Path) -> None:
        (tmp_path / "digits.csv").write_text("digit,a,b\n" + "0,0,255\n1,255,0\n" * 20)
        given = ("examples.mnist", "--csv", tmp_path / "digits.csv", "--out", tmp_path / "out", "--epochs", 1)
        assert "Pass label= with the name of one of them" in run(*given).stderr
        for column in ("digit", 0):
            assert run(*given, "--label", column).returncode == 0
        assert "--label names a column of the file that --csv gives" in run("examples.mnist", "--label", "a").stderr

    def test_help_names_every_option(self) -> None:
        result = run("examples.mnist", "--help")
        assert result.returncode == 0
        options = (
            "--epochs",
            "--batch-size",
            "--full-batch",
            "--csv",
            "--label",
            "--data",
            "--seed",
            "--out",
            "--quick",
        )
        assert all(option in result.stdout for option in options)


def write_idx(path: Path, array: np.ndarray[Any, Any]) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(header + array.tobytes())


class TestInterruption:
    def test_ctrl_c_saves_what_there_is(self, tmp_path: Path) -> None:
        result = interrupt_in_training(tmp_path)
        metrics = interrupted_metrics(result, tmp_path)
        assert "Ctrl-C: saving what there is" in result.stderr
        assert {path.name for path in tmp_path.iterdir()} == FILES
        assert 2 <= metrics["epochs"] < 1000
        assert metrics["steps"] >= 2 * 188
        assert metrics["history"][-1]["epoch"] == pytest.approx(metrics["steps"] / 188, abs=0.02)
        assert metrics["test_accuracy"] > 0.8
        assert load_model(tmp_path / "model.npz")(np.zeros((1, 784), np.float32)).shape == (1, 10)

    def test_a_second_ctrl_c_stops_at_once_and_leaves_nothing_half_written(self, tmp_path: Path) -> None:
        result = interrupt_in_training(tmp_path, again="Press it again")
        assert result.returncode == 130
        assert "Traceback" not in result.stderr
        assert {path.name for path in tmp_path.iterdir()} <= FILES

    def test_an_import_comes_to_its_end_first(self) -> None:
        before, reached = signal.getsignal(signal.SIGINT), []

        def load(presses: int) -> None:
            with uninterrupted():
                for press in range(presses):
                    signal.raise_signal(signal.SIGINT)
                    reached.append(press)

        load(0)
        with pytest.raises(KeyboardInterrupt):
            load(1)
        assert reached == [0]
        with pytest.raises(KeyboardInterrupt):
            load(2)
        assert reached == [0, 0]
        assert signal.getsignal(signal.SIGINT) is before

    def test_the_training_stops_after_the_step(self) -> None:
        training = small_training(epochs=2, averaged=0)
        with Interruption("") as interruption:
            step = training.step

            def step_and_interrupt(*arguments: Any) -> tuple[float, int]:
                if training.steps == 2:
                    signal.raise_signal(signal.SIGINT)
                return step(*arguments)

            training.step = step_and_interrupt  # type: ignore[method-assign, assignment]  # to press Ctrl-C within the third step
            training.run(interruption)
        assert (training.steps, training.completed) == (3, 0)
        assert [entry.epoch for entry in training.history] == [0.75]


def interrupt_in_training(folder: Path, again: str = "") -> Run:
    """Press Ctrl-C after the second epoch of a training without an end."""
    return interrupt("examples.mnist", "--quick", "--epochs", 1000, "--out", folder, after="epoch 2/1000", again=again)


def small_training(epochs: int, averaged: int) -> Training:
    generator = np.random.default_rng(0)
    images, labels = generator.random((40, 6), np.float32), generator.integers(0, 2, 40)
    nn.manual_seed(0)
    return Training(nn.MLP([6, 4, 2]), Data("noise", images, labels, images, labels), Plan(epochs, 10, averaged), 0)


def test_what_is_saved_is_the_mean_of_the_weights_after_each_step() -> None:
    training = small_training(epochs=3, averaged=2)
    seen: list[np.ndarray[Any, Any]] = []
    step = training.step

    def step_and_note(*arguments: Any) -> tuple[float, int]:
        result = step(*arguments)
        seen.append(training.model.state_dict()["0.weight"])
        return result

    training.step = step_and_note  # type: ignore[method-assign, assignment]  # to see the weights after each step
    with Interruption() as interruption:
        training.run(interruption)
    assert len(seen) == 12
    np.testing.assert_allclose(training.result.state_dict()["0.weight"], np.mean(seen[4:], axis=0), rtol=1e-5)


def test_evaluate_equals_the_formulas_row_by_row() -> None:
    training = small_training(epochs=1, averaged=0)
    images, labels = training.data.train_images, training.data.train_labels
    e = np.exp(training.model(images).data.astype(float))
    probabilities = e / e.sum(axis=1, keepdims=True)
    loss, accuracy = evaluate(training.model, images, labels)
    assert loss == pytest.approx(-np.log(probabilities[np.arange(40), labels]).mean(), rel=1e-5)
    assert accuracy == np.mean(probabilities.argmax(axis=1) == labels)


class TestPredict:
    def test_reads_a_row_of_the_test_set(self, trained: tuple[Run, Path]) -> None:
        result = run("examples.predict", trained[1] / "model.npz", "test:0")
        assert_fine(result)
        assert re.search(r"^guess 7, >?\d+\.\d% certain; the label is 7: right$", result.stdout, re.MULTILINE)
        assert re.search(r"^  7 +>?\d+\.\d%\n  \d +\d+\.\d%\n  \d +\d+\.\d%$", result.stdout, re.MULTILINE)
        assert re.search(r"[-=+*#%@]{4}", result.stdout)  # what it saw

    @pytest.mark.parametrize("style", ["white on black", "black on white, large", "red on transparent"])
    def test_reads_a_png(
        self,
        trained: tuple[Run, Path],
        digits: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]],
        tmp_path: Path,
        style: str,
    ) -> None:
        ink = Image.fromarray(np.rint(digits[0][0].reshape(28, 28) * 255).astype(np.uint8))
        if style == "white on black":
            image = ink
        elif style == "black on white, large":
            image = Image.new("RGB", (900, 700), "white")
            image.paste("black", (40, 20), ink.resize((500, 500)))
        else:
            image = Image.new("RGBA", ink.size, (255, 0, 0, 0))
            image.putalpha(ink)
        image.save(tmp_path / "digit.png")
        result = run("examples.predict", trained[1] / "model.npz", tmp_path / "digit.png")
        assert_fine(result)
        assert re.search(r"^guess 7, >?\d+\.\d% certain$", result.stdout, re.MULTILINE)

    def test_says_what_is_wrong(self, trained: tuple[Run, Path], tmp_path: Path) -> None:
        model = trained[1] / "model.npz"
        text, blank, broken = tmp_path / "notes.png", tmp_path / "blank.png", tmp_path / "broken.npz"
        text.write_text("no picture")
        Image.new("L", (50, 50), 128).save(blank)
        broken.write_bytes(model.read_bytes()[:5000])
        other = tmp_path / "other.npz"
        np.savez(other, numbers=np.arange(3))
        for arguments, message in (
            ((tmp_path / "none.npz", "test:0"), "none.npz: no such file. Train a model with"),
            ((text, "test:0"), "notes.png: is not a model"),
            ((broken, "test:0"), "broken.npz: is not a model"),
            ((other, "test:0"), "other.npz: is not a model"),
            ((model, tmp_path / "none.png"), "none.png: no such file"),
            ((model, text), "notes.png: is not an image"),
            ((model, blank), "the image is blank"),
            ((model, "test:10000"), "the rows of the test set are test:0 to test:9999"),
            ((model, "test:first"), "the rows of the test set are"),
        ):
            result = run("examples.predict", *arguments)
            assert result.returncode == 1
            assert message in result.stderr
            assert "Traceback" not in result.stderr

    def test_help(self) -> None:
        result = run("examples.predict", "--help")
        assert result.returncode == 0
        assert "test:17" in result.stdout


def test_an_image_of_mnist_stays_what_it_is(digits: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]) -> None:
    images = digits[0][:200].reshape(-1, 28, 28)
    differences = [np.abs(as_mnist(1 - image) - image).max() for image in images]
    assert np.mean(np.array(differences) < 0.11) > 0.9  # but for the faintest pixels; the centre may round elsewhere


def test_a_model_of_other_inputs_says_so(tmp_path: Path) -> None:
    nn.save(nn.MLP([12, 3]), tmp_path / "model.npz")
    result = run("examples.predict", tmp_path / "model.npz", "test:0")
    assert result.returncode == 1
    assert "the image has 784 pixels, but the model was trained on images of 12" in result.stderr


def test_custom_model_checks_its_operation_and_learns() -> None:
    result = run("examples.custom_model")
    assert_fine(result)
    assert result.stdout.count("the gradients agree") == 2
    losses = [float(loss) for loss in re.findall(r"loss (\d\.\d+)", result.stdout)]
    assert losses[0] > 0.1
    assert losses[-1] < 1e-4
    assert len((ROOT / "examples" / "custom_model.py").read_text().splitlines()) < 60


@pytest.mark.parametrize("name", ["files", "handwriting", "program", "report"])
def test_docstrings_show_what_happens(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"examples.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_activations_on_disk() -> None:
    result = run("examples.activations_on_disk")
    assert_fine(result)
    assert result.stdout.count("the same gradient: True") == 2
    in_memory, on_disk, recomputed = map(float, re.findall(r"([\d.]+) MB at most", result.stdout))
    assert on_disk < in_memory / 4
    assert recomputed < in_memory / 2
