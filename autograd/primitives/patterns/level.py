"""The level of one call of `sparsity`: what elements of results depend on, where functions and operations ask."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ...arrays.dependent import NUMBER, Dependent, Index, LostError, Terms, dependents, plain
from ...arrays.door import Array, Used, contents, mapped
from ...errors import PatternError
from ...graph.grad_mode import enable_grad
from ...graph.node import counter
from ...source.call_site import users_line
from ...source.source_info import warn
from ...tensors.dispatch import operations
from ...tensors.tensor import Tensor
from ..declare import general
from ..forms import loop_call
from .sets import Sets

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


class PatternLevel:
    """What NumPy's functions ask of one call of `sparsity`; see `Level` for what its methods do.

    Attributes
    ----------
    sets
        The sets of inputs.
    everywhere
        Whether the pattern is one for all points: then what a condition chooses is any of the choices.
    met
        The functions in which everything depends on everything, by name, and where each was called last.
    full
        Whether blocks in which everything depends on everything may have more than `most` entries.
    """

    most = 10_000_000

    def __init__(self, inputs: int, everywhere: bool = False, full: bool = False) -> None:
        self.sets, self.everywhere, self.full = Sets(inputs), everywhere, full
        self.size, self.number, self.active, self.of_pattern = 1, next(counter), True, True
        self.units: tuple[Array | None, int] = (None, 0)
        self.met: dict[str, str] = {}
        self.refused: LostError | None = None  # what was refused last, which other libraries put errors of theirs above
        self._composing: set[Any] = set()
        self._equal: dict[int, tuple[Any, bool]] = {}  # masks of equality, by id
        Used.vmap = True

    # Results

    def result(self, value: Array, given: Terms) -> Any:
        """Return a result with its terms, or such as broadcast to them.

        An answer, such as that of a comparison, is a plain array at this point.
        """
        if value.dtype.kind not in "fc" and not self.everywhere:
            return value
        return Dependent(value, self, [t if t.shape == value.shape else np.broadcast_to(t, value.shape) for t in given])

    def step(self, value: Array) -> Terms:
        """Return the terms of a step, such as a floor: of its zeros, that they may be other numbers elsewhere."""
        return [] if value.all() else [np.where(value == 0, NUMBER(self.sets.nothing), NUMBER(0))]

    def answer(self, value: Array, xs: Sequence[Dependent]) -> Any:
        """Return integers or truth found in some arrays; everywhere, they depend on what these do."""
        if not self.everywhere:
            return value
        one = self.whole(xs)
        parts = value if isinstance(value, tuple) else (value,)
        found = tuple(self.result(np.asarray(part), one) for part in parts)
        return found if isinstance(value, tuple) else found[0]

    def note_equal(self, mask: Array, equal: bool) -> None:
        """Note a mask of where numbers are equal, or are not: nearby, hardly any are."""
        if mask.any() if equal else not mask.all():
            self._equal[id(mask)] = mask, equal

    def by_chance(self, mask: Array) -> Any:
        """Return where a mask is as it is because numbers are equal, so that nearby it is not; False for nowhere."""
        noted, equal = self._equal.get(id(mask), (None, True))
        return False if noted is None else mask == equal

    def joined(self, given: Terms, shape: tuple[int, ...]) -> Array:
        """Return one term for the union of many."""
        size = math.prod(shape)
        numbers = np.concatenate([np.broadcast_to(term, shape).reshape(-1) for term in given])
        return self.sets.made(np.tile(np.arange(size), len(given)), numbers, size).reshape(shape)

    def whole(self, xs: Sequence[Dependent]) -> list[Array]:
        """Return one number for all that some arrays depend on, or none."""
        members = [np.unique(t) for x in xs for t in x.given() if t.size]
        if not members:
            return []
        numbers = np.unique(np.concatenate(members))
        return [self.sets.made(np.zeros(len(numbers), NUMBER), numbers, 1).reshape(())]

    # Calls

    def composed(self, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a composition, as it runs for tensors that require gradients; else everything depends on everything."""
        if function in self._composing or function not in operations:  # it calls the function that it stands for
            return self.dense(function.__name__, function, args, kwargs)
        self._composing.add(function)
        try:
            return _arrays(operations[function](*_tensors(args), **_tensors(kwargs)))
        finally:
            self._composing.discard(function)

    def dense(self, name: str, function: Callable[..., Any], args: Any, kwargs: dict[str, Any] | None = None) -> Any:
        """Call a function with values; all that it computes depends on all that it is given."""
        xs = dependents(args, kwargs or {})
        value = function(*plain(args), **plain(kwargs or {}))
        self.met[name] = users_line()
        whole = self.whole(xs)
        return mapped(lambda part: self._spread(name, part, whole, xs), value)

    def _spread(self, name: str, value: Any, whole: list[Array], xs: Sequence[Dependent]) -> Any:
        if not hasattr(value, "shape") and not isinstance(value, int | float | complex):
            return value
        value = np.asarray(value)
        inputs = min(self.sets.inputs, sum([x.size * len(x.terms) for x in xs]))
        if value.dtype.kind in "fc" and inputs * value.size > self.most and not self.full:
            raise PatternError(
                f"in {name!r}, at {users_line()}, everything depends on everything: the pattern would have "
                f"{inputs * value.size:,} entries there ({value.size:,} results of {inputs:,} inputs). Write it with "
                f"functions of each element, slices and sums, or accept that with dense=True"
            )
        return self.result(value, whole)

    def loop(self, name: str, function: Callable[..., object], args: tuple[Any, ...]) -> Any:
        """Apply a function that knows no patterns; among tensors, its derivative knows none either."""
        self.refused = None
        line = users_line()
        warn(
            f"sparsity: {name!r}, at {line}, computes with what knows nothing of patterns, so that all its results "
            f"depend on all that it is given: write it with NumPy's functions, or declare it by elementwise()",
            RuntimeWarning,
        )
        found = self.dense(name, function, _arrays(args))
        xs = tuple([x for x in contents([args]) if isinstance(x, Tensor) and x._node is not None])
        if not xs:
            return found

        def output(place: int | None, value: Any) -> Any:
            def derivative(xs: Any, g: Array, index: int) -> Any:
                return _derivative(function, _filled(args, iter(xs)), place, g, index)

            def pull(g: Array, xs: Any, index: int) -> Any:
                return self.loop(f"the derivative of {name}", derivative, (list(xs), g, index))

            return _computed(xs, value, pull) if type(value) is Dependent else value

        if not isinstance(found, list | tuple):
            return output(None, found)
        parts = [output(i, part) for i, part in enumerate(found)]
        return type(found)(*parts) if hasattr(found, "_fields") else type(found)(parts)

    loop_call = loop_call

    # Indices

    def plain_key(self, key: Index) -> Any:
        """Return an index without dependence: which elements it selects does not change where the pattern holds."""
        if type(key) is tuple or type(key) is list:
            return type(key)([self.plain_key(part) for part in key])
        if type(key) is not Dependent:
            return key
        key.check_fixed("an index or a mask", "Use numpy.where(mask, x, y), numpy.take or numpy.take_along_axis")
        return key.value

    def getitem(self, x: Array, key: Index) -> Any:
        """Return ``x[key]``, where either is dependent."""
        parts = [part for part in dependents(key) if self.everywhere and part.dtype != bool]
        if not parts:
            return x[self.plain_key(key)]
        value = np.asarray(plain(x)[plain(key)])
        if type(key) is Dependent:  # any element, by an index of its own
            given = [t.reshape(t.shape + (1,) * (value.ndim - t.ndim)) for t in key.given()]
            parts = []
        else:
            given = []
        return self.result(value, [*given, *self.whole([*parts, *dependents(x)])])

    def setitem(self, x: Dependent, key: Index, value: Array) -> None:
        """Write `value` to ``x[key]``."""
        value, key = getattr(value, "_array", value), self.plain_key(key)
        x.value[key] = plain(value)
        self.write_terms(x, key, value.given() if type(value) is Dependent else [])

    def write_terms(self, x: Dependent, key: Index, given: Terms) -> None:
        """Write terms to those at an index of an array, and nothing to its others."""
        places, kept = x._places(len(given))
        for k, place in enumerate(places[kept:]):
            place[key] = given[k] if k < len(given) else 0

    def check_target(self, x: Array | Dependent, what: str) -> None:
        """Raise if an array to be written to is a plain one, which has no room for terms."""
        if type(x) is not Dependent:
            raise LostError(
                f"{what}, at {users_line()}, writes what depends on inputs to a plain array, which does not know "
                f"that: begin with numpy.zeros_like(x) or numpy.zeros(shape, like=x)"
            )

    def scatter(self, add: Callable[..., Array], x: Array | Dependent, key: Index, shape: tuple[int, ...]) -> Any:
        """Return zeros of `shape` with `x` added at `key`."""
        key = self.plain_key(key)
        value = add(plain(x), key, shape)
        if type(x) is not Dependent:
            return value
        places = np.arange(value.size).reshape(shape)[key]
        given = [np.broadcast_to(t, places.shape).reshape(-1) for t in x.given()]
        flat = np.asarray(places).reshape(-1)
        found: list[Array] = []
        if given and np.unique(flat).size == flat.size:
            for t in given:
                found.append(np.zeros(value.size, NUMBER))
                found[-1][flat] = t
        elif given:
            found = [self.sets.made(np.tile(flat, len(given)), np.concatenate(given), value.size)]
        return self.result(value, [t.reshape(shape) for t in found])

    def moved(self, arrays: list[Dependent]) -> list[Any]:
        """Return arrays that share memory in new memory, which they share alike; so are their terms, for each byte."""
        start = min([byte_bounds(x.value)[0] for x in arrays])
        memory = Dependent(np.empty(max([byte_bounds(x.value)[1] for x in arrays]) - start, np.uint8), self)
        places, _ = memory._places(max([len(x.terms) for x in arrays]))
        found = []
        for x in arrays:
            old, given = x.value, x.terms
            offset = old.__array_interface__["data"][0] - start
            value: Array = np.ndarray(old.shape, old.dtype, memory.value, offset, old.strides)
            value[...] = old
            value.flags.writeable = old.flags.writeable
            seen = partial(_within, old.shape, offset, old.strides)
            for k, place in enumerate(places):
                seen(place)[...] = given[k] if k < len(given) else 0
            found.append(Dependent(value, self, parent=memory, seen=seen))
        return found

    # What a call of vmap does otherwise

    def batched(self, value: Array) -> Any:
        """Return an array that was stored without its terms: it depends on everything."""
        numbers = np.arange(1, self.sets.inputs + 1, dtype=NUMBER)
        one = self.sets.made(np.zeros(len(numbers), NUMBER), numbers, 1).reshape(())
        return self.result(value, [one])

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Any:
        """Return zeros that depend on nothing."""
        return Dependent(np.zeros(shape, dtype), self)

    def check_running(self, x: Array) -> None:
        """Nothing outlives the call but what a function leaves behind itself."""


def _within(shape: tuple[int, ...], offset: int, strides: tuple[int, ...], term: Array) -> Array:
    """Return the part of a term, which has a number for each byte, that is the term of a portion of the memory."""
    step = term.itemsize
    return np.ndarray(shape, term.dtype, term, offset * step, tuple([n * step for n in strides]))


# A result of what knows no patterns, by which its derivative is found: `pull` computes that, for each input.
_computed: Any = general(
    lambda xs, value, pull: value, lambda g, xs, pull, index: pull(g, xs, index), variadic=True, name="of_everything"
)


def _derivative(function: Callable[..., Any], args: Any, place: int | None, g: Any, index: int) -> Any:
    """Return the gradient of one of the tensors among arguments from that of a result, at arrays."""
    leaves: list[Tensor] = []

    def leaf(x: Array) -> Any:
        if not isinstance(x, _Filled):
            return x
        leaves.append(Tensor(x.array, requires_grad=True))
        return leaves[-1]

    with enable_grad():
        y = function(*mapped(leaf, args))
        y = y if place is None else y[place]
    if isinstance(y, Tensor) and y.requires_grad:
        y.backward(g, inputs=leaves)
    found = leaves[index].grad
    return np.zeros_like(leaves[index]._array) if found is None else found._array


class _Filled:
    """An array that stands for a tensor which requires a gradient."""

    def __init__(self, array: Any) -> None:
        self.array = array


def _filled(tree: Any, arrays: Iterator[Any]) -> Any:
    """Return arguments with arrays in place of the tensors that require gradients, and of constant ones."""

    def fill(x: Array) -> Any:
        if not isinstance(x, Tensor):
            return plain(x)
        return plain(x._array) if x._node is None else _Filled(next(arrays))

    return mapped(fill, tree)


def _tensors(tree: Any) -> Any:
    """Return arguments with dependent arrays as tensors that require gradients, which compositions ask for."""
    return mapped(lambda x: Tensor(x, requires_grad=x.dtype.kind in "fc") if type(x) is Dependent else x, tree)


def _arrays(tree: Any) -> Any:
    return mapped(lambda x: x._array if isinstance(x, Tensor) else x, tree)
