"""Rehearsed functions: compiled without being asked, once a rehearsal has shown that nobody can tell the difference."""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ...arrays.door import outside_types
from ...graph.node import Leaf
from ...tensors.tensor import Tensor
from ..pytree import flatten
from .compiled import Compiled
from .compiled_program import CompiledProgram
from .creation import RECORDING
from .environment import Environment
from .environment.effects import effect
from .recorder import ProgramRecorder
from .types import Array

REPLAYS = 2  # of a rehearsal: the first prints the program, the second finds its memory in use


class Rehearsed(Compiled):
    """A function that runs as it is until `rehearse` has recorded it, found the same bits, and no effects.

    It never warns, and records nothing on its own: what no program fits, the function itself computes.

    Parameters
    ----------
    function
        Takes arrays. It may write to buffers, add to gradients and draw random numbers.
    redrawing
        Returns what makes blocks that draw what it draws next, anew in each, and give its bit generator, or None.

    Attributes
    ----------
    unfit
        How many calls no program fitted since the last that one did.
    refused
        Why it runs as it is for good; empty if it does not.

    Examples
    --------
    >>> import numpy as np
    >>> from contextlib import nullcontext
    >>> from autograd.extend import Rehearsed
    >>> double = Rehearsed(lambda x: x * 2, lambda: nullcontext)
    >>> double.rehearse(np.ones(2)), double.refused
    (array([2., 2.]), '')
    >>> double(np.zeros(2)), len(double.programs)
    (array([0., 0.]), 1)
    """

    _OWN = Compiled._OWN | {"_redrawing", "_rehearses", "refused", "unfit"}

    def __init__(self, function: Callable[..., Any], redrawing: Callable[[], Any]) -> None:
        super().__init__(function, "eager", "exact")
        self._redrawing, self._rehearses, self.refused, self.unfit = redrawing, False, "", 0

    def _fitting(
        self, programs: list[CompiledProgram], leaves: Sequence[Any], owners: list[int]
    ) -> CompiledProgram | None:
        if self._rehearses:
            return super()._fitting(programs, leaves, owners)
        found = (each for each in programs if each._unchanged() and each.fits(leaves, owners))
        program = next(found, None)  # that something is equal, though another object, takes long to find out
        if program is not None:
            self.unfit = 0
        return program

    def _has_room(self, key: Any, several: list[CompiledProgram] | None) -> bool:
        self.unfit += not self._rehearses
        return self._rehearses

    def rehearse(self, *args: Any) -> Any:
        """Call the function, and look whether a program of it leaves the same.

        The function first runs as it is. If it named nothing that may do more than compute, and changed nothing but
        what can be put back, it is recorded, and what was recorded is replayed, from the state that it began with.
        """
        function = self.__wrapped__
        environment = Environment(function, leaves=(ProgramRecorder, *outside_types))
        tensors = [x for x in environment.seen if isinstance(x, Tensor)]
        self.refused = effect(environment) or ""
        if any(x._node is not None and (type(x._node) is not Leaf or x._node.hooks is not None) for x in tensors):
            self.refused = "a tensor with hooks, or with a graph"
        if sys.gettrace() is not None:
            self.refused = "a debugger or the like, which looks at each line"
        if self.refused:
            return function(*args)
        state, given, again = _State(tensors, environment.arrays.values()), _digests(args), self._redrawing()
        result = function(*args)
        changed = environment.written()
        if changed is not None or state.changed_weights() or _digests(args) != given:
            self.refused = f"a change of {changed or 'a parameter or an argument'}"
            return result
        left, ends = state.left(result), set[str]()
        self._rehearses, self.unfit = True, 0
        try:
            with RECORDING, warnings.catch_warnings(action="ignore"):  # which were given above
                for _ in range(1 + REPLAYS):
                    result = None  # nobody is to hold it
                    state.restore()
                    with again() as bits:
                        result = self(*args)
                    ends.add(repr(getattr(bits, "state", "")))
                    if self._eager or state.left(result) != left or len(ends) > 1:
                        self.refused = self._because[0] if self._eager else "other bits in what was recorded"
                        break
            if not self.refused and not self.programs:
                self.refused = next((x.reason for x in self.fallbacks), "nothing was recorded")
        except Exception as error:  # noqa: BLE001 - of any kind: the function itself raises none
            self.refused = f"{type(error).__name__} while it is recorded, {error}"
        finally:
            self._rehearses = False
        if not self.refused:
            return result
        result = None
        state.restore()
        with again():
            return function(*args)


class _State:
    """What a function begins with and may change: the arrays and gradients of tensors."""

    def __init__(self, tensors: Sequence[Tensor], arrays: Iterable[Array]) -> None:
        self._tensors = tensors
        self._weights = self._of_weights()
        self._constants = [(x, x._array) for x in tensors if not x.requires_grad]
        self._buffers = [(x, np.array(x)) for x in (*arrays, *(array for _, array in self._constants))]
        self._gradients = [(x, _copy(getattr(x, "_grad", None))) for x in tensors if x.requires_grad]

    def _of_weights(self) -> list[bytes]:
        return [_digest(x._array) for x in self._tensors if x.requires_grad]

    def changed_weights(self) -> bool:
        """Tell whether tensors that require a gradient were written to: of these no copies are kept."""
        return self._of_weights() != self._weights

    def restore(self) -> None:
        """Put everything back."""
        for tensor, array in self._constants:
            tensor._array = array
        for array, values in self._buffers:
            if array.flags.writeable:
                array[...] = values
        for tensor, gradient in self._gradients:
            tensor.grad = None if gradient is None else np.array(gradient)

    def left(self, result: Any) -> list[Any]:
        """Return what tells apart what a call has left, and its result."""
        gradients = [getattr(x, "_grad", None) for x in self._tensors]
        return [
            *self._of_weights(),
            *(_digest(x) for x, _ in (*self._buffers, *self._constants)),
            *(None if x is None else _digest(x) for x in gradients),
            *_digests(result),
        ]


def _copy(gradient: Tensor | None) -> Array | None:
    return None if gradient is None else np.array(gradient._array)


def _digests(values: Any) -> list[Any]:
    return list(map(_digest, flatten(values)[0]))


def _digest(x: Any) -> Any:
    """Return what tells apart values, their dtypes and shapes."""
    array = x._array if isinstance(x, Tensor) else x
    if not isinstance(array, np.ndarray | np.generic):
        return array
    values = np.ascontiguousarray(array)
    return values.dtype, np.shape(array), hashlib.blake2b(values.data if values.size else b"", digest_size=16).digest()
