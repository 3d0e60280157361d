"""Dependent arrays: what `sparsity` hands to a function, an ndarray that knows which inputs each element depends on.

A `Dependent` has a few *terms*, integer arrays of its own shape. Each element of a term is the number of an input, of a
set of them, or 0 for nothing; an element of the array depends on the inputs in all terms. So a function that moves
elements is applied, as it is, to each term; a view has views of the terms; and a union is a list. NumPy's functions
take these arrays through NumPy's two protocols, like batched ones, and ask their `level`, one call of `sparsity`, how
they go with terms; see `primitives.patterns`. This module is what the rest of the engine has to know of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from types import EllipsisType
from typing import Any, NoReturn

import numpy as np

from ..errors import BatchError, PatternError
from ..source.call_site import users_line
from .door import BATCH_TYPES, Array, DTypeLike, contents, mapped, numpy
from .standin import MAKERS, OfLevel, of_value

ndarray = np.ndarray
Terms = Sequence[Array]
NUMBER = np.int32  # of inputs, and of sets of them


class LostError(PatternError, BatchError):
    """What an operation can do without patterns, as it can without batches."""


class Dependent(OfLevel):
    """An array that knows which inputs each element depends on.

    Attributes
    ----------
    value
        The array itself, at the point where the pattern is asked for.
    level
        The call of `sparsity` whose inputs are meant.
    """

    __slots__ = ("__weakref__", "_owned", "_parent", "_seen", "_terms", "level", "value")
    _named = "an array whose pattern is looked for"
    _no_ndarray = (
        "Use NumPy's functions on it, and numpy.stack([x, y]) for numpy.array([x, y]). For memory to write it to, "
        "begin with numpy.zeros_like(x)"
    )

    def __init__(
        self,
        value: Any,
        level: Any,
        terms: Terms = (),
        *,
        parent: Dependent | None = None,
        seen: Callable[[Array], Array] | None = None,
    ) -> None:
        self.value, self.level = value, level
        self._parent, self._seen, self._owned = parent, seen, False
        self._terms: Terms = terms if len(terms) <= _MOST else [level.joined(terms, value.shape)]

    @property
    def terms(self) -> list[Array]:
        """The terms of the elements, to look at: a later write may change them."""
        if self._parent is None:
            return list(self._terms)
        assert self._seen is not None
        return [self._seen(term) for term in self._parent.terms]

    def given(self) -> list[Array]:
        """Return the terms for results to keep: of an array that was written to, and may be again, copies."""
        root = self
        while root._parent is not None:
            root = root._parent
        return [term.copy() for term in self.terms] if root._owned else self.terms

    def _places(self, count: int) -> tuple[list[Array], int]:
        """Return terms that can be written to, through all views, and how many of the first ones have to stay.

        There are at least `count` besides those. They lie in memory as the value does, so that what is a view of the
        value is a view of them. A write to the real part of an array leaves what the imaginary part depends on.
        """
        if self._parent is not None:
            assert self._seen is not None
            if self._seen is _part:
                kept = len(self._parent.terms)
                return self._parent._places(kept + count)[0], kept
            places, kept = self._parent._places(count)
            return [self._seen(term) for term in places], kept
        if not self._owned:
            self._terms = [_laid_out(self.value, term) for term in self._terms]
            self._owned = True
        terms: Any = self._terms
        while len(terms) < count:
            terms.append(_laid_out(self.value, 0))
        return list(terms), 0

    def over(self, value: Array) -> Dependent:
        """Return an array of the same terms, as they are now, with its values in other memory."""
        return Dependent(value, self.level, self.given())

    shape, ndim, size, nbytes, strides = map(of_value, ("shape", "ndim", "size", "nbytes", "strides"))

    @property
    def real(self) -> Any:
        """The real part."""
        return Dependent(self.value.real, self.level, parent=self, seen=_part)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        if self.dtype.kind != "c":
            return Dependent(self.value.imag, self.level)
        return Dependent(self.value.imag, self.level, parent=self, seen=_part)

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        return f"Dependent({self.value!r})"

    # What would lose the dependence

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Raise, since what is asked for does not know what it depends on; `remedy` says what to write instead.

        In the forward of an operation, everything then depends on everything: see `PatternLevel.loop`.
        """
        self.level.refused = LostError(
            f"{what} of an array whose pattern is looked for (shape {self.shape}), at {users_line()}: it would not "
            f"know what it depends on. {remedy}"
        )
        raise self.level.refused

    def check_fixed(self, what: str, remedy: str) -> None:
        """Raise if another point may have another answer, and the pattern is to be one for all points."""
        if self.level.everywhere and any(term.any() for term in self.terms):
            raise PatternError(
                f"with everywhere=True, {what} depends on the inputs (shape {self.shape}), at {users_line()}: there "
                f"may be another pattern elsewhere. {remedy}, or ask for the pattern at this point, without "
                f"everywhere=True"
            )

    def __bool__(self) -> bool:
        self.check_fixed(
            "a condition by which a program branches", "Compute both branches, and choose by numpy.where(mask, a, b)"
        )
        return bool(self.value)

    def detached(self) -> Dependent:
        """Return the same memory, of which no derivative is wanted; elsewhere, its numbers are others all the same."""
        return Dependent(self.value, self.level, [np.full(self.shape, self.level.sets.nothing, NUMBER)])

    def asked(self, what: str) -> Any:
        """Return what has no derivative, such as an integer, or raise: a number of Python's knows nothing of inputs."""
        if self.dtype.kind in "iub" or not self.level.sets.written_out(self.terms, self.size, np.inf).nnz:
            self.check_fixed(what, "Keep it an array")
            return self.value
        return self.refuse_number(what, "afterwards", "Begin")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self.refuse("a pickle", "Pickle what the function returns")

    # Methods

    def reshape(self, *shape: Any, order: Any = "C", copy: bool | None = None) -> Any:
        """Return the array in another shape."""
        new = shape[0] if len(shape) == 1 else shape
        result = np.reshape(self, new, order=order)
        return result.copy() if copy else result

    def transpose(self, *axes: Any) -> Any:
        """Return the array with its axes in another order."""
        if len(axes) == 1 and not isinstance(axes[0], int | np.integer):
            axes = axes[0]
        return np.transpose(self, axes or None)

    def astype(
        self, dtype: DTypeLike, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """Return the array in another dtype."""
        value = self.value.astype(dtype, order, casting, subok, copy)
        return self if value is self.value else self.level.result(value, self.given() if self.carries(value) else ())

    def carries(self, value: Array) -> bool:
        """Tell whether a result of this array has a derivative with respect to it."""
        return value.dtype.kind not in "fc" or self.dtype.kind in "fc"

    def view(self) -> Any:
        """Return an array that shares the memory."""
        return Dependent(self.value.view(), self.level, parent=self, seen=_same)

    def tobytes(self) -> bytes:
        """Return the bytes of the array."""
        data: bytes = self.value.tobytes()
        return data

    def __getitem__(self, key: Any) -> Any:
        kind = type(key)
        if kind is not slice and kind is not int and dependents(key):
            return self.level.getitem(self, key)
        value = self.value[key]
        if type(value) is ndarray and value.base is not None and np.may_share_memory(value, self.value):
            return Dependent(value, self.level, parent=self, seen=itemgetter(key))
        return self.level.result(np.asarray(value), [np.asarray(term[key]) for term in self.given()])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.level.setitem(self, key, value)

    def __matmul__(self, other: Any) -> Any:
        if hasattr(other, "tocoo"):
            return numpy.moveaxis(other.T @ numpy.moveaxis(self, -1, 0), 0, -1)
        return np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        if hasattr(other, "tocoo"):
            return self.level.sparse_matmul(other, self)
        return np.matmul(other, self)

    # NumPy's protocols. Where an operand is a tensor, it comes first: it records the operation, whose data are these.

    __array_priority__ = 800

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        for x in (*inputs, *(kwargs.get("out") or ())):
            kind = type(x)
            if kind is not ndarray and kind is not Dependent and (hasattr(x, "_node") or kind in BATCH_TYPES):
                return NotImplemented
        return self.level.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(kind is not Dependent and (hasattr(kind, "_node") or kind in BATCH_TYPES) for kind in types):
            return NotImplemented
        if function in MAKERS:
            return Dependent(function(*args, **kwargs), self.level)
        return self.level.call(function, args, kwargs)


def _same(term: Array) -> Array:
    return term


def _part(term: Array) -> Array:
    """Return the term of a real or imaginary part: that of the complex array."""
    return term


def _laid_out(value: Array, term: Any) -> Array:
    """Return a copy of a term that lies in memory as the value does."""
    copied = np.empty_like(value, dtype=NUMBER)
    copied[...] = term
    return copied


def dependents(*given: Any) -> list[Dependent]:
    """Return the dependent arrays among values, and in lists, tuples and dicts of them."""
    return [x for x in contents(list(given)) if type(x) is Dependent]


def plain(tree: Any) -> Any:
    """Return arguments with the values of dependent arrays in place of these."""
    return mapped(lambda x: x.value if type(x) is Dependent else x, tree)


_MOST = 12  # terms; more become one term of sets

#: What may stand in brackets.
Index = int | slice | EllipsisType | Array | Dependent | None | list[Any] | tuple[Any, ...]

BATCH_TYPES.add(Dependent)
