"""Arrays of JAX: tensors that nobody can write to, and what goes between them and the engine, which sees tensors alone."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import autograd
from autograd import Tensor
from autograd.extend import ARRAY_TYPES, borrow, same_tensor

from . import tree_util

REMEDY = "arrays of JAX cannot be written to: x = x.at[i].set(y)"


class Array(Tensor):
    """A tensor as JAX has arrays: ``x += 1`` makes a new one, ``x[0] = 1`` raises, and ``x.at[0].set(1)`` is a copy.

    What is computed with one is one again. Make them with `jax.numpy`, not with the class.

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
    def at(self) -> At:  # type: ignore[override]  # which has no meaning for tensors
        """What ``x.at[i].set(y)``, ``add``, ``multiply``, ``min``, ... begin with: they return a copy."""
        return At(self)

    def block_until_ready(self) -> Array:
        """Return the array itself, as each function computes at once."""
        return self

    def sort(self, axis: int = -1) -> Array:  # type: ignore[override]  # a copy, as in JAX
        """Return a sorted copy."""
        return arrays(np.sort(plain(self), axis))  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = super().__array__(dtype, copy)
        if array is borrow(self):
            array = array.view()
            array.flags.writeable = False
        return array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out", ())
        if any(isinstance(each, Array) for each in (*out, *inputs[: method == "at"])):
            raise TypeError(REMEDY)
        result = getattr(ufunc, method)(*plain(inputs), **plain(kwargs))
        return result if out else arrays(result)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if function in _WRITERS or isinstance(kwargs.get("out"), Array):
            raise TypeError(REMEDY)
        return arrays(function(*plain(args), **plain(kwargs)))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(REMEDY)

    def __repr__(self) -> str:
        body, _, rest = super().__repr__().partition("(")
        return f"{type(self).__name__}({rest.replace(chr(10) + ' ', chr(10))}" if body else rest


_WRITERS = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}


def _wrapped(name: str) -> Callable[..., Any]:
    """Return a method of tensors as one that returns arrays."""

    def method(self: Array, *args: Any, **kwargs: Any) -> Any:
        return arrays(getattr(plain(self), name)(*plain(args), **plain(kwargs)))

    method.__name__, method.__doc__ = name, f"Return what `{name}` of NumPy's arrays returns, as an array."
    return method


def _refused(self: Array, *args: Any, **kwargs: Any) -> None:
    """Raise: arrays of JAX cannot be written to."""
    raise TypeError(REMEDY)


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
for _name in [
    *(f"__{_side}{_each}__" for _each in (*_BINARY, "divmod") for _side in ("", "r")),
    *(f"__{_each}__" for _each in ("lt", "le", "gt", "ge", "eq", "ne", "neg", "pos", "abs", "invert", "round")),
    *"__getitem__ all any argmax argmin argpartition argsort astype clip conj conjugate copy cumprod cumsum diagonal dot"
    " flatten max mean min nonzero prod ptp ravel repeat reshape round searchsorted squeeze std sum swapaxes take trace"
    " transpose var".split(),
]:
    setattr(Array, _name, _wrapped(_name))
for _name in _BINARY:
    setattr(Array, f"__i{_name}__", getattr(Array, f"__{_name}__"))
for _name in ("fill", "put"):
    setattr(Array, _name, _refused)
for _name in ("T", "mT", "real", "imag"):
    setattr(Array, _name, property(lambda self, name=_name: arrays(getattr(plain(self), name))))


class At:
    """What `at` of an array is, and its items, whose methods return a copy with other values there."""

    def __init__(self, array: Any, index: Any = None) -> None:
        self._array, self._index = array, index

    def __getitem__(self, index: Any) -> At:
        return At(self._array, index)

    def get(self, **options: Any) -> Any:
        """Return the values."""
        _check_mode(options)
        return self._array[self._index]

    def set(self, values: Any, **options: Any) -> Any:
        """Return a copy with these values."""
        return self._written(operator.setitem, values, options)

    def apply(self, function: Callable[[Any], Any], **options: Any) -> Any:
        """Return a copy with what a function makes of the values."""
        return self.set(function(self.get()), **options)

    def _written(self, write: Callable[..., Any], values: Any, options: dict[str, Any]) -> Any:
        _check_mode(options)
        out = autograd.as_tensor(plain(self._array)).copy()
        write(out, plain(self._index), plain(values))
        return arrays(out)

    def __getattr__(self, name: str) -> Any:
        ufunc = _UPDATES.get(name)
        if ufunc is None:
            raise AttributeError(f"x.at[i] has get, set, apply, {', '.join(_UPDATES)}, not {name}", name=name)
        return lambda values, **options: self._written(ufunc.at, values, options)


_UPDATES: dict[str, Any] = {
    **{name: getattr(np, name) for name in ("add", "subtract", "multiply", "divide", "power")},
    **{"mul": np.multiply, "min": np.minimum, "max": np.maximum},
}


def _check_mode(options: dict[str, Any]) -> None:
    for name, value in options.items():
        if name not in ("indices_are_sorted", "unique_indices") and value not in (None, "promise_in_bounds"):
            raise NotImplementedError(f"{name}={value!r}: an index out of bounds raises here; clip or mask it")


def arrays(tree: Any) -> Any:
    """Return a pytree with arrays of JAX in place of tensors, ndarrays and numbers of NumPy, and sorted dicts."""
    return _array(tree) if is_array(tree) else autograd.tree_map(_array, tree_util.tree_map(lambda x: x, tree))


def is_array(x: Any) -> bool:
    numbers = isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biufc"
    return numbers or isinstance(x, Tensor) or type(x) in ARRAY_TYPES


def _array(x: Any) -> Any:
    return same_tensor(x, Array) if is_array(x) and not isinstance(x, Array) else x


def plain(tree: Any) -> Any:
    """Return a pytree with tensors in place of arrays, and copies of ndarrays, which somebody may write to."""
    return _plain(tree) if is_array(tree) else autograd.tree_map(_plain, tree)


def _plain(x: Any) -> Any:
    return same_tensor(x, Tensor) if isinstance(x, Array) else x.copy() if type(x) is np.ndarray else x


def of_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function for the engine to call: the given one is called with arrays, and returns tensors."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return plain(function(*arrays(args), **arrays(kwargs)))

    return called


def to_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the engine as one that takes and returns arrays."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return arrays(function(*plain(args), **plain(kwargs)))

    return called


def forwarded(home: Any, name: str) -> Any:
    """Return a function of NumPy or SciPy as one of arrays, and anything else as it is."""
    found = getattr(home, name)
    if isinstance(found, type) or not callable(found):
        return found

    @functools.wraps(found)
    def called(*args: Any, **kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None:
            raise NotImplementedError(f"{name} with out=: {REMEDY}")
        given = [of_arrays(x) if callable(x) and not isinstance(x, type) else plain(x) for x in args]
        return arrays(getattr(home, name)(*given, **plain(kwargs)))  # asked for now: what records calls replaces it

    return called


def names_of(home: Any, module: str, here: dict[str, str] | None = None) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module whose other names are those of `home`; `here` says what some are called."""

    def __getattr__(name: str) -> Any:  # noqa: N807  # the name that a module gives it
        if here and name in here:
            raise NotImplementedError(f"{module}.{name}: here it is {here[name]}")
        found = None if home is None or name.startswith("_") else getattr(home, name, None)
        if found is None or isinstance(found, types.ModuleType):
            raise AttributeError(f"{module} has no {name}: see docs/howto/from-jax.md", name=name)
        return forwarded(home, name)

    return __getattr__
