"""Derivatives of elementwise functions against 40 digits: right to a few units in the last place, far out too."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import special

from autograd import elementwise_grad, vjp
from autograd.calculus import RULES
from nn import functional
from nn.functional._smooth_activation import SELU_ALPHA, SELU_SCALE

mp: Any = pytest.importorskip("mpmath", reason="compares with mpmath: pip install -e '.[dev]'")

Array = np.ndarray[Any, Any]
Exact = Callable[..., Any]
ULPS = 16
ROOT_2PI, ROOT_PI, LN2 = mp.sqrt(2 * mp.pi), mp.sqrt(mp.pi), mp.log(2)


@pytest.fixture(autouse=True)
def forty_digits() -> Any:
    with mp.workdps(40):
        yield


@dataclass(frozen=True)
class Digits:
    """A function, its derivatives of both orders, and where to compare them.

    Attributes
    ----------
    function, first, second
        The function, and what mpmath gives for its derivatives.
    near, far
        The absolute values of the points are between these, of both signs.
    positive
        Whether there are no negative points.
    exponent
        The exponent that the function rounds, each unit of which takes half a unit in the last place.
    roots
        Where derivatives change their signs: there they have no relative error.
    """

    function: Callable[..., Any]
    first: Exact
    second: Exact
    near: float = 1e-10
    far: float = 1e10
    positive: bool = False
    exponent: Callable[[float], float] = lambda x: 0.0
    roots: tuple[float, ...] = ()


def logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def bell(x: Any) -> Any:
    return logistic(x) * logistic(-x)


def bell_slope(x: Any) -> Any:
    return -bell(x) * mp.tanh(x / 2)


def density(x: Any) -> Any:
    return mp.exp(-x * x / 2) / ROOT_2PI


def mish_slopes(x: Any) -> tuple[Any, Any]:
    soft, s = mp.log1p(mp.exp(x)), logistic(x)
    t, q = mp.tanh(soft), mp.sech(soft) ** 2
    return t + x * q * s, 2 * q * s + x * (q * bell(x) - 2 * t * q * s * s)


K1 = 2 * mp.sqrt(2 / mp.pi)
K3 = K1 * mp.mpf("0.044715")


def gelu_tanh_slopes(x: Any) -> tuple[Any, Any]:
    u, u1 = x * (K1 + K3 * x * x), K1 + 3 * K3 * x * x
    return logistic(u) + x * bell(u) * u1, 2 * bell(u) * u1 + 6 * x * x * bell(u) * K3 + x * bell_slope(u) * u1 * u1


def elu_slope(width: float, alpha: float, scale: float = 1.0) -> Exact:
    return lambda x: mp.mpf(scale) * (mp.exp(x / width) * (mp.mpf(alpha) / width) if x <= 0 else 1)


def elu_curvature(width: float, alpha: float, scale: float = 1.0) -> Exact:
    return lambda x: mp.mpf(scale) * (mp.exp(x / width) * (mp.mpf(alpha) / width**2) if x <= 0 else 0)


OF_ONE: dict[str, Digits] = {
    "reciprocal": Digits(np.reciprocal, lambda x: -1 / x**2, lambda x: 2 / x**3),
    "square": Digits(np.square, lambda x: 2 * x, lambda x: mp.mpf(2)),
    "sqrt": Digits(np.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * x * mp.sqrt(x)), positive=True),
    "cbrt": Digits(np.cbrt, lambda x: mp.cbrt(abs(x)) ** -2 / 3, lambda x: -2 * mp.sign(x) / 9 * mp.cbrt(abs(x)) ** -5),
    "exp": Digits(np.exp, mp.exp, mp.exp, far=80),
    "exp2": Digits(np.exp2, lambda x: LN2 * 2**x, lambda x: LN2**2 * 2**x, far=120),
    "expm1": Digits(np.expm1, mp.exp, mp.exp, far=80),
    "log": Digits(np.log, lambda x: 1 / x, lambda x: -(x**-2), positive=True),
    "log2": Digits(np.log2, lambda x: 1 / x / LN2, lambda x: -(x**-2) / LN2, positive=True),
    "log10": Digits(np.log10, lambda x: 1 / x / mp.log(10), lambda x: -(x**-2) / mp.log(10), positive=True),
    "log1p": Digits(np.log1p, lambda x: 1 / (1 + x), lambda x: -((1 + x) ** -2), positive=True),
    "log1p of negative": Digits(
        lambda x: np.log1p(-x), lambda x: -1 / (1 - x), lambda x: -((1 - x) ** -2), far=0.99, positive=True
    ),
    "sin": Digits(np.sin, mp.cos, lambda x: -mp.sin(x), far=100),
    "cos": Digits(np.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x), far=100),
    "tan": Digits(np.tan, lambda x: mp.sec(x) ** 2, lambda x: 2 * mp.sec(x) ** 2 * mp.tan(x), far=100),
    "arcsin": Digits(np.arcsin, lambda x: (1 - x * x) ** -0.5, lambda x: x * (1 - x * x) ** -1.5, far=0.999),
    "arccos": Digits(np.arccos, lambda x: -((1 - x * x) ** -0.5), lambda x: -x * (1 - x * x) ** -1.5, far=0.999),
    "arctan": Digits(np.arctan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2, far=1e9),
    "sinh": Digits(np.sinh, mp.cosh, mp.sinh, far=80),
    "cosh": Digits(np.cosh, mp.sinh, mp.cosh, far=80),
    "tanh": Digits(np.tanh, lambda x: mp.sech(x) ** 2, lambda x: -2 * mp.tanh(x) * mp.sech(x) ** 2, far=350),
    "arcsinh": Digits(np.arcsinh, lambda x: (1 + x * x) ** -0.5, lambda x: -x * (1 + x * x) ** -1.5),
    "arccosh": Digits(
        np.arccosh, lambda x: (x * x - 1) ** -0.5, lambda x: -x * (x * x - 1) ** -1.5, near=1.0001, positive=True
    ),
    "arctanh": Digits(np.arctanh, lambda x: 1 / (1 - x * x), lambda x: 2 * x / (1 - x * x) ** 2, far=0.999),
    # networks
    "sigmoid": Digits(functional.sigmoid, bell, bell_slope, far=700),
    "softplus": Digits(lambda x: functional.softplus(x, threshold=np.inf), logistic, bell, far=700),
    "logsigmoid": Digits(functional.logsigmoid, lambda x: logistic(-x), lambda x: -bell(x), far=700),
    "silu": Digits(
        functional.silu,
        lambda x: logistic(x) + x * bell(x),
        lambda x: 2 * bell(x) + x * bell_slope(x),
        far=700,
        roots=(-1.2785, -2.3994, 2.3994),
    ),
    "mish": Digits(
        functional.mish,
        lambda x: mish_slopes(x)[0],
        lambda x: mish_slopes(x)[1],
        far=340,
        roots=(-1.1924, -2.2564, 1.4906),
    ),
    "softsign": Digits(
        functional.softsign, lambda x: (1 + abs(x)) ** -2, lambda x: -2 * mp.sign(x) * (1 + abs(x)) ** -3
    ),
    "elu": Digits(functional.elu, elu_slope(1, 1), elu_curvature(1, 1), far=700),
    "celu": Digits(
        lambda x: functional.celu(x, 3.0), elu_slope(3, 3), elu_curvature(3, 3), far=700, exponent=lambda x: x / 3
    ),
    "selu": Digits(
        functional.selu, elu_slope(1, SELU_ALPHA, SELU_SCALE), elu_curvature(1, SELU_ALPHA, SELU_SCALE), far=700
    ),
    "tanhshrink": Digits(
        functional.tanhshrink, lambda x: mp.tanh(x) ** 2, lambda x: 2 * mp.tanh(x) * mp.sech(x) ** 2, far=350
    ),
    "gelu": Digits(
        functional.gelu,
        lambda x: mp.ncdf(x) + x * density(x),
        lambda x: density(x) * (2 - x * x),
        far=37,
        exponent=lambda x: x * x / 2,
        roots=(-0.7518, -1.4142, 1.4142),
    ),
    "gelu by tanh": Digits(
        lambda x: functional.gelu(x, "tanh"),
        lambda x: gelu_tanh_slopes(x)[0],
        lambda x: gelu_tanh_slopes(x)[1],
        far=9.9,
        exponent=lambda x: 4 * abs(x) + 0.16 * abs(x) ** 3,
        roots=(-0.7524, -1.4262, 1.4262),
    ),
    # special
    "erf": Digits(
        special.erf, lambda x: 2 / ROOT_PI * mp.exp(-x * x), lambda x: -4 * x / ROOT_PI * mp.exp(-x * x), far=26
    ),
    "erfc": Digits(
        special.erfc, lambda x: -2 / ROOT_PI * mp.exp(-x * x), lambda x: 4 * x / ROOT_PI * mp.exp(-x * x), far=26
    ),
    "erfi": Digits(
        special.erfi, lambda x: 2 / ROOT_PI * mp.exp(x * x), lambda x: 4 * x / ROOT_PI * mp.exp(x * x), far=9
    ),
    "ndtr": Digits(special.ndtr, density, lambda x: -x * density(x), far=37),
    "expit": Digits(special.expit, bell, bell_slope, far=700),
    "log_expit": Digits(special.log_expit, lambda x: logistic(-x), lambda x: -bell(x), far=700),
    "logit": Digits(
        special.logit,
        lambda x: 1 / (x * (1 - x)),
        lambda x: (2 * x - 1) / (x * (1 - x)) ** 2,
        far=0.999,
        positive=True,
        roots=(0.5,),
    ),
    "exprel": Digits(
        special.exprel,
        lambda x: ((x - 1) * mp.exp(x) + 1) / x**2,
        lambda x: (mp.exp(x) * (x * x - 2 * x + 2) - 2) / x**3,
        near=1e-3,
        far=0.9,
    ),
}

# Two inputs: their derivatives, and the exponent, of which no digit can be more exact than that of a difference.
OF_TWO: dict[str, tuple[Any, Exact, Exact, Callable[[Any, Any], Any]]] = {
    "logaddexp": (np.logaddexp, lambda x, y: logistic(x - y), lambda x, y: logistic(y - x), lambda x, y: x - y),
    "logaddexp2": (np.logaddexp2, lambda x, y: logistic((x - y) * LN2), lambda x, y: logistic((y - x) * LN2),
                   lambda x, y: 2 * (x - y)),
    "divide": (np.divide, lambda x, y: 1 / y, lambda x, y: -x / y**2, lambda x, y: 0),
    "hypot": (np.hypot, lambda x, y: x / mp.hypot(x, y), lambda x, y: y / mp.hypot(x, y), lambda x, y: 0),
    "arctan2": (np.arctan2, lambda x, y: y / (x * x + y * y), lambda x, y: -x / (x * x + y * y), lambda x, y: 0),
}  # fmt: skip

EXACT = {"floor", "ceil", "trunc", "rint", "sign", "spacing", "floor_divide", "heaviside", "nextafter",
         "add", "subtract", "multiply", "negative", "positive", "absolute", "fabs", "copysign", "degrees", "rad2deg",
         "radians", "deg2rad", "maximum", "minimum", "fmax", "fmin", "remainder", "fmod"}  # fmt: skip
ROUNDED = {"power", "float_power"}  # y - 1 is rounded, and that counts log(x) times


def test_every_elementwise_function_is_compared() -> None:
    assert {function.__name__ for function in RULES} == EXACT | ROUNDED | (
        {*OF_ONE, *OF_TWO} & {function.__name__ for function in RULES}
    )


def points(case: Digits, dtype: Any) -> Array:
    far = np.geomspace(case.near, case.far, 40)
    middle = np.linspace(case.near, min(case.far, 12.0), 30)[1:]
    found = np.concatenate([far, middle])
    found = found if case.positive else np.concatenate([-found, found])
    for root in case.roots:
        found = found[np.abs(found - root) > 0.15]
    return found.astype(dtype)


def units(found: Array, exact: list[Any], dtype: Any) -> Array:
    """Return how many units in the last place each number is away, 0 where the exact one is no normal number."""
    limits, away = np.finfo(dtype), np.zeros(len(exact))
    for i, (number, right) in enumerate(zip(found, exact, strict=True)):
        if float(limits.tiny) <= abs(right) <= float(limits.max):
            unit = mp.mpf(2) ** (mp.floor(mp.log(abs(right), 2)) - limits.nmant)
            away[i] = abs(mp.mpf(float(number)) - right) / unit
    return away


@pytest.mark.one_in(4)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OF_ONE)
def test_functions_of_one(name: str, dtype: Any) -> None:
    case = OF_ONE[name]
    x = points(case, dtype)
    allowed = ULPS + np.array([abs(case.exponent(float(at))) for at in x])
    slope = elementwise_grad(case.function)
    numbers = [mp.mpf(float(at)) for at in x]
    for order, derivative, exact in ((1, slope, case.first), (2, elementwise_grad(slope), case.second)):
        found = derivative(x)
        assert found.dtype == dtype
        away = units(found, [exact(number) for number in numbers], dtype)
        assert (away <= order * allowed).all(), (order, x[np.argmax(away - order * allowed)], away.max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OF_TWO)
def test_functions_of_two(name: str, dtype: Any) -> None:
    function, *exact, exponent = OF_TWO[name]
    rng = np.random.default_rng(0)
    y = (rng.normal(size=120) * 3).astype(dtype)
    x = (y + np.concatenate([-np.geomspace(1e-6, 700, 60), np.geomspace(1e-6, 700, 60)])).astype(dtype)
    numbers = [(mp.mpf(float(a)), mp.mpf(float(b))) for a, b in zip(x, y, strict=True)]
    _, pull = vjp(function, x, y)
    for found, derivative in zip(pull(np.ones_like(x)), exact, strict=True):
        away = units(found, [derivative(*pair) for pair in numbers], dtype)
        assert (away <= ULPS + np.abs(exponent(x, y))).all(), away.max()


def test_the_gradient_of_tanh_at_any_size() -> None:
    """Few numbers and many take different ways."""
    x = np.linspace(-40, 40, 3001)
    slope = elementwise_grad(np.tanh)
    assert np.allclose(slope(x), np.concatenate([slope(part) for part in np.array_split(x, 10)]), rtol=1e-14, atol=0)
    assert np.allclose(slope(x), [float(mp.sech(at) ** 2) for at in x], rtol=1e-14, atol=0)
    with np.errstate(all="raise"):
        assert (slope(np.array([-1000.0, 1000.0])) == 0).all()
        assert (slope(np.full(2000, 1000.0)) == 0).all()


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_the_slope_of_tanh_keeps_its_digits_for_complex_numbers(dtype: Any) -> None:
    z = np.array([-20 - 0.8j, 18 + 1j, 400j, -350 + 2j, 0.3 - 0.2j, 0, 1e-20j, 800 + 1j], dtype)
    value, pull = vjp(np.tanh, z)
    found, wanted = (
        np.conj(pull(np.ones_like(value))[0]),
        np.array([complex(mp.sech(mp.mpc(complex(x))) ** 2) for x in z]),
    )
    assert found.dtype == dtype
    allowed = 32 * np.finfo(dtype).eps * np.abs(wanted) + 4 * np.finfo(dtype).tiny
    assert np.all(np.abs(found.real - wanted.real) <= allowed)
    assert np.all(np.abs(found.imag - wanted.imag) <= allowed)
