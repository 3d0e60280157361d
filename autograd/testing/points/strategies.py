"""Hypothesis strategies for arrays at which derivatives can be checked."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as numpy_strategies
import numpy as np
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from autograd import Tensor

from .layouts import LAYOUTS

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Interval = tuple[float, float]

STEPS = 64  # how many different values an array is drawn from


def shapes(max_dims: int = 3, max_side: int = 3) -> st.SearchStrategy[Shape]:
    """Return a strategy for shapes, including ``()``, the shape of a number, and shapes of empty arrays."""
    return numpy_strategies.array_shapes(min_dims=0, max_dims=max_dims, min_side=0, max_side=max_side)


def layouts(array: Array) -> st.SearchStrategy[Array]:
    """Return a strategy for arrays equal to `array` in each memory layout of `LAYOUTS`."""
    return st.sampled_from(sorted(LAYOUTS)).map(lambda name: LAYOUTS[name](array))


def special_values(dtype: DTypeLike = np.float64) -> st.SearchStrategy[float]:
    """Return a strategy for numbers at which functions often go wrong: zeros, ones, tiny, large, inf and nan."""
    limits = np.finfo(dtype)
    positive = [0.0, 1.0, float(limits.tiny), float(limits.eps), 1e3, float(limits.max) / 2, np.inf]
    return st.sampled_from([*positive, *(-x for x in positive), np.nan])


@st.composite
def arrays(
    draw: st.DrawFn,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    *,
    dtype: DTypeLike | st.SearchStrategy[Any] = np.float64,
    between: Interval = (-2.0, 2.0),
    distinct: bool = False,
    offset: float = 0.5,
) -> Array:
    """Draw an array at which derivatives can be checked with finite differences.

    Its values are drawn from 64 evenly spaced numbers. So no two are nearly equal, which would put a kink of ``max`` or
    ``sort`` within a step, and with limits ``(-c, c)`` they are never near zero. In float32 they are exact if the
    limits are small integers.

    Parameters
    ----------
    shape
        The shape, or a strategy for it; by default `shapes`.
    dtype
        The type of the elements, or a strategy for it.
    between
        The limits of the elements, both exclusive.
    distinct
        Draw all elements different; then there can be at most 64.
    offset
        The position of the values within their 64 equal intervals, from 0 to 1: arrays drawn with different offsets
        share no value.

    Returns
    -------
    SearchStrategy of ndarray
        Each array is writable and in C order; see `layouts` for others.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from autograd import gradcheck
    >>> from autograd.testing import arrays
    >>> @given(arrays(between=(0.1, 5.0)))
    ... def test_log(x):
    ...     assert gradcheck(np.log, x)
    """
    shape = draw(shapes() if shape is None else shape) if not isinstance(shape, tuple) else shape
    dtype = draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype
    low, high = between
    positions = draw(numpy_strategies.arrays(np.int64, shape, elements=st.integers(0, STEPS - 1), unique=distinct))
    return np.asarray(low + (positions + offset) * ((high - low) / STEPS), dtype)


def tensors(*args: Any, requires_grad: bool = True, **kwargs: Any) -> st.SearchStrategy[Tensor]:
    """Return a strategy for tensors in each of the `LAYOUTS`; the arguments are those of `arrays`."""
    return arrays(*args, **kwargs).flatmap(layouts).map(lambda array: Tensor(array, requires_grad))


@st.composite
def broadcastable_arrays(
    draw: st.DrawFn,
    *between: Interval,
    dtype: DTypeLike | st.SearchStrategy[Any] = np.float64,
    distinct: bool = False,
    max_dims: int = 3,
    max_side: int = 3,
) -> tuple[Array, ...]:
    """Draw arrays whose shapes broadcast together, one for each pair of limits; no two arrays share a value.

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd.testing import broadcastable_arrays, check_operation
    >>> @given(broadcastable_arrays((-2.0, 2.0), (0.5, 2.0)))
    ... def test_divide(inputs):
    ...     check_operation(np.divide, *inputs)
    """
    count = len(between)
    drawn = draw(
        numpy_strategies.mutually_broadcastable_shapes(
            num_shapes=count, min_side=0, max_side=max_side, max_dims=max_dims
        )
    )
    return tuple(
        draw(arrays(shape, dtype=dtype, between=limits, distinct=distinct, offset=(i + 0.5) / count))
        for i, (shape, limits) in enumerate(zip(drawn.input_shapes, between, strict=True))
    )
