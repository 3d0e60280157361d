"""The LSTM that reads digits, run as a user runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "examples.sequential_digits"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("digits") / "new"
    return run("--quick", "--seed", 1, "--out", folder), folder


def test_it_learns_and_leaves_the_folder_that_it_promises(
    trained: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    result, folder = trained
    assert result.returncode == 0, result.stderr
    assert "Error" not in result.stderr
    assert {path.name for path in folder.iterdir()} == {"model.npz", "metrics.json", "reading.png"}
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test_accuracy"] > 0.4  # of ten digits; two epochs of 3000 images
    assert metrics["epochs"] == len(metrics["history"]) == 2
    assert metrics["history"][1]["loss"] < metrics["history"][0]["loss"]
    assert re.search(r"test accuracy \d+\.\d\d%, .* in \d+\.\d s", result.stdout)
    with Image.open(folder / "reading.png") as image:
        image.load()
        assert min(image.size) > 300


def test_a_seed_repeats(trained: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path) -> None:
    assert run("--quick", "--seed", 1, "--out", tmp_path).returncode == 0
    first, second = (json.loads((folder / "metrics.json").read_text()) for folder in (trained[1], tmp_path))
    assert first["test_loss"] == second["test_loss"]


def test_options_and_folders_that_cannot_be_used_are_errors(tmp_path: Path) -> None:
    assert run("--help").returncode == 0
    assert run("--epochs", 0).returncode == 2
    (tmp_path / "file").write_text("")
    result = run("--quick", "--out", tmp_path / "file")
    assert result.returncode == 1
    assert "choose another --out" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that reaches one program alone")
def test_ctrl_c_saves_what_there_is(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--quick", "--epochs", "500", "--out", str(tmp_path)],
        cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while not process.stdout.readline().startswith("epoch 1/"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["interrupted"]
    assert metrics["epochs"] < 500
