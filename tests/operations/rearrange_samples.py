"""Where what rearranges elements is tested: rotations, grids, blocks, insertions, windows, padding."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays, shapes

from .calls import Array, Call, Function, Live, Samples, call
from .elementwise_samples import of_one
from .reduce_samples import one_axis

sided = numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)
vectors = arrays(numpy_strategies.array_shapes(min_dims=1, max_dims=1, min_side=1, max_side=3))


@st.composite
def rotations(draw: st.DrawFn) -> Call:
    x = draw(arrays(numpy_strategies.array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=3)))
    first = draw(one_axis(x))
    second = draw(one_axis(x).filter(lambda axis: (axis - first) % x.ndim != 0))
    return call(Live(x), draw(st.integers(-5, 5)), (first, second))


@st.composite
def rolled_axes(draw: st.DrawFn) -> Call:
    x = draw(arrays(sided))
    return call(Live(x), draw(one_axis(x)), draw(st.integers(-x.ndim, x.ndim)))


@st.composite
def grids(draw: st.DrawFn) -> Call:
    xi = draw(st.lists(arrays(shapes(max_dims=1, max_side=2)), min_size=1, max_size=3))
    options = {"indexing": st.sampled_from(["xy", "ij"]), "sparse": st.booleans(), "copy": st.booleans()}
    return Call(tuple(map(Live, xi)), draw(st.fixed_dictionaries({}, optional=options)))


@st.composite
def blocks(draw: st.DrawFn) -> Call:
    """Draw rows of blocks that are as high as the row and together as wide as all."""
    high, wide = draw(st.integers(1, 2)), draw(st.integers(2, 3))
    cut = draw(st.integers(1, wide - 1))
    rows = []
    for _ in range(draw(st.integers(1, 2))):
        rows.append([Live(draw(arrays((high, n)))) for n in (cut, wide - cut)])
    nested: Any = draw(st.sampled_from([rows, rows[0], [[row] for row in rows], rows[0][0]]))
    return call(nested)


def places(n: int, *, end: int) -> st.SearchStrategy[Any]:
    """Draw an index along an axis of length `n`, as one number, several or a slice."""
    one = st.integers(-n, n - 1 + end)
    return one | st.lists(one, min_size=2, max_size=3) | st.slices(n)


@st.composite
def insertions(draw: st.DrawFn) -> Call:
    x = draw(arrays(sided))
    axis = draw(st.none() | one_axis(x))
    n = x.size if axis is None else x.shape[axis]
    obj = draw(places(n, end=1))
    count = np.insert(np.zeros(n), obj, 1).size - n
    sides = [n, *x.shape[1:]] if axis is None else list(x.shape)
    sides = [count] if axis is None else [draw(st.sampled_from([1, side])) for side in sides]
    if axis is not None:
        sides[axis] = count
    # With one place, an array is inserted by another rule of broadcasting than with several.
    values = arrays(()) if np.ndim(obj) == 0 and not isinstance(obj, slice) else arrays(()) | arrays(tuple(sides))
    return call(Live(x), obj, Live(draw(values)), axis=axis)


@st.composite
def flat_insertions(draw: st.DrawFn) -> Call:
    """Draw insertions with the arguments in the order of the operation, in which inputs come first."""
    drawn = draw(insertions())
    x, obj, values = drawn.args
    return call(x, values, obj, drawn.kwargs["axis"])


@st.composite
def deletions(draw: st.DrawFn) -> Call:
    x = draw(arrays(sided))
    axis = draw(st.none() | one_axis(x))
    n = x.size if axis is None else x.shape[axis]
    return call(Live(x), draw(places(n, end=0) | numpy_strategies.arrays(bool, n)), axis=axis)


@st.composite
def resizes(draw: st.DrawFn) -> Call:
    return call(Live(draw(arrays())), draw(st.integers(0, 5) | shapes(max_dims=2, max_side=4)))


@st.composite
def windows(draw: st.DrawFn) -> Call:
    x = draw(arrays(sided))
    axis = draw(st.none() | one_axis(x) | st.lists(one_axis(x), max_size=2).map(tuple))
    sides, rest = [], list(x.shape)
    for along in range(x.ndim) if axis is None else np.atleast_1d(axis).astype(int).tolist():
        sides.append(draw(st.integers(1, rest[along])))
        rest[along] -= sides[-1] - 1
    return call(Live(x), tuple(sides), axis)


def folded(drawn: Call) -> Call:
    (x,), (_, *arguments) = drawn.inputs, drawn.args
    return call(Live(np.array(np.lib.stride_tricks.sliding_window_view(x, *arguments))), *arguments, x.shape)


STATISTICS = ("maximum", "minimum", "mean", "median")
MODES = ("constant", "edge", "linear_ramp", "reflect", "symmetric", "wrap", *STATISTICS)


@st.composite
def pads(draw: st.DrawFn, modes: tuple[str, ...]) -> Call:
    x = draw(arrays(sided, distinct=True))
    mode = draw(st.sampled_from(modes))
    if mode == "median":
        x = np.exp(x)  # means of two evenly spaced numbers may tie, when the next axis is padded with their median

    def pairs(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        pair = st.tuples(value, value)
        return value | pair | st.lists(pair, min_size=x.ndim, max_size=x.ndim).map(tuple)

    options: dict[str, st.SearchStrategy[Any]] = {}
    if mode in ("constant", "linear_ramp"):
        options = {"constant_values" if mode == "constant" else "end_values": pairs(st.sampled_from([0, 1.5, -2]))}
    elif mode in STATISTICS:
        options = {"stat_length": st.none() | pairs(st.integers(1, 4))}
    elif mode in ("reflect", "symmetric"):
        options = {"reflect_type": st.sampled_from(["even", "odd"])}
    return Call(
        (Live(x), draw(pairs(st.integers(0, 3)))), {"mode": mode} | draw(st.fixed_dictionaries({}, optional=options))
    )


@st.composite
def fills(draw: st.DrawFn) -> Call:
    """Draw the arguments of the operation that pads with constants, by which it can be differentiated too."""
    (x, widths) = draw(pads(("constant",))).args
    return call(x, Live(draw(arrays((x.array.ndim, 2)))), widths)


def all_live(inputs: tuple[Array, ...]) -> Call:
    return call(*map(Live, inputs))


SAMPLES: dict[Function | str, Samples] = {
    np.rot90: Samples(rotations()),
    np.rollaxis: Samples(rolled_axes()),
    np.meshgrid: Samples(grids()),
    np.ix_: Samples(st.lists(vectors, min_size=1, max_size=3).map(tuple).map(all_live)),
    np.block: Samples(blocks()),
    np.insert: Samples(insertions()),
    "insert": Samples(flat_insertions()),
    np.delete: Samples(deletions()),
    np.trim_zeros: of_one(arrays(sided, between=(0.5, 2.0))),  # a zero that it cuts off leaves a jump behind
    np.resize: Samples(resizes()),
    np.lib.stride_tricks.sliding_window_view: Samples(windows()),
    "fold_windows": Samples(windows().map(folded)),
    np.pad: Samples(pads(MODES)),
    "pad": Samples(fills()),
}
