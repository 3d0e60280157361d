"""Where the reductions that leave out nan are tested: with nan in some places, in all, or in none."""

from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays

from .calls import Array, Call, Function, Live, Samples, call
from .reduce_samples import (
    accumulations,
    axes,
    distinct,
    precision,
    reductions,
    sums,
    with_zeros,
)


@st.composite
def with_nan(draw: st.DrawFn, inputs: Any = distinct) -> Array:
    """Put nan in some places."""
    x: Array = draw(inputs)
    return np.where(draw(numpy_strategies.arrays(bool, x.shape)), np.nan, x)


def first_of_rows(x: Array, axis: Any, count: int) -> Array:
    """Return the mask of the first elements of those that are reduced together."""
    place = np.zeros(x.shape, int)
    for a in range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,):
        place = place * x.shape[a] + np.arange(x.shape[a]).reshape(
            [-1 if i == a % x.ndim else 1 for i in range(x.ndim)]
        )
    return place < count


@st.composite
def with_gaps(
    draw: st.DrawFn, /, left: int = 1, masked: dict[str, Any] | None = None, **options: Any
) -> tuple[Array, dict[str, Any]]:
    """Draw the arguments of a reduction, with nan in some places, but not everywhere in a row: that would warn."""
    x = draw(distinct)
    kwargs = {"axis": draw(axes(x)), "keepdims": draw(st.booleans())}
    kwargs |= {name: draw(strategy) for name, strategy in options.items()}
    stays = first_of_rows(x, kwargs["axis"], left)
    assume(np.all(stays.sum(axis=kwargs["axis"]) == left))
    if masked is not None and draw(st.booleans()):
        kwargs |= {"where": draw(numpy_strategies.arrays(bool, x.shape)) | stays, **masked}
    return np.where(draw(numpy_strategies.arrays(bool, x.shape)) & ~stays, np.nan, x), kwargs


def by_name(drawn: tuple[Array, dict[str, Any]]) -> Call:
    return Call((Live(drawn[0]),), drawn[1])


def by_place(*names: str) -> Any:
    """Return what puts the arguments in the order of the declared operation."""
    defaults = {"axis": None, "dtype": None, "ddof": 0, "keepdims": False, "initial": np._NoValue, "where": True}

    def arrange(drawn: tuple[Array, dict[str, Any]]) -> Call:
        x, kwargs = drawn
        return call(Live(x), *[{**defaults, **kwargs}[name] for name in names])

    return arrange


means = with_gaps(masked={})
greatest, least = with_gaps(masked={"initial": -5.0}), with_gaps(masked={"initial": 5.0})
by_extreme = by_place("axis", "keepdims", "initial", "where")
dispersed = with_gaps(left=2, masked={}, ddof=st.sampled_from([0, 0.5]))
by_dispersion = by_place("axis", "dtype", "ddof", "keepdims", "where")


@st.composite
def about_a_mean(draw: st.DrawFn) -> Call:
    x, kwargs = draw(dispersed)
    drawn = by_dispersion((x, kwargs))
    shape = np.sum(x, axis=kwargs["axis"], keepdims=True).shape
    mean = draw(arrays(st.sampled_from([shape, ()]), offset=0.125))
    return call(drawn.args[0], Live(mean), *drawn.args[1:])


starts = st.sampled_from([1, 2.0])

SAMPLES: dict[Function | str, Samples] = {
    np.nansum: Samples(reductions(with_nan(sums), {}, dtype=precision, initial=starts)),
    np.nanprod: Samples(reductions(with_nan(with_zeros() | sums), {}, initial=starts)),
    np.nancumsum: Samples(accumulations(with_nan(sums))),
    np.nancumprod: Samples(accumulations(with_nan(sums | with_zeros()))),
    np.nanmean: Samples(means.map(by_name)),
    np.nanvar: Samples(dispersed.map(by_name)),
    np.nanstd: Samples(dispersed.map(by_name)),
    np.nanmax: Samples(greatest.map(by_name)),
    np.nanmin: Samples(least.map(by_name)),
    # as they are declared
    "nanmean": Samples(means.map(by_place("axis", "dtype", "keepdims", "where"))),
    "nanvar": Samples(dispersed.map(by_dispersion)),
    "nanstd": Samples(dispersed.map(by_dispersion)),
    "nanvar_about": Samples(about_a_mean()),
    "nanstd_about": Samples(about_a_mean()),
    "nanmax": Samples(greatest.map(by_extreme)),
    "nanmin": Samples(least.map(by_extreme)),
}
