"""Recorded calls: one operation of a program, with copies of what it was given, and the check of its gradient."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor
from autograd.inside import Gradients, Node, StandIn, Wanted, conjugated, observed, operation_of

from ..comparisons.compare import compare_directions, worst_element, worst_of
from ..comparisons.point import Measure, Point
from ..subjects.refusals import refusals_set_aside
from ..subjects.subject import Array, Subject, array_of, parts, quiet, recorded_operations, widened
from .pullback import Pullback, differs, shown

LARGEST = 2**20  # elements that an operation may have, inputs and outputs, to be checked
FEW = 4000  # elements of a Jacobian, up to which the worst of a wrong one is looked for
SINGLE = float(np.finfo(np.float32).eps)


class SetAsideError(Exception):
    """An operation that cannot be checked; the message says why."""


class Result(NamedTuple):
    """What the check of one operation found.

    Attributes
    ----------
    drift
        The largest difference from the gradients in double precision, in units in the last place of float32 of the
        largest element of them: a gradient that is zero but for rounding, as that of a bias before a normalization,
        has no digits of its own.
    message
        What is wrong, or None.
    """

    drift: float
    message: str | None


class RecordedCall:
    """One operation that was recorded: its arguments, and how to call it again."""

    def __init__(self, node: Node, values: tuple[Any, ...], z: Any) -> None:
        self.op = operation_of(node)
        self.name = self.op.name
        outputs = z if isinstance(z, tuple) else (z,)
        arrays = [*_arrays_in(values), *outputs]
        if any(isinstance(x, StandIn) for x in arrays):
            raise SetAsideError("within vmap or compile")
        if sum(x.size for x in arrays) > LARGEST:
            raise SetAsideError(f"more than {LARGEST} elements")
        self.values = [_copy(value) for value in values]
        self.outputs = [np.array(y) for y in outputs]
        self.nbytes = sum(x.nbytes for x in arrays)
        self.positions = self._places(node)

    def _places(self, node: Node) -> dict[Node, list[int]]:
        """Return where each node that a gradient is wanted for stands among the inputs."""
        positions: dict[Node, list[int]] = {}
        for i, x in enumerate(self.op.inputs(node)):
            if x is not None:
                positions.setdefault(x, []).append(i)
        return positions

    def calling(self, wide: bool = False) -> Any:
        """Return the operation as a function of the inputs that a gradient is wanted for; all are copies."""
        apply = self.op.definition.apply if isinstance(getattr(self.op, "definition", None), type) else self.op.apply
        positions = list(self.positions.values())

        def call(*inputs: object) -> Any:
            given = [_copy(value, wide) for value in self.values]
            if self.op.variadic:
                given[0] = list(given[0])
            for x, where in zip(inputs, positions, strict=True):
                for i in where:
                    (given[0] if self.op.variadic else given)[i] = x
            return apply(*given)

        call.__name__ = self.name
        return call

    @property
    def inputs(self) -> list[Array]:
        """The arrays that a gradient is wanted for."""
        of = self.values[0] if self.op.variadic else self.values
        return [np.asarray(of[where[0]]) for where in self.positions.values()]

    def gradients(self, node: Node, g: object) -> list[Array]:
        """Return what the rules give for the cotangent `g`, as users see gradients."""
        pulled: Gradients = Wanted(dict.fromkeys(self.positions))
        self.op.pull(node, list(g) if isinstance(g, list) else g, pulled)
        return [
            np.zeros(x.shape, x.dtype) if pulled[x] is None else np.array(conjugated(np.asarray(pulled[x])))
            for x in self.positions
        ]

    def check(self, node: Node, g: object, random: np.random.Generator) -> Result:
        """Compare the gradients for the cotangent `g` with differences, and with themselves in double precision.

        Raises
        ------
        SetAsideError
            If the operation cannot be checked.
        """
        with quiet():
            found = self.gradients(node, g)
            self.refuse_random()
            names = self.names()
            subject = Subject(self.calling(wide=True), [Tensor(widened(x)) for x in self.inputs], names)
            point = Point(subject)
            cotangents = self._cotangents(g, point)
            if not all(np.all(np.isfinite(x)) for x in (*point.arrays, *point.values, *cotangents)):
                raise SetAsideError("nan or infinity among its numbers")
            drift, message = self._narrow(subject, found, cotangents)
            return Result(drift, self._by_differences(point, cotangents, random) or message)

    def names(self) -> list[str]:
        """Return what each input is called."""
        parameters: Sequence[str] = getattr(self.op, "parameters", ())
        if self.op.variadic or not parameters:
            return [f"input {where[0]}" for where in self.positions.values()]
        return [" and ".join(parameters[i] for i in where) for where in self.positions.values()]

    def refuse_random(self) -> None:
        """Raise if the operation, called again, returns something else than roundings of what it returned."""
        result = self.calling()(*self.inputs)
        again = [np.asarray(array_of(y)) for y in (result if isinstance(result, tuple) else (result,))]
        for y, z in zip(again, self.outputs, strict=True):
            if y.dtype.kind not in "fc":
                continue
            near = np.sqrt(np.finfo(z.dtype).eps) * float(np.max(np.abs(z), initial=0.0, where=np.isfinite(z)))
            if y.shape != z.shape or differs(y, z, near):
                raise SetAsideError("random: called again, it returns something else")

    def _cotangents(self, g: Any, point: Point) -> list[Array]:
        """Return the cotangent of each floating-point output, zeros where it has none, as users see gradients."""
        pieces = g if isinstance(g, list) else [g]
        floating = [(y, part) for y, part in zip(self.outputs, pieces, strict=True) if y.dtype.kind in "fc"]
        return [
            np.asarray(np.zeros(y.shape) if part is None else conjugated(part), value.dtype)
            for (y, part), value in zip(floating, point.values, strict=True)
        ]

    def _by_differences(self, point: Point, cotangents: list[Array], random: np.random.Generator) -> str | None:
        """Say what is wrong according to differences, if anything is."""
        weights = np.concatenate([np.asarray(parts(w), np.float64) for w in cotangents])
        findings = list(compare_directions(point, Measure(), random, weights))
        if findings and np.any(weights) and not any(one.compared for one in findings):
            raise SetAsideError("differences tell nothing")
        if not findings or worst_of(findings).excess <= 1:
            return None
        return str(worst_element(point, Measure(), worst_of(findings).worst, FEW))

    def _narrow(self, subject: Subject, found: list[Array], cotangents: list[Array]) -> tuple[float, str | None]:
        """Compare the gradients of the program with those in double precision."""
        pullback = Pullback(subject, [widened(x) for x in self.inputs])
        pullback.cotangents = cotangents
        pullback.found = pullback.pulled(cotangents)
        epsilon = max(float(np.finfo(x.dtype).eps) for x in (*self.outputs, *found) if x.dtype.kind in "fc")
        limits = pullback.allowance(max(epsilon, 2 * self._distance(pullback)))
        off, largest, message = 0.0, 0.0, None
        for i, (g, h) in enumerate(zip(found, pullback.found, strict=True)):
            within = np.isfinite(h) & (np.abs(h) < np.finfo(g.dtype).max / 4)
            largest = max(largest, float(np.max(np.abs(h), initial=0.0, where=within)))
            off = max(off, float(np.max(np.abs(g - h), initial=0.0, where=within)))
            if differs(np.where(within, g, 0), np.where(within, h, 0), limits[i]):
                message = f"{pullback.name(i)} is {shown(g)} in {g.dtype}, but {shown(h)} in {h.dtype}"
        return off / (SINGLE * largest) if off and largest else 0.0, message

    def _distance(self, pullback: Pullback) -> float:
        """Return how far the values are from those in double precision, relative to the largest."""
        floating = [y for y in self.outputs if y.dtype.kind in "fc"]
        errors = [0.0]
        for y, output in zip(floating, pullback.outputs, strict=True):
            z = np.asarray(array_of(output))
            largest = float(np.max(np.abs(z), initial=0.0))
            errors.append(float(np.max(np.abs(y - z), initial=0.0)) / largest if largest else 0.0)
        return min(max(errors), 1.0)


def _arrays_in(value: Any) -> Iterator[Any]:
    """Yield the arrays of an argument, those of batches and recorded programs among them."""
    if isinstance(value, np.ndarray | StandIn):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _arrays_in(item)


def _copy(value: Any, wide: bool = False) -> Any:
    """Return a copy of an argument, with the arrays in it in double precision if `wide`.

    Whatever else it holds is copied too: some functions leave there what their rules need, others draw from it.
    """
    if isinstance(value, np.ndarray):
        return widened(value) if wide and value.dtype.kind in "fc" else np.array(value)
    if type(value) in (list, tuple):
        return type(value)(_copy(item, wide) for item in value)
    return copy.deepcopy(value)


def operations_of(subject: Subject, arrays: Sequence[Array]) -> list[Subject]:
    """Return each operation that the subject records for these inputs, but for random ones and numbers not finite."""
    samples: list[RecordedCall] = []

    def note(node: Node, values: tuple[Any, ...], z: object) -> None:
        with contextlib.suppress(SetAsideError):
            samples.append(RecordedCall(node, values, z))

    with observed(note, alone=True), quiet():
        subject.apply(subject.inputs(arrays))
    found = []
    for sample in samples:
        with contextlib.suppress(SetAsideError), quiet():
            if all(np.all(np.isfinite(x)) for x in (*sample.inputs, *sample.outputs)):
                sample.refuse_random()
                found.append(Subject(sample.calling(), [Tensor(x) for x in sample.inputs], sample.names()))
    return found


def recorded(subject: Subject, arrays: Sequence[Array]) -> list[Node]:
    """Return the operations that a function records for these inputs; none if it refuses them."""
    nodes: list[Node] = []
    with refusals_set_aside():
        nodes += recorded_operations(subject.apply(subject.inputs(arrays)))
    return nodes
