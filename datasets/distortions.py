"""Data augmentation by elastic distortion: rotate, shift, stretch and warp images a little, at random.

A digit stays the same digit when it is written a little larger, slanted, or with a shaky hand. A network that sees
each image in a new shape in every epoch cannot learn the images by heart.

>>> from datasets import load_mnist
>>> from datasets.distortions import Distortion, DistortedBatches
>>> images, labels = load_mnist()[1]
>>> batches = DistortedBatches(images, labels, 64, Distortion(0.1, 1, 0.5), (1, 28, 28), np.random.default_rng(0))
>>> [batch.shape for batch in next(iter(batches))]
[(64, 1, 28, 28), (64,)]
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datasets.transforms.sampling import sample

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

SIDE = 28
KNOTS = 7  # of the grid of bumps along each side


class Distortion:
    """Distort images, shape (n, 784), along random smooth displacement fields, with bilinear interpolation.

    Each of the two coordinates of a field is a sum of basis functions with random weights: 1, x and y form an affine
    map, and bumps on a grid of 7 by 7 bend it.

    Parameters
    ----------
    turn
        The standard deviation of the weights of x and y: 0.1 is a rotation by 6 degrees, or a stretch by 10 %.
    shift
        The largest shift in pixels, drawn uniformly.
    warp
        The standard deviation of the displacement by all bumps together, in pixels.
    """

    def __init__(self, turn: float, shift: float, warp: float) -> None:
        self.turn, self.shift, self.warp = turn, shift, warp
        line = np.arange(SIDE, dtype=np.float32) - np.float32(SIDE - 1) / 2
        y, x = (axis.ravel() for axis in np.meshgrid(line, line, indexing="ij"))
        knots = np.linspace(line[0], line[-1], KNOTS)
        bump = np.exp(-0.5 * ((line - knots[:, None]) / (knots[1] - knots[0])) ** 2)
        bumps = np.einsum("iy,jx->ijyx", bump, bump).reshape(KNOTS * KNOTS, SIDE * SIDE)
        bumps /= np.sqrt(np.square(bumps).sum(axis=0).mean())  # weights of variance 1 give a mean square of 1
        self._basis = np.concatenate([np.ones((1, SIDE * SIDE)), [y, x], bumps]).astype(np.float32)
        # images get a border of zeros; positions outside the image are clipped to it
        self._positions = np.stack([y, x]) + np.float32((SIDE - 1) / 2 + 1)

    def __call__(self, images: Floats, rng: np.random.Generator) -> Floats:
        """Return the images, each distorted in its own way."""
        weights = rng.standard_normal((len(images), 2, len(self._basis)), np.float32)
        weights[..., 0] = rng.uniform(-self.shift, self.shift, weights.shape[:2])
        weights[..., 1:3] *= self.turn
        weights[..., 3:] *= self.warp
        positions = (weights.reshape(-1, len(self._basis)) @ self._basis).reshape(len(images), 2, -1)
        positions += self._positions
        return sample(images.reshape(-1, 1, SIDE, SIDE), positions).reshape(len(images), -1)


class DistortedBatches:
    """Minibatches of images and labels in a new order and with new distortions in each iteration.

    Parameters
    ----------
    images, labels
        The training set, shapes (n, 784) and (n,).
    batch_size
        The rows of a minibatch; leftover rows at the end are dropped for that epoch.
    distortion
        The distortion to apply to the images.
    shape
        The shape to give to each image.
    rng
        Draws the order and the distortions.
    """

    def __init__(
        self,
        images: Floats,
        labels: Labels,
        batch_size: int,
        distortion: Distortion,
        shape: tuple[int, ...],
        rng: np.random.Generator,
    ) -> None:
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.distortion, self.shape, self.rng = distortion, shape, rng

    def __len__(self) -> int:
        return len(self.labels) // self.batch_size

    def __iter__(self) -> Iterator[tuple[Floats, Labels]]:
        order = self.rng.permutation(len(self.labels))
        for number in range(len(self)):
            rows = order[number * self.batch_size : (number + 1) * self.batch_size]
            images = self.distortion(self.images.take(rows, axis=0), self.rng)
            yield images.reshape(-1, *self.shape), self.labels[rows]
