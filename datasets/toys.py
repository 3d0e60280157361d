"""Toy classification datasets in the plane: points (n, 2) and the class of each.

All are seeded and in random order, and divide the points among the classes as evenly as n allows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.errors import ArgumentError
from datasets.randomness import Rng, Seed, drawn_with


def make_moons(
    n_samples: int = 200, *, noise: float = 0.1, seed: Seed = 0, rng: Rng = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return two interleaving half circles: a small problem that no straight line separates.

    Class 0 lies on the upper half of the circle of radius 1 around (0, 0), class 1 on the lower half of
    the circle around (1, 0.5).

    Parameters
    ----------
    n_samples
        The number of points, at least 1.
    noise
        The standard deviation of the normal noise added to both coordinates.
    seed
        An int for the same points each time, a Generator to draw from, or None for others each time.
    rng
        In place of `seed`: whatever ``numpy.random.default_rng`` takes.

    Returns
    -------
    X, y
        Points float64 of shape (n_samples, 2), classes int64 of shape (n_samples,).

    Raises
    ------
    ArgumentError
        `n_samples` is below 1 or `noise` below 0.

    Notes
    -----
    The geometry is that of ``sklearn.datasets.make_moons``; the angles are drawn at random.

    Examples
    --------
    >>> X, y = make_moons(100, noise=0.0)
    >>> bool(np.allclose(np.hypot(*X[y == 0].T), 1.0))
    True
    """
    y, generator = _classes(n_samples, 2, noise, drawn_with(seed, rng))
    angle = generator.uniform(0.0, np.pi, n_samples)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    # the second moon is the first, rotated by half a turn around the point between them
    X = np.where(y[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)
    return X + generator.normal(0.0, noise, X.shape), y


def make_circles(
    n_samples: int = 200, *, factor: float = 0.5, noise: float = 0.05, seed: Seed = 0, rng: Rng = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return a circle inside another: class 0 has radius 1, class 1 radius `factor`.

    Parameters
    ----------
    n_samples, noise, seed, rng
        As for `make_moons`.
    factor
        The inner radius, above 0 and below 1.

    Returns
    -------
    X, y
        Points float64 of shape (n_samples, 2), classes int64 of shape (n_samples,).

    Raises
    ------
    ArgumentError
        `n_samples` is below 1, `noise` below 0, or `factor` not between 0 and 1.

    Notes
    -----
    The geometry is that of ``sklearn.datasets.make_circles``; the angles are drawn at random.

    Examples
    --------
    >>> X, y = make_circles(100, factor=0.5, noise=0.0)
    >>> bool(np.allclose(np.hypot(*X.T), np.where(y == 0, 1.0, 0.5)))
    True
    """
    _check_numbers(factor=factor)
    if not 0.0 < factor < 1.0:
        raise ArgumentError(f"make_circles: factor={factor}. The inner radius lies between 0 and 1.")
    y, generator = _classes(n_samples, 2, noise, drawn_with(seed, rng))
    radius = np.where(y == 0, 1.0, factor)
    X = _polar(radius, generator.uniform(0.0, 2.0 * np.pi, n_samples))
    return X + generator.normal(0.0, noise, X.shape), y


def make_spirals(
    n_samples: int = 200, *, arms: int = 2, turns: float = 1.0, noise: float = 0.02, seed: Seed = 0, rng: Rng = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return interleaved spirals, one class per arm: hard for a shallow network.

    Arm k is the part of the Archimedean spiral ``angle = 2 pi (turns * radius + k / arms)`` whose radius
    goes from 0.1 to 1, so the arms never meet.

    Parameters
    ----------
    n_samples, noise, seed, rng
        As for `make_moons`.
    arms
        The number of arms and classes, at least 1.
    turns
        How many times an arm would wind around the origin from radius 0 to radius 1.

    Returns
    -------
    X, y
        Points float64 of shape (n_samples, 2), classes int64 of shape (n_samples,).

    Raises
    ------
    ArgumentError
        `n_samples` or `arms` is below 1, or `noise` below 0.

    Notes
    -----
    After K. J. Lang and M. J. Witbrock, "Learning to tell two spirals apart", 1988.

    Examples
    --------
    >>> X, y = make_spirals(300, arms=3)
    >>> np.bincount(y)
    array([100, 100, 100])
    """
    _check_numbers(turns=turns)
    y, generator = _classes(n_samples, arms, noise, drawn_with(seed, rng))
    radius = generator.uniform(0.1, 1.0, n_samples)
    X = _polar(radius, 2.0 * np.pi * (turns * radius + y / arms))
    return X + generator.normal(0.0, noise, X.shape), y


def make_blobs(
    n_samples: int = 200, *, centers: int = 3, noise: float = 1.0, seed: Seed = 0, rng: Rng = None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return round Gaussian clouds of points, one class per cloud, which a linear model can separate.

    Cloud k lies around the point at radius 5 and angle ``2 pi k / centers``.

    Parameters
    ----------
    n_samples, seed, rng
        As for `make_moons`.
    centers
        The number of clouds and classes, at least 1.
    noise
        The standard deviation of a cloud in both coordinates.

    Returns
    -------
    X, y
        Points float64 of shape (n_samples, 2), classes int64 of shape (n_samples,).

    Raises
    ------
    ArgumentError
        `n_samples` or `centers` is below 1, or `noise` below 0.

    Examples
    --------
    >>> X, y = make_blobs(3000, centers=2)
    >>> X[y == 1].mean(axis=0).round().tolist()
    [-5.0, 0.0]
    """
    y, generator = _classes(n_samples, centers, noise, drawn_with(seed, rng))
    X = _polar(np.full(n_samples, 5.0), 2.0 * np.pi * y / centers)
    return X + generator.normal(0.0, noise, X.shape), y


def _classes(
    n_samples: int, classes: int, noise: float, generator: np.random.Generator
) -> tuple[NDArray[np.int64], np.random.Generator]:
    """Return the class of each point in random order, and the generator to go on with."""
    for name, count in {"n_samples": n_samples, "the number of classes": classes}.items():
        if not isinstance(count, int | np.integer):
            raise ArgumentError(f"{name} is {count!r}. It has to be a whole number.")
    _check_numbers(noise=noise)
    if n_samples < 1 or classes < 1:
        raise ArgumentError(f"{n_samples} points in {classes} classes cannot be made. Ask for at least one of each.")
    if not noise >= 0.0:
        raise ArgumentError(f"noise={noise}. A standard deviation is 0 or more.")
    return generator.permutation(np.arange(n_samples, dtype=np.int64) % classes), generator


def _check_numbers(**given: float) -> None:
    """Raise unless each is a real number."""
    for name, value in given.items():
        if not isinstance(value, int | float | np.integer | np.floating):
            raise ArgumentError(f"{name}={value!r}. It has to be a number.")


def _polar(radius: NDArray[np.float64], angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
