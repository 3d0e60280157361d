"""The forms of NumPy's functions: how each goes with axes and elements, for batches and for patterns alike.

`vmap` moves the axes of a function up by one, and `sparsity` follows which inputs each element depends on. Both look
here, so that a function that one of them knows is never missing in the other.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from ..arrays.door import Level
from ..tensors.dispatch import operation_of

Function = Callable[..., Any]

# Functions of one array, the first parameter, along an axis.
# Many elements become one.
REDUCING = frozenset((
    "mean", "std", "var", "ptp", "nansum", "nanprod", "nanmean", "nanstd", "nanvar", "nanmax", "nanmin",
))  # fmt: skip
# Each element is computed from those before it.
ACCUMULATING = frozenset((
    "cumsum", "cumprod", "nancumsum", "nancumprod", "cumulative_sum", "cumulative_prod",
))  # fmt: skip
# What is computed is an answer: integers and truth, which have no derivative.
ANSWERING = frozenset((
    "count_nonzero", "argmax", "argmin", "nanargmax", "nanargmin", "argsort", "argpartition",
))  # fmt: skip
# Elements are moved, and stay what they are.
MOVING = frozenset(("flip", "squeeze", "repeat", "delete"))
# Elements change places by their order.
SORTING = frozenset(("sort", "partition"))
# Each element is computed from all of them.
MIXING = frozenset(("unwrap", "fft", "ifft", "rfft", "irfft", "hfft", "ihfft"))
ALONG = REDUCING | ACCUMULATING | ANSWERING | MOVING | SORTING | MIXING
# Those for which an axis of None means the flattened array, rather than all axes.
FLATTENING = (ACCUMULATING | ANSWERING | SORTING | {"repeat", "delete"}) - {"count_nonzero"}
# Functions that are the reduction of a ufunc.
REDUCTIONS: dict[Function, np.ufunc] = {
    np.sum: np.add, np.prod: np.multiply, np.max: np.maximum, np.amax: np.maximum, np.min: np.minimum,
    np.amin: np.minimum, np.any: np.logical_or, np.all: np.logical_and,
}  # fmt: skip
# Functions of each element that are no ufuncs.
ELEMENTWISE = frozenset((
    "clip", "round", "around", "real", "imag", "angle", "isclose", "nan_to_num", "fix", "isreal", "iscomplex",
    "isposinf", "isneginf", "sinc", "i0", "copy",
))  # fmt: skip
# Functions of the last axes of numpy.linalg, with how many each operand has.
LAST_AXES = {
    "inv": (2,), "pinv": (2,), "det": (2,), "slogdet": (2,), "cholesky": (2,), "eig": (2,), "eigh": (2,),
    "eigvals": (2,), "eigvalsh": (2,), "svd": (2,), "svdvals": (2,), "qr": (2,), "matrix_rank": (2,), "cond": (2,),
    "matrix_power": (2,), "matrix_norm": (2,),
}  # fmt: skip

# Operations in which, for `sparsity`, everything that is computed depends on everything that is given, and calls of
# others for which that is so: with nan among the numbers, with weights, or with a period that is differentiated.
DENSE = {
    "bincount": "", "convolution": "", "convolution_weights": "", "ctc_loss": "", "interp": "with a period or ends",
    "lstsq": "", "nanmedian": "with nan", "nanpercentile": "with nan", "nanquantile": "with nan", "nanstd_about": "",
    "nanvar_about": "", "percentile": "with weights", "quantile": "with weights", "resample_back": "", "roots": "",
    "transposed_convolution": "", "unwrap": "with a period",
}  # fmt: skip


def noting(rules: dict[Function, Function]) -> Callable[..., Callable[[Function], Function]]:
    """Return a decorator that notes in a table how some functions go; with `each`, it is told which of them first."""

    def rule(*functions: Function, each: bool = False) -> Callable[[Function], Function]:
        def note(made: Function) -> Function:
            rules.update({function: partial(made, function) if each else made for function in functions})
            return made

        return note

    return rule


@cache
def form(function: Function) -> str:
    """Return the name of the form of a NumPy function that has no rule of its own."""
    name = function.__name__
    if function in REDUCTIONS:
        return "reduction"
    if (function.__module__ or "").startswith("numpy.linalg") and name in LAST_AXES:
        return "last axes"
    if name in ALONG:
        return "axis"
    if name in ELEMENTWISE:
        return "elementwise"
    return "composed" if is_composed(function) else "loop"


def is_composed(function: Function) -> bool:
    """Tell whether a NumPy function is declared as a composition of others."""
    composition = operation_of(function)
    operation = getattr(composition, "operation", None)
    return composition is not None and getattr(operation, "function", None) is not function


@cache
def parameters(function: Function) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the names of the parameters of a function, and the defaults of those that have one."""
    parameters = inspect.signature(function).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    return tuple([p.name for p in parameters]), defaults


def bound(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by their names."""
    return {**dict(zip(parameters(function)[0], args, strict=False)), **kwargs}


def by_ufunc(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function that is the reduction of a ufunc as that."""
    given = bound(function, args, kwargs)
    options = {name: value for name, value in given.items() if value is not np._NoValue and value is not None}
    return REDUCTIONS[function].reduce(options.pop("a"), axis=options.pop("axis", None), **options)


def cores_of(ufunc: Any) -> list[int]:
    """Return how many of the last axes of each operand its signature says that a ufunc takes together."""
    return [len([c for c in part.split(",") if c]) for part in ufunc.signature.partition("->")[0][1:-1].split("),(")]


def loop_call(level: Level, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function that a level knows nothing of by its `loop`, which takes arguments without names."""
    names = list(kwargs)

    def call(args: Any, values: Any) -> Any:
        return function(*args, **dict(zip(names, values, strict=True)))

    return level.loop(function.__name__, call, (args, tuple(kwargs.values())))


def written_to(out: Any, result: Any, ready: Callable[[Any, Any], Any]) -> Any:
    """Write results to the arrays given as ``out=``, and return these; `ready` makes of a target and a value the value.

    Of several outputs both are tuples, with None for one that is not written anywhere.
    """
    if out is None:
        return result
    written = []
    for target, value in zip(*(x if isinstance(x, tuple) else (x,) for x in (out, result)), strict=True):
        if target is not None:
            target[...] = ready(target, value)
        written.append(value if target is None else target)
    return written[0] if len(written) == 1 else tuple(written)
