"""A small transformer that reads characters and says which may come next."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import nn
from autograd import Tensor, no_grad
from examples.character_text import ALPHABET, Codes

__all__ = ["CharacterModel", "bits_per_character", "generate"]


class CharacterModel(nn.Module):
    """Layers of attention, each position to itself and those before it.

    Parameters
    ----------
    context
        How many characters it reads at most.
    width
        The features of each position.
    heads, layers
        Of attention, and how many layers.
    dropout
        How probable it is that something is dropped while training.
    """

    def __init__(self, context: int, width: int, heads: int, layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.context = context
        self.characters = nn.Embedding(len(ALPHABET), width)
        self.places = nn.Embedding(context, width)
        self.layers = [
            nn.TransformerEncoderLayer(width, heads, 4 * width, dropout, batch_first=True, norm_first=True)
            for _ in range(layers)
        ]
        self.norm = nn.LayerNorm(width)
        self.following = nn.Linear(width, len(ALPHABET))
        for embedding in (self.characters, self.places):
            nn.init.normal_(embedding.weight, std=0.1)

    def forward(self, codes: Codes) -> Tensor:
        """Return the logits of the character after each one of `codes`, shape ``(n, length)``."""
        x = self.characters(codes) + self.places(np.arange(codes.shape[1]))
        for layer in self.layers:
            x = layer(x, is_causal=True)
        logits: Tensor = self.following(self.norm(x))
        return logits


def bits_per_character(model: CharacterModel, codes: Codes, portion: int = 32) -> float:
    """Return the mean of -log2 of the probability of each character, given those before it in the same stretch."""
    length = model.context
    stretches = [codes[start : start + length + 1] for start in range(0, len(codes) - 1, length)]
    whole = [stretch for stretch in stretches if len(stretch) == length + 1]
    batches = [np.stack(whole[start : start + portion]) for start in range(0, len(whole), portion)]
    batches += [stretch[None] for stretch in stretches[len(whole) :]]
    total = 0.0
    model.eval()
    with no_grad():
        for batch in batches:
            logits = model(batch[:, :-1]).data.reshape(-1, len(ALPHABET))
            total += float(nn.functional.cross_entropy(logits, batch[:, 1:].reshape(-1), reduction="sum"))
    model.train()
    return total / math.log(2) / (len(codes) - 1)


def generate(
    model: CharacterModel, start: Codes, count: int, temperature: float, generator: np.random.Generator
) -> Codes:
    """Return `start` and `count` characters more, each drawn from what the model says of the last `context` ones.

    Parameters
    ----------
    temperature
        What logits are divided by: below 1 the probable becomes more probable, and 0 takes always the most probable.
    """
    codes = np.concatenate([start, np.zeros(count, np.int64)])
    model.eval()
    with no_grad():
        for place in range(len(start), len(codes)):
            logits: Any = model(codes[None, max(0, place - model.context) : place]).data[0, -1]
            if temperature == 0:
                codes[place] = logits.argmax()
                continue
            probabilities = nn.functional.softmax(logits.astype(np.float64) / temperature)
            codes[place] = generator.choice(len(ALPHABET), p=probabilities)
    model.train()
    return codes
