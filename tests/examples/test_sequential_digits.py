"""The LSTM that reads digits, run as a user runs it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from .programs import Run, check_interrupted, check_usage, run, without_matplotlib

PROGRAM = "examples.sequential_digits"
FILES = {"model.npz", "metrics.json", "report.html", "reading.png"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("digits") / "new"
    return run(PROGRAM, "--quick", "--seed", 1, "--out", folder), folder


@pytest.mark.thorough
def test_it_learns_and_leaves_the_folder_that_it_promises(
    trained: tuple[Run, Path],
) -> None:
    result, folder = trained
    assert result.returncode == 0, result.stderr
    assert "Error" not in result.stderr
    assert {path.name for path in folder.iterdir()} == FILES
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test_accuracy"] > 0.4  # of ten digits; two epochs of 3000 images
    assert metrics["epochs"] == len(metrics["history"]) == 2
    assert metrics["history"][1]["loss"] < metrics["history"][0]["loss"]
    assert f"test digits: accuracy {metrics['test_accuracy']:.2%}, loss " in result.stdout
    assert "the worst mistakes" in (folder / "report.html").read_text()
    with Image.open(folder / "reading.png") as image:
        image.load()
        assert min(image.size) > 300


@pytest.mark.thorough
def test_a_seed_repeats(trained: tuple[Run, Path], tmp_path: Path) -> None:
    assert without_matplotlib(PROGRAM, "--quick", "--seed", 1, "--out", tmp_path).returncode == 0
    first, second = (json.loads((folder / "metrics.json").read_text()) for folder in (trained[1], tmp_path))
    assert first["test_loss"] == second["test_loss"]


def test_help_and_wrong_options() -> None:
    check_usage(PROGRAM, "epochs", wrong=("--epochs", "0", "0 is too few"))


@pytest.mark.thorough
@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that reaches one program alone")
def test_ctrl_c_saves_what_there_is(tmp_path: Path) -> None:
    metrics = check_interrupted(PROGRAM, "--quick", "--epochs", 500, out=tmp_path, after="epoch 1/", files=FILES)
    assert metrics["epochs"] < 500
