"""Where polynomials are tested: of every length, with simple roots, and fitted to more points than they need."""

from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from autograd.testing import arrays

from .calls import Array, Call, Function, Live, Samples, call

polynomials = arrays(st.integers(1, 5).map(lambda n: (n,)))
matrices = arrays(st.integers(1, 3).map(lambda n: (n, n)))


@st.composite
def vandermonde(draw: st.DrawFn) -> Call:
    x = draw(arrays(st.integers(0, 4).map(lambda n: (n,))))
    return call(Live(x), draw(st.none() | st.integers(0, 4)), increasing=draw(st.booleans()))


@st.composite
def integrals(draw: st.DrawFn) -> Call:
    m = draw(st.integers(0, 3))
    k = draw(st.none() | arrays(st.sampled_from([(1,), (m,), (4,)])).map(Live)) if m else None
    return call(Live(draw(polynomials)), m, k)


@st.composite
def simple_roots(draw: st.DrawFn) -> Call:
    """Draw a polynomial by its roots, which lie apart from each other; 0 may be one."""
    real = draw(st.lists(st.sampled_from([-2.1, -1.3, 0.0, 0.6, 1.7]), unique=True, max_size=3))
    pairs = draw(st.lists(st.sampled_from([0.4 + 1.1j, -0.7 + 0.9j]), unique=True, max_size=1))
    p = np.atleast_1d(np.real(np.poly([*real, *pairs, *np.conjugate(pairs)])))
    return call(Live(np.asarray(p * draw(st.sampled_from([-1.5, 0.75, 2.0])))))


@st.composite
def fits(draw: st.DrawFn) -> Call:
    degree = draw(st.integers(0, 2))
    points = degree + draw(st.integers(2, 3))
    x = np.arange(points) * 0.75 - 1 + draw(arrays((points,), between=(-0.25, 0.25)))
    y = draw(arrays(st.sampled_from([(points,), (points, 2)])))
    w = draw(st.none() | arrays((points,), between=(0.5, 2.0)).map(Live))
    full, cov = draw(st.sampled_from([(False, False), (True, False), (False, True), (False, "unscaled")]))
    return call(Live(x), Live(y), degree, None, full, w, cov)


def two(other: st.SearchStrategy[Array] = polynomials) -> Any:
    return st.tuples(polynomials, other).map(lambda drawn: call(*map(Live, drawn)))


@st.composite
def divisions(draw: st.DrawFn) -> Call:
    """Draw divisions whose remainder has no coefficient near 0, which might count as a leading zero or not."""
    u, v = draw(polynomials), draw(arrays(st.integers(1, 3).map(lambda n: (n,)), between=(0.5, 2.0)))
    remainder = np.polydiv(u, v)[1]
    if len(v) > 1:
        assume(len(remainder) >= min(len(u), len(v) - 1) and np.all(np.abs(remainder[1 - len(v) :]) > 1e-3))
    return call(Live(u), Live(v))


def of_division(result: Any) -> list[Any]:
    """Return what does not depend on how many leading zeros of the remainder rounding made appear as such."""
    quotient, remainder = result
    return [quotient, np.polyval(remainder, 0.75)]


def of_roots(roots: Any) -> Any:
    """Return what does not depend on the order of the roots."""
    return np.stack([np.sum(np.exp(roots)), np.sum(np.exp(0.5j * roots))])


SAMPLES: dict[Function | str, Samples] = {
    np.vander: Samples(vandermonde(), analytic=True),
    np.polyval: Samples(two(arrays()), analytic=True),
    np.polyadd: Samples(two(), analytic=True),
    np.polysub: Samples(two(), analytic=True),
    np.polymul: Samples(two(), analytic=True),
    np.polydiv: Samples(divisions(), view=of_division),
    np.polyder: Samples(st.tuples(polynomials, st.integers(0, 3)).map(lambda drawn: call(Live(drawn[0]), drawn[1]))),
    np.polyint: Samples(integrals(), analytic=True),
    "roots": Samples(simple_roots(), view=of_roots),
    np.roots: Samples(simple_roots(), view=of_roots),
    "characteristic_polynomial": Samples(matrices.map(lambda a: call(Live(a)))),
    np.poly: Samples((polynomials | matrices).map(lambda x: call(Live(x)))),
    np.polyfit: Samples(fits()),
}
