"""The example that learns to write: its text, its tables, its model, and the program as a person runs it."""

import doctest
import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nn
from examples import character_text
from examples.character_job import QUICK_SIZES, Training
from examples.character_model import CharacterModel, bits_per_character, generate
from examples.character_text import ALPHABET, Text, counted_bits, decode, encode, load_text
from nn.training import Interruption

from .programs import interrupt, interrupted_metrics, run

FILES = {"model.npz", "metrics.json", "sample.txt", "curves.png"}
PROGRAM = "examples.characters"


def tiny(**sizes: int) -> CharacterModel:
    nn.manual_seed(0)
    return CharacterModel(**{**QUICK_SIZES, "context": 8, **sizes})


def test_a_quick_run_leaves_the_folder_that_it_promises(tmp_path: Path) -> None:
    out = tmp_path / "new" / "characters"
    result = run(PROGRAM, "--quick", "--seed", 3, "--out", out, "--prompt", "A class ")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""  # no bar where nobody watches
    assert {path.name for path in out.iterdir()} == FILES
    assert result.stdout.count("\nstep ") == 20
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["seed"], metrics["steps"], metrics["interrupted"]) == (3, 120, False)
    assert metrics["history"][-1]["validation"] == metrics["validation_bits"]
    assert counted_bits(load_text(), 0) > metrics["validation_bits"] > 2
    assert metrics["bits_by_counting"]["bigrams"] > metrics["bits_by_counting"]["trigrams"]
    assert f"Python {'.'.join(map(str, sys.version_info[:2]))}" in metrics["text"]
    sample = (out / "sample.txt").read_text()
    assert sample.startswith("A class ")
    assert len(sample) == len("A class ") + 100 + 1
    with Image.open(out / "curves.png") as image:
        image.load()
        assert len(np.unique(np.asarray(image.convert("L")))) > 10
    model = CharacterModel(**QUICK_SIZES)
    with np.load(out / "model.npz") as state:
        model.load_state_dict(dict(state))
    assert bits_per_character(model, load_text().validation) == pytest.approx(metrics["validation_bits"], rel=1e-5)


def test_ctrl_c_saves_what_there_is(tmp_path: Path) -> None:
    result = interrupt(PROGRAM, "--quick", "--steps", 40000, "--out", tmp_path, after="AdamW")
    assert interrupted_metrics(result, tmp_path)["steps"] < 40000
    assert {path.name for path in tmp_path.iterdir()} | {"curves.png"} == FILES


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--out", "README.md/runs"], 1, "is a file, where a folder is to be written"),
        (["--steps", "0"], 2, "0 is too few"),
        (["--temperature", "hot"], 2, "'hot' is not a number from 0 to 10"),
        (["--temperature", "-1"], 2, "not a number from 0 to 10"),
    ],
)
def test_says_what_is_wrong(arguments: list[str], code: int, message: str) -> None:
    result = run(PROGRAM, *arguments)
    assert result.returncode == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_help_names_every_option() -> None:
    result = run(PROGRAM, "--help")
    assert result.returncode == 0
    assert all(f"--{name}" in result.stdout for name in ("steps", "seed", "out", "prompt", "temperature", "quick"))


def test_nothing_of_the_validation_text_was_read_in_training() -> None:
    text = load_text()
    training, validation = (decode(codes) for codes in (text.training, text.validation))
    paragraphs = [{" ".join(each.split()) for each in part.split("\n\n")} - {""} for part in (training, validation)]
    assert not paragraphs[0] & paragraphs[1]
    assert len(paragraphs[1]) > 50
    assert len(text.training) > 5 * len(text.validation) > 50_000
    assert min(text.training.min(), text.validation.min()) >= 0
    assert max(text.training.max(), text.validation.max()) < len(ALPHABET)


def test_counted_bits_are_those_of_the_definition() -> None:
    training, validation = "abracadabra, a banana and a cabana", "a bandana and abc"
    text = Text("", encode(training), encode(validation))

    def probability(before: str, character: str) -> float:
        shorter = probability(before[1:], character) if before else 1 / len(ALPHABET)
        n = len(before)
        follows = Counter(training[i + n] for i in range(len(training) - n) if training[i : i + n] == before)
        return (follows[character] + 2 * shorter) / (follows.total() + 2)

    for before in range(4):
        bits = [-math.log2(probability(validation[max(0, i - before) : i], c)) for i, c in enumerate(validation)]
        assert counted_bits(text, before, strength=2.0) == pytest.approx(np.mean(bits))


def test_text_becomes_codes_and_back() -> None:
    assert decode(encode(ALPHABET)) == ALPHABET
    assert decode(encode("“quoted”…\tcafé")) == '"quoted"...    cafe'
    assert doctest.testmod(character_text).failed == 0


def test_the_model_does_not_look_ahead() -> None:
    model, codes = tiny().eval(), encode("attribute")[None, :8]
    later = codes.copy()
    later[:, 5:] = 0
    one, other = model(codes).data, model(later).data
    assert one.shape == (1, 8, len(ALPHABET))
    np.testing.assert_allclose(one[:, :5], other[:, :5], rtol=1e-5, atol=1e-6)
    assert not np.allclose(one[:, 5:], other[:, 5:])


def test_bits_per_character_are_those_of_each_stretch() -> None:
    model, codes = tiny(), encode("The with statement is used to wrap")
    bits = []
    for start in range(0, len(codes) - 1, 8):
        stretch = codes[start : start + 9]
        logits = model(stretch[None, :-1]).data[0].astype(float)
        log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        bits += [-row[code] / math.log(2) for row, code in zip(log_p, stretch[1:], strict=True)]
    assert len(bits) == len(codes) - 1
    for portion in (1, 2, 32):
        assert bits_per_character(model, codes, portion) == pytest.approx(np.mean(bits), rel=1e-5)


def test_the_sample_is_drawn_from_what_the_model_says() -> None:
    model, start = tiny(), encode("object.__call__")  # longer than the context
    codes = generate(model, start, 12, 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(codes[: len(start)], start)
    for place in range(len(start), len(codes)):
        assert codes[place] == model(codes[None, place - 8 : place]).data[0, -1].argmax()
    drawn = [generate(model, start, 40, t, np.random.default_rng(0)) for t in (1.0, 1.0, 0.01)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert model.training


def test_a_training_learns_repeats_itself_and_follows_its_schedule() -> None:
    text = Text("abc", encode("abc" * 200), encode("bca" * 20))
    histories: list[Any] = []
    for _ in range(2):
        training = Training(tiny(), text, steps=60, seed=1)
        rates: list[float] = []
        step = training.step

        def step_and_note(training: Any = training, step: Any = step, rates: Any = rates) -> float:
            rates.append(training.optimizer.param_groups[0]["lr"])
            bits: float = step()
            return bits

        training.step = step_and_note  # type: ignore[method-assign]  # to see the rate of each step
        with Interruption("") as interruption:
            training.run(interruption)
        histories.append(training.history)
    assert histories[0] == histories[1]
    assert [entry.step for entry in histories[0]] == list(range(3, 61, 3))
    assert histories[0][0].validation > 2
    assert histories[0][-1].validation < 0.5
    assert rates[0] == pytest.approx(0.003 / 5)
    assert max(rates) == pytest.approx(0.003)
    assert np.argmax(rates) == 5
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] < 0.0002
