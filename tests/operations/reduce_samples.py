"""Where reductions, accumulations and norms are tested: over every axis, several and all."""

from typing import Any

import numpy as np
from hypothesis import assume
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
def sums_over_axes(draw: st.DrawFn) -> Call:
    x = draw(arrays(with_axes))
    several = st.lists(one_axis(x), min_size=1, max_size=x.ndim, unique_by=lambda axis: axis % x.ndim)
    return call(Live(x), draw(one_axis(x) | several.map(tuple)), draw(st.booleans()))


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
def dispersions(draw: st.DrawFn, inputs: Any) -> Call:
    """Draw variances, some of a part of the elements; in each row there are two that count."""
    x = draw(inputs)
    kwargs = draw(
        st.fixed_dictionaries(
            {}, optional={"axis": axes(x), "keepdims": st.booleans(), "where": numpy_strategies.arrays(bool, x.shape)}
        )
    )
    counted = ~np.isnan(x) & kwargs.get("where", True)
    assume(np.all(np.sum(counted, axis=kwargs.get("axis")) > 1))
    kwargs[draw(st.sampled_from(["ddof", "correction"]))] = draw(st.sampled_from([0, 0.5]))
    return Call((Live(x),), kwargs)


@st.composite
def positional_dispersions(draw: st.DrawFn, inputs: Any, about: bool = False) -> Call:
    """Draw the same with the arguments in the order of the declared operation, some about a mean that is given."""
    drawn = draw(dispersions(inputs))
    (x,) = drawn.inputs
    options = {"axis": None, "keepdims": False, "where": True, **drawn.kwargs}
    means = []
    if about:
        shape = np.sum(x, axis=options["axis"], keepdims=True).shape
        means = [Live(draw(arrays(st.sampled_from([shape, ()]), offset=0.125)))]
    ddof = options.get("ddof", options.get("correction"))
    return Call((Live(x), *means, options["axis"], None, ddof, options["keepdims"], options["where"]))


@st.composite
def with_zeros(draw: st.DrawFn, shape: Any = None) -> Array:
    """Draw factors of which some are zero: a product has all its derivatives there."""
    x: Array = draw(arrays(shape))
    return np.where(draw(numpy_strategies.arrays(bool, x.shape)), x, 0.0)


sums = arrays() | arrays(not_empty)
precision = st.sampled_from([None, np.float64])

SAMPLES: dict[Function | str, Samples] = {
    np.sum: Samples(reductions(sums, {}, dtype=precision) | reductions(sums, {}, initial=st.sampled_from([1, 2.5]))),
    "sum": Samples(sums_over_axes()),
    np.mean: Samples(reductions(arrays(not_empty), dtype=precision)),
    np.var: Samples(dispersions(distinct)),
    np.std: Samples(dispersions(distinct)),
    "var": Samples(positional_dispersions(distinct)),
    "std": Samples(positional_dispersions(distinct)),
    "var_about": Samples(positional_dispersions(distinct, about=True)),
    "std_about": Samples(positional_dispersions(distinct, about=True)),
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
}
