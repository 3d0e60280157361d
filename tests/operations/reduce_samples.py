"""Where reductions, accumulations and norms are tested: over every axis, several and all."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays

from .calls import Array, Call, Function, Live, Samples, call

not_empty = numpy_strategies.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3)
with_axes = numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)
# No two elements are equal, nor is one the opposite of another.
distinct = arrays(not_empty, distinct=True, offset=0.25)


def one_axis(x: Array) -> st.SearchStrategy[int]:
    return st.integers(-x.ndim, x.ndim - 1)


def axes(x: Array) -> st.SearchStrategy[Any]:
    """All axes, one or several, counted from either end."""
    choices: list[st.SearchStrategy[Any]] = [st.none()]
    if x.ndim:
        several = st.lists(one_axis(x), min_size=1, max_size=x.ndim, unique_by=lambda axis: axis % x.ndim)
        choices += [one_axis(x), several.map(tuple)]
    return st.one_of(choices)


@st.composite
def reductions(draw: st.DrawFn, /, inputs: Any, masked: dict[str, Any] | None = None, **options: Any) -> Call:
    """Draw a call over some axes, with or without `keepdims` and with the `options` of the function.

    Where the function takes a mask, `masked` holds what it needs beside one.
    """
    x = draw(inputs)
    kwargs = {name: draw(strategy) for name, strategy in options.items()}
    kwargs |= draw(st.fixed_dictionaries({}, optional={"axis": axes(x), "keepdims": st.booleans()}))
    if masked is not None and draw(st.booleans()):
        kwargs |= {"where": draw(numpy_strategies.arrays(bool, x.shape)), **masked}
    return Call((Live(x),), kwargs)


@st.composite
def accumulations(draw: st.DrawFn, inputs: Any, *, always: bool = False) -> Call:
    """Draw a call along one axis, or without one where the function allows that."""
    x = draw(inputs)
    axis = draw(one_axis(x) if always and x.ndim else st.none() | one_axis(x) if x.ndim else st.none())
    return call(Live(x)) if axis is None else call(Live(x), axis=axis)


@st.composite
def array_api_accumulations(draw: st.DrawFn, inputs: Any) -> Call:
    x = draw(inputs)
    axis = draw(one_axis(x) if x.ndim > 1 else st.none() | one_axis(x))
    return call(Live(x), axis=axis, include_initial=draw(st.booleans()))


@st.composite
def ufunc_reductions(draw: st.DrawFn, inputs: Any) -> Call:
    x = draw(inputs)
    kwargs = draw(st.fixed_dictionaries({}, optional={"axis": axes(x), "keepdims": st.booleans()}))
    return Call((Live(x),), kwargs)


@st.composite
def with_zeros(draw: st.DrawFn, shape: Any = None) -> Array:
    """Draw factors of which some are zero: a product has all its derivatives there."""
    x: Array = draw(arrays(shape))
    return np.where(draw(numpy_strategies.arrays(bool, x.shape)), x, 0.0)


sums = arrays() | arrays(not_empty)
precision = st.sampled_from([None, np.float64])
freedom = st.sampled_from([0, 0.5])

SAMPLES: dict[Function | str, Samples] = {
    np.sum: Samples(reductions(sums, {}, dtype=precision)),
    np.mean: Samples(reductions(arrays(not_empty), dtype=precision)),
    np.var: Samples(reductions(distinct, ddof=freedom)),
    np.std: Samples(reductions(distinct, ddof=freedom)),
    np.max: Samples(reductions(distinct, {"initial": -5.0})),
    np.amax: Samples(reductions(distinct)),
    np.min: Samples(reductions(distinct, {"initial": 5.0})),
    np.amin: Samples(reductions(distinct)),
    np.ptp: Samples(reductions(distinct)),
    np.prod: Samples(reductions(with_zeros() | sums, {}, initial=st.sampled_from([1, 2.0]))),
    "logsumexp": Samples(reductions(arrays(not_empty))),
    np.cumsum: Samples(accumulations(sums)),
    np.cumprod: Samples(accumulations(sums | with_zeros())),
    np.cumulative_sum: Samples(array_api_accumulations(arrays(with_axes))),
    np.cumulative_prod: Samples(array_api_accumulations(with_zeros(with_axes))),
    np.add.reduce: Samples(ufunc_reductions(arrays(with_axes))),
    np.multiply.reduce: Samples(ufunc_reductions(with_zeros(with_axes))),
    np.maximum.reduce: Samples(ufunc_reductions(arrays(with_axes, distinct=True))),
    np.minimum.reduce: Samples(ufunc_reductions(arrays(with_axes, distinct=True))),
    np.add.accumulate: Samples(accumulations(arrays(with_axes))),
    np.multiply.accumulate: Samples(accumulations(with_zeros(with_axes))),
}
