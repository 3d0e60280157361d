"""Where changes of shape and the joining of arrays are tested."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays, shapes

from .calls import Call, Function, Live, Samples, call
from .reduce_samples import one_axis

up_to_3d = arrays()
with_axes = arrays(numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
matrices = arrays(numpy_strategies.array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=3))


@st.composite
def reshapes(draw: st.DrawFn) -> Call:
    x = draw(up_to_3d)
    new, rest = [], x.size
    while rest > 1 and draw(st.booleans()):
        side = draw(st.sampled_from([n for n in range(1, rest + 1) if rest % n == 0]))
        new.append(side)
        rest //= side
    new.append(rest)
    if x.size and draw(st.booleans()):
        new[draw(st.integers(0, len(new) - 1))] = -1
    return call(Live(x), tuple(new), order=draw(st.sampled_from("CF")))


@st.composite
def axis_orders(draw: st.DrawFn) -> Call:
    x = draw(up_to_3d)
    order = draw(st.none() | st.permutations(range(x.ndim)))
    if order is None:
        return call(Live(x))
    return call(Live(x), tuple(axis - x.ndim * draw(st.integers(0, 1)) for axis in order))


@st.composite
def two_axes(draw: st.DrawFn) -> Call:
    x = draw(with_axes)
    return call(Live(x), draw(one_axis(x)), draw(one_axis(x)))


@st.composite
def moves(draw: st.DrawFn) -> Call:
    x = draw(with_axes)
    count = draw(st.integers(1, x.ndim))
    source, target = (tuple(draw(st.permutations(range(x.ndim)))[:count]) for _ in range(2))
    return call(Live(x), source, target) if count > 1 else call(Live(x), source[0], target[0] - x.ndim)


@st.composite
def new_axes(draw: st.DrawFn) -> Call:
    x = draw(up_to_3d)
    places = st.integers(-x.ndim - 1, x.ndim)
    several = st.sets(st.integers(0, x.ndim + 1), min_size=2, max_size=2).map(tuple)
    return call(Live(x), draw(places | several))


@st.composite
def squeezes(draw: st.DrawFn) -> Call:
    x = draw(arrays(numpy_strategies.array_shapes(min_dims=1, max_dims=4, max_side=2)))
    ones = [axis for axis, n in enumerate(x.shape) if n == 1]
    axis = draw(st.none() | st.sets(st.sampled_from(ones)).map(tuple) | st.sampled_from(ones) if ones else st.none())
    return call(Live(x)) if axis is None else call(Live(x), axis=axis)


@st.composite
def broadcasts(draw: st.DrawFn) -> Call:
    shape = draw(shapes(max_side=2))
    smaller = tuple(1 if draw(st.booleans()) else n for n in shape)[draw(st.integers(0, len(shape))) :]
    return call(Live(draw(arrays(smaller))), shape)


@st.composite
def joins(draw: st.DrawFn, *, flat: bool = True, stacked: bool = False) -> Call:
    """Draw arrays that differ in the length of the axis along which they are joined."""
    shape = draw(numpy_strategies.array_shapes(min_dims=0 if stacked else 1, max_dims=3, min_side=0, max_side=2))
    axis = draw(st.integers(-len(shape) - stacked, len(shape) - 1 + stacked))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        sides = list(shape)
        if not stacked:
            sides[axis] = draw(st.integers(0, 2))
        parts.append(Live(draw(arrays(tuple(sides)))))
    return call(parts, axis=None if flat and draw(st.booleans()) else axis)


@st.composite
def splits(draw: st.DrawFn, *, even: bool = True) -> Call:
    x = draw(with_axes)
    axis = draw(one_axis(x))
    length = x.shape[axis]
    counts = st.integers(1, 3).filter(lambda count: not even or length % count == 0)
    places = st.lists(st.integers(0, length), max_size=3).map(sorted)
    return call(Live(x), draw(counts | places), axis=axis)


@st.composite
def flips(draw: st.DrawFn) -> Call:
    x = draw(with_axes)
    several = st.sets(st.integers(0, x.ndim - 1), min_size=1).map(tuple)
    return call(Live(x), axis=draw(st.none() | one_axis(x) | several))


@st.composite
def rolls(draw: st.DrawFn) -> Call:
    x = draw(with_axes)
    shift = st.integers(-4, 4)
    if draw(st.booleans()):
        return call(Live(x), draw(shift), axis=draw(st.none() | one_axis(x)))
    pairs = draw(st.lists(st.tuples(shift, one_axis(x)), min_size=1, max_size=3))
    shifts, axes = zip(*pairs, strict=True)
    return call(Live(x), shifts, axis=axes)


@st.composite
def tiles(draw: st.DrawFn) -> Call:
    x = draw(arrays(shapes(max_side=2)))
    many = st.lists(st.integers(0, 2), min_size=1, max_size=4).map(tuple)
    return call(Live(x), draw(st.integers(0, 3) | many))


@st.composite
def repeats(draw: st.DrawFn) -> Call:
    x = draw(with_axes)
    axis = draw(st.none() | one_axis(x))
    length = x.size if axis is None else x.shape[axis]
    counts = st.lists(st.integers(0, 3), min_size=length, max_size=length)
    return call(Live(x), draw(st.integers(0, 3) | counts), axis=axis)


@st.composite
def pads(draw: st.DrawFn) -> Call:
    x = draw(arrays(numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)))
    width = st.integers(0, 2)
    pair = st.tuples(width, width)
    each = st.lists(pair, min_size=x.ndim, max_size=x.ndim).map(tuple)
    mode = draw(st.sampled_from(["constant", "edge", "wrap", "reflect", "symmetric"]))
    return call(Live(x), draw(width | pair | each), mode=mode)


def of_one(inputs: Any) -> Samples:
    return Samples(inputs.map(lambda x: call(Live(x))))


SAMPLES: dict[Function | str, Samples] = {
    np.reshape: Samples(reshapes()),
    np.transpose: Samples(axis_orders()),
    np.swapaxes: Samples(two_axes()),
    np.expand_dims: Samples(new_axes()),
    np.squeeze: Samples(squeezes()),
    np.broadcast_to: Samples(broadcasts()),
    np.concatenate: Samples(joins()),
    np.stack: Samples(joins(flat=False, stacked=True)),
}
