"""What `nn` declares as one operation is the composition of operations that it stands for, at both orders."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import vjp

from ..lists import assert_complete
from ..thorough import draws
from .nn_compositions import COMPOSITIONS
from .samples import OPERATIONS, SAMPLES, Operation

FUSED = [operation for operation in OPERATIONS if operation.library == nn.__name__]


def test_every_operation_of_nn_has_a_composition() -> None:
    assert_complete(
        {str(operation.key) for operation in FUSED}, COMPOSITIONS, "COMPOSITIONS in tests/operations/nn_compositions.py"
    )


def slopes(function: Any, inputs: list[Any], g: Any, directions: list[Any]) -> tuple[Any, Any, Any]:
    """Return a result, the gradients of its product with `g`, and those of their products with `directions`."""

    def first(*values: Any) -> Any:
        gradients = vjp(function, *values)[1](g)
        pairs = zip(gradients, directions, strict=True)
        return sum((gradient * direction).sum() for gradient, direction in pairs)

    out, pull = vjp(function, *inputs)
    return out, pull(g), vjp(first, *inputs)[1](1.0)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("operation", FUSED, ids=str)
@draws(15)
@given(data=st.data())
def test_values_and_derivatives_are_those_of_the_composition(operation: Operation, data: st.DataObject) -> None:
    call = data.draw(SAMPLES[operation.key].calls)
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    fused, composed = call.bind(operation.public), call.bind(COMPOSITIONS[str(operation.key)])
    inputs = call.inputs
    g = np.asarray(rng.standard_normal(np.shape(composed(*inputs))))
    directions = [np.asarray(rng.standard_normal(x.shape)) for x in inputs]
    found, expected = (slopes(function, inputs, g, directions) for function in (fused, composed))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-10)
    for one, other in zip((*found[1], *found[2]), (*expected[1], *expected[2]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-8)
