"""Where signals and sequences are tested: away from kinks, such as the knots of an interpolation."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd import Tensor
from autograd.ops.signal import intervals
from autograd.testing import arrays, broadcastable_arrays

from .calls import Array, Call, Function, Live, Samples, call
from .reduce_samples import one_axis

sequences = arrays(st.integers(1, 6).map(lambda n: (n,)))
not_empty = numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


def live(value: Any) -> st.SearchStrategy[Any]:
    """Whether an argument is differentiated or stands beside the others."""
    return st.sampled_from([Live(value), value])


@st.composite
def complex_(draw: st.DrawFn, inputs: st.SearchStrategy[Array]) -> Array:
    x = draw(inputs)
    return x + 1j * draw(arrays(x.shape)) if draw(st.booleans()) else x


@st.composite
def products(draw: st.DrawFn) -> Call:
    mode = draw(st.sampled_from(["full", "same", "valid"]))
    return call(Live(draw(complex_(sequences))), Live(draw(complex_(sequences))), mode)


@st.composite
def knots(draw: st.DrawFn, lengths: st.SearchStrategy[int]) -> tuple[Live, Live, Live]:
    """Draw places and the knots to interpolate between, of another offset, so that no place is near a knot."""
    shape = (draw(lengths),)
    x, xp = draw(arrays(between=(-3.0, 3.0), offset=0.2)), draw(arrays(shape, distinct=True, offset=0.75))
    return Live(x), Live(np.sort(xp)), Live(draw(complex_(arrays(shape))))


def in_intervals(given: tuple[Live, Live, Live]) -> Call:
    """Return the call of what is declared, which is told where the places lie."""
    x, xp, _ = given
    return call(*given, *intervals(x.array, xp.array))


@st.composite
def interpolations(draw: st.DrawFn) -> Call:
    given = draw(knots(st.integers(1, 5)))
    if draw(st.booleans()):
        # A period longer than the knots lie apart, that takes no place to a knot and is itself none.
        return call(*given, None, None, draw(live(draw(st.sampled_from([np.array(4.05), np.array(-5.05)])))))
    beyond = st.none() | arrays((), between=(-4.0, 4.0)).map(Live)
    return call(*given, draw(beyond), draw(beyond))


@st.composite
def unwrappings(draw: st.DrawFn) -> Call:
    """Draw angles and a period, in the order in which the operation is declared."""
    x = draw(arrays(not_empty, between=(-9.0, 9.0), distinct=True))
    period, discont = draw(st.sampled_from([(6.31, None), (6.31, 4.0), (4.1, None), (3.05, 2.0)]))
    return call(Live(x), Live(np.array(period)), discont, draw(one_axis(x)))


@st.composite
def differences(draw: st.DrawFn) -> Call:
    x = draw(arrays(not_empty))
    axis = draw(one_axis(x))
    shape = list(x.shape)
    shape[axis] = draw(st.integers(0, 2))
    ends = st.sampled_from([None, (), tuple(shape)])
    given = {name: draw(ends) for name in ("prepend", "append")}
    n = draw(st.integers(0, 3))
    kwargs = {name: draw(arrays(shape)) for name, shape in given.items() if shape is not None}
    if len(kwargs) < 2 or not n:
        return Call((Live(x),), {"n": n, "axis": axis, **kwargs})
    return call(Live(x), n, axis, Live(kwargs["prepend"]), Live(kwargs["append"]))


@st.composite
def flat_differences(draw: st.DrawFn) -> Call:
    ends = st.none() | arrays().map(Live)
    return call(Live(draw(arrays())), draw(ends), draw(ends))


@st.composite
def coordinates(draw: st.DrawFn, n: int) -> Array:
    """Draw uneven steps in one direction, none so short that what is divided by its square cancels badly."""
    return np.asarray((np.arange(n) + draw(arrays((n,), between=(-0.25, 0.25)))) * draw(st.sampled_from([0.75, -1])))


@st.composite
def slopes(draw: st.DrawFn) -> Call:
    order = draw(st.sampled_from([1, 2]))
    shape = draw(numpy_strategies.array_shapes(min_dims=1, max_dims=2, min_side=order + 1, max_side=5))
    f = draw(arrays(shape))
    axes = draw(st.none() | st.lists(one_axis(f), min_size=1, unique_by=lambda axis: axis % f.ndim).map(tuple))
    lengths = [f.shape[axis] for axis in (range(f.ndim) if axes is None else axes)]
    step = arrays((), between=(0.5, 2.0))
    spacing = [draw(coordinates(n) | step) for n in lengths]
    spacings = draw(st.sampled_from([(), (draw(step),), tuple(spacing)]))
    return Call((Live(f), *map(Live, spacings)), {"axis": axes, "edge_order": order})


@st.composite
def areas(draw: st.DrawFn) -> Call:
    y = draw(complex_(arrays(not_empty)))
    axis = draw(one_axis(y))
    if draw(st.booleans()):
        return call(Live(y), None, draw(live(np.array(0.75))), axis)
    return call(Live(y), Live(draw(arrays(y.shape) | arrays((y.shape[axis],)))), axis=axis)


@st.composite
def evenly_spaced(draw: st.DrawFn, between: tuple[float, float] = (-2.0, 2.0)) -> Call:
    start, stop = draw(broadcastable_arrays(between, between, max_dims=2))
    ndim = max(start.ndim, stop.ndim)
    axis = draw(st.integers(-ndim - 1, ndim))
    return call(Live(start), Live(stop), draw(st.integers(0, 4)), draw(st.booleans()), None, axis)


@st.composite
def with_step(draw: st.DrawFn, given: Call) -> Call:
    """Ask for the step too where there is one."""
    start, stop, num, endpoint, _, axis = given.args
    return call(start, stop, num, endpoint, num > 1 and draw(st.booleans()), axis=axis)


@st.composite
def powers(draw: st.DrawFn) -> Call:
    start, stop, base = draw(broadcastable_arrays((-2.0, 2.0), (-2.0, 2.0), (1.0, 3.0), max_dims=2))
    given = draw(st.sampled_from([Live(base), 10.0, 2]))
    ndim = max(start.ndim, stop.ndim, base.ndim if isinstance(given, Live) else 0)
    axis = draw(st.integers(-ndim - 1, ndim))
    return call(Live(start), Live(stop), draw(st.integers(0, 4)), draw(st.booleans()), given, axis=axis)


@st.composite
def infinite(draw: st.DrawFn) -> Call:
    """Draw finite numbers: what is not finite has no derivative to compare with."""
    fills = {name: draw(st.floats(-9, 9)) for name in ("nan", "posinf", "neginf")}
    return Call((Live(draw(complex_(arrays()))),), draw(st.sampled_from([{}, fills])))


@st.composite
def fills(draw: st.DrawFn) -> tuple[Any, Array]:
    shape = draw(not_empty)
    return shape, draw(arrays(draw(st.sampled_from([(), shape[-1:], (1,)]))))


bessels = st.tuples(arrays(between=(-5.0, 5.0)), st.integers(0, 3)).map(lambda drawn: call(Live(drawn[0]), drawn[1]))

SAMPLES: dict[Function | str, Samples] = {
    "convolve": Samples(products()),
    np.convolve: Samples(products()),
    np.correlate: Samples(products()),
    "interp": Samples(knots(st.integers(2, 5)).map(in_intervals)),
    np.interp: Samples(interpolations()),
    "unwrap": Samples(unwrappings()),
    np.unwrap: Samples(
        unwrappings().map(lambda drawn: Call((drawn.args[0], *drawn.args[2:]), {"period": float(drawn.args[1].array)}))
    ),
    "spherical_bessel": Samples(bessels, analytic=True),
    "modified_bessel": Samples(bessels),
    np.sinc: Samples(arrays().map(lambda x: call(Live(x))), analytic=True),
    np.i0: Samples(arrays(between=(-20.0, 20.0)).map(lambda x: call(Live(x)))),
    np.nan_to_num: Samples(infinite()),
    np.diff: Samples(differences()),
    np.ediff1d: Samples(flat_differences()),
    np.gradient: Samples(slopes(), exact=False),
    np.trapezoid: Samples(areas()),
    "linspace": Samples(evenly_spaced()),
    np.linspace: Samples(evenly_spaced().flatmap(with_step)),
    np.logspace: Samples(powers()),
    np.geomspace: Samples(evenly_spaced((0.5, 4.0))),
    np.full: Samples(fills().map(lambda drawn: call(drawn[0], Live(drawn[1]), like=Tensor(0.0)))),
    np.full_like: Samples(fills().map(lambda drawn: call(Tensor(0.0), Live(drawn[1]), shape=drawn[0]))),
}
