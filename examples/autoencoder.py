"""Variational autoencoder: learn a map of the MNIST digits, on which every image has a position in the plane.

    python -m examples.autoencoder           at least -141.5 nats a test image, in about 45 seconds
    python -m examples.autoencoder --quick   a tenth of the digits and fewer units, to see that it works

An encoder of 784-256-128 units maps each image to a Gaussian in the plane; a decoder of 128-256-784 units draws the
image at a position. Both are trained, without labels, to maximize the evidence lower bound of the images: how well the
decoder draws what the encoder placed, minus the divergence of the Gaussians from a standard one (Kingma and Welling,
"Auto-Encoding Variational Bayes", International Conference on Learning Representations, 2014).

Writes runs/autoencoder: model.npz, metrics.json, report.html (curves) and map.png (what the decoder draws all over the
plane, and where the test images lie).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn
from datasets import load_mnist
from examples import command

Images = NDArray[np.float32]

UNITS, QUICK_UNITS = (256, 128), (64, 32)
BATCH_SIZE, RATE = 128, 0.003
DRAWS = 5  # the bound of a test image is averaged over this many positions
EDGE, ACROSS = 3.0, 21  # the map shows positions from -3 to 3, with 21 images in a row


class Autoencoder(nn.Module):
    """An encoder from images to Gaussians in the plane, and a decoder from positions, which it draws, to images."""

    def __init__(self, units: Sequence[int], generator: np.random.Generator) -> None:
        super().__init__()
        self.encoder = nn.MLP([784, *units, 4])
        self.decoder = nn.MLP([2, *reversed(units), 784])
        self.generator = generator

    def encode(self, images: Any) -> tuple[Any, Any]:
        """Return the means of the Gaussians, and the logarithms of their standard deviations, each shape ``(n, 2)``."""
        found = self.encoder(images)
        return found[:, :2], found[:, 2:]

    def forward(self, images: Any) -> tuple[Any, Any, Any]:
        """Return the image at a position of each Gaussian, as logits, shape ``(n, 784)``, and what `encode` returns."""
        means, log_deviations = self.encode(images)
        # A position is the mean plus noise times the deviation: a function with a gradient, which a draw has not.
        noise = self.generator.standard_normal(means.shape, dtype=np.float32)
        return self.decoder(means + np.exp(log_deviations) * noise), means, log_deviations


def reconstruction(output: tuple[Any, Any, Any], images: Any) -> Any:
    """Return minus the log-likelihood of the images, each pixel a probability of ink, in nats: the mean over images."""
    return nn.functional.binary_cross_entropy_with_logits(output[0], images, reduction="sum") / len(images)


def divergence(output: tuple[Any, Any, Any], images: Any) -> Any:
    """Return the Kullback-Leibler divergence of the Gaussians from a standard one, in nats: the mean over images."""
    _, means, log_deviations = output
    return ((means**2 + np.exp(2 * log_deviations) - 1) / 2 - log_deviations).sum() / len(images)


def negative_bound(output: tuple[Any, Any, Any], images: Any) -> Any:
    """Return minus the evidence lower bound, with one position drawn for each image: the mean over images."""
    return reconstruction(output, images) + divergence(output, images)


def bound(model: Autoencoder, images: Images) -> dict[str, float]:
    """Return the evidence lower bound of images and its two parts, in nats per image, each a mean over some draws."""
    parts = {"reconstruction": reconstruction, "divergence": divergence}
    draws = [nn.evaluate(model, (images, images), negative_bound, parts) for _ in range(DRAWS)]
    means = {name: float(np.mean([draw[name] for draw in draws])) for name in draws[0]}
    return {"bound": -means["loss"], "log_likelihood": -means["reconstruction"], "divergence": means["divergence"]}


def independent_pixels(train: Images, test: Images) -> float:
    """Return the log-likelihood, in nats per image, of pixels that each have their mean over the training images."""
    p = (train.sum(axis=0, dtype=np.float64) + 0.5) / (len(train) + 1)  # one image more, half ink: no p is 0
    mean = test.mean(axis=0, dtype=np.float64)
    return float((mean * np.log(p) + (1 - mean) * np.log1p(-p)).sum())


def main(options: argparse.Namespace) -> None:
    """Train with Adam, whose rate rises and falls once; evaluate, and write the results."""
    (train, _), (test, labels) = load_mnist()
    if options.quick:
        train, test, labels = train[:6000], test[:1000], labels[:1000]
    epochs = options.epochs or (12 if options.quick else 15)
    units = QUICK_UNITS if options.quick else UNITS
    model = Autoencoder(units, nn.manual_seed(options.seed))
    optimizer = nn.optim.Adam(model.parameters(), lr=RATE)
    steps = epochs * -(-len(train) // BATCH_SIZE)

    with command.Run(options) as run:
        history = nn.fit(
            model, (train, train), negative_bound, optimizer,
            epochs=epochs, batch_size=BATCH_SIZE, metrics={"divergence": divergence},
            scheduler=nn.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=steps),
            scheduler_every="step",
        )  # fmt: skip
        found, baseline = bound(model, test), independent_pixels(train, test)
        print(f"nats a test image: log-likelihood at least {found['bound']:.2f}, by independent pixels {baseline:.2f}")
        metrics = {
            "train_images": len(train), "test_images": len(test), "units": [784, *units, 2],
            **{f"test_{name}": value for name, value in found.items()},
            "test_log_likelihood_of_independent_pixels": baseline,
        }  # fmt: skip
        files = {
            "report.html": lambda path: nn.plots.report(path, history, model),
            "map.png": lambda path: draw(model, test, labels, path),
        }
        run.write(model, metrics, files, history)


def draw(model: Autoencoder, images: Images, labels: Any, path: Path) -> None:
    """Draw the decoder's images all over the plane, and the positions that the encoder gives the test images."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.4, 6.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(sheet(model), cmap="gray_r", extent=(-EDGE, EDGE, -EDGE, EDGE), interpolation="bilinear")
    nn.plots.embedding(nn.predict(model.encoder, images)[:, :2], labels, ax=right)
    left.set_title("What the decoder draws at each position")
    right.set_title(f"Where the encoder puts {len(images)} test images")
    for axes in (left, right):
        axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal", xlabel="first latent", ylabel="second latent")
    figure.savefig(path, dpi=150)


def sheet(model: Autoencoder) -> Images:
    """Return the images at a grid of positions as one, the highest second coordinate in the first row."""
    centres = EDGE * (2 * np.arange(ACROSS) + 1 - ACROSS) / ACROSS
    positions = np.stack(np.meshgrid(centres, centres[::-1]), axis=-1).reshape(-1, 2)
    images: Images = nn.functional.sigmoid(nn.predict(model.decoder, positions)).reshape(ACROSS, ACROSS, 28, 28)
    return images.swapaxes(1, 2).reshape(ACROSS * 28, ACROSS * 28)


if __name__ == "__main__":
    arguments = command.parser(
        "autoencoder", __doc__, epochs="15, or 12 with --quick", quick="a tenth of the digits and fewer units"
    )
    sys.exit(command.run(arguments, main))
