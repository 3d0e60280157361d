"""NumPy as the reference: what a function gives on tensors is what it gives on their arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor

Function = Callable[..., Any]


def name(value: Any) -> str:
    """Return how a test's parameter is called."""
    return str(getattr(value, "__name__", value))


def assert_numpys(function: Function, *args: Any, rtol: float = 0.0, **kwargs: Any) -> None:
    """Compare values, shapes and dtypes, with tensors for all arrays of numbers: constants first, then live."""
    expected = _listed(function(*args, **kwargs))
    for requires_grad in (False, True):
        given = [_wrapped(value, requires_grad) for value in args]
        named = {key: _wrapped(value, requires_grad) for key, value in kwargs.items()}
        results = _listed(function(*given, **named))
        assert len(results) == len(expected)
        for result, value in zip(results, expected, strict=True):
            array = result.data if isinstance(result, Tensor) else np.asarray(result)
            assert isinstance(result, Tensor) or np.ndim(value) == 0
            np.testing.assert_allclose(array, value, rtol=rtol, atol=rtol)
            assert (array.shape, array.dtype) == (np.shape(value), np.asarray(value).dtype)


def _wrapped(value: Any, requires_grad: bool) -> Any:
    if isinstance(value, np.ndarray):
        return Tensor(value, requires_grad and value.dtype.kind in "fc")
    return value


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, list | tuple) else [result]
