"""Activations against PyTorch: values, gradients, modules and their options."""

import inspect
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor, tensor
from nn import functional

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

TOLERANCE = {np.float64: 1e-12, np.float32: 2e-6}
# PyTorch multiplies by 1 / 6, or 1 / alpha, rounded to single precision, in double precision too.
ROUNDED = {"CELU": 1e-7, "Hardsigmoid": 1e-7}
some = st.sampled_from
positive = st.floats(0.25, 4)

# Each module, and where the values of its options come from.
MODULES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "CELU": {"alpha": positive},
    "ELU": {"alpha": positive},
    "GELU": {"approximate": some(["none", "tanh"])},
    "Hardshrink": {"lambd": st.floats(0, 2)},
    "Hardsigmoid": {},
    "Hardswish": {},
    "Hardtanh": {"min_val": st.floats(-2, 0), "max_val": st.floats(0.5, 2)},
    "Identity": {},
    "LeakyReLU": {"negative_slope": some([0.0, 0.01, 0.5, -1.0])},
    "LogSigmoid": {},
    "LogSoftmax": {"dim": some([0, 1, -1])},
    "Mish": {},
    "PReLU": {"num_parameters": some([1, 4]), "init": st.floats(-1, 1)},
    "RReLU": {"lower": st.floats(0, 0.2), "upper": st.floats(0.2, 0.5)},
    "ReLU": {},
    "ReLU6": {},
    "SELU": {},
    "SiLU": {},
    "Sigmoid": {},
    "Softmax": {"dim": some([0, 1, -1])},
    "Softmin": {"dim": some([0, 1, -1])},
    "Softplus": {"beta": positive, "threshold": some([1.0, 20.0])},
    "Softshrink": {"lambd": st.floats(0, 2)},
    "Softsign": {},
    "Tanh": {},
    "Tanhshrink": {},
    "Threshold": {"threshold": st.floats(-2, 2), "value": st.floats(-2, 2)},
    "GLU": {"dim": some([1, -1])},
}
FUNCTIONS = {
    "CELU": "celu", "ELU": "elu", "GELU": "gelu", "GLU": "glu", "Hardshrink": "hardshrink",
    "Hardsigmoid": "hardsigmoid", "Hardswish": "hardswish", "Hardtanh": "hardtanh", "LeakyReLU": "leaky_relu",
    "LogSigmoid": "logsigmoid", "LogSoftmax": "log_softmax", "Mish": "mish", "RReLU": "rrelu", "ReLU": "relu",
    "ReLU6": "relu6", "SELU": "selu", "SiLU": "silu", "Sigmoid": "sigmoid", "Softmax": "softmax", "Softmin": "softmin",
    "Softplus": "softplus", "Softshrink": "softshrink", "Softsign": "softsign", "Tanh": "tanh",
    "Tanhshrink": "tanhshrink", "Threshold": "threshold",
}  # fmt: skip


def same(ours: Any, theirs: Any, tolerance: float) -> None:
    ours, theirs = ours.data if isinstance(ours, Tensor) else ours, theirs.detach().numpy()
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


IN_PLACE = [name for name in MODULES if "inplace" in inspect.signature(getattr(nn, name)).parameters]


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("name", IN_PLACE)
def test_what_an_activation_in_place_overwrites(name: str, recorded: bool) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)) * 2
    options = {"threshold": 0.5, "value": 1.0} if name == "Threshold" else {}
    here, there = tensor(x, requires_grad=recorded), torch.tensor(x, requires_grad=recorded)
    results = []
    for module, leaf in ((nn, here), (torch.nn, there)):
        hidden = leaf * 1.0
        row = hidden[1]
        out = getattr(module, name)(**options, inplace=True).eval()(hidden)
        results.append((hidden * out).sum() + (row * row).sum())
    assert float(results[0].detach()) == pytest.approx(float(results[1].detach()), rel=1e-6)
    if recorded:
        for result in results:
            result.backward()
        assert here.grad is not None
        same(here.grad, there.grad, 1e-6)


@pytest.mark.parametrize("name", MODULES)
@draws(15)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), dtype=some([np.float64, np.float32]))
def test_module(name: str, data: Any, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    options = {option: data.draw(values) for option, values in MODULES[name].items()}
    extra = {"dtype": dtype} if name == "PReLU" else {}
    ours, theirs = getattr(nn, name)(**options, **extra).eval(), getattr(torch.nn, name)(**options).eval()
    theirs = theirs.to(torch.float64 if dtype is np.float64 else torch.float32)
    assert {k: v.shape for k, v in ours.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }
    shape = (data.draw(st.integers(1, 3)), 4, *data.draw(st.lists(some([2, 4]), max_size=2)))
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    tolerance = max(TOLERANCE[dtype], ROUNDED.get(name, 0))
    x = (rng.standard_normal(shape) * data.draw(some([1, 8]))).astype(dtype)
    a, b = tensor(x, requires_grad=True), torch.from_numpy(x.copy()).requires_grad_()
    out, expected = ours(a), theirs(b)
    same(out, expected, tolerance)
    g = rng.standard_normal(out.shape).astype(dtype)
    out.backward(g)
    expected.backward(torch.from_numpy(g))
    same(a.grad, b.grad, tolerance * 4)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        same(mine.grad, other.grad, tolerance * 50)
    if name in FUNCTIONS:
        function = getattr(functional, FUNCTIONS[name])
        same(function(x, **options), expected, tolerance)


# At corners, and far out. What is left out is nan in PyTorch, where infinity meets a factor of 0.
POINTS = [-1e30, -1000.0, -30.0, -6.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 30.0, 1000.0, 1e30]


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"GLU", "Softmax", "LogSoftmax", "Softmin"}))
def test_corners_and_extremes(name: str) -> None:
    options = {"Threshold": {"threshold": 1.0, "value": -7.0}}.get(name, {})
    ours, theirs = getattr(nn, name)(**options).eval(), getattr(torch.nn, name)(**options).eval()
    a, b = tensor(POINTS, requires_grad=True), torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    out, expected = ours(a), theirs(b)
    out.sum().backward()
    expected.sum().backward()
    same(out, expected, 1e-8)
    same(a.grad, b.grad, 1e-8)


@pytest.mark.parametrize("name", ["GELU", "SiLU", "Mish", "Hardswish"])
def test_minus_infinity_is_nan_in_pytorch_alone(name: str) -> None:
    """The limit is 0; PyTorch multiplies infinity by 0 for some of them."""
    x = tensor([-math.inf], requires_grad=True)
    out = getattr(nn, name)()(x)
    out.sum().backward()
    assert x.grad is not None
    assert (out.data == 0).all()
    assert (x.grad.data == 0).all()


def test_gelu_keeps_digits_that_pytorch_loses() -> None:
    """For x = -9 PyTorch's 1 + erf(x / sqrt(2)) is 0 in double precision."""
    x = np.array([-9.0])
    exact = -9 * math.erfc(9 / math.sqrt(2)) / 2
    np.testing.assert_allclose(functional.gelu(x), exact, rtol=1e-13)
    assert abs(float(torch.nn.functional.gelu(torch.from_numpy(x))) / exact - 1) > 1e-3


def test_softmax_of_images() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    same(nn.Softmax2d()(x), torch.nn.Softmax2d()(torch.from_numpy(x)), 1e-12)


@pytest.mark.parametrize("name", ["Dropout1d", "Dropout2d", "Dropout3d"])
def test_channels_are_dropped_as_in_pytorch(name: str) -> None:
    shape = (50, 40, 3, 2, 1)[: 2 + int(name[-2])]
    ours = getattr(nn, name)(0.25)(np.ones(shape))
    theirs = getattr(torch.nn, name)(0.25)(torch.ones(shape)).numpy()
    for out in (ours, theirs):
        assert set(np.unique(out.round(4))) == {0, np.float32(1.3333) if out.dtype == np.float32 else 1.3333}
        assert (out.reshape(50, 40, -1).std(-1) == 0).all()
        assert 0.2 < (out == 0).mean() < 0.3


def test_channels_are_set_to_the_least_value_as_in_pytorch() -> None:
    nn.manual_seed(0)
    x = np.zeros((40, 50, 2, 3), np.float32)
    ours = nn.FeatureAlphaDropout(0.25)(x)
    theirs = torch.nn.FeatureAlphaDropout(0.25)(torch.tensor(x)).numpy()
    np.testing.assert_allclose(np.unique(ours), np.unique(theirs), rtol=1e-5)
    assert (ours.reshape(40, 50, -1).std(-1) == 0).all()
    assert (ours < 0).mean() == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("dim", [0, -1])
def test_gumbel_softmax(hard: bool, dim: int) -> None:
    """Categories are as frequent as in PyTorch, and gradients are those of PyTorch's softmax of the same noise."""
    logits, tau = np.array([0.0, 1.0, -2.0, 0.5]), 0.7
    many = np.ascontiguousarray(
        np.broadcast_to(logits, (4000, 4)).T if dim == 0 else np.broadcast_to(logits, (4000, 4))
    )
    nn.manual_seed(0)
    torch.manual_seed(0)
    live = tensor(many, requires_grad=True)
    out = functional.gumbel_softmax(live, tau, hard, dim=dim)
    theirs = torch.nn.functional.gumbel_softmax(torch.tensor(many), tau, hard, dim=dim).numpy()
    chances = np.exp(logits) / np.exp(logits).sum()
    for values in (out.data, theirs):
        np.testing.assert_allclose(values.sum(axis=dim), 1, rtol=1e-12)
        assert bool(np.isin(values, (0, 1)).all()) == hard
        chosen = np.bincount(values.argmax(axis=dim), minlength=4) / 4000
        np.testing.assert_allclose(chosen, chances, atol=0.03)
    np.testing.assert_allclose(out.data.mean(axis=dim - 1), theirs.mean(axis=dim - 1), atol=0.03)
    noise = np.random.default_rng(0).gumbel(size=many.shape)
    weights = np.random.default_rng(1).standard_normal(many.shape)
    live.grad = None
    seeded = functional.gumbel_softmax(live, tau, hard, dim=dim, generator=np.random.default_rng(0))
    seeded.backward(weights)
    other = torch.tensor(many, requires_grad=True)
    soft = ((other + torch.tensor(noise)) / tau).softmax(dim)
    soft.backward(torch.tensor(weights))
    same(live.grad, other.grad, 1e-10)
    same(seeded, (soft == soft.max(dim, keepdim=True)[0]).double() if hard else soft, 1e-10)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_dropout(p: float) -> None:
    """What is kept is multiplied by the same number, and so are the gradients; how much that is, is drawn."""
    nn.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = tensor(np.ones((100, 50)), requires_grad=True), torch.ones((100, 50), requires_grad=True)
    outs = nn.Dropout(p)(ours), torch.nn.Dropout(p)(theirs)
    outs[0].sum().backward()
    outs[1].sum().backward()
    assert ours.grad is not None
    np.testing.assert_array_equal(ours.grad.data, outs[0].data)
    np.testing.assert_allclose(np.unique(outs[0].data), np.unique(outs[1].detach().numpy()), rtol=1e-6)
    shares = [float((values == 0).mean()) for values in (outs[0].data, outs[1].detach().numpy())]
    assert shares == pytest.approx([p, p], abs=0.03)


def test_rrelu_draws_slopes_from_pytorchs_range() -> None:
    nn.manual_seed(0)
    torch.manual_seed(0)
    x = -np.ones(2000)
    slopes = [-nn.RReLU(0.1, 0.4)(x), -torch.nn.RReLU(0.1, 0.4)(torch.tensor(x)).numpy()]
    for each in slopes:
        assert 0.1 <= each.min() < 0.101 < 0.399 < each.max() <= 0.4
        assert each.mean() == pytest.approx(0.25, abs=0.01)


def test_alpha_dropout_has_pytorchs_two_values() -> None:
    nn.manual_seed(0)
    for p in (0.1, 0.5, 0.9):
        ours = nn.AlphaDropout(p)(np.zeros(200, np.float32))
        theirs = torch.nn.AlphaDropout(p)(torch.zeros(200)).numpy()
        np.testing.assert_allclose(np.unique(ours), np.unique(theirs), rtol=1e-5)
