"""The job of ``examples.autoencoder``: train, evaluate, save and draw the map.

References
----------
Kingma and Welling, "Auto-Encoding Variational Bayes", International Conference on Learning Representations (2014).
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import nn
from autograd import Tensor, __version__
from datasets import load_mnist
from examples.files import check_writable, save_figure, save_json
from examples.job import blas_threads
from examples.report import INK, new_figure, pictures_possible
from nn.training import Interruption

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Images = NDArray[np.float32]
Labels = NDArray[np.int64]

UNITS, QUICK_UNITS = (256, 128), (64, 32)
BATCH_SIZE, RATE = 128, 0.003
QUICK_TRAIN, QUICK_TEST = 6000, 1000
DRAWS = 5  # of a place for each test image, over which the bound is averaged
EDGE, ACROSS = 3.0, 21  # the map shows places from -3 to 3, and so many images in a row
# Paul Tol's "muted" scheme for the colour-blind, and black; digits that look alike differ in lightness
COLOURS = ("#999933", "#cc6677", "#117733", "#88ccee", "#882255", "#000000", "#44aa99", "#332288", "#aa4499", "#ddcc77")


class Autoencoder(nn.Module):
    """An encoder from images to Gaussians in the plane, and a decoder from places in it to images.

    Parameters
    ----------
    units
        Of the hidden layers of the encoder; the decoder has them in reverse.
    generator
        Draws the places.
    """

    def __init__(self, units: Sequence[int], generator: np.random.Generator) -> None:
        super().__init__()
        self.encoder = nn.MLP([784, *units, 4])
        self.decoder = nn.MLP([2, *reversed(units), 784])
        self.generator = generator

    def encode(self, images: Tensor | Images) -> tuple[Tensor, Tensor]:
        """Return the means of the Gaussians, and the logarithms of their standard deviations, each shape ``(n, 2)``."""
        found = self.encoder(images)
        return found[:, :2], found[:, 2:]

    def forward(self, images: Tensor | Images) -> tuple[Tensor, Tensor, Tensor]:
        """Return what is drawn at a place of each Gaussian, as logits of shape ``(n, 784)``, and what `encode` returns.

        The place is the mean plus noise times the deviation: a function with a gradient, where a draw has none.
        """
        means, log_deviations = self.encode(images)
        noise = self.generator.standard_normal(means.shape, dtype=np.float32)
        return self.decoder(means + np.exp(log_deviations) * noise), means, log_deviations


def reconstruction(output: tuple[Any, Any, Any], images: Any) -> Any:
    """Return minus the log-likelihood of the images, each pixel a probability of ink, in nats: the mean over images."""
    return nn.functional.binary_cross_entropy_with_logits(output[0], images, reduction="sum") / len(images)


def divergence(output: tuple[Any, Any, Any], images: Any) -> Any:
    """Return the Kullback-Leibler divergence of the Gaussians from a standard one, in nats: the mean over images.

    In each dimension it is ``(mean^2 + deviation^2 - 1) / 2 - log(deviation)``.
    """
    _, means, log_deviations = output
    return ((means**2 + np.exp(2 * log_deviations) - 1) / 2 - log_deviations).sum() / len(images)


def negative_bound(output: tuple[Any, Any, Any], images: Any) -> Any:
    """Return minus the evidence lower bound, with one place drawn for each image: the mean over images."""
    return reconstruction(output, images) + divergence(output, images)


def bound(model: Autoencoder, images: Images) -> dict[str, float]:
    """Return the evidence lower bound of images and its two parts, in nats per image, each a mean over some draws."""
    parts = {"reconstruction": reconstruction, "divergence": divergence}
    draws = [nn.evaluate(model, (images, images), negative_bound, parts) for _ in range(DRAWS)]
    means = {name: float(np.mean([draw[name] for draw in draws])) for name in draws[0]}
    return {"bound": -means["loss"], "log_likelihood": -means["reconstruction"], "divergence": means["divergence"]}


def independent_pixels(train: Images, test: Images) -> float:
    """Return the log-likelihood, in nats per image, of pixels that each have their mean over the training images.

    One image is counted as half ink beside them, so that a pixel that never had ink may have some.
    """
    p = (train.sum(axis=0, dtype=np.float64) + 0.5) / (len(train) + 1)
    mean = test.mean(axis=0, dtype=np.float64)
    return float((mean * np.log(p) + (1 - mean) * np.log1p(-p)).sum())


def run(options: argparse.Namespace) -> bool:
    """Do the job that the options of `examples.autoencoder` ask for; tell whether Ctrl-C was pressed."""
    check_writable(options.out)
    return learn(options, pictures_possible())


def learn(options: argparse.Namespace, pictures: bool) -> bool:
    """Train and save; tell whether Ctrl-C was pressed."""
    (train, _), (test, labels) = load_mnist()
    if options.quick:
        train, test, labels = train[:QUICK_TRAIN], test[:QUICK_TEST], labels[:QUICK_TEST]
    model = Autoencoder(QUICK_UNITS if options.quick else UNITS, nn.manual_seed(options.seed))
    baseline = independent_pixels(train, test)
    print(f"{len(train)} training images, {len(test)} test images; independent pixels: {baseline:.1f} nats per image")
    with Interruption() as interruption:
        wall, cpu = time.perf_counter(), time.process_time()
        history = fit(model, train, options.epochs)
        metrics = {
            "train_images": len(train),
            "test_images": len(test),
            "units": [784, *(QUICK_UNITS if options.quick else UNITS), 2],
            "seed": options.seed,
            "steps": int(history["steps"].iloc[-1]),
            "interrupted": interruption.requested,
            "seconds": round(time.perf_counter() - wall, 3),
            "cpu_seconds": round(time.process_time() - cpu, 3),
            "threads": blas_threads(),
            **{f"test_{name}": value for name, value in bound(model, test).items()},
            "test_log_likelihood_of_independent_pixels": baseline,
            "versions": {"python": platform.python_version(), "numpy": np.__version__, "plaingrad": __version__},
            "machine": platform.machine(),
            "history": history.reset_index().to_dict("records"),
        }
        save(model, metrics, options.out)
        figure = draw(model, test, labels, metrics["test_bound"]) if pictures else None
        if figure is not None:
            save_figure(figure, options.out / "map.png")
        print(f"{options.out} holds model.npz, metrics.json{' and map.png' if pictures else ''}")
    return interruption.requested


def fit(model: Autoencoder, images: Images, epochs: int) -> pd.DataFrame:
    """Train with Adam, whose rate rises and falls once; return what became of it epoch by epoch."""
    optimizer = nn.optim.Adam(model.parameters(), lr=RATE)
    steps = epochs * -(-len(images) // BATCH_SIZE)
    return nn.fit(
        model,
        (images, images),
        negative_bound,
        optimizer,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        metrics={"divergence": divergence},
        scheduler=nn.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=steps),
        scheduler_every="step",
    )


def save(model: Autoencoder, metrics: dict[str, Any], folder: Path) -> None:
    """Write the model and the figures, and print what was reached."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "map.png").unlink(missing_ok=True)  # of an earlier run
    nn.save(model, folder / "model.npz")
    save_json(metrics, folder / "metrics.json")
    print(
        f"{metrics['steps']} steps in {metrics['seconds']:.1f} s\n"
        f"test images, nats each: log-likelihood at least {metrics['test_bound']:.2f}, "
        f"by independent pixels {metrics['test_log_likelihood_of_independent_pixels']:.2f}"
    )


def draw(model: Autoencoder, images: Images, labels: Labels, test_bound: float) -> Figure:
    """Draw what the decoder makes of places all over the plane, and where the encoder puts the test images."""
    figure = new_figure(14.0, 6.8)
    left, right = figure.subplots(1, 2)
    left.imshow(sheet(model), cmap="gray_r", extent=(-EDGE, EDGE, -EDGE, EDGE), interpolation="bilinear")
    left.set_title("What the decoder draws at each place", color=INK)
    draw_places(right, nn.predict(model.encoder, images)[:, :2], labels)
    right.set_title(f"Where the encoder puts {len(images)} test images (bound: {test_bound:.1f} nats each)", color=INK)
    for axes in (left, right):
        axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal", xlabel="first latent", ylabel="second latent")
    return figure


def sheet(model: Autoencoder) -> Images:
    """Return the images at a grid of places as one, the highest second coordinate in the first row."""
    centres = EDGE * (2 * np.arange(ACROSS) + 1 - ACROSS) / ACROSS
    first, second = np.meshgrid(centres, centres[::-1])
    logits = nn.predict(model.decoder, np.stack([first, second], axis=-1).reshape(-1, 2))
    images: Images = nn.functional.sigmoid(logits).reshape(ACROSS, ACROSS, 28, 28)
    return images.swapaxes(1, 2).reshape(ACROSS * 28, ACROSS * 28)


def draw_places(axes: Axes, places: NDArray[Any], labels: Labels) -> None:
    """Draw a point for each image, and each digit's name where it has many points and others few."""
    from matplotlib.patheffects import withStroke

    corners = np.linspace(-EDGE, EDGE, 25)
    everyone = np.histogram2d(places[:, 0], places[:, 1], corners)[0]
    for digit, colour in enumerate(COLOURS):
        chosen = places[labels == digit]
        axes.scatter(chosen[:, 0], chosen[:, 1], s=5, color=colour, alpha=0.6, linewidths=0, label=str(digit))
        own = np.histogram2d(chosen[:, 0], chosen[:, 1], corners)[0]
        if own.any():
            cell = np.unravel_index((own**2 / np.maximum(everyone, 1)).argmax(), own.shape)
            x, y = (corners[:-1] + corners[1:])[list(cell)] / 2
            name = axes.text(x, y, str(digit), color=colour, size=20, weight="bold", ha="center", va="center")
            name.set_path_effects([withStroke(linewidth=4, foreground="white")])
    legend = axes.legend(title="label", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, markerscale=4)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)
