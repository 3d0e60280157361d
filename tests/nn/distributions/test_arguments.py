"""Parameters and values: what is accepted, how shapes broadcast, and what errors say."""

import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autograd import AutogradError, DtypeError, ShapeError, UnsupportedError, tensor
from nn import Parameter, distributions
from nn.distributions import (
    AffineTransform,
    Bernoulli,
    Binomial,
    Categorical,
    ComposeTransform,
    Dirichlet,
    Distribution,
    ExpTransform,
    Gamma,
    Independent,
    IndependentTransform,
    LowRankMultivariateNormal,
    MixtureSameFamily,
    Multinomial,
    MultivariateNormal,
    Normal,
    OneHotCategorical,
    Pareto,
    Poisson,
    PowerTransform,
    ReshapeTransform,
    SigmoidTransform,
    TransformedDistribution,
    Uniform,
    constraints,
    kl_divergence,
    register_kl,
)

from ...lists import assert_complete, assert_listed
from . import test_samples
from .cases import CASES

X = np.array([[1.0, 2.0, -3.0], [4.0, 0.0, 6.0]])

WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: Normal(0.0, -1.0),
        ValueError,
        r"Normal: scale should be positive, but scale is -1.*softplus or numpy.exp",
    ),
    (lambda: Normal(0.0, X), ValueError, r"scale\[0, 2\] is -3.* \(2 of 6 are not\)"),
    (lambda: Normal(np.nan, 1.0), ValueError, r"Normal: loc should be real numbers, not nan, but loc is nan"),
    (
        lambda: Normal(np.zeros(2), np.ones(3)),
        ShapeError,
        r"loc of shape \(2,\) and scale of shape \(3,\) do not broad",
    ),
    (lambda: Normal("text", 1.0), DtypeError, r"Normal needs loc as an array or tensor of numbers, not str"),
    (lambda: Normal(1j, 1.0), DtypeError, r"Normal computes with real numbers, but loc has dtype complex128"),
    (lambda: Normal([[1.0], [1.0, 2.0]], 1.0), ValueError, r"rows of different lengths"),
    (lambda: Bernoulli(), ValueError, r"Bernoulli takes either probs or logits, but was given neither"),
    (lambda: Bernoulli(0.5, 0.5), ValueError, r"Bernoulli takes either probs or logits, but was given both"),
    (
        lambda: Bernoulli(1.5),
        ValueError,
        r"probs should be from 0 to 1, but probs is 1.5; of numbers of any size, give .*l",
    ),
    (lambda: Bernoulli(0.5).log_prob(0.3), ValueError, r"Bernoulli: value should be 0 or 1, but value is 0.3"),
    (
        lambda: Categorical([0.5, -0.5]),
        ValueError,
        r"rows of at least 0 with a positive sum, but probs is \[ 0.5, -0.5\]",
    ),
    (
        lambda: Categorical(0.5),
        ShapeError,
        r"Categorical: probs should be a vector or a stack of them, not of shape \(\)",
    ),
    (
        lambda: Categorical([0.5, 0.5]).log_prob(1.0),
        DtypeError,
        r"indices of classes, .* float64: use value.astype\(int\)",
    ),
    (lambda: Categorical([0.5, 0.5]).log_prob(2), ValueError, r"integers from 0 to 1, but value is 2"),
    (lambda: OneHotCategorical([0.5, 0.5]).log_prob([1, 1]), ValueError, r"one 1 among zeros, but value is \[1., 1.\]"),
    (
        lambda: OneHotCategorical([0.5, 0.5]).log_prob([1, 0, 0]),
        ShapeError,
        r"given a value of shape \(3,\): .* to \(2,\)",
    ),
    (lambda: Poisson(2.0).log_prob(-1), ValueError, r"Poisson: value should be integers of 0 or more, but value is -1"),
    (lambda: Poisson(2.0).rsample(), UnsupportedError, r"Poisson has no rsample: .* Use sample\(\), and log_prob"),
    (lambda: Poisson(2.0).entropy(), UnsupportedError, r"Poisson has no entropy"),
    (lambda: Gamma(2.0, 1.0).log_prob(-1.0), ValueError, r"Gamma: value should be 0 or more, but value is -1"),
    (lambda: Gamma(2.0, 1.0).icdf(0.5), UnsupportedError, r"Gamma has no icdf"),
    (lambda: Normal(0.0, 1.0).icdf(1.5), ValueError, r"Normal.icdf: value should be from 0 to 1, but value is 1.5"),
    (lambda: Uniform(1.0, 0.0), ValueError, r"Uniform: high - low should be above 0, but high - low is -1"),
    (lambda: Uniform(0.0, 1.0).log_prob(2.0), ValueError, r"Uniform: value should be from 0.0 to 1.0, but value is 2"),
    (lambda: Pareto(1.0, 1.0).log_prob(0.5), ValueError, r"Pareto: value should be 1.0 or more, but value is 0.5"),
    (lambda: Binomial(2.5, 0.5), ValueError, r"total_count should be integers of 0 or more, but total_count is 2.5"),
    (lambda: Binomial([2, 3], 0.5).entropy(), ValueError, r"distributions of 2 different total_count"),
    (lambda: Multinomial(2.5, [0.5, 0.5]), TypeError, r"total_count should be one integer, not 2.5"),  # type: ignore[arg-type]
    (lambda: Multinomial(3, [0.5, 0.5]).log_prob([1, 1]), ValueError, r"rows of counts whose sum is 3, but value is"),
    (
        lambda: Dirichlet([1.0, 2.0]).log_prob([0.5, 0.6]),
        ValueError,
        r"rows of at least 0 whose sum is 1, but value is",
    ),
    (lambda: Dirichlet(1.0), ShapeError, r"concentration should be a vector"),
    (lambda: MultivariateNormal([0.0, 0.0]), ValueError, r"one of covariance_matrix, .* but was given none"),
    (lambda: MultivariateNormal([0.0], [[1.0]], [[1.0]]), ValueError, r"given covariance_matrix and precision_matrix"),
    (
        lambda: MultivariateNormal([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]),
        ValueError,
        r"covariance_matrix should be symmetric and positive definite, but covariance_matrix is .*\[2., 1.\].*identity",
    ),
    (lambda: MultivariateNormal([0.0, 0.0], X), ShapeError, r"should be a square matrix, not of shape \(2, 3\)"),
    (lambda: MultivariateNormal(np.zeros(3), np.eye(2)), ShapeError, r"should be of shape \(..., 3, 3\), not \(2, 2\)"),
    (lambda: MultivariateNormal(np.zeros(2), scale_tril=X[:, 1:]), ValueError, r"lower triangular .*numpy.linalg.chol"),
    (
        lambda: LowRankMultivariateNormal(np.zeros(3), X, np.ones(3)),
        ShapeError,
        r"cov_factor should be of shape \(..., 3, r",
    ),
    (
        lambda: Independent(Normal(0.0, 1.0), 1),
        ValueError,
        r"should be from 0 to 0, the number of axes of the batch sh",
    ),
    (lambda: Independent("p", 1), TypeError, r"base_distribution should be a distribution, not str"),  # type: ignore[arg-type]
    (lambda: MixtureSameFamily(Normal(0, 1), Normal(0, 1)), TypeError, r"should be a Categorical, not Normal"),  # type: ignore[arg-type]
    (lambda: MixtureSameFamily(Categorical([0.5, 0.5]), Normal(0, 1)), ShapeError, r"the batch shape \(2,\), not \(\)"),
    (lambda: ComposeTransform([3]), TypeError, r"ComposeTransform takes transforms, not int"),  # type: ignore[list-item]
    (lambda: AffineTransform(0.0, 0.0), ValueError, r"scale should be other than 0"),
    (lambda: PowerTransform(0.0), ValueError, r"exponent should be other than 0"),
    (lambda: ReshapeTransform((4,), (3,)), ShapeError, r"different numbers of elements"),
    (lambda: ReshapeTransform((4,), (2, 2))(np.ones(3)), ShapeError, r"does not end with the axes \(4,\)"),
    (lambda: Normal(0.0, 1.0).sample(-1), ValueError, r"sample_shape should be of integers of 0 or more, not"),
    (lambda: Normal(0.0, 1.0).sample((1.5,)), TypeError, r"sample_shape should be a tuple of integers, not"),  # type: ignore[arg-type]
    (lambda: Normal(X[0], 1.0).expand((2,)), ShapeError, r"Normal of batch shape \(3,\) does not expand to \(2,\)"),
    (
        lambda: Normal(X, 1.0).log_prob(np.ones(2)),
        ShapeError,
        r"Normal of batch shape \(2, 3\) and event shape \(\) was",
    ),
    (
        lambda: kl_divergence(Normal(0, 1), Poisson(1.0)),
        UnsupportedError,
        r"no formula .* Normal and Poisson: .*register",
    ),
    (lambda: kl_divergence(Normal(0, 1), 3), TypeError, r"kl_divergence: q should be a distribution, not int"),  # type: ignore[arg-type]
    (lambda: register_kl(int, Normal), TypeError, r"type_p should be a class of distributions, not <class 'int'>"),  # type: ignore[arg-type]
    (lambda: Distribution.set_default_validate_args(3), ValueError, r"takes True or False, not 3"),  # type: ignore[arg-type]
    (lambda: Distribution().sample(), UnsupportedError, r"Distribution has no sample"),
]


@pytest.mark.parametrize(("call", "kind", "message"), WRONG, ids=[message[:40] for *_, message in WRONG])
def test_errors_name_the_argument_the_value_and_the_remedy(
    call: Callable[[], Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        call()
    assert type(caught.value) is kind or issubclass(type(caught.value), AutogradError)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_broken_parameter_and_value_raises(case: Any) -> None:
    rng = np.random.default_rng(0)
    given = {name: np.asarray(draw(rng, (2,))) for name, draw in case.parameters.items()}
    distribution = case.of(distributions, given)
    for name, value in given.items():
        broken = value.copy()
        broken.reshape(-1)[1] = np.nan
        if case.name != "TransformedDistribution" or name not in ("shift", "factor"):
            with pytest.raises(ValueError, match="should be"):
                case.of(distributions, {**given, name: broken})
    value = distribution.sample().astype(float)
    value.reshape(-1)[0] = np.nan
    with pytest.raises((ValueError, TypeError), match="should be"):
        distribution.log_prob(value)


class _Lengths(Distribution):
    """Rows of three lengths, with a support that is told of each number."""

    support = constraints.positive
    _dtype = np.dtype(float)

    def _log_prob(self, value: Any) -> Any:
        return -np.sum(np.broadcast_to(value, np.broadcast_shapes(value.shape, (*self.batch_shape, 3))), axis=-1)


def test_a_mixture_checks_each_number_of_rows() -> None:
    mixture = MixtureSameFamily(Categorical(np.array([0.5, 0.5])), _Lengths((2,), (3,)))
    rows = np.array([[1.0, 2.0, -3.0], [4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(mixture.support.check(rows), rows > 0)
    np.testing.assert_allclose(mixture.log_prob(rows[1]), -15.0)
    with pytest.raises(ValueError, match=r"value should be positive, but value\[0, 2\] is -3"):
        mixture.log_prob(rows)


def test_what_is_not_checked_passes() -> None:
    assert np.isnan(Normal(0.0, 1.0, validate_args=False).log_prob(np.nan))
    Distribution.set_default_validate_args(False)
    try:
        assert Normal(0.0, -1.0).scale == -1
        with pytest.raises(ValueError, match="scale should be positive"):
            Normal(0.0, -1.0, validate_args=True)
    finally:
        Distribution.set_default_validate_args(True)


def test_dtypes_of_parameters() -> None:
    single = np.ones(3, np.float32)
    assert Normal(0.0, 1.0).loc.dtype == np.float32
    assert Normal([0.0, 1.0], 1).loc.dtype == np.float32
    assert Normal(single, 1.0).scale.dtype == np.float32
    assert Normal(single, np.ones(3)).loc.dtype == np.float64
    assert Normal(np.arange(3), 1.0).loc.dtype == np.float64
    assert Normal(np.arange(3), single).loc.dtype == np.float32
    assert Normal(Parameter([1.0]), 2.0).log_prob(3).dtype == np.float32
    assert Normal(0.0, 1.0).log_prob(np.ones(2)).dtype == np.float64
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    assert Normal(frame["a"], frame["b"]).log_prob(frame["b"]).shape == (2,)
    assert Poisson(frame["b"]).log_prob(frame["b"]).dtype == np.float64
    assert Categorical(np.ones((2, 3))).log_prob(pd.Series([0, 2])).shape == (2,)
    half = Normal(np.zeros(3, np.float16), 1.0)
    assert half.sample().dtype == half.log_prob(half.sample()).dtype == np.float16


def test_repr() -> None:
    assert repr(Normal(0.0, np.float32(0.1))) == "Normal(loc: 0.0, scale: 0.1)"
    assert repr(Normal(X, 1.0)) == "Normal(loc: (2, 3), scale: (2, 3))"
    assert repr(Bernoulli(logits=X)) == "Bernoulli(logits: (2, 3))"
    assert repr(distributions.Chi2(3.0)) == "Chi2(df: 3.0)"
    assert repr(distributions.LogNormal(0.0, 1.0)) == "LogNormal(loc: 0.0, scale: 1.0)"
    assert repr(Independent(Normal(X, 1.0), 1)) == "Independent(Normal(loc: (2, 3), scale: (2, 3)), 1)"
    assert repr(constraints.positive) == "Constraint(positive)"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pickles(case: Any) -> None:
    rng = np.random.default_rng(0)
    distribution = case.of(distributions, {name: draw(rng, (2,)) for name, draw in case.parameters.items()})
    copied = pickle.loads(pickle.dumps(distribution))
    sample = distribution.sample()
    np.testing.assert_array_equal(copied.log_prob(sample), distribution.log_prob(sample))


TRANSFORMS = [
    AffineTransform(1.0, -2.0),
    ExpTransform(),
    PowerTransform(2.0),
    PowerTransform(-0.5),
    SigmoidTransform(),
    distributions.SoftplusTransform(),
    distributions.TanhTransform(),
    ExpTransform().inv,
    ComposeTransform([AffineTransform(0.0, 2.0), SigmoidTransform(), PowerTransform(2.0)]),
    distributions.identity_transform,
]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=str)
def test_transforms_and_their_derivatives(transform: Any) -> None:
    x = tensor([0.3, 0.8, 1.7], requires_grad=True)
    y = transform(x)
    np.testing.assert_allclose(transform.inv(y).data, x.data, 1e-12)
    np.testing.assert_array_equal(transform.inv.inv(x).data, y.data)
    y.sum().backward()
    np.testing.assert_allclose(transform.log_abs_det_jacobian(x, y).data, np.log(np.abs(x.grad.data)), 1e-10, 1e-12)
    np.testing.assert_allclose(
        transform.inv.log_abs_det_jacobian(y, x).data, -np.log(np.abs(x.grad.data)), 1e-10, 1e-12
    )
    assert np.all(np.sign(x.grad.data) == transform.sign)
    assert transform.domain.check(x.data).all()
    assert transform.codomain.check(y.data).all()
    assert transform == transform
    assert transform != AffineTransform(1.0, -3.0)
    assert transform.forward_shape((3,)) == transform.inverse_shape((3,)) == (3,)


def test_transforms_of_events() -> None:
    steps = [IndependentTransform(ExpTransform(), 1), ReshapeTransform((4,), (2, 2))]
    p = TransformedDistribution(Normal(np.zeros((3, 4)), 1.0), steps)
    assert (p.batch_shape, p.event_shape) == ((3,), (2, 2))
    expected = Independent(distributions.LogNormal(np.zeros((3, 4)), 1.0), 1)
    value = p.sample((5,))
    np.testing.assert_allclose(p.log_prob(value), expected.log_prob(value.reshape(5, 3, 4)))
    assert p.expand((2, 3)).sample().shape == (2, 3, 2, 2)


def test_a_squashed_sample_has_a_density() -> None:
    """Of hyperbolic tangents that round to 1."""
    p = TransformedDistribution(Normal(np.float32(30.0), 1.0), distributions.TanhTransform())
    assert np.isfinite(p.log_prob(p.sample((3,)))).all()


def test_a_divergence_of_your_own_is_found_by_the_nearest_class() -> None:
    class Mine(Normal):
        """A normal distribution."""

    assert kl_divergence(Mine(1.0, 1.0), Normal(0.0, 1.0)) == 0.5

    @register_kl(Mine, Normal)
    def of_mine(p: Any, q: Any) -> Any:
        return np.float64(7.0)

    assert kl_divergence(Mine(1.0, 1.0), Normal(0.0, 1.0)) == 7


def test_every_name_is_in_a_test() -> None:
    sources = "".join(Path(place).read_text(encoding="utf-8") for place in (__file__, str(test_samples.__file__)))
    named = {case.name for case in CASES} | set(re.findall(r"\b[A-Za-z_]+\b", sources))
    assert_listed({*distributions.__all__} - {"Transform"}, named, "tests/nn/distributions/test_arguments.py")
    kinds = {n for n in distributions.__all__ if isinstance(getattr(distributions, n), type)}
    kinds = {n for n in kinds if issubclass(getattr(distributions, n), Distribution)} - {"Distribution"}
    assert_complete(kinds, {case.name for case in CASES}, "CASES in tests/nn/distributions/cases.py")


def test_without_scipy_what_needs_it_says_so() -> None:
    program = """
import sys
sys.modules["scipy"] = None
from nn.distributions import Gamma, Normal
print(Normal(0.0, 1.0).log_prob(Normal(0.0, 1.0).sample((2,))).shape)
try:
    Gamma(1.0, 1.0).log_prob(1.0)
except ImportError as error:
    print(error)
"""
    root = Path(__file__).parent.parent.parent.parent
    run = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout == "(2,)\nthis distribution needs xlogy of SciPy: pip install scipy\n"


def test_names_from_elsewhere_say_what_there_is_here() -> None:
    with pytest.raises(AttributeError, match=r"'norm': here it is nn.distributions.Normal"):
        getattr(distributions, "norm")  # noqa: B009  # a type checker knows that it is missing
    with pytest.raises(AttributeError, match=r"'Categorial'"):
        getattr(distributions, "Categorial")  # noqa: B009
