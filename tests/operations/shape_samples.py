"""Where changes of shape and the joining of arrays are tested."""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd.testing import arrays, broadcastable_arrays, shapes

from .calls import Array, Call, Function, Live, Samples, call
from .elementwise_samples import ANY, of_one
from .reduce_samples import one_axis

up_to_3d = arrays()
with_axes = arrays(numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=3))
sided = numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)
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
def joins(draw: st.DrawFn, *, flat: bool = True, stacked: bool = False, count: int | None = None) -> Call:
    """Draw arrays that differ in the length of the axis along which they are joined."""
    shape = draw(numpy_strategies.array_shapes(min_dims=0 if stacked else 1, max_dims=3, min_side=0, max_side=2))
    axis = draw(st.integers(-len(shape) - stacked, len(shape) - 1 + stacked))
    parts = []
    for _ in range(count or draw(st.integers(1, 3))):
        sides = list(shape)
        if not stacked:
            sides[axis] = draw(st.integers(0, 2))
        parts.append(Live(draw(arrays(tuple(sides)))))
    return call(parts, axis=None if flat and draw(st.booleans()) else axis)


Form = Callable[[int, int], tuple[int, ...]]


@st.composite
def stacks(draw: st.DrawFn, *forms: Form) -> Call:
    """Draw arrays of the forms that a function joins, which have one side in common."""
    side, other = draw(st.integers(0, 2)), st.integers(0, 2)
    parts = st.builds(lambda form, length: form(side, length), st.sampled_from(forms), other)
    return call([Live(draw(arrays(shape))) for shape in draw(st.lists(parts, min_size=1, max_size=3))])


@st.composite
def splits(draw: st.DrawFn, *, even: bool = True, axis: int | None = None) -> Call:
    """Draw a cut into a number of parts or at places, along any axis or one that the function implies."""
    x = draw(with_axes if axis is None else arrays((2, 2, 2)) | arrays((2, 3, 4)))
    along = draw(one_axis(x)) if axis is None else axis
    length = x.shape[along]
    counts = st.integers(1, 3).filter(lambda count: not even or length % count == 0)
    places = st.lists(st.integers(0, length), max_size=3).map(sorted)
    return call(Live(x), draw(counts | places), **({"axis": along} if axis is None else {}))


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
    counts = numpy_strategies.arrays(np.int64, length, elements=st.integers(0, 3))
    return call(Live(x), draw(st.integers(0, 3) | counts), axis=axis)


def all_live(inputs: tuple[Array, ...]) -> Call:
    return call(*map(Live, inputs))


SAMPLES: dict[Function | str, Samples] = {
    np.reshape: Samples(reshapes()),
    "reshape": Samples(reshapes()),
    np.transpose: Samples(axis_orders()),
    np.swapaxes: Samples(two_axes()),
    np.expand_dims: Samples(new_axes()),
    np.squeeze: Samples(squeezes()),
    np.broadcast_to: Samples(broadcasts()),
    np.concatenate: Samples(joins()),
    np.stack: Samples(joins(flat=False, stacked=True)),
    np.ravel: Samples(st.builds(lambda x, order: call(Live(x), order), up_to_3d, st.sampled_from("CF"))),
    np.copy: of_one(up_to_3d),
    np.broadcast_arrays: Samples(broadcastable_arrays(ANY, ANY, ANY, max_side=2).map(all_live)),
    np.atleast_1d: Samples(broadcastable_arrays(ANY, ANY).map(all_live)),
    np.atleast_2d: of_one(up_to_3d),
    np.atleast_3d: of_one(up_to_3d),
    np.moveaxis: Samples(moves()),
    np.matrix_transpose: of_one(matrices),
    np.linalg.matrix_transpose: of_one(matrices),
    np.flip: Samples(flips()),
    np.fliplr: of_one(matrices),
    np.flipud: of_one(with_axes),
    np.roll: Samples(rolls()),
    np.vstack: Samples(stacks(lambda side, _: (side,), lambda side, length: (length, side))),
    np.hstack: Samples(stacks(lambda _, length: (length,)) | stacks(lambda side, length: (side, length))),
    np.dstack: Samples(stacks(lambda side, _: (2, side), lambda side, length: (2, side, length))),
    np.column_stack: Samples(stacks(lambda side, _: (side,), lambda side, length: (side, length))),
    np.append: Samples(joins(count=2).map(lambda joined: Call(tuple(joined.args[0]), joined.kwargs))),
    np.split: Samples(splits()),
    np.array_split: Samples(splits(even=False)),
    np.hsplit: Samples(splits(axis=1)),
    np.vsplit: Samples(splits(axis=0)),
    np.dsplit: Samples(splits(axis=2)),
    np.unstack: Samples(st.builds(lambda x: call(Live(x), axis=-1), arrays(sided))),
    np.tile: Samples(tiles()),
    np.repeat: Samples(repeats()),
}
