"""Activations: values by definition, derivatives of both orders, corners, extremes, dtypes, memory, errors."""

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

import nn
from autograd import (
    DtypeError,
    ShapeError,
    Tensor,
    compile,
    elementwise_grad,
    grad,
    gradcheck,
    gradgradcheck,
    saved_tensors_hooks,
    tensor,
)
from nn import functional
from nn.functional import _gelu

rng = np.random.default_rng(0)
X = np.linspace(-6.1, 6.1, 24).reshape(2, 12)  # none of its elements is at a corner
erf = np.vectorize(math.erf, otypes=[float])


def softplus(x: Any) -> Any:
    return np.log(1 + np.exp(x))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


# Each layer, the function it calls with these arguments, and the definition.
CASES: dict[str, tuple[Callable[[], nn.Module], str, tuple[Any, ...], Callable[[Any], Any]]] = {
    "relu": (nn.ReLU, "relu", (), lambda x: np.maximum(x, 0)),
    "tanh": (nn.Tanh, "tanh", (), np.tanh),
    "sigmoid": (nn.Sigmoid, "sigmoid", (), sigmoid),
    "relu6": (nn.ReLU6, "relu6", (), lambda x: np.minimum(np.maximum(x, 0), 6)),
    "hardtanh": (lambda: nn.Hardtanh(-2, 3), "hardtanh", (-2, 3), lambda x: np.clip(x, -2, 3)),
    "leaky_relu": (lambda: nn.LeakyReLU(0.3), "leaky_relu", (0.3,), lambda x: np.where(x > 0, x, 0.3 * x)),
    "leaky_relu of 0": (lambda: nn.LeakyReLU(0), "leaky_relu", (0,), lambda x: np.maximum(x, 0)),
    "rrelu": (lambda: nn.RReLU(0.2, 0.4).eval(), "rrelu", (0.2, 0.4), lambda x: np.where(x > 0, x, 0.3 * x)),
    "hardsigmoid": (nn.Hardsigmoid, "hardsigmoid", (), lambda x: np.clip(x + 3, 0, 6) / 6),
    "hardswish": (nn.Hardswish, "hardswish", (), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "hardshrink": (lambda: nn.Hardshrink(1.2), "hardshrink", (1.2,), lambda x: x * (abs(x) > 1.2)),
    "softshrink": (
        lambda: nn.Softshrink(1.2), "softshrink", (1.2,), lambda x: np.sign(x) * np.maximum(abs(x) - 1.2, 0)
    ),
    "threshold": (lambda: nn.Threshold(0.5, 7), "threshold", (0.5, 7), lambda x: np.where(x > 0.5, x, 7)),
    "gelu": (nn.GELU, "gelu", (), lambda x: x * (1 + erf(x / math.sqrt(2))) / 2),
    "gelu by tanh": (
        lambda: nn.GELU("tanh"), "gelu", ("tanh",),
        lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "silu": (nn.SiLU, "silu", (), lambda x: x * sigmoid(x)),
    "mish": (nn.Mish, "mish", (), lambda x: x * np.tanh(softplus(x))),
    "elu": (lambda: nn.ELU(1.5), "elu", (1.5,), lambda x: np.where(x > 0, x, 1.5 * (np.exp(x) - 1))),
    "celu": (lambda: nn.CELU(1.5), "celu", (1.5,), lambda x: np.where(x > 0, x, 1.5 * (np.exp(x / 1.5) - 1))),
    "selu": (
        nn.SELU, "selu", (), lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))
    ),
    "softplus": (lambda: nn.Softplus(0.5), "softplus", (0.5,), lambda x: softplus(x / 2) * 2),
    "softplus with a threshold": (
        lambda: nn.Softplus(2, 5), "softplus", (2, 5), lambda x: np.where(2 * x > 5, x, softplus(2 * x) / 2)
    ),
    "softsign": (nn.Softsign, "softsign", (), lambda x: x / (1 + abs(x))),
    "tanhshrink": (nn.Tanhshrink, "tanhshrink", (), lambda x: x - np.tanh(x)),
    "logsigmoid": (nn.LogSigmoid, "logsigmoid", (), lambda x: -softplus(-x)),
    "glu": (nn.GLU, "glu", (), lambda x: x[:, :6] * sigmoid(x[:, 6:])),
    "glu over the first axis": (lambda: nn.GLU(0), "glu", (0,), lambda x: x[:1] * sigmoid(x[1:])),
    "softmin": (lambda: nn.Softmin(0), "softmin", (0,), lambda x: np.exp(-x) / np.exp(-x).sum(0)),
    "prelu": (
        lambda: nn.PReLU(dtype=np.float64), "prelu", (np.array([0.25]),), lambda x: np.where(x > 0, x, x / 4)
    ),
}  # fmt: skip
each = pytest.mark.parametrize("name", CASES)


@each
def test_values_are_those_of_the_definition(name: str) -> None:
    make, function, arguments, definition = CASES[name]
    expected = definition(X)
    out = getattr(functional, function)(X, *arguments)
    assert type(out) is np.ndarray
    np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(make()(tensor(X)).data, out)


@pytest.mark.one_in(3)
@each
def test_derivatives_of_both_orders(name: str) -> None:
    layer = CASES[name][0]()
    assert gradcheck(layer, [X], fast_mode=True)
    assert gradgradcheck(layer, [X], fast_mode=True)


@pytest.mark.one_in(3)
@each
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_stay(name: str, dtype: Any) -> None:
    _, function, arguments, definition = CASES[name]
    arguments = tuple(a.astype(dtype) if isinstance(a, np.ndarray) else a for a in arguments)
    x = tensor(X.astype(dtype), requires_grad=True)
    out = getattr(functional, function)(x, *arguments)
    assert out.dtype == dtype
    out.backward(np.ones(out.shape, dtype))
    assert x.grad is not None
    assert x.grad.dtype == dtype
    digits = {np.float16: 2e-2, np.float32: 1e-5, np.float64: 1e-12}[dtype]
    np.testing.assert_allclose(out.data, definition(x.data.astype(float)), rtol=digits, atol=digits / 4)


@each
def test_memory_of_any_layout_and_no_elements(name: str) -> None:
    _, function, arguments, _ = CASES[name]
    call = getattr(functional, function)
    expected = call(X, *arguments)
    frozen = X.copy()
    frozen.flags.writeable = False
    for layout in (frozen, np.asfortranarray(X), np.repeat(X, 2, 1)[:, ::2]):
        x = Tensor(layout, requires_grad=True)
        np.testing.assert_allclose(call(x, *arguments).data, expected, rtol=1e-14)
        call(x, *arguments).sum().backward()
    if function != "softmin":
        empty = tensor(np.zeros((2, 0)), requires_grad=True)
        call(empty, *arguments).sum().backward()
        assert empty.grad is not None
        assert empty.grad.shape == (2, 0)


@each
def test_nan_stays_and_nothing_overflows(name: str) -> None:
    _, function, arguments, _ = CASES[name]
    call = getattr(functional, function)
    far = np.array([-1e300, -1e5, -1000.0, 1000.0, 1e5, 1e300])
    if name not in ("glu over the first axis",):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            x = tensor(far, requires_grad=True)
            y = call(x, *arguments)
            y.sum().backward()
        assert x.grad is not None
        assert np.isfinite(y.data).all()
        assert np.isfinite(x.grad.data).all()
        assert np.isnan(call(np.full(2, np.nan), *arguments)).all()


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_keeps_the_digits_of_small_probabilities(approximate: Any, dtype: Any) -> None:
    x = np.linspace(-12, 8, 401).astype(dtype)
    if approximate == "none":
        exact = [v * math.erfc(-v / math.sqrt(2)) / 2 for v in x.astype(float)]
    else:
        exact = [v / (1 + math.exp(-2 * math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in x.astype(float)]
    np.testing.assert_allclose(functional.gelu(x, approximate), exact, rtol=100 * np.finfo(dtype).eps, atol=1e-37)
    near = abs(x) < 4
    np.testing.assert_allclose(
        functional.gelu(x, approximate)[near], np.array(exact)[near], rtol=12 * np.finfo(dtype).eps
    )


def test_gelu_of_numbers_and_integers() -> None:
    assert abs(float(functional.gelu(np.float64(1.0))) - 0.8413447460685429) < 1e-15
    np.testing.assert_allclose(functional.gelu(np.array([1, -1])), [0.8413447460685429, -0.15865525393145707])
    assert functional.gelu(tensor(1.0)).shape == ()


def test_softsign_at_infinity() -> None:
    np.testing.assert_array_equal(functional.softsign(np.array([-np.inf, np.inf])), [-1, 1])


def test_prelu_of_channels() -> None:
    layer: Any = nn.PReLU(3, init=0.5, dtype=np.float64)
    assert layer.weight.shape == (3,)
    slopes = np.array([0.1, 0.2, 0.3])
    x = rng.standard_normal((2, 3, 4))
    for check in (gradcheck, gradgradcheck):
        assert check(functional.prelu, [x, slopes])
        assert check(functional.prelu, [x[..., 0], slopes])
        assert check(functional.prelu, [x, slopes[:1]])
    np.testing.assert_allclose(functional.prelu(x, slopes), np.where(x > 0, x, x * slopes[:, None]))
    assert functional.prelu(np.array(-1.0), slopes[:1]).shape == ()


def test_rrelu_draws_a_slope_for_each_while_training() -> None:
    nn.manual_seed(0)
    x = tensor(-np.ones(2000), requires_grad=True)
    out = nn.RReLU(0.25, 0.5)(x)
    out.sum().backward()
    slopes = -out.data
    assert 0.25 <= slopes.min() < 0.26
    assert 0.49 < slopes.max() <= 0.5
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, slopes)
    assert (nn.RReLU(0.25, 0.5)(np.ones(3)) == 1).all()


def test_softmax_of_images() -> None:
    x = rng.standard_normal((2, 3, 4, 5))
    np.testing.assert_allclose(nn.Softmax2d()(x).sum(1), 1)
    np.testing.assert_array_equal(nn.Softmax2d()(x[0]), nn.Softmax2d()(x)[0])


def test_dropout_of_channels() -> None:
    nn.manual_seed(0)
    x = tensor(np.ones((30, 20, 4)), requires_grad=True)
    out = nn.Dropout1d(0.5)(x)
    assert set(np.unique(out.data)) == {0, 2}
    assert (out.data == out.data[:, :, :1]).all()
    out.sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.data, out.data)
    images = nn.Dropout2d(0.5)(np.ones((20, 4, 3)))
    assert (images == images[:, :1, :1]).all()
    assert 0 < images.mean() < 2
    for layer in (nn.Dropout1d(), nn.Dropout2d(), nn.AlphaDropout()):
        assert layer.eval()(x) is x
        assert repr(layer) == f"{type(layer).__name__}(p=0.5)"


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    nn.manual_seed(0)
    x = tensor(rng.standard_normal(200_000).astype(np.float32), requires_grad=True)
    out = nn.AlphaDropout(0.3)(x)
    assert out.dtype == np.float32
    assert abs(out.data.mean()) < 0.02
    assert abs(out.data.std() - 1) < 0.02
    out.sum().backward()
    assert x.grad is not None
    assert len(np.unique(x.grad.data)) == 2
    assert functional.alpha_dropout(x, 0.3) is x
    assert (functional.alpha_dropout(x, 1.0, training=True).data == 0).all()


def test_what_they_print() -> None:
    assert repr(nn.GELU("tanh")) == "GELU(approximate='tanh')"
    assert repr(nn.Hardtanh()) == "Hardtanh(min_val=-1.0, max_val=1.0)"
    assert repr(nn.PReLU(3)) == "PReLU(num_parameters=3)"
    assert repr(nn.Softplus()) == "Softplus(beta=1.0, threshold=20.0)"
    assert repr(nn.SiLU()) == "SiLU()"
    assert repr(nn.GLU(dim=1)) == "GLU(axis=1)"


ERRORS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: functional.gelu(X, cast(Any, "erf")), ValueError, """approximate="none" or "tanh", not 'erf'"""),
    (lambda: functional.hardtanh(X, 1, -1), ValueError, "min_val=1 above max_val=-1"),
    (lambda: functional.rrelu(X, 1, 0), ValueError, "lower=1 above upper=0"),
    (lambda: functional.softshrink(X, -1), ValueError, "lambd of at least 0, not -1"),
    (lambda: functional.softplus(X, 0), ValueError, "positive beta, not 0"),
    (lambda: functional.celu(X, 0), ValueError, "positive alpha, not 0"),
    (lambda: functional.prelu(X, np.ones(3)), ShapeError, r"input of shape \(2, 12\) needs a weight of shape \(1,\)"),
    (lambda: functional.prelu(X[0], np.ones(12)), ShapeError, r"input of shape \(12,\)"),
    (lambda: functional.glu(np.ones((2, 3))), ShapeError, r"even number of elements along axis -1 .* \(2, 3\)"),
    (lambda: functional.glu(np.ones(4), 1), ShapeError, "along axis 1"),
    (lambda: nn.Softmax2d()(np.ones((2, 3))), ShapeError, r"\(n, channels, height, width\), not \(2, 3\)"),
    (lambda: functional.dropout1d(np.ones(3)), ShapeError, r"dropout1d takes inputs of 3 dimensions.*\(3,\)"),
    (lambda: functional.dropout2d(np.ones(3)), ShapeError, "dropout2d takes inputs of 4 dimensions"),
    (lambda: functional.feature_alpha_dropout(X[0]), ShapeError, r"\(n, channels, \.\.\.\), not \(12,\)"),
    (lambda: nn.FeatureAlphaDropout(2), ValueError, "from 0 to 1, not 2"),
    (lambda: functional.gumbel_softmax(X, 0), ValueError, "tau should be a number above 0, not 0"),
    (lambda: functional.gumbel_softmax(X, dim=2), ShapeError, r"shape \(2, 12\) have no categories along dim=2"),
    (lambda: functional.gumbel_softmax(X[:, :0]), ShapeError, r"shape \(2, 0\) have no categories"),
    (lambda: functional.gumbel_softmax(X + 1j), DtypeError, "real numbers, but logits has dtype complex128"),
    (lambda: functional.alpha_dropout(X, 2), ValueError, "from 0 to 1, not 2"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_name_values_and_shapes(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_hard_draws_are_exact_and_have_the_gradient_of_smooth_ones() -> None:
    def drawn(x: Any, hard: bool) -> Any:
        return functional.gumbel_softmax(x, 0.5, hard, generator=np.random.default_rng(0))

    def total(x: Any, hard: bool) -> Any:
        return (drawn(x, hard) * np.arange(12.0)).sum()

    assert set(np.unique(drawn(X, True))) == {0.0, 1.0}
    np.testing.assert_allclose(grad(total)(X, True), grad(total)(X, False), rtol=1e-12)
    assert gradgradcheck(lambda x: drawn(x, False), X, fast_mode=True)
    program = compile(lambda x: functional.gumbel_softmax(x, hard=True))
    for seed in (0, 1, 2):
        nn.manual_seed(seed)
        found = program(X)
        nn.manual_seed(seed)
        np.testing.assert_array_equal(found, functional.gumbel_softmax(X, hard=True))
    for dtype in (np.float16, np.float32):
        assert functional.gumbel_softmax(X.astype(dtype), hard=True).dtype == dtype


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gelu_of_large_arrays_is_that_of_their_parts(approximate: Any, dtype: Any) -> None:
    x = np.random.default_rng(0).normal(0, 3, (3, 50_000)).astype(dtype)
    weights = np.random.default_rng(1).standard_normal(x.shape).astype(dtype)
    whole = tensor(x, requires_grad=True)
    result = nn.functional.gelu(whole, approximate)
    result.backward(weights)
    for rows in (slice(0, 1), slice(1, 3)):
        part = tensor(np.asfortranarray(x[rows, ::7]), requires_grad=True)
        of_part = nn.functional.gelu(part, approximate)
        of_part.backward(weights[rows, ::7])
        close = {"rtol": 8 * np.finfo(dtype).eps, "atol": 1e-30}  # vectors and single elements may be rounded apart
        np.testing.assert_allclose(result.data[rows, ::7], of_part.data, **close)
        np.testing.assert_allclose(whole.grad.data[rows, ::7], part.grad.data, **close)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (5, 3), (3, 50_000)])
def test_gelu_leaves_its_derivative(monkeypatch: pytest.MonkeyPatch, dtype: Any, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    whole, g = (np.asarray(rng.normal(0, 3, shape)).astype(dtype) for _ in range(2))
    for x in (whole, np.asfortranarray(whole).reshape(shape), whole.T.copy().T):
        by_rule, left = tensor(x, requires_grad=True), tensor(x, requires_grad=True)
        _gelu._exact(by_rule, None).backward(g)
        result = functional.gelu(left)
        with monkeypatch.context() as patch:
            patch.setattr(_gelu, "_slope", None)
            result.backward(g)
        np.testing.assert_array_equal(left.grad.data, by_rule.grad.data, strict=True)
        np.testing.assert_array_equal(functional.gelu(x), result.data, strict=True)


def test_gelu_does_not_use_the_derivative_of_other_numbers() -> None:
    x = tensor(X, requires_grad=True)
    with saved_tensors_hooks(lambda array: array, lambda array: array + 1):
        result = functional.gelu(x).sum()
    result.backward()
    np.testing.assert_allclose(x.grad.data, elementwise_grad(functional.gelu)(X + 1), rtol=1e-14)
