"""The language reference as text to learn: its parts, its codes, its n-gram tables and its stretches."""

import math
from collections import Counter

import numpy as np
import pytest

from datasets.python_reference import (
    ALPHABET,
    RandomStretches,
    Text,
    counted_bits,
    decode,
    encode,
    load_text,
    stretches,
)


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


def test_random_stretches_are_those_of_the_text_anew_in_each_epoch_and_repeat_with_a_seed() -> None:
    codes = np.arange(50)
    epochs = RandomStretches(codes, length=8, batch_size=4, batches=30, seed=0)
    first, second = list(epochs), list(epochs)
    assert len(epochs) == len(first) == len(second) == 30
    for X, y in first + second:
        assert X.shape == y.shape == (4, 8)
        np.testing.assert_array_equal(X, X[:, :1] + np.arange(8))
        np.testing.assert_array_equal(y, X + 1)
    starts = {int(start) for X, _ in first for start in X[:, 0]}
    assert (min(starts), max(starts)) == (0, 41)  # to the last stretch whose following character there is
    assert not all(np.array_equal(one[0], other[0]) for one, other in zip(first, second, strict=True))
    again = RandomStretches(codes, length=8, batch_size=4, batches=30, seed=0)
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize("count", [9, 16, 17, 30])
def test_stretches_follow_each_other_to_the_last_whole_one(count: int) -> None:
    X, y = stretches(np.arange(count), 8)
    assert X.shape == y.shape == ((count - 1) // 8, 8)
    np.testing.assert_array_equal(X.ravel(), np.arange(X.size))
    np.testing.assert_array_equal(y, X + 1)
