"""The operations into which errors are planted: what users call, a typical place, and where it is defined."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.special

from autograd.primitives.primitive import Primitive
from autograd.tensors.dispatch import declare_further_functions, declare_special_functions, operations
from nn import functional as F  # noqa: N812 - the field's own name for it

__all__ = ["REAL", "SUBJECTS", "Array", "Function", "Interval", "Subject"]

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
Interval = tuple[float, float]

REAL: Interval = (-np.inf, np.inf)
POSITIVE: Interval = (0.0, np.inf)
UNIT: Interval = (-1.0, 1.0)


@dataclass(frozen=True)
class Subject:
    """An operation, as a checker is given it.

    Attributes
    ----------
    name
        How the catalogue calls it.
    function
        What users call; `keywords` may be given to it.
    inputs
        A typical place: arrays at which it is smooth.
    domain
        The limits of each input, both exclusive.
    signature
        The shapes of inputs and result as in `numpy.vectorize`; None where the inputs broadcast, or have any shape.
    keywords
        The values of each keyword that a checker should try; the first is the default.
    declared
        The operation whose rules are planted; None where all is composed of others.
    variadic
        Whether the declared operation takes its inputs as one sequence.
    complex
        Whether it takes complex numbers.
    same_shapes
        Whether all inputs must have the same shape.
    prepared
        Whether the declared operation is applied to something computed from the inputs, not to them.
    kinks
        Where it has several subgradients, any of which is right.
    """

    name: str
    function: Function
    inputs: tuple[Array, ...]
    domain: tuple[Interval, ...]
    signature: str | None = None
    keywords: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    declared: Primitive | None = None
    complex: bool = False
    same_shapes: bool = False
    prepared: bool = False
    kinks: tuple[float, ...] = ()

    @property
    def variadic(self) -> bool:
        return self.declared is not None and self.declared.variadic

    @property
    def elementwise(self) -> bool:
        """Whether it is declared as elementwise and its inputs broadcast."""
        return self.declared is not None and self.declared.kind == "elementwise" and not self.same_shapes

    @property
    def core(self) -> tuple[tuple[str, ...], ...]:
        """The names of the axes of each input in the signature."""
        assert self.signature is not None
        left = self.signature.replace(" ", "").partition("->")[0]
        return tuple(tuple(filter(None, part.split(","))) for part in left.strip("()").split("),("))

    def limits(self, index: int) -> Interval:
        """Return finite limits within which the values of an input are ordinary."""
        low, high = self.domain[index]
        return max(low, -2.0) + (0.05 if low > -2 else 0), min(high, max(low, 0) + 2.0) - (0.05 if high < 2 else 0)

    def draw(self, shapes: Sequence[tuple[int, ...]], seed: int = 0) -> tuple[Array, ...]:
        """Return ordinary inputs of these shapes."""
        random = np.random.default_rng(seed)
        return tuple(random.uniform(*self.limits(i), shape) for i, shape in enumerate(shapes))

    def shapes(self, side: int, of: Mapping[str, int] | None = None) -> list[tuple[int, ...]]:
        """Return the shapes of inputs with axes of length `side`, or of the lengths that are given by name."""
        if self.signature is None:
            return [(side, side) for _ in self.inputs]
        return [tuple((of or {}).get(axis, side) for axis in axes) for axes in self.core]


declare_further_functions()
declare_special_functions()


def _declared(key: Function | str) -> Primitive:
    """Return the declaration of a NumPy function, or the one of that name."""
    if not isinstance(key, str):
        apply: Any = operations[key]
        declared: Primitive = apply.operation
        return declared
    known = (getattr(apply, "operation", None) for function, apply in operations.items() if _is_ours(function))
    found: Primitive = next(operation for operation in known if operation is not None and operation.name == key)
    return found


def _is_ours(function: Function) -> bool:
    return not str(getattr(function, "__module__", "")).startswith(("numpy", "autograd.scipy."))


SUBJECTS: dict[str, Subject] = {}


def _subject(
    function: Function,
    inputs: Sequence[Any],
    *domain: Interval,
    name: str | None = None,
    declared: Function | str | None = "",
    **details: Any,
) -> None:
    arrays = tuple(np.asarray(x, np.float64) for x in inputs)
    name = name or function.__name__
    limits = (domain * len(arrays))[: len(arrays)] if len(domain) == 1 else domain or (REAL,) * len(arrays)
    primitive = None if declared is None else _declared(declared or function)
    assert name not in SUBJECTS
    SUBJECTS[name] = Subject(name, function, arrays, limits, declared=primitive, **details)


LINE = [0.3, -0.7, 1.1]
ABOVE = [0.4, 1.3, 2.2]
WITHIN = [0.3, -0.6, 0.8]
MATRIX = [[0.3, -0.7, 1.1], [1.6, 0.9, -1.3]]
SQUARE = [[0.9, -0.4, 0.2], [0.5, 1.2, -0.3], [-0.2, 0.6, 1.4]]
OTHER = [[1.4, 0.8, -0.6], [-1.1, 0.7, 1.9]]

# Elementwise, of one input

_function: Function
for _function in (np.sin, np.cos, np.exp, np.expm1, np.square, np.tanh, np.sinh, np.cosh):
    _subject(_function, [LINE], complex=True)
for _function in (np.exp2, np.cbrt, np.arctan, np.arcsinh, np.sinc, np.degrees):
    _subject(_function, [LINE])
_subject(np.absolute, [LINE], kinks=(0.0,))
_subject(np.negative, [LINE], complex=True)
_subject(np.tan, [LINE], (-1.5, 1.5))
for _function in (np.log, np.sqrt):
    _subject(_function, [ABOVE], POSITIVE, complex=True)
for _function in (np.log2, np.log10):
    _subject(_function, [ABOVE], POSITIVE)
_subject(np.log1p, [ABOVE], (-1.0, np.inf))
_subject(np.reciprocal, [ABOVE], POSITIVE, complex=True)
for _function in (np.arcsin, np.arccos, np.arctanh):
    _subject(_function, [WITHIN], UNIT)
_subject(np.arccosh, [[1.4, 2.3, 3.1]], (1.0, np.inf))
_subject(np.conjugate, [LINE], complex=True)

# Elementwise, of two or three

for _function in (np.add, np.subtract, np.multiply):
    _subject(_function, [MATRIX, OTHER], complex=True)
_subject(np.divide, [MATRIX, np.abs(OTHER)], REAL, POSITIVE, complex=True)
_subject(np.power, [np.abs(MATRIX), OTHER], POSITIVE, REAL)
for _function in (np.maximum, np.minimum, np.arctan2, np.hypot, np.logaddexp, np.logaddexp2):
    _subject(_function, [MATRIX, OTHER])
_subject(np.copysign, [MATRIX, OTHER], kinks=(0.0,))


def _where_positive(x: Any, y: Any) -> Any:
    return np.where(x > 0, x, y)


_subject(_where_positive, [MATRIX, OTHER], name="where", declared="where")


def _clip(x: Any) -> Any:
    return np.clip(x, -1.5, 1.5)


_subject(_clip, [LINE], name="clip", declared="clip", kinks=(-1.5, 1.5))

# Reductions

AXES = {"axis": (None, 0, -1), "keepdims": (False, True)}

_subject(np.sum, [MATRIX], keywords=AXES, complex=True)
_subject(np.mean, [MATRIX], keywords=AXES, complex=True)
_subject(np.prod, [MATRIX], keywords=AXES)
_subject(np.max, [MATRIX], keywords=AXES)
_subject(np.min, [MATRIX], keywords=AXES)
_subject(np.var, [MATRIX], keywords={**AXES, "ddof": (0, 1)}, declared="var")
_subject(np.std, [MATRIX], keywords={**AXES, "ddof": (0, 1)}, declared="std")
_subject(np.cumsum, [MATRIX], keywords={"axis": (None, 0, -1)})
_subject(np.cumprod, [MATRIX], keywords={"axis": (None, 0, -1)})
_subject(np.linalg.norm, [MATRIX], keywords={"axis": (None, 0, -1), "keepdims": (False, True)}, declared="norm")
_subject(np.linalg.vector_norm, [MATRIX], keywords={"axis": (None, 0, -1), "ord": (2, 1, 3)}, declared="norm")
_subject(np.median, [MATRIX], keywords=AXES, declared="median")
_subject(np.ptp, [MATRIX], keywords=AXES, declared=None)
_subject(np.maximum.accumulate, [MATRIX], name="maximum.accumulate", declared=np.maximum.accumulate)
_subject(np.logaddexp.reduce, [MATRIX], name="logaddexp.reduce", declared=np.logaddexp.reduce)

# Rearrangements


def _reshape(x: Any) -> Any:
    return np.reshape(x, (-1,))


def _broadcast_to(x: Any) -> Any:
    return np.broadcast_to(x, (2, *x.shape))


def _concatenate(x: Any, y: Any) -> Any:
    return np.concatenate([x, y], axis=-1)


def _stack(x: Any, y: Any) -> Any:
    return np.stack([x, y], axis=-1)


def _flip(x: Any) -> Any:
    return np.flip(x)


def _roll(x: Any) -> Any:
    return np.roll(x, 1)


def _getitem(x: Any) -> Any:
    return x[..., ::2]


def _take(x: Any) -> Any:
    return np.take(x, [0, 0], axis=-1)


def _diff(x: Any) -> Any:
    return np.diff(x)


def _sort(x: Any) -> Any:
    return np.sort(x)


def _pad(x: Any) -> Any:
    return np.pad(x, 1)


def _tile(x: Any) -> Any:
    return np.tile(x, 2)


_subject(_reshape, [MATRIX], name="reshape", declared="reshape")
_subject(np.transpose, [MATRIX], complex=True)
_subject(_broadcast_to, [MATRIX], name="broadcast_to", declared=np.broadcast_to)
_subject(_concatenate, [MATRIX, OTHER], name="concatenate", declared=np.concatenate, signature="(m,n),(m,p)->(m,q)")
_subject(_stack, [MATRIX, OTHER], name="stack", declared=np.stack, signature="(m,n),(m,n)->(m,n,2)", same_shapes=True)
_subject(_flip, [MATRIX], name="flip", declared=np.flip)
_subject(_roll, [MATRIX], name="roll", declared=np.roll)
_subject(_getitem, [MATRIX], name="getitem", declared="getitem", signature="(m,n)->(m,k)")
_subject(_take, [MATRIX], name="take", declared=None, signature="(m,n)->(m,2)")
_subject(_diff, [MATRIX], name="diff", declared=None, signature="(m,n)->(m,k)")
_subject(_sort, [MATRIX], name="sort", declared=None, signature="(m,n)->(m,n)")
_subject(_pad, [MATRIX], name="pad", declared="pad", signature="(m,n)->(p,q)")
_subject(_tile, [MATRIX], name="tile", declared=None)
_subject(np.diagonal, [SQUARE], signature="(n,n)->(n)")
_subject(np.trace, [SQUARE], declared=None, signature="(n,n)->()")
_subject(np.tril, [SQUARE], declared=None, signature="(n,n)->(n,n)")

# Linear algebra

_subject(np.matmul, [MATRIX, np.transpose(OTHER)], signature="(m,n),(n,p)->(m,p)", complex=True)
_subject(np.dot, [MATRIX, np.transpose(OTHER)], declared=None, signature="(m,n),(n,p)->(m,p)")
_subject(np.inner, [MATRIX, OTHER], declared=None, signature="(m,n),(p,n)->(m,p)")
_subject(np.outer, [LINE, ABOVE], declared=None, signature="(m),(n)->(m,n)")
_subject(np.kron, [MATRIX, OTHER], declared=None, signature="(m,n),(p,q)->(r,s)")
_subject(np.cross, [LINE, ABOVE], declared="cross", signature="(3),(3)->(3)")
_subject(np.vecdot, [MATRIX, OTHER], signature="(m,n),(m,n)->(m)", same_shapes=True)


def _einsum(x: Any, y: Any) -> Any:
    return np.einsum("ij,kj->ik", x, y)


def _regular(x: Any) -> Any:
    return x + 3 * x.shape[-1] * np.eye(x.shape[-1], dtype=x.dtype)


def _solve(x: Any, y: Any) -> Any:
    return np.linalg.solve(_regular(x), y)


def _inv(x: Any) -> Any:
    return np.linalg.inv(_regular(x))


def _det(x: Any) -> Any:
    return np.linalg.det(x)


def _cholesky(x: Any) -> Any:
    return np.linalg.cholesky(_regular(x @ np.conj(x).mT))


def _eigvalsh(x: Any) -> Any:
    return np.linalg.eigvalsh(x + np.conj(x).mT + np.diag(np.arange(x.shape[-1]) * np.asarray(9, x.dtype)))


_subject(_einsum, [MATRIX, OTHER], name="einsum", declared="einsum", signature="(m,n),(p,n)->(m,p)")
_subject(
    _solve,
    [SQUARE, np.transpose(MATRIX)],
    name="solve",
    declared=np.linalg.solve,
    signature="(n,n),(n,p)->(n,p)",
    prepared=True,
)
_subject(_inv, [SQUARE], name="inv", declared=np.linalg.inv, signature="(n,n)->(n,n)", prepared=True)
_subject(_det, [SQUARE], name="det", declared=np.linalg.det, signature="(n,n)->()")
_subject(_cholesky, [SQUARE], name="cholesky", declared=np.linalg.cholesky, signature="(n,n)->(n,n)", prepared=True)
_subject(_eigvalsh, [SQUARE], name="eigvalsh", declared=np.linalg.eigvalsh, signature="(n,n)->(n)", prepared=True)

# Special functions

_subject(scipy.special.erf, [LINE])
_subject(scipy.special.expit, [LINE])
_subject(scipy.special.gammaln, [ABOVE], POSITIVE)
_subject(scipy.special.psi, [ABOVE], POSITIVE)
_subject(scipy.special.j0, [LINE])
_subject(scipy.special.xlogy, [MATRIX, np.abs(OTHER)], REAL, POSITIVE)
_subject(scipy.special.betaln, [np.abs(MATRIX), np.abs(OTHER)], POSITIVE)

# Neural networks

LABELS = np.array([2, 0])


def _cross_entropy(x: Any) -> Any:
    return F.cross_entropy(x, np.arange(x.shape[0]) % x.shape[1])


def _conv2d(x: Any, y: Any) -> Any:
    return F.conv2d(x, y, padding=1)


def _max_pool2d(x: Any) -> Any:
    return F.max_pool2d(x, 2)


def _layer_norm(x: Any, weight: Any, bias: Any) -> Any:
    return F.layer_norm(x, weight.shape, weight, bias)


RANDOM = np.random.default_rng(7)

for _function in (F.gelu, F.softplus, F.elu, F.silu, F.mish):
    _subject(_function, [LINE], declared=_function.__name__)
for _function in (F.relu, F.leaky_relu):
    _subject(_function, [LINE], declared=_function.__name__, kinks=(0.0,))
_subject(F.hardtanh, [LINE], declared="hardtanh", kinks=(-1.0, 1.0))
_subject(F.sigmoid, [LINE], declared="sigmoid")
_subject(F.softmax, [MATRIX], declared="softmax", keywords={"axis": (-1, 0)}, signature="(m,n)->(m,n)")
_subject(F.log_softmax, [MATRIX], declared="log_softmax", keywords={"axis": (-1, 0)}, signature="(m,n)->(m,n)")
_subject(_cross_entropy, [MATRIX], name="cross_entropy", declared="cross_entropy", signature="(m,n)->()")
_subject(F.mse_loss, [MATRIX, OTHER], declared=None, same_shapes=True)
_subject(F.huber_loss, [MATRIX, OTHER], declared="huber_loss", same_shapes=True)
_subject(F.linear, [MATRIX, SQUARE, LINE], declared="linear", signature="(m,n),(p,n),(p)->(m,p)")
_subject(
    _conv2d,
    [RANDOM.normal(size=(1, 2, 4, 4)), RANDOM.normal(size=(3, 2, 3, 3))],
    name="conv2d",
    declared="convolution",
    signature="(b,c,h,w),(o,c,3,3)->(b,o,h,w)",
)
_subject(
    _max_pool2d,
    [RANDOM.normal(size=(1, 2, 4, 4))],
    name="max_pool2d",
    declared="max_pool",
    signature="(b,c,4,4)->(b,c,2,2)",
)
_subject(
    _layer_norm, [MATRIX, LINE, ABOVE], name="layer_norm", declared="standardize", signature="(m,n),(n),(n)->(m,n)"
)

# Fourier transforms


def _fft(x: Any) -> Any:
    return np.fft.fft(x)


_subject(_fft, [MATRIX], name="fft", declared=np.fft.fft, signature="(m,n)->(m,n)", complex=True)
