"""In-place writes to tensors: values change as in NumPy, and gradients are those of a program that never writes.

A write computes the whole new value of the tensor by recorded operations and puts it in new memory of the same layout,
so that saved tensors stay unchanged. Tensors that share the memory, views or their bases, move with it, and the written
elements are replaced in their graphs too. Where nothing is recorded, the memory itself is written to, including that
of a parameter within `no_grad`; a graph that saved it before then refuses to run backward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from ..arrays.door import as_array, batches, chosen, constant, copied_for, everywhere
from ..arrays.select import select
from ..arrays.standin import power_call
from ..errors import BatchError, DtypeError, GraphError, ShapeError, UnsupportedError
from ..graph.grad_mode import recording
from ..graph.mutation import note_written
from ..graph.node import Leaf
from ..graph.widening import Widened
from ..primitives.declare import OPERATORS, add_methods, general, method_of
from ..source.call_site import users_line
from ..source.source_info import warn
from ..tensors.dispatch import writers
from ..tensors.tensor import Tensor, TensorLike, any_live, as_now, as_tensor, unwrap
from ..tensors.types import ArrayOrTensor, Index
from ..tensors.views import move, overlap, sharing
from .index import scatter, selected, settled
from .shape import operand, unbroadcast

# The two operations that a write is made of


def _put(x: Any, value: Any, key: Any) -> Any:
    out = copied_for(x, value, key)
    out[key] = value
    return out


def _without(g: Any, key: Any) -> Any:
    """Return `g` with zeros at an index."""
    return put(g, np.zeros((), g.dtype), key) if isinstance(g, Tensor) else _put(g, 0, key)


def _of_value(g: Any, key: Any, value_shape: tuple[int, ...]) -> Any:
    """Return the part of `g` at an index; of several values for one element, only the last was written."""
    part = selected(g, key)
    if isinstance(key, tuple | list | np.ndarray) or batches(key):
        number = np.arange(part.size).reshape(part.shape)
        winner = copied_for(np.zeros(g.shape, int), key)
        winner[key] = number
        mine = winner[key] == number
        if not everywhere(mine):
            part = select(mine, part, 0)
    return unbroadcast(part, value_shape)


put = general(_put, _without, _of_value, name="setitem")


def _replace(x: Any, written: Any, mask: Any, positions: Any) -> Any:
    out = copied_for(x, written, mask)
    out[mask] = written.reshape(-1)[positions]
    return out


replace = general(
    _replace,
    lambda g, mask: select(mask, 0, g),
    lambda g, mask, positions, written_shape: scatter(g[mask], positions, (int(np.prod(written_shape)),)).reshape(
        written_shape
    ),
    name="overwrite",
)


# How a write works


def is_recorded(x: Tensor, *values: object) -> bool:
    """Tell whether a write of `values` to `x` has to be recorded; raise if it writes to a leaf."""
    if not recording():
        return False
    members = [x, *sharing(x)]
    for member in members:
        if type(member._node) is Leaf and (member is x or overlap(member._array, x._array) is not None):
            what = "a leaf that requires a gradient" if member is x else "a view of a leaf that requires a gradient"
            raise GraphError(
                f"this writes to {what} (shape {x.shape}), which would then have no graph: write within no_grad(), or "
                f"to x.data, or compute with a copy, x + 0"
            )
    return any(member._node is not None for member in members) or any_live(values)


def write(x: Tensor, change: Callable[[np.ndarray[Any, Any]], object]) -> None:
    """Let `change` write to the memory of a tensor, where nothing is recorded."""
    try:
        change(x._array)
    except BatchError:
        raise
    except (TypeError, SystemError) as error:  # that of numpy.put for a mode that is a number
        raise DtypeError(f"a tensor of shape {x.shape} and dtype {x.dtype} is not written to so: {error}") from error
    note_written(x._array)


def mark_written(*arrays: np.ndarray[Any, Any]) -> None:
    """Declare that ndarrays were written to in place, other than through a tensor, as optimizers do.

    A graph that saved their memory for its backward pass before then raises, instead of giving a wrong gradient.
    Writes through tensors are noted without this.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import Tensor
    >>> from autograd.extend import mark_written
    >>> values = np.array([1.0, 2.0])
    >>> x = Tensor(values, requires_grad=True)
    >>> y = (x * x).sum()
    >>> values[0] = 5
    >>> mark_written(values)
    >>> y.backward()
    Traceback (most recent call last):
        ...
    autograd.GraphError: the derivative of 'multiply' needs an array (shape (2,), dtype float64) that was...
    """
    for array in arrays:
        if not isinstance(array, np.ndarray):
            raise TypeError(f"mark_written() takes the ndarray that was written to, not {type(array).__name__}")
    note_written(*arrays)


def assign(x: Tensor, value: ArrayOrTensor, where: Callable[[], Any] | None = None) -> Tensor:
    """Make `value`, a tensor that nothing else refers to, the value of `x` and of all tensors that share its memory.

    `where` returns which elements of `x`, flattened, are written to; all by default. The others of a constant, such as
    a detached tensor, may have a graph in those that it shares memory with.
    """
    if not x._array.flags.writeable:
        raise ValueError("this tensor is read-only: write to a copy of it")
    if value.shape != x.shape:
        raise ShapeError(f"a value of shape {value.shape} cannot be written to a tensor of shape {x.shape}")
    if value.dtype != x.dtype:
        if not np.can_cast(value.dtype, x.dtype, "same_kind"):
            raise DtypeError(f"a value of dtype {value.dtype} cannot be written to a tensor of dtype {x.dtype}")
        value = value.astype(x.dtype)
    value = as_tensor(value)
    others, held = sharing(x), cast(Any, value._array)
    for level in set(batches(held)).difference(batches(x._array)):  # of a tensor that all elements share
        if x._node is not None and x._node.number < level.number:
            held.refuse(
                f"writing to a tensor of shape {x.shape} from outside vmap, which all elements share, a value",
                "Write to a copy made inside, x = x + 0",
            )
        if others:
            held.refuse(
                f"writing to a view, or to a tensor of shape {x.shape} that has views, which all elements share, a "
                f"value",
                "Write to a copy, x = x + 0",
            )
    overlaps = [overlap(other._array, x._array) for other in others]
    if where is not None and x._node is None and any(overlaps):
        written = where()
        overlaps = [found and _among(written, *found) for found in overlaps]
    nodes = [
        other._node if found is None else replace(as_now(other), value, *found)._node
        for other, found in zip(others, overlaps, strict=True)
    ]
    if others or value._array.strides != x._array.strides or value._array.base is not None:
        move([x, *others])
        x._array[...] = value._array
    else:
        x._array = value._array
    for other, node in zip(others, nodes, strict=True):
        other._node = node
    x._node, x._cut = value._node, getattr(value, "_cut", None)
    return x


def _chosen(where: Any, x: Tensor) -> Callable[[], Any] | None:
    return None if where is True else lambda: np.flatnonzero(np.broadcast_to(unwrap(where), x.shape))


def _among(written: Any, mask: Any, positions: Any) -> tuple[Any, Any]:
    """Return an overlap without the elements that are not written to."""
    kept, mask = np.isin(positions, written), mask.copy()
    mask[mask] = kept
    return mask, positions[kept]


# The ways to write


def _setitem(x: Tensor, key: Any, value: Any) -> None:
    key = settled(key)
    if not is_recorded(x, value):
        write(x, lambda data: data.__setitem__(key, unwrap(value)))
        return
    value = operand(value)
    if value.dtype.kind == "c" != x.dtype.kind:
        raise DtypeError(f"a complex value cannot be written to a tensor of dtype {x.dtype}: take its real part")
    if value.dtype != x.dtype:
        value = value.astype(x.dtype)
        if Widened.watching and isinstance(value, Tensor) and value._node is not None and value._node.x is not None:
            Widened.note("setitem", value._node, value._node.x)
    if batches(key) and key.dtype == bool:
        assign(x, chosen(as_now(x), key, value), _chosen(key, x))
        return
    value = _spread(value, selected(constant(np.broadcast_to(False, x.shape)), key).shape)
    _assign_at(x, put(as_now(x), value, key), key)


def _assign_at(x: Tensor, value: ArrayOrTensor, key: Any) -> None:
    assign(x, value, lambda: selected(np.arange(x.size).reshape(x.shape), key))


def _spread(value: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast the written value to the shape that it replaces; like NumPy, drop leading axes of length 1."""
    if value.ndim > len(shape) and set(value.shape[: value.ndim - len(shape)]) == {1}:
        value = value.reshape(value.shape[value.ndim - len(shape) :])
    return np.broadcast_to(value, shape)


def _in_place(ufunc: np.ufunc) -> Callable[[Tensor, Any], Any]:
    """Return the in-place form of the operator that `ufunc` computes."""

    def operate(x: Tensor, y: Any) -> Any:
        if ufunc is np.matmul and np.ndim(unwrap(y)) < 2:
            raise ShapeError(f"'@=' of {x.shape} and {np.shape(unwrap(y))}: the second is a matrix; write x = x @ y")
        if is_recorded(x, y):
            now = as_now(x)
            return assign(x, as_tensor(now**y if ufunc is np.power else ufunc(now, y)))
        write(x, lambda data: _operate_in_place(ufunc, data, unwrap(y)))
        return x

    return operate


def _operate_in_place(ufunc: np.ufunc, data: Any, y: Any) -> None:
    call, args = power_call(data, y) if ufunc is np.power else (ufunc, (data, y))
    call(*args, out=data)


def write_result(out: Tensor, result: TensorLike, where: TensorLike = True) -> Tensor:
    """Write a function's result to the tensor that was passed to it as ``out=``."""
    if where is not True:
        result = np.where(unwrap(where), result, as_now(out))
    result = result + 0 if isinstance(result, Tensor) else Tensor(as_array(result).copy())
    return assign(out, result, _chosen(where, out))


def overwrite(x: TensorLike, result: Tensor) -> Tensor:
    """Make a new result the value of the tensor that it was computed from, as ``inplace=True`` asks for.

    Views of the tensor, and its base, change with it. A leaf that requires a gradient stays as it is, and so do a
    tensor of another dtype, one from outside `vmap`, which all elements share, and, with a warning, an ndarray.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.extend import overwrite
    >>> x = tensor([1.0, 2.0], requires_grad=True) * 2
    >>> y = overwrite(x, x * x)
    >>> (x + y).data
    array([ 8., 32.])
    """
    if result is x:
        return result
    if type(x) is np.ndarray:
        warn("inplace=True leaves an ndarray as it is: pass tensor(x), which becomes the result, or drop inplace=True")
    if not isinstance(x, Tensor) or type(x._node) is Leaf or result.dtype != x.dtype:
        return result
    if set(batches(result._array)).difference(batches(x._array)):
        return result
    if is_recorded(x, result):
        return assign(x, result)
    write(x, lambda data: data.__setitem__(..., unwrap(result)))
    return x


def add_at(ufunc: np.ufunc, x: Tensor, key: Index, *value: TensorLike) -> None:
    """Do what ``numpy.add.at(x, key, value)`` does, or ``numpy.subtract.at``."""
    if ufunc not in (np.add, np.subtract):
        raise UnsupportedError(
            f"numpy.{ufunc.__name__}.at has no derivative here: numpy.add.at and numpy.subtract.at have"
        )
    index = settled(key)
    (given,) = value
    shape = selected(constant(np.broadcast_to(False, x.shape)), index).shape
    spread = np.broadcast_to(operand(given), shape)
    _assign_at(x, ufunc(as_now(x), scatter(spread.astype(x.dtype), index, x.shape)), index)


# What NumPy's functions that write do where it is recorded


def _copyto(dst: Tensor, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    src = operand(src)
    if not np.can_cast(src.dtype, dst.dtype, casting):
        raise DtypeError(f"cannot cast from {src.dtype} to {dst.dtype} by the rule {casting!r}")
    value = _spread(src, dst.shape).astype(dst.dtype)
    value = np.where(unwrap(where), value, as_now(dst)) if where is not True else as_tensor(value) + 0
    assign(dst, value, _chosen(where, dst))


def _fill(x: Any, value: Any) -> None:
    np.copyto(x, value, "unsafe")


def _put_elements(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    np.put(a, ind, v, mode)


def _sort(x: Tensor, axis: int = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> None:
    if is_recorded(x):
        assign(x, np.sort(as_now(x), axis, kind=kind, stable=stable))
    else:
        write(x, lambda data: data.sort(axis, kind=kind, order=order, stable=stable))


def _elements(a: Tensor, positions: Any, v: Any) -> None:
    """Write `v`, repeated as often as needed, to elements of the flattened tensor."""
    values = operand(v)
    if not positions.size or not values.size:
        return
    values = np.tile(values.reshape(-1), -(-positions.size // values.size))[: positions.size].astype(a.dtype)
    flat = put(as_now(a).reshape(-1), values, positions.reshape(-1))
    assign(a, flat.reshape(a.shape), lambda: positions % a.size)


def _put_at(a: Tensor, ind: Any, v: Any, mode: Any = "raise") -> None:
    if not isinstance(mode, str) or mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"put() has a mode of 'raise', 'wrap' or 'clip', not {mode!r}")
    positions = as_array(unwrap(ind))
    if mode == "wrap":
        positions = positions % a.size
    elif mode == "clip":
        positions = np.clip(positions, 0, a.size - 1)
    _elements(a, positions, v)


def _putmask(a: Tensor, mask: Any, values: Any) -> None:
    values = operand(values)
    if not values.size:
        return
    spread = np.tile(values.reshape(-1), -(-a.size // values.size))[: a.size].reshape(a.shape)
    chosen = as_array(unwrap(mask)).reshape(a.shape)
    assign(a, np.where(chosen, spread, as_now(a)), lambda: np.flatnonzero(chosen))


def _put_along_axis(arr: Tensor, indices: Any, values: Any, axis: int | None = -1) -> None:
    positions = np.arange(arr.size).reshape(arr.shape)
    if axis is None:
        positions, axis = positions.reshape(-1), 0
    chosen = np.take_along_axis(positions, as_array(unwrap(indices)), axis)
    _elements(arr, chosen, np.broadcast_to(operand(values), chosen.shape))


def _fill_diagonal(a: Tensor, val: Any, wrap: bool = False) -> None:
    marked = np.zeros(a.shape, bool)
    np.fill_diagonal(marked, True, wrap)
    _elements(a, np.flatnonzero(marked), val)


def writing(function: Callable[..., object], writer: Callable[..., object], name: str) -> Callable[..., None]:
    """Return a NumPy function whose work `writer` does where it writes to a tensor and is recorded."""

    def checked(target: Any, *given: Any, **options: Any) -> None:
        if isinstance(target, Tensor) and is_recorded(target, given, options):
            writer(target, *given, **options)
        elif isinstance(target, Tensor):
            write(target, lambda data: function(data, *unwrap(given), **unwrap(options)))
        elif any_live((given, options)):
            raise GraphError(
                f"numpy.{name} an ndarray, at {users_line()}, would cut a tensor that requires a gradient from its "
                f"graph: make the ndarray a tensor, or pass t.data, a constant"
            )
        else:
            function(target, *unwrap(given), **unwrap(options))

    return checked


_WRITERS: dict[Any, Any] = {
    np.copyto: _copyto,
    np.put: _put_at,
    np.place: lambda arr, mask, vals: _elements(arr, np.flatnonzero(unwrap(mask)), vals),
    np.putmask: _putmask,
    np.put_along_axis: _put_along_axis,
    np.fill_diagonal: _fill_diagonal,
}
writers.update({each: writing(each, writer, f"{each.__name__}() to") for each, writer in _WRITERS.items()})
add_methods({"__setitem__": _setitem, "fill": _fill, "sort": method_of("sort", _sort), "put": _put_elements})
for _ufunc in (
    np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.remainder, np.power, np.matmul, np.bitwise_and,
    np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift,
):  # fmt: skip
    setattr(Tensor, f"__i{OPERATORS[_ufunc.__name__]}__", _in_place(_ufunc))
