"""Ten models that pictures are judged by: what people draw, each of a size that its paper or tutorial has it in."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import nn
import nn.scalar
from autograd import Tensor, Value
from datasets import make_moons
from nn import functional

__all__ = ["MODELS", "Drawn"]

Array = Any


class Drawn(NamedTuple):
    """What is drawn: a function that computes the loss, and the model that it calls, if that is a module."""

    loss: Callable[[], Tensor | Value]
    model: nn.Module | None


def normal(*shape: int) -> Array:
    """Return random numbers that are the same in each run."""
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def mlp() -> Drawn:
    """Return a perceptron of three layers."""
    model = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    images, labels = normal(32, 784), np.arange(32) % 10
    return Drawn(lambda: functional.cross_entropy(model(images), labels), model)


class LeNet(nn.Module):
    """LeNet-5, with the names of PyTorch's tutorial."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, image: Array) -> Any:
        """Return the scores of images of 28 by 28."""
        x = self.pool(functional.relu(self.conv1(image)))
        x = self.pool(functional.relu(self.conv2(x)))
        x = x.reshape(len(x), -1)
        return self.fc3(functional.relu(self.fc2(functional.relu(self.fc1(x)))))


def lenet() -> Drawn:
    """Return LeNet-5."""
    model, images, labels = LeNet(), normal(4, 1, 28, 28), np.arange(4)
    return Drawn(lambda: functional.cross_entropy(model(images), labels), model)


class BasicBlock(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Array) -> Any:
        """Return the input, changed by what the convolutions add to it."""
        out = functional.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return functional.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """ResNet-18, narrow."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, padding=3, bias=False), nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layer1 = nn.Sequential(BasicBlock(width, width), BasicBlock(width, width))
        self.layer2 = nn.Sequential(BasicBlock(width, 2 * width, 2), BasicBlock(2 * width, 2 * width))
        self.layer3 = nn.Sequential(BasicBlock(2 * width, 4 * width, 2), BasicBlock(4 * width, 4 * width))
        self.layer4 = nn.Sequential(BasicBlock(4 * width, 8 * width, 2), BasicBlock(8 * width, 8 * width))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(8 * width, 10)

    def forward(self, image: Array) -> Any:
        """Return the scores of images."""
        x = self.maxpool(functional.relu(self.bn1(self.conv1(image))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).reshape(len(x), -1))


def resnet() -> Drawn:
    """Return ResNet-18."""
    model, images, labels = ResNet18(), normal(2, 3, 32, 32), np.arange(2)
    return Drawn(lambda: functional.cross_entropy(model(images), labels), model)


def double(inputs: int, outputs: int) -> nn.Module:
    """Return the two convolutions of a level of a U-Net."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU()
    )


class UNet(nn.Module):
    """A U-Net of three levels."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = double(1, 4), double(4, 8), double(8, 16)
        self.pool, self.grow = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)
        self.up2, self.up1, self.head = double(24, 8), double(12, 4), nn.Conv2d(4, 2, 1)

    def forward(self, image: Array) -> Any:
        """Return the scores of each pixel."""
        first = self.down1(image)
        second = self.down2(self.pool(first))
        x = self.bottom(self.pool(second))
        x = self.up2(np.concatenate([second, self.grow(x)], axis=1))
        x = self.up1(np.concatenate([first, self.grow(x)], axis=1))
        return self.head(x)


def unet() -> Drawn:
    """Return a U-Net."""
    model, images, classes = UNet(), normal(2, 1, 16, 16), np.zeros((2, 16, 16), int)
    return Drawn(lambda: functional.cross_entropy(model(images), classes), model)


class Tagger(nn.Module):
    """A tagger of words, as in PyTorch's tutorial of sequence models."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.lstm, self.tag = (
            nn.Embedding(100, 16),
            nn.LSTM(16, 32, 2, batch_first=True),
            nn.Linear(32, 5),
        )

    def forward(self, tokens: Array) -> Any:
        """Return the scores of the tags of each word."""
        states, _ = self.lstm(self.embedding(tokens))
        return self.tag(states)


def lstm() -> Drawn:
    """Return a tagger with two layers of LSTM."""
    model, tokens, tags = Tagger(), np.arange(24).reshape(2, 12), np.arange(24) % 5
    return Drawn(lambda: functional.cross_entropy(model(tokens).reshape(-1, 5), tags), model)


class Decoder(nn.Module):
    """A decoder with attention over what an encoder has read, one cell and one step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.cell = nn.Embedding(50, 16), nn.GRUCell(32, 16)
        self.query, self.out = nn.Linear(16, 16), nn.Linear(32, 50)

    def forward(self, tokens: Array, memory: Array) -> Any:
        """Return the scores of the word after each word."""
        state: Any = memory[:, -1]
        scores = []
        for step in range(tokens.shape[1]):
            weights = functional.softmax((memory @ self.query(state)[:, :, None])[:, :, 0], axis=-1)
            context = (weights[:, None] @ memory)[:, 0]
            state = self.cell(np.concatenate([self.embedding(tokens[:, step]), context], axis=-1), state)
            scores.append(self.out(np.concatenate([state, context], axis=-1)))
        return np.stack(scores, axis=1)


def gru() -> Drawn:
    """Return five steps of a decoder."""
    model, tokens, memory, labels = Decoder(), np.arange(10).reshape(2, 5), normal(2, 7, 16), np.arange(10)
    return Drawn(lambda: functional.cross_entropy(model(tokens, memory).reshape(-1, 50), labels), model)


def transformer() -> Drawn:
    """Return the encoder and the decoder of a transformer, of two layers each."""
    model = nn.Transformer(32, 4, 2, 2, 64, batch_first=True)
    source, target = normal(2, 10, 32), normal(2, 7, 32)
    return Drawn(lambda: (model(source, target) ** 2).mean(), model)


class Block(nn.Module):
    """A block of GPT-2, with the names of nanoGPT."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1))

    def forward(self, x: Array) -> Any:
        """Return the stream after attention and perceptron have added to it."""
        hidden = self.ln_1(x)
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        x = x + self.attn(hidden, hidden, hidden, attn_mask=mask, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


def gpt() -> Drawn:
    """Return a block of GPT, whose input is no tensor and is used twice."""
    model, x = Block(32, 4), normal(2, 10, 32)
    return Drawn(lambda: (model(x) ** 2).mean(), model)


class VAE(nn.Module):
    """A variational autoencoder, as in PyTorch's examples."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x: Array, noise: Array) -> tuple[Tensor, Tensor, Tensor]:
        """Return the reconstruction, and mean and logarithm of the variance of the code."""
        h = functional.relu(self.fc1(x))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu + noise * np.exp(0.5 * logvar)
        return functional.sigmoid(self.fc4(functional.relu(self.fc3(z)))), mu, logvar


def vae() -> Drawn:
    """Return a variational autoencoder and its loss."""
    model, x, noise = VAE(), np.abs(normal(8, 784)) % 1, normal(8, 20)

    def loss() -> Any:
        again, mu, logvar = model(x, noise)
        divergence: Any = -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum()
        return functional.binary_cross_entropy(again, x, reduction="sum") + divergence

    return Drawn(loss, model)


def micrograd() -> Drawn:
    """Return micrograd's demonstration, on a hundred points of two moons."""
    random.seed(0)
    model, (points, sides) = nn.scalar.MLP(2, [16, 16, 1]), make_moons(100, noise=0.1, seed=0)

    def loss() -> Value:
        scores: list[Any] = [model([Value(x), Value(y)]) for x, y in points.tolist()]
        losses = [(1 + -side * score).relu() for side, score in zip((2 * sides - 1).tolist(), scores, strict=True)]
        decay: Any = 1e-4 * sum(p * p for p in model.parameters())
        return sum(losses) * (1 / len(losses)) + decay  # type: ignore[no-any-return]  # of values

    return Drawn(loss, None)


MODELS: dict[str, Callable[[], Drawn]] = {
    "MLP": mlp,
    "LeNet": lenet,
    "ResNet-18": resnet,
    "U-Net": unet,
    "LSTM": lstm,
    "GRU decoder": gru,
    "transformer": transformer,
    "GPT block": gpt,
    "VAE": vae,
    "micrograd's demo": micrograd,
}
