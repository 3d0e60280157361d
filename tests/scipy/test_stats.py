"""Distributions under SciPy's names, and their derivatives."""

import importlib
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as theirs

from autograd import DtypeError, GraphError, grad, jacobian, tensor, vmap
from autograd.scipy import stats
from autograd.scipy.stats import Continuous, Discrete

from ..lists import assert_complete
from ..thorough import draws
from .derivatives import check

# For each distribution: values of its shape parameters.
SHAPES: dict[str, tuple[float, ...]] = {
    "norm": (), "uniform": (), "laplace": (), "logistic": (), "cauchy": (), "gumbel_r": (), "gumbel_l": (),
    "expon": (), "halfnorm": (), "rayleigh": (), "t": (3.3,), "gamma": (2.2,), "chi2": (3.1,), "invgamma": (2.5,),
    "beta": (1.7, 2.4), "f": (3.2, 4.5), "lognorm": (0.7,), "pareto": (2.2,), "weibull_min": (1.6,),
    "vonmises": (1.4,), "truncnorm": (-0.5, 1.3), "poisson": (2.2,), "binom": (7, 0.3), "nbinom": (3.3, 0.4),
    "geom": (0.3,), "bernoulli": (0.3,),
}  # fmt: skip
CONTINUOUS = [name for name in SHAPES if isinstance(getattr(stats, name), Continuous)]
DISCRETE = [name for name in SHAPES if isinstance(getattr(stats, name), Discrete)]
INTEGERS = {"binom": 1}  # how many of the first shape parameters are integers
CHANCES = np.array([0.13, 0.4, 0.77])
POINTS = np.array([-np.inf, -2.0, -1.0, 0.0, 0.3, 1.0, 2.0, 3.5, 7.0, np.inf, np.nan])
LOC, SCALE = 0.3, 1.7


def methods(name: str) -> list[str]:
    if name in DISCRETE:
        return ["pmf", "logpmf", "cdf", "logcdf", "sf", "logsf"]
    return ["pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf"]


def inside(name: str) -> Any:
    """Return points within the support, of loc and scale."""
    return (
        np.array([1.0, 2.0, 4.0]) if name in DISCRETE else getattr(theirs, name).ppf(CHANCES, *SHAPES[name], LOC, SCALE)
    )


def test_the_common_distributions_are_there() -> None:
    others = {"dirichlet", "multinomial", "multivariate_normal", "Continuous", "Discrete"}
    assert_complete(stats.__all__, {*SHAPES, *others}, "SHAPES in tests/scipy/test_stats.py")


@pytest.mark.parametrize("name", SHAPES)
def test_values_are_scipys(name: str) -> None:
    ours, scipys, shapes = getattr(stats, name), getattr(theirs, name), SHAPES[name]
    for method in methods(name):
        further = (1,) if name in DISCRETE else (LOC, SCALE)
        at = np.array([-0.1, 0.0, 0.2, 0.9, 1.0, 1.1, np.nan]) if method in ("ppf", "isf") else POINTS
        with np.errstate(all="ignore"):
            expected = getattr(scipys, method)(at, *shapes, *further)
            found = getattr(ours, method)(tensor(at), *shapes, *further).data
        assert np.allclose(found, expected, rtol=1e-11, atol=1e-15, equal_nan=True), method
        plain, same = (getattr(of, method)(at[2:5], *shapes) for of in (ours, scipys))
        assert type(plain) is type(same)
        np.testing.assert_allclose(plain, same, rtol=1e-11)
        assert getattr(ours, method)(tensor(0.5), *shapes).shape == ()


@pytest.mark.parametrize("name", CONTINUOUS)
def test_densities_have_derivatives_of_both_orders_by_all_parameters(name: str) -> None:
    at = inside(name)
    given_shapes = [np.float64(s) for s in SHAPES[name]]
    for method in ("logpdf", "pdf"):
        function = getattr(getattr(stats, name), method)
        if name == "uniform":  # whose density does not depend on x and loc
            check(lambda scale, f=function: f(at, LOC, scale), np.float64(SCALE))
        else:
            check(function, at, *given_shapes, np.float64(LOC), np.float64(SCALE), order=2 if method == "logpdf" else 1)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CONTINUOUS)
def test_distribution_functions_and_quantiles_have_derivatives(name: str) -> None:
    distribution, at = getattr(stats, name), inside(name)
    parameters = [*(np.float64(s) for s in SHAPES[name]), np.float64(LOC), np.float64(SCALE)]
    for method in ("cdf", "logcdf", "sf", "logsf"):
        check(getattr(distribution, method), at, *parameters, order=1)
    for method in ("ppf", "isf"):
        check(getattr(distribution, method), CHANCES, *parameters, order=1)


@pytest.mark.parametrize("name", DISCRETE)
def test_probabilities_have_derivatives_by_parameters(name: str) -> None:
    distribution, constant = getattr(stats, name), SHAPES[name][: INTEGERS.get(name, 0)]
    live = [np.float64(s) for s in SHAPES[name][len(constant) :]]
    for method in methods(name):
        of = getattr(distribution, method)
        if name == "bernoulli":
            check(lambda p, of=of: of(np.array([0, 0]), p), *live)
        else:
            check(lambda *p, of=of: of(inside(name), *constant, *p), *live, order=2 if "mf" in method else 1)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_outside_of_the_support_the_gradient_is_0(name: str) -> None:
    low, high = getattr(theirs, name).support(*SHAPES[name])
    for x in (low - 1, high + 1, -np.inf if np.isinf(low) else low - 2):
        if np.isfinite(x):
            for method in ("logpdf", "pdf", "cdf", "sf"):
                parameters = (*SHAPES[name], 0.0, 1.0)
                slopes = grad(getattr(getattr(stats, name), method), tuple(range(1 + len(parameters))))(x, *parameters)
                assert all(s == 0 for s in slopes), method
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):  # it may be infinite there
        edge = grad(getattr(stats, name).logpdf)(0.0, *SHAPES[name])
    assert not np.isnan(edge)


def test_parameters_outside_of_their_domain_give_nan() -> None:
    for name in (*CONTINUOUS, *DISCRETE):
        bad = [-1.0 for _ in SHAPES[name]] if SHAPES[name] else [0.0, -1.0]
        function = getattr(stats, name).logpmf if name in DISCRETE else getattr(stats, name).logpdf
        if name != "truncnorm":
            assert np.isnan(function(tensor(1.0), *bad).data), name
    assert np.isnan(stats.truncnorm.logpdf(tensor(1.0), 2.0, 1.0).data)


@given(st.floats(-5, 5), st.floats(-3, 3), st.floats(0.1, 5))
@draws(25)
def test_the_normal_distribution_at_random_arguments(x: float, loc: float, scale: float) -> None:
    for method in ("logpdf", "cdf", "logsf"):
        found = getattr(stats.norm, method)(tensor(x), loc=loc, scale=scale)
        assert np.isclose(found.data, getattr(theirs.norm, method)(x, loc, scale), rtol=1e-12)
    slope = grad(stats.norm.logpdf, 1)(x, loc, scale)
    assert np.isclose(slope, (x - loc) / scale**2, rtol=1e-9, atol=1e-12)


def test_infinitely_many_degrees_of_freedom_are_the_normal_distribution() -> None:
    df, at = np.array([np.inf, 3.0]), np.array([0.4, 0.7])
    for method in ("logpdf", "pdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf"):
        of, normal = getattr(stats.t, method), getattr(stats.norm, method)
        np.testing.assert_allclose(of(tensor(at), df, LOC, SCALE).data, getattr(theirs.t, method)(at, df, LOC, SCALE))
        found = grad(lambda *a, of=of: of(*a)[0], (0, 1, 2, 3))(at, df, LOC, SCALE)
        expected = grad(normal, (0, 1, 2))(0.4, LOC, SCALE)
        np.testing.assert_allclose([found[0][0], *found[2:]], expected, rtol=1e-12)
        assert found[0][1] == found[1][0] == 0


def test_where_a_discrete_probability_is_0_so_is_the_gradient() -> None:
    for name, k, args, i in (("poisson", 3, (0.0,), 1), ("binom", 2, (5, 0.0), 2), ("nbinom", 0, (2.0, 1.0), 2)):
        for method in ("logsf", "logpmf") if name != "nbinom" else ("logsf",):
            of = getattr(getattr(stats, name), method)
            assert of(k, *map(tensor, args)).data == -np.inf
            assert grad(of, i)(k, *args) == 0, (name, method)


def test_complex_numbers_are_refused_instead_of_cut() -> None:
    with pytest.raises(DtypeError, match=r"real numbers are needed, at .*test_stats.py:\d+, not complex ones"):
        stats.norm.logpdf(tensor([1.0 + 1j]))


def test_each_element_of_a_batch() -> None:
    a = np.array([0.5, 1.5, 4.0])
    of = grad(lambda a: np.sum(stats.gamma.logpdf(inside("gamma"), a)))
    assert np.allclose(vmap(of)(a), [of(each) for each in a])
    cov = np.stack([np.eye(2), np.array([[2.0, 0.5], [0.5, 1.0]])])
    of = grad(lambda c: np.sum(stats.multivariate_normal.logpdf(np.ones((3, 2)), cov=c)))
    assert np.allclose(vmap(of)(cov), [of(c) for c in cov])
    assert np.allclose(vmap(lambda p: stats.multinomial.logpmf([1, 2], 3, p))(np.array([[0.5, 0.5], [0.2, 0.8]])),
                       theirs.multinomial.logpmf([1, 2], 3, np.array([[0.5, 0.5], [0.2, 0.8]])))  # fmt: skip


# Vectors


def symmetric(function: Any) -> Any:
    return lambda x, mean, cov, **options: function(x, mean, 0.5 * (cov + cov.T), **options)


def test_the_normal_distribution_of_vectors() -> None:
    rng = np.random.default_rng(0)
    x, mean, root = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(3, 3))
    cov, mvn = root @ root.T + np.eye(3), stats.multivariate_normal
    for method in ("logpdf", "pdf"):
        check(symmetric(getattr(mvn, method)), x, mean, cov)
    check(lambda c: mvn.entropy(mean, 0.5 * (c + c.T)), cov)
    assert np.isclose(mvn.entropy(cov=tensor(cov)).data, theirs.multivariate_normal.entropy(cov=cov))
    for args in (
        (x[:, :1], None, 2.0),
        (x, mean, np.array([1.0, 2, 3])),
        (x[:, 0],),
        (x[0], mean, cov),
        (x[0, 0], 1.0, 2.0),
    ):
        found = mvn.logpdf(tensor(args[0]), *args[1:])
        assert np.allclose(found.data, theirs.multivariate_normal.logpdf(*args))
        assert found.shape == np.shape(theirs.multivariate_normal.logpdf(*args))


def test_a_singular_covariance_matrix() -> None:
    root = np.array([[1.0, 0.5], [0.0, 2.0], [1.0, -1.0]])
    of: Any = lambda root, z: stats.multivariate_normal.logpdf(root @ z, cov=root @ root.T, allow_singular=True)  # noqa: E731
    z = np.array([0.3, -0.7])
    assert np.isclose(
        of(tensor(root), z).data, theirs.multivariate_normal.logpdf(root @ z, cov=root @ root.T, allow_singular=True)
    )
    check(of, root, z)
    outside: Any = grad(lambda x: stats.multivariate_normal.logpdf(x, cov=root @ root.T, allow_singular=True))
    assert np.array_equal(outside(np.array([5.0, 1.0, 1.0])), np.zeros(3))
    with pytest.raises(np.linalg.LinAlgError, match="allow_singular"):
        stats.multivariate_normal.logpdf(tensor(np.ones(3)), cov=root @ root.T)


def test_dirichlet_and_multinomial() -> None:
    z, alpha = np.array([0.2, 0.5, 0.3]), np.array([1.2, 2.0, 0.7])
    for method in ("logpdf", "pdf"):
        check(lambda z, a, m=method: getattr(stats.dirichlet, m)(z / np.sum(z), a), z, alpha)
    assert np.isclose(stats.dirichlet.logpdf(tensor(z[:2]), alpha).data, theirs.dirichlet.logpdf(z[:2], alpha))
    counts = np.array([[1, 2, 1], [0, 3, 1], [1, 1, 1]])
    for method in ("logpmf", "pmf"):
        function = getattr(stats.multinomial, method)
        assert np.allclose(function(counts, 4, tensor(z)).data, getattr(theirs.multinomial, method)(counts, 4, z))
        check(lambda z, f=function: f(counts[:2], 4, np.exp(z) / np.sum(np.exp(z))), z)
    assert np.array_equal(jacobian(lambda p: stats.multinomial.logpmf(counts[2], 4, p))(z), np.zeros(3))
    with pytest.raises(ValueError, match="normal simplex"):
        stats.dirichlet.logpdf(tensor([0.5, 0.6, 0.1]), alpha)


# What else there is


def test_modules_of_other_programs_are_found() -> None:
    for name in ("norm", "multivariate_normal", "poisson"):
        assert importlib.import_module(f"autograd.scipy.stats.{name}") is getattr(stats, name)


def test_scipys_other_methods_take_constants() -> None:
    assert stats.gamma.mean(2.0) == 2
    assert stats.dirichlet.rvs(np.ones(3), size=2).shape == (2, 3)
    assert stats.norm.entropy(scale=tensor(1.0)) == theirs.norm.entropy()
    with pytest.raises(GraphError, match=r"gamma.mean, at .* has no derivative with respect to args"):
        stats.gamma.mean(tensor(2.0, requires_grad=True))


def test_wrong_arguments_say_what_to_do() -> None:
    t = tensor(1.0, requires_grad=True)
    with pytest.raises(TypeError, match=r"gamma.logpdf\(x, a, loc, scale\) needs a"):
        stats.gamma.logpdf(t)
    with pytest.raises(TypeError, match=r"norm.pdf\(x, loc, scale\): 'mean' is none of its parameters"):
        stats.norm.pdf(t, mean=2.0)
    with pytest.raises(TypeError, match="'loc' was given twice"):
        stats.norm.pdf(t, 1.0, loc=2.0)
    with pytest.raises(TypeError, match="takes 2 parameters, but 3 were given"):
        stats.norm.pdf(t, 1.0, 2.0, 3.0)
    with pytest.raises(GraphError, match=r"poisson.logpmf, at .*no derivative with respect to k.*: it is an integer"):
        stats.poisson.logpmf(t, 2.0)
    with pytest.raises(GraphError, match=r"binom.logpmf, at .*no derivative with respect to n"):
        stats.binom.logpmf(1, t, 0.5)
    with pytest.raises(AttributeError, match=r"has no 'skewnorm': it .*bernoulli, .* scipy.stats.skewnorm"):
        stats.skewnorm  # noqa: B018


@pytest.mark.thorough
def test_scipys_distributions_are_imported_only_where_they_are_needed() -> None:
    program = """
import sys, autograd, numpy as np
from autograd.scipy.stats import multivariate_normal, norm
def density(x):
    return norm.logpdf(x).sum() + multivariate_normal.logpdf(x, x, np.eye(2))
autograd.grad(density)(np.ones(2))
density(np.ones(2))
assert "scipy.stats" not in sys.modules
norm.cdf(np.ones(2))
assert "scipy.stats" not in sys.modules
norm.rvs()
assert "scipy.stats" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    "cov", [np.diag([1.0, 1e-9]), np.diag([1.0, -1.0]), np.ones((2, 3)), np.eye(2), 2.0, [1.0, 2.0]]
)
@pytest.mark.parametrize("mean", [[0.5, 1.0], 1.0, np.zeros((1, 2)), np.zeros(3)], ids=str)
@pytest.mark.parametrize("shape", [(2,), (1, 2), (3, 4, 2), (3,), (4, 1)])
def test_a_normal_of_vectors_is_scipys_in_values_shapes_and_errors(shape: Any, mean: Any, cov: Any) -> None:
    points = np.random.default_rng(0).normal(size=shape)
    try:
        expected = theirs.multivariate_normal.logpdf(points, mean, cov)
    except (ValueError, np.linalg.LinAlgError) as error:
        for given in (tensor(points, requires_grad=True), points):
            with pytest.raises(type(error)):
                stats.multivariate_normal.logpdf(given, mean, cov)
        return
    found = stats.multivariate_normal.logpdf(tensor(points, requires_grad=True), mean, cov)
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-10)
    plain = stats.multivariate_normal.logpdf(points, mean, cov)
    np.testing.assert_allclose(plain, expected, rtol=1e-10)
    assert type(plain) is type(expected)
    assert found.shape == np.shape(expected) == np.shape(plain)


def test_a_normal_of_vectors_takes_scipys_covariances() -> None:
    cov = theirs.Covariance.from_diagonal([1.0, 2.0])
    for name in ("logpdf", "pdf"):
        found, expected = (getattr(of.multivariate_normal, name)([0.0, 1.0], [0, 0], cov) for of in (stats, theirs))
        assert found == expected


@pytest.mark.parametrize("x", [None, np.array([0.2, None], object), ["a"]], ids=["None", "objects", "text"])
@pytest.mark.parametrize("scale", [1.0, tensor(2.0, requires_grad=True)], ids=["constant", "tensor"])
def test_what_is_no_number_is_refused(x: Any, scale: Any) -> None:
    """NumPy would make nan of None, which a function without a return gives."""
    with pytest.raises(DtypeError, match=r"numbers are needed, at .*test_stats.py:\d+"):
        stats.norm.logpdf(x, 0.0, scale)
