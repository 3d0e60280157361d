"""Where indexing, and the functions made of it, are tested."""

import operator
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays, shapes

from .calls import Array, Call, Function, Live, Samples, call
from .reduce_samples import one_axis

indexable_shapes = numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)
indexable = arrays(indexable_shapes)
matrices = arrays(numpy_strategies.array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=3))


def indices(x: Array) -> st.SearchStrategy[Any]:
    """NumPy's basic and advanced indices, and both in one."""
    basic = numpy_strategies.basic_indices(x.shape, allow_newaxis=True)
    integers = numpy_strategies.integer_array_indices(x.shape)
    mask = numpy_strategies.arrays(bool, x.shape) | numpy_strategies.arrays(bool, x.shape[:1])
    rows = st.lists(st.integers(-x.shape[0], x.shape[0] - 1), max_size=4)
    mixed = st.tuples(rows.map(lambda places: np.array(places, int)), st.just(Ellipsis), st.none())
    return basic | integers | mask | rows | mixed


@st.composite
def selections(draw: st.DrawFn) -> tuple[Array, Any]:
    x = draw(indexable)
    return x, draw(indices(x))


@st.composite
def takes(draw: st.DrawFn) -> Call:
    x = draw(indexable)
    axis = draw(st.none() | one_axis(x))
    length = x.size if axis is None else x.shape[axis]
    mode = draw(st.sampled_from(["raise", "wrap", "clip"]))
    places = st.integers(-length, length - 1) if mode == "raise" else st.integers(-5, 5)
    indices = draw(places | numpy_strategies.arrays(np.int64, shapes(max_dims=2), elements=places))
    return call(Live(x), indices, axis=axis, mode=mode)


@st.composite
def takes_along_axis(draw: st.DrawFn) -> Call:
    x = draw(indexable)
    axis = draw(st.none() | one_axis(x))
    if axis is None:
        shape, length = (draw(st.integers(0, 4)),), x.size
    else:
        sides = [draw(st.sampled_from([1, n])) for n in x.shape]
        sides[axis] = draw(st.integers(0, 3))
        shape, length = tuple(sides), x.shape[axis]
    indices = draw(numpy_strategies.arrays(np.int64, shape, elements=st.integers(-length, length - 1)))
    return call(Live(x), indices, axis=axis)


@st.composite
def choices(draw: st.DrawFn, *, along: bool) -> Call:
    x = draw(indexable)
    axis = draw(st.none() | one_axis(x)) if along else None
    length = x.size if axis is None else x.shape[axis]
    condition = draw(numpy_strategies.arrays(bool, length))
    return call(condition, Live(x), axis=axis) if along else call(condition.reshape(x.shape), Live(x))


@st.composite
def sorts(draw: st.DrawFn) -> Call:
    x = draw(arrays(indexable_shapes, distinct=True))
    return call(Live(x), axis=draw(st.none() | one_axis(x)))


@st.composite
def diagonals(draw: st.DrawFn) -> Call:
    x = draw(matrices)
    first = draw(one_axis(x))
    second = draw(one_axis(x).filter(lambda axis: (axis - first) % x.ndim != 0))
    return call(Live(x), draw(st.integers(-4, 4)), first, second)


def with_offset(inputs: st.SearchStrategy[Array], name: str) -> Samples:
    return Samples(st.builds(lambda x, offset: Call((Live(x),), {name: offset}), inputs, st.integers(-4, 4)))


SAMPLES: dict[Function | str, Samples] = {
    operator.getitem: Samples(selections().map(lambda drawn: call(Live(drawn[0]), drawn[1]))),
    "scatter": Samples(
        selections().map(lambda drawn: call(Live(np.array(drawn[0][drawn[1]])), drawn[1], drawn[0].shape))
    ),
    np.take: Samples(takes()),
    np.take_along_axis: Samples(takes_along_axis()),
    np.compress: Samples(choices(along=True)),
    np.extract: Samples(choices(along=False)),
    np.sort: Samples(sorts()),
    np.diagonal: Samples(diagonals()),
    np.trace: Samples(diagonals()),
    np.linalg.diagonal: with_offset(matrices, "offset"),
    np.linalg.trace: with_offset(matrices, "offset"),
    np.diag: with_offset(arrays(numpy_strategies.array_shapes(min_dims=1, max_dims=2, max_side=3)), "k"),
    np.tril: with_offset(matrices, "k"),
    np.triu: with_offset(matrices, "k"),
}
