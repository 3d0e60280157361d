"""The example that learns to write: its model, what it draws, and the program as a person runs it."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nn
from datasets.python_reference import ALPHABET, counted_bits, decode, encode, load_text, stretches
from examples import characters, command
from examples.characters import QUICK_SIZES, CharacterModel, generate, loss, temperature

from .programs import check_interrupted, check_usage, run

FILES = {"model.npz", "metrics.json", "sample.txt", "curves.png"}
PROGRAM = "examples.characters"


def tiny() -> CharacterModel:
    nn.manual_seed(0)
    return CharacterModel(**{**QUICK_SIZES, "context": 8})


@pytest.mark.thorough
def test_a_quick_run_leaves_the_folder_that_it_promises(tmp_path: Path) -> None:
    out = tmp_path / "new" / "characters"
    result = run(PROGRAM, "--quick", "--seed", 3, "--out", out, "--prompt", "A class ")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""  # no bar where nobody watches
    assert {path.name for path in out.iterdir()} == FILES
    assert result.stdout.count("\nepoch ") == 20
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["seed"], metrics["steps"], metrics["interrupted"]) == (3, 120, False)
    # The same sums, of arrays that start elsewhere in memory: a product may round otherwise.
    assert metrics["history"][-1]["val_bits"] == pytest.approx(metrics["validation_bits"], rel=1e-9)
    assert counted_bits(load_text(), 0) > metrics["validation_bits"] > 2
    assert metrics["bits_by_counting"]["bigrams"] > metrics["bits_by_counting"]["trigrams"]
    assert f"Python {'.'.join(map(str, sys.version_info[:2]))}" in metrics["text"]
    assert metrics["history"][0]["lr"] == pytest.approx(0.003 * 0.64)  # 6 of 10 steps from a tenth up
    assert max(entry["lr"] for entry in metrics["history"]) <= 0.003
    assert metrics["history"][-1]["lr"] < 0.0002
    sample = (out / "sample.txt").read_text()
    assert sample.startswith("A class ")
    assert len(sample) == len("A class ") + 100 + 1
    with Image.open(out / "curves.png") as image:
        image.load()
        assert len(np.unique(np.asarray(image.convert("L")))) > 10
    model = CharacterModel(**QUICK_SIZES)
    model.load_state_dict(nn.load(out / "model.npz"))
    found = nn.evaluate(model, stretches(load_text().validation, model.context), loss)["loss"] / np.log(2)
    assert found == pytest.approx(metrics["validation_bits"], rel=1e-5)


@pytest.mark.thorough
def test_a_seed_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)  # no picture
    monkeypatch.setattr(characters, "TABLES", {})  # counting takes longer than the training
    given = argparse.Namespace(quick=True, steps=20, seed=3, prompt="The ", temperature=0.7, out=tmp_path)
    samples = []
    for _ in range(2):
        characters.main(given)
        samples.append((tmp_path / "sample.txt").read_text())
    assert samples[0] == samples[1]


@pytest.mark.thorough
def test_ctrl_c_saves_what_there_is(tmp_path: Path) -> None:
    metrics = check_interrupted(PROGRAM, "--quick", "--steps", 4000, out=tmp_path, after="epoch 1/20", files=FILES)
    assert 200 <= metrics["steps"] < 4000


def test_help_and_wrong_options() -> None:
    check_usage(PROGRAM, "steps", "prompt", "temperature", wrong=("--steps", "0", "0 is too few"))


@pytest.mark.parametrize("text", ["hot", "-1", "11", "nan"])
def test_a_temperature_is_a_number_from_0_to_10(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}' is not a number from 0 to 10"):
        temperature(text)
    assert (temperature("0"), temperature("0.3")) == (0, 0.3)


def test_the_model_does_not_look_ahead() -> None:
    model, codes = tiny().eval(), encode("attribute")[None, :8]
    later = codes.copy()
    later[:, 5:] = 0
    one, other = model(codes).data, model(later).data
    assert one.shape == (1, 8, len(ALPHABET))
    np.testing.assert_allclose(one[:, :5], other[:, :5], rtol=1e-5, atol=1e-6)
    assert not np.allclose(one[:, 5:], other[:, 5:])


def test_the_loss_is_the_mean_over_all_characters() -> None:
    logits, following = (
        np.random.default_rng(0).standard_normal((2, 3, len(ALPHABET))),
        np.array([[0, 5, 2], [9, 1, 1]]),
    )
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    expected = -np.mean([log_p[i, j, following[i, j]] for i, j in np.ndindex(2, 3)])
    assert float(loss(logits, following)) == pytest.approx(expected)


def test_the_sample_is_drawn_from_what_the_model_says() -> None:
    model, start = tiny(), encode("object.__call__")  # longer than the context

    def sample(temperature: float) -> Any:
        return generate(model, start, argparse.Namespace(seed=0, quick=True, temperature=temperature))

    codes = encode(sample(0.0))
    assert len(codes) == len(start) + 100
    np.testing.assert_array_equal(codes[: len(start)], start)
    for i in range(len(start), len(codes)):
        assert codes[i] == model(codes[None, i - 8 : i]).data[0, -1].argmax()
    assert sample(1.0) == sample(1.0) != sample(0.01)
    assert sample(1.0).startswith(decode(start))
