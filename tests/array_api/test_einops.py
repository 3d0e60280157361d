"""`einops.array_api` takes tensors, and what it returns is differentiated: what docs/api/array-api.md says."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import compile, grad, jvp, tensor, vmap

einops: Any = pytest.importorskip("einops.array_api", reason="pip install einops")
X = np.arange(24.0).reshape(2, 3, 4)
WEIGHTS = np.cos(X)


CASES: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (lambda x: einops.rearrange(x, "b c (h w) -> w (b h) c", h=2), lambda x: turned(x)),
    (lambda x: einops.reduce(x, "b c w -> b w", "mean"), lambda x: np.mean(x, 1)),
    (lambda x: einops.reduce(x, "b c w -> c", "max"), lambda x: np.max(x, (0, 2))),
    (lambda x: einops.repeat(x, "b c w -> b k c w", k=2), lambda x: np.stack([x, x], 1)),
    (lambda x: einops.unpack(*einops.pack([x, x[:, 0]], "b * w"), "b * w")[0], lambda x: +x),
]


def turned(x: Any) -> Any:
    return np.reshape(np.transpose(np.reshape(x, (2, 3, 2, 2)), (3, 0, 2, 1)), (2, 4, 3))


def total(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def summed(x: Any) -> Any:
        y = function(x)
        return np.sum(np.sin(y) * np.cos(np.arange(y.size)).reshape(y.shape))

    return summed


@pytest.mark.parametrize(("function", "same"), CASES, ids=range(len(CASES)))
def test_rearranging_reducing_and_repeating(function: Callable[[Any], Any], same: Callable[[Any], Any]) -> None:
    np.testing.assert_array_equal(function(tensor(X)).data, same(X))
    np.testing.assert_allclose(grad(total(function))(X), grad(total(same))(X), rtol=1e-15)
    np.testing.assert_allclose(jvp(function, (X,), (WEIGHTS,))[1], jvp(same, (X,), (WEIGHTS,))[1], rtol=1e-15)


def test_a_batch() -> None:
    found = vmap(grad(lambda x: np.sum(einops.reduce(x, "c w -> c", "max"))))(X)
    np.testing.assert_array_equal(found, grad(lambda x: np.sum(np.max(x, 2)))(X))


@pytest.mark.parametrize(("function", "same"), CASES, ids=range(len(CASES)))
@pytest.mark.parametrize("make", [np.asarray, tensor])
def test_compiled(function: Callable[[Any], Any], same: Callable[[Any], Any], make: Callable[[Any], Any]) -> None:
    compiled = compile(function)
    for x in (X, np.sin(X)):
        np.testing.assert_array_equal(np.asarray(compiled(make(x))), same(x))
    assert (len(compiled.programs), compiled.fallbacks) == (1, [])
