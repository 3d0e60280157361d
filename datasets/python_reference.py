"""Character-level text from Python's language reference, which `help()` shows; and n-gram baselines."""

from __future__ import annotations

import platform
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

# The printable ASCII characters, and the line break.
ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
HELD_OUT = 10  # every tenth topic is for validation
_CODES = {character: code for code, character in enumerate(ALPHABET)}
_ASCII = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "--", "…": "...", "\t": "    "})


@dataclass(frozen=True)
class Text:
    """Characters as their positions in `ALPHABET`."""

    name: str
    training: Codes
    validation: Codes


def load_text() -> Text:
    """Return the topics of the language reference: every tenth for validation, the others for training.

    Topics quote each other. A paragraph that occurred before, however it was indented, is left out, so that no
    validation text occurs in the training text. The text differs between versions of Python.
    """
    from pydoc_data.topics import topics

    parts: tuple[list[str], list[str]] = ([], [])
    for number, topic in enumerate(distinct(topics[name] for name in sorted(topics))):
        parts[number % HELD_OUT == HELD_OUT - 1].append(topic)
    training, validation = (encode("\n\n\n".join(part)) for part in parts)
    return Text(f"Python {platform.python_version()}'s language reference", training, validation)


def distinct(topics: Iterable[str]) -> Iterator[str]:
    r"""Yield each topic without the paragraphs that it or an earlier topic already had; skip empty topics.

    Examples
    --------
    >>> list(distinct(["one\n\ntwo", "  two\n\nthree", "one"]))
    ['one\n\ntwo', 'three']
    """
    seen: set[str] = set()
    for topic in topics:
        fresh = []
        for paragraph in topic.split("\n\n"):
            key = " ".join(paragraph.split())
            if key and key not in seen:
                seen.add(key)
                fresh.append(paragraph.strip("\n"))
        if fresh:
            yield "\n\n".join(fresh)


def encode(text: str) -> Codes:
    """Return the position of each character in `ALPHABET`; others become ASCII, or else a question mark.

    Examples
    --------
    >>> decode(encode("naïve – ∀"))
    'naive - ?'
    """
    plain = unicodedata.normalize("NFD", text.translate(_ASCII))
    unaccented = "".join(character for character in plain if not unicodedata.combining(character))
    return np.array([_CODES.get(character, _CODES["?"]) for character in unaccented], np.int64)


def decode(codes: Codes) -> str:
    """Return the text of these character codes."""
    return "".join(ALPHABET[code] for code in codes)


def stretches(codes: Codes, length: int) -> tuple[Codes, Codes]:
    """Return a text as stretches, shape ``(n, length)``, and for each character the one that follows it.

    Characters at the end that do not fill a stretch are left out.

    Examples
    --------
    >>> X, y = stretches(encode("characters"), 3)
    >>> [decode(row) for row in X], [decode(row) for row in y]
    (['cha', 'rac', 'ter'], ['har', 'act', 'ers'])
    """
    end = (len(codes) - 1) // length * length
    return codes[:end].reshape(-1, length), codes[1 : end + 1].reshape(-1, length)


class RandomStretches:
    """Minibatches of stretches that begin anywhere in a text, and for each character the one that follows it.

    Each iteration, which is an epoch, draws `batches` new ones.

    Examples
    --------
    >>> epoch = RandomStretches(encode("characters"), length=3, batch_size=2, batches=1, seed=0)
    >>> [(X.shape, decode(X[0]), decode(y[0])) for X, y in epoch]
    [((2, 3), 'cte', 'ter')]
    """

    def __init__(self, codes: Codes, length: int, batch_size: int, batches: int, seed: int) -> None:
        self.codes, self.length, self.batch_size, self.batches = codes, length, batch_size, batches
        self.generator = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[tuple[Codes, Codes]]:
        for _ in range(self.batches):
            starts = self.generator.integers(0, len(self.codes) - self.length, (self.batch_size, 1))
            drawn = self.codes[starts + np.arange(self.length + 1)]
            yield drawn[:, :-1], drawn[:, 1:]


def counted_bits(text: Text, before: int, strength: float = 4.0) -> float:
    """Return the bits per character of the validation text by n-grams counted in the training text.

    The probability of a character, given the `before` characters before it, is
    ``(count + strength * shorter) / (total + strength)``, where `shorter` is its probability given one
    character less.

    Examples
    --------
    >>> ab = encode("ab" * 500)
    >>> round(counted_bits(Text("", ab, ab), 0), 2), round(counted_bits(Text("", ab, ab), 1), 2)
    (1.01, 0.01)
    """
    size = len(ALPHABET)
    probability = np.full(len(text.validation), 1 / size)
    for length in range(before + 1):
        seen, asked = (_contexts(codes, length) for codes in (text.training, text.validation))
        table, positions = np.unique(np.concatenate([seen, asked]), return_inverse=True)
        first, second = positions[: len(seen)], positions[len(seen) :]
        total = np.bincount(first, minlength=len(table))
        pair_table, pairs = np.unique(
            np.concatenate([first * size + text.training[length:], second * size + text.validation[length:]]),
            return_inverse=True,
        )
        counts = np.bincount(pairs[: len(seen)], minlength=len(pair_table))
        found = counts[pairs[len(seen) :]] + strength * probability[length:]
        probability[length:] = found / (total[second] + strength)
    return float(-np.log2(probability).mean())


def _contexts(codes: Codes, length: int) -> Codes:
    """Return a number for the `length` characters before each character that has that many before it."""
    numbers = np.zeros(len(codes) - length, np.int64)
    for i in range(length):
        numbers = numbers * len(ALPHABET) + codes[i : len(codes) - length + i]
    return numbers
