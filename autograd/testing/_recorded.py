"""The operations that a function records, each as a function of its own, at the numbers that it was given."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.inside import Node, observed

from ._sample import Sample, SetAsideError
from ._subject import Array, Subject, quiet


def operations_of(subject: Subject, arrays: Sequence[Array]) -> list[Subject]:
    """Return each operation that the subject records for these inputs; some cannot be called again."""
    samples: list[Sample] = []

    def note(node: Node, values: tuple[Any, ...], z: object) -> None:
        with contextlib.suppress(SetAsideError):
            samples.append(Sample(node, values, z))

    with observed(note, alone=True), quiet():
        subject.apply(subject.inputs(arrays))
    return [alone for sample in samples if (alone := _alone(sample)) is not None]


def _alone(sample: Sample) -> Subject | None:
    """Return an operation as a subject; None if it is random, or its numbers are not finite."""
    if not all(np.all(np.isfinite(x)) for x in (*sample.inputs, *sample.outputs)):
        return None
    with quiet():
        try:
            sample.refuse_random()
        except SetAsideError:
            return None
    return Subject(sample.calling(), [Tensor(x) for x in sample.inputs], sample.names())
