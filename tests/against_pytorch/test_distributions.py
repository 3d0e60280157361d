"""Distributions beside those of `torch.distributions`: densities, gradients, moments, samples and divergences."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import UnsupportedError, no_grad, tensor
from nn import distributions as ours

from ..nn.distributions.cases import CASES, LOC_SCALE, Case, Rng, positive, softened

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
theirs = torch.distributions
names = [f"{case.name}-{'-'.join(case.parameters)}" for case in CASES]
every_case = pytest.mark.parametrize("case", CASES, ids=names)
seeds = st.tuples(st.integers(0, 2**32 - 1), st.sampled_from([(3, 1), (), (2,)]))


def drawn(case: Case, seed: int, shape: tuple[int, ...]) -> tuple[Any, Any, dict[str, Any], dict[str, Any]]:
    """Return both distributions with parameters that require gradients, and these."""
    rng = np.random.default_rng(seed)
    values = {name: draw(rng, shape) for name, draw in case.parameters.items()}
    mine = {name: tensor(value, requires_grad=True) for name, value in values.items()}
    peers = {name: torch.tensor(value, requires_grad=True) for name, value in values.items()}
    return case.of(ours, mine), case.of(theirs, peers), mine, peers


# Their Bessel functions are those of single precision, and the entropy of counts is of clamped probabilities.
CLOSE = {"VonMises": 1e-6, "Multinomial": 1e-6}


def same(found: Any, expected: Any, tolerance: float = 1e-9) -> None:
    found = getattr(found, "data", found) if not isinstance(found, np.ndarray) else found
    np.testing.assert_allclose(np.asarray(found), expected.detach().numpy(), tolerance, tolerance)
    assert np.shape(found) == tuple(expected.shape)


def same_gradients(found: Any, expected: Any, mine: dict[str, Any], peers: dict[str, Any], atol: float = 1e-8) -> None:
    """Compare the gradients of two results, weighted, in all parameters."""
    weights = np.random.default_rng(0).normal(size=tuple(expected.shape))
    for leaf in (*mine.values(), *peers.values()):
        leaf.grad = None
    (found * weights).sum().backward(retain_graph=True)
    (expected * torch.tensor(weights)).sum().backward(retain_graph=True)
    for name, leaf in mine.items():
        gradient = peers[name].grad
        zeros = np.zeros(leaf.shape)
        if gradient is not None and name.endswith("scale_tril"):  # what is above the diagonal is left out here
            gradient = gradient.tril()
        np.testing.assert_allclose(
            zeros if leaf.grad is None else leaf.grad.data, zeros if gradient is None else gradient.numpy(), 1e-7, atol
        )


@every_case
@settings(max_examples=2)
@given(seed=seeds)
def test_densities_and_their_gradients(case: Case, seed: tuple[int, tuple[int, ...]]) -> None:
    torch.manual_seed(seed[0] % 1000)
    mine, peer, leaves, peers = drawn(case, *seed)
    value = peer.sample((4,))
    floating = value.dtype.is_floating_point
    place = tensor(value.numpy(), requires_grad=True) if floating else value.numpy()
    if floating:
        value.requires_grad_()
        leaves, peers = {**leaves, "value": place}, {**peers, "value": value}
    found, expected = mine.log_prob(place), peer.log_prob(value)
    same(found, expected, CLOSE.get(case.name, 1e-9))
    if case.name in ("Multinomial", "OneHotCategorical", "OneHotCategoricalStraightThrough", "Independent"):
        leaves.pop("value", None)  # of what is 0, PyTorch's has a derivative
    same_gradients(found, expected, leaves, peers, CLOSE.get(case.name, 1e-8))


@every_case
@settings(max_examples=1)
@given(seed=seeds)
def test_moments_entropy_and_shapes(case: Case, seed: tuple[int, tuple[int, ...]]) -> None:
    mine, peer, leaves, peers = drawn(case, *seed)
    assert (mine.batch_shape, mine.event_shape) == (tuple(peer.batch_shape), tuple(peer.event_shape))
    assert mine.has_rsample == peer.has_rsample
    assert mine.has_enumerate_support == peer.has_enumerate_support
    assert mine.sample((2, 3)).shape == tuple(peer.sample((2, 3)).shape)
    constraint, expected = mine.support, peer.support
    assert (constraint.event_dim, constraint.is_discrete) == (expected.event_dim, expected.is_discrete)
    wide, wide_peer = (d.expand((2, *d.batch_shape)) for d in (mine, peer))
    assert (wide.batch_shape, wide.event_shape) == (tuple(wide_peer.batch_shape), tuple(wide_peer.event_shape))
    value = peer.sample()
    same(wide.log_prob(value.numpy()), wide_peer.log_prob(value), CLOSE.get(case.name, 1e-9))
    for attribute in ("mean", "mode", "variance", "stddev"):
        try:
            theirs_is = getattr(peer, attribute)
        except NotImplementedError:
            with pytest.raises(UnsupportedError):
                getattr(mine, attribute)
            continue
        if attribute in case.absent:
            continue
        same(getattr(mine, attribute), theirs_is)
        if attribute != "mode" and theirs_is.requires_grad and bool(torch.isfinite(theirs_is).all()):
            same_gradients(getattr(mine, attribute), theirs_is, leaves, peers)
    try:
        entropy = peer.entropy()
    except NotImplementedError:
        with pytest.raises(UnsupportedError):
            mine.entropy()
        return
    same(mine.entropy(), entropy, CLOSE.get(case.name, 1e-9))
    same(mine.perplexity(), peer.perplexity(), CLOSE.get(case.name, 1e-9))
    same_gradients(mine.entropy(), entropy, leaves, peers, CLOSE.get(case.name, 1e-8))


@every_case
@settings(max_examples=1)
@given(seed=seeds)
def test_distribution_functions(case: Case, seed: tuple[int, tuple[int, ...]]) -> None:
    mine, peer, leaves, peers = drawn(case, *seed)
    value = peer.sample((3,))
    try:
        expected = peer.cdf(value)
    except (NotImplementedError, AttributeError):
        with pytest.raises(UnsupportedError):
            mine.cdf(value.numpy())
        return
    found = mine.cdf(value.numpy())
    same(found, expected)
    if case.name not in ("Gamma", "Chi2", "InverseGamma"):  # PyTorch has no derivative in the concentration
        same_gradients(found, expected, leaves, peers)
    chances = np.random.default_rng(seed[0]).uniform(0.01, 0.99, found.shape)
    try:
        quantiles = peer.icdf(torch.tensor(chances))
    except NotImplementedError:
        return
    same(mine.icdf(chances), quantiles, 1e-8)
    same_gradients(mine.icdf(chances), quantiles, leaves, peers, 1e-6)
    np.testing.assert_allclose(mine.cdf(mine.icdf(chances)).data, chances, 1e-7)


COUNTED = [case for case in CASES if case.name in ("Bernoulli", "Binomial", "Categorical", "OneHotCategorical")]


@pytest.mark.parametrize("case", COUNTED, ids=lambda case: case.name)
@pytest.mark.parametrize("expand", [True, False])
def test_all_values(case: Case, expand: bool) -> None:
    mine, peer, *_ = drawn(case, 0, (2,))
    same(mine.enumerate_support(expand), peer.enumerate_support(expand))


# Samples that move with the parameters


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_implicit_gradients_of_gamma_variates(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = np.exp(rng.uniform(np.log(0.05), np.log(200), 30))
    leaf = tensor(a, requires_grad=True)
    sample = ours.Gamma(leaf, 1.0).rsample((3,), rng)
    assert sample.dtype == np.float64
    sample.sum().backward()
    expected = torch._standard_gamma_grad(torch.tensor(np.broadcast_to(a, (3, 30)).copy()), torch.tensor(sample.data))
    np.testing.assert_allclose(leaf.grad.data, expected.numpy().sum(0), 1e-3)  # PyTorch's is an approximation


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_implicit_gradients_of_dirichlet_variates(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = np.exp(rng.uniform(np.log(0.3), np.log(20), (6, 4)))
    leaf, weights = tensor(a, requires_grad=True), rng.normal(size=(6, 4))
    sample = ours.Dirichlet(leaf).rsample((), rng)
    (sample * weights).sum().backward()
    total = np.broadcast_to(a.sum(-1, keepdims=True), a.shape).copy()
    moved = torch._dirichlet_grad(*(torch.tensor(x) for x in (sample.data, a, total))).numpy()
    expected = moved * (weights - (sample.data * weights).sum(-1, keepdims=True))
    np.testing.assert_allclose(leaf.grad.data, expected, 3e-3, 1e-4)  # PyTorch's is an approximation


PATHWISE = [case for case in CASES if getattr(theirs, case.name).has_rsample and case.make is None]


@pytest.mark.parametrize("case", PATHWISE, ids=[f"{c.name}-{'-'.join(c.parameters)}" for c in PATHWISE])
def test_means_of_samples_move_as_theirs(case: Case) -> None:
    """The gradient of a mean over many samples, in each parameter, is that of PyTorch's up to its own deviation."""
    mine, peer, leaves, peers = drawn(case, 3, ())
    torch.manual_seed(0)
    size = 4000

    def spread(x: Any) -> Any:  # bounded, so that the means of heavy tails converge
        return x / (1 + x * x)

    events = len(mine.event_shape)
    sums = []
    for distribution, of, seeded in ((mine, leaves, {"generator": np.random.default_rng(1)}), (peer, peers, {})):
        x = distribution.rsample((size,), **seeded)
        total = spread(x).sum() if not events else spread(x)[..., 0].sum()
        total.backward()
        sums.append({name: np.asarray(leaf.grad.data) / size for name, leaf in of.items()})
    for name in leaves:
        np.testing.assert_allclose(sums[0][name], sums[1][name], 0.15, 0.06, err_msg=name)


# Divergences


PAIRS = [
    (p.__name__, q.__name__)
    for p, q in theirs.kl._KL_REGISTRY
    if hasattr(ours, p.__name__) and hasattr(ours, q.__name__)
]


def of_pair(name: str, rng: Rng, other: str) -> Case:
    """Return how a distribution is drawn to be compared with another one."""
    found = next(case for case in CASES if case.name == name)
    if (name, other) == ("Uniform", "Beta"):
        return Case("Uniform", {"low": lambda r, s: r.uniform(0, 0.4, s), "high": lambda r, s: r.uniform(0.6, 1, s)})
    if name == "Uniform" and other in ("Exponential", "Gamma", "Pareto"):
        return Case("Uniform", {"low": lambda r, s: 9 + positive(r, s), "high": lambda r, s: 99 + positive(r, s)})
    if name == "Pareto" and other == "Pareto":
        return Case("Pareto", {"scale": positive, "alpha": positive})
    if name == "TransformedDistribution":
        return Case(name, LOC_SCALE, make=softened)
    return found


@pytest.mark.parametrize("pair", PAIRS, ids=["-".join(pair) for pair in PAIRS])
@settings(max_examples=1)
@given(seed=seeds)
def test_divergences_and_their_gradients(pair: tuple[str, str], seed: tuple[int, tuple[int, ...]]) -> None:
    rng = np.random.default_rng(seed[0])
    first, second = of_pair(pair[0], rng, pair[1]), of_pair(pair[1], rng, pair[0])
    p, p_peer, of_p, peers_p = drawn(first, seed[0], seed[1])
    q, q_peer, of_q, peers_q = drawn(second, seed[0] + 1, seed[1])
    found, expected = ours.kl_divergence(p, q), theirs.kl_divergence(p_peer, q_peer)
    finite = bool(torch.isfinite(expected).all())
    same(found, expected, 1e-7)
    if finite and expected.requires_grad and getattr(found, "requires_grad", False):
        leaves = {**{f"p.{n}": x for n, x in of_p.items()}, **{f"q.{n}": x for n, x in of_q.items()}}
        peers = {**{f"p.{n}": x for n, x in peers_p.items()}, **{f"q.{n}": x for n, x in peers_q.items()}}
        same_gradients(found, expected, leaves, peers, 1e-6)


def test_enough_pairs_have_a_divergence() -> None:
    assert len(PAIRS) > 65


def test_single_precision_stays() -> None:
    """Python's numbers beside float32 are float32, as in PyTorch, and so are results."""
    for case in CASES:
        rng = np.random.default_rng(5)
        values = {name: draw(rng, ()).astype(np.float32) for name, draw in case.parameters.items()}
        mine = case.of(ours, values)
        peer = case.of(theirs, {name: torch.tensor(value) for name, value in values.items()})
        value = peer.sample((3,))
        with no_grad():
            found = mine.log_prob(value.numpy())
        assert found.dtype == np.float32, case.name
        np.testing.assert_allclose(found, peer.log_prob(value).numpy(), 2e-4, 2e-4, err_msg=case.name)
        assert mine.sample((3,)).dtype == (np.int64 if case.name == "Categorical" else np.float32), case.name
