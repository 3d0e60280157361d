"""Functions of a user that SciPy calls, watched: which tensors their values depend on, in arguments or closed over."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from autograd import DtypeError, GraphError, Tensor, enable_grad, no_grad
from autograd.extend import whole
from autograd.inside import (
    ArrayOrTensor,
    Level,
    Lift,
    Node,
    Step,
    TensorLike,
    batched_at,
    batches,
    by_number,
    counter,
    defined,
    described,
    differentiated,
    evaluated_as_at,
    flatten,
    moment,
    recorded_since,
    recording,
    standing_at,
    unwrap,
)

Function = Callable[..., "TensorLike"]
Array = np.ndarray[Any, Any]


def listed(value: Any) -> Any:
    """Return what a function returned as an array or a tensor, also where it is a list of numbers and tensors."""
    if isinstance(value, list | tuple) and any(isinstance(x, Tensor) or batches(x) for x in flatten(value)[0]):
        return np.stack([listed(part) for part in value])
    return value


def returned(function: Function, value: Any) -> Any:
    """Return what a function returned, as `listed` does, or raise if that is nothing: solvers would go on for ever."""
    if value is None or isinstance(value, str | dict):
        raise DtypeError(f"{defined(function)} returned {described(value)}, not numbers: is a return missing?")
    return listed(value)


def flat(parts: list[Any], sizes: list[int]) -> list[Any]:
    """Return arrays of these sizes as vectors, and zeros where there is none."""
    return [np.zeros(size) if x is None else np.reshape(x, (size,)) for x, size in zip(parts, sizes, strict=True)]


def split(vector: ArrayOrTensor, like: Sequence[Node | ArrayOrTensor]) -> list[Any]:
    """Return arrays of the shapes of nodes or arrays from a vector of all of their elements."""
    ends = list(accumulate(math.prod(each.shape) for each in like))
    return [np.reshape(vector[i:j], each.shape) for i, j, each in zip([0, *ends], ends, like, strict=False)]


class Watched:
    """A function that is evaluated at many points, and what its values depend on.

    Parameters
    ----------
    function
        The function: of a point, and of `args`.
    args
        Further arguments.
    known
        What its values are known to depend on.

    Attributes
    ----------
    known
        The nodes of the tensors that values which were computed depend on.
    """

    def __init__(self, function: Function, args: tuple[Any, ...] = (), known: Iterable[Node] = ()) -> None:
        self.function, self.args = function, args
        self._nodes: set[Node] = {*known}
        self._seen: dict[str, tuple[Any, Any]] = {}
        self._begun = next(counter)
        self._moment = min(self._begun, moment())
        self._given = [a._node for a in flatten(args)[0] if isinstance(a, Tensor) and a._node is not None]

    def __call__(self, *point: Any) -> Any:
        """Return the array of a value, and note what it depends on."""
        if not recording():
            return unwrap(self._value(point))
        with enable_grad(), differentiated(self._given):
            value = self._value(point)
        if isinstance(value, Tensor) and value._node is not None:
            self._nodes.update(recorded_since(self._begun, value._node, None)[1])
            # copies: solvers write to their arrays again
            seen = [x.copy() if hasattr(x, "copy") else x for x in point], unwrap(value).copy()
            self._seen.setdefault("first", seen)
            self._seen["last"] = seen
        return unwrap(value)

    def check(self) -> None:
        """Raise if the function has other values now than those that were computed."""
        for point, value in self._seen.values():
            with no_grad():
                now = unwrap(self.again(*point))
            if not np.array_equal(whole(now), whole(value), equal_nan=True):
                raise GraphError(
                    f"{defined(self.function)} has other values than when it was solved: a tensor that it computes "
                    f"with was written to in between. Compute derivatives before that"
                )

    @property
    def known(self) -> list[Node]:
        """The nodes of the tensors that values depend on, in order."""
        return sorted(self._nodes, key=by_number)

    def tensors(self, like: ArrayOrTensor) -> list[Tensor]:
        """Return tensors at the known nodes, batched like an array; their values are never read."""
        return [standing_at(node, like) for node in self.known]

    def again(self, *point: Any) -> Any:
        """Return a value, a tensor, as it was when derivatives began to be recorded."""
        with evaluated_as_at(self._moment):
            return self._value(point)

    def _value(self, point: tuple[Any, ...]) -> Any:
        return returned(self.function, self.function(*point, *self.args))

    def step(self, function: Function, x: ArrayOrTensor, among: list[Node], *besides: ArrayOrTensor | float) -> Slopes:
        """Return the derivatives of ``function(x)``, recorded at x.

        Parameters
        ----------
        function
            The function, which calls the watched one.
        x
            The point.
        among
            With respect to which nodes, beside x.
        *besides
            Tensors that it may depend on too.
        """
        with evaluated_as_at(self._moment):
            step = Step(function, x, ())
        others = {t._node for t in besides if isinstance(t, Tensor)}
        if not {*step.known_nodes} <= {*among, *others}:
            raise GraphError(
                f"{defined(self.function)} computes with other tensors than when its values were: one that it closes "
                f"over was written to in between, or it uses other ones elsewhere. Compute derivatives before a write, "
                f"and choose between values with numpy.where"
            )
        return Slopes(step, among)


class Slopes:
    """The derivatives of a value at one point."""

    def __init__(self, step: Step, among: list[Node]) -> None:
        self._step, self._among, self.value = step, among, step.value

    def pull(self, w: ArrayOrTensor, lift: Lift | None) -> tuple[Any, list[Any]]:
        """Return the gradients of x and of each node, or None where it does not depend on one, from that of a value."""
        if not isinstance(self.value, Tensor) or self.value._node is None:
            return None, [None] * len(self._among)
        by_x, found = self._step.pull(w, lift)
        by_node = dict(zip(self._step.known_nodes, found, strict=True))
        return by_x, [by_node.get(node) for node in self._among]


class Packing:
    """Vectors of all elements of batches as one vector for SciPy.

    Parameters
    ----------
    *given
        Arrays, and other packings, in whose batches what is packed is.
    """

    def __init__(self, *given: Any) -> None:
        found: set[Level] = set()
        for x in given:
            found.update(x._levels if isinstance(x, Packing) else batches(unwrap(x)))
        self._levels: tuple[Level, ...] = tuple(sorted(found, key=lambda level: -level.number))
        self._sizes = tuple(level.size for level in reversed(self._levels))
        self.count = int(np.prod(self._sizes))

    @property
    def batched(self) -> bool:
        """Whether there is a batch."""
        return bool(self._levels)

    def pack(self, x: ArrayOrTensor) -> Any:
        """Return the elements of all batches as one vector."""
        if not self._levels:
            return np.reshape(np.asarray(x), (-1,))
        room = np.zeros((*self._sizes, *x.shape), x.dtype)
        return np.reshape(whole(x + batched_at(room, self._levels)), (-1,))

    def unpack(self, packed: Array, *shape: int) -> Any:
        """Return arrays of a shape, in the batches, of a vector with those of all elements, along its last axis first.

        Leading axes, as of time, go on being leading ones of each element.
        """
        if not self._levels:
            return np.reshape(packed, (*packed.shape[:-1], *shape))
        lead = packed.shape[:-1]
        spread = np.reshape(packed, (*lead, *self._sizes, *shape))
        spread = np.moveaxis(
            spread, tuple(range(len(lead))), tuple(range(len(self._sizes), len(self._sizes) + len(lead)))
        )
        return batched_at(spread, self._levels)
