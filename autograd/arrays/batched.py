"""Batched arrays: what `vmap` hands to a function, an ndarray for each element of a batch that shows the shape of one.

A `Batched` keeps the batch on axis 0 of its `value` and has the shape of one element. NumPy's functions take it through
NumPy's two protocols, so whatever is written in NumPy computes for the whole batch: forwards, rules, compositions. How
each function goes with a batch is known by the `Level`, one call of `vmap`; see `primitives.batching`. This module is
what the rest of the engine has to know of batches.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..errors import BatchError, UnsupportedError
from ..source.call_site import users_line
from .door import ARRAY_TYPES, BATCH_TYPES, Array, Level, called, contents, fusing, table_readers, unrecorded, whole
from .standin import MAKERS, OfLevel, StandIn, power_call
from .traced import Variable

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

ndarray = np.ndarray


def in_order(x: Any) -> Literal["C", "F"]:
    """Return what ``order="A"`` means for an array: Fortran's order if it lies in memory so, and not in C's."""
    flags = x.flags
    if type(x) is Batched:
        flags = as_strided(_NOTHING, x.shape, x.strides).flags
        if not flags.forc and x.value.size:  # without a batch it may lie in either order
            raise UnsupportedError(
                f"order='A' of elements of a batch that lie apart, at {users_line()}: give 'C' or 'F'"
            )
    return "F" if flags.fnc else "C"


def _in_place(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    """Return the method of an operator such as ``+=``."""

    def operate(x: Any, other: Any) -> Any:
        call, args = power_call(x, other) if ufunc is np.power else (ufunc, (x, other))
        # A number is no array in NumPy: += gives another one. A view of a single element, x[0, ...], is an array.
        if not x.ndim and (x.base is None or not x.flags.writeable):
            return call(*args)
        a, b = x.value, other
        if type(other) is Batched and other.level is x.level:
            b = other.value
        elif type(other) not in _NUMBERS:
            a = None
        if type(a) is ndarray and getattr(b, "ndim", 0) in (0, a.ndim) and call is ufunc and ufunc.signature is None:
            x.level.check_running(x)
            x.check_writeable()
            ufunc(a, b, out=a)  # no temporary
            return x
        return call(*args, out=(x,))

    return operate


class Batched(OfLevel):
    """An array for each element of a batch, with the shape of one.

    Attributes
    ----------
    value
        The arrays of all elements, along its first axis: an ndarray, or a batched array of an outer call of `vmap`.
    level
        The call of `vmap` whose batch that is.
    """

    __slots__ = ("__weakref__", "level", "value")
    _named = "a batched array of vmap"
    _no_ndarray = (
        "Use NumPy's functions on it, and numpy.stack([x, y]) for numpy.array([x, y]). To choose from an ndarray by "
        "it, make that a tensor: autograd.tensor(a)[i]. For memory to write it to, use numpy.zeros_like(x) or "
        "numpy.zeros(shape, like=x) of a batched x"
    )

    def __init__(self, value: Any, level: Level) -> None:
        self.value, self.level = value, level

    # What one element looks like

    shape: Any = property(lambda x: x.value.shape[1:])
    ndim = property(lambda x: x.value.ndim - 1)
    size: Any = property(lambda x: math.prod(x.value.shape[1:]))
    nbytes: Any = property(lambda x: x.size * x.itemsize)
    strides: Any = property(lambda x: x.value.strides[1:])
    real: Any = property(lambda x: Batched(x.value.real, x.level))
    imag: Any = property(lambda x: Batched(x.value.imag, x.level))

    def over(self, value: Array) -> Batched:
        """Return an array of the same batch, with its values in other memory."""
        return Batched(value, self.level)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object: one element of the batch has no axis")
        length: int = self.value.shape[1]
        return length

    def __repr__(self) -> str:
        ended = "" if self.level.active else ", of a vmap that has ended"
        return f"Batched({self.level.size} of shape {self.shape}, {self.dtype}{ended})"

    # What has another answer for each element

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Raise, since each element of the batch has another answer; `remedy` says what to write instead."""
        raise BatchError(
            f"{what} of a batched array (shape {self.shape}, {self.level.size} of them in the batch of vmap), at "
            f"{users_line()}: each element of the batch has its own. {remedy}"
        )

    def check_writeable(self) -> None:
        """Raise if the array is read-only."""
        if not self.flags.writeable:
            raise ValueError(
                f"a batched array (shape {self.shape}) is written to at {users_line()}, but it is read-only, as what "
                f"vmap passes to a function is: write to a copy, x = x.copy(), or x = x - y for x -= y"
            )

    def __bool__(self) -> bool:
        self.level.check_running(self)
        if self.size != 1:
            raise ValueError(
                f"the truth of an array with {self.size} elements is ambiguous (shape {self.shape}, at "
                f"{users_line()}): use a.any() or a.all()"
            )
        return bool(self.level.branch(self))

    def asked(self, what: str) -> NoReturn:
        """Raise: a batched array has a value for each element of the batch."""
        self.refuse_number(what, "after vmap", "A plain array has room for one: begin")

    def __index__(self) -> int:
        self.refuse(
            "an integer, as for range(), a slice's bound, a shape or an index into a list or a plain ndarray,",
            "To choose by it, use numpy.take(x, i, axis) with x = autograd.tensor(array), or numpy.where with a mask",
        )

    def __format__(self, spec: str) -> str:
        if spec:
            self.refuse(f"the format {spec!r}", "Print it without a format, or after vmap")
        return repr(self)

    def __trunc__(self) -> int:
        return int(self)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self.refuse("a pickle", "Pickle what vmap returns")

    # Methods

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        """Return the element in another shape."""
        new = shape[0] if len(shape) == 1 else shape
        new = tuple(new) if isinstance(new, tuple | list | ndarray) else (new,)
        if order == "F" or (order == "A" and in_order(self) == "F"):
            return self.transpose().reshape(*new[::-1]).transpose()
        value = self.value
        if -1 in new and not value.size:
            rest = math.prod(n for n in new if n != -1) or 1
            new = tuple([self.size // rest if n == -1 else n for n in new])
        return Batched(value.reshape((value.shape[0], *new)), self.level)

    def transpose(self, *axes: Any) -> Any:
        """Return the element with its axes in another order."""
        if len(axes) == 1 and not isinstance(axes[0], int | np.integer):
            axes = () if axes[0] is None else tuple(axes[0])
        n = self.value.ndim
        order = range(n - 1, 0, -1) if not axes else [a % (n - 1) + 1 for a in axes]
        return Batched(self.value.transpose((0, *order)), self.level)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Return the element with two axes swapped."""
        n = self.ndim
        first, second = (np.lib.array_utils.normalize_axis_index(a, n) + 1 for a in (axis1, axis2))
        return Batched(self.value.swapaxes(first, second), self.level)

    def astype(
        self, dtype: DTypeLike, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """Return the element in another dtype."""
        return Batched(self.value.astype(dtype, order, casting, subok, copy), self.level)

    def view(self) -> Any:
        """Return an array that shares the memory."""
        return Batched(self.value, self.level)

    def ravel(self, order: str = "C") -> Any:
        """Return the element along one axis; in the order of memory, as NumPy does, with ``order="K"``."""
        if order == "K":
            steps = self.strides
            return self.transpose(sorted(range(self.ndim), key=lambda axis: -abs(steps[axis]))).reshape(-1)
        return self.reshape(-1, order=order)

    def tobytes(self) -> bytes:
        """Return the bytes of the arrays of all elements."""
        arrays: Array = whole(self)
        return arrays.tobytes()

    def sum(
        self,
        axis: int | tuple[int, ...] | None = None,
        dtype: DTypeLike | None = None,
        out: Any = None,
        keepdims: bool = False,
        **options: Any,
    ) -> Any:
        """Sum over axes of the element."""
        return np.add.reduce(self, axis=axis, dtype=dtype, out=out, keepdims=keepdims, **options)

    def __getitem__(self, key: Any) -> Any:
        self.level.check_running(self)
        if type(key) is slice or (type(key) is int and self.value.ndim > 2):  # an element of a vector is no view
            return Batched(self.value[:, key], self.level)
        if type(key) is tuple:
            for part in key:
                if part is not None and part is not Ellipsis and type(part) is not slice:
                    break
            else:
                return Batched(self.value[(_ALL, *key)], self.level)
        return self.level.getitem(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.level.check_running(self)
        self.level.setitem(self, key, value)

    def shared(self, node: Any, array: Array) -> Any:
        x: Any = self
        while node is not None and type(x) is Batched:
            node = x.level.shared(node, array)
            x = x.value
        return node

    __iadd__ = _in_place(np.add)
    __isub__ = _in_place(np.subtract)
    __imul__ = _in_place(np.multiply)
    __itruediv__ = _in_place(np.true_divide)
    __ifloordiv__ = _in_place(np.floor_divide)
    __imod__ = _in_place(np.remainder)
    __ipow__ = _in_place(np.power)
    __ilshift__ = _in_place(np.left_shift)
    __irshift__ = _in_place(np.right_shift)
    __iand__ = _in_place(np.bitwise_and)
    __ior__ = _in_place(np.bitwise_or)
    __ixor__ = _in_place(np.bitwise_xor)

    # NumPy's protocols. Where an operand is a tensor, it comes first: it records the operation, whose data are batched.

    __array_priority__ = 900
    __pandas_priority__ = 4500  # above that of a DataFrame, so that pandas leaves its operators to batched arrays

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        level = self.level
        if not level.active:
            level.check_running(self)
        if not kwargs and method == "__call__" and ufunc.signature is None and ufunc.nout == 1 and len(inputs) < 3:
            # one batch, or a batch and an array: frequent, and worth a way of its own
            x, y = inputs if len(inputs) == 2 else (self, 0.0)
            if type(x) is Batched:
                a = x.value
                if type(y) is Batched:
                    if x.level is y.level:
                        b = y.value
                        more = a.ndim - b.ndim
                        if more > 0:
                            b = b.reshape(b.shape[:1] + (1,) * more + b.shape[1:])
                        elif more:
                            a = a.reshape(a.shape[:1] + (1,) * -more + a.shape[1:])
                        if ufunc is np.multiply and a.ndim == 3 and are_columns_and_rows(a, b):
                            return Batched(called(outer_products, a, b), level)
                        return Batched(ufunc(a, b), level)
                elif type(y) in _NUMBERS or (type(y) is ndarray and y.ndim < a.ndim):
                    return Batched(ufunc(a, y) if len(inputs) == 2 else ufunc(a), level)
            elif type(x) in _NUMBERS or (type(x) is ndarray and x.ndim < self.value.ndim):
                return Batched(ufunc(x, self.value), level)
        for x in inputs:
            kind = type(x)
            if kind is Batched:
                if x.level.number > level.number:
                    level = x.level
            elif kind is not ndarray and hasattr(kind, "__array_ufunc__"):
                if hasattr(x, "_node"):
                    return NotImplemented
                level.refuse_mask(x)
                inputs = tuple([_without_table(y) for y in inputs])
                if not isinstance(x, ndarray | Variable | StandIn) and any(x is y for y in inputs):
                    return NotImplemented  # its class makes of batched arrays what it makes of others
        for x in (*kwargs.values(), *(kwargs.get("out") or ())) if kwargs else ():
            if type(x) is Batched:
                if x.level.number > level.number:
                    level = x.level
            elif hasattr(x, "_node"):
                return NotImplemented
            elif isinstance(x, ndarray):
                level.refuse_mask(x)
        return level.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        level = self.level  # named by like=, it is not among the arguments
        level.check_running(self)
        for x in contents([args, kwargs]):
            if type(x) is Batched:
                if x.level.number > level.number:
                    level = x.level
            elif type(x) is not ndarray and hasattr(x, "_node"):
                if type(x) in types or x._node is not None:
                    return NotImplemented
                args, kwargs = _without_constants(args), _without_constants(kwargs)  # NumPy asks no tensor as where=
            elif isinstance(x, ndarray):
                level.refuse_mask(x)
        if function in MAKERS:
            return self._made(function, *args, **kwargs)
        return level.call(function, args, kwargs)

    def _made(self, function: Any, shape: Any, *args: Any, **kwargs: Any) -> Any:
        """Return a new array of a shape for each element of the batches of this one, which `like` named."""
        shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
        value = self.value  # of outer batches too, perhaps
        return Batched(function((value.shape[0], *shape), *args, **kwargs, like=value), self.level)


_SHORT_ROW = 64  # numbers; of longer ones `einsum` multiplies faster
_MANY = 16_384  # numbers in all


def are_columns_and_rows(a: Array, b: Array) -> bool:
    """Tell whether the product of two batches has many short rows, for each of which NumPy would start a loop."""
    short = a.shape[2] == b.shape[1] == 1 < b.shape[2] <= _SHORT_ROW and a.size * b.shape[2] >= _MANY
    plain = type(a) in ARRAY_TYPES and type(b) in ARRAY_TYPES and a.dtype == b.dtype and a.dtype.char in "fd"
    return short and plain and not fusing()


@unrecorded
def outer_products(columns: Array, rows: Array) -> Array:
    """Return ``columns * rows``, where each row is copied as one element."""
    n, _, length = rows.shape
    wholes = np.ascontiguousarray(rows).view(f"V{length * rows.itemsize}").reshape(-1)
    out: Array = np.repeat(wholes, columns.shape[1]).view(rows.dtype).reshape(n, -1, length)
    np.multiply(out, columns, out)
    return out


def _without_table(x: Any) -> Any:
    """Return the numbers of a table, which all elements of a batch share, and anything else as it is."""
    if type(x) is ndarray or type(x) is Batched:
        return x
    return next((numbers for read in table_readers if (numbers := read(x)) is not None), x)


_ALL, _NOTHING = slice(None), np.empty(0)
_NUMBERS = frozenset((float, int, complex, bool, np.float64, np.float32))


def _without_constants(tree: Any) -> Any:
    """Return arguments with the arrays of tensors in place of these."""
    if type(tree) in (list, tuple):
        return type(tree)(map(_without_constants, tree))
    if type(tree) is dict:
        return {key: _without_constants(part) for key, part in tree.items()}
    return tree._array if hasattr(tree, "_node") else tree


BATCH_TYPES.add(Batched)
