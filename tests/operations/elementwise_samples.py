"""Where the elementwise functions are tested."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from autograd.testing import arrays, broadcastable_arrays, shapes
from autograd.testing.points.strategies import Interval

from .calls import Array, Function, Live, Samples, call

ANY = (-2.0, 2.0)
POSITIVE = (0.25, 4.0)
NEGATIVE = (-4.0, -0.25)


Where = Callable[..., bool]


@dataclass(frozen=True)
class Domain:
    """Where a ufunc has derivatives: the limits of each input, or several pairs of them.

    Attributes
    ----------
    inputs
        The pairs of limits of each input; the samples of one input lie between one of the pairs.
    analytic
        Whether NumPy computes it with complex numbers too.
    where
        What else must hold of the inputs.
    """

    inputs: tuple[tuple[Interval, ...], ...]
    analytic: bool
    where: Where

    def samples(self) -> Samples:
        """Sample the inputs in shapes that broadcast."""
        return Samples(
            _intervals(self)
            .flatmap(lambda between: broadcastable_arrays(*between, max_side=2))
            .filter(lambda inputs: self.where(*inputs))
            .map(lambda inputs: call(*map(Live, inputs))),
            analytic=self.analytic,
        )

    def outer_samples(self) -> Samples:
        """Sample two inputs in any shapes."""
        return Samples(
            _intervals(self)
            .flatmap(
                lambda between: st.tuples(
                    *(
                        arrays(shapes(max_dims=2, max_side=2), between=limits, offset=0.25 + 0.5 * i)
                        for i, limits in enumerate(between)
                    )
                )
            )
            .filter(lambda inputs: self.where(*np.ix_(*map(np.ravel, inputs))))
            .map(lambda inputs: call(*map(Live, inputs))),
            analytic=self.analytic,
        )


def _intervals(domain: Domain) -> st.SearchStrategy[tuple[Interval, ...]]:
    return st.tuples(*map(st.sampled_from, domain.inputs))


def elementwise(
    *inputs: Interval | tuple[Interval, ...], analytic: bool = False, where: Where = lambda *inputs: True
) -> Domain:
    return Domain(tuple(limits if isinstance(limits[0], tuple) else (limits,) for limits in inputs), analytic, where)


def away_from_jumps(x: Array, y: Array) -> bool:
    quotient = x / y
    return bool(np.all(np.abs(quotient - np.round(quotient)) > 1e-2))


@st.composite
def selections(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    condition, x, y = draw(broadcastable_arrays(ANY, ANY, ANY, max_side=2))
    return condition > 0, x, y


@st.composite
def bounds(draw: st.DrawFn) -> tuple[Array | None, ...]:
    """Draw values and bounds, of which one may be missing; they may also be crossed."""
    x, *limits = draw(broadcastable_arrays(ANY, ANY, ANY, max_side=2))
    missing = draw(st.sampled_from([None, 0, 1]))
    return x, *(None if i == missing else limit for i, limit in enumerate(limits))


def of_one(inputs: st.SearchStrategy[Array]) -> Samples:
    return Samples(inputs.map(lambda x: call(Live(x))))


bounded = bounds()
UNLIKE_ZERO = (POSITIVE, NEGATIVE)
BETWEEN_STEPS = ((-1.875, -1.625), (0.125, 0.375), (2.625, 2.875))  # away from whole numbers and from halves

DOMAINS: dict[np.ufunc, Domain] = {
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
    # steps
    np.floor: elementwise(BETWEEN_STEPS),
    np.ceil: elementwise(BETWEEN_STEPS),
    np.trunc: elementwise(BETWEEN_STEPS),
    np.rint: elementwise(BETWEEN_STEPS),
    np.spacing: elementwise(((1.125, 1.875), (-3.75, -2.25))),
    np.floor_divide: elementwise((-6.0, 6.0), ((0.5, 2.0), (-2.0, -0.5)), where=away_from_jumps),
    np.heaviside: elementwise(UNLIKE_ZERO, ANY),
    np.nextafter: elementwise(NEGATIVE, POSITIVE),
    # choices
    np.maximum: elementwise(ANY, ANY),
    np.minimum: elementwise(ANY, ANY),
    np.fmax: elementwise(ANY, ANY),
    np.fmin: elementwise(ANY, ANY),
    np.conjugate: elementwise(ANY),
}

rounded = Samples(st.builds(lambda x, decimals: call(Live(x), decimals), arrays(), st.sampled_from([0, -1])))

SAMPLES: dict[Function | str, Samples] = {
    **{function: domain.samples() for function, domain in DOMAINS.items()},
    np.ldexp: Samples(st.builds(lambda x, y: call(Live(x), y), arrays(), st.integers(-3, 3))),
    np.modf: of_one(arrays()),
    "fraction": of_one(arrays()),
    "whole": of_one(arrays()),
    np.round: rounded,
    np.around: rounded,
    "round": rounded,
    np.fix: DOMAINS[np.trunc].samples(),
    "fix": DOMAINS[np.trunc].samples(),
    np.frexp: of_one(arrays(offset=0.375)),  # between powers of two
    np.divmod: DOMAINS[np.remainder].samples(),
    np.clip: Samples(bounded.map(lambda inputs: call(*(None if x is None else Live(x) for x in inputs)))),
    "clip": Samples(bounded.map(lambda inputs: call(*(None if x is None else Live(x) for x in inputs)))),
    np.where: Samples(selections().map(lambda drawn: call(drawn[0], Live(drawn[1]), Live(drawn[2])))),
    "where": Samples(selections().map(lambda drawn: call(Live(drawn[1]), Live(drawn[2]), drawn[0]))),
    # what derivatives are made of
    "logistic": of_one(arrays(between=(-6.0, 6.0))),
    "sech_squared": of_one(arrays(between=(-3.0, 3.0))),
    "one_less_square": of_one(arrays()),
    "cosine": DOMAINS[np.hypot].samples(),
    np.astype: Samples(
        st.builds(lambda x, dtype: call(Live(x), dtype), arrays(), st.sampled_from([np.float64, np.longdouble]))
    ),
}
