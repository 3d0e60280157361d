"""Samples: their moments, how they move with parameters, and what they are within vmap and compile."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import nn
from autograd import BatchError, compile, grad, hessian, tensor, vjp, vmap
from nn import distributions
from nn.distributions import _implicit

from .cases import CASES, Case

Array = np.ndarray[Any, Any]
IDS = [f"{case.name}-{'-'.join(case.parameters)}" for case in CASES]
every_case = pytest.mark.parametrize("case", CASES, ids=IDS)
SUMMED = (
    "Bernoulli", "Binomial", "Categorical", "Exponential", "Gamma", "Gumbel", "HalfNormal", "Laplace", "LogNormal",
    "Normal", "StudentT", "Weibull",
)  # fmt: skip


def values(case: Case, shape: tuple[int, ...]) -> dict[str, Array]:
    rng = np.random.default_rng(3)
    return {name: np.asarray(draw(rng, shape)) for name, draw in case.parameters.items()}


def seeded(function: Callable[..., Any], *args: Any) -> Any:
    nn.manual_seed(0)
    return function(*args)


@pytest.mark.one_in(3)
@every_case
def test_samples_have_the_moments(case: Case) -> None:
    distribution = case.of(distributions, values(case, (2,)))
    sample = distribution.sample((4000,), np.random.default_rng(1))
    assert sample.shape == (4000, *distribution.batch_shape, *distribution.event_shape)
    assert distribution.support.check(sample).all()
    assert np.isfinite(distribution.log_prob(sample)).all()
    try:
        mean, variance = np.broadcast_arrays(distribution.mean, distribution.variance)
    except NotImplementedError:
        mean = variance = np.full(sample.shape[1:], np.nan)
    if case.name == "VonMises":  # whose moments are circular
        variance = np.full(variance.shape, np.nan)
        np.testing.assert_allclose(np.cos(sample - distribution.loc).mean(0), 1 - distribution.variance, 0.1)
    known = np.isfinite(mean) & np.isfinite(variance)
    error = np.abs(sample.mean(0) - mean)[known]
    assert (error <= 5 * np.sqrt(variance[known] / 4000) + 1e-12).all()
    if case.name not in ("Categorical", "InverseGamma", "FisherSnedecor", "LogNormal", "Pareto"):  # of heavy tails
        np.testing.assert_allclose(sample.var(0)[known], variance[known], 0.35, 2e-3)
    try:
        entropy = distribution.entropy()
    except NotImplementedError:
        return
    found = -distribution.log_prob(sample)
    assert (np.abs(found.mean(0) - entropy) <= 6 * found.std(0) / np.sqrt(4000) + 1e-9).all()


@pytest.mark.parametrize("case", [case for case in CASES if case.name in SUMMED], ids=lambda case: case.name)
def test_probabilities_and_densities_add_up_to_one(case: Case) -> None:
    distribution = case.of(distributions, values(case, ()))
    if distribution.has_enumerate_support:
        total = np.exp(distribution.log_prob(distribution.enumerate_support())).sum()
    else:
        x = np.linspace(-60, 60, 240_001) if distribution.support.check(-1.0) else np.linspace(1e-6, 120, 1_200_001)
        x = x[distribution.support.check(x)]
        total = np.exp(distribution.log_prob(x)).sum() * (x[1] - x[0])
    np.testing.assert_allclose(total, 1, 1e-3)


def test_the_entropy_of_counts_is_that_of_all_of_them() -> None:
    p = np.array([0.2, 0.3, 0.5])
    rows = np.array([(i, j, 4 - i - j) for i in range(5) for j in range(5 - i)], float)
    log_prob = distributions.Multinomial(4, p).log_prob(rows)
    np.testing.assert_allclose(np.exp(log_prob).sum(), 1)
    np.testing.assert_allclose(distributions.Multinomial(4, p).entropy(), -(np.exp(log_prob) * log_prob).sum(), 1e-12)


def moved_gamma(a: Any, x: Any) -> float:
    """Return the exact derivative of a gamma variate x in its shape parameter."""
    a, x = mpmath.mpf(a), mpmath.mpf(x)
    slope = mpmath.diff(lambda a: mpmath.gammainc(a, 0, x, regularized=True), a, h=mpmath.mpf(10) ** -12)
    return float(-slope * mpmath.exp(mpmath.loggamma(a) + x - (a - 1) * mpmath.log(x)))


def moved_beta(a: Any, b: Any, x: Any) -> float:
    a, b, x = mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(x)
    slope = mpmath.diff(lambda a: mpmath.betainc(a, b, 0, x, regularized=True), a, h=mpmath.mpf(10) ** -12)
    return float(-slope * mpmath.beta(a, b) / (x ** (a - 1) * (1 - x) ** (b - 1)))


shapes = pytest.mark.parametrize("shape", [(), (1,)], ids=["by rules", "by series"])


@shapes
@pytest.mark.parametrize("a", [0.02, 0.3, 1.0, 7.5, 1234.0])
def test_gamma_variates_move_as_mpmath_says(a: float, shape: tuple[int, ...]) -> None:
    with mpmath.workdps(34):
        leaf = tensor(np.full(shape, a), requires_grad=True)
        sample = distributions.Gamma(leaf, 1.0).rsample((), np.random.default_rng(5)).sum()
        sample.backward()
        assert leaf.grad is not None
        np.testing.assert_allclose(leaf.grad.data, moved_gamma(a, float(sample.data)), 1e-11)


@shapes
@pytest.mark.parametrize(("a", "b"), [(0.3, 0.8), (1.0, 3.0), (3.0, 1.0), (30.0, 7.0)])
def test_beta_variates_move_as_mpmath_says(a: float, b: float, shape: tuple[int, ...]) -> None:
    with mpmath.workdps(34):
        first, second = (tensor(np.full(shape, value), requires_grad=True) for value in (a, b))
        sample = distributions.Beta(first, second).rsample((), np.random.default_rng(5)).sum()
        sample.backward()
        x = mpmath.mpf(float(sample.data))
        assert first.grad is not None
        assert second.grad is not None
        np.testing.assert_allclose(first.grad.data, moved_beta(a, b, x), 1e-10)
        np.testing.assert_allclose(second.grad.data, -moved_beta(b, a, 1 - x), 1e-10)


def test_series_and_rules_agree_everywhere() -> None:
    rng = np.random.default_rng(0)
    a, b = np.exp(rng.uniform(-4, 5, (2, 400)))
    for kind, draw, parameters in (
        (distributions.Gamma, rng.standard_gamma(a), (a, 1.0)),
        (distributions.Beta, rng.beta(a, b).clip(1e-300, 1 - 2**-53), (a, b)),
    ):
        wanted = _implicit._moving_gamma if kind is distributions.Gamma else _implicit._moving_beta
        given = [np.asarray(p) for p in parameters if not isinstance(p, float)]
        draw = np.maximum(draw, 1e-300)

        def total(*args: Any, of: Any = wanted, at: Any = draw) -> Any:
            return np.sum(of(*args, at))

        found = vjp(total, *given)[1](1.0)
        slow = vmap(grad(lambda *args, of=wanted: of(*args), argnums=tuple(range(len(given)))))(*given, draw)
        for one, other in zip(found if isinstance(found, tuple) else (found,), slow, strict=True):
            np.testing.assert_allclose(one, other, 1e-9)


def test_a_sample_of_a_dirichlet_distribution_of_two_moves_as_one_of_a_beta_distribution() -> None:
    leaf = tensor([1.5, 0.7], requires_grad=True)
    sample = distributions.Dirichlet(leaf).rsample((), np.random.default_rng(2))
    sample[0].backward()
    with mpmath.workdps(30):
        x = mpmath.mpf(float(sample.data[0]))
        np.testing.assert_allclose(leaf.grad.data, [moved_beta(1.5, 0.7, x), -moved_beta(0.7, 1.5, 1 - x)], 1e-7)


def test_second_derivatives_of_samples_are_those_of_expectations() -> None:
    """Of a mean over many samples, those in the parameters are those of the exact mean."""
    rng = np.random.default_rng
    a = np.array([0.7, 2.0, 3.0])

    def mean(a: Any) -> Any:
        return np.sum(distributions.Dirichlet(a).rsample((1000,), rng(0)) ** 2) / 1000

    def exact(a: Any) -> Any:
        return np.sum(a * (a + 1)) / (np.sum(a) * (np.sum(a) + 1))

    np.testing.assert_allclose(hessian(mean)(a), hessian(exact)(a), 0.15, 8e-3)

    def cube(a: Any) -> Any:
        return np.mean(distributions.Gamma(a, 1.0).rsample((1000,), rng(0)) ** 3)

    third = hessian(cube)(2.5)
    np.testing.assert_allclose(third, 6 * 2.5 + 6, 0.15)  # of a (a + 1) (a + 2)


def test_small_concentrations_give_no_zeros_and_finite_gradients() -> None:
    for dtype in (np.float32, np.float64):
        a = tensor(np.full((50, 3), 1e-3, dtype), requires_grad=True)
        for sample in (
            distributions.Gamma(a, np.ones(3, dtype)).rsample((), np.random.default_rng(0)),
            distributions.Beta(a, a * 1.0).rsample((), np.random.default_rng(0)),
            distributions.Dirichlet(a).rsample((), np.random.default_rng(0)),
        ):
            assert sample.dtype == dtype
            assert (sample.data > 0).all()
            a.grad = None
            sample.sum().backward()
            gradient: Any = a.grad
            assert np.isfinite(gradient.data).all()
    rows = distributions.Dirichlet(np.full(3, 1e-3)).sample((100,), np.random.default_rng(0))
    np.testing.assert_allclose(rows.sum(-1), 1)


def program(case: Case, parameters: dict[str, Array], method: str) -> Callable[..., Any]:
    """Return a function of parameters that draws."""

    def draw(*args: Any) -> Any:
        distribution = case.of(distributions, dict(zip(parameters, args, strict=True)))
        return getattr(distribution, method)((20,))

    return draw


@pytest.mark.one_in(3)
@every_case
def test_within_vmap_samples_are_different_or_of_one_seed(case: Case) -> None:
    one = values(case, ())
    many = [np.broadcast_to(value, (3, *value.shape)) for value in one.values()]
    draw = program(case, one, "sample")
    with pytest.raises(BatchError, match="randomness="):
        vmap(draw)(*many)
    different, same = (seeded(vmap(draw, randomness=kind), *many) for kind in ("different", "same"))
    assert different.shape == same.shape == (3, *draw(*one.values()).shape)
    assert (same == same[:1]).all()
    assert (different[0] != different[1:]).any()
    nested = vmap(vmap(draw, randomness="different"), randomness="same")
    assert seeded(nested, *[np.stack([x, x]) for x in many]).shape == (2, *different.shape)


@pytest.mark.one_in(4)
@every_case
def test_densities_within_vmap_and_compile(case: Case) -> None:
    given = values(case, (3,))
    distribution = case.of(distributions, given)
    value = distribution.sample((), np.random.default_rng(0))

    def log_prob(value: Any, *args: Any) -> Any:
        return case.of(distributions, dict(zip(given, args, strict=True))).log_prob(value)

    expected = distribution.log_prob(value)
    np.testing.assert_allclose(vmap(log_prob)(value, *given.values()), expected, 1e-9, 1e-12)
    compiled = compile(log_prob)
    for _ in range(2):
        np.testing.assert_allclose(compiled(value, *given.values()), expected, 1e-9, 1e-12)


@pytest.mark.parametrize("name", ["Gamma", "Beta", "Dirichlet", "Normal", "StudentT", "Laplace", "RelaxedBernoulli"])
def test_gradients_of_samples_within_vmap_and_compile(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    given = values(case, (3,))
    draw = program(case, given, "rsample")

    def total(*args: Any) -> Any:
        return np.sum(np.sin(draw(*args)))

    batched = vmap(grad(total), randomness="different")
    found = seeded(batched, *given.values())

    def all_together(*args: Any) -> Any:
        return np.sum(vmap(total, randomness="different")(*args))

    np.testing.assert_allclose(found, seeded(grad(all_together), *given.values()), 1e-9)
    compiled, plain = compile(grad(total)), grad(total)
    for i in range(2):
        nn.manual_seed(i)
        found = compiled(*given.values())
        nn.manual_seed(i)
        np.testing.assert_allclose(found, plain(*given.values()), 1e-9)


def test_counts_in_a_program_follow_their_parameters() -> None:
    """They are drawn anew in each call, from what the parameters are then."""
    draw = compile(lambda rate: distributions.Poisson(rate).sample())
    draw(np.array([1.0, 2.0]))
    high, low = draw(np.array([1e6, 0.0]))
    assert high > 9e5
    assert low == 0


def test_a_batch_of_the_same_numbers_has_its_own_parameters() -> None:
    rates = np.array([0.0, 1e4, 1e8])
    found = vmap(lambda rate: distributions.Poisson(rate).sample(), randomness="same")(rates)
    np.testing.assert_allclose(found, rates, 0.1)


def test_generators_and_seeds_decide() -> None:
    p = distributions.Gamma(2.0, 3.0)
    one, other = (p.sample((5,), np.random.default_rng(1)) for _ in range(2))
    assert (one == other).all()
    assert (seeded(p.sample, 5) == seeded(p.sample, 5)).all()
    with pytest.raises(TypeError, match="generator should be a NumPy generator"):
        p.sample((), 0)  # type: ignore[arg-type]


def test_samples_have_no_gradient_and_rsamples_of_constants_are_arrays() -> None:
    scale = tensor(2.0, requires_grad=True)
    p = distributions.Normal(0.0, scale)
    assert not p.sample().requires_grad
    assert p.rsample().requires_grad
    assert isinstance(distributions.Normal(0.0, 1.0).rsample((3,)), np.ndarray)
