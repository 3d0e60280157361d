"""The examples as a person runs them: each a program of its own, started in the root of the repository."""

import ast
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

import examples
import nn
from datasets import load_mnist
from examples import command

from .programs import ROOT, Run, interrupt, interrupted_metrics, run, run_here, without_matplotlib

REPORT, GRAPH = "report.html", "graph.svg"
FILES = {"model.npz", "metrics.json", REPORT, GRAPH}


def assert_fine(result: Run) -> None:
    assert result.returncode == 0, result.stderr
    # matplotlib and dot may have something to say about fonts
    assert not re.search(r"Traceback|\w(Warning|Error):", result.stderr), result.stderr


def read_metrics(folder: Path) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return metrics


def load_model(folder: Path) -> nn.MLP:
    model = nn.MLP(read_metrics(folder)["sizes"])
    model.load_state_dict(nn.load(folder / "model.npz"))
    return model


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("examples") / "new" / "mnist"
    return run("examples.mnist", "--quick", "--seed", 3, "--out", folder), folder


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    return load_mnist()[1]


@pytest.mark.thorough
class TestMnist:
    def test_leaves_the_folder_that_it_promises(self, trained: tuple[Run, Path]) -> None:
        result, folder = trained
        assert_fine(result)
        assert {path.name for path in folder.iterdir()} == FILES
        assert all(name in result.stdout for name in FILES)

    def test_the_report_shows_curves_confusion_mistakes_and_weights(self, trained: tuple[Run, Path]) -> None:
        page = (trained[1] / REPORT).read_text()
        assert page.rstrip().endswith("</html>")
        for words in (
            "loss over the epochs",
            "accuracy over the epochs",
            "confusion matrix",
            "the worst mistakes",
            "weights of the first layer",
        ):
            assert words in page

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
        assert metrics["sizes"] == [784, 128, 64, 10]
        assert metrics["threads"] == 1
        assert metrics["interrupted"] is metrics["full_batch"] is False
        assert 0 < metrics["seconds"] < 60
        assert metrics["versions"]["numpy"] == np.__version__

    def test_metrics_are_those_of_the_saved_model(
        self, trained: tuple[Run, Path], digits: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
    ) -> None:
        images, labels = digits
        guesses = load_model(trained[1])(images[:1000]).data.argmax(axis=1)
        assert np.mean(guesses == labels[:1000]) == pytest.approx(read_metrics(trained[1])["test_accuracy"])

    def test_prints_a_line_for_each_epoch_and_labels_beside_guesses(self, trained: tuple[Run, Path]) -> None:
        output = trained[0].stdout
        assert re.findall(r"^epoch (\d)/4: loss \d\.\d+, accuracy", output, re.MULTILINE) == list("1234")
        assert re.search(r"^ +label +7 +2 +1 +0 +4 ", output, re.MULTILINE)
        assert re.search(r"^ +guess +7 ", output, re.MULTILINE)

    @pytest.mark.thorough
    def test_same_seed_gives_the_same_model(self, trained: tuple[Run, Path], tmp_path: Path) -> None:
        assert without_matplotlib("examples.mnist", "--quick", "--seed", 3, "--out", tmp_path).returncode == 0
        first, second = (nn.load(folder / "model.npz") for folder in (trained[1], tmp_path))
        assert all(np.array_equal(first[name], second[name]) for name in first)

    @pytest.mark.thorough
    def test_full_batch_takes_one_step_an_epoch(self, tmp_path: Path) -> None:
        result = without_matplotlib("examples.mnist", "--full-batch", "--quick", "--epochs", 30, "--out", tmp_path)
        assert_fine(result)
        metrics = read_metrics(tmp_path)
        assert metrics["epochs"] == metrics["steps"] == 30
        assert metrics["full_batch"] is True
        assert metrics["train_accuracy"] > 0.8
        losses = [entry["loss"] for entry in metrics["history"]]
        assert losses == sorted(losses, reverse=True)

    @pytest.mark.thorough
    def test_trains_on_a_csv_file(
        self, tmp_path: Path, digits: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
    ) -> None:
        images, labels = digits
        table = np.column_stack([labels, np.rint(images * 255)])[:1400].astype(int)
        header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
        np.savetxt(tmp_path / "digits.csv", table, "%d", ",", header=header, comments="")
        out = tmp_path / "out"
        result = without_matplotlib("examples.mnist", "--csv", tmp_path / "digits.csv", "--epochs", 8, "--out", out)
        assert_fine(result)
        metrics = read_metrics(out)
        assert (metrics["train_images"], metrics["test_images"]) == (1200, 200)
        assert metrics["test_accuracy"] > 0.7

    @pytest.mark.thorough
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

    @pytest.mark.thorough
    def test_a_run_without_matplotlib_says_what_to_install_and_one_without_dot_draws(self, tmp_path: Path) -> None:
        (tmp_path / "report.html").write_bytes(b"of an earlier run")
        (tmp_path / "graph.svg").write_bytes(b"of an earlier run")
        result = without_matplotlib("examples.mnist", "--quick", "--epochs", 1, "--out", tmp_path, PATH="")
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
        result = run_here("examples.mnist", *arguments)
        assert result.returncode == code
        assert message in result.stderr
        assert "Traceback" not in result.stderr

    def test_refuses_labels_that_number_no_classes(self, tmp_path: Path) -> None:
        (tmp_path / "negative.csv").write_text("label,a,b\n" + "-1,0,255\n" * 20)
        result = run_here("examples.mnist", "--csv", tmp_path / "negative.csv", "--out", tmp_path / "out")
        assert result.returncode == 1
        assert "the labels are from -1 to -1" in result.stderr
        assert not (tmp_path / "out").exists()

    @pytest.mark.thorough
    def test_the_column_of_labels_can_be_named(self, tmp_path: Path) -> None:
        (tmp_path / "digits.csv").write_text("digit,a,b\n" + "0,0,255\n1,255,0\n" * 20)
        given = ("examples.mnist", "--csv", tmp_path / "digits.csv", "--out", tmp_path / "out", "--epochs", 1)
        assert "Pass label= with the name of one of them" in run_here(*given).stderr
        for column in ("digit", 0):
            assert without_matplotlib(*given, "--label", column).returncode == 0
        assert (
            "--label names a column of the file that --csv gives" in run_here("examples.mnist", "--label", "a").stderr
        )

    def test_help_names_every_option(self) -> None:
        result = run_here("examples.mnist", "--help")
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
    @pytest.mark.thorough
    def test_ctrl_c_saves_what_there_is(self, tmp_path: Path) -> None:
        result = interrupt_in_training(tmp_path)
        metrics = interrupted_metrics(result, tmp_path)
        assert "Ctrl-C: saving what there is" in result.stderr
        assert {path.name for path in tmp_path.iterdir()} == FILES
        assert 2 <= metrics["epochs"] < 1000
        assert metrics["steps"] >= 2 * 188
        assert metrics["history"][-1]["epoch"] == metrics["epochs"] == -(-metrics["steps"] // 188)
        assert metrics["test_accuracy"] > 0.8
        assert load_model(tmp_path)(np.zeros((1, 784), np.float32)).shape == (1, 10)

    @pytest.mark.thorough
    def test_a_second_ctrl_c_stops_at_once_and_leaves_nothing_half_written(self, tmp_path: Path) -> None:
        result = interrupt_in_training(tmp_path, again="Press it again")
        assert result.returncode == 130
        assert "Traceback" not in result.stderr
        assert {path.name for path in tmp_path.iterdir()} <= FILES

    def test_a_run_puts_ctrl_c_off_to_its_end(self, tmp_path: Path) -> None:
        before, reached = signal.getsignal(signal.SIGINT), []
        options = command.parser("name", "Do.", quick="less").parse_args(["--out", str(tmp_path)])

        def train(presses: int) -> None:
            with command.Run(options) as run:
                for press in range(presses):
                    signal.raise_signal(signal.SIGINT)
                    reached.append((press, run.requested))

        train(0)
        with pytest.raises(KeyboardInterrupt):
            train(1)
        assert reached == [(0, True)]
        with pytest.raises(KeyboardInterrupt):
            train(2)
        assert reached == [(0, True)] * 2
        assert signal.getsignal(signal.SIGINT) is before

    @pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
    def test_no_file_stays_that_is_half_written_or_old(self, error: type[BaseException], tmp_path: Path) -> None:
        options = command.parser("name", "Do.", quick="less").parse_args(["--out", str(tmp_path)])
        for name in ("model.npz", "first.txt", "second.txt"):
            (tmp_path / name).write_text("of an earlier run")

        def stop_halfway(path: Path) -> None:
            path.write_text("half")
            raise error

        with pytest.raises(error), command.Run(options) as run:
            run.write(None, {}, {"first.txt": stop_halfway, "second.txt": stop_halfway})
        assert {path.name for path in tmp_path.iterdir()} == {"metrics.json"}


def interrupt_in_training(folder: Path, again: str = "") -> Run:
    """Press Ctrl-C after the second epoch of a training without an end."""
    return interrupt("examples.mnist", "--quick", "--epochs", 1000, "--out", folder, after="epoch 2/1000", again=again)


@pytest.mark.thorough
class TestPredict:
    def test_reads_a_row_of_the_test_set(self, trained: tuple[Run, Path]) -> None:
        result = run("examples.predict", trained[1] / "model.npz", "test:0")
        assert_fine(result)
        assert re.search(r"^guess 7, >?\d+\.\d% certain; the label is 7: right$", result.stdout, re.MULTILINE)
        assert re.search(r"^  7 +>?\d+\.\d%\n  \d +\d+\.\d%\n  \d +\d+\.\d%$", result.stdout, re.MULTILINE)
        assert re.search(r"[-=+*#%@]{4}", result.stdout)  # what it saw

    @pytest.mark.one_in(3)
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
            result = run_here("examples.predict", *arguments)
            assert result.returncode == 1
            assert message in result.stderr
            assert "Traceback" not in result.stderr

    def test_help(self) -> None:
        result = run_here("examples.predict", "--help")
        assert result.returncode == 0
        assert "test:17" in result.stdout


def test_a_model_of_other_inputs_says_so(tmp_path: Path) -> None:
    nn.save(nn.MLP([12, 3]), tmp_path / "model.npz")
    result = run_here("examples.predict", tmp_path / "model.npz", "test:0")
    assert result.returncode == 1
    assert "the image has 784 pixels, but the model was trained on images of 12" in result.stderr


def test_a_python_without_the_packages_is_told_what_to_do() -> None:
    bare = [sys.executable, "-S", "-m", "examples.mnist"]  # -S: without what is installed
    result = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "has no numpy and no pandas" in result.stderr
    assert "python3 -m venv .venv" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", ["custom_model", "activations_on_disk"])
def test_help_of_a_program_without_options_says_what_it_shows(name: str) -> None:
    result = run(f"examples.{name}", "--help")
    assert_fine(result)
    assert f"usage: python -m examples.{name}" in result.stdout
    assert "takes a second" in " ".join(result.stdout.split())
    assert "MB" not in result.stdout
    assert "loss" not in result.stdout


@pytest.mark.thorough
def test_custom_model_checks_its_operation_and_learns() -> None:
    result = run("examples.custom_model")
    assert_fine(result)
    assert result.stdout.count("the gradients agree") == 2
    losses = [float(loss) for loss in re.findall(r"loss (\d\.\d+)", result.stdout)]
    assert losses[0] > 0.1
    assert losses[-1] < 1e-4
    assert len((ROOT / "examples" / "custom_model.py").read_text().splitlines()) < 62


EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.stem not in ("__init__", "command"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_one_file_of_public_names(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert 59 <= len(source.splitlines()) <= 160
    for node in ast.walk(ast.parse(source)):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        for module in modules:
            assert module == "examples.command" or not module.startswith("examples"), module
            assert not re.search(r"\._(?!_)", module), module
    assert f"``{path.stem}``" in (examples.__doc__ or "")
    assert f"(examples/{path.name})" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.thorough
def test_activations_on_disk() -> None:
    result = run("examples.activations_on_disk")
    assert_fine(result)
    assert result.stdout.count("the same gradient: True") == 2
    in_memory, on_disk, recomputed = map(float, re.findall(r"([\d.]+) MB at most", result.stdout))
    assert on_disk < in_memory / 4
    assert recomputed < in_memory / 2
