"""Testing operations: Hypothesis strategies for arrays, and one call that checks values and derivatives.

Needs Hypothesis (``pip install hypothesis``), which ``import autograd`` does not load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.extra.numpy as numpy_strategies
import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike, DTypeLike

from ..errors import GradientCheckError
from ..tensors.tensor import Tensor
from ..transforms.gradients import gradients
from ..transforms.vjp_jvp import jvp
from ._finite_differences import inner_product, normal
from ._gradcheck import gradcheck, gradgradcheck

__all__ = [
    "LAYOUTS",
    "arrays",
    "broadcastable_arrays",
    "check_operation",
    "layouts",
    "shapes",
    "special_values",
    "tensors",
]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Layout = Callable[[Array], Array]
Interval = tuple[float, float]

STEPS = 64  # how many different values an array is drawn from


def _reversed(array: Array) -> Array:
    everything = (slice(None, None, -1),) * array.ndim
    return np.array(array[everything])[everything]


def _strided(array: Array) -> Array:
    wide = np.full((*array.shape, 2), 7, array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def _read_only(array: Array) -> Array:
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


LAYOUTS: dict[str, Layout] = {
    "C": lambda array: np.array(array, order="C"),
    "Fortran": lambda array: np.array(array, order="F"),
    "negative strides": _reversed,
    "a slice": _strided,
    "read-only": _read_only,
}


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
    places = draw(numpy_strategies.arrays(np.int64, shape, elements=st.integers(0, STEPS - 1), unique=distinct))
    return np.asarray(low + (places + offset) * ((high - low) / STEPS), dtype)


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


def check_operation(
    fn: Callable[..., ArrayLike | Tensor],
    *inputs: Array,
    order: int = 2,
    analytic: bool = False,
    atol: float = 1e-6,
    rtol: float = 1e-5,
) -> None:
    """Check the values and derivatives of an operation at one point.

    On tensors it gives the values, shapes and dtypes that it gives on arrays; gradients have the shape and
    dtype of their inputs, are linear in the cotangent and agree with central differences, and so do second
    derivatives; forward mode is the transpose of reverse mode; no input is written to, and no gradient shares memory
    with an input, the cotangent or another gradient.

    Parameters
    ----------
    fn
        The operation. It takes as many tensors, or arrays, as there are inputs, and returns one, or a list or tuple.
    *inputs
        Floating-point arrays, real or complex. Differences are taken at the same point in double precision; inputs in
        single precision must give the same gradients up to rounding.
    order
        The highest derivative to check: 1 or 2.
    analytic
        Whether `fn` also accepts complex arrays, as an analytic function does. The gradient is then also compared with
        a complex step, which is exact to the last digits (Squire & Trapp 1998, SIAM Review 40(1)).
    atol, rtol
        As in `gradcheck`.

    Raises
    ------
    GradientCheckError
        If one of these checks fails; the message says which.
    TypeError
        If an input is not an array.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.testing import check_operation
    >>> check_operation(np.multiply, np.ones((2, 3)), np.ones(3, np.float32))
    >>> check_operation(lambda x: np.sum(np.exp(x), axis=0), np.ones((2, 3)), analytic=True)
    """
    for i, x in enumerate(inputs):
        if not isinstance(x, np.ndarray | np.generic):
            raise TypeError(f"check_operation() takes an array for each input, but input {i} is a {type(x).__name__}")
    originals = [np.array(x) for x in inputs]
    expected = [np.asarray(y) for y in _listed(fn(*inputs))]
    _check_untouched(inputs, originals)
    _check_values(fn, inputs, expected)
    _check_gradients(fn, inputs)
    _check_untouched(inputs, originals)
    wide = [_wide(x) for x in inputs]
    gradcheck(fn, wide, atol=atol, rtol=rtol, fast_mode=True)
    if order > 1:
        gradgradcheck(fn, wide, atol=atol, rtol=rtol, fast_mode=True)
    _check_transpose(fn, wide)
    if analytic:
        _check_complex_step(fn, wide)


def _listed(result: Any) -> Sequence[Any]:
    return result if isinstance(result, list | tuple) else [result]


def _live(result: Any) -> list[Tensor]:
    """Return those of the results that have a gradient; `modf` and `divmod` also give one that has none."""
    return [y for y in _listed(result) if isinstance(y, Tensor) and y.requires_grad]


def _wide(array: Array) -> Array:
    """Return a copy in double precision."""
    return np.array(array, np.complex128 if array.dtype.kind == "c" else np.float64)


def _epsilon(array: Any) -> float:
    return float(np.finfo(array.dtype).eps) if array.dtype.kind in "fc" else 0.0


def _check_untouched(inputs: Sequence[Array], originals: Sequence[Array]) -> None:
    for i, (x, original) in enumerate(zip(inputs, originals, strict=True)):
        if x.tobytes() != original.tobytes():
            raise GradientCheckError(f"input {i} was written to")


def _check_values(fn: Callable[..., Any], inputs: Sequence[Array], expected: Sequence[Array]) -> None:
    results = _listed(fn(*(Tensor(x, requires_grad=True) for x in inputs)))
    scale = max((float(np.max(np.abs(x), initial=0, where=np.isfinite(x))) for x in (*inputs, *expected)), default=0)
    if len(expected) != len(results):
        raise GradientCheckError(f"{len(results)} results on tensors, {len(expected)} on arrays")
    for y, z in zip(results, expected, strict=True):
        array = y.data if isinstance(y, Tensor) else np.asarray(y)
        if (array.shape, array.dtype) != (z.shape, z.dtype):
            raise GradientCheckError(
                f"on tensors the result is {array.dtype} {array.shape}, on arrays {z.dtype} {z.shape}"
            )
        if not np.allclose(array, z, rtol=8 * _epsilon(z), atol=8 * _epsilon(z) * scale, equal_nan=True):
            raise GradientCheckError(f"the values on tensors and on arrays differ: {array} and {z}")


def _check_gradients(fn: Callable[..., Any], inputs: Sequence[Array]) -> None:
    random = np.random.default_rng(1)
    leaves = [Tensor(x, requires_grad=True) for x in inputs]
    outputs = _live(fn(*leaves))
    first, second = ([_read_only(_normal(random, y)) for y in outputs] for _ in range(2))
    combined = [_read_only(np.asarray(2 * g - 3 * h, g.dtype)) for g, h in zip(first, second, strict=True)]
    of_first, of_second, of_combined = (_gradients(outputs, leaves, given) for given in (first, second, combined))
    for i, (x, a, b, c) in enumerate(zip(leaves, of_first, of_second, of_combined, strict=True)):
        if (a.shape, a.dtype) != (x.shape, x.dtype):
            message = f"the gradient of input {i} is {a.dtype} {a.shape}, but the input is {x.dtype} {x.shape}"
            raise GradientCheckError(message)
        precision = 1e3 * max(np.finfo(y.dtype).eps for y in (x, *outputs))
        scale = 1 + np.abs(2 * a) + np.abs(3 * b)
        if not np.all(np.abs(2 * a - 3 * b - c) <= precision * scale):
            raise GradientCheckError(f"the gradient of input {i} is not linear in the cotangent")
    _check_memory([*inputs, *first], of_first)
    if any(x.dtype not in (np.float64, np.complex128) for x in inputs):
        _check_precision(fn, inputs, first, of_first)


def _normal(random: np.random.Generator, like: Any) -> Array:
    return np.asarray(normal(random, like), like.dtype)


def _gradients(outputs: Sequence[Tensor], leaves: Sequence[Tensor], cotangents: Sequence[Array]) -> list[Array]:
    found = gradients(outputs, leaves, cotangents, retain_graph=True, allow_unused=True)
    return [np.zeros(x.shape, x.dtype) if g is None else g.data for x, g in zip(leaves, found, strict=True)]


def _check_memory(foreign: Sequence[Array], found: Sequence[Array]) -> None:
    for i, g in enumerate(found):
        if any(np.shares_memory(g, other) for other in (*foreign, *found[:i])):
            raise GradientCheckError(f"the gradient of input {i} shares memory with an array that is not its own")


def _check_precision(
    fn: Callable[..., Any], inputs: Sequence[Array], cotangents: Sequence[Array], found: Sequence[Array]
) -> None:
    leaves = [Tensor(_wide(x), requires_grad=True) for x in inputs]
    outputs = _live(fn(*leaves))
    expected = _gradients(outputs, leaves, list(map(_wide, cotangents)))
    for i, (g, wide) in enumerate(zip(found, expected, strict=True)):
        if not np.allclose(g, wide, rtol=2e-3, atol=2e-3 * float(np.max(np.abs(wide), initial=1e-3))):
            raise GradientCheckError(f"the gradient of input {i} is {g} in {g.dtype}, but {wide} in float64")


def _check_transpose(fn: Callable[..., Any], inputs: Sequence[Array]) -> None:
    """Compare <J v, w> with <v, J' w>."""
    random = np.random.default_rng(2)
    leaves = [Tensor(x, requires_grad=True) for x in inputs]
    outputs = _listed(fn(*leaves))
    tangents = [_normal(random, x) for x in inputs]
    cotangents = [_normal(random, y) for y in _live(outputs)]
    pulled = _gradients(_live(outputs), leaves, cotangents)
    pushed = _listed(jvp(fn, tuple(inputs), tuple(tangents))[1])
    live = [tangent for tangent, y in zip(pushed, outputs, strict=True) if _live([y])]
    forward = float(sum(inner_product(w, t) for w, t in zip(cotangents, live, strict=True)))
    backward = float(sum(inner_product(g, v) for g, v in zip(pulled, tangents, strict=True)))
    scale = 1 + sum(float(np.abs(w * t).sum()) for w, t in zip(cotangents, live, strict=True))
    if not abs(forward - backward) <= 1e-9 * scale:
        raise GradientCheckError(f"forward mode gives {forward} where reverse mode gives {backward}")


def _check_complex_step(fn: Callable[..., Any], inputs: Sequence[Array]) -> None:
    random = np.random.default_rng(3)
    leaves = [Tensor(x, requires_grad=True) for x in inputs]
    outputs = _live(fn(*leaves))
    cotangents = [_normal(random, y) for y in outputs]
    pulled = _gradients(outputs, leaves, cotangents)
    for i, x in enumerate(inputs):
        direction = _normal(random, x)
        stepped = [z + (1e-20j * direction if i == j else 0j) for j, z in enumerate(inputs)]
        changes = [np.imag(z) * 1e20 for z in _listed(fn(*stepped))]
        numeric = float(sum(np.sum(w * change) for w, change in zip(cotangents, changes, strict=True)))
        found = float(np.sum(pulled[i] * direction))
        scale = 1 + float(np.sum(np.abs(pulled[i] * direction)))
        if not abs(found - numeric) <= 1e-10 * scale:
            raise GradientCheckError(
                f"along one direction of input {i}: {found} by the graph, {numeric} by a complex step"
            )
