"""Train the network that a notebook loads, in PyTorch, and write it: ``python docs/pretrained.py``.

The network tells apart the digits 0 to 4 of MNIST. The file is ``docs/notebooks/digits_0_to_4.onnx``. It needs
``pip install -e '.[torch]'`` and the package onnx.
"""

from __future__ import annotations

import argparse
import warnings

import torch

from datasets import load_mnist
from docs.run_notebooks import FOLDER

FILE = FOLDER / "digits_0_to_4.onnx"


class Digits(torch.nn.Module):
    """A small convolutional network for images of shape ``(n, 1, 28, 28)``."""

    def __init__(self) -> None:
        super().__init__()
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(8, 16, 3),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Flatten(),
        )
        self.hidden = torch.nn.Linear(16 * 25, 64)
        self.head = torch.nn.Linear(64, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return scores of shape ``(n, 5)``."""
        return self.head(torch.relu(self.hidden(self.features(images))))


def main() -> None:
    """Train it for three epochs, and write it."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    (images, labels), _ = load_mnist(flatten=False)
    x, y = torch.from_numpy(images[labels < 5][:, None]), torch.from_numpy(labels[labels < 5]).long()
    model = Digits()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(3):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}", flush=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axes = {"images": {0: "batch"}}
        names = {"input_names": ["images"], "output_names": ["scores"]}
        torch.onnx.export(model.eval(), (x[:1],), str(FILE), dynamic_axes=axes, dynamo=False, **names)
    print(FILE, FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
