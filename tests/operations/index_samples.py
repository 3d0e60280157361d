"""Where indexing, and the functions made of it, are tested."""

import operator
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays

from .calls import Array, Function, Live, Samples, call

indexable = arrays(numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))


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


SAMPLES: dict[Function | str, Samples] = {
    operator.getitem: Samples(selections().map(lambda drawn: call(Live(drawn[0]), drawn[1]))),
    "scatter": Samples(
        selections().map(lambda drawn: call(Live(np.array(drawn[0][drawn[1]])), drawn[1], drawn[0].shape))
    ),
}
