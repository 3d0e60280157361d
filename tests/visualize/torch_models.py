"""Fifteen public architectures in plain ``torch.nn``, small, each with an input."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

Module: Any = nn.Module


def mlp() -> tuple[Any, Any]:
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3)), torch.randn(4, 8)


def lenet() -> tuple[Any, Any]:
    layers = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )
    return layers, torch.randn(2, 1, 28, 28)


def vgg() -> tuple[Any, Any]:
    def block(before: int, after: int) -> list[Any]:
        two = [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(after, after, 3, padding=1)]
        return [*two, nn.ReLU(inplace=True), nn.MaxPool2d(2)]

    return nn.Sequential(*block(3, 8), *block(8, 16), nn.Flatten(), nn.Linear(64, 5)), torch.randn(2, 3, 8, 8)


class Residual(Module):  # type: ignore[misc]
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after)
        self.conv2, self.bn2 = nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after)
        self.relu = nn.ReLU(inplace=True)
        self.down = nn.Conv2d(before, after, 1, stride) if before != after else None

    def forward(self, x: Any) -> Any:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x if self.down is None else self.down(x)
        return self.relu(out)


def resnet() -> tuple[Any, Any]:
    blocks = [Residual(3, 8, 1), Residual(8, 8, 1), Residual(8, 16, 2), Residual(16, 16, 1)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5)), torch.randn(2, 3, 8, 8)


class Inception(Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(4, 4, 1)
        self.three = nn.Sequential(nn.Conv2d(4, 2, 1), nn.ReLU(), nn.Conv2d(2, 4, 3, padding=1))
        self.five = nn.Sequential(nn.Conv2d(4, 2, 1), nn.ReLU(), nn.Conv2d(2, 4, 5, padding=2))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(4, 4, 1))

    def forward(self, x: Any) -> Any:
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1).relu()


def inception() -> tuple[Any, Any]:
    return nn.Sequential(nn.Conv2d(3, 4, 3), Inception(), nn.Flatten(), nn.Linear(16 * 36, 3)), torch.randn(2, 3, 8, 8)


class Dense(Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Sequential(nn.BatchNorm2d(3 + 4 * i), nn.ReLU(), nn.Conv2d(3 + 4 * i, 4, 3, padding=1))
                for i in range(4)
            ]
        )

    def forward(self, x: Any) -> Any:
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat(features, 1)))
        return torch.cat(features, 1)


def densenet() -> tuple[Any, Any]:
    return nn.Sequential(Dense(), nn.AvgPool2d(8), nn.Flatten(), nn.Linear(19, 4)), torch.randn(2, 3, 8, 8)


class UNet(Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.middle, self.up2 = nn.Conv2d(8, 8, 3, padding=1), nn.ConvTranspose2d(8, 4, 2, 2)
        self.up1, self.out = nn.Conv2d(8, 4, 3, padding=1), nn.Conv2d(4, 1, 1)

    def forward(self, image: Any) -> Any:
        first = functional.relu(self.down1(image))
        second = functional.relu(self.down2(functional.max_pool2d(first, 2)))
        up = self.up2(functional.relu(self.middle(second)))
        return torch.sigmoid(self.out(functional.relu(self.up1(torch.cat([up, first], dim=1)))))


def unet() -> tuple[Any, Any]:
    return UNet(), torch.randn(1, 1, 8, 8)


class Recurrent(Module):  # type: ignore[misc]
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.embedding, self.cells, self.head = nn.Embedding(20, 6), kind(6, 7, num_layers=2), nn.Linear(7, 4)

    def forward(self, tokens: Any) -> Any:
        states, _ = self.cells(self.embedding(tokens))
        return self.head(states[-1])


def lstm() -> tuple[Any, Any]:
    return Recurrent(nn.LSTM), torch.arange(10).reshape(5, 2)


def gru() -> tuple[Any, Any]:
    return Recurrent(nn.GRU), torch.arange(10).reshape(5, 2)


class Translator(Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Transformer(8, 2, 2, 2, 16, dropout=0.0, batch_first=True)
        self.head = nn.Linear(8, 5)

    def forward(self, sentence: Any) -> Any:
        return self.head(self.model(sentence, sentence[:, :-1].tanh()))


def transformer() -> tuple[Any, Any]:
    return Translator(), torch.randn(2, 5, 8)


class VisionTransformer(Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token, self.position = nn.Parameter(torch.zeros(1, 1, 8)), nn.Parameter(torch.randn(1, 5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder, self.head = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False), nn.Linear(8, 4)

    def forward(self, image: Any) -> Any:
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.position
        return self.head(self.encoder(x)[:, 0])


def vit() -> tuple[Any, Any]:
    return VisionTransformer(), torch.randn(2, 3, 8, 8)


class Inverted(Module):  # type: ignore[misc]
    def __init__(self, width: int) -> None:
        super().__init__()
        wide = 4 * width
        self.layers = nn.Sequential(
            *(nn.Conv2d(width, wide, 1), nn.BatchNorm2d(wide), nn.ReLU6(inplace=True)),
            *(nn.Conv2d(wide, wide, 3, padding=1, groups=wide), nn.BatchNorm2d(wide), nn.ReLU6(inplace=True)),
            *(nn.Conv2d(wide, width, 1), nn.BatchNorm2d(width)),
        )

    def forward(self, x: Any) -> Any:
        return x + self.layers(x)


def mobilenet() -> tuple[Any, Any]:
    layers = [nn.Conv2d(3, 4, 3, 2, 1), Inverted(4), Inverted(4), nn.Flatten(), nn.Dropout(0.0), nn.Linear(64, 3)]
    return nn.Sequential(*layers), torch.randn(2, 3, 8, 8)


def autoencoder() -> tuple[Any, Any]:
    encoder, decoder = nn.Sequential(nn.Linear(12, 6), nn.GELU()), nn.Sequential(nn.Linear(6, 12), nn.Sigmoid())
    return nn.Sequential(encoder, decoder), torch.randn(3, 12)


class Attention(Module):  # type: ignore[misc]
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.register_buffer("mask", torch.tril(torch.ones(16, 16)))

    def forward(self, x: Any) -> Any:
        batch, length, width = x.shape
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in self.qkv(x).split(width, dim=2))
        scores = q @ k.transpose(-2, -1) / (width // self.heads) ** 0.5
        scores = scores.masked_fill(self.mask[:length, :length] == 0, float("-inf")).softmax(-1)
        return self.out((scores @ v).transpose(1, 2).reshape(batch, length, width))


class Block(Module):  # type: ignore[misc]
    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln1, self.attention, self.ln2 = nn.LayerNorm(width), Attention(width, 2), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Any) -> Any:
        x = x + self.attention(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class Gpt(Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(20, 8), nn.Embedding(16, 8)
        self.blocks, self.norm = nn.Sequential(*[Block(8) for _ in range(3)]), nn.LayerNorm(8)

    def forward(self, ids: Any) -> Any:
        x = self.blocks(self.tokens(ids) + self.positions(torch.arange(ids.shape[1])))
        logits = functional.linear(self.norm(x), self.tokens.weight)  # shared
        return functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def gpt() -> tuple[Any, Any]:
    return Gpt(), torch.arange(12).reshape(2, 6)


class Siamese(Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4))

    def forward(self, pairs: Any) -> Any:
        left, right = self.tower(pairs[0]), self.tower(pairs[1])
        return functional.cosine_similarity(left, right)


def siamese() -> tuple[Any, Any]:
    return Siamese(), torch.randn(2, 3, 6)


MODELS: list[Any] = [mlp, lenet, vgg, resnet, inception, densenet, unet, lstm, gru, transformer, vit, mobilenet]
MODELS += [autoencoder, gpt, siamese]
