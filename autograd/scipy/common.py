"""What the modules of this package share: telling arrays from tensors, and calling SciPy for stacks and batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from autograd import DtypeError, GraphError, Tensor
from autograd.extend import as_array, enter_batch, innermost, leave_batch
from autograd.inside import (
    ArrayOrTensor,
    StandIn,
    TensorLike,
    any_live,
    batches,
    called,
    contents,
    operand,
    unrecorded,
    unwrap,
    users_line,
)

Arrays = tuple["ArrayOrTensor", ...]


def differentiates(module: str, names: Iterable[str]) -> Callable[[str], NoReturn]:
    """Return the ``__getattr__`` of a module of this package: an error that says which functions of SciPy it has."""
    own = module.partition(".")[2]

    def __getattr__(name: str) -> NoReturn:  # noqa: N807  # the name that the module gives it
        raise AttributeError(
            f"{module} has no {name!r}: it differentiates {', '.join(names)}. SciPy's own is {own}.{name}, of arrays"
        )

    return __getattr__


def is_plain(*values: object) -> bool:
    """Tell whether SciPy takes the values itself: there is no tensor among them, nor an array of a transform."""
    return not any(
        not is_plain(*value) if isinstance(value, list | tuple) else isinstance(value, Tensor | StandIn)
        for value in values
    )


def is_single(*values: object) -> bool:
    """Tell whether SciPy takes the values itself: they are no stacks, which only its later versions take."""
    return is_plain(*values) and all(value is None or np.ndim(value) <= 2 for value in values)  # type: ignore[arg-type]


def float_operand(x: TensorLike) -> Any:
    """Return a tensor as it is, lists of them as one, anything else as an array; integers as floating-point numbers."""
    if isinstance(x, list | tuple) and not is_plain(x):
        return np.stack([float_operand(part) for part in x])
    found = operand(x)
    if found.dtype.kind in "fc":
        return found
    if found.dtype.kind not in "iub":  # of None, for example, NumPy makes nan
        raise DtypeError(f"numbers are needed, at {users_line()}, not {type(x).__name__}: its dtype is {found.dtype}")
    return found.astype(float)


def double(x: TensorLike) -> Any:
    """Return a tensor or an array in double precision, real or complex."""
    found = float_operand(x)
    wanted = np.dtype(np.complex128 if found.dtype.kind == "c" else np.float64)
    return found if found.dtype == wanted else found.astype(wanted)


def lapack_operand(x: TensorLike) -> Any:
    """Return the same in single or double precision, as SciPy does for LAPACK, which knows no others."""
    found = float_operand(x)
    single = found.dtype.char in "efF"
    wanted = np.dtype(("F" if single else "D") if found.dtype.kind == "c" else "f" if single else "d")
    return found if found.dtype == wanted else found.astype(wanted)


def require_finite(check_finite: bool, *arrays: ArrayOrTensor) -> None:
    """Raise SciPy's error if there are infinite numbers or nan in an array."""
    if check_finite and not all(bool(np.isfinite(np.asarray(_values(x))).all()) for x in arrays):
        raise ValueError("array must not contain infs or NaNs")


def _values(x: Any) -> Any:
    x = unwrap(x)
    while batches(x):
        x = unwrap(x.value)
    return x


def stacked(
    function: Callable[..., Any], arrays: Arrays, axes: tuple[int, ...], *rest: Any, native: int | None = None
) -> Any:
    """Call a function of arrays of SciPy, which knows no batches and stacks, for each of them.

    Parameters
    ----------
    function
        The function of as many ndarrays, and then of `rest`; it returns an array or a tuple of arrays.
    arrays
        Arrays, which broadcast against each other along their leading axes.
    axes
        How many axes at the end of each belong to one call.
    native
        The position of the array of which the function itself takes a stack, where the others are no stacks.
    """
    level = innermost(arrays)
    if level is None:
        return called(_of_stack, function, axes, rest, native, *arrays)
    depth = max(np.ndim(x) - n for x, n in zip(arrays, axes, strict=True))
    left = []
    for x, n in zip(arrays, axes, strict=True):
        if level not in batches(x):
            left.append(x)
            continue
        whole = leave_batch(x, level)
        missing = depth - (whole.ndim - 1 - n)
        left.append(whole.reshape(whole.shape[:1] + (1,) * missing + whole.shape[1:]))
    found = stacked(function, tuple(left), axes, *rest, native=native)
    return tuple(enter_batch(part, level) for part in found) if isinstance(found, tuple) else enter_batch(found, level)


@unrecorded  # a program has it as one call, whatever SciPy calls
def _of_stack(function: Callable[..., Any], axes: Any, rest: Any, native: int | None, *given: Any) -> Any:
    arrays = tuple(map(as_array, given))
    stacks = [x.shape[: x.ndim - n] for x, n in zip(arrays, axes, strict=True)]
    stack = np.broadcast_shapes(*stacks)
    if not stack or all(i == native or not each for i, each in enumerate(stacks)):
        return function(*arrays, *rest)
    spread = [np.broadcast_to(x, stack + x.shape[x.ndim - n :]) for x, n in zip(arrays, axes, strict=True)]
    results = [function(*[x[index] for x in spread], *rest) for index in np.ndindex(stack)]
    if not results:  # the function says what one result would be like
        some = [
            np.eye(*x.shape[x.ndim - n :], dtype=x.dtype) if n == 2 else np.ones(x.shape[x.ndim - n :], x.dtype)
            for x, n in zip(arrays, axes, strict=True)
        ]
        results = [function(*some, *rest)]
    if isinstance(results[0], tuple):
        return tuple(_joined(list(parts), stack) for parts in zip(*results, strict=True))
    return _joined(results, stack)


def _joined(results: list[Any], stack: tuple[int, ...]) -> Any:
    joined = np.stack(results)
    return joined[: math.prod(stack)].reshape(stack + joined.shape[1:])


# What SciPy's own functions may be given as it is, and what has to be computed here


def in_double(x: TensorLike) -> Any:
    """Return a tensor or an array as one of double precision, in which SciPy computes; raise for complex numbers."""
    found = double(x)
    if found.dtype.kind == "c":
        raise DtypeError(f"real numbers are needed, at {users_line()}, not complex ones of shape {found.shape}")
    return found


def refuse_live(function: str, remedy: str, **values: object) -> None:
    """Raise if one of the arguments of a function requires a gradient, which there is none for."""
    for name, value in values.items():
        if any(any_live(x) for x in contents([value])):
            raise GraphError(
                f"{function}, at {users_line()}, has no derivative with respect to {name}, which requires a gradient: "
                f"{remedy}"
            )


def on_plain(name: str, function: Callable[..., ArrayLike]) -> Callable[..., Any]:
    """Return a function of SciPy that has no derivative here: it takes arrays and constants, and refuses others."""

    @wraps(function)
    def call(*args: object, **kwargs: object) -> Any:
        level = innermost(args, kwargs)
        if level is not None:
            raise GraphError(
                f"{name}, at {users_line()}, has no rule for batches here: call it outside of vmap, for all elements"
            )
        refuse_live(name, "there is no rule for it here, and t.detach() passes the numbers alone", args=args, **kwargs)
        return function(*map(array_of, args), **{key: array_of(value) for key, value in kwargs.items()})

    return call


def array_of(value: Any) -> Any:
    """Return the array of a tensor, and anything else as it is."""
    return value._array if isinstance(value, Tensor) else value
