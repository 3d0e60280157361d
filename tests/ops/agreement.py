"""NumPy as the reference: what a function gives on tensors is what it gives on their arrays."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


def name(value: Any) -> str:
    """Return how a test's parameter is called."""
    return str(getattr(value, "__name__", value))


def assert_numpys(function: Function, *args: Any, rtol: float = 0.0, **kwargs: Any) -> None:
    """Compare values, shapes and dtypes, with tensors for all arrays of numbers: constants first, then live."""
    expected = _listed(function(*args, **kwargs))
    for requires_grad in (False, True):
        given, named = _on_tensors(args, kwargs, requires_grad, "biufc")
        results = _listed(function(*given, **named))
        for result, value in zip(results, expected, strict=True):
            assert isinstance(result, Tensor) or np.ndim(value) == 0
            _compare(result, value, rtol, rtol)


def agree(function: Function, *args: Any, **kwargs: Any) -> None:
    """Compare values up to rounding, shapes, dtypes, warnings and errors, with tensors but for arrays of bools."""
    expected, warned = _called(function, args, kwargs)
    for requires_grad in (False, True):
        given, named = _on_tensors(args, kwargs, requires_grad, "iufc")
        result, found = _called(function, given, named)
        if isinstance(expected, type):
            assert isinstance(result, type), f"{result} where arrays raise {expected}"
            assert issubclass(result, expected) or issubclass(expected, result)
            continue
        for r, e in zip(_listed(result), _listed(expected), strict=True):
            assert not isinstance(r, type), f"{r} where arrays give {e}"
            dtype = np.asarray(e).dtype
            eps = float(np.finfo(dtype).eps) if dtype.kind in "fc" else 0
            _compare(r, e, 8 * eps, 8 * eps * float(np.max(np.abs(e), initial=0, where=np.isfinite(e))))
        assert found == warned


def _called(function: Function, args: Any, kwargs: Any) -> tuple[Any, set[str]]:
    """Return the result, or the type of the error that was raised, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*args, **kwargs)
        except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
            result = type(error)
    # "in reduce" or "in add": where exactly a number overflowed is no promise
    return result, {str(w.message).partition(" encountered")[0] for w in caught}


def _on_tensors(args: Any, kwargs: Any, requires_grad: bool, kinds: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments with a tensor for each array of these kinds, a live one where that can be."""

    def wrapped(value: Any) -> Any:
        if not isinstance(value, np.ndarray) or value.dtype.kind not in kinds:
            return value
        return Tensor(value, requires_grad and value.dtype.kind in "fc")

    return [wrapped(value) for value in args], {key: wrapped(value) for key, value in kwargs.items()}


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, list | tuple) else [result]


def _compare(result: Any, expected: Any, rtol: float, atol: float) -> None:
    array = result.data if isinstance(result, Tensor) else np.asarray(result)
    assert (array.shape, array.dtype) == (np.shape(expected), np.asarray(expected).dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(array, expected, rtol=rtol, atol=atol)
