"""Arrays of JAX: tensors that nobody can write to, and their way into the engine, which is given tensors, and back."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

import autograd
from autograd import Tensor
from autograd.extend import ARRAY_TYPES, borrow, same_tensor, whole

from ..._arguments import TensorLike

Function = Callable[..., Any]
Tree = TypeVar("Tree")  # a pytree
REMEDY = "arrays of JAX are not written to, nor ndarrays with them: x = x.at[i].set(y), or x = x + y"


class Array(Tensor):
    """A tensor as JAX has arrays: ``x += 1`` makes a new one, ``x[0] = 1`` raises, and ``x.at[0].set(1)`` is a copy.

    What is computed with one is one again. `jax.numpy` makes them, not the class.

    Examples
    --------
    >>> import nn.port.jax.numpy as jnp
    >>> x = jnp.zeros(3)
    >>> y = x
    >>> y += 1
    >>> x, y.at[0].set(5.0)
    (Array([0., 0., 0.]), Array([5., 1., 1.]))
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # as in JAX

    @property
    def at(self) -> At:
        """What ``x.at[i].set(y)``, and `add`, `multiply`, `min` and others, begin with: they return a copy."""
        return At(self)

    def block_until_ready(self) -> Array:
        """Return the array itself, as each function computes at once."""
        return self

    def sort(self, axis: int = -1) -> Any:  # type: ignore[override]  # a copy, as in JAX
        """Return a sorted copy."""
        return arrays(np.sort(plain(self), axis))

    def argsort(self, axis: int = -1) -> Any:  # type: ignore[override]  # with JAX's arguments
        """Return the order of the elements, in which equal ones stay as they are."""
        return arrays(np.argsort(plain(self), axis, kind="stable"))

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __round__(self, digits: int | None = None) -> Any:
        return np.round(self).astype(int) if digits is None else np.round(self, digits)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = super().__array__(dtype, copy)
        if array is borrow(self):
            array = array.view()
            array.flags.writeable = False
        return array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") or method == "at":
            raise TypeError(REMEDY)
        return arrays(getattr(ufunc, method)(*plain(inputs), **plain(kwargs)))

    def __array_function__(self, function: Function, types: Any, args: Any, kwargs: Any) -> Any:
        if function in _WRITERS or kwargs.get("out") is not None:
            raise TypeError(REMEDY)
        return arrays(function(*plain(args), **plain(kwargs)))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(REMEDY)

    def __str__(self) -> str:
        return str(borrow(self)) if type(borrow(self)) is np.ndarray else repr(self)

    def __repr__(self) -> str:
        return super().__repr__().replace("Tensor(", "Array(").replace("\n ", "\n")


_WRITERS = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}
_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
_UNARY = ("lt", "le", "gt", "ge", "eq", "ne", "neg", "pos", "abs", "invert", "getitem")
_METHODS = (
    "all", "any", "argmax", "argmin", "argpartition", "astype", "clip", "conj", "conjugate", "copy", "cumprod",
    "cumsum", "diagonal", "dot", "flatten", "max", "mean", "min", "nonzero", "prod", "ptp", "ravel", "repeat",
    "reshape", "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var",
)  # fmt: skip


def _of_tensors(name: str) -> Function:
    """Return a method of tensors as one that returns arrays."""

    def method(self: Array, *args: Tree, **kwargs: Tree) -> Any:
        return arrays(getattr(Tensor, name)(_plain(self), *plain(args), **plain(kwargs)))

    method.__name__ = name
    return method


def _operator(name: str) -> Function:
    """Return an operator, which need not be told of copies: its result shares memory with arrays alone."""

    def operator(self: Array, *other: TensorLike) -> Any:
        found = getattr(Tensor, name)(self, *other)
        return same_tensor(found, Array) if type(found) is Tensor else arrays(found)

    return operator


def _attribute(name: str) -> property:
    return property(lambda self: arrays(getattr(plain(self), name)))


def _refused(self: Array, *args: Any, **kwargs: Any) -> None:
    """Raise, as an array of JAX cannot be written to."""
    raise TypeError(REMEDY)


for _name in (*(f"{side}{each}" for each in (*_BINARY, "divmod") for side in ("", "r")), *_UNARY):
    setattr(Array, f"__{_name}__", _operator(f"__{_name}__"))
for _name in _BINARY:
    setattr(Array, f"__i{_name}__", getattr(Array, f"__{_name}__"))
for _name in _METHODS:
    setattr(Array, _name, _of_tensors(_name))
for _name in ("T", "mT", "real", "imag"):
    setattr(Array, _name, _attribute(_name))
for _name in ("fill", "put"):
    setattr(Array, _name, _refused)


class At:
    """What `at` of an array is, and its items, whose methods return copies."""

    def __init__(self, array: Any, index: Any = None) -> None:
        self._of, self._index = array, index

    def __getitem__(self, index: Any) -> At:
        return At(self._of, index)

    def get(self) -> Any:
        """Return the values."""
        return self._of[self._index]

    def set(self, values: TensorLike, **options: Tree) -> Any:
        """Return a copy with other values."""
        return self._written(operator.setitem, values, options)

    def apply(self, func: Function, **options: Tree) -> Any:
        """Return a copy with what a function makes of the values."""
        return self.set(func(self.get()), **options)

    def _written(self, write: Function, values: Any, options: dict[str, Any]) -> Any:
        for name, value in options.items():
            if name == "mode" and value not in (None, "promise_in_bounds"):
                raise NotImplementedError(f"mode={value!r}: an index out of bounds raises here; clip or mask it")
        out, given = plain(self._of).copy(), [plain(self._index), plain(values)]
        for each in autograd.tree_leaves(given):
            if whole(borrow(each)) is not borrow(each):  # in a batch, each element has an array of its own
                out = out + np.sum(borrow(each).ravel()[:0]).astype(out.dtype)
        write(out, *given)
        return arrays(out)

    def __getattr__(self, name: str) -> Any:
        ufunc: Any = getattr(np, {"mul": "multiply", "min": "minimum", "max": "maximum"}.get(name, name), None)
        if name not in ("add", "subtract", "multiply", "mul", "divide", "power", "min", "max"):
            raise AttributeError(f"x.at[i] has set, add, multiply, min and others, but no {name}", name=name)
        index = self._index if isinstance(self._index, tuple) else (self._index,)
        if name != "add" and all(each is None or isinstance(each, int | slice | type(...)) for each in index):
            return lambda values, **options: self.set(arrays(ufunc(self.get(), values)), **options)
        return lambda values, **options: self._written(ufunc.at, values, options)


def is_array(x: TensorLike) -> bool:
    """Tell whether something is to become an array: a tensor, an ndarray, also of a batch, or a number of NumPy's."""
    numbers = isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biufc"
    return numbers or isinstance(x, Tensor) or type(x) in ARRAY_TYPES or whole(x) is not x


def _mapped(function: Function, tree: Any) -> Any:
    """Return a pytree with what a function makes of its leaves, and sorted dicts."""
    kind = type(tree)
    if kind in (int, float, bool, str, types.NoneType):
        return tree
    if kind is tuple or kind is list:
        return kind([_mapped(function, each) for each in tree])
    if kind is dict:
        return {key: _mapped(function, tree[key]) for key in sorted(tree)}
    return function(tree) if is_array(tree) else autograd.tree_map(function, tree)


def arrays(tree: Tree) -> Any:
    """Return a pytree with arrays in place of tensors, ndarrays and numbers of NumPy's."""
    return _mapped(_array, tree)


def _array(x: Any) -> Any:
    return same_tensor(x, Array) if is_array(x) and not isinstance(x, Array) else x


def plain(tree: Tree) -> Any:
    """Return a pytree with tensors in place of arrays, and copies of ndarrays, which somebody may write to."""
    return _mapped(_plain, tree)


def _plain(x: Any) -> Any:
    return same_tensor(x, Tensor) if isinstance(x, Array) else x.copy() if type(x) is np.ndarray else x


def of_arrays(function: Function) -> Function:
    """Return a function for the engine to call: the given one gets arrays."""

    @functools.wraps(function)
    def called(*args: Tree, **kwargs: Tree) -> Any:
        return plain(function(*arrays(args), **arrays(kwargs)))

    return called


def to_arrays(function: Function) -> Function:
    """Return a function of the engine as one that takes and returns arrays."""

    @functools.wraps(function)
    def called(*args: Tree, **kwargs: Tree) -> Any:
        return arrays(function(*plain(args), **plain(kwargs)))

    return called


def forwarded(home: Tree, name: str) -> Any:
    """Return a function of NumPy's or SciPy's as one of arrays, and anything else as it is."""
    found = getattr(home, name)
    if hasattr(found, "logpdf") or hasattr(found, "logpmf"):  # a distribution
        return _Forwarded(found)
    if isinstance(found, type) or not callable(found):
        return found

    @functools.wraps(found)
    def called(*args: Tree, **kwargs: Tree) -> Any:
        if kwargs.pop("out", None) is not None:
            raise NotImplementedError(f"{name} with out=: {REMEDY}")
        given = [of_arrays(x) if callable(x) and not isinstance(x, type) else plain(x) for x in args]
        function = getattr(home, name)  # what records calls may have replaced it, and looks for it in this frame
        return arrays(function(*given, **plain(kwargs)))

    return called


class _Forwarded:
    """An object of SciPy's, whose methods take and return arrays."""

    def __init__(self, home: Any) -> None:
        self._home = home

    def __getattr__(self, name: str) -> Any:
        return forwarded(self._home, name)


def names_of(home: Tree, module: str, here: dict[str, str] | None = None) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module with the names of another; `here` says what those are that it lacks."""

    def __getattr__(name: str) -> Any:  # noqa: N807  # the name that a module gives it
        if here and name in here:
            raise NotImplementedError(f"{module}.{name}: here it is {here[name]}")
        if name.startswith("_") or isinstance(getattr(home, name, types), types.ModuleType):
            raise AttributeError(f"{module} has no {name}: see docs/howto/from-jax.md", name=name)
        return forwarded(home, name)

    return __getattr__
