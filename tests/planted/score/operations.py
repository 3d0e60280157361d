"""The operations that errors are planted in: right functions with right rules, in NumPy alone.

A rule takes ``g``, the gradient of the output, and then what it names: inputs and keyword arguments of the function, by
the names that this gives them, and ``out``. It returns the gradient of its input. Of an elementwise operation of two
inputs, whoever uses the rules sums over what broadcasting repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Rule = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """A function with its derivatives.

    Attributes
    ----------
    name, function, rules
        What it computes, and a rule for each input.
    inputs
        Arrays at which it is smooth.
    signature
        The shapes that it takes, as those of `numpy.vectorize`; None where it computes elementwise.
    domain
        The limits of its inputs.
    keywords
        Keyword arguments and their values; the first of each is used where one alone is tried.
    """

    name: str
    function: Callable[..., Any]
    rules: tuple[Rule, ...]
    inputs: tuple[Array, ...]
    signature: str | None = None
    domain: tuple[float, float] | None = None
    keywords: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def typical(self) -> dict[str, Any]:
        """The first value of each keyword argument."""
        return {name: values[0] for name, values in self.keywords.items()}


OPERATIONS: dict[str, Operation] = {}
VECTOR = np.array([0.7, -1.3, 2.1, 0.4, -0.6])
MATRIX = np.array([[0.7, -1.3, 2.1], [0.4, -0.6, 1.7], [-0.9, 1.1, 0.3]])
WIDE = np.array([[0.7, -1.3, 2.1, 0.2], [0.4, -0.6, 1.7, -2.2]])
CUBE = np.linspace(-2.0, 2.5, 24).reshape(2, 3, 4) ** 3 / 4


def add(name: str, function: Callable[..., Any], *rules: Rule, inputs: tuple[Array, ...], **options: Any) -> None:
    """Add an operation."""
    assert name not in OPERATIONS, name
    OPERATIONS[name] = Operation(name, function, rules, inputs, **options)


def logistic(x: Any) -> Any:
    """Return 1 / (1 + exp(-x)), without overflow and to the last digits."""
    return np.exp(-np.logaddexp(0, -x))


def last(x: Any) -> Any:
    """Return an array with an axis of size 1 at the end."""
    return np.expand_dims(x, -1)


# Elementwise operations.

add("sine", lambda x: np.sin(x), lambda g, x: g * np.cos(x), inputs=(VECTOR,))
add("softplus", lambda x: np.logaddexp(x, 0), lambda g, x: g * logistic(x), inputs=(VECTOR,))
add("sigmoid", logistic, lambda g, out: g * out * (1 - out), inputs=(VECTOR,))
add(
    "swish",
    lambda x: x * logistic(x),
    lambda g, x: g * (logistic(x) + x * logistic(x) * (1 - logistic(x))),
    inputs=(VECTOR,),
    domain=(-300.0, 300.0),
)
C = np.sqrt(2 / np.pi)


def gelu_slope(g: Any, x: Any, c: float = C, cubic: float = 3.0) -> Any:
    """Return the rule of the approximation of GELU."""
    t = np.tanh(c * (x + 0.044715 * x * x * x))
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + cubic * 0.044715 * x * x))


add(
    "gelu",
    lambda x: 0.5 * x * (1 + np.tanh(C * (x + 0.044715 * x * x * x))),
    lambda g, x: gelu_slope(g, x),
    inputs=(VECTOR,),
    domain=(-20.0, 20.0),
)
add(
    "huber",
    lambda x: np.where(np.abs(x) < 1, 0.5 * x * x, np.abs(x) - 0.5),
    lambda g, x: g * np.clip(x, -1, 1),
    inputs=(VECTOR,),
)
add("clip", lambda x: np.clip(x, -1, 1), lambda g, x: g * (np.abs(x) <= 1), inputs=(VECTOR,))
add("leaky_relu", lambda x: np.where(x > 0, x, 0.1 * x), lambda g, x: g * np.where(x > 0, 1, 0.1), inputs=(VECTOR,))
add(
    "square_with_sign", lambda x: x * np.abs(x), lambda g, x: 2 * g * np.abs(x), inputs=(VECTOR,), domain=(-1e6, 1e6)
)  # fmt: skip
add(
    "logit",
    lambda x: np.log(x) - np.log1p(-x),
    lambda g, x: g / (x * (1 - x)),
    inputs=(np.array([0.2, 0.7, 0.9]),),
    domain=(0.0, 1.0),
)
add(
    "interpolation",
    lambda x: np.interp(x, [-1.0, 0.0, 2.0], [0.0, 3.0, 1.0]),
    lambda g, x: g * np.select([x <= -1, x <= 0, x <= 2], [0.0, 3.0, -1.0], 0.0),
    inputs=(VECTOR + 0.05,),
    domain=(-50.0, 50.0),
)
add(
    "hypotenuse",
    lambda x, y: np.hypot(x, y),
    lambda g, x, out: g * x / np.where(out == 0, 1, out),
    lambda g, y, out: g * y / np.where(out == 0, 1, out),
    inputs=(VECTOR, VECTOR[::-1] + 3),
)


def distance(x: Any, y: Any) -> Any:
    """Return the distance from the origin, and 1 there."""
    return np.where((x == 0) & (y == 0), 1, np.hypot(x, y))


add(
    "angle",
    lambda y, x: np.arctan2(y, x),
    lambda g, y, x: g * (x / distance(x, y)) / distance(x, y),
    lambda g, y, x: -g * (y / distance(x, y)) / distance(x, y),
    inputs=(VECTOR, VECTOR[::-1] + 3),
)
add(
    "power",
    lambda x, y: np.power(x, y),
    lambda g, x, y: g * np.where(y == 0, 0, y * np.power(x, np.where(y == 0, 1, y - 1))),
    lambda g, x, out: g * out * np.log(np.where(x == 0, 1, x)),
    inputs=(np.abs(VECTOR), VECTOR[::-1] + 1),
    domain=(0.01, 5.0),
)
add(
    "softmax_of_two",
    lambda x, y: np.logaddexp(x, y),
    lambda g, x, y: g * logistic(x - y),
    lambda g, x, y: g * logistic(y - x),
    inputs=(VECTOR, VECTOR[::-1] + 3),
)
add("product", lambda x, y: x * y, lambda g, y: g * y, lambda g, x: g * x, inputs=(WIDE, VECTOR[:4]))


# Operations along an axis.


def softmax(x: Any) -> Any:
    """Return the shares of each row."""
    exponentials = np.exp(x - np.max(x, -1, keepdims=True))
    return exponentials / np.sum(exponentials, -1, keepdims=True)


add(
    "softmax",
    softmax,
    lambda g, out: out * (g - np.sum(g * out, -1, keepdims=True)),
    inputs=(WIDE,),
    signature="(...,n)",
)
add(
    "logsumexp",
    lambda x: np.max(x, -1) + np.log(np.sum(np.exp(x - np.max(x, -1, keepdims=True)), -1)),
    lambda g, x, out: last(g) * np.exp(x - last(out)),
    inputs=(WIDE,),
    signature="(...,n)",
)


def normalized(x: Any) -> Any:
    """Return rows of mean 0 and variance 1."""
    centred = x - np.mean(x, -1, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, -1, keepdims=True) + 1e-5)


def layer_norm_rule(
    g: Any, x: Any, out: Any, eps: float = 1e-5, mean: float = 1.0, variance: float = 1.0, ddof: int = 0
) -> Any:
    """Return the rule of a layer normalization, each term with a weight."""
    centred = x - np.mean(x, -1, keepdims=True)
    scale = np.sqrt(np.sum(centred * centred, -1, keepdims=True) / (x.shape[-1] - ddof) + eps)
    along = np.mean(g * out, -1, keepdims=True)
    return (g - mean * np.mean(g, -1, keepdims=True) - variance * out * along) / scale


add("layer_norm", normalized, lambda g, x, out: layer_norm_rule(g, x, out), inputs=(WIDE,), signature="(...,n)")
add(
    "length",
    lambda x: np.sqrt(np.sum(x * x, -1)),
    lambda g, x, out: last(g) * x / last(np.where(out == 0, 1, out)),
    inputs=(WIDE,),
    signature="(...,n)",
)
AXES = {"axis": (0, -1)}
add("cumsum", lambda x, axis: np.cumsum(x, axis), lambda g, axis: np.flip(np.cumsum(np.flip(g, axis), axis), axis),
    inputs=(WIDE,), signature="(m,n)", keywords=AXES)  # fmt: skip


def shared(g: Any, x: Any, axis: int) -> Any:
    """Return the gradient of a maximum, shared by elements that are equal."""
    hit = x == np.max(x, axis, keepdims=True)
    return np.expand_dims(g, axis) * hit / np.sum(hit, axis, keepdims=True)


add("largest", lambda x, axis: np.max(x, axis), shared, inputs=(WIDE,), signature="(m,n)", keywords=AXES)
add(
    "mean",
    lambda x, axis, keepdims: np.mean(x, axis, keepdims=keepdims),
    lambda g, x, axis, keepdims: np.ones_like(x) * (g if keepdims else np.expand_dims(g, axis)) / x.shape[axis],
    inputs=(WIDE,),
    signature="(m,n)",
    keywords={**AXES, "keepdims": (False, True)},
)
add(
    "variance",
    lambda x, ddof: np.var(x, -1, ddof=ddof),
    lambda g, x, ddof: last(g) * 2 * (x - np.mean(x, -1, keepdims=True)) / (x.shape[-1] - ddof),
    inputs=(WIDE,),
    signature="(m,n)",
    keywords={"ddof": (0, 1)},
)
add("total", lambda x: np.sum(x), lambda g, x: g * np.ones_like(x), inputs=(VECTOR,), signature="(n)")
add("sum_of_axes", lambda x, axis: np.sum(x, axis), lambda g, x, axis: np.expand_dims(g, axis) * np.ones_like(x),
    inputs=(CUBE,), signature="(a,b,c)", keywords={"axis": ((0, 1), (1, 2))})  # fmt: skip


def of_the_others(x: Any) -> Any:
    """Return for each element the product of all others."""
    one = np.ones_like(x[:1])
    before = np.cumprod(np.concatenate([one, x[:-1]]))
    return before * np.flip(np.cumprod(np.concatenate([one, np.flip(x)[:-1]])))


add("multiplied", lambda x: np.prod(x), lambda g, x: g * of_the_others(x), inputs=(VECTOR,), signature="(n)")
add(
    "sorted",
    lambda x: np.sort(x, -1),
    lambda g, x: np.take_along_axis(g, np.argsort(np.argsort(x, -1), -1), -1),
    inputs=(WIDE,),
    signature="(m,n)",
)


def middle(x: Any) -> Any:
    """Return which elements the median is the mean of, as weights."""
    rank = np.reshape(np.argsort(np.argsort(np.reshape(x, -1))), np.shape(x))
    return 0.5 * (rank == (x.size - 1) // 2) + 0.5 * (rank == x.size // 2)


add("median", lambda x: np.median(x), lambda g, x: g * middle(x), inputs=(VECTOR,), signature="(n)")


# Operations that move numbers.

add("rolled", lambda x: np.roll(x, 2), lambda g: np.roll(g, -2), inputs=(VECTOR,), signature="(n)")
add("padded", lambda x: np.pad(x, (1, 2)), lambda g: g[1:-2], inputs=(VECTOR,), signature="(n)")
add("turned", lambda x: np.transpose(x, (1, 2, 0)), lambda g: np.transpose(g, (2, 0, 1)), inputs=(CUBE,),
    signature="(a,b,c)")  # fmt: skip
add("flattened", lambda x: np.reshape(x, -1), lambda g, x: np.reshape(g, np.shape(x)), inputs=(MATRIX,),
    signature="(m,n)")  # fmt: skip
add("repeated", lambda x: np.stack([x, x, x]), lambda g: np.sum(g, 0), inputs=(VECTOR,), signature="(...,n)")
CHOSEN = np.eye(3)[[0, 2, 2, 1]]
add("rows_chosen", lambda x: x[[0, 2, 2, 1]], lambda g: CHOSEN.T.astype(g.dtype) @ g, inputs=(MATRIX,),
    signature="(3,n)")  # fmt: skip
add("diagonal_sum", lambda x: np.trace(x), lambda g, x: g * np.eye(*x.shape, dtype=x.dtype), inputs=(MATRIX,),
    signature="(n,n)")  # fmt: skip


# Linear algebra.

add("matmul", lambda a, b: a @ b, lambda g, b: g @ b.T, lambda g, a: a.T @ g, inputs=(WIDE.T, WIDE),
    signature="(m,n),(n,p)")  # fmt: skip
add("quadratic_form", lambda x, a: x @ a @ x, lambda g, x, a: g * (a @ x + x @ a), lambda g, x: g * np.outer(x, x),
    inputs=(VECTOR[:3], MATRIX), signature="(n),(n,n)")  # fmt: skip
add("gram", lambda x: x.T @ x, lambda g, x: x @ (g + g.T), inputs=(WIDE,), signature="(m,n)")
add("inverse", lambda x: np.linalg.inv(x), lambda g, out: -out.T @ g @ out.T, inputs=(MATRIX,), signature="(n,n)")
add("convolution", lambda x, w: np.convolve(x, w), lambda g, w: np.correlate(g, w, "valid"),
    lambda g, x: np.correlate(g, x, "valid"), inputs=(VECTOR, VECTOR[:3] + 0.2), signature="(n),(m)")  # fmt: skip
add("rows_times_matrices", lambda a, x: np.einsum("bij,bj->bi", a, x), lambda g, x: np.einsum("bi,bj->bij", g, x),
    lambda g, a: np.einsum("bij,bi->bj", a, g), inputs=(CUBE, WIDE), signature="(b,i,j),(b,j)")  # fmt: skip
add(
    "distances",
    lambda x: np.sum((x[:, None] - x[None]) ** 2, -1),
    lambda g, x: 2 * np.sum(last(g + g.T) * (x[:, None] - x[None]), 1),
    inputs=(WIDE,),
    signature="(m,n)",
)
add(
    "squared_error",
    lambda x, y: np.mean((x - y) ** 2),
    lambda g, x, y: g * 2 * (x - y) / x.size,
    lambda g, x, y: g * 2 * (y - x) / x.size,
    inputs=(WIDE, WIDE[::-1] * 0.7),
    signature="(m,n),(m,n)",
)


def labels(x: Any) -> Any:
    """Return ones where the label of a row is."""
    return (np.arange(x.shape[-1]) == last(np.arange(len(x)) % x.shape[-1])) * 1.0


def cross_entropy(x: Any) -> Any:
    """Return the mean loss of rows of scores."""
    shifted = x - np.max(x, -1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(shifted), -1)) - np.sum(shifted * labels(x).astype(x.dtype), -1))


add("cross_entropy", cross_entropy, lambda g, x: g * (softmax(x) - labels(x).astype(x.dtype)) / len(x), inputs=(WIDE,),
    signature="(m,n)")  # fmt: skip
