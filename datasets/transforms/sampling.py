"""Values of images between their pixels, by bilinear interpolation."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]


def sample(images: Floats, positions: Floats) -> Floats:
    """Return the brightness of images at positions.

    Parameters
    ----------
    images
        Shape (n, channels, height, width); outside they are 0.
    positions
        Rows and columns, shape (n, 2, places), counted from a border of one pixel, so that 1 is the first. They are
        written over.

    Returns
    -------
    ndarray
        Shape (n, channels, places).
    """
    n, channels, height, width = images.shape
    # a border of zeros: one before and two after, for the neighbour of the last position
    framed = np.zeros((n, channels, height + 3, width + 3), np.float32)
    framed[:, :, 1 : height + 1, 1 : width + 1] = images
    flat, wide = framed.reshape(-1), width + 3
    np.clip(positions[:, 0], 0, height + 1, out=positions[:, 0])
    np.clip(positions[:, 1], 0, width + 1, out=positions[:, 1])
    corner = positions.astype(np.int32)  # truncated
    positions -= corner
    down, right = positions[:, :1], positions[:, 1:]
    start = np.arange(0, flat.size, (height + 3) * wide, dtype=np.int64).reshape(n, channels, 1)
    index = (corner[:, :1] * np.int32(wide) + corner[:, 1:]) + start
    above = _between(flat.take(index), flat[1:].take(index), right)
    below = _between(flat[wide:].take(index), flat[wide + 1 :].take(index), right)
    return _between(above, below, down)


def _between(one: Floats, other: Floats, part: Floats) -> Floats:
    """Return ``one + (other - one) * part``, written over `other`."""
    other -= one
    other *= part
    other += one
    return other
