"""Flat parameters: all of them in one array, so that one pass updates all.

A training step of a small network is a few matrix products and then, for every parameter, a dozen small NumPy calls.
With all parameters as views of one array, a dozen calls serve all of them. Their gradients have a second array of the
same layout, into which the derivative rules of layers write directly.

Only values that nobody else holds are moved there. If somebody has a view of a parameter, its ndarray, or memory that
the two share, the parameter stays where it is, so that all see its steps: they are computed in a copy, and copied
back. Optimizers of the same parameters share these two arrays.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, groupby
from sys import getrefcount
from typing import Any, Literal, NamedTuple
from weakref import WeakValueDictionary

import numpy as np

from autograd import Tensor
from autograd.extend import borrow, is_sole_owner, lend, portions, set_gradient_buffer

from .._aligned_memory import aligned_zeros

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

_ROUNDING = "_rounding"  # the suffix of what the product of a moment with its scale has lost
_CHUNK = 131_072  # elements: arrays larger than the caches are a quarter faster in parts


# Only CPython with its lock counts references so that nobody else's can be missed.
_EXACT = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()


class FlatPart:
    """The part of a flat array that is reserved for the gradient of one parameter."""

    __slots__ = ("array", "whole")

    def __init__(self, part: Array, whole: Array) -> None:
        self.array, self.whole = part, whole

    def claim(self, known: int = 0) -> Array | None:
        """Return the array to write something new to, or None while somebody holds what it has or a view of it.

        `known` references to it are the caller's. Of two threads that claim it at the same time, at most one gets it,
        for the other one has a reference to it.
        """
        array = self.array
        return array if _EXACT and getrefcount(array) == _IDLE + known else None

    def count(self) -> int:
        """Return the number of references to an idle array as `claim` sees it."""
        array = self.array
        return getrefcount(array)


_IDLE = FlatPart(np.empty(1), np.empty(1)).count()
_one = [np.empty(1)]
_LISTED = getrefcount(_one[0])  # references to an array that only a list has


class Run(NamedTuple):
    """Neighbouring parameters that are updated together: their part of the flat arrays, and the number of the step.

    A run that is `apart` is of one parameter whose values are elsewhere, and are copied for the step.
    """

    start: int
    stop: int
    step: int
    apart: bool = False


class _Places:
    """The flat arrays of parameters, and what is reserved there for each: all optimizers of them have the same."""

    def __init__(self, parameters: list[Tensor]) -> None:
        self.parameters = parameters
        arrays = [borrow(parameter) for parameter in parameters]
        self.shapes = [array.shape for array in arrays]
        self.ends = [*accumulate(map(math.prod, self.shapes))]
        self.starts = [0, *self.ends[:-1]]
        # A parameter in Fortran order keeps it: layers choose the order for speed.
        self.orders: list[Literal["C", "F"]] = ["F" if array.flags.fnc else "C" for array in arrays]
        self.data = self.zeros()
        self.values, self.gradients = portions(self.data, self.shapes, self.orders), self.parts()

    def zeros(self) -> Array:
        return aligned_zeros((self.ends[-1],), self.parameters[0].dtype)

    def part(self, flat: Array, i: int) -> Array:
        """Return the part of a flat array that belongs to one parameter, in its shape and order."""
        return flat[self.starts[i] : self.ends[i]].reshape(self.parameters[i].shape, order=self.orders[i])

    def parts(self) -> list[FlatPart]:
        """Return what is reserved for each gradient in a new flat array."""
        flat = self.zeros()
        return [FlatPart(part, flat) for part in portions(flat, self.shapes, self.orders)]

    def fit(self) -> bool:
        """Tell whether the parameters still have the shapes and the dtype that the places were made for."""
        arrays = [borrow(x) for x in self.parameters]
        return [x.shape for x in arrays] == self.shapes and {x.dtype for x in arrays} == {self.data.dtype}


_known: WeakValueDictionary[tuple[int, ...], _Places] = WeakValueDictionary()  # by the identities of the parameters


def _places_of(parameters: list[Tensor]) -> tuple[_Places, bool]:
    """Return the places of parameters, and whether they are new."""
    key = tuple(map(id, parameters))
    places = _known.get(key)
    if places is not None and places.fit():
        return places, False
    places = _Places(parameters)
    if type(places.data) is np.ndarray:  # not of a program that `compile` records
        _known[key] = places
    return places, True


class FlatParameters:
    """Parameters of one dtype, laid out in one array, and what an optimizer keeps for each of their elements.

    Attributes
    ----------
    data, gradient
        The flat arrays. `data` is not used where a parameter's values are held by others: see the module.
    scratch
        Two arrays of the length of the longest chunk of a run.
    steps
        How many updates each parameter has had.
    updated
        How many elements were updated before an update became one loop; see `Adam`.
    moments
        Further arrays of the same layout, by name; see `chunks`.
    numbers
        Lists of one number for each parameter, by name.
    others
        For each parameter, arrays of other shapes, by name; `shapes` says which, for the shape of a parameter.
    """

    updated: int = 0

    def __init__(
        self,
        parameters: Sequence[Tensor],
        numbers: Mapping[str, float] | None = None,
        shapes: Callable[[Shape], dict[str, Shape]] = lambda shape: {},
    ) -> None:
        self.parameters = list(parameters)
        self._first_numbers = dict(numbers or {})
        self.numbers = {name: [value] * len(self.parameters) for name, value in self._first_numbers.items()}
        self.steps = [0] * len(self.parameters)
        self._places, new = _places_of(self.parameters)
        dtype, further = self._places.data.dtype, {shape: shapes(shape) for shape in {*self._places.shapes}}
        self.others: list[dict[str, Array]] = [{}] * len(self.parameters)
        if any(further.values()):
            self.others = [
                {name: np.zeros(other, dtype) for name, other in further[shape].items()}
                for shape in self._places.shapes
            ]
        self.starts, self.ends, self.data = self._places.starts, self._places.ends, self._places.data
        self._value_parts, self._gradient_parts = self._places.values, self._places.gradients
        self.moments: dict[str, Array] = {}
        self._scales: dict[str, float] = {}
        self._chunks: dict[tuple[int, int, bool, int], list[tuple[Array, ...]]] = {}
        self._apart: Array | None = None  # of the layout of `data`, where the steps of values elsewhere are computed
        self._taking: list[int] | None = []  # the parameters that take a step, or None for all of them together
        trained = [i for i, parameter in enumerate(self.parameters) if parameter.requires_grad]
        if new:
            self._adopt([i for i in trained if is_sole_owner(self.parameters[i])])
        for i in trained:
            set_gradient_buffer(self.parameters[i], self._gradient_parts[i])

    @cached_property
    def scratch(self) -> list[Array]:
        return [aligned_zeros((min(self.data.size, _CHUNK),), self.data.dtype) for _ in range(2)]

    @property
    def gradient(self) -> Array:
        return self._gradient_parts[0].whole

    def _attach(self, i: int) -> None:
        """Have the gradient of one parameter written to its part of the flat array."""
        if self.parameters[i].requires_grad:
            set_gradient_buffer(self.parameters[i], self._gradient_parts[i])

    def _adopt(self, chosen: list[int]) -> None:
        """Move the values of some parameters into the flat array."""
        if len(chosen) == len(self.parameters):  # at once, which takes a fifth of the time
            orders = zip(self.parameters, self._places.orders, strict=True)
            np.concatenate([borrow(x).T if order == "F" else borrow(x) for x, order in orders], None, self.data)
        else:
            for i in chosen:
                np.copyto(self._value_parts[i], borrow(self.parameters[i]))
        for i in chosen:
            lend(self.parameters[i], self._value_parts[i])

    def _settle(self, i: int) -> None:
        """Get one parameter ready for a step: its gradient in the flat array, and its values if nobody else holds them.

        If the user or another optimizer gave the parameter another array, its values come back to the flat array only
        if nobody holds the old ones, which would change unexpectedly.
        """
        parameter = self.parameters[i]
        self._check_form(i)
        if borrow(parameter.grad) is not self._gradient_parts[i].array:
            self._take_gradient(i, borrow(parameter.grad))
        if borrow(parameter) is self._value_parts[i]:
            return
        if _EXACT and getrefcount(self._value_parts[i]) == _LISTED and is_sole_owner(parameter):
            self._adopt([i])
        else:
            check_writable(i, borrow(parameter))

    def _check_form(self, i: int) -> None:
        """Raise if a parameter no longer fits into its part of the arrays."""
        parameter, place = self.parameters[i], self._value_parts[i]
        if parameter.shape != place.shape or parameter.dtype != place.dtype:
            raise ValueError(
                f"parameter {i} has become {parameter.shape} {parameter.dtype}, but the optimizer was made for "
                f"{place.shape} {place.dtype}: make a new optimizer after such a change"
            )

    def _take_gradient(self, i: int, gradient: Array) -> None:
        """Copy in a gradient that was not written to the flat array."""
        if _EXACT and self._gradient_parts[i].claim() is None:  # else a part is never handed out
            # Somebody holds an earlier gradient, which must not change: leave them the old array.
            parts = self._places.parts()
            np.copyto(parts[0].whole, self.gradient)
            self._gradient_parts[:] = parts
            self._chunks.clear()
            for j in range(len(self.parameters)):
                self._attach(j)
        np.copyto(self._gradient_parts[i].array, gradient)
        self._attach(i)

    def ready(self) -> Iterable[Run]:
        """Gather the values and gradients as they are now, and yield the runs of parameters that take a step.

        Parameters without a gradient take none. Gradients that were replaced since the last step, by the user or by
        another optimizer, are copied in. The next run is prepared after the step of the one before: parameters
        may share memory.
        """
        for parameter, gradient_part, part in zip(
            self.parameters, self._gradient_parts, self._value_parts, strict=True
        ):
            gradient = parameter.grad
            if gradient is None or borrow(gradient) is not gradient_part.array or borrow(parameter) is not part:
                break
        else:  # all are as the last step left them, and usually all took every step
            step = self.steps[0]
            if self.steps.count(step) == len(self.steps):
                self.steps = [step + 1] * len(self.steps)
                self._taking = None
                return [Run(0, self.data.size, step + 1)]
        return self._gather()

    def _gather(self) -> Iterator[Run]:
        """Do what `ready` does, one parameter at a time."""
        self._taking = taking = [i for i, parameter in enumerate(self.parameters) if parameter.grad is not None]
        for i in taking:
            self._settle(i)
        run = None  # of those before, whose step can be taken together with that of the next
        for i in taking:
            self.steps[i] += 1
            own = Run(
                self.starts[i], self.ends[i], self.steps[i], borrow(self.parameters[i]) is not self._value_parts[i]
            )
            if run is not None and not own.apart and (run.stop, run.step) == (own.start, own.step):
                run = run._replace(stop=own.stop)
                continue
            if run is not None:
                yield run
            run = own
            if own.apart:
                yield from self._stepping_apart(i, own)
                run = None
        if run is not None:
            yield run

    def _stepping_apart(self, i: int, run: Run) -> Iterator[Run]:
        """Yield the run of a parameter with a copy of its values, and copy the updated values back."""
        memory, copied = borrow(self.parameters[i]), self._places.part(self._values(run), i)
        np.copyto(copied, memory)
        yield run
        np.copyto(memory, copied)

    def written(self) -> list[Array]:
        """Return the memory that the last step has written to: the flat array, if that is all."""
        return [self.data] if self._taking is None else [borrow(self.parameters[i]) for i in self._taking]

    def _values(self, run: Run) -> Array:
        """Return the flat array with the values of a run."""
        if not run.apart:
            return self.data
        if self._apart is None:
            self._apart = aligned_zeros((self.data.size,), self.data.dtype)
        return self._apart

    def chunks(self, run: Run, scales: dict[str, float]) -> list[tuple[Array, ...]]:
        """Return, for each chunk of a run, the values, the gradient, two scratch arrays, and the moments.

        `scales` names the moments, and says what each is divided by in memory.
        """
        if scales != self._scales:
            self._prepare(scales)
        place = (run.start, run.stop, run.apart, id(self.gradient))  # which the step of another optimizer may replace
        if place in self._chunks:
            return self._chunks[place]
        chunks: list[tuple[Array, ...]] = []
        for start in range(0, run.stop - run.start, _CHUNK):
            values, gradient, *moments = (array[start : start + _CHUNK] for array in self.whole(run, scales))
            chunks.append((values, gradient, *(x[: values.size] for x in self.scratch), *moments))
        self._chunks[place] = chunks
        return chunks

    def whole(self, run: Run, scales: dict[str, float]) -> list[Array]:
        """Return the values of a run, its gradient, and its moments, for one pass through all of it."""
        return [array[run.start : run.stop] for array in self._flats(run, scales)]

    def _flats(self, run: Run, scales: dict[str, float]) -> list[Array]:
        """Return the flat arrays with the values of a run, the gradients and the moments."""
        if scales != self._scales:
            self._prepare(scales)
        return [self._values(run), self.gradient, *(self.moments[name] for name in scales)]

    def members(self, run: Run) -> list[int]:
        """Return the indices of the parameters of a run."""
        return [i for i, start in enumerate(self.starts) if run.start <= start and self.ends[i] <= run.stop]

    def split(self, run: Run) -> Iterator[tuple[Run, list[int]]]:
        """Yield the parts of a run whose parameters agree in their `numbers`, with the indices of these parameters."""
        for _, group in groupby(self.members(run), key=lambda i: [values[i] for values in self.numbers.values()]):
            members = list(group)
            yield run._replace(start=self.starts[members[0]], stop=self.ends[members[-1]]), members

    def matrices(self, run: Run, scales: dict[str, float]) -> Iterator[tuple[Array, ...]]:
        """Yield for each parameter of a run its values, gradient and moments, in its shape."""
        flats = self._flats(run, scales)
        for i in self.members(run):
            yield tuple(self._places.part(flat, i) for flat in flats)

    def _prepare(self, scales: dict[str, float]) -> None:
        """Make missing moments, of zeros, and rescale those that exist."""
        for name, scale in scales.items():
            moment = self.moments.get(name)
            if moment is None:
                self.moments[name] = aligned_zeros((self.data.size,), self.data.dtype)
            elif self._scales[name] != scale:
                moment *= self._scales[name] / scale
        self._scales = {**self._scales, **scales}
        self._chunks.clear()

    def saved(self) -> Callable[[], None]:
        """Return a function that puts back all that a step changes: the values, and what is kept for them."""
        values = [borrow(parameter).copy("K") for parameter in self.parameters]
        kept = [*self.moments.values(), *(array for others in self.others for array in others.values())]
        arrays = [(array, array.copy()) for array in kept]
        steps, numbers = [*self.steps], {name: [*each] for name, each in self.numbers.items()}
        moments, scales = {*self.moments}, self._scales

        def undo() -> None:
            for parameter, value in zip(self.parameters, values, strict=True):
                borrow(parameter)[...] = value
            for array, value in arrays:
                array[...] = value
            self.steps, self.numbers, self._scales = steps, numbers, scales
            self.moments = {name: array for name, array in self.moments.items() if name in moments}
            self._chunks.clear()

        return undo

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
            part, scale = self._places.part(flat, i), np.float64(self._scales[name])
            state[name] = part.copy() if scale == 1 else part * scale
            if scale != 1 and part.dtype == np.float64:
                other = state[name] / scale  # the difference is 0 where both are the same infinity
                state[name + _ROUNDING] = np.subtract(part, other, out=np.zeros_like(other), where=part != other)
        if state:
            state |= {name: values[i] for name, values in self.numbers.items()}
            state |= {name: array.copy() for name, array in self.others[i].items()}
        return state

    def check(self, i: int, state: dict[str, Any]) -> None:
        """Raise if an array in a state does not have the shape of the parameter, or its own for such a parameter."""
        for name, array in self._arrays(state).items():
            if array.shape != self.others[i].get(name, self.parameters[i]).shape:
                shapes = f"shape {array.shape}, but the parameter has {self.parameters[i].shape}"
                raise ValueError(f"{name} of a parameter has {shapes}: the state is that of another model")

    def _arrays(self, state: dict[str, Any]) -> dict[str, Array]:
        """Return what a state has for each element."""
        single = {"step", *self.numbers}
        return {name: np.asarray(value) for name, value in state.items() if name not in single and value is not None}

    def load(self, i: int, state: dict[str, Any], scales: dict[str, float]) -> None:
        """Load what `state` returned; `scales` are those of the moments that the optimizer uses."""
        values = self._arrays(state)
        self._prepare(scales)
        self.steps[i] = int(state.get("step", 1 if values else 0))
        for name, flat in self.moments.items():
            scale, value = np.float64(self._scales[name]), values.get(name, np.zeros(()))
            self._places.part(flat, i)[...] = value if scale == 1 else value / scale + values.get(name + _ROUNDING, 0.0)
        for name, array in self.others[i].items():
            array[...] = values.get(name, 0.0)
        for name, numbers in self.numbers.items():
            numbers[i] = float(state.get(name, self._first_numbers[name]))


def check_writable(i: int, memory: Array) -> None:
    """Raise if a parameter cannot be updated in its own memory."""
    repeated = any(n > 1 and not stride for n, stride in zip(memory.shape, memory.strides, strict=True))
    if repeated or not memory.flags.writeable:
        what = "several of its elements share memory" if memory.flags.writeable else "its array is read-only"
        raise ValueError(
            f"parameter {i} of the optimizer, of shape {memory.shape}, cannot take a step: {what}. Make the parameter "
            f"of a copy: autograd.tensor(array, requires_grad=True)"
        )
