"""Weight initialization: each function fills a tensor in place and returns it, outside the graph.

Random values come from the generator that `nn.manual_seed` seeds, unless `generator` is given.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import numpy as np

from autograd import GraphError, Tensor
from autograd.extend import borrow, mark_written, missing

from ._arguments import checked, example
from .random import chosen_generator

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_",
    "orthogonal_", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip

T = TypeVar("T", bound=Tensor)
Generator: TypeAlias = "np.random.Generator | None"  # as text: NumPy loads it when it is first asked for
Mode = Literal["fan_in", "fan_out"]

_CONVOLUTIONS = [f"conv{kind}{axes}d" for kind in ("", "_transpose") for axes in (1, 2, 3)]


@example("nn.init.constant_(nn.Parameter([1.0, 2.0]), 0.5)", "Parameter([0.5, 0.5], dtype=float32, requires_grad=True)")
@checked
def constant_(tensor: T, val: float) -> T:
    """Fill `tensor` with one value."""
    return _fill(tensor, val)


def zeros_(tensor: T) -> T:
    """Fill `tensor` with 0."""
    return _fill(tensor, 0)


def ones_(tensor: T) -> T:
    """Fill `tensor` with 1."""
    return _fill(tensor, 1)


def eye_(tensor: T) -> T:
    """Fill a matrix with the identity: 1 on the diagonal, 0 elsewhere."""
    _check_tensor(tensor)
    if tensor.ndim != 2:
        raise ValueError(f"an identity needs two axes, not {tensor.shape}")
    return _fill(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


@checked
def dirac_(tensor: T, groups: int = 1) -> T:
    """Fill the weight of a convolution so that it returns its input: 1 in the middle of a window, for each channel.

    Parameters
    ----------
    tensor
        Shape ``(out, in / groups, *window)`` with one to three axes of windows. Without as many outputs as inputs in
        each group, the first of them are returned, or zeros follow them.
    groups
        The number of groups of the convolution, which divides that of the outputs.

    Examples
    --------
    >>> import nn
    >>> nn.init.dirac_(nn.Conv1d(2, 2, 3).weight).data
    array([[[0., 1., 0.],
            [0., 0., 0.]],
    <BLANKLINE>
           [[0., 0., 0.],
            [0., 1., 0.]]], dtype=float32)
    """
    _check_tensor(tensor)
    if not 3 <= tensor.ndim <= 5:
        raise ValueError(f"dirac_ needs a weight of shape (out, in, *window) with 3 to 5 axes, not {tensor.shape}")
    outputs, inputs = tensor.shape[:2]
    if groups < 1 or outputs % groups:
        raise ValueError(f"dirac_: groups={groups} does not divide the {outputs} outputs of a weight {tensor.shape}")
    values: Any = np.zeros(tensor.shape)
    middle: tuple[int, ...] = tuple(n // 2 for n in tensor.shape[2:])
    for first in range(0, outputs, outputs // groups):
        same = np.arange(min(outputs // groups, inputs))
        values[(first + same, same, *middle)] = 1
    return _fill(tensor, values)


@example("w = nn.init.sparse_(nn.Parameter([[0.0] * 3] * 4), 0.5)", "(w.data == 0).sum(axis=0)", "array([2, 2, 2])")
@checked
def sparse_(tensor: T, sparsity: float, std: float = 0.01, generator: Generator = None) -> T:
    """Fill a matrix with values drawn from a normal distribution, of which a share in each column is 0.

    Parameters
    ----------
    tensor
        Shape ``(rows, columns)``.
    sparsity
        The share of zeros, from 0 to 1; their number is rounded up.
    std
        The standard deviation of the others.
    generator
        The random generator; by default that of `nn.manual_seed`.

    References
    ----------
    Martens, "Deep learning via Hessian-free optimization", ICML 2010.
    """
    _check_tensor(tensor)
    if tensor.ndim != 2:
        raise ValueError(f"sparse_ needs two axes, not {tensor.shape}")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_: sparsity should be from 0 to 1, not {sparsity}")
    draw = chosen_generator(generator)
    values = draw.normal(0, std, tensor.shape)
    ranks = draw.random(tensor.shape).argsort(axis=0)  # of each column, its rows in any order
    np.put_along_axis(values, ranks[: math.ceil(sparsity * tensor.shape[0])], 0, axis=0)
    return _fill(tensor, values)


@example(
    "w = nn.init.uniform_(nn.Parameter([0.0] * 100), -1, 1)",
    "bool((abs(w.data) <= 1).all() and w.data.std() > 0.3)",
    "True",
)
@checked
def uniform_(tensor: T, a: float = 0.0, b: float = 1.0, generator: Generator = None) -> T:
    """Fill `tensor` with values drawn uniformly from `a` to `b`."""
    _check_tensor(tensor)
    return _fill(tensor, chosen_generator(generator).uniform(a, b, tensor.shape))


@checked
def normal_(tensor: T, mean: float = 0.0, std: float = 1.0, generator: Generator = None) -> T:
    """Fill `tensor` with values drawn from a normal distribution."""
    _check_tensor(tensor)
    return _fill(tensor, chosen_generator(generator).normal(mean, std, tensor.shape))


@example(
    "w = nn.init.trunc_normal_(nn.Parameter([0.0] * 100), a=0.0, b=0.5)",
    "bool((w.data >= 0).all() and (w.data <= 0.5).all())",
    "True",
)
@checked
def trunc_normal_(
    tensor: T, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Generator = None
) -> T:
    """Fill `tensor` with values drawn from a normal distribution truncated to the range from `a` to `b`."""
    if not (a < b and std > 0 and mean - 8 * std < b and a < mean + 8 * std):
        raise ValueError(f"no value of the distribution is between {a} and {b}: its mean is {mean}, its std {std}")
    _check_tensor(tensor)
    draw = chosen_generator(generator)
    # Rejection sampling: uniform draws are kept in proportion to the density, which vanishes beyond 13 times std. At
    # least one in forty is kept, even where the mean is far from the limits, or the limits are close together.
    low, high = max(a, mean - 13 * std), min(b, mean + 13 * std)
    highest = ((min(max(mean, low), high) - mean) / std) ** 2
    values, missing = np.empty(tensor.size), np.arange(tensor.size)
    while missing.size:
        drawn = draw.uniform(low, high, missing.size)
        kept = draw.random(missing.size) < np.exp((highest - ((drawn - mean) / std) ** 2) / 2)
        values[missing[kept]] = drawn[kept]
        missing = missing[~kept]
    return _fill(tensor, values.reshape(tensor.shape))


@example(
    "w = nn.init.orthogonal_(nn.Parameter([[0.0] * 4] * 2)).data",
    "(w @ w.T).round(4) + 0.0",
    "array([[1., 0.],\n       [0., 1.]], dtype=float32)",
)
@checked
def orthogonal_(tensor: T, gain: float = 1.0, generator: Generator = None) -> T:
    """Fill `tensor` with `gain` times orthonormal rows, or columns if it has more rows; later axes are merged.

    References
    ----------
    Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", ICLR 2014.
    """
    _check_tensor(tensor)
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal rows need two axes or more, not {tensor.shape}")
    shape = (tensor.shape[0], math.prod(tensor.shape[1:]))
    drawn = chosen_generator(generator).normal(size=(max(shape), min(shape)))
    q, r = np.linalg.qr(drawn)
    q *= np.sign(np.diag(r))  # so that the distribution of orthogonal matrices is uniform
    return _fill(tensor, gain * (q if shape[0] >= shape[1] else q.T).reshape(tensor.shape))


@checked
def xavier_uniform_(tensor: T, gain: float = 1.0, generator: Generator = None) -> T:
    """Fill `tensor` from a uniform distribution with variance ``gain**2 * 2 / (fan_in + fan_out)``.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
    """
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


@checked
def xavier_normal_(tensor: T, gain: float = 1.0, generator: Generator = None) -> T:
    """Fill `tensor` normally with variance ``gain**2 * 2 / (fan_in + fan_out)``; see `xavier_uniform_`."""
    return normal_(tensor, 0, gain * math.sqrt(2 / sum(_fans(tensor))), generator)


@example(
    'w = nn.init.kaiming_uniform_(nn.Linear(6, 4).weight, nonlinearity="relu")', "bool(abs(w.data).max() <= 1)", "True"
)
@checked
def kaiming_uniform_(
    tensor: T, a: float = 0.0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator = None
) -> T:
    """Fill `tensor` from a uniform distribution with variance ``gain**2 / fan``.

    Parameters
    ----------
    tensor
        Shape ``(out, in)``, or ``(out, in, ...)`` with a receptive field.
    a
        The slope of leaky_relu for negative arguments.
    mode
        ``"fan_in"`` keeps the variance of activations, ``"fan_out"`` that of gradients.
    nonlinearity
        The activation after the layer: see `calculate_gain`.
    generator
        The random generator; by default that of `nn.manual_seed`.

    References
    ----------
    He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


@checked
def kaiming_normal_(
    tensor: T, a: float = 0.0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator = None
) -> T:
    """Fill `tensor` normally with variance ``gain**2 / fan``; see `kaiming_uniform_`."""
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


@example('round(nn.init.calculate_gain("relu"), 4)', "1.4142")
@checked
def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the gain of an activation: the factor by which initial weights before it should be larger.

    Parameters
    ----------
    nonlinearity
        ``"linear"``, ``"sigmoid"``, ``"tanh"``, ``"relu"``, ``"selu"`` or ``"leaky_relu"``; the name of a
        convolution, such as ``"conv2d"``, counts as linear.
    param
        The slope of leaky_relu for negative arguments, 0.01 by default.
    """
    slope = 0.01 if param is None else param
    gains = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2)}
    gains |= {"leaky_relu": math.sqrt(2 / (1 + slope**2)), "selu": 3 / 4}
    if nonlinearity in _CONVOLUTIONS:
        return gains["linear"]
    if nonlinearity not in gains:
        raise ValueError(f"no gain is known for {nonlinearity!r}, only for {', '.join(gains)}")
    return gains[nonlinearity]


def draw_within(inputs: int, *parameters: Tensor | None) -> None:
    """Draw the parameters of a layer, but for those it does not have, uniformly from ±1 / sqrt(inputs)."""
    bound = 1 / math.sqrt(inputs)
    for parameter in parameters:
        if parameter is not None:
            uniform_(parameter, -bound, bound)


def _check_tensor(tensor: Any) -> None:
    if not isinstance(tensor, Tensor | np.ndarray):
        raise TypeError(
            f"nn.init fills a Parameter or an array in place, not what has the type {type(tensor).__name__}"
        )
    array: Any = borrow(tensor)
    if isinstance(tensor, Tensor) and not tensor.is_leaf and type(array) is np.ndarray and array.flags.owndata:
        raise GraphError(
            "nn.init fills a parameter in place, but this is the result of an operation, which is computed anew each "
            "time: assign to a parametrized weight, as in layer.weight = values"
        )


def _fill(tensor: T, values: Any) -> T:
    _check_tensor(tensor)
    memory = borrow(tensor)
    np.copyto(memory, values, casting="same_kind")  # integers cannot be filled with random numbers
    mark_written(memory)
    return tensor


def _fans(tensor: Tensor) -> tuple[int, int]:
    """Return fan-in and fan-out: the number of inputs of one output, and of outputs of one input."""
    _check_tensor(tensor)
    if tensor.ndim < 2:
        raise ValueError(f"fan-in and fan-out need a weight of shape (out, in, ...), not {tensor.shape}")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _kaiming_std(tensor: Tensor, a: float, mode: Mode, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'mode should be "fan_in" or "fan_out", not {mode!r}')
    fan = _fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


if not TYPE_CHECKING:  # with it, type checkers would accept any name
    __getattr__ = missing.lookup(__name__)
