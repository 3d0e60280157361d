"""Every registered operation has a form, or is on the list of those in which everything depends on everything."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from autograd import jacobian, sparsity
from autograd.primitives.forms import DENSE
from autograd.primitives.patterns.level import PatternLevel
from autograd.transforms.pytree import flatten

from ..operations.samples import OPERATIONS, SAMPLES
from ..thorough import THOROUGH

PARTS = 12
TRIED = [operation for operation in OPERATIONS if operation.key in SAMPLES]


def calls_of(operation: Any) -> Any:
    """Return some calls of an operation, the same ones each time."""
    found = []

    @settings(
        max_examples=5 if THOROUGH else 2,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(SAMPLES[operation.key].calls)
    def collect(call: Any) -> Any:
        if sum([x.size for x in call.inputs]):
            found.append(call)

    collect()
    return found


def real_outputs(function: Any) -> Any:
    """Return the function that gives the parts of complex outputs, which have Jacobians though not holomorphic."""

    def parts(*xs: Any) -> Any:
        outputs = [y for y in flatten(function(*xs))[0] if y is not None]
        return [z for y in outputs for z in ([np.real(y), np.imag(y)] if y.dtype.kind == "c" else [y])]

    return parts


def joined(blocks: Any, inputs: Any) -> Any:
    pairs = [[(b, x.size) for b, x in zip(row, inputs, strict=True) if x.size] for row in blocks]
    return np.concatenate([np.concatenate([np.reshape(b, (-1, size)) for b, size in row], 1) for row in pairs])


@pytest.mark.parametrize("part", range(PARTS))
def test_no_entry_of_an_operation_is_missing(part: Any, monkeypatch: Any) -> None:
    met = set()

    def dense(level: Any, name: Any, *call: Any) -> Any:
        met.add(name)
        return original(level, name, *call)

    original = PatternLevel.dense
    monkeypatch.setattr(PatternLevel, "dense", dense)
    count, smallest = 0, 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for operation in TRIED[part::PARTS]:
            for call in calls_of(operation):
                xs, f = call.inputs, real_outputs(call.afresh(operation.public))
                positions = tuple(range(len(xs)))
                full = joined(jacobian(f, positions)(*xs), xs) != 0
                blocks = [[b.toarray() for b in row] for row in sparsity(f, positions)(*xs)]
                pattern = joined(blocks, xs)
                assert not (full & ~pattern).any(), f"{operation}: {call}"
                near = [(x * (1 + 1e-4 * np.cos(np.arange(x.size)).reshape(x.shape))).astype(x.dtype) for x in xs]
                try:
                    nearby = joined(jacobian(f, positions)(*near), xs)
                except (ValueError, ArithmeticError):
                    nearby = full  # outside the domain
                full |= nearby != 0 if nearby.shape == full.shape else full
                count += 1
                smallest += not (pattern & ~full).any()
    assert met <= set(DENSE), "without a form, nor on the list of the dense ones"
    assert smallest >= 0.75 * count > 0
