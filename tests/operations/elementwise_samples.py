"""Where the elementwise functions are tested."""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from autograd.testing import Interval, arrays, broadcastable_arrays

from .calls import Array, Call, Function, Live, Samples, call

ANY = (-2.0, 2.0)
POSITIVE = (0.25, 4.0)
NEGATIVE = (-4.0, -0.25)


def elementwise(
    *domains: Interval | tuple[Interval, ...], analytic: bool = False, where: Callable[..., bool] | None = None
) -> Samples:
    """Sample each input from its domain, or from one of its domains, in shapes that broadcast."""

    @st.composite
    def calls(draw: st.DrawFn) -> Call:
        between = [draw(st.sampled_from(d)) if isinstance(d[0], tuple) else d for d in domains]
        inputs = draw(broadcastable_arrays(*between, max_side=2))
        return call(*map(Live, inputs))

    strategy = calls()
    if where is not None:
        strategy = strategy.filter(lambda drawn: where(*drawn.inputs))
    return Samples(strategy, analytic=analytic)


def away_from_jumps(x: Array, y: Array) -> bool:
    quotient = x / y
    return bool(np.all(np.abs(quotient - np.round(quotient)) > 1e-2))


@st.composite
def selections(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    condition, x, y = draw(broadcastable_arrays(ANY, ANY, ANY, max_side=2))
    return condition > 0, x, y


UNLIKE_ZERO = (POSITIVE, NEGATIVE)

SAMPLES: dict[Function | str, Samples] = {
    # arithmetic
    np.add: elementwise(ANY, ANY, analytic=True),
    np.subtract: elementwise(ANY, ANY, analytic=True),
    np.multiply: elementwise(ANY, ANY, analytic=True),
    np.divide: elementwise(ANY, UNLIKE_ZERO, analytic=True),
    np.power: elementwise(POSITIVE, ANY, analytic=True),
    np.float_power: elementwise(POSITIVE, ANY, analytic=True),
    np.remainder: elementwise((-6.0, 6.0), ((0.5, 2.0), (-2.0, -0.5)), where=away_from_jumps),
    np.fmod: elementwise((-6.0, 6.0), ((0.5, 2.0), (-2.0, -0.5)), where=away_from_jumps),
    np.negative: elementwise(ANY, analytic=True),
    np.positive: elementwise(ANY, analytic=True),
    np.absolute: elementwise(ANY),
    np.fabs: elementwise(ANY),
    np.copysign: elementwise(ANY, ANY),
    np.reciprocal: elementwise(UNLIKE_ZERO, analytic=True),
    np.square: elementwise(ANY, analytic=True),
    np.sqrt: elementwise(POSITIVE, analytic=True),
    np.cbrt: elementwise(UNLIKE_ZERO),
    np.hypot: elementwise(ANY, ANY),
    # exponentials and logarithms
    np.exp: elementwise(ANY, analytic=True),
    np.exp2: elementwise(ANY, analytic=True),
    np.expm1: elementwise(ANY, analytic=True),
    np.log: elementwise(POSITIVE, analytic=True),
    np.log2: elementwise(POSITIVE, analytic=True),
    np.log10: elementwise(POSITIVE, analytic=True),
    np.log1p: elementwise((-0.75, 3.0), analytic=True),
    np.logaddexp: elementwise(ANY, ANY),
    np.logaddexp2: elementwise(ANY, ANY),
    # circular functions
    np.sin: elementwise(ANY, analytic=True),
    np.cos: elementwise(ANY, analytic=True),
    np.tan: elementwise((-1.25, 1.25), analytic=True),
    np.arcsin: elementwise((-0.875, 0.875), analytic=True),
    np.arccos: elementwise((-0.875, 0.875), analytic=True),
    np.arctan: elementwise(ANY, analytic=True),
    np.arctan2: elementwise(ANY, UNLIKE_ZERO),
    np.degrees: elementwise(ANY),
    np.rad2deg: elementwise(ANY),
    np.radians: elementwise(ANY),
    np.deg2rad: elementwise(ANY),
    # hyperbolic functions
    np.sinh: elementwise(ANY, analytic=True),
    np.cosh: elementwise(ANY, analytic=True),
    np.tanh: elementwise(ANY, analytic=True),
    np.arcsinh: elementwise(ANY, analytic=True),
    np.arccosh: elementwise((1.125, 5.0), analytic=True),
    np.arctanh: elementwise((-0.875, 0.875), analytic=True),
    # choices
    np.maximum: elementwise(ANY, ANY),
    np.minimum: elementwise(ANY, ANY),
    np.fmax: elementwise(ANY, ANY),
    np.fmin: elementwise(ANY, ANY),
    np.where: Samples(selections().map(lambda drawn: call(drawn[0], Live(drawn[1]), Live(drawn[2])))),
    "where": Samples(selections().map(lambda drawn: call(Live(drawn[1]), Live(drawn[2]), drawn[0]))),
    np.astype: Samples(
        st.builds(lambda x, dtype: call(Live(x), dtype), arrays(), st.sampled_from([np.float64, np.longdouble]))
    ),
}
