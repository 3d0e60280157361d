"""Vector spaces of the values that derivatives have: arrays, numbers, and containers of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd import Tensor, UnsupportedError
from autograd.inside import flatten, structure, unwrap

from .boxes import Mappings

__all__ = ["VSpace", "vspace"]

_DOUBLE = np.dtype(float)


class VSpace:
    """The vector space to which a value belongs, over the real numbers: a complex number has two dimensions.

    Attributes
    ----------
    size
        The number of dimensions.
    shape, dtype, iscomplex
        Of an array or a number; `shape` and `dtype` are None for a container.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.extend import vspace
    >>> space = vspace({"w": np.ones((2, 3)), "b": 0.0})
    >>> space.size, space.add({"w": 1.0, "b": 2.0}, {"w": 3.0, "b": 4.0})
    (7, {'w': 4.0, 'b': 6.0})
    """

    mappings = Mappings()

    @classmethod
    def register(cls, value_type: type, vspace_maker: Callable[[Any], Any] | None = None) -> None:
        """Say that arrays of a class have a vector space, as all have."""
        if cls is not VSpace:
            raise UnsupportedError(f"{cls.__name__} is not used: vspace() gives the space of any array or container")
        cls.mappings[value_type] = vspace_maker or cls

    def __init__(self, value: Any) -> None:
        contents, self._rebuild = flatten(value)
        arrays = [np.asarray(unwrap(x)) for x in contents]
        self._types = [(x.shape, x.dtype if x.dtype.kind in "fc" else _DOUBLE) for x in arrays]
        self._structure = None if len(contents) == 1 and contents[0] is value else structure(value)
        self.size = sum([math.prod(shape) * (2 if dtype.kind == "c" else 1) for shape, dtype in self._types])
        self.iscomplex = any(dtype.kind == "c" for _, dtype in self._types)
        self.shape: tuple[int, ...] | None = None
        self.dtype: np.dtype[Any] | None = None
        if self._structure is None:
            self.shape, self.dtype = self._types[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VSpace) and (self._types, self._structure) == (other._types, other._structure)

    def __hash__(self) -> int:
        return hash(tuple(self._types))

    def __repr__(self) -> str:
        return f"VSpace({', '.join(f'{dtype} {shape}' for shape, dtype in self._types)})"

    def zeros(self) -> Any:
        """Return the zero of the space."""
        return self._made([np.zeros(shape, dtype) for shape, dtype in self._types])

    def ones(self) -> Any:
        """Return the sum of all vectors of the standard basis: 1 + 1i for complex numbers."""
        return self._made([np.full(shape, 1 + 1j if dtype.kind == "c" else 1, dtype) for shape, dtype in self._types])

    def randn(self) -> Any:
        """Return a vector with components from NumPy's global normal distribution."""
        return self._made([_normal(shape, dtype) for shape, dtype in self._types])

    def standard_basis(self) -> Iterator[Any]:
        """Yield the vectors of the standard basis, one after the other."""
        for i, (shape, dtype) in enumerate(self._types):
            for position in np.ndindex(shape):
                for unit in (1, 1j) if dtype.kind == "c" else (1,):
                    arrays = [np.zeros(*each) for each in self._types]
                    arrays[i][position] = unit
                    yield self._made(arrays)

    def add(self, x: Any, y: Any) -> Any:
        """Return the sum of two vectors."""
        return self._rebuild([a + b for a, b in zip(flatten(x)[0], flatten(y)[0], strict=True)])

    def mut_add(self, x: Any, y: Any) -> Any:
        """Return the sum of two vectors, the first of which may be None."""
        return y if x is None else self.add(x, y)

    def scalar_mul(self, x: Any, factor: Any) -> Any:
        """Return a vector times a real number."""
        return self._rebuild([a * factor for a in flatten(x)[0]])

    def inner_prod(self, x: Any, y: Any) -> Any:
        """Return the inner product of two vectors, a real number."""
        pairs = zip(flatten(x)[0], flatten(y)[0], strict=True)
        return sum(np.sum(np.real(np.conj(a) * b)) for a, b in pairs)

    def covector(self, x: Any) -> Any:
        """Return the vector whose product with another one, without a conjugate, is their inner product."""
        return self._rebuild([np.conj(a) for a in flatten(x)[0]])

    def _made(self, arrays: list[Any]) -> Any:
        return self._rebuild([x[()] for x in arrays])


def _normal(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    drawn = np.asarray(np.random.randn(*shape))  # the state that programs seed
    if dtype.kind == "c":
        drawn = drawn + 1j * np.random.randn(*shape)  # the same
    return np.asarray(drawn, dtype)


def vspace(value: Any) -> VSpace:
    """Return the vector space to which a value belongs: an array, a number, or a container of them."""
    return VSpace(value.data if isinstance(value, Tensor) else value)
