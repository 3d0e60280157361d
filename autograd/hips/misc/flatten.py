"""Flatten containers of arrays to one vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.errors import ShapeError
from autograd.tensors.tensor import Tensor
from autograd.transforms.pytree import flatten as contents_of

__all__ = ["flatten", "flatten_func"]


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return all numbers in a container as a vector, and the function that makes such a container of a vector.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.misc import flatten
    >>> vector, unflatten = flatten({"w": np.ones((2, 2)), "b": 3.0})
    >>> vector, unflatten(vector)
    (array([1., 1., 1., 1., 3.]), {'w': array([[1., 1.],
           [1., 1.]]), 'b': np.float64(3.0)})
    """
    contents, rebuild = contents_of(value)
    arrays = [x if isinstance(x, Tensor) else np.asarray(x) for x in contents]
    places = np.cumsum([0, *[x.size for x in arrays]])

    def unflatten(vector: Any) -> Any:
        if np.shape(vector) != (places[-1],):
            raise ShapeError(f"a vector of shape {np.shape(vector)} for containers of {places[-1]} numbers")
        parts = [vector[i:j].reshape(x.shape)[()] for x, i, j in zip(arrays, places[:-1], places[1:], strict=True)]
        return rebuild(parts)

    vector: Any = np.concatenate([x.reshape(-1) for x in arrays]) if arrays else np.zeros(0)
    return vector, unflatten


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Callable[..., Any], Callable[[Any], Any], Any]:
    """Return a function of a vector in the place of the first argument, `unflatten`, and the vector of `example`."""
    vector, unflatten = flatten(example)

    def of_vector(x: Any, *args: Any) -> Any:
        return flatten(func(unflatten(x), *args))[0]

    return of_vector, unflatten, vector
