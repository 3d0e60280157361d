"""What checks beside the given place share: how they fail, and values on plain arrays beside those on tensors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autograd import GradientCheckError, Tensor
from autograd.inside import Node

from ._conditions import NARROW, ROUNDING, differs, largest, perturbed, shown
from ._layouts import LAYOUTS, Layout
from ._subject import Array, Subject, listed, recorded_operations

if TYPE_CHECKING:
    from ._comparison import Mismatch
    from ._jacobians import Jacobians


class ElsewhereError(GradientCheckError):
    """Something is wrong at another place than the given one: `where` says at which, `arrays` are the inputs."""

    def __init__(
        self,
        where: str,
        message: str,
        arrays: Sequence[Array],
        mismatch: Mismatch | None = None,
        jacobians: Jacobians | None = None,
    ) -> None:
        super().__init__(f"{where}: {message}", mismatch, jacobians)
        self.where, self.arrays, self.worst, self.drawn = where, arrays, mismatch, jacobians


@contextlib.contextmanager
def located(where: str, arrays: Sequence[Array]) -> Iterator[None]:
    """Let an error say at which place it was found."""
    try:
        yield
    except ElsewhereError:
        raise
    except GradientCheckError as error:
        raise ElsewhereError(where, str(error), arrays) from error.__cause__


@contextlib.contextmanager
def refusals_set_aside() -> Iterator[None]:
    """Let only what is wrong fail, and not what a function or a rule raises where it was not meant to be called."""
    try:
        yield
    except Exception as error:
        if isinstance(error, GradientCheckError) and error.__cause__ is None:
            raise


def recorded(subject: Subject, arrays: Sequence[Array]) -> list[Node]:
    """Return the operations that a function records for these inputs; none if it refuses them."""
    nodes: list[Node] = []
    with refusals_set_aside():
        nodes += recorded_operations(subject.apply(subject.inputs(arrays)))
    return nodes


def check_values_in_precisions(subject: Subject) -> None:
    """Check values as the inputs are, in another layout, and in single and half precision."""
    single = [np.asarray(x, NARROW.get(x.dtype, x.dtype)) for x in subject.arrays]
    with refusals_set_aside():
        check_values_on_arrays(subject, subject.arrays)
    with refusals_set_aside():
        check_values_on_arrays(subject, subject.arrays, LAYOUTS["a slice"])
    with refusals_set_aside():
        check_values_on_arrays(subject, single)
    if all(x.dtype == np.float64 for x in subject.arrays):
        with refusals_set_aside():
            check_values_on_arrays(subject, [x.astype(np.float16) for x in subject.arrays])


def check_values_on_arrays(subject: Subject, arrays: Sequence[Array], lay_out: Layout = np.array) -> None:
    """Check that values on tensors are those on arrays, and that neither call writes to its inputs."""
    given = [lay_out(x) for x in arrays]
    found = [
        y.data if isinstance(y, Tensor) else np.asarray(y)
        for y in listed(subject.call([Tensor(x, requires_grad=True) for x in given]))
    ]
    _check_untouched(subject, given, arrays)
    results = listed(subject.call(given))
    _check_untouched(subject, given, arrays)
    if any(isinstance(y, Tensor) for y in results):
        return  # it computes with tensors whatever it is given
    wanted = [np.asarray(y) for y in results]
    if [(y.shape, y.dtype) for y in found] != [(y.shape, y.dtype) for y in wanted]:
        tensors, plain = (", ".join(f"{y.dtype} {y.shape}" for y in values) for values in (found, wanted))
        raise GradientCheckError(f"on tensors the result is {tensors}, on arrays {plain}")
    for k, (y, z) in enumerate(zip(found, wanted, strict=True)):
        if differs(y, z, 0.0) and differs(y, z, _roundings(subject, given, k, z)):
            raise GradientCheckError(f"the values on tensors and on arrays differ: {shown(y)} and {shown(z)}")


def _check_untouched(subject: Subject, given: Sequence[Array], originals: Sequence[Array]) -> None:
    """Check that arrays hold what they held; -0.0 may have become 0.0, as where 0 is added."""
    for name, x, original in zip(subject.names, given, originals, strict=True):
        if differs(x, original, 0.0):
            raise GradientCheckError(f"{name} was written to by the function")


def _roundings(subject: Subject, arrays: Sequence[Array], k: int, value: Array) -> Array:
    """Return how far roundings of the inputs, and of numbers as large as the largest, may move an output."""
    if value.dtype.kind not in "fc":
        return np.zeros(value.shape)
    random = np.random.default_rng(3)
    epsilon = max(float(np.finfo(x.dtype).eps) for x in (*arrays, value))
    change = np.zeros(value.shape)
    for _ in range(2):
        moved = np.asarray(listed(subject.call(perturbed(arrays, 4 * epsilon, random)))[k])
        change = np.fmax(change, np.abs(moved - value))
    return 30 * change + ROUNDING * epsilon * largest(*arrays, value)
