"""Where those methods of ufuncs are tested that have declarations of their own."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays

from .calls import Array, Call, Function, Live, Samples, call
from .nan_samples import first_of_rows
from .reduce_samples import accumulations, axes, precision, with_axes, with_zeros

apart = arrays(with_axes, distinct=True, offset=0.25)
factors = with_zeros(with_axes)


@st.composite
def ufunc_reductions(draw: st.DrawFn, inputs: Any, initial: float, *, always: bool = False) -> Call:
    """Draw a call with any of the arguments; `always` with a start if there is a mask."""
    x = draw(inputs)
    optional = {"axis": axes(x), "keepdims": st.booleans(), "initial": st.just(initial), "dtype": precision}
    kwargs = draw(st.fixed_dictionaries({}, optional=optional))
    if draw(st.booleans()):
        kwargs["where"] = draw(numpy_strategies.arrays(bool, x.shape))
        if always:
            kwargs["initial"] = initial
    return Call((Live(x),), kwargs)


@st.composite
def with_nan_behind(draw: st.DrawFn, calls: st.SearchStrategy[Call]) -> Call:
    """Put nan in some places, but not in the first of those that are reduced together."""
    drawn = draw(calls)
    (x,) = drawn.inputs
    absent = draw(numpy_strategies.arrays(bool, x.shape)) & ~first_of_rows(x, drawn.kwargs.get("axis", 0), 1)
    return Call((Live(np.where(absent, np.nan, x)),), drawn.kwargs)


@st.composite
def sums_of_slices(draw: st.DrawFn) -> Call:
    x = draw(arrays(with_axes))
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    indices = draw(st.lists(st.integers(0, x.shape[axis] - 1), min_size=1, max_size=4))
    return call(Live(x), indices, axis=axis)


def lengths(x: Array) -> bool:
    """Tell whether a length is nowhere 0, where it has a kink."""
    return bool(np.all(x != 0))


SAMPLES: dict[Function | str, Samples] = {
    np.add.reduce: Samples(ufunc_reductions(arrays(with_axes), 0.5)),
    np.multiply.reduce: Samples(ufunc_reductions(factors, 1.5)),
    np.maximum.reduce: Samples(ufunc_reductions(apart, -5.0, always=True)),
    np.minimum.reduce: Samples(ufunc_reductions(apart, 5.0, always=True)),
    np.fmax.reduce: Samples(with_nan_behind(ufunc_reductions(apart, -5.0, always=True))),
    np.fmin.reduce: Samples(with_nan_behind(ufunc_reductions(apart, 5.0, always=True))),
    np.logaddexp.reduce: Samples(ufunc_reductions(arrays(with_axes), 0.25, always=True)),
    np.logaddexp2.reduce: Samples(ufunc_reductions(arrays(with_axes), 0.25, always=True)),
    np.hypot.reduce: Samples(ufunc_reductions(arrays(with_axes).filter(lengths), 0.25)),
    np.add.accumulate: Samples(accumulations(arrays(with_axes))),
    np.multiply.accumulate: Samples(accumulations(factors)),
    np.maximum.accumulate: Samples(accumulations(apart)),
    np.minimum.accumulate: Samples(accumulations(apart)),
    np.fmax.accumulate: Samples(with_nan_behind(accumulations(apart))),
    np.fmin.accumulate: Samples(with_nan_behind(accumulations(apart))),
    "slices": Samples(arrays(with_axes).map(lambda x: call(Live(x)))),
    np.add.reduceat: Samples(sums_of_slices()),
}
