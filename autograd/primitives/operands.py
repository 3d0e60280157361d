"""Operands and arguments of operations: filling in defaults, converting values, and refusing invalid ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Rational
from typing import Any, NoReturn

import numpy as np

from ..arrays.door import FAILURES, TRACED_TYPES, batches, innermost_level
from ..arrays.standin import StandIn
from ..errors import AutogradError, DtypeError, ShapeError, UnsupportedError, is_of_values, no_number
from ..foreign.missing import refuse_keywords
from ..graph.node import Node, absent
from ..source.call_site import users_line
from ..tensors.dataframes import is_of_table, is_polars, without_polars
from ..tensors.dispatch import fronts
from ..tensors.tensor import Tensor, plain_array, unwrap
from .primitive import Function, Primitive

ndarray = np.ndarray

Arguments = tuple[Any, ...]

# Immutable types of operands that are not arrays.
NUMBERS = frozenset((int, float, complex, bool, type(None), *np.sctypeDict.values()))
# Immutable types of arguments.
IMMUTABLE = {int, float, bool, str, slice, type, type(None), type(np._NoValue), type(absent), np.dtype}


# The result of `recovered` for an operation that has to be computed in a loop over a batch.
LOOP: Any = object()


class AxisError(ShapeError, np.exceptions.AxisError):
    """An axis out of bounds: NumPy's error, which is an `IndexError` too, with the name of the operation."""


class MatrixShapeError(ShapeError, np.linalg.LinAlgError):
    """A shape that is not that of a matrix, or not square: NumPy's error, with the name of the operation."""


def kind_of(error: ValueError) -> type[Exception]:
    """Return the class of the error to raise for an operation where a NumPy function raised `error`."""
    if isinstance(error, np.linalg.LinAlgError):
        return MatrixShapeError if "dimension" in str(error) else np.linalg.LinAlgError  # the values are at fault
    return AxisError if isinstance(error, IndexError) else ShapeError


def binder(op: Primitive, first: int) -> Callable[[Arguments, dict[str, Any]], Arguments]:
    """Return a function that completes the arguments of `op`, from parameter `first` on, with their defaults."""
    names = op.parameters[first:]
    positions = {name: position for position, name in enumerate(names)}
    defaults = ((absent,) * len(op.parameters) + op.defaults)[-len(names) :] if names else ()
    tails = tuple([defaults[given:] for given in range(len(names) + 1)])
    required = len(op.parameters) - len(op.defaults) - first

    def bind(args: Arguments, kwargs: dict[str, Any]) -> Arguments:
        given = len(args)
        if given > len(names):
            raise _wrong_call(op, f", but was given {first + given} arguments")
        values = args + tails[given]
        if kwargs:
            named = list(values)
            for name, value in kwargs.items():
                position = positions.get(name, -1)
                if position < given:
                    refuse_keywords(f"'{op.name}'", kwargs)
                    raise _wrong_call(op, f"; it cannot take {name}={value!r} here")
                named[position] = value
            values = tuple(named)
        if given < required and any(value is absent for value in values):
            missing = next(name for name, value in zip(names, values, strict=True) if value is absent)
            raise _wrong_call(op, f", but was not given {missing}")
        return values

    return bind


def _wrong_call(op: Primitive, what: str) -> TypeError:
    return TypeError(f"'{op.name}' takes ({', '.join(op.parameters)}){what}")


def as_operand(value: Any) -> Any:
    """Convert an operand that is not a tensor, an ndarray or one of `NUMBERS` to an ndarray.

    A list is copied, so later changes to it do not matter. A memory map or a column of a table shares its memory, which
    others can write to, so it is compared like any ndarray: see `mutation`.
    """
    if isinstance(value, int | float | complex | StandIn):
        return value  # of a subclass, which is immutable too
    if isinstance(value, Rational):
        return float(value)  # a fraction: NumPy would turn it into an object
    return plain_array(value)


def numbers(op: Primitive, value: Any) -> Any:
    """Convert an operand of a call without tensors as `as_operand` does, and raise if it does not hold numbers."""
    _refuse_scalar(op, value)
    operand = as_operand(value)
    if getattr(operand, "dtype", np.dtype(float)).kind not in "biufc":
        raise DtypeError(f"'{op.name}' takes numbers and arrays of numbers, but was given a {type(value).__name__}")
    return operand


def _refuse_scalar(op: Primitive, value: Any) -> None:
    """Raise for a `Value` where only arrays are accepted: NumPy would call this function again through it."""
    if type(value) in fronts:
        raise UnsupportedError(
            f"'{op.name}' is not defined for a {type(value).__name__}: pass its number, as in value.data, or use a "
            f"Tensor"
        )


def static(op: Primitive, value: Any, name: str) -> Any:
    """Convert an argument without a derivative: a tensor to its ndarray. A node that keeps a list copies it."""
    kind = type(value)
    if kind in IMMUTABLE or kind is list or kind is tuple or kind is ndarray or kind in TRACED_TYPES:
        return value
    if not isinstance(value, Tensor):
        _refuse_scalar(op, value)
        return (
            plain_array(value) if hasattr(value, "__array__") and not isinstance(value, np.generic | float) else value
        )
    if value._node is not None:
        listed = op.name in ("concatenate", "stack")
        remedy = f"{f'give the tensors as one list, np.{op.name}([a, b]), or ' * listed}detach() it"
        raise TypeError(f"'{op.name}' is not differentiable with respect to its argument {name!r}: {remedy}")
    return value._array


def explain(op: Primitive, error: ValueError, *values: Any) -> Exception:
    """Return the error that names the operation and the shapes and dtypes of its operands."""
    if not is_of_values(error):
        raise error
    if any(value is not None and plain_array(value).dtype.kind == "O" for value in values):
        refuse_objects(op.name, *values)
    shapes = " and ".join(f"{np.shape(value)} {getattr(value, 'dtype', type(value).__name__)}" for value in values)
    one = len(values) == 1 or isinstance(error, np.linalg.LinAlgError)
    return kind_of(error)(f"'{op.name}'{' of' if one else ' cannot combine'} {shapes}: {error}")


def refuse(op: Primitive, error: Exception, *values: Any) -> None:
    """Raise the error for operands that are not numbers, or have a dtype that the function is not defined for.

    Errors that a user's function raises for numbers, and errors of this package, are left as they are.
    """
    if isinstance(error, AutogradError) or not is_of_values(error):
        return
    if op.ours or isinstance(op.forward, np.ufunc) or not all(map(_is_numeric, values)):
        if any(isinstance(value, ndarray) and value.dtype.kind in "OSU" for value in values):
            refuse_objects(op.name, *values)
        kinds = " and ".join(f"{getattr(value, 'dtype', type(value).__name__)}" for value in values)
        raise DtypeError(f"'{op.name}' cannot compute with {kinds}: {error}") from error


def recovered(op: Primitive, *values: Any) -> Any:
    """Return what an operation gives whose forward failed, where it can be had in another way; else None.

    Tables of Polars take part in few functions of NumPy, but their numbers do in all. The rest is for batched arrays.
    A function of each element that knows no batches is applied to all elements at once. Any other has to be computed in
    a loop: then the result is `LOOP`.
    """
    if any(map(is_polars, values)):
        return op.forward(*map(without_polars, values))
    level = innermost_level(values)
    if level is None or isinstance(op.forward, np.ufunc):
        return None
    if op.kind != "elementwise":
        return LOOP
    try:
        return level.elementwise(op.forward, values)
    except ValueError:
        return None  # shapes that do not fit, in a batch or without one


def recovered_or_refused(op: Primitive, error: Exception, operands: Sequence[Any], values: Sequence[Any] = ()) -> Any:
    """Return what `recovered` does for an operation whose forward raised `error`, or raise.

    The error that is raised names the operation and its operands, where those are at fault. `values` are the operands
    and the other arguments, if there are any.
    """
    z = recovered(op, *(values or operands))
    if z is not None:
        return z
    if isinstance(error, ValueError):
        raise explain(op, error, *operands) from (None if isinstance(op.forward, np.ufunc) else error)
    if isinstance(error, TypeError | AttributeError):
        refuse(op, error, *operands)
    raise error


def handed_over(op: Primitive, z: Any, *operands: Any) -> Any:
    """Return what the class of an operand makes of tensors, where its arrays hold them; else `NotImplemented`.

    `z` is what it makes of their arrays. Tables hold no tensors, so that operations with them give tensors.
    """
    if isinstance(z, ndarray | StandIn) or not hasattr(type(z), "__array_ufunc__") or type(z) in fronts:
        return NotImplemented
    if not isinstance(op.forward, np.ufunc) or is_of_table(z):
        return NotImplemented
    for operand in operands:
        kind = type(operand)  # that of z; or one that gives z, as a unit times a tensor gives a quantity
        if kind is type(z) or (not isinstance(operand, Tensor | ndarray) and hasattr(kind, "__array_ufunc__")):
            return kind.__array_ufunc__(operand, op.forward, "__call__", *operands)
    return NotImplemented


def settled(
    results: Sequence[Any], inputs: Sequence[Node | None] = (), arrays: Sequence[Any] = ()
) -> tuple[list[Any], list[Node | None]]:
    """Return what a forward gave as arrays of tensors, and the nodes by which the operation uses its inputs.

    Those of a batch may use the tensors that all its elements share, whose arrays are given, by nodes of their own.
    """
    found = [np.asarray(z) if type(z) in NUMBERS else plain_array(z) for z in results]
    batched: Any = next((z for z in found if batches(z)), None)
    if batched is not None:
        inputs = [batched.shared(x, array) for x, array in zip(inputs, arrays, strict=False)]
    return found, list(inputs)


def loop(op: Primitive, *args: Any) -> Any:
    """Apply an operation to the arguments of each element of a batch in turn, and join the results."""
    level: Any = innermost_level(args)
    return level.loop_call(op.apply, args, {})


def computed(op: Primitive, *values: Any) -> Any:
    """Return the result of an operation on values none of which is a tensor."""
    try:
        return op.forward(*values)
    except FAILURES:
        z = recovered(op, *values)
        if z is None:
            raise
    return loop(op, *values) if z is LOOP else z


def _is_numeric(value: Any) -> bool:
    return getattr(value, "dtype", np.dtype(type(value) if type(value) in NUMBERS else object)).kind in "biufc"


def refuse_objects(name: str, *values: Any) -> NoReturn:
    """Raise the error for operands that NumPy turns into an array of objects; it names those among `values`."""
    odd = [value for value in values if value is not None and np.asarray(value).dtype.kind in "OSU"]
    if values and not odd:
        raise DtypeError(f"'{name}' returned something other than numbers, at {users_line()}: is a return missing?")
    kinds = " and ".join(sorted({_kind_of_array(v) if hasattr(v, "dtype") else type(v).__name__ for v in odd}))
    remedy = ""
    if any(hasattr(v, "tocsr") for v in odd):
        remedy = ": of a sparse matrix A there are A @ t and t @ A, and A.toarray() is an array"
    else:
        remedy = next((f", of {no_number(v)}" for v in odd if isinstance(v, ndarray)), "")
    raise DtypeError(
        f"'{name}' takes numbers and arrays of numbers, but was given {kinds or 'something else'} at {users_line()}"
        f"{remedy}"
    )


def _kind_of_array(array: Any) -> str:
    return "an array of objects" if array.dtype.kind == "O" else "an array of strings"


def on_arrays(function: Function, *args: Any, **kwargs: Any) -> Any:
    """Call a function without a derivative on the arrays of tensors; raise where NumPy gives an array of objects."""
    try:
        result = function(*unwrap(args), **unwrap(kwargs))
    except AttributeError as error:
        raise DtypeError(f"'{function.__name__}' takes numbers and arrays of numbers: {error}") from error
    if type(result) is ndarray and result.dtype.kind == "O":
        refuse_objects(function.__name__)
    return result
