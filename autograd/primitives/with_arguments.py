"""Applying operations of one input that have arguments beside it, such as an axis, a shape or an index.

These are as frequent as the functions of one and two inputs, and so have a path of their own as well.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from numbers import Rational
from typing import Any, NoReturn

import numpy as np

from ..errors import AutogradError, DtypeError, ShapeError, UnsupportedError, is_of_values
from ..graph.buffer_reuse import sum_gradients
from ..graph.detachment import cut_of
from ..graph.grad_mode import ON, recording
from ..graph.instrumentation import examine
from ..graph.mutation import guard, guard_arguments
from ..graph.node import Gradients, Node, View, absent, counter, intern_shape
from ..graph.source_info import note_line
from ..tensors.dispatch import fronts
from ..tensors.missing_names import refuse_keywords
from ..tensors.tensor import Tensor, link, plain_array, unwrap
from .primitive import Function, Primitive

__all__ = ["NUMBERS", "as_operand", "binder", "kind_of", "numbers", "on_arrays", "one_input", "static"]

new = object.__new__
ndarray = np.ndarray
asarray = np.asarray
may_share_memory = np.may_share_memory

Arguments = tuple[Any, ...]

# Types of arguments that nobody can change later.
_PLAIN = {int, float, bool, str, slice, type, type(None), type(np._NoValue), type(absent), np.dtype}


class AxisError(ShapeError, np.exceptions.AxisError):
    """An axis that there is not: NumPy's error, which is an `IndexError` too, with the name of the operation."""


class MatrixShapeError(ShapeError, np.linalg.LinAlgError):
    """A shape that is none of matrices, or of square ones: NumPy's error, with the name of the operation."""


def kind_of(error: ValueError) -> type[Exception]:
    """Return the kind of error that says of an operation what `error` says of a NumPy function."""
    if isinstance(error, np.linalg.LinAlgError):
        return MatrixShapeError if "dimension" in str(error) else np.linalg.LinAlgError  # the numbers are at fault
    return AxisError if isinstance(error, IndexError) else ShapeError


def binder(op: Primitive, first: int) -> Callable[[Arguments, dict[str, Any]], Arguments]:
    """Return what completes the arguments of `op`, from its parameter number `first` on, with defaults."""
    names = op.parameters[first:]
    places = {name: place for place, name in enumerate(names)}
    defaults = ((absent,) * len(op.parameters) + op.defaults)[-len(names) :] if names else ()
    tails = [defaults[given:] for given in range(len(names) + 1)]
    required = len(op.parameters) - len(op.defaults) - first

    def refuse(what: str) -> TypeError:
        return TypeError(f"'{op.name}' takes ({', '.join(op.parameters)}){what}")

    def bind(args: Arguments, kwargs: dict[str, Any]) -> Arguments:
        given = len(args)
        if given > len(names):
            raise refuse(f", but was given {first + given} arguments")
        values = args + tails[given]
        if kwargs:
            named = list(values)
            for name, value in kwargs.items():
                place = places.get(name, -1)
                if place < given:
                    refuse_keywords(f"'{op.name}'", kwargs)
                    raise refuse(f"; it cannot take {name}={value!r} here")
                named[place] = value
            values = tuple(named)
        if given < required and any(value is absent for value in values):
            raise refuse(f", but was not given {next(n for n, v in zip(names, values, strict=True) if v is absent)}")
        return values

    return bind


def one_input(op: Primitive) -> Function:
    """Build the function that applies an operation of one input and arguments, and the one that pulls back."""
    forward, rule = op.computed, op.applied[0]
    needs, linear, bind, count = op.getter(0), op.kind == "linear", binder(op, 1), len(op.parameters) - 1
    common_pool, names = set(op.shaped) <= {0}, op.parameters[1:]
    guarded = op.parameters[0] in op.needs[0]
    noted = [place - 1 for place in op.arguments_kept(1)]

    def apply(x: Any, *args: Any, **kwargs: Any) -> Any:
        plain = not kwargs
        for value in args:
            kind = type(value)
            if kind not in _PLAIN:
                plain = False
                if kind is not ndarray:
                    if len(args) > count:
                        bind(args, kwargs)  # which says that these are too many
                    args = tuple([static(op, v, name) for v, name in zip(args, names)])  # noqa: B905 - hot
                    break
        if kwargs:
            kwargs = {name: static(op, v, name) for name, v in kwargs.items()}
            args = bind(args, kwargs)
        elif len(args) != count:
            args = bind(args, kwargs)
        if not isinstance(x, Tensor):
            z = forward(x if type(x) is ndarray or type(x) in NUMBERS else numbers(op, x), *args)
            if type(z) is ndarray and z.dtype.kind == "O":
                refuse_objects(op.name)
            return z
        a = x._array
        try:
            z = forward(a, *args)
        except ValueError as error:
            if not is_of_values(error):
                raise
            message = f"'{op.name}' of a tensor of shape {a.shape} and dtype {a.dtype}: {error}"
            raise kind_of(error)(message) from error
        except TypeError as error:
            if not op.ours or isinstance(error, AutogradError) or not is_of_values(error):
                raise  # it says itself what is wrong
            raise TypeError(f"'{op.name}' of a tensor of shape {a.shape} and dtype {a.dtype}: {error}") from error
        if type(z) is not ndarray:
            z = asarray(z)
        out = new(Tensor)
        out._array = z
        base = z.base
        shares = z is a or (base is not None and (base is a or base is a.base or may_share_memory(a, z)))
        if shares:
            link(x, out)
        t, x = x, x._node
        dtype = z.dtype
        if x is None:
            if dtype.kind == "O":
                refuse_objects(op.name)
            out._node = None
            out._cut = t._cut
            return out
        mode = recording()
        if not mode or dtype.kind not in "fc":
            if dtype.kind == "O":
                refuse_objects(op.name)
            out._node = None
            out._cut = cut_of(op, (t,), mode)
            return out
        out._node = node = View() if shares and type(x) is not Node else Node()
        node.op = op
        node.x = x
        node.y = None
        node.kept = needs((a, *args, z, x.shape) if common_pool else op.pool((a, *args), z))
        node.kept_y = args if linear else None
        node.guard = None if plain or not noted else guard_arguments([args[i] for i in noted])
        if guarded and type(x) is not Node:
            node.guard = guard(x, a, node.guard)
        node.shape = intern_shape(z.shape)
        node.dtype = dtype
        node.number = next(counter)
        if mode > ON:
            examine(node, (a, *args), z)
        else:
            note_line(node)
        return out

    def pull(node: Node, g: Any, gradients: Gradients) -> None:
        x: Any = node.x
        held = gradients[x]
        if held is not absent:
            gx = rule(g, *node.kept)
            if gx.shape != x.shape or gx.dtype is not x.dtype:
                gx = op.conform(gx, x, node)
            gradients[x] = gx if held is None else held + gx if type(x.shape) is tuple else sum_gradients(held, gx)

    op.pull = op.aligned.pull = pull
    return apply


# Operands that nobody can change later, and that are no array.
NUMBERS = frozenset((int, float, complex, bool, type(None), *np.sctypeDict.values()))


def as_operand(value: Any) -> Any:
    """Return an operand that is neither a tensor nor an ndarray nor one of `NUMBERS` as an ndarray.

    Of a list that is a copy, which does not change with it; what it shares memory with, such as a memory map or a
    column of a table, others can write to, and so is compared like any ndarray: see `mutation`.
    """
    if isinstance(value, int | float | complex):
        return value  # of a subclass, which is as fixed
    if isinstance(value, Rational):
        return float(value)  # a fraction, of which NumPy makes an object
    return plain_array(value)


def numbers(op: Primitive, value: Any) -> Any:
    """Return what `as_operand` does if that is numbers, for an operation on what is no tensor."""
    _refuse_scalar(op, value)
    operand = as_operand(value)
    if getattr(operand, "dtype", np.dtype(float)).kind not in "biufc":
        raise DtypeError(f"'{op.name}' takes numbers and arrays of numbers, but was given a {type(value).__name__}")
    return operand


def on_arrays(function: Function, *args: Any, **kwargs: Any) -> Any:
    """Call a function whose result carries no gradient; where NumPy would ask objects for it, or return them, raise."""
    try:
        result = function(*unwrap(args), **unwrap(kwargs))
    except AttributeError as error:
        raise DtypeError(f"'{function.__name__}' takes numbers and arrays of numbers: {error}") from error
    if type(result) is ndarray and result.dtype.kind == "O":
        refuse_objects(function.__name__)
    return result


def refuse_objects(name: str) -> NoReturn:
    """Raise the error for an argument that is no number, of which NumPy made an array of objects."""
    raise DtypeError(f"'{name}' takes numbers and arrays of numbers, but was given something else")


def _refuse_scalar(op: Primitive, value: Any) -> None:
    """Raise for a number that records itself, where only arrays do: NumPy would ask it for the function again."""
    if type(value) in fronts:
        raise UnsupportedError(
            f"'{op.name}' is not defined for a {type(value).__name__}: pass its number, as in value.data, or use a "
            f"Tensor"
        )


def static(op: Primitive, value: Any, name: str) -> Any:
    """Return an argument that has no derivative: the values of a tensor, a copy of a list, which may change later."""
    kind = type(value)
    if kind is list:
        return copy.deepcopy(value) if value else value
    if kind in _PLAIN or kind is tuple or kind is ndarray:
        return value
    if not isinstance(value, Tensor):
        _refuse_scalar(op, value)
        return plain_array(value) if hasattr(value, "__array__") and not isinstance(value, np.generic) else value
    if value._node is not None:
        raise TypeError(f"'{op.name}' is not differentiable with respect to its argument {name!r}: detach() it")
    return value._array
