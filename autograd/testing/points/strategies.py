"""Hypothesis strategies for arrays at which derivatives can be checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import hypothesis.extra.numpy as numpy_strategies
import numpy as np
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from autograd import Tensor

from .domains import Domain
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
    special: bool = False,
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
    special
        Draw also what functions often go wrong at, as far as it is between the limits: zeros of both signs, ones,
        halves, numbers next to the limits, tiny and huge ones. Then limits may be infinite.
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
    if special:
        low, high = Domain((between,)).within(-3.0, 3.0).intervals[0]
    positions = draw(numpy_strategies.arrays(np.int64, shape, elements=st.integers(0, STEPS - 1), unique=distinct))
    numbers = np.asarray(low + (positions + offset) * ((high - low) / STEPS), dtype)
    if special:
        chosen = [np.nan, *specials_between(between, dtype)]  # nan stands for what was drawn before
        drawn = draw(numpy_strategies.arrays(np.float64, shape, elements=st.sampled_from(chosen)))
        numbers = np.asarray(np.where(np.isnan(drawn), numbers, drawn), dtype)
    return numbers


def specials_between(between: Interval, dtype: DTypeLike) -> list[float]:
    """Return the numbers between limits at which functions often go wrong, as the dtype has them."""
    limits, (low, high) = np.finfo(dtype), between
    sizes = np.array([0.0, 0.5, 1.0, 2.0, limits.tiny, limits.eps, 1e-3, 1e3, limits.max / 8], limits.dtype)
    ends = np.nextafter(*np.array([[low, high], [high, low]], limits.dtype))
    return [float(x) for x in (*sizes, *-sizes, *ends) if low < x < high]


def tensors(*args: Any, requires_grad: bool = True, **kwargs: Any) -> st.SearchStrategy[Tensor]:
    """Return a strategy for tensors in each of the `LAYOUTS`; the arguments are those of `arrays`."""
    return arrays(*args, **kwargs).flatmap(layouts).map(lambda array: Tensor(array, requires_grad))


@st.composite
def broadcastable_arrays(
    draw: st.DrawFn,
    *between: Interval,
    signature: str | None = None,
    dtype: DTypeLike | st.SearchStrategy[Any] = np.float64,
    distinct: bool = False,
    special: bool = False,
    max_dims: int = 3,
    max_side: int = 3,
) -> tuple[Array, ...]:
    """Draw arrays whose shapes broadcast together, one for each pair of limits; no two arrays share a value.

    With `special`, as in `arrays`, they may. A `signature` such as ``"(m,n),(n,p)->(m,p)"``, as `check` takes it and
    NumPy's generalized ufuncs have it, says which axes agree; others are in front where it has ``...``. Then one pair
    of limits is enough for all.

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd.testing import broadcastable_arrays, check_operation
    >>> @given(broadcastable_arrays((-2.0, 2.0), (0.5, 2.0)))
    ... def test_divide(inputs):
    ...     check_operation(np.divide, *inputs)
    >>> @given(broadcastable_arrays(signature="(...,m,n),(...,n,p)"))
    ... def test_matmul(inputs):
    ...     check_operation(np.matmul, *inputs)
    """
    form: dict[str, Any] = {"num_shapes": len(between)}
    if signature is not None:
        inputs = re.sub(r"\.\.\.,?|\s", "", signature).partition("->")[0]
        between = (between or ((-2.0, 2.0),)) * (inputs.count("(") if len(between) < 2 else 1)
        form, max_dims = {"signature": f"{inputs}->()"}, max_dims * ("..." in signature)
    drawn = draw(
        numpy_strategies.mutually_broadcastable_shapes(**form, min_side=0, max_side=max_side, max_dims=max_dims)
    )
    options: dict[str, Any] = {"dtype": dtype, "distinct": distinct, "special": special}
    return tuple(
        draw(arrays(shape, between=limits, offset=(i + 0.5) / len(between), **options))
        for i, (shape, limits) in enumerate(zip(drawn.input_shapes, between, strict=True))
    )


def axes(ndim: int) -> st.SearchStrategy[int | tuple[int, ...] | None]:
    """Return a strategy for what names axes of an array: None, an integer of either sign, or a tuple in any order."""
    several = numpy_strategies.valid_tuple_axes(ndim)
    return st.one_of(st.none(), st.integers(-ndim, ndim - 1), several) if ndim else st.one_of(st.none(), several)


def keywords(**values: Sequence[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for keyword arguments, one of the values of each.

    Other ways to say the same are among them: 1 and ``np.True_`` for True, and the axes of a tuple in another order.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from autograd import gradcheck
    >>> from autograd.testing import arrays, keywords
    >>> @given(arrays((2, 3)), keywords(axis=[None, 0, (0, 1)], keepdims=[False, True]))
    ... def test_sum(x, options):
    ...     gradcheck(lambda x: np.sum(x, **options), x, fast_mode=True)
    >>> test_sum()
    """
    return st.fixed_dictionaries(
        {
            name: st.sampled_from([other for value in each for other in _same(name, value)])
            for name, each in values.items()
        }
    )


def _same(name: str, value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [value, int(value)]  # numpy.bool is refused by most of NumPy's functions
    return [value, value[::-1]] if name == "axis" and isinstance(value, tuple) else [value]
