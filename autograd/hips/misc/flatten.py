"""Flatten containers of arrays to one vector."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor
from autograd.inside import flatten as contents_of

__all__ = ["flatten", "flatten_func"]


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return all numbers in a container as a vector, and the function that makes such a container of a vector.

    What is in a dict comes in the order of the sorted keys, as in HIPS autograd, wherever they stand.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.misc import flatten
    >>> vector, unflatten = flatten({"w": np.ones((2, 2)), "b": 3.0})
    >>> vector, unflatten(vector)
    (array([3., 1., 1., 1., 1.]), {'w': array([[1., 1.],
           [1., 1.]]), 'b': np.float64(3.0)})
    """
    contents, rebuild = contents_of(value)
    order: list[int] = contents_of(_with_sorted_keys(rebuild(range(len(contents)))))[0]
    arrays = [x if isinstance(x, Tensor) else np.asarray(x) for x in [contents[i] for i in order]]
    places = np.cumsum([0, *[x.size for x in arrays]])

    def unflatten(vector: Any) -> Any:
        if np.shape(vector) != (places[-1],):
            raise ShapeError(f"a vector of shape {np.shape(vector)} for containers of {places[-1]} numbers")
        parts = [vector[i:j].reshape(x.shape)[()] for x, i, j in zip(arrays, places[:-1], places[1:], strict=True)]
        return rebuild([part for _, part in sorted(zip(order, parts, strict=True), key=itemgetter(0))])

    vector: Any = np.concatenate([x.reshape(-1) for x in arrays]) if arrays else np.zeros(0)
    return vector, unflatten


def _with_sorted_keys(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _with_sorted_keys(tree[key]) for key in sorted(tree)}
    return list(map(_with_sorted_keys, tree)) if isinstance(tree, list | tuple) else tree


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Callable[..., Any], Callable[[Any], Any], Any]:
    """Return a function of a vector in the place of the first argument, `unflatten`, and the vector of `example`."""
    vector, unflatten = flatten(example)

    def of_vector(x: Any, *args: Any) -> Any:
        return flatten(func(unflatten(x), *args))[0]

    return of_vector, unflatten, vector
