"""Random shifts, rotations, crops, flips and elastic distortions of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import ArgumentError
from datasets.transforms.compose import Transform
from datasets.transforms.draws import Seeds, uniforms
from datasets.transforms.sampling import Floats, sample


class RandomAffine(Transform):
    """Rotate and shift images at random; what comes from outside is 0.

    Parameters
    ----------
    degrees
        The largest angle in either direction.
    translate
        The largest shifts to the side and up or down, as parts of the width and the height; shifts are whole pixels.

    Examples
    --------
    >>> from datasets.transforms import RandomAffine
    >>> RandomAffine(0, translate=(0.5, 0))(np.eye(4, dtype=np.float32)[None]).shape
    (1, 4, 4)
    """

    def __init__(self, degrees: float, translate: tuple[float, float] | None = None) -> None:
        name = type(self).__name__
        if isinstance(degrees, bool) or not isinstance(degrees, int | float) or not 0 <= degrees < np.inf:
            raise ArgumentError(f"{name}: degrees={degrees!r}. It is the largest angle, 0 or more.")
        if translate is not None and not (len(translate) == 2 and all(0 <= part <= 1 for part in translate)):
            raise ArgumentError(f"{name}: translate={translate!r}. Give two parts, of the width and the height.")
        self.degrees, self.translate = degrees, translate

    def apply(self, images: NDArray[Any], seeds: Seeds) -> NDArray[Any]:
        """Return rotated and shifted images."""
        height, width = images.shape[-2:]
        angle = np.deg2rad(uniforms(seeds, 1, -self.degrees, self.degrees))
        across, down = self.translate or (0.0, 0.0)
        shifts = uniforms(seeds, 3, -1, 1)[:, 1:]
        right, below = np.rint(shifts * [across * width, down * height]).T[..., None]
        y, x = _grid(height, width)
        # the place that each pixel of the result comes from
        y, x = y - below, x - right
        sine, cosine = np.sin(angle), np.cos(angle)
        return _sampled(images, np.stack([cosine * y + sine * x, cosine * x - sine * y], axis=1))


class RandomRotation(RandomAffine):
    """Rotate images by a random angle; what comes from outside is 0.

    Parameters
    ----------
    degrees
        The largest angle in either direction.

    Examples
    --------
    >>> from datasets.transforms import RandomRotation
    >>> RandomRotation(15)(np.ones((2, 28, 28), np.float32)).shape
    (2, 28, 28)
    """

    def __init__(self, degrees: float) -> None:
        super().__init__(degrees)


class ElasticTransform(Transform):
    """Warp images at random, as a shaky hand does.

    Each pixel comes from a place nearby: displacements are uniform noise, smoothed by a Gaussian.

    Parameters
    ----------
    alpha
        The strength: displacements are the smoothed noise from -1 to 1 times half of it, in pixels.
    sigma
        The standard deviation of the Gaussian in pixels.

    References
    ----------
    Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to visual document
    analysis", ICDAR 2003.

    Examples
    --------
    >>> from datasets.transforms import ElasticTransform
    >>> ElasticTransform(alpha=34, sigma=4)(np.ones((2, 28, 28), np.float32)).shape
    (2, 28, 28)
    """

    def __init__(self, alpha: float = 50.0, sigma: float = 5.0) -> None:
        if not (np.isfinite(alpha) and np.isfinite(sigma) and alpha >= 0 and sigma > 0):
            raise ArgumentError(f"ElasticTransform: alpha={alpha}, sigma={sigma}. They are 0 or more, and above 0.")
        self.alpha, self.sigma = alpha, sigma

    def apply(self, images: NDArray[Any], seeds: Seeds) -> NDArray[Any]:
        """Return warped images."""
        height, width = images.shape[-2:]
        noise = uniforms(seeds, 2 * height * width, -1, 1).astype(np.float32).reshape(-1, 2, height, width)
        smooth = _blur(height, self.sigma) @ noise @ _blur(width, self.sigma).T
        places = np.stack(_grid(height, width)) + (self.alpha / 2) * smooth.reshape(-1, 2, height * width)
        return _sampled(images, places)


class RandomCrop(Transform):
    """Cut a part out of images, at a random place.

    Parameters
    ----------
    size
        The height and width of the part; one number for both.
    padding
        A border of zeros that is put around the images first.

    Examples
    --------
    >>> from datasets.transforms import RandomCrop
    >>> RandomCrop(2)(np.arange(16).reshape(1, 4, 4)).shape
    (1, 2, 2)
    """

    def __init__(self, size: int | tuple[int, int], padding: int = 0) -> None:
        height, width = size if isinstance(size, tuple | list) and len(size) == 2 else (size, size)
        for number in (height, width, padding + 1):
            if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
                raise ArgumentError(f"RandomCrop: size={size!r}, padding={padding!r}. Give whole numbers of pixels.")
        self.size, self.padding = (int(height), int(width)), padding

    def apply(self, images: NDArray[Any], seeds: Seeds) -> NDArray[Any]:
        """Return the parts."""
        (height, width), p = self.size, self.padding
        if p:
            images = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(p, p), (p, p)])
        rooms = np.array([images.shape[-2] - height, images.shape[-1] - width])
        if (rooms < 0).any():
            raise ArgumentError(
                f"RandomCrop of {height} by {width}: the images have shape {images.shape}, with the padding. Cut "
                "smaller parts, or pad more."
            )
        tops, lefts = (uniforms(seeds, 2) * (rooms + 1)).astype(np.intp).T
        rows, columns = tops[:, None] + np.arange(height), lefts[:, None] + np.arange(width)
        n = np.arange(len(images))[:, None, None]
        if images.ndim == 3:
            return np.asarray(images[n, rows[:, :, None], columns[:, None, :]])
        parts = images.transpose(0, 2, 3, 1)[n, rows[:, :, None], columns[:, None, :]]
        return np.ascontiguousarray(parts.transpose(0, 3, 1, 2))


class RandomHorizontalFlip(Transform):
    """Mirror images left to right at random.

    Parameters
    ----------
    p
        The probability.

    Examples
    --------
    >>> from datasets.transforms import RandomHorizontalFlip
    >>> RandomHorizontalFlip(p=1)(np.array([[[1, 2, 3]]]))
    array([[[3, 2, 1]]])
    """

    axis = -1

    def __init__(self, p: float = 0.5) -> None:
        if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
            raise ArgumentError(f"{type(self).__name__}: p={p!r}. It is a probability, from 0 to 1.")
        self.p = p

    def apply(self, images: NDArray[Any], seeds: Seeds) -> NDArray[Any]:
        """Return the images, some of them mirrored."""
        mirrored = uniforms(seeds, 1)[:, 0] < self.p
        found = images.copy()
        found[mirrored] = np.flip(images[mirrored], axis=self.axis)
        return found


class RandomVerticalFlip(RandomHorizontalFlip):
    """Mirror images upside down at random; the parameter is that of `RandomHorizontalFlip`."""

    axis = -2


def _grid(height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the row and the column of each pixel, counted from the middle, shape (height * width,)."""
    rows, columns = np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    return np.repeat(rows, width), np.tile(columns, height)


def _sampled(images: NDArray[Any], places: NDArray[Any]) -> Floats:
    """Return images whose pixels come from places, counted from the middle, shape (n, 2, height * width)."""
    if images.dtype.kind != "f":
        raise ArgumentError(
            f"images of {images.dtype} have no values between pixels: make them numbers from 0 to 1, images / 255"
        )
    height, width = images.shape[-2:]
    middle = np.array([[(height - 1) / 2 + 1], [(width - 1) / 2 + 1]])
    channels = images.reshape(len(images), -1, height, width).astype(np.float32, copy=False)
    return sample(channels, (places + middle).astype(np.float32)).reshape(images.shape)


def _blur(size: int, sigma: float) -> NDArray[np.float32]:
    """Return the matrix that smooths a line of pixels by a Gaussian, mirrored at its ends."""
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    matrix = np.zeros((size, size))
    period = max(2 * size - 2, 1)
    for row in range(size):
        from_places = np.arange(row - reach, row + reach + 1) % period
        np.add.at(matrix[row], np.minimum(from_places, period - from_places) % size, weights)
    return matrix.astype(np.float32)
