"""Finite differences: derivatives of a function from its values alone, to compare with those of the graph.

The derivative of ``fn`` along ``v`` is ``(fn(x + eps v) - fn(x - eps v)) / (2 eps)`` up to terms in ``eps**2``
(Nocedal & Wright, Numerical Optimization, section 8.1). In float64 this leaves about nine correct digits, enough to
tell a wrong rule from a right one; in float32 it leaves none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..errors import DtypeError
from ..graph.source_info import defined
from ..tensors.conversions import differentiated
from ..tensors.dispatch import fronts
from ..tensors.tensor import Tensor, unmasked
from ..transforms.gradients import gradients

__all__ = [
    "Measure",
    "Mismatch",
    "Subject",
    "array_of",
    "compare_directions",
    "compare_elements",
    "has_kink",
    "inner_product",
    "is_recorded",
    "normal",
    "worst_of",
]

Array = np.ndarray[Any, Any]
Index = tuple[int, ...]


@dataclass(frozen=True)
class Mismatch:
    """One element of a Jacobian, by the graph and by central differences.

    With complex numbers it is the derivative of one part, real or imaginary, with respect to one part.

    Attributes
    ----------
    input, index
        The input, and the index of its element; None if only a random direction was checked. In `gradgradcheck` the
        inputs are followed by one cotangent for each output.
    output, output_index
        The output, and the index of its element, or None. In `gradgradcheck` the outputs are gradients of the inputs.
    analytic, numeric
        The derivative of that element of the output with respect to that element of the input, by the graph and by
        central differences.
    error, tolerance
        The distance between the two, and the largest one allowed: ``atol + rtol * abs(numeric)``.
    where
        The inputs and outputs in words.
    """

    input: int
    index: Index | None
    output: int
    output_index: Index | None
    analytic: float
    numeric: float
    error: float
    tolerance: float
    where: str

    def __str__(self) -> str:
        return (
            f"the derivative of {self.where} is {self.analytic:.8g} by the graph but {self.numeric:.8g} by central "
            f"differences (error {self.error:.2g}, tolerance {self.tolerance:.2g})"
        )


class Measure(NamedTuple):
    """The step of the differences and their tolerance relative to the graph's derivatives."""

    eps: float
    atol: float
    rtol: float

    def tolerance(self, numeric: Array) -> Any:
        """Return the largest allowed distance of a derivative from `numeric`."""
        return self.atol + self.rtol * np.abs(numeric)

    def excess(self, analytic: Array, numeric: Array) -> Any:
        """Return the error as a multiple of the tolerance; infinity where the two cannot be compared."""
        with np.errstate(invalid="ignore"):
            times = np.abs(analytic - numeric) / self.tolerance(numeric)
        return np.where(np.equal(analytic, numeric), 0.0, np.where(np.isnan(times), np.inf, times))


class Subject:
    """A function, and copies of the inputs that it is differentiated with respect to."""

    def __init__(self, fn: Callable[..., Any], given: list[Any], names: list[str], output_name: str) -> None:
        self.fn, self.given, self.output_name = fn, given, output_name
        self.places = [i for i, x in enumerate(given) if _is_floating(x)]
        self.names = [names[i] for i in self.places]
        self.arrays = [np.array(unmasked(array_of(given[i]))) for i in self.places]
        if not self.places:
            raise DtypeError(
                f"no input holds floating-point numbers, only {', '.join(map(_kind, given)) or 'nothing'}: there is "
                f"nothing to differentiate with respect to. Write 1.0 for 1, or x.astype(float) for x"
            )

    def inputs(self, arrays: Sequence[Array]) -> list[Any]:
        """Return new inputs with the values of `arrays`, each of which requires a gradient."""
        return [_input_like(self.given[i], a) for i, a in zip(self.places, arrays, strict=True)]

    def apply(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs that hold floating-point numbers."""
        arguments = list(self.given)
        for place, x in zip(self.places, inputs, strict=True):
            arguments[place] = x
        with differentiated(x._node if isinstance(x, Tensor) else x for x in inputs):
            result = self.fn(*arguments)
        outputs = list(result) if isinstance(result, list | tuple) else [result]
        floating = [y for y in outputs if _is_floating(y)]
        if not floating:
            found = ", ".join(str(getattr(y, "dtype", type(y).__name__)) for y in outputs)
            raise DtypeError(f"{defined(self.fn)} returned no floating-point numbers, only {found or 'nothing'}")
        return floating

    def outputs(self, arrays: Sequence[Array]) -> list[Array]:
        """Return copies of the outputs for `arrays`, as plain arrays."""
        return [np.array(array_of(y)) for y in self.apply(self.inputs(arrays))]


def _is_floating(x: Any) -> bool:
    return type(x) in fronts or np.asarray(array_of(x)).dtype.kind in "fc"


def _kind(x: Any) -> str:
    dtype = getattr(x, "dtype", None)
    return type(x).__name__ if dtype is None else f"{type(x).__name__} of {dtype}"


def array_of(x: Any) -> Any:
    """Return the array or number within a tensor or a `Value`; anything else is returned as it is."""
    return x.data if isinstance(x, Tensor) or type(x) in fronts else x


def _input_like(given: Any, array: Array) -> Any:
    """Return an input of the type of `given`: a `Value` for a `Value`, otherwise a tensor."""
    return type(given)(array.item()) if type(given) in fronts else Tensor(np.array(array), requires_grad=True)


def is_recorded(y: object) -> bool:
    """Tell whether a graph leads from `y` to anything."""
    return type(y) in fronts or (isinstance(y, Tensor) and y.requires_grad)


def _pulled(inputs: list[Any], output: Any, cotangent: Array) -> list[Array]:
    """Return the gradient of each input that the graph gives for `cotangent`, a gradient of `output`."""
    if not is_recorded(output):
        return [np.zeros(np.shape(array_of(x)), np.asarray(array_of(x)).dtype) for x in inputs]
    if type(output) in fronts:
        for x in inputs:
            x.grad = 0.0
        output.backward()
        return [np.asarray(x.grad * cotangent) for x in inputs]
    found = gradients(output, inputs, [cotangent], retain_graph=True, allow_unused=True)
    return [np.zeros(x.shape, x.dtype) if g is None else g.data for x, g in zip(inputs, found, strict=True)]


# The error as a multiple of the tolerance, the input and output, and the element where it is largest.
Found = tuple[float, tuple[int, int], Mismatch]


def worst_of(found: list[Found]) -> Found:
    """Return the mismatch with the largest error relative to its tolerance."""
    return max(found, key=lambda item: item[0])


def compare_elements(subject: Subject, measure: Measure) -> Iterator[Found]:
    """Compare each pair of an input and an output, and yield the worst element of their Jacobian."""
    inputs = subject.inputs(subject.arrays)
    outputs = subject.apply(inputs)
    rows = [[_pulled(inputs, y, seed) for seed in _unit_arrays(np.asarray(array_of(y)))] for y in outputs]
    for i, array in enumerate(subject.arrays):
        columns = [_difference(subject, i, unit, measure.eps) for unit in _unit_arrays(array)]
        for k, of_output in enumerate(rows):
            if columns and of_output:
                analytic = np.array([_parts(row[i]) for row in of_output])
                numeric = np.array([_parts(column[k]) for column in columns]).T
                times = measure.excess(analytic, numeric)
                place = np.unravel_index(np.argmax(times), times.shape)
                index = np.unravel_index(place[1] // _parts_each(array), array.shape)
                output_index = np.unravel_index(place[0] // _parts_each(columns[0][k]), columns[0][k].shape)
                worst = _mismatch(subject, measure, (i, k), (index, output_index), analytic[place], numeric[place])
                yield float(times[place]), (i, k), worst


def compare_directions(subject: Subject, measure: Measure) -> Iterator[Found]:
    """Compare, for each pair of an input and an output, the derivative in one random direction."""
    random = np.random.default_rng(0)
    inputs = subject.inputs(subject.arrays)
    outputs = subject.apply(inputs)
    cotangents = [normal(random, np.asarray(array_of(y))) for y in outputs]
    pulled = [_pulled(inputs, y, w) for y, w in zip(outputs, cotangents, strict=True)]
    for i, array in enumerate(subject.arrays):
        v = normal(random, array)
        changes = _difference(subject, i, v, measure.eps) if array.size else []
        for k, change in enumerate(changes):
            analytic, numeric = inner_product(pulled[k][i], v), inner_product(cotangents[k], change)
            worst = _mismatch(subject, measure, (i, k), None, analytic, numeric)
            yield float(measure.excess(analytic, numeric)), (i, k), worst


def _mismatch(
    subject: Subject,
    measure: Measure,
    place: tuple[int, int],
    at: tuple[Any, Any] | None,
    analytic: Any,
    numeric: Any,
) -> Mismatch:
    i, k = place
    if at is None:
        index = output_index = None
        where = f"{subject.output_name} {k} with respect to {subject.names[i]} in a random direction"
    else:
        index, output_index = (tuple(map(int, position)) for position in at)
        where = f"{subject.output_name} {k} at {output_index} with respect to {subject.names[i]} at {index}"
    with np.errstate(invalid="ignore"):
        error = abs(float(analytic) - float(numeric))
    tolerance = float(measure.tolerance(numeric))
    return Mismatch(subject.places[i], index, k, output_index, float(analytic), float(numeric), error, tolerance, where)


# A complex number counts as two real numbers here, its parts, each with its own derivative.


def inner_product(a: Array, b: Array) -> Any:
    """Return the sum of the products of the parts of two arrays."""
    return np.sum((np.conjugate(a) * b).real)


def normal(random: np.random.Generator, like: Array) -> Array:
    """Return normally distributed numbers of the shape of `like`, complex if it is complex, in double precision."""
    real, imag = (np.asarray(random.standard_normal(like.shape)) for _ in range(2))
    return real + 1j * imag if like.dtype.kind == "c" else real


def _parts_each(array: Array) -> int:
    return 2 if array.dtype.kind == "c" else 1


def _parts(array: Array) -> Array:
    return np.stack([array.real, array.imag], -1).reshape(-1) if array.dtype.kind == "c" else array.reshape(-1)


def _unit_arrays(like: Array) -> Iterator[Array]:
    """Yield, for each part of each element of an array, an array that is 1, or 1j, there and 0 elsewhere."""
    for place in range(like.size):
        for one in (1.0, 1j)[: _parts_each(like)]:
            unit = np.zeros(like.shape, type(one))
            unit.reshape(-1)[place] = one
            yield unit


def _shifted(subject: Subject, i: int, step: Array) -> list[Array]:
    """Return the outputs after adding `step` to the input `i`."""
    arrays = list(subject.arrays)
    arrays[i] = np.asarray(arrays[i] + step, arrays[i].dtype)
    with np.errstate(all="ignore"):  # the check, not the caller, steps over the edge of the domain
        return [y.astype(np.complex128 if y.dtype.kind == "c" else np.float64) for y in subject.outputs(arrays)]


def _difference(subject: Subject, i: int, direction: Array, eps: float) -> list[Array]:
    """Return the derivative of each output as the input `i` moves in `direction`."""
    step = eps * direction
    ahead, behind = _shifted(subject, i, step), _shifted(subject, i, -step)
    return [(a - b) / (2 * eps) for a, b in zip(ahead, behind, strict=True)]


def has_kink(subject: Subject, worst: Mismatch, measure: Measure, place: tuple[int, int]) -> bool:
    """Tell whether one-sided differences disagree by more than a smooth function's would.

    For a smooth function they disagree by ``eps`` times the second derivative, so ten times less with a step ten
    times shorter.
    """
    i, k = place
    unit = np.zeros(subject.arrays[i].shape)
    unit[worst.index] = 1
    here = _shifted(subject, i, 0 * unit)[k]

    def disagreement(eps: float) -> float:
        ahead, behind = (_shifted(subject, i, sign * eps * unit)[k] for sign in (1, -1))
        return float(abs((ahead - 2 * here + behind)[worst.output_index]) / eps)

    far, near = disagreement(measure.eps), disagreement(measure.eps / 10)
    return far > worst.tolerance and not far / 30 < near < far / 3
