"""Comparing a function of tensors with that of arrays: values, shapes, dtypes, warnings, errors."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]


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


def _as_tensor(value: Any, requires_grad: bool) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype.kind == "b":
        return value
    return Tensor(value, requires_grad and value.dtype.kind in "fc")


def agree(function: Function, *args: Any, **kwargs: Any) -> None:
    """Check that on tensors, constant or not, `function` does what it does on arrays."""
    expected, warned = _called(function, args, kwargs)
    for requires_grad in (False, True):
        given = [_as_tensor(a, requires_grad) for a in args]
        named = {name: _as_tensor(value, requires_grad) for name, value in kwargs.items()}
        result, found = _called(function, given, named)
        if isinstance(expected, type):
            assert isinstance(result, type), f"{result} where arrays raise {expected}"
            assert issubclass(result, expected) or issubclass(expected, result)
            continue
        for r, e in zip(*([x if isinstance(x, tuple) else (x,) for x in (result, expected)]), strict=True):
            assert not isinstance(r, type), f"{r} where arrays give {e}"
            array = r.data if isinstance(r, Tensor) else np.asarray(r)
            assert (array.shape, array.dtype) == (np.shape(e), np.asarray(e).dtype)
            eps = np.finfo(array.dtype).eps if array.dtype.kind in "fc" else 0
            scale = float(np.max(np.abs(e), initial=0, where=np.isfinite(e)))
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(array, e, rtol=8 * eps, atol=8 * eps * scale)
        assert found == warned
