"""Where the special functions of SciPy are tested."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.special import _ufuncs as special

import autograd.ops.special  # noqa: F401 - which declares them
from autograd.testing import arrays, broadcastable_arrays
from autograd.testing.points.strategies import Interval

from .calls import Function, Live, Samples, call
from .elementwise_samples import ANY, POSITIVE, UNLIKE_ZERO, Domain, elementwise

UNIT = (0.0, 1.0)
INNER = (0.0625, 0.9375)
SHAPE = (0.5, 4.0)
RIGHT = (0.25, 6.0)
TAILS = ((-30.0, -15.0), (-6.0, 6.0), (15.0, 30.0))


def unequal(x: Any, y: Any) -> bool:
    return bool(np.all(np.abs(np.abs(y) - x) > 1e-2))


DOMAINS: dict[Any, Domain] = {
    # error functions and the normal distribution
    special.erf: elementwise(ANY, analytic=True),
    special.erfc: elementwise(ANY, analytic=True),
    special.erfi: elementwise(ANY, analytic=True),
    special.erfcx: elementwise(((-2.0, 2.0), (8.0, 9.5), (11.0, 40.0))),
    special.dawsn: elementwise(((-2.0, 2.0), (5.0, 40.0))),
    special.erfinv: elementwise((-0.875, 0.875)),
    special.erfcinv: elementwise((0.125, 1.875)),
    special.ndtr: elementwise((-4.0, 4.0), analytic=True),
    special.ndtri: elementwise(INNER),
    special.log_ndtr: elementwise(TAILS),
    special.ndtri_exp: elementwise(((-40.0, -10.0), (-4.0, -0.0625))),
    special.owens_t: elementwise(ANY, ANY),
    # exponentials, logarithms, circular functions
    special.cbrt: elementwise(UNLIKE_ZERO),
    special.exp2: elementwise(ANY),
    special.exp10: elementwise((-1.0, 1.0)),
    special.round: elementwise(((-1.875, -1.625), (0.125, 0.375))),
    special.expm1: elementwise(ANY, analytic=True),
    special.log1p: elementwise((-0.75, 3.0), analytic=True),
    special.cosm1: elementwise(ANY),
    special.sindg: elementwise((-200.0, 200.0)),
    special.cosdg: elementwise((-200.0, 200.0)),
    special.tandg: elementwise((-75.0, 75.0)),
    special.cotdg: elementwise((15.0, 165.0)),
    special.radian: elementwise(ANY, ANY, ANY),
    special.powm1: elementwise(POSITIVE, ANY),
    special.wrightomega: elementwise(ANY, analytic=True),
    special.expit: elementwise(ANY),
    special.logit: elementwise(INNER),
    special.log_expit: elementwise((-6.0, 6.0)),
    special.exprel: elementwise((-6.0, 6.0)),
    special.boxcox: elementwise(POSITIVE, ANY),
    special.boxcox1p: elementwise((-0.75, 3.0), ANY),
    special.inv_boxcox: elementwise((-0.4375, 0.4375), ANY),
    special.inv_boxcox1p: elementwise((-0.4375, 0.4375), ANY),
    special.huber: elementwise((0.5, 1.5), (-3.0, 3.0), where=unequal),
    special.pseudo_huber: elementwise(POSITIVE, ANY),
    # entropies
    "log_ratio": elementwise(POSITIVE, POSITIVE),
    special.xlogy: elementwise(ANY, POSITIVE, analytic=True),
    special.xlog1py: elementwise(ANY, (-0.75, 3.0), analytic=True),
    special.entr: elementwise(POSITIVE),
    special.rel_entr: elementwise(POSITIVE, POSITIVE),
    special.kl_div: elementwise(POSITIVE, POSITIVE),
    # the gamma function and its relatives
    special.gamma: elementwise(((0.25, 4.0), (-1.875, -1.125))),
    special.gammasgn: elementwise(((0.25, 4.0), (-1.875, -1.125))),
    special.gammaln: elementwise(((0.25, 30.0), (-1.875, -1.125))),
    special.loggamma: elementwise(RIGHT, analytic=True),
    special.rgamma: elementwise((-3.0, 4.0)),
    special.psi: elementwise((RIGHT, (-1.875, -1.125)), analytic=True),
    special.poch: elementwise(SHAPE, SHAPE),
    special.gammainc: elementwise(SHAPE, RIGHT),
    special.gammaincc: elementwise(SHAPE, RIGHT),
    special.gammaincinv: elementwise(SHAPE, INNER),
    special.gammainccinv: elementwise(SHAPE, INNER),
    # the beta function and its relatives
    special.beta: elementwise(SHAPE, SHAPE),
    special.betaln: elementwise(SHAPE, SHAPE),
    special.binom: elementwise((3.0, 6.0), ((0.25, 2.75), (7.0, 9.0))),
    special.betainc: elementwise(SHAPE, SHAPE, INNER),
    special.betaincc: elementwise(SHAPE, SHAPE, INNER),
    special.betaincinv: elementwise(SHAPE, SHAPE, INNER),
    special.betainccinv: elementwise(SHAPE, SHAPE, INNER),
    # distributions
    "gumbel_log_density": elementwise((-3.0, 6.0)),
    "logistic_log_density": elementwise(UNLIKE_ZERO),
    "variance_of_odds": elementwise(UNLIKE_ZERO),
    "entropy_of_odds": elementwise(UNLIKE_ZERO),
    "student_power": elementwise(UNLIKE_ZERO, (1.0, 6.0)),
    special.stdtr: elementwise((1.0, 6.0), UNLIKE_ZERO),
    special.stdtrit: elementwise((1.0, 6.0), ((0.125, 0.4375), (0.5625, 0.875))),
    special.chdtr: elementwise((1.0, 6.0), RIGHT),
    special.chdtrc: elementwise((1.0, 6.0), RIGHT),
    special.chdtri: elementwise((1.0, 6.0), INNER),
    special.gdtr: elementwise(SHAPE, SHAPE, POSITIVE),
    special.gdtrc: elementwise(SHAPE, SHAPE, POSITIVE),
    special.fdtr: elementwise((1.0, 6.0), (1.0, 6.0), RIGHT),
    special.fdtrc: elementwise((1.0, 6.0), (1.0, 6.0), RIGHT),
    special.voigt_profile: elementwise(ANY, POSITIVE, POSITIVE),
    # Bessel functions
    special.j0: elementwise((-6.0, 6.0)),
    special.j1: elementwise((-6.0, 6.0)),
    special.y0: elementwise(RIGHT),
    special.y1: elementwise(RIGHT),
    special.i0: elementwise((-4.0, 4.0)),
    special.i1: elementwise((-4.0, 4.0)),
    special.k0: elementwise(RIGHT),
    special.k1: elementwise(RIGHT),
    special.i0e: elementwise(UNLIKE_ZERO),
    special.i1e: elementwise(UNLIKE_ZERO),
    special.k0e: elementwise(RIGHT),
    special.k1e: elementwise(RIGHT),
    special.ber: elementwise((-4.0, 4.0)),
    special.bei: elementwise((-4.0, 4.0)),
    special.berp: elementwise(UNLIKE_ZERO),
    special.beip: elementwise(UNLIKE_ZERO),
    special.ker: elementwise(RIGHT),
    special.kei: elementwise(RIGHT),
    special.kerp: elementwise(RIGHT),
    special.keip: elementwise(RIGHT),
    special.airy: elementwise((-4.0, 4.0)),
    # elliptic integrals
    special.ellipk: elementwise(((-4.0, -0.75), (-0.4375, 0.4375), (0.5625, 0.9375))),
    special.ellipkm1: elementwise(((0.0625, 0.4375), (0.5625, 1.4375), (2.0, 4.0))),
    special.ellipe: elementwise(((-4.0, -0.75), (-0.4375, 0.4375), (0.5625, 0.9375))),
    # integrals
    special.exp1: elementwise(RIGHT, analytic=True),
    special.expi: elementwise(RIGHT),
    special.spence: elementwise(((0.125, 0.4375), (0.5625, 1.4375), (1.5625, 6.0)), analytic=True),
    special.sici: elementwise(RIGHT),
    special.shichi: elementwise(RIGHT),
    special.fresnel: elementwise(ANY, analytic=True),
    special.itj0y0: elementwise(RIGHT),
    special.iti0k0: elementwise(POSITIVE),
}

# Functions of the last argument: choices of the parameters before it, and where it lies
Choices = Sequence[Sequence[Any]]
ORDERS: Choices = [(0,), (1,), (0.5,), (2.5,)]
WHOLE: Choices = [(0,), (1,), (2,), (3,)]
TRIALS: Choices = [(0, 3), (2, 3), (1, 5)]
DEGREES: Choices = [(0,), (1,), (3,), (2.5,)]
OF_LAST: dict[Any, tuple[Choices, Interval]] = {
    special.jv: (ORDERS, RIGHT),
    special.jve: (ORDERS, RIGHT),
    special.yv: (ORDERS, RIGHT),
    special.yve: (ORDERS, RIGHT),
    special.yn: (WHOLE, RIGHT),
    special.iv: (ORDERS, POSITIVE),
    special.ive: (ORDERS, POSITIVE),
    special.kv: (ORDERS, RIGHT),
    special.kve: (ORDERS, RIGHT),
    special.kn: (WHOLE, RIGHT),
    special.hankel1: (ORDERS, RIGHT),
    special.hankel2: (ORDERS, RIGHT),
    special.hankel1e: (ORDERS, RIGHT),
    special.hankel2e: (ORDERS, RIGHT),
    special.struve: (ORDERS, RIGHT),
    special.modstruve: (ORDERS, POSITIVE),
    special._zeta: ([(1.5,), (2,), (4,)], RIGHT),
    special.expn: (WHOLE, RIGHT),
    special.pdtr: (WHOLE, RIGHT),
    special.pdtrc: (WHOLE, RIGHT),
    special.nbdtr: (TRIALS, INNER),
    special.nbdtrc: (TRIALS, INNER),
    special.hyp0f1: ([(0.5,), (2,)], ANY),
    special.hyp1f1: ([(1.5, 0.5)], ANY),
    special.hyp2f1: ([(0.5, 1.5, 2.5), (1, 1, 2)], (-0.75, 0.75)),
    special.hyperu: ([(0.5, 1.5), (1, 0.5)], POSITIVE),
    special.eval_jacobi: ([(0, 0.5, 1.5), (3, 0.5, 1.5), (2.5, 1.0, 0.5)], INNER),
    special.eval_legendre: (DEGREES, INNER),
    special.eval_gegenbauer: ([(0, 0.5), (3, 1.5), (2.5, 0.75)], INNER),
    special.eval_chebyt: (DEGREES, INNER),
    special.eval_chebyu: (DEGREES, INNER),
    special.eval_genlaguerre: ([(0, 0.5), (3, 1.5), (2.5, 0.75)], POSITIVE),
    special.eval_laguerre: (DEGREES, POSITIVE),
    special.eval_hermite: (WHOLE, ANY),
    special.eval_hermitenorm: (WHOLE, ANY),
}


def name(function: Any) -> str:
    return str(function.__name__.lstrip("_"))


def parameters_first(choices: Choices, between: Interval) -> Samples:
    return Samples(
        st.builds(lambda chosen, x: call(*chosen, Live(x)), st.sampled_from(choices), arrays(between=between))
    )


def parameters_last(choices: Choices, between: Interval) -> Samples:
    """Sample also arrays of parameters, which broadcast with the variable."""
    several = st.builds(
        lambda pairs, x: call(Live(x), *(np.array(column)[:, None] for column in zip(*pairs, strict=True))),
        st.lists(st.sampled_from(choices), min_size=1, max_size=2),
        arrays(st.sampled_from([(), (2,), (1, 2)]), between=between),
    )
    return Samples(
        st.builds(lambda chosen, x: call(Live(x), *chosen), st.sampled_from(choices), arrays(between=between)) | several
    )


SAMPLES: dict[Function | str, Samples] = {
    **{function: domain.samples() for function, domain in DOMAINS.items()},
    "erfcx_slope": Samples(
        st.builds(
            lambda x, k: call(Live(x), k),
            arrays(between=(-2.0, 1.375)) | arrays(between=(1.625, 8.0)),
            st.sampled_from([1, 2]),
        )
    ),
    "hazard": elementwise(((-2.0, -1.125), (-0.875, 2.0)), (-0.6875, -0.0625)).samples(),
    "exp_of_square": Samples(arrays(between=ANY).map(lambda x: call(Live(x), -0.5))),
    **{function: parameters_first(*sampled) for function, sampled in OF_LAST.items()},
    **{name(function): parameters_last(*sampled) for function, sampled in OF_LAST.items()},
    special.wofz: Samples(arrays().map(lambda x: call(Live(x)))),
    special._lambertw: Samples(arrays(between=(-0.25, 4.0)).map(lambda x: call(Live(x), 0, 1e-8))),
    special.ellipkinc: Samples(st.builds(lambda x, m: call(Live(x), m), arrays(), st.sampled_from([-2.0, 0.0, 0.75]))),
    special.ellipeinc: Samples(st.builds(lambda x, m: call(Live(x), m), arrays(), st.sampled_from([-2.0, 0.0, 0.75]))),
    "polygamma": parameters_last(WHOLE, RIGHT),
    "ive_slope": Samples(
        st.builds(
            lambda x, a, k: call(Live(x), a, k),
            arrays(between=(0.25, 0.9375)) | arrays(between=(4.0, 8.0)),
            st.sampled_from([0, 1, 2.5]),
            st.sampled_from([1, 2]),
        )
    ),
    "kve_slope": Samples(
        st.builds(
            lambda x, a, k: call(Live(x), a, k),
            arrays(between=(0.25, 0.9375)) | arrays(between=(6.5, 12.0)),
            st.sampled_from([0, 1, 2.5]),
            st.sampled_from([1, 2]),
        )
    ),
    "ellipem1": DOMAINS[special.ellipkm1].samples(),
    "voigt_slope": Samples(
        st.builds(
            lambda drawn, k: call(*map(Live, drawn), k),
            broadcastable_arrays(ANY, POSITIVE, POSITIVE, max_side=2),
            st.sampled_from([1, 2]),
        )
    ),
    "power1p": DOMAINS[special.boxcox1p].samples(),
    **{
        f"{name}_slope": DOMAINS[getattr(special, name)].samples()
        for name in ("erfinv", "erfcinv", "ndtri", "ndtri_exp")
    },
    "psi_rise": Samples(
        st.builds(
            lambda drawn, n: call(*map(Live, drawn), n),
            broadcastable_arrays(SHAPE, SHAPE, max_side=2),
            st.sampled_from([0, 1]),
        )
    ),
    "gammainc_shape": Samples(
        st.builds(
            lambda drawn, k: call(*map(Live, drawn), k),
            broadcastable_arrays(SHAPE, RIGHT, max_side=2),
            st.sampled_from([1, 2]),
        )
    ),
    "betainc_shape": Samples(
        st.builds(
            lambda drawn, orders: call(*map(Live, drawn), *orders),
            broadcastable_arrays(SHAPE, SHAPE, INNER, max_side=2),
            st.sampled_from([(1, 0), (0, 1), (1, 1)]),
        )
    ),
}
