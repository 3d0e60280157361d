"""Derivatives of solutions that are costly to compute, compared with few differences."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import jacobian, jvp, vjp

__all__ = ["check"]


def check(function: Callable[..., Any], *at: Any, order: int = 2, step: float = 1e-4, tolerance: float = 1e-5) -> None:
    """Compare derivatives in one direction, by forward and reverse mode, with differences of fourth order."""
    rng = np.random.default_rng(len(at))
    directions = tuple(rng.normal(size=np.shape(x)) for x in at)

    def moved(by: float) -> tuple[Any, ...]:
        return tuple(x + by * d for x, d in zip(at, directions, strict=True))

    def slope(of: Callable[..., Any]) -> Any:
        near, far = (of(*moved(by)) - of(*moved(-by)) for by in (step, 2 * step))
        return (8 * near - far) / (12 * step)

    expected = slope(function)
    value, pull = vjp(function, *at)
    w = rng.normal(size=np.shape(value))
    assert np.allclose(value, function(*at), rtol=tolerance / 10, atol=tolerance / 10)
    size = 1 + np.max(np.abs(expected))
    pulled = sum(np.sum(g * d) for g, d in zip(pull(w), directions, strict=True))
    assert np.isclose(pulled, np.sum(w * expected), atol=tolerance * size * np.sqrt(w.size))
    assert np.allclose(jvp(function, at, directions)[1], expected, atol=tolerance * size)
    if order > 1:
        gradient = lambda *x: np.concatenate([np.reshape(g, -1) for g in vjp(function, *x)[1](w)])  # noqa: E731
        check(gradient, *at, order=1, step=step, tolerance=10 * tolerance)
        assert np.shape(jacobian(function)(*at)) == np.shape(value) + np.shape(at[0])
