"""Where indexing, and the functions made of it, are tested."""

import operator
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays, broadcastable_arrays, shapes

from .calls import Array, Call, Function, Live, Samples, call
from .elementwise_samples import ANY, POSITIVE
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


sorting_options = st.fixed_dictionaries({}, optional={"stable": st.booleans()}) | st.fixed_dictionaries(
    {}, optional={"kind": st.sampled_from(["quicksort", "stable", "heapsort"])}
)


@st.composite
def sorts(draw: st.DrawFn) -> Call:
    x = draw(arrays(indexable_shapes, distinct=True))
    return call(Live(x), axis=draw(st.none() | one_axis(x)), **draw(sorting_options))


@st.composite
def partitions(draw: st.DrawFn) -> Call:
    x = draw(arrays(indexable_shapes, distinct=True))
    axis = draw(st.none() | one_axis(x))
    length = x.size if axis is None else x.shape[axis]
    rank = st.integers(-length, length - 1)
    return call(Live(x), draw(rank | st.lists(rank, min_size=1, max_size=2)), axis=axis)


@st.composite
def arrangements(draw: st.DrawFn) -> Call:
    x = draw(indexable)
    axis = draw(one_axis(x))
    keys = draw(arrays(x.shape, distinct=True))
    return call(Live(x), np.argsort(keys, axis), axis)


# Pieces


def conditions(shape: tuple[int, ...]) -> st.SearchStrategy[Array]:
    return numpy_strategies.arrays(bool, shape)


@st.composite
def selects(draw: st.DrawFn) -> Call:
    *choices, default = draw(broadcastable_arrays(*[ANY] * draw(st.integers(2, 4)), max_side=2))
    shape = np.broadcast_shapes(*(choice.shape for choice in choices))
    given = [draw(conditions(shape)) for _ in choices]
    return call(given, list(map(Live, choices)), draw(st.sampled_from([0, Live(default)])))


@st.composite
def chosen(draw: st.DrawFn) -> Call:
    choices = draw(broadcastable_arrays(*[ANY] * draw(st.integers(1, 3)), max_side=2))
    mode = draw(st.sampled_from(["raise", "wrap", "clip"]))
    numbers = st.integers(0, len(choices) - 1) if mode == "raise" else st.integers(-4, 4)
    shape = np.broadcast_shapes(*(choice.shape for choice in choices))
    number = draw(numpy_strategies.arrays(np.int64, shape, elements=numbers))
    return call(number, list(map(Live, choices)), mode=mode)


FUNCTIONS: list[Any] = [np.exp, lambda x: x * x, lambda x: x - x.sum(), 2.5]


@st.composite
def piecewise_calls(draw: st.DrawFn) -> Call:
    x = draw(indexable)
    given = draw(st.lists(conditions(x.shape), min_size=1, max_size=3))
    count = len(given) + draw(st.integers(0, 1))
    functions = [np.sin, *(draw(st.sampled_from(FUNCTIONS)) for _ in range(count - 1))]
    return call(Live(x), given, functions)


OF_VECTORS: list[Any] = [lambda v: v.sum(), lambda v: v * v[:1], lambda v: v[:, None] * v, lambda v: np.sin(v[::-1])]


@st.composite
def along_axes(draw: st.DrawFn) -> Call:
    x = draw(indexable)
    return call(draw(st.sampled_from(OF_VECTORS)), draw(one_axis(x)), Live(x))


@st.composite
def over_axes(draw: st.DrawFn) -> Call:
    x = draw(indexable)
    several = st.lists(one_axis(x), min_size=1, max_size=2)
    return call(draw(st.sampled_from([np.sum, np.cumsum, np.prod])), Live(x), draw(one_axis(x) | several))


# Counts


@st.composite
def counts(draw: st.DrawFn) -> Call:
    numbers = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4).map(lambda found: np.array(found, int)))
    return call(numbers, Live(draw(arrays(numbers.shape))), draw(st.integers(0, 6)))


@st.composite
def weighed(draw: st.DrawFn, columns: int) -> Call:
    """Draw weights of points; the arguments between the points and the weights stand in their places."""
    n = draw(st.integers(1, 5))
    points = [draw(arrays((n,))) for _ in range(columns)]
    edges = st.lists(st.integers(-3, 3), min_size=2, max_size=4, unique=True).map(sorted)
    bins = draw(st.integers(1, 4)) if columns == 1 or draw(st.booleans()) else [draw(edges) for _ in points]
    sample = [points] if columns == 3 else points
    return call(*sample, bins, None, False, Live(draw(arrays((n,), between=POSITIVE))))


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
    np.partition: Samples(partitions()),
    np.sort_complex: Samples(sorts().map(lambda drawn: call(*drawn.args))),
    "arrange": Samples(arrangements()),
    np.select: Samples(selects()),
    np.choose: Samples(chosen()),
    np.piecewise: Samples(piecewise_calls()),
    np.apply_along_axis: Samples(along_axes()),
    np.apply_over_axes: Samples(over_axes()),
    np.bincount: Samples(counts()),
    np.histogram: Samples(weighed(1), exact=False),
    np.histogram2d: Samples(weighed(2), exact=False),
    np.histogramdd: Samples(weighed(3), exact=False, view=lambda result: (result[0], *result[1])),
    np.diagonal: Samples(diagonals()),
    np.trace: Samples(diagonals()),
    np.linalg.diagonal: with_offset(matrices, "offset"),
    np.linalg.trace: with_offset(matrices, "offset"),
    np.diag: with_offset(arrays(numpy_strategies.array_shapes(min_dims=1, max_dims=2, max_side=3)), "k"),
    np.diagflat: with_offset(arrays(), "k"),
    np.tril: with_offset(matrices, "k"),
    np.triu: with_offset(matrices, "k"),
}
