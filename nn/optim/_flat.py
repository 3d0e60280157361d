"""Parameters side by side in one array, so that one pass updates all of them.

A training step of a small network is a few matrix products and then, for every parameter, a dozen small NumPy calls.
Laid out as views of one array, all parameters take that dozen together. Their gradients have a second array of the
same layout, into which the derivative rules of layers write directly.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, borrow, lend, set_gradient_buffer

from .._memory import aligned_zeros

__all__ = ["FlatParameters", "Run"]

Array = np.ndarray[Any, Any]

_ROUNDING = "_rounding"  # added to the name of a moment, of what its product with its scale has lost
_CHUNK = 131_072  # elements: beyond the caches, working through parts is a quarter faster than through the whole


# Elsewhere than in CPython with its lock nothing can be told from the number of references.
_EXACT = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()


class _Memory:
    """The memory of an array, as something that is no array itself."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__


class GradientPlace:
    """The part of a flat array that is set apart for the gradient of one parameter.

    NumPy takes for the base of a view the array at the end of the chain of bases. Here that is `array`, not the flat
    one: so the reference count of `array` alone tells whether anybody holds the gradient or a view of it.
    """

    __slots__ = ("_free", "array", "whole")

    def __init__(self, part: Array, whole: Array) -> None:
        self.array: Array = np.asarray(_Memory(part))
        self.whole = whole
        self._free = [self.array]

    def claim(self, known: int = 0) -> Array | None:
        """Return the array to write a new gradient to, or None while somebody holds the one that it has.

        `known` references to it are the caller's. Of two threads that claim it at the same time one finds nothing to
        take out of the list.
        """
        if not _EXACT:
            return None
        try:
            array = self._free.pop()
        except IndexError:
            return None
        idle = sys.getrefcount(array) == _IDLE + known
        self._free.append(array)
        return array if idle else None

    def count(self) -> int:
        """Return the number of references to an idle array as `claim` sees it."""
        array = self._free.pop()
        count = sys.getrefcount(array)
        self._free.append(array)
        return count


_IDLE = GradientPlace(np.empty(1), np.empty(1)).count()


class Run(NamedTuple):
    """Neighbouring parameters that take the same step together: their part of the flat arrays, and which step it is."""

    start: int
    stop: int
    step: int


class FlatParameters:
    """Parameters of one dtype, laid out in one array, and what an optimizer keeps for each of their elements.

    Attributes
    ----------
    data, gradient
        The flat arrays.
    scratch
        Two arrays of the length of the longest chunk of a run.
    steps
        How many updates each parameter has had.
    moments
        Further arrays of the same layout, by name; see `chunks`.
    numbers
        What is one number for each parameter, by name: a list, which starts with the value that it was made with.
    """

    def __init__(self, parameters: Sequence[Tensor], numbers: Mapping[str, float] | None = None) -> None:
        self.parameters = list(parameters)
        self._first_numbers = dict(numbers or {})
        self.numbers = {name: [value] * len(self.parameters) for name, value in self._first_numbers.items()}
        self.steps = [0] * len(self.parameters)
        self.ends = np.cumsum([parameter.size for parameter in self.parameters]).tolist()
        self.starts = [0, *self.ends[:-1]]
        self.data = aligned_zeros((self.ends[-1],), self.parameters[0].dtype)
        self.gradient = aligned_zeros((self.ends[-1],), self.data.dtype)
        self.scratch = [aligned_zeros((min(self.data.size, _CHUNK),), self.data.dtype) for _ in range(2)]
        self.moments: dict[str, Array] = {}
        self._scales: dict[str, float] = {}
        self._chunks: dict[tuple[int, int], list[tuple[Array, ...]]] = {}
        # A parameter whose elements are in Fortran's order keeps them so: layers choose the order for speed.
        self._orders = [_order(borrow(parameter)) for parameter in self.parameters]
        self._values = [self._part(self.data, i) for i in range(len(self.parameters))]
        self._places = self._gradient_places()
        for i in range(len(self.parameters)):
            self._adopt(i)

    def _part(self, flat: Array, i: int) -> Array:
        """Return the part of a flat array that belongs to one parameter, in its shape and order."""
        return flat[self.starts[i] : self.ends[i]].reshape(self.parameters[i].shape, order=self._orders[i])

    def _gradient_places(self) -> list[GradientPlace]:
        return [GradientPlace(self._part(self.gradient, i), self.gradient) for i in range(len(self.parameters))]

    def _attach(self, i: int) -> None:
        """Have the gradient of one parameter written to its place."""
        if self.parameters[i].requires_grad:
            set_gradient_buffer(self.parameters[i], self._places[i])

    def _adopt(self, i: int) -> None:
        """Move the values of one parameter into the flat array, and have its gradient written to the other."""
        self._check_form(i)
        np.copyto(self._values[i], borrow(self.parameters[i]))
        if self.parameters[i].requires_grad:
            lend(self.parameters[i], self._values[i])
        else:
            self.parameters[i].data = self._values[i]
        self._attach(i)

    def _check_form(self, i: int) -> None:
        """Raise if a parameter no longer fits into its part of the arrays."""
        parameter, place = self.parameters[i], self._values[i]
        if parameter.shape != place.shape or parameter.dtype != place.dtype:
            raise ValueError(
                f"parameter {i} has become {parameter.shape} {parameter.dtype}, but the optimizer was made for "
                f"{place.shape} {place.dtype}: make a new optimizer after such a change"
            )

    def _take_gradient(self, i: int, gradient: Array) -> None:
        """Copy in a gradient that was not written to its place."""
        self._check_form(i)
        if _EXACT and self._places[i].claim() is None:  # else a place is never handed out
            # Somebody holds an earlier gradient, which must not change under their eyes: leave them the old array.
            previous, self.gradient = self.gradient, aligned_zeros((self.data.size,), self.data.dtype)
            np.copyto(self.gradient, previous)
            self._places = self._gradient_places()
            self._chunks.clear()
            for j in range(len(self.parameters)):
                self._attach(j)
        np.copyto(self._places[i].array, gradient)
        self._attach(i)

    def ready(self) -> list[Run]:
        """Gather the values and gradients as they are now, and return the runs of parameters that take a step.

        Parameters without a gradient take none. Values or gradients that were replaced since the last step, by the
        user or by another optimizer, are copied in.
        """
        for parameter, place, data in zip(self.parameters, self._places, self._values, strict=True):
            gradient = parameter.grad
            if gradient is None or borrow(gradient) is not place.array or borrow(parameter) is not data:
                break
        else:  # all are as the last step left them, and in most cases all took every step
            step = self.steps[0]
            if self.steps.count(step) == len(self.steps):
                self.steps = [step + 1] * len(self.steps)
                return [Run(0, self.data.size, step + 1)]
        return self._gather()

    def _gather(self) -> list[Run]:
        """Do what `ready` does, one parameter at a time."""
        runs: list[Run] = []
        stop = step = -1
        for i, parameter in enumerate(self.parameters):
            gradient = parameter.grad
            if gradient is None:
                continue
            if borrow(gradient) is not self._places[i].array:
                self._take_gradient(i, borrow(gradient))
            if borrow(parameter) is not self._values[i]:
                self._adopt(i)
            self.steps[i] += 1
            start = self.starts[i]
            if start == stop and self.steps[i] == step:
                start = runs.pop().start
            stop, step = self.ends[i], self.steps[i]
            runs.append(Run(start, stop, step))
        return runs

    def chunks(self, run: Run, scales: dict[str, float]) -> list[tuple[Array, ...]]:
        """Return what updates a run: for each chunk of it the values, the gradient, two scratch arrays, the moments.

        `scales` names the moments, and says by what each is divided in memory.
        """
        if scales != self._scales:
            self._prepare(scales)
        place = (run.start, run.stop)
        chunks = self._chunks.get(place)
        if chunks is None:
            starts = range(run.start, run.stop, _CHUNK)
            parts = [slice(start, min(start + _CHUNK, run.stop)) for start in starts]
            arrays = [self.data, self.gradient, *(self.moments[name] for name in scales)]
            chunks = self._chunks[place] = [
                (
                    *(array[part] for array in arrays[:2]),
                    *(array[: part.stop - part.start] for array in self.scratch),
                    *(array[part] for array in arrays[2:]),
                )
                for part in parts
            ]
        return chunks

    def members(self, run: Run) -> list[int]:
        """Return which parameters a run is of."""
        return [i for i, start in enumerate(self.starts) if run.start <= start and self.ends[i] <= run.stop]

    def split(self, run: Run, name: str) -> Iterator[tuple[Run, list[int]]]:
        """Yield the parts of a run whose parameters agree in one of `numbers`, and which parameters they are of."""
        values = self.numbers[name]
        for _, group in groupby(self.members(run), key=values.__getitem__):
            members = list(group)
            yield Run(self.starts[members[0]], self.ends[members[-1]], run.step), members

    def matrices(self, run: Run, scales: dict[str, float]) -> Iterator[tuple[Array, ...]]:
        """Yield for each parameter of a run its values, gradient and moments, in its shape."""
        if scales != self._scales:
            self._prepare(scales)
        for i in self.members(run):
            yield tuple(
                self._part(flat, i) for flat in (self.data, self.gradient, *(self.moments[name] for name in scales))
            )

    def _prepare(self, scales: dict[str, float]) -> None:
        """Make the moments that are missing, of zeros, and scale those that are there as they should be now."""
        for name, scale in scales.items():
            moment = self.moments.get(name)
            if moment is None:
                self.moments[name] = aligned_zeros((self.data.size,), self.data.dtype)
            elif self._scales[name] != scale:
                moment *= self._scales[name] / scale
        self._scales = {**self._scales, **scales}
        self._chunks.clear()

    def state(self, i: int, scales: dict[str, float]) -> dict[str, Any]:
        """Return what is kept for one parameter, in its shape; moments that are stored scaled in float64.

        A float32 number times a scale fits float64 so closely that dividing again gives the same number: a run
        that is continued from its state equals one that was never interrupted. Of float64 numbers the difference is
        kept too. `scales` are those of the next step, as in `load`, so that both runs scale the moments alike.
        """
        state: dict[str, Any] = {"step": self.steps[i]} if self.steps[i] else {}
        if state and scales != self._scales:
            self._prepare(scales)
        for name, flat in self.moments.items() if state else ():
            part, scale = self._part(flat, i), np.float64(self._scales[name])
            state[name] = part.copy() if scale == 1 else part * scale
            if scale != 1 and part.dtype == np.float64:
                state[name + _ROUNDING] = _difference(part, state[name] / scale)
        return state | {name: values[i] for name, values in self.numbers.items() if state}

    def load(self, i: int, state: dict[str, Any], scales: dict[str, float]) -> None:
        """Take over what `state` returned; `scales` are those of the moments that the optimizer uses."""
        single = {"step", *self.numbers}
        values = {name: np.asarray(value) for name, value in state.items() if name not in single and value is not None}
        for name, array in values.items():
            if array.shape != self.parameters[i].shape:
                shapes = f"shape {array.shape}, but the parameter has {self.parameters[i].shape}"
                raise ValueError(f"{name} of a parameter has {shapes}: the state is that of another model")
        self._prepare(scales)
        self.steps[i] = int(state.get("step", 1 if values else 0))
        for name, flat in self.moments.items():
            scale, value = np.float64(self._scales[name]), values.get(name, np.zeros(()))
            self._part(flat, i)[...] = value if scale == 1 else value / scale + values.get(name + _ROUNDING, 0.0)
        for name, numbers in self.numbers.items():
            numbers[i] = float(state.get(name, self._first_numbers[name]))


def _difference(a: Array, b: Array) -> Array:
    """Return a - b, and 0 where both are the same infinity."""
    return np.subtract(a, b, out=np.zeros_like(b), where=a != b)


def _order(array: Array) -> Any:
    return "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
